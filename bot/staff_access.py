"""Who may do what on the staff port, and the line about it in the audit log, written before anything leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from math import ceil
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy import Connection

from bot.lockout import Lockout
from bot.problems import Problem
from bot.staff_roles import NEEDS, NO_KEY, NOT_LOGGED, may, roles_for
from bot.staff_session import Sessions
from storage import audit
from storage.audit import Action, Actor
from storage.database import begin_read
from storage.staff_keys import Holder, Staff
from storage.worker import Worker

T = TypeVar("T")

ACTOR = web.RequestKey("actor", Actor)
HOLDER = web.RequestKey("holder", Holder)
API = "/v1/"
WRONG_KEYS, WITHIN_SECONDS = 100, 900.0


class Access:
    """Finds whose key a request brings, and writes down what it asks for."""

    def __init__(self, worker: Worker, staff: Staff, sessions: Sessions) -> None:
        self._worker, self.staff, self._sessions = worker, staff, sessions
        self._lockout = Lockout(WRONG_KEYS, WITHIN_SECONDS)

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let through to the API whose role has the right that the path asks for; raises Problem for everybody else."""
        if not request.path.startswith(API) or request.match_info.http_exception is not None or request.path in NO_KEY:
            return await handler(request)
        holder = await self._holder(request)
        path = canonical(request)
        request[HOLDER] = holder
        request[ACTOR] = Actor(holder.name, f"api {request.remote or ''}".strip(), holder.role)
        right = NEEDS.get(path)
        if right is None or not may(holder.role, right):
            await self.note(request, "read", path, audit.REFUSED)
            wanted = f"the role {roles_for(right)}" if right else "a role nobody has"
            detail = f"This asks for {wanted}; your key has the role {holder.role}. A keeper can make you another key."
            raise Problem(HTTPStatus.FORBIDDEN, detail)
        if path not in NOT_LOGGED and "{" not in path:
            await self.note(request, "read", path)
        return await handler(request)

    async def note(
        self, request: web.Request, action: Action, what: str, result: str = audit.DONE, purpose: str = ""
    ) -> None:
        """A line in the audit log, committed when this returns. Raises NotKept."""
        actor = request[ACTOR]
        await self._worker.run(lambda conn: audit.note(conn, actor, action, what, result, purpose))

    async def keep(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, after the commit. Raises NotKept."""
        return await self._worker.run(work)

    async def read(self, look: Callable[[Connection], T]) -> T:
        """What `look` finds in a snapshot, read outside the event loop."""

        def snapshot() -> T:
            with self._worker.engine.connect() as conn:
                begin_read(conn)
                return look(conn)

        return await asyncio.to_thread(snapshot)

    async def _holder(self, request: web.Request) -> Holder:
        here = request.remote or ""
        if wait := self._lockout.wait(here):
            detail = (
                "Too many wrong keys came from this address. Wait as long as Retry-After says, then send the right one."
            )
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, {"Retry-After": str(ceil(wait))})
        if "Authorization" not in request.headers and (session := self._sessions.read(request)):
            signed_in = await self.read(lambda conn: self._sessions.holder(conn, session))
            if signed_in:
                return signed_in
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        key = given.strip().encode("utf8", "surrogateescape").decode("utf8", "replace")
        if scheme.lower() == "bearer":
            holder = self.staff.first(key) or await self.read(lambda conn: self.staff.holder(conn, key))
            if holder:
                return holder
        if given:
            self._lockout.failed(here)
            nobody = Actor("nobody", f"api {here}")
            await self._worker.run(lambda conn: audit.note(conn, nobody, "sign_in", "api", audit.REFUSED))
        challenge = 'Bearer realm="stadsdialoog"' + (', error="invalid_token"' if given else "")
        detail = "Send the staff key: Authorization: Bearer KEY."
        if given and scheme.lower() == "bearer":
            detail = f"No colleague has this key; it may have been removed. A keeper can make you another one. {detail}"
        raise Problem(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": challenge})


def canonical(request: web.Request) -> str:
    """The path as it stands in the table of rights: with {round} for the round, so that it holds nothing typed."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""
