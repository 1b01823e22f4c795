"""The Telegram channel: python-telegram-bot's types and methods, and a polling of our own.

Updates are confirmed to Telegram only after the whole batch is committed: whatever happens before,
they come again, and the desk knows what it has handled.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.desk import Desk, NotKept
from bot.groups import Groups
from bot.telegram_calls import PATIENCE, Patience, seconds
from bot.telegram_group import GroupChats
from bot.telegram_group_private import AtTable
from bot.telegram_group_screen import Screens
from bot.telegram_intake import Intake
from bot.telegram_notices import Notices
from bot.telegram_profile import introduce
from bot.telegram_raw import RawBot
from bot.telegram_reading import CHANNEL
from bot.telegram_request import AiohttpRequest, hush
from bot.telegram_sending import Sender
from content import Content

log = logging.getLogger(__name__)

POLL_SECONDS = 50
READY_SECONDS = 0.2
MOST = 100
# Each chat that is slow takes one, and so does each notice under way.
CONNECTIONS = 300
# Longer without a sign of life than a long poll and a retry take: not ready.
SILENT_SECONDS = 120.0
# Replies given up are tried again when Telegram was away and is back, else this often.
PAY_AGAIN_SECONDS = 600.0
# After a week without updates Telegram starts their numbers anew, perhaps lower.
FORGET_OFFSET_SECONDS = 6 * 86_400.0


class Telegram:
    """Serves residents on Telegram until cancelled. `api` is the Bot API's address without `/bot<token>`."""

    TROUBLES: ClassVar[dict[type[Exception], str]] = {
        Conflict: "another bot polls with this token",
        InvalidToken: "the token is refused",
    }

    def __init__(
        self,
        token: str,
        api: str,
        desk: Desk,
        content: Content,
        patience: Patience = PATIENCE,
        groups: Groups | None = None,
    ) -> None:
        hush()
        self._bot = RawBot(token, api, AiohttpRequest(CONNECTIONS), AiohttpRequest(2))
        self._desk, self._content, self._patience = desk, content, patience
        self._sender = Sender(self._bot, desk, patience)
        self._groups = groups
        self.screens: Screens | None = None
        chats = table = None
        if groups:
            self.screens = Screens(self._bot, groups, self._sender.calls, patience.edits)
            chats = GroupChats(self._bot, groups, content, self._sender.calls, self.screens)
            table = AtTable(groups, self.screens)
        self._intake = Intake(self._bot, desk, content, self._sender, chats, table)
        self._batch: asyncio.Task[None] | None = None
        self._profile: asyncio.Task[None] | None = None
        self._offset = self._confirmed = 0
        self._failures = self._not_kept = 0
        self._trouble = "not started"
        self._polled: float | None = None
        self._updated = time.monotonic()
        self._pay_at = 0.0
        self._owe_all = True

    def health(self) -> dict[str, object]:
        """Whether updates come in; seconds since Telegram last answered; replies waiting; updates parked."""
        age = None if self._polled is None else round(time.monotonic() - self._polled, 1)
        return {
            "ready": not self._trouble and age is not None and age < SILENT_SECONDS,
            "trouble": self._trouble,
            "last_poll_seconds": age,
            "queued": len(self._sender),
            "parked": self._intake.parked,
        }

    async def run(self) -> None:
        """Until cancelled; then finish the batch, send what can be sent within seconds, and close.

        May be run again afterwards: another process may have polled in between.
        """
        try:
            await self._until_well(self._begin)
            while True:
                await self._until_well(self._look)
        finally:
            if self._profile:
                self._profile.cancel()
            await self._end()

    async def notify(self) -> None:
        """Send what people asked to be told, until cancelled; one process does this for all."""
        await Notices(self._desk, self._sender.calls, lambda: bool(self.health()["ready"])).run()

    async def show_groups(self) -> None:
        """Keep what groups see as it is, until cancelled; one process does this for all."""
        if self.screens:
            while not self.health()["ready"]:  # noqa: ASYNC110  whatever it is that makes it ready
                await asyncio.sleep(READY_SECONDS)
            await self.screens.run()

    def _know_my_name(self) -> None:
        if self._groups:
            self._groups.bot = self._bot.username

    async def _until_well(self, do: Callable[[], Awaitable[object]]) -> None:
        """Do this until it goes well: whatever fails is tried again after a pause."""
        while True:
            try:
                await do()
            except Exception as error:
                await self._unwell(error)
            else:
                return self._well()

    # ---------------------------------------------------------------- begin and end

    async def _begin(self) -> None:
        self._offset = self._confirmed = 0
        self._pay_at, self._owe_all = 0.0, True
        await self._bot.initialize()
        self._know_my_name()
        await self._bot.delete_webhook()
        self._profile = asyncio.create_task(self._introduce())

    async def _introduce(self) -> None:
        while True:
            try:
                return await introduce(self._bot, self._content)
            except TelegramError as error:
                log.info("the bot's commands are not set yet (%s)", type(error).__name__)
                await asyncio.sleep(self._patience.longest)

    async def _end(self) -> None:
        end = time.monotonic() + self._patience.flush
        if self._batch is not None and not self._batch.done():
            await asyncio.wait({self._batch}, timeout=self._patience.flush / 2)
            self._batch.cancel()
        await self._sender.flush(end - time.monotonic())
        if self._offset > self._confirmed:
            # It counts as soon as it arrives; Telegram may take its time with the answer.
            try:
                async with asyncio.timeout(self._patience.flush / 6):
                    await self._bot.raw_updates(self._offset, 1, 0)
            except (TelegramError, TimeoutError):
                log.info("the last updates could not be confirmed and will come again")
        await self._bot.shutdown()

    # ---------------------------------------------------------------- one look at Telegram

    async def _look(self) -> None:
        """One poll, and what it brought. Raises TelegramError."""
        await self._sender.room()
        if time.monotonic() - self._updated > FORGET_OFFSET_SECONDS:
            self._offset = self._confirmed = 0
        paying = time.monotonic() >= self._pay_at
        # Where something else waits to be done or known, the poll is a short one.
        raw = await self._bot.raw_updates(self._offset, MOST, 0 if paying or self._trouble else POLL_SECONDS)
        self._confirmed = self._offset
        if raw:
            self._updated = self._polled = time.monotonic()
            self._batch = asyncio.create_task(self._take(raw))
            # Cancelled in here, the batch goes on, and `_end` waits for it.
            await asyncio.shield(self._batch)
        if paying and len(raw) < MOST:
            await self._pay()
        if not paying:
            self._intake.met.clear()

    async def _take(self, raw: list[Any]) -> None:
        newest = await self._intake.take(raw)
        if newest is not None:
            self._offset, self._not_kept = newest + 1, 0
            return
        self._not_kept += 1
        await asyncio.sleep(self._patience.pause(self._not_kept))

    async def _pay(self) -> None:
        """Send what is owed: all of it after a start, later what was given up while Telegram was away.

        Whoever just got a reply (also to an update that came again) has it on its way already; who only
        tapped once more what counted before has not.
        """
        self._pay_at = time.monotonic() + PAY_AGAIN_SECONDS
        given_up = self._sender.given_up()
        if not self._owe_all and not given_up:
            return
        try:
            owed = await self._desk.owed(CHANNEL)
        except NotKept:
            self._pay_at, self._owe_all = time.monotonic() + self._patience.longest, True
            return
        for caller, reply in owed:
            if (self._owe_all or caller.address in given_up) and caller.address not in self._intake.met:
                self._sender.put_ready(caller, reply)
        self._owe_all = False

    # ---------------------------------------------------------------- how it goes

    def _well(self) -> None:
        if self._trouble and self._polled is not None:
            log.info("Telegram is reachable again")
            self._pay_at = 0.0
        self._trouble, self._failures, self._polled = "", 0, time.monotonic()

    async def _unwell(self, error: Exception) -> None:
        """Say once what is the matter, by its type only, and wait."""
        trouble = self.TROUBLES.get(type(error), f"not reachable ({type(error).__name__})")
        if trouble != self._trouble:
            log.warning("Telegram: %s; trying again", trouble)
        self._trouble = trouble
        self._failures += 1
        wait = self._patience.pause(self._failures)
        if isinstance(error, RetryAfter):
            wait = seconds(error)
            self._sender.hold_all(wait)
        await asyncio.sleep(wait)
