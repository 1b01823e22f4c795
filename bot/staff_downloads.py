"""Downloads at the desk: a large file is made first, and one sees how far it is; and who downloaded what, and why."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from aiohttp import web

from bot import openapi
from bot.exporting import Exports, Wanted
from bot.house import House
from bot.staff_access import HOLDER, Access
from bot.staff_lists import MOST_LINES, seen
from bot.staff_pages import PageFault, Pages
from bot.staff_roles import HOLDERS, NEEDS, may
from storage import audit
from storage.exports import FORMATS, LANGUAGE, NoSuchTable, asking, check
from storage.exports.maker import NotMade

# A file that is there so soon is handed over at once, without a page between.
SOON_SECONDS = 2.0
LOOK_SECONDS = 2


class Downloads:
    """Begins a download, shows how far its file is, and what was downloaded before."""

    def __init__(self, house: House, pages: Pages, access: Access, exports: Exports) -> None:
        self._house, self._pages, self._access, self._exports = house, pages, access, exports

    async def begin(self, request: web.Request) -> web.Response:
        """A form asks for a file of rows: the file itself where it is there soon, else the page that tells how far."""
        given = await request.post()
        asked = {name: str(given.get(name, "")) for name in ("table", "format", "language", "purpose")}
        asked["round"] = request.match_info["round"]
        wanted = self._wanted(request, asked)
        try:
            soon = await self._exports.soon(wanted, SOON_SECONDS)
        except NotMade:
            raise PageFault(HTTPStatus.SERVICE_UNAVAILABLE, "not_made") from None
        raise web.HTTPSeeOther(_address(asked) if soon else f"/downloads/file?{urlencode(asked)}")

    async def file(self, request: web.Request) -> web.Response:
        """How far a file is. Looks again by itself, unless asked to be still; then the download begins by itself."""
        asked = {name: request.query.get(name, "") for name in ("round", "table", "format", "language", "purpose")}
        wanted, still = self._wanted(request, asked), "still" in request.query
        there, making = await self._exports.there(wanted), self._exports.making(wanted)
        shown = self._pages.html(
            request,
            "download.html",
            asked=asked,
            title=self._house.content.rounds[wanted.round].title[self._pages.language(request)],
            address=_address(asked),
            there=there,
            making=making,
            still=still,
            here=f"?{urlencode(asked)}",
        )
        if there and not still:
            shown.headers["Refresh"] = f"1; url={_address(asked)}"
        elif making and not still:
            shown.headers["Refresh"] = str(LOOK_SECONDS)
        return shown

    async def history(self, request: web.Request) -> web.Response:
        """What is being made now, and what was downloaded: by everybody for a keeper, by oneself for the others."""
        await self._access.note(request, "read", "downloads")
        holder, after = request[HOLDER], seen(request.query.get("after", ""))
        everybody = may(holder.role, "house")
        whose = "" if everybody else holder.name
        lines = await self._access.read(lambda conn: audit.entries(conn, MOST_LINES, after, ("download",), whose))
        further = f"{lines[-1].at.isoformat()} {lines[-1].id}" if len(lines) == MOST_LINES else ""
        return self._pages.html(
            request,
            "downloads.html",
            lines=list(self._pages.log(request).lines(lines)),
            everybody=everybody,
            running=self._exports.running() if may(holder.role, "rows") else [],
            titles=self._pages.titles(request),
            rounds=list(self._house.content.rounds),
            further=further,
        )

    def _wanted(self, request: web.Request, asked: dict[str, str]) -> Wanted:
        """The file that is asked for. Raises PageFault where it is not there, or not for this colleague."""
        content, role = self._house.content, request[HOLDER].role
        try:
            check(asked["table"], asked["format"])
        except NoSuchTable:
            raise PageFault(HTTPStatus.NOT_FOUND, "not_found") from None
        there = asked["round"] in content.rounds and asked["language"] in content.languages
        if not there or asking.is_small(asked["table"]):
            raise PageFault(HTTPStatus.NOT_FOUND, "not_found")
        right = NEEDS[f"/v1/rounds/{{round}}/{asked['table']}"]
        if not may(role, right):
            raise PageFault(HTTPStatus.FORBIDDEN, "role", wanted=HOLDERS[right], role=(role,))
        if not openapi.is_purpose(asked["purpose"]):
            raise PageFault(HTTPStatus.BAD_REQUEST, "purpose", n=openapi.LONGEST_PURPOSE)
        language = asked["language"] if FORMATS[asked["format"]].labelled else LANGUAGE
        return Wanted(asked["round"], asked["table"], asked["format"], language)


def _address(asked: dict[str, str]) -> str:
    """Where the API hands this file over."""
    query = {name: asked[name] for name in ("format", "language", "purpose")}
    return f"/v1/rounds/{asked['round']}/{asked['table']}?{urlencode(query)}"
