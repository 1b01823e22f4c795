"""The staff port: the desk's pages, and the export API (health, metrics, rounds, downloads) under /v1."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from aiohttp import web
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics, openapi, printing, staff_council, staff_routes
from bot.city_figures import CityFault
from bot.download import send_bytes, send_file
from bot.exporting import Exports, Wanted
from bot.house import House
from bot.problems import HELP, Problem, as_problems
from bot.staff_access import Access
from bot.staff_pages import Pages
from bot.staff_session import Sessions
from bot.staff_signin import SignIn
from storage.audit import NOT_STATED
from storage.exports import COUNCIL, FORMATS, LANGUAGE, TABLES, NothingReleased, asking
from storage.overview import rounds_now
from storage.staff_keys import Staff

log = logging.getLogger(__name__)

COUNTS_SECONDS = 5.0
NOT_RELEASED = "No summary of this round was released yet; it is once enough people took part. Try later."
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "stadsdialoog",
}
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def app(house: House, token: str, health: Callable[[], Mapping[str, Any]]) -> web.Application:
    """The staff port. Serve it without an access log: a request's line may hold a purpose.

    `token` is the first keeper's key; the others stand in the database. `health` tells the state of each part: a
    bool, or a mapping with `ready`; the process is ready when all of them are.
    """
    staff = Staff(house.keys, token)
    sessions = Sessions(house.keys, staff)
    access, pages = Access(house.worker, staff, sessions), Pages(house.content, sessions, house.simulated)
    sign_in = SignIn(pages, access, house.keys)
    exports = Exports(house)
    api = _Api(house, access, health, exports)
    made = web.Application(middlewares=[as_problems, access.check, sign_in.door])
    made.on_response_prepare.append(_secure)
    made.cleanup_ctx.append(exports.while_serving)
    made.add_routes(
        [
            web.get("/v1/health", api.health),
            web.get("/v1/metrics", api.metrics),
            web.get("/v1/openapi", api.openapi),
            web.get("/v1/rounds", api.rounds),
            *(web.get(f"/v1/rounds/{{round}}/{table}", partial(api.table, table)) for table in TABLES),
            *staff_routes.routes(house, pages, access, sign_in, api.state, exports),
        ]
    )
    return made


class _Api:
    def __init__(self, house: House, access: Access, health: Callable[[], Mapping[str, Any]], exports: Exports) -> None:
        self._house, self._worker, self._content = house, house.worker, house.content
        self._access, self._health = access, health
        self._exports, self._printer = exports, asyncio.Lock()

    async def health(self, request: web.Request) -> web.Response:
        state = await self.state()
        return web.json_response(state, status=HTTPStatus.OK if state["ready"] else HTTPStatus.SERVICE_UNAVAILABLE)

    async def state(self) -> dict[str, Any]:
        """Whether everything works, the reasons where it does not, and the state of each part."""
        parts = dict(self._health())
        reasons = [name for name, state in parts.items() if not _ready(state)]
        try:
            async with asyncio.timeout(5):
                await self._worker.run(lambda conn: conn.execute(text("select 1")).scalar_one())
        except Exception:
            reasons.append("the storage worker does not answer")
        return {"ready": not reasons, "reasons": reasons, **parts}

    async def metrics(self, request: web.Request) -> web.Response:
        parts = self._health()
        try:
            async with asyncio.timeout(COUNTS_SECONDS):
                body = await self._access.read(partial(metrics.exposition, parts))
        except (SQLAlchemyError, TimeoutError):
            # How this process is has to be known when the database is gone, most of all then.
            body = metrics.exposition(parts, None)
        return web.Response(body=body, headers={"Content-Type": metrics.MEDIA})

    async def openapi(self, request: web.Request) -> web.Response:
        return web.json_response(openapi.describe(self._content))

    async def rounds(self, request: web.Request) -> web.Response:
        rounds = await self._access.read(lambda conn: rounds_now(conn, self._content))
        return web.json_response({"rounds": rounds})

    async def table(self, table: str, request: web.Request) -> web.StreamResponse:
        round_code = request.match_info["round"]
        if round_code not in self._content.rounds:
            known = ", ".join(self._content.rounds)
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no such round; there are: {known}.")
        form = _format(request, TABLES[table].formats)
        language, purpose = self._language(request), _purpose(request)
        headers = {
            "Content-Type": FORMATS[form].media,
            "Content-Disposition": f'attachment; filename="{table}-{round_code}.{FORMATS[form].suffix}"',
        }
        content = b""
        if table == COUNCIL:
            content = await self._council(round_code, form, language)
        elif asking.is_small(table):
            content = await self._small(round_code, table, form)

        async def noted() -> None:
            what = f"{table} of {round_code} as {form}"
            await self._access.note(request, "download", what, purpose=purpose or NOT_STATED)
            log.info("download: %s, purpose %s", what, "stated" if purpose else NOT_STATED)

        if table == COUNCIL:
            # A page to look at and print; who only wants to keep it can.
            headers["Content-Disposition"] = headers["Content-Disposition"].replace("attachment", "inline")
            headers["Content-Security-Policy"] = staff_council.policy()
            return await send_bytes(request, content, headers, noted)
        if asking.is_small(table):
            return await send_bytes(request, content, headers, noted)
        wanted = Wanted(round_code, table, form, language if FORMATS[form].labelled else LANGUAGE)
        return await send_file(request, self._exports, wanted, headers, noted)

    async def _council(self, round_code: str, form: str, language: str) -> bytes:
        try:
            html = await self._access.read(lambda conn: staff_council.of_round(conn, self._house, round_code, language))
            if form == "html":
                return html.encode()
            async with self._printer:
                return await asyncio.to_thread(printing.pdf, html)
        except NothingReleased:
            raise Problem(HTTPStatus.NOT_FOUND, NOT_RELEASED) from None
        except CityFault as fault:
            raise Problem(HTTPStatus.CONFLICT, f"{fault}.") from None
        except printing.NoPrinter as fault:
            raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"{fault}.") from None

    async def _small(self, round_code: str, table: str, form: str) -> bytes:
        try:
            return await self._access.read(lambda conn: asking.small(conn, self._content, round_code, table, form))
        except NothingReleased:
            raise Problem(HTTPStatus.NOT_FOUND, NOT_RELEASED) from None

    def _language(self, request: web.Request) -> str:
        language = request.query.get("language", LANGUAGE)
        if language not in self._content.languages:
            there = ", ".join(self._content.languages)
            raise Problem(HTTPStatus.BAD_REQUEST, f"language: labels are there in {there}.")
        return language


def _ready(state: object) -> bool:
    return bool(state.get("ready", True)) if isinstance(state, Mapping) else bool(state)


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in {**HEADERS, "Content-Security-Policy": POLICY}.items():
        response.headers.setdefault(name, value)
    # aiohttp has named itself and Python here by now.
    response.headers["Server"] = HEADERS["Server"]


def _purpose(request: web.Request) -> str:
    """What the download is for; empty when it was not stated."""
    purpose = request.query.get("purpose")
    if purpose is None:
        return ""
    if not openapi.is_purpose(purpose):
        raise Problem(
            HTTPStatus.BAD_REQUEST, f"purpose: say in 1 to {openapi.LONGEST_PURPOSE} characters what this is for."
        )
    return purpose.strip()


def _format(request: web.Request, formats: tuple[str, ...]) -> str:
    """The format asked for with `?format=` or else with `Accept`; the first one when neither says."""
    there = ", ".join(f"{form} ({FORMATS[form].media.partition(';')[0]})" for form in formats)
    asked = request.query.get("format")
    if asked is not None:
        if asked in formats:
            return asked
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"format: this table is there as {there}. {HELP}")
    ranked = _accepted(request.headers.getall("Accept", []))
    best = max(formats, key=lambda form: _weight(form, ranked))
    if _weight(best, ranked) <= 0:
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, f"Accept: this table is there as {there}. {HELP}")
    return best


def _accepted(headers: list[str]) -> list[tuple[str, float]]:
    """Media ranges with their weights. A weight nobody can read counts as one."""
    found = []
    for one in ",".join(headers).split(","):
        media, *parameters = (part.strip().lower() for part in one.split(";"))
        given = next((p[2:].strip() for p in parameters if p.startswith("q=")), "1")
        weight = float(given) if re.fullmatch(r"\d(\.\d{0,3})?", given) else 1.0
        if media:
            found.append((media, weight))
    return found or [("*/*", 1.0)]


def _weight(form: str, ranked: list[tuple[str, float]]) -> float:
    own = (FORMATS[form].media.partition(";")[0], *FORMATS[form].also)
    by_width = ({media: weight for media, weight in ranked if media in own}, *_ranges(own, ranked))
    return next((max(found.values()) for found in by_width if found), 0.0)


def _ranges(own: tuple[str, ...], ranked: list[tuple[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    kinds = {f"{media.partition('/')[0]}/*" for media in own}
    return {m: w for m, w in ranked if m in kinds}, {m: w for m, w in ranked if m == "*/*"}
