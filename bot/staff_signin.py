"""Signing in at the desk with a named key, and out again; and the door that every page is behind."""

from __future__ import annotations

import logging
from http import HTTPStatus
from math import ceil
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy.exc import SQLAlchemyError

from bot.lockout import Lockout
from bot.problems import Problem
from bot.staff_access import ACTOR, API, HOLDER, Access, canonical
from bot.staff_pages import SESSION, PageFault, Pages
from bot.staff_roles import HOLDERS, OPEN, PAGES, may
from bot.staff_session import Session
from storage import audit
from storage.audit import Actor
from storage.keys import Keys
from storage.staff_keys import Holder, code_of
from storage.worker import NotKept

log = logging.getLogger(__name__)

WRONG_KEYS, WITHIN_SECONDS = 10, 900.0


class SignIn:
    """The sign-in page, and who may see the others."""

    def __init__(self, pages: Pages, access: Access, keys: Keys) -> None:
        self._pages, self._access, self._keys = pages, access, keys
        self._sessions = pages.sessions
        self._lockout = Lockout(WRONG_KEYS, WITHIN_SECONDS)

    @web.middleware
    async def door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who is signed in and has the right; what goes wrong becomes a page that says what to do."""
        if request.path.startswith(API):
            return await handler(request)
        try:
            return await self._through(request, handler)
        except PageFault as fault:
            return self._pages.fault(request, fault)
        except web.HTTPNotFound:
            if "text/html" not in request.headers.get("Accept", ""):
                raise
            return self._pages.fault(request, PageFault(HTTPStatus.NOT_FOUND, "not_found"))
        except NotKept:
            return self._pages.fault(request, PageFault(HTTPStatus.SERVICE_UNAVAILABLE, "not_kept"))
        except (web.HTTPException, Problem):
            raise
        except Exception as error:
            # The type only: a database's error may hold what somebody wrote.
            log.error("%s on %s", type(error).__name__, canonical(request))
            return self._pages.fault(request, PageFault(HTTPStatus.INTERNAL_SERVER_ERROR, "ours"))

    async def form(self, request: web.Request) -> web.Response:
        """The sign-in page; who is signed in already goes to the first page."""
        return self._form(request)

    async def sign_in(self, request: web.Request) -> web.Response:
        """A key was given: a session, or the page again with what is wrong."""
        here = request.remote or ""
        if wait := self._lockout.wait(here):
            again = self._form(request, "locked", HTTPStatus.TOO_MANY_REQUESTS, minutes=ceil(wait / 60))
            again.headers["Retry-After"] = str(ceil(wait))
            return again
        given = await request.post()
        code = code_of(self._keys, str(given.get("key", "")))
        holder = await self._access.read(lambda conn: self._access.staff.by_code(conn, code))
        actor = Actor(holder.name if holder else "nobody", f"desk {here}", holder.role if holder else "")
        result = audit.DONE if holder else audit.REFUSED
        await self._access.keep(lambda conn: audit.note(conn, actor, "sign_in", "desk", result))
        if holder is None:
            self._lockout.failed(here)
            return self._form(request, "wrong", HTTPStatus.FORBIDDEN)
        self._lockout.passed(here)
        response = web.HTTPSeeOther(_inside(str(given.get("next", ""))))
        over_tls = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
        self._sessions.begin(response, code, over_tls)
        raise response

    async def sign_out(self, request: web.Request) -> web.Response:
        """End the session in this browser."""
        await self._access.note(request, "sign_out", "desk")
        response = web.HTTPSeeOther("/sign-in")
        self._sessions.end(response)
        raise response

    # ------------------------------------------------------------ inside

    async def _through(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and not _from_here(request):
            raise PageFault(HTTPStatus.FORBIDDEN, "other_site")
        if request.match_info.http_exception is not None:
            raise request.match_info.http_exception
        path = canonical(request)
        session = self._sessions.read(request)
        holder = await self._known(session, path in OPEN)
        if session and holder:
            request[SESSION], request[HOLDER] = session, holder
            request[ACTOR] = Actor(holder.name, f"desk {request.remote or ''}".strip(), holder.role)
        if path in OPEN:
            return await handler(request)
        if not (session and holder):
            if request.path == "/":
                return self._form(request)
            raise web.HTTPSeeOther(f"/sign-in?next={request.path}" if request.method == "GET" else "/sign-in")
        right = PAGES.get(path)
        if right is None or not may(holder.role, right):
            await self._access.note(request, "read", path, audit.REFUSED)
            wanted = HOLDERS[right] if right else ()
            raise PageFault(HTTPStatus.FORBIDDEN, "role", wanted=wanted, role=(holder.role,))
        if request.method == "POST":
            given = await request.post()
            if not self._sessions.right_token(session, str(given.get("token", ""))):
                raise PageFault(HTTPStatus.FORBIDDEN, "old_form")
        return await handler(request)

    async def _known(self, session: Session | None, open_to_all: bool) -> Holder | None:
        """Who is signed in. What is open to all is seen also while the database is gone."""
        if session is None:
            return None
        try:
            return await self._access.read(lambda conn: self._sessions.holder(conn, session))
        except SQLAlchemyError:
            if open_to_all:
                return None
            raise PageFault(HTTPStatus.SERVICE_UNAVAILABLE, "no_database") from None

    def _form(
        self, request: web.Request, wrong: str = "", status: HTTPStatus = HTTPStatus.OK, **values: object
    ) -> web.Response:
        return self._pages.html(
            request, "sign_in.html", status, wrong=wrong, values=values, next=_inside(request.query.get("next", ""))
        )


def _inside(path: str) -> str:
    """A page of the desk to go on to; the first page for anything else that stands there."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and len(path) < 200
    return path if plain else "/"


def _from_here(request: web.Request) -> bool:
    """Whether a form was sent by a page of this desk. A browser that names no origin is believed: see the token."""
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
