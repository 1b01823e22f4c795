"""A Bot API server for tests: aiohttp on 127.0.0.1, a free port, the paths and rules of the official one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.botapi.clock import Clock
from tests.botapi.errors import Refused, bad
from tests.botapi.faults import Fault
from tests.botapi.flood import Flood
from tests.botapi.methods import METHODS, Files, Json
from tests.botapi.store import Box, Chat, Query, Store
from tests.botapi.updates import FIRST, Updates
from tests.botapi.webhooks import Webhooks

TOKEN = "7000000001:AAF-tests-only-0123456789abcdefghijk"
# Parameters that travel as JSON text in forms and multipart.
AS_JSON = ("reply_markup", "commands", "scope", "allowed_updates", "link_preview_options", "entities")
# Method, `before` or `after` it was carried out, parameters, the answer's body: whether the caller was ended.
Watch = Callable[[str, str, Json, bytes], Awaitable[bool]]


@dataclass(frozen=True)
class Call:
    """One call as it arrived: method, decoded parameters, moment (monotonic seconds), names of files by part."""

    method: str
    params: Json
    at: float
    chat: int | None
    files: Mapping[str, str] = field(default_factory=dict)


class BotApi:
    """The server. Use as an async context manager; `address` is what a bot is given as its API.

    `first` is the id of its first update: for a bot that met another one before, a later one than it knows.
    """

    def __init__(self, token: str = TOKEN, first: int = FIRST) -> None:
        self.token = token
        self.bot: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Stadsdialoog (test)",
            "username": "stadsdialoog_test_bot",
        }
        self.clock = Clock()
        self.updates = Updates(self.clock, first)
        self.webhooks = Webhooks(self.updates)
        self.store = Store(self.clock, self.bot)
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.profile: dict[tuple[str, str], str] = {}
        self.refused_languages: set[str] = set()
        self.queries: dict[str, Query] = {}
        self.boxes: dict[int, Box] = {}
        self.calls: list[Call] = []
        self.emitted: list[Json] = []
        self.results: list[tuple[str, Any]] = []
        self.faults: list[Fault] = []
        self.flood: Flood | None = None
        self.watch: Watch | None = None
        self.address = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> BotApi:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self, port: int = 0) -> None:
        """Listen, on the same port again when one is given."""
        app = web.Application(client_max_size=60 * 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening and delivering; everything stored stays."""
        self.webhooks.end()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    # ---------------------------------------------------------------- what tests do

    def fault(self, method: str = "*", **how: Any) -> Fault:
        """Script trouble for coming calls; see Fault."""
        self.faults.append(Fault(method, **how))
        return self.faults[-1]

    def put(self, kind: str, payload: Json) -> int:
        """Queue an update for the bot and remember that it was made."""
        number = self.updates.put(kind, payload)
        self.emitted.append({"update_id": number, kind: payload})
        return number

    def put_broken(self, chat_id: int = 1) -> int:
        """Queue an update no library can read: a press without its `chat_instance`."""
        person = {"id": chat_id, "is_bot": False, "first_name": "Broken"}
        return self.updates.put("callback_query", {"id": "1", "from": person, "data": "growth.position:a:00000"})

    def box(self, chat_id: int) -> Box:
        return self.boxes.setdefault(chat_id, Box())

    def calls_of(self, method: str, chat: int | None = None) -> list[Call]:
        """The calls of one method, in order; only those in one chat when it is given."""
        return [c for c in self.calls if c.method == method and chat in (None, c.chat)]

    # ---------------------------------------------------------------- what methods tell

    def said(self, chat: Chat, content: Json) -> Json:
        """The bot's message reached a chat."""
        message = self.store.add(chat, None, content)
        box = self.box(chat.id)
        box.messages.append(message)
        box.news.set()
        return message

    def toasted(self, query: Query, text: str) -> None:
        """A press was answered; the resident sees the text, when there is one."""
        box = self.box(query.chat)
        if text:
            box.toasts.append(text)
        box.news.set()

    # ---------------------------------------------------------------- one call

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["token"] != self.token:
            return _json(Refused(401, "Unauthorized"))
        try:
            params, files = await _read(request)
        except (ValueError, TypeError):
            return _json(bad("can't parse request"))
        chat = _whole(params.get("chat_id"))
        self.calls.append(
            Call(method, params, time.monotonic(), chat, {part: name for part, (name, _) in files.items()})
        )
        if self.flood and (too_much := self.flood.meets(method, chat, self.calls[-1].at)):
            return _json(too_much)
        fault = next((f for f in self.faults if f.meets(method, params)), None)
        if fault is None:
            return await self._watched(request, method, params, files)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if refusal := fault.refusal():
            if fault.applied:
                await self._done(method, params, files)
            return _json(refusal)
        answer: web.StreamResponse = web.Response(text="")
        if fault.drop != "before" and (fault.body is None or fault.applied):
            answer = await self._done(method, params, files)
        if fault.drop and request.transport:
            request.transport.abort()
        if fault.body is not None:
            return web.Response(status=fault.status or 200, text=fault.body, content_type="text/html")
        return answer

    async def _watched(self, request: web.Request, method: str, params: Json, files: Files) -> web.StreamResponse:
        """Carried out, unless whoever watches ended the caller before that, or before it hears of it."""
        if self.watch and await self.watch(method, "before", params, b""):
            return web.Response()
        answer = await self._done(method, params, files)
        if self.watch and await self.watch(method, "after", params, bytes(answer.body or b"")):  # type: ignore[arg-type]
            return web.Response()
        return answer

    async def _done(self, method: str, params: Json, files: Files) -> web.Response:
        try:
            result = await self._carry_out(method, params, files)
        except Refused as refused:
            return _json(refused)
        if method != "getUpdates":
            self.results.append((method, result))
        return web.json_response({"ok": True, "result": result})

    async def _carry_out(self, method: str, params: Json, files: Files) -> Any:
        if method.lower() == "getupdates":
            whole = {name: int(params.get(name) or 0) for name in ("offset", "timeout")}
            limit = int(params.get("limit") or 100)
            return await self.updates.get(whole["offset"], limit, whole["timeout"], params.get("allowed_updates"))
        does = METHODS.get(method.lower())
        if does is None:
            raise Refused(404, "Not Found: method not found")
        return does(self, params, files)


def _json(refused: Refused) -> web.Response:
    headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after is not None else None
    return web.json_response(refused.body(), status=refused.code, headers=headers)


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


async def _read(request: web.Request) -> tuple[Json, Files]:
    """Parameters from the address, a form, JSON or multipart, decoded alike."""
    params: Json = dict(request.query)
    files: dict[str, tuple[str, bytes]] = {}
    if request.content_type == "application/json":
        params |= await request.json() if request.can_read_body else {}
    else:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[name] = (value.filename, value.file.read())
            else:
                params[name] = value
    return {name: _decoded(name, value) for name, value in params.items()}, files


def _decoded(name: str, value: Any) -> Any:
    return json.loads(value) if name in AS_JSON and isinstance(value, str) and value else value
