"""The dialogue as a web page: its pages, its one cookie and its headers. The socket is bot/webchat_socket.py.

Before *count me* a page holds its key in memory only. Then it asks for the cookie with POST /keep, and a
tab that did not make the cookie throws it away with POST /leave: the next person at a shared computer
never sees the answers of the one before. No address of anyone is kept or logged.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from bot.desk import Caller, Desk, NotKept
from bot.pages import STATIC, page
from bot.sheet import sheet
from bot.webchat_frames import guess
from bot.webchat_networks import Networks
from bot.webchat_socket import KEY, Chat
from content import Content
from conversations.shapes import Commanded, Say

log = logging.getLogger(__name__)

COOKIE = "stadsdialoog"
OWN_DEVICE_SECONDS = 400 * 24 * 3600
WORDS = (
    *("web.title", "web.placeholder", "web.send", "web.menu", "web.answers", "web.back", "web.pause"),
    *("web.privacy", "web.help", "web.mydata", "web.forget", "web.language", "web.read_aloud"),
    *("web.stop_reading", "web.reconnecting", "web.own_device", "web.own_device_done", "web.you", "web.bot"),
    *("web.download", "web.newest", "web.simulated", "language.name", "error.later", "typed.too_long"),
)
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def app(desk: Desk, content: Content, address: str, secure: bool, networks: Networks | None = None) -> web.Application:
    """The web chat. `address` is its public address as shown and printed; `secure` when that is https."""
    _log_no_address()
    site = _Site(desk, content, address, secure, Chat(desk, content, networks or Networks()))
    application = web.Application(client_max_size=16 * 1024, middlewares=[site.same_site])
    application.on_response_prepare.append(_add_headers)
    application.on_shutdown.append(site.stop)
    application.router.add_get("/", site.chat_page)
    application.router.add_get("/chat", site.socket)
    application.router.add_post("/keep", site.keep)
    application.router.add_post("/leave", site.leave)
    application.router.add_get("/sheet", site.sheet_page)
    application.router.add_get("/privacy", site.privacy_page)
    application.router.add_get("/healthz", site.healthz)
    application.router.add_static("/static/", STATIC)
    return application


@dataclass
class _Site:
    desk: Desk
    content: Content
    address: str
    secure: bool
    chat: Chat

    def __post_init__(self) -> None:
        words = {code: self._words(code) for code in self.content.languages}
        self._pages = {code: self._chat_page(code, words) for code in self.content.languages}
        self._sheet = sheet(self.content, self.address, self.desk.simulated)
        self._told: dict[str, Say] = {}

    def _words(self, language: str) -> dict[str, str]:
        words = self.content.words(language)
        return {key: words(key) for key in WORDS}

    def _chat_page(self, language: str, words: dict[str, dict[str, str]]) -> str:
        everywhere = [(code, self.content.words(code)) for code in self.content.languages]
        return page(
            "chat.html",
            language=language,
            words=words[language],
            every_word=json.dumps(words, ensure_ascii=False),
            languages=everywhere,
            address=self.address,
            simulated=self.desk.simulated,
        )

    @web.middleware
    async def same_site(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Another site's page may neither talk nor keep nor leave in a resident's name."""
        origin = request.headers.get("Origin")
        ours = (request.host, urlsplit(self.address).netloc)
        if origin is not None and urlsplit(origin).netloc not in ours:
            raise web.HTTPForbidden
        try:
            return await handler(request)
        except NotKept:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None

    async def stop(self, application: web.Application) -> None:
        await self.chat.close()

    # ------------------------------------------------------------ pages

    async def chat_page(self, request: web.Request) -> web.Response:
        return _html(self._pages[self._language(request)])

    async def sheet_page(self, request: web.Request) -> web.Response:
        return _html(self._sheet)

    async def privacy_page(self, request: web.Request) -> web.Response:
        """The same words as /privacy in the chat, so that they can never differ."""
        first = self._language(request)
        order = sorted(self.content.languages, key=lambda code: code != first)
        told = [(code, await self._privacy(code), self.content.words(code)) for code in order]
        return _html(page("privacy.html", told=told, simulated=self.desk.simulated))

    async def _privacy(self, language: str) -> Say:
        if language not in self._told:
            reply = await self.desk.hear(Caller("web", f"privacy page {language}", language), Commanded("privacy"))
            self._told[language] = reply.says[0]
        return self._told[language]

    async def healthz(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    def _language(self, request: web.Request) -> str:
        for tag in request.headers.get("Accept-Language", "").split(","):
            name = tag.partition(";")[0].strip()
            if name and guess(name, self.content.languages) == name.partition("-")[0].lower():
                return name.partition("-")[0].lower()
        return self.content.languages[0]

    # ------------------------------------------------------------ the socket and the cookie

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        return await self.chat.serve(request, _cookie(request))

    async def keep(self, request: web.Request) -> web.Response:
        """The key in a cookie, once its answers are kept: for this session, or with `own` for 400 days."""
        wanted = await _json(request)
        visit, own = wanted.get("visit") or _cookie(request), wanted.get("own") is True
        if not isinstance(visit, str) or not KEY.fullmatch(visit):
            raise web.HTTPBadRequest
        if not await self.chat.counted(visit):
            raise web.HTTPConflict
        response = web.Response(status=204)
        age = OWN_DEVICE_SECONDS if own else None
        response.set_cookie(COOKIE, visit, max_age=age, path="/", secure=self.secure, httponly=True, samesite="Lax")
        return response

    async def leave(self, request: web.Request) -> web.Response:
        """Nothing stays in this browser. What was answered stays kept, under a key nobody here holds."""
        response = web.Response(status=204)
        response.del_cookie(COOKIE, path="/", secure=self.secure, httponly=True, samesite="Lax")
        return response


# ---------------------------------------------------------------- inside


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html")


def _cookie(request: web.Request) -> str:
    kept = request.cookies.get(COOKIE, "")
    return kept if KEY.fullmatch(kept) else ""


async def _json(request: web.Request) -> dict[str, object]:
    try:
        found = await request.json()
    except ValueError:
        raise web.HTTPBadRequest from None
    if not isinstance(found, dict):
        raise web.HTTPBadRequest
    return found


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    # Which versions run here is nobody's business.
    response.headers["Server"] = "stadsdialoog"


def _nameless(record: logging.LogRecord) -> bool:
    """aiohttp names the caller's address and shows what was sent when a request fails: kind and place are enough."""
    kind, _, trace = record.exc_info or (None, None, None)
    place = traceback.extract_tb(trace)[-1:] if trace else []
    where = f" at {Path(place[0].filename).name}:{place[0].lineno}" if place else ""
    record.msg = f"a request failed: {kind.__name__ if kind else 'no error'}{where}"
    record.args, record.exc_info, record.exc_text = None, None, None
    return True


def _log_no_address() -> None:
    logging.getLogger("aiohttp.server").addFilter(_nameless)
