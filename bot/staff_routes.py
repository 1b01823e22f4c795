"""Which page of the desk stands at which path. Who may see it stands in bot/staff_roles.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.exporting import Exports
from bot.house import House
from bot.pages import STATIC
from bot.staff_access import Access
from bot.staff_downloads import Downloads
from bot.staff_front import Front
from bot.staff_health import Health
from bot.staff_lists import Lists
from bot.staff_moderation import Moderation
from bot.staff_pages import Pages
from bot.staff_preview import Preview
from bot.staff_releases import Releases
from bot.staff_rounds import Rounds
from bot.staff_signin import SignIn

State = Callable[[], Awaitable[dict[str, Any]]]
KEEP_SECONDS = 300


def routes(
    house: House, pages: Pages, access: Access, sign_in: SignIn, state: State, exports: Exports
) -> list[web.RouteDef]:
    """Every page and form of the desk."""
    front = Front(house, pages, access, state)
    moderation = Moderation(house, pages, access)
    lists = Lists(pages, access, house.keys, house.worker)
    rounds, releases = Rounds(house, pages, access), Releases(house, pages, access)
    downloads, preview = Downloads(house, pages, access, exports), Preview(house, pages, access)
    return [
        web.get("/", front.show),
        web.get("/rounds/{round}", rounds.show),
        web.get("/rounds/{round}/results", rounds.results),
        web.get("/rounds/{round}/results/{dilemma}", rounds.dilemma),
        web.get("/rounds/{round}/releases", releases.show),
        web.post("/rounds/{round}/state", rounds.state),
        web.post("/rounds/{round}/downloads", downloads.begin),
        web.get("/preview", preview.show),
        web.post("/preview/begin", preview.begin),
        web.post("/preview/say", preview.hear),
        web.post("/preview/end", preview.end),
        web.get("/downloads", downloads.history),
        web.get("/downloads/file", downloads.file),
        web.get("/deliveries", releases.on_their_way),
        web.post("/deliveries/again", releases.again),
        web.get("/health", Health(house, pages, access, state).show),
        web.get("/sign-in", sign_in.form),
        web.post("/sign-in", sign_in.sign_in),
        web.post("/sign-out", sign_in.sign_out),
        web.get("/moderation", moderation.queue),
        web.get("/moderation/apart", moderation.apart),
        web.post("/moderation/decide", moderation.decide),
        web.post("/moderation/original", moderation.original),
        web.post("/moderation/undo", moderation.undo),
        web.get("/corrections", lists.corrections),
        web.post("/corrections/done", lists.corrected),
        web.get("/keys", lists.staff),
        web.post("/keys/add", lists.add_key),
        web.post("/keys/remove", lists.remove_key),
        web.get("/moderation/decided", moderation.decided),
        web.post("/moderation/doubt", moderation.doubt),
        web.get("/bursts", lists.bursts),
        web.post("/bursts/decide", lists.left_out),
        web.get("/audit", lists.log),
        *(web.get(f"/static/{name}", _file(name)) for name in ("desk.css", "mark.svg")),
    ]


def _file(name: str) -> Callable[[web.Request], Awaitable[web.FileResponse]]:
    async def send(request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / name, headers={"Cache-Control": f"max-age={KEEP_SECONDS}"})

    return send
