"""The web chat's socket: what a page sends, what it gets back, and what it missed while it was away.

A page says hello first: {"hello": {"visit", "seen", "language"}}. From then on it sends {"id", "tap"} or
{"id", "text"}, keeps each until {"ack": id} comes back, and sends it again with the same id after a lost
connection. A reply goes to every tab of the same person, and only after the commit.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
import time
from collections import OrderedDict, deque
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b

from aiohttp import WSCloseCode, WSMsgType, web

from bot.desk import Caller, Desk, NotKept, Reply
from bot.webchat_frames import BadFrame, Frame, Hello, frame_of, guess, read, read_hello
from bot.webchat_networks import LONGEST_WAIT, Networks
from content import Content
from conversations.shapes import Arrived, Heard, Say

log = logging.getLogger(__name__)

KEY = re.compile(r"[A-Za-z0-9_-]{22}")

FRAME_BYTES = 16 * 1024
HELLO_SECONDS = 10
HEARTBEAT_SECONDS = 25
SEND_SECONDS = 10
REMEMBER_SECONDS = 30 * 60
REMEMBER_REPLIES = 8
MOST_IDLE = 50_000
BURST, PER_SECOND = 20, 4.0


async def open_socket(request: web.Request) -> web.WebSocketResponse:
    """A socket of a page, within the bounds every page keeps to."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=FRAME_BYTES, timeout=2.0, compress=False)
    await socket.prepare(request)
    return socket


@dataclass(frozen=True)
class _Said:
    """A reply that was sent, and when."""

    at: float
    update: str
    frame: Frame


def _first_turn() -> int:
    # Counted on from the clock, so that no turn of an earlier process is ever taken for one of this.
    return time.time_ns() // 1_000_000


@dataclass
class Line:
    """One person's conversation as this process knows it: the open tabs, and the last replies.

    `turn` counts the replies to this key and only rises, also when a person is found again under a
    resume code (the desk's count belongs to the person, and may go back here).
    """

    key: str = field(repr=False)
    language: str
    counted: bool = False
    turn: int = field(default_factory=_first_turn)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    said: deque[_Said] = field(default_factory=lambda: deque(maxlen=REMEMBER_REPLIES))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def follow(self, reply: Reply) -> None:
        """Take over what a reply tells about the person."""
        self.counted = reply.counted
        self.language = reply.says[-1].language if reply.says else self.language

    def heard_before(self, update: str) -> Frame | None:
        """The reply to an update that came again."""
        return next((said.frame for said in self.said if said.update == update), None)

    def missed(self, seen: int) -> list[Frame] | None:
        """The replies after turn `seen`; None when they are not all remembered, or nothing was seen yet."""
        while self.said and self.said[0].at < time.monotonic() - REMEMBER_SECONDS:
            self.said.popleft()
        first = self.turn - len(self.said)
        return [s.frame for s in list(self.said)[seen - first :]] if first <= seen <= self.turn else None


class TooMany(Exception):
    """More new walks come from this network than are let in for now."""


class Pace:
    """Slows a socket down that sends faster than anyone can tap: the next frame is simply read later."""

    def __init__(self) -> None:
        self._left, self._at = float(BURST), time.monotonic()

    async def wait(self) -> None:
        now = time.monotonic()
        self._left = min(float(BURST), self._left + (now - self._at) * PER_SECOND) - 1
        self._at = now
        if self._left < 0:
            await asyncio.sleep(-self._left / PER_SECOND)


class Chat:
    """Every conversation that goes on now over sockets of this process."""

    def __init__(self, desk: Desk, content: Content, networks: Networks) -> None:
        self._desk, self._content, self._networks = desk, content, networks
        self._lines: dict[str, Line] = {}
        self._idle: OrderedDict[str, float] = OrderedDict()

    # ------------------------------------------------------------ one socket

    async def serve(self, request: web.Request, cookie: str) -> web.WebSocketResponse:
        """Talk with one tab until it goes. `cookie` is the key this browser keeps, or empty."""
        socket = await open_socket(request)
        line: Line | None = None
        try:
            line = await self._greet(socket, cookie, request)
            pace = Pace()
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    raise BadFrame
                update, heard = read(message.data)
                await pace.wait()
                await self._hear(line, socket, update, heard)
        except BadFrame:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION)
        except TooMany:
            # The page comes again by itself, as after any lost connection.
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
        except NotKept:
            await self._send(socket, {"error": "later"})
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
        finally:
            if line is not None:
                self._left(line, socket)
        return socket

    async def close(self) -> None:
        """The server stops: every page reconnects by itself when it is back."""
        sockets = [socket for line in self._lines.values() for socket in line.sockets]
        await asyncio.gather(
            *(socket.close(code=WSCloseCode.GOING_AWAY, drain=False) for socket in sockets), return_exceptions=True
        )

    async def counted(self, key: str) -> bool:
        """Whether the answers under this key are kept. Raises NotKept when nobody can tell now."""
        if key in self._lines and self._lines[key].counted:
            return True
        return (await self._arrive(key, "")).counted

    # ------------------------------------------------------------ hello

    async def _greet(self, socket: web.WebSocketResponse, cookie: str, request: web.Request) -> Line:
        try:
            message = await socket.receive(timeout=HELLO_SECONDS)
        except TimeoutError:
            raise BadFrame from None
        if message.type is not WSMsgType.TEXT:
            raise BadFrame
        hello = read_hello(message.data)
        line, arrived = await self._line(hello, cookie, request)
        async with line.lock:
            missed = line.missed(hello.seen)
            if missed is None:
                arrived = arrived or await self._arrive(line.key, line.language)
                line.follow(arrived)
                missed = [{**frame_of(arrived, line.turn), "again": True}]
            answer: Frame = {"turn": line.turn, "counted": line.counted, "missed": missed}
            if line.key not in (hello.visit, cookie):
                answer["visit"] = line.key
            line.sockets.add(socket)
            self._idle.pop(line.key, None)
            await self._send(socket, answer)
        return line

    async def _line(self, hello: Hello, cookie: str, request: web.Request) -> tuple[Line, Reply | None]:
        """A tab's own key goes before the cookie, so that two people at one computer never meet.

        A key that was not given out by this process counts only when answers are kept under it; the
        reply is what the desk said to that.
        """
        language = guess(hello.language, self._content.languages)
        key = hello.visit or cookie
        if key in self._lines:
            return self._lines[key], None
        if KEY.fullmatch(key) and (reply := await self._arrive(key, language)).counted:
            return self._new_line(key, language), reply
        if (wait := self._networks.wait(request)) > LONGEST_WAIT:
            raise TooMany
        await asyncio.sleep(wait)
        return self._new_line(secrets.token_urlsafe(16), language), None

    def _new_line(self, key: str, language: str) -> Line:
        self._idle.setdefault(key, time.monotonic())  # until its first socket is greeted
        return self._lines.setdefault(key, Line(key, language))

    async def _arrive(self, key: str, language: str) -> Reply:
        reply = await self._desk.hear(Caller("web", key, language), Arrived())
        await self._settle(reply)
        return reply

    async def _settle(self, reply: Reply) -> None:
        """The reply was sent; what a page missed it asks for itself, so nothing hangs on this."""
        with suppress(NotKept):
            await self._desk.sent(reply)

    def _left(self, line: Line, socket: web.WebSocketResponse) -> None:
        line.sockets.discard(socket)
        if line.sockets or self._lines.get(line.key) is not line:
            return
        self._idle[line.key] = time.monotonic()
        self._idle.move_to_end(line.key)
        asyncio.get_running_loop().call_later(REMEMBER_SECONDS + 1, self._tidy)
        self._tidy()

    def _tidy(self) -> None:
        while self._idle:
            key, since = next(iter(self._idle.items()))
            if since > time.monotonic() - REMEMBER_SECONDS and len(self._idle) <= MOST_IDLE:
                return
            del self._idle[key]
            self._lines.pop(key, None)

    # ------------------------------------------------------------ one thing heard

    async def _hear(self, line: Line, socket: web.WebSocketResponse, update: str, heard: Heard | None) -> None:
        async with line.lock:
            if known := line.heard_before(update):
                await self._send(socket, known)
                return
            if heard is None:
                await self._send(socket, self._remark(line, update, "typed.too_long"))
                return
            try:
                reply = await self._desk.hear(Caller("web", line.key, line.language), heard, _known_as(line, update))
            except NotKept:
                await self._send(socket, {"error": "later", "id": update})
                return
            except Exception as error:  # a fault of ours must not end somebody's conversation
                # The type only: its text may hold what somebody wrote.
                log.error("a turn on the web failed: %s", type(error).__name__)
                await self._send(socket, self._remark(line, update, "error.later"))
                return
            await self._tell(line, reply, update)
        await self._settle(reply)

    async def _tell(self, line: Line, reply: Reply, update: str) -> None:
        line.follow(reply)
        line.turn += 1
        frame = {"ack": update, **frame_of(reply, line.turn)}
        if reply.file or any(say.forgotten or say.leave_device for say in reply.says):
            # What was erased or left behind is not held here any longer either.
            line.said.clear()
        if not reply.file:
            line.said.append(_Said(time.monotonic(), update, frame))
        await asyncio.gather(*(self._send(one, frame) for one in list(line.sockets)))

    def _remark(self, line: Line, update: str, key: str) -> Frame:
        say = Say(self._content.words(line.language)(key), line.language)
        return {"ack": update, **frame_of(Reply((say,), counted=line.counted), line.turn)}

    async def _send(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        """A tab that is gone gets nothing; what it missed waits for its next hello."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await socket.send_str(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))
        except (ConnectionError, RuntimeError, TimeoutError):
            return


def _known_as(line: Line, update: str) -> str:
    """An update's id as it is remembered: no two people share one, and it does not tell whose it is."""
    return blake2b(f"{line.key}:{update}".encode(), digest_size=16).hexdigest()
