"""A call to Telegram that is made until it is done: 429s obeyed, outages waited out, refusals understood."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from telegram import InlineKeyboardMarkup, InputFile
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from bot.telegram_pace import GROUP_SECONDS, Pace
from bot.telegram_raw import RawBot
from bot.telegram_screen import Part, keyboard

log = logging.getLogger(__name__)
T = TypeVar("T")

# Words of a 400 that say this chat cannot be written to, now or later.
NOBODY_THERE = ("chat not found", "user not found", "peer_id_invalid", "chat_id is empty", "have no rights")
# So many chats refused at once: it is not the chats, it is all of us.
EVERYBODY_AT = 3
ANSWER_TRIES = 3


@dataclass(frozen=True)
class Patience:
    """How long to keep trying: first and longest pause, how often a send is tried, seconds to flush at the end.

    In a group: seconds between two edits of its card, and in which it takes 20 messages and edits.
    """

    first: float = 0.5
    longest: float = 30.0
    tries: int = 8
    flush: float = 3.0
    # 15 edits a minute: five of the twenty messages and edits a group takes are left for posts.
    edits: float = 4.0
    minute: float = GROUP_SECONDS

    def pause(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row: doubling, capped, and never the same for all."""
        return min(self.longest, self.first * 2.0 ** min(failures, 16)) * random.uniform(0.5, 1.0)


PATIENCE = Patience()


class NobodyThere(Exception):
    """Blocked, deactivated or deleted: this chat cannot be written to."""


class GaveUp(Exception):
    """Telegram could not be reached for long."""


class Moved(Exception):
    """The group became a supergroup: from now on it is the chat `to`."""

    def __init__(self, to: str) -> None:
        super().__init__("the group became a supergroup")
        self.to = to


def seconds(error: RetryAfter) -> float:
    """How long Telegram wants us to wait."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


class Calls:
    """Calls of one bot. A 429 holds back its own chat; many at once hold back all."""

    def __init__(self, bot: RawBot, patience: Patience, pace: Pace | None = None) -> None:
        self.pace = pace or Pace(group_seconds=patience.minute)
        self._bot, self._patience = bot, patience
        self._held: dict[str, float] = {}
        self._all_held = 0.0

    def hold_all(self, wait: float) -> None:
        """Nothing goes out for this long (seconds)."""
        self._all_held = max(self._all_held, time.monotonic() + wait)

    def forget(self, chat: str) -> None:
        """This chat has nothing waiting: what held it back is not kept in memory."""
        if self._held.get(chat, 0.0) <= time.monotonic():
            self._held.pop(chat, None)

    async def send(self, chat: str, part: Part, started: bool = False) -> None:
        """Send one message, until it is there. Raises NobodyThere, Moved or GaveUp.

        `started`: nobody asked for it just now, and it goes at the pace of those. What Telegram refuses
        for good (a fault of ours) is logged and counts as done: it would be refused again.
        """
        await self.do(chat, lambda: self._send(chat, part), started)

    async def do(self, chat: str, call: Callable[[], Awaitable[T]], started: bool = False) -> T | None:
        """Make a call about this chat until it is done, as `send` does; None where it was refused for good."""
        failures = 0
        while True:
            await self._my_turn(chat, started)
            try:
                return await call()
            except RetryAfter as error:
                self._hold(chat, seconds(error))
            except ChatMigrated as error:
                raise Moved(str(error.new_chat_id)) from None
            except Forbidden:
                raise NobodyThere from None
            except BadRequest as error:
                _refused(error)
                return None
            except TelegramError as error:
                failures += 1
                if failures >= self._patience.tries:
                    raise GaveUp from None
                log.debug("a send failed (%s), trying again", type(error).__name__)
                await asyncio.sleep(self._patience.pause(failures))

    async def answer(self, query: str, toast: str, alert: bool = False, url: str = "") -> None:
        """Stop a button's spinning, with a short remark. Not worth more than a few tries: presses age fast."""
        for failures in range(ANSWER_TRIES):
            await self._my_turn("")
            try:
                await self._bot.answer(query, toast, alert, url)
                return
            except RetryAfter as error:
                await asyncio.sleep(seconds(error))
            except (BadRequest, Forbidden):
                return  # too old to be answered; what was tapped is kept all the same
            except TelegramError:
                await asyncio.sleep(self._patience.pause(failures))

    # ---------------------------------------------------------------- inside

    async def _send(self, chat: str, part: Part) -> None:
        markup = keyboard(part.say) if part.last else None
        if part.file is not None:
            document = InputFile(part.file.content, filename=part.file.name)
            caption = part.html or None
            under = InlineKeyboardMarkup.de_json({"inline_keyboard": markup}, None) if markup else None
            await self._bot.send_document(chat, document, caption=caption, parse_mode="HTML", reply_markup=under)
        else:
            await self._bot.say(chat, part.html, markup)

    async def _my_turn(self, chat: str, started: bool = False) -> None:
        if started:
            await self.pace.started(chat)
        await self.pace.group(chat)
        # A moment is waited for, which may be put off meanwhile: no event could tell.
        while (until := max(self._all_held, self._held.get(chat, 0.0))) > time.monotonic():  # noqa: ASYNC110
            await asyncio.sleep(until - time.monotonic())

    def _hold(self, chat: str, wait: float) -> None:
        now = time.monotonic()
        self._held[chat] = now + wait
        if sum(until > now for until in self._held.values()) >= EVERYBODY_AT:
            self.hold_all(wait)


def _refused(error: BadRequest) -> None:
    words = error.message.lower()
    if any(sign in words for sign in NOBODY_THERE):
        raise NobodyThere
    if "not modified" not in words:
        log.error("Telegram refused a message of ours; it is not sent again")
