"""Lists at the desk: corrections to our texts, keys of staff, bursts of fast walks, and what staff did."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot.staff_access import ACTOR, Access
from bot.staff_pages import PageFault, Pages, back
from content.model import Round
from storage import audit, bursts, keeping, rewriting, staff_keys
from storage.audit import ACTIONS
from storage.database import now
from storage.keys import Keys
from storage.staff_keys import ROLES, NoKey
from storage.worker import Worker

MOST_LINES = 100


class Lists:
    """Shows each list, and does the little that is done in it."""

    def __init__(self, pages: Pages, access: Access, keys: Keys, worker: Worker) -> None:
        self._pages, self._access, self._keys, self._worker = pages, access, keys, worker
        self._content = pages.content

    # ------------------------------------------------------------ corrections

    async def corrections(self, request: web.Request) -> web.Response:
        await self._access.note(request, "read", "corrections")
        everything = await self._access.read(keeping.corrections)
        found = everything[:MOST_LINES]
        for one in found:
            one["at_moment"] = datetime.fromisoformat(str(one["received_at"]))  # type: ignore[assignment]
        return self._pages.html(request, "corrections.html", corrections=found, more=len(everything) - len(found))

    async def corrected(self, request: web.Request) -> web.Response:
        given, actor = str((await request.post()).get("id", "")), request[ACTOR]
        if not (given.isdecimal() and len(given) < 19):
            raise web.HTTPBadRequest

        def work(conn: Connection) -> bool:
            done = keeping.corrected(conn, int(given))
            if done:
                rewriting.want(conn, now())
                audit.note(conn, actor, "correct", f"correction {given}")
            return done

        if await self._access.keep(work):
            self._worker.erase_traces()
        raise back("/corrections", "corrected")

    # ------------------------------------------------------------ keys

    async def staff(self, request: web.Request) -> web.Response:
        await self._access.note(request, "read", "keys of staff")
        return await self._staff(request)

    async def add_key(self, request: web.Request) -> web.Response:
        """Make a key and show it, this once."""
        given, actor = await request.post(), request[ACTOR]
        name, role = str(given.get("name", "")).strip(), str(given.get("role", ""))
        try:
            made = await self._access.keep(lambda conn: staff_keys.add(conn, self._keys, name, role, actor, now()))
        except NoKey:
            return await self._staff(request, wrong=True, name=name)
        return await self._staff(request, made=made, name=name)

    async def remove_key(self, request: web.Request) -> web.Response:
        name, actor = str((await request.post()).get("name", "")), request[ACTOR]
        try:
            await self._access.keep(lambda conn: staff_keys.remove(conn, name, actor, now()))
        except NoKey:
            raise PageFault(HTTPStatus.NOT_FOUND, "no_key") from None
        raise back("/keys", "key_removed")

    async def _staff(self, request: web.Request, made: str = "", name: str = "", wrong: bool = False) -> web.Response:
        found = await self._access.read(staff_keys.listed)
        status = HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK
        return self._pages.html(
            request, "keys.html", status, found=found, roles=ROLES, made=made, whose=name, wrong=wrong
        )

    # ------------------------------------------------------------ bursts

    async def bursts(self, request: web.Request) -> web.Response:
        """Many fast walks at once, and how many people count with and without those left out."""
        await self._access.note(request, "read", "bursts")
        rounds = await self._access.read(lambda conn: [_round(conn, one) for one in self._content.rounds.values()])
        return self._pages.html(request, "bursts.html", rounds=rounds)

    async def left_out(self, request: web.Request) -> web.Response:
        """Leave a burst out of releases from the next one on, or take it in again."""
        given, actor = await request.post(), request[ACTOR]
        round_code, name, out = str(given.get("round", "")), str(given.get("burst", "")), given.get("out") == "1"

        def work(conn: Connection) -> int:
            done = bursts.decide(conn, round_code, name, out)
            audit.note(conn, actor, "burst_out" if out else "burst_in", f"{name} of {round_code}")
            return done

        try:
            done = await self._access.keep(work)
        except LookupError:
            raise PageFault(HTTPStatus.NOT_FOUND, "no_burst") from None
        raise back("/bursts", "left_out" if out else "taken_in", n=done)

    # ------------------------------------------------------------ what staff did

    async def log(self, request: web.Request) -> web.Response:
        """The newest lines first; `action` shows one kind, `after` goes on behind a line."""
        await self._access.note(request, "read", "audit log")
        action = request.query.get("action", "")
        actions = (action,) if action in ACTIONS else ()
        after = seen(request.query.get("after", ""))
        found = await self._access.read(lambda conn: audit.entries(conn, MOST_LINES, after, actions))
        further = f"{found[-1].at.isoformat()} {found[-1].id}" if len(found) == MOST_LINES else ""
        lines = list(self._pages.log(request).lines(found))
        return self._pages.html(
            request, "audit.html", lines=lines, actions=ACTIONS, action=action if actions else "", further=further
        )


def _round(conn: Connection, one: Round) -> dict[str, Any]:
    everybody, out = bursts.people(conn, one.code)
    told = {"code": one.code, "title": one.title, "everybody": everybody, "out": out}
    return {**told, "bursts": bursts.bursts(conn, one.code)}


def seen(after: str) -> tuple[datetime, str] | None:
    """The line to go on behind; None for anything else that stands in the address."""
    at, _, line = after.partition(" ")
    try:
        return (datetime.fromisoformat(at), line) if line else None
    except ValueError:
        return None
