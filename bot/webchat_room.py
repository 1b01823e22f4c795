"""A group's talk on the web: a large screen and phones in one room, and the same room as a Telegram group's.

`/room` begins one, `/room/<code>` is a phone's door, `/room/<code>/screen` the large screen. A page says hello
first: {"hello": {"visit", "role", "language"}}; then it gets {"scene"} whenever that changes, and a phone also
{"say"}, its own question. It sends {"tap"}. Who began the room on the web leads it by the buttons of its screen.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.desk import Caller, NotKept
from bot.group_member import Told
from bot.groups import CODE, Groups, Place, Scene
from bot.pages import page
from bot.sheet import qr, short
from bot.webchat_frames import BadFrame, guess
from bot.webchat_networks import LONGEST_WAIT, Networks
from bot.webchat_socket import HELLO_SECONDS, KEY, SEND_SECONDS, Pace, open_socket
from content import Content
from conversations.shapes import Tapped

log = logging.getLogger(__name__)

Frame = dict[str, Any]
LOOK_SECONDS = 1.0
# A screen is drawn no more often than the eye can follow.
DRAW_SECONDS = 0.25
ROLES = ("screen", "phone")
COOKIE = "stadsdialoog"
# What a button that leads the talk belongs to: a step of it.
STEERS = re.compile(r"group\.s\d")
WORDS = ("web.title", "web.reconnecting", "web.simulated", "sheet.how", "group.head", "group.private", "error.later")


@dataclass(eq=False)
class Page:
    """An open page of a room."""

    socket: web.WebSocketResponse
    caller: Caller
    role: str
    leads: bool
    language: str
    last: str = field(default="", repr=False)


class Room:
    """The pages of one session in this process, and the task that shows them what is so."""

    def __init__(self, code: str, groups: Groups, content: Content) -> None:
        self.code, self.pages = code, set[Page]()
        self.news = asyncio.Event()
        self._groups, self._content = groups, content
        self._stage: tuple[object, ...] = ()
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        """Show what changed, also by the clock, through the other door, or in another process."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.news.wait()
            self.news.clear()
            try:
                scene = await self._groups.look(self.code)
                stage = _stage(scene)
                asks = stage != self._stage
                self._stage = stage
                await asyncio.gather(*(self.show(one, scene, asks) for one in list(self.pages)))
            except NotKept:
                log.info("a room could not be looked at")
            except Exception as error:
                # The type only: the words may be a resident's.
                log.error("a room could not be shown: %s", type(error).__name__)
            await asyncio.sleep(DRAW_SECONDS)

    async def show(self, one: Page, scene: Scene | None, asks: bool) -> None:
        """Bring one page to what is so; `asks`: the question changed, and a phone shows its own anew."""
        if one.role == "phone" and asks:
            told = await self._groups.enter(one.caller, self.code)
            await self.tell(one, told)
        frame = {"scene": _scene(scene, one)}
        # The time runs on the page by itself.
        stands = json.dumps({**frame["scene"], "left": 0}) if frame["scene"] else "null"
        if stands != one.last:
            one.last = stands
            await send(one.socket, frame)

    async def tell(self, one: Page, told: Told) -> None:
        """What only this person reads."""
        frame: Frame = {"alert": told.alert if not told.say else ""}
        if told.say and one.role == "phone":
            one.language = told.say.language
            frame["say"] = asdict(told.say)
        await send(one.socket, frame)


class Rooms:
    """Every room with an open page in this process. `join()` puts the paths on the web port."""

    def __init__(self, groups: Groups, content: Content, address: str, networks: Networks | None = None) -> None:
        """`address` is the web chat's public address, ending in a slash. `networks` slows who begins too much."""
        self._groups, self._content, self._address = groups, content, address
        self._rooms: dict[str, Room] = {}
        self._networks = networks or Networks()

    def join(self, app: web.Application) -> None:
        """Serve on this application."""
        app.router.add_get("/room", self._begin_page)
        app.router.add_post("/room", self._begin)
        app.router.add_get("/room/{code}", self._phone_page)
        app.router.add_get("/room/{code}/screen", self._screen_page)
        app.router.add_get("/room/{code}/socket", self._socket)
        app.on_shutdown.append(self._stop)

    # ------------------------------------------------------------ pages

    async def _begin_page(self, request: web.Request) -> web.Response:
        return self._page(request, "begin", "")

    async def _begin(self, request: web.Request) -> web.Response:
        """A new room: its code, and the key by which whoever began it leads."""
        if (wait := self._networks.wait(request)) > LONGEST_WAIT:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": str(round(wait))})
        await asyncio.sleep(wait)
        key = secrets.token_urlsafe(16)
        told = await self._groups.open(Caller("web", key, _language(request)), Place("web"))
        if not told.code:
            return web.json_response({"alert": told.alert}, status=409)
        return web.json_response({"code": told.code, "visit": key})

    async def _phone_page(self, request: web.Request) -> web.Response:
        return self._page(request, "phone", _code(request))

    async def _screen_page(self, request: web.Request) -> web.Response:
        return self._page(request, "screen", _code(request))

    def _page(self, request: web.Request, role: str, code: str) -> web.Response:
        language = guess(_language(request), self._content.languages)
        every = [(one, self._content.words(one)) for one in self._content.languages]
        words = {one: {key: spoken(key) for key in WORDS} for one, spoken in every}
        # The button has a key of its own in the catalogue.
        begin = [(one, spoken("button.group_begin")) for one, spoken in every]
        address = f"{self._address}room/{code}"
        text = page(
            "room.html",
            role=role,
            code=code,
            language=language,
            words=words,
            every_word=json.dumps(words, ensure_ascii=False),
            begin=begin,
            qr=qr(address) if role == "screen" else "",
            address=address,
            shown=short(address),
            simulated=self._groups.simulated,
        )
        return web.Response(text=text, content_type="text/html")

    # ------------------------------------------------------------ the socket

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        code = _code(request)
        socket = await open_socket(request)
        one: Page | None = None
        try:
            one = await self._greet(request, socket, code)
            pace = Pace()
            async for message in socket:
                tap = _tap(message.data) if message.type is WSMsgType.TEXT else None
                if tap is None or tap.tag != code:
                    raise BadFrame
                await pace.wait()
                await self._hear(one, code, tap, request)
        except BadFrame:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION)
        except NotKept:
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
        finally:
            if one is not None:
                self._left(code, one)
        return socket

    async def _greet(self, request: web.Request, socket: web.WebSocketResponse, code: str) -> Page:
        try:
            message = await socket.receive(timeout=HELLO_SECONDS)
        except TimeoutError:
            raise BadFrame from None
        hello = _hello(message.data if message.type is WSMsgType.TEXT else "")
        kept = request.cookies.get(COOKIE, "")
        given = next((one for one in (str(hello.get("visit", "")), kept) if KEY.fullmatch(one)), "")
        key = given or secrets.token_urlsafe(16)
        caller = Caller("web", key, guess(str(hello.get("language", ""))[:35], self._content.languages))
        role = str(hello.get("role"))
        if role not in ROLES:
            raise BadFrame
        one = Page(socket, caller, role, await self._groups.leads(caller, code), caller.language)
        if not given:
            await send(socket, {"visit": key})
        room = self._rooms.get(code)
        if room is None:
            room = self._rooms[code] = Room(code, self._groups, self._content)
        await room.show(one, await self._groups.look(code), asks=True)
        room.pages.add(one)
        return one

    async def _hear(self, one: Page, code: str, tap: Tapped, request: web.Request) -> None:
        # A screen answers nothing: whoever stands before it would be seen to.
        if bool(STEERS.match(tap.at)) != (one.role == "screen"):
            raise BadFrame
        if tap.at == "group.join" and tap.choice.startswith("count"):
            # Whoever is counted is one more of the city's participants, as in the web chat.
            if (wait := self._networks.wait(request)) > LONGEST_WAIT:
                return await send(one.socket, {"alert": self._content.words(one.language)("error.later")})
            await asyncio.sleep(wait)
        told = await self._groups.tap(one.caller, tap, private=one.role == "phone")
        room = self._rooms[code]
        await room.tell(one, told)
        return room.news.set()

    def _left(self, code: str, one: Page) -> None:
        room = self._rooms.get(code)
        if room is None:
            return
        room.pages.discard(one)
        if not room.pages:
            room.task.cancel()
            del self._rooms[code]

    async def _stop(self, app: web.Application) -> None:
        pages = [one for room in self._rooms.values() for one in room.pages]
        for room in self._rooms.values():
            room.task.cancel()
        closing = (one.socket.close(code=WSCloseCode.GOING_AWAY, drain=False) for one in pages)
        await asyncio.gather(*closing, return_exceptions=True)


# ---------------------------------------------------------------- inside


async def send(socket: web.WebSocketResponse, frame: Frame) -> None:
    """A page that is gone gets nothing: it asks anew when it is back."""
    with suppress(ConnectionError, RuntimeError, TimeoutError):
        async with asyncio.timeout(SEND_SECONDS):
            await socket.send_str(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))


def _stage(scene: Scene | None) -> tuple[object, ...]:
    if scene is None:
        return ("gone",)
    session = scene.session
    return session.stage, session.step, session.paused, len(session.views)


def _scene(scene: Scene | None, one: Page) -> Frame | None:
    """What a page shows of the room: on the large screen every language, on a phone its own."""
    if scene is None:
        return None
    session = scene.session
    shown: Frame = {"stage": session.stage, "paused": session.paused, "left": scene.left, "buttons": []}
    if one.role == "screen":
        rows = scene.card.buttons if one.leads else ()
        steering = [[asdict(b) for b in row if STEERS.match(getattr(b, "data", ""))] for row in rows]
        panels = [asdict(panel) for panel in scene.panels]
        return {**shown, "panels": panels, "buttons": [row for row in steering if row]}
    mine = [panel for panel in scene.panels if panel.language == one.language] or list(scene.panels[:1])
    # Before its own question is on the phone nothing of the group's has to be said there twice.
    kept = mine if session.stage in ("shown", "shown_again", "ended") else []
    return {**shown, "panels": [asdict(panel) for panel in kept]}


def _code(request: web.Request) -> str:
    code = request.match_info["code"]
    if not CODE.fullmatch(code):
        raise web.HTTPNotFound
    return code


def _language(request: web.Request) -> str:
    return request.headers.get("Accept-Language", "").split(",")[0].partition(";")[0].strip()[:35]


def _hello(data: str) -> Frame:
    try:
        hello = json.loads(data).get("hello")
    except (ValueError, RecursionError, AttributeError):
        raise BadFrame from None
    if not isinstance(hello, dict):
        raise BadFrame
    return hello


def _tap(data: str) -> Tapped | None:
    try:
        tap = json.loads(data).get("tap")
    except (ValueError, RecursionError, AttributeError):
        return None
    read = Tapped.read(tap) if isinstance(tap, str) else None
    return read if read and read.at.startswith("group.") else None
