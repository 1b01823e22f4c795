"""Telegram by webhooks: updates are posted to the web chat's port, as many at once as Telegram likes.

200 is said only after the commit, and after the reply where that takes no longer than a moment. Whatever is
not said 200 to comes again, also to another process. Any number of processes take updates in and answer them;
one of them, which leads, tells Telegram where.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any, ClassVar

from aiohttp import web
from telegram.error import BadRequest, InvalidToken

from bot.desk import Desk, NotKept
from bot.groups import Groups
from bot.telegram import PAY_AGAIN_SECONDS, Telegram
from bot.telegram_calls import PATIENCE, Patience
from bot.telegram_reading import CHANNEL, WANTED, chat_of
from bot.telegram_sending import FULL
from content import Content

log = logging.getLogger(__name__)

PATH = "/telegram"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
# Much more than the longest update: two messages of 4,096 characters, quoted and with entities.
MOST_BYTES = 2**20
# Telegram opens at most this many connections to us, however many processes stand behind the address.
CONNECTIONS = 100
MOST_AT_ONCE = 200
# So long a reply may take before the next update of the same person is let come all the same.
IN_ORDER_SECONDS = 2.0
BUSY_SECONDS, NOT_KEPT_SECONDS = 1, 3
LOOK_SECONDS = 5.0


class Webhook(Telegram):
    """`run()` in every process, `lead()` in one, both until cancelled; `join()` puts the path on the web port.

    `address` is the public base address, without the path. `secret` is the same in every process.
    `most` updates are worked on at the same time; the next ones are asked to come back. A reply that is
    still owed after two looks, `look` seconds apart, is sent by the process that leads.
    """

    TROUBLES: ClassVar[dict[type[Exception], str]] = {
        InvalidToken: "the token is refused",
        BadRequest: "it refuses the address in STADSDIALOOG_TELEGRAM_WEBHOOK",
    }

    def __init__(
        self,
        token: str,
        api: str,
        desk: Desk,
        content: Content,
        address: str,
        secret: str,
        patience: Patience = PATIENCE,
        most: int = MOST_AT_ONCE,
        look: float = LOOK_SECONDS,
        groups: Groups | None = None,
    ) -> None:
        super().__init__(token, api, desk, content, patience, groups)
        self._url, self._secret = address.rstrip("/") + PATH, secret
        self._open, self._idle = asyncio.Event(), asyncio.Event()
        self._idle.set()
        self._most, self._look_seconds, self._under_way = most, look, 0
        self._owed_before: set[tuple[str, int]] = set()
        self._paid: dict[tuple[str, int], float] = {}

    def join(self, app: web.Application) -> None:
        """Take updates in on this application."""
        app.router.add_post(PATH, self._receive)

    def health(self) -> dict[str, object]:
        """Whether updates are taken in; how many at this moment; replies waiting; updates parked."""
        return {
            "ready": self._open.is_set() and not self._trouble,
            "trouble": self._trouble,
            "under_way": self._under_way,
            "queued": len(self._sender),
            "parked": self._intake.parked,
        }

    async def run(self) -> None:
        """Take updates in until cancelled; then finish what was begun, within seconds, and close."""
        try:
            await self._until_well(self._bot.initialize)
            self._know_my_name()
            self._open.set()
            while True:
                await asyncio.sleep(self._look_seconds)
                self._intake.met.clear()
        finally:
            self._open.clear()
            end = time.monotonic() + self._patience.flush
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience.flush / 2):
                    await self._idle.wait()
            await self._sender.flush(end - time.monotonic())
            await self._bot.shutdown()

    async def lead(self) -> None:
        """Keep Telegram's updates coming here, and see to replies that a process which died left owed."""
        await self._open.wait()
        self._owed_before.clear()
        profile = asyncio.create_task(self._introduce())
        try:
            await self._until_well(self._ask_for_updates)
            while True:
                await self._until_well(self._look_after)
        finally:
            profile.cancel()

    # ---------------------------------------------------------------- one update

    async def _receive(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret.encode()):
            return web.Response(status=HTTPStatus.FORBIDDEN)
        if request.content_type != "application/json":
            return web.Response(status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        if not self._open.is_set() or self._under_way >= self._most or len(self._sender) > FULL:
            return _later(BUSY_SECONDS)
        self._under_way += 1
        self._idle.clear()
        try:
            update = _update(await _body(request))
            kept = await self._intake.take([update])
            if kept is not None:
                # Telegram brings a person's next press after our 200, perhaps to another process: without a
                # wait its reply could overtake this one.
                await self._sender.delivered(chat_of(update), IN_ORDER_SECONDS)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()
        return _later(NOT_KEPT_SECONDS) if kept is None else web.Response()

    # ---------------------------------------------------------------- what one process does for all

    async def _ask_for_updates(self) -> None:
        await self._bot.set_webhook(
            self._url, max_connections=CONNECTIONS, allowed_updates=WANTED, secret_token=self._secret
        )

    async def _look_after(self) -> None:
        """One look; then a pause. Raises TelegramError."""
        if (await self._bot.get_webhook_info()).url != self._url:
            log.warning("Telegram brought its updates somewhere else, or nowhere; asking for them again")
            await self._ask_for_updates()
        await self._pay_late()
        await asyncio.sleep(self._look_seconds)

    async def _pay_late(self) -> None:
        """Send what is still owed at a second look: until then another process may be at it.

        Whoever acts at another process in the very milliseconds of such a send may see that question once more
        behind the next one. A tap on either counts as ever.
        """
        try:
            owed = {reply.owed: (caller, reply) for caller, reply in await self._desk.owed(CHANNEL) if reply.owed}
        except NotKept:
            return
        now = time.monotonic()
        self._paid = {key: at for key, at in self._paid.items() if key in owed and now - at < PAY_AGAIN_SECONDS}
        for key in (owed.keys() & self._owed_before) - self._paid.keys():
            caller, reply = owed[key]
            if caller.address not in self._sender:
                self._sender.put_ready(caller, reply)
                self._paid[key] = now
        self._owed_before = set(owed)


# ---------------------------------------------------------------- inside


def _later(seconds: int) -> web.Response:
    """Not now: Telegram keeps the update and brings it again after so many seconds."""
    return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": str(seconds)})


async def _body(request: web.Request) -> bytes:
    """The whole body. Raises 413: the web chat's own limit is far lower, and would not do here."""
    size = request.content_length or 0
    body = bytearray()
    while size <= MOST_BYTES and (piece := await request.content.readany()):
        body += piece
        size = max(size, len(body))
    if size > MOST_BYTES:
        raise web.HTTPRequestEntityTooLarge(MOST_BYTES, size)
    return bytes(body)


def _update(body: bytes) -> dict[str, Any]:
    """The update as Telegram wrote it. Raises 400 for what is none; what is in it is the intake's to judge."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest from None
    if not isinstance(found, dict) or type(found.get("update_id")) is not int:
        raise web.HTTPBadRequest
    return found
