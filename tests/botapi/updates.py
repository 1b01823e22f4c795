"""The queue of updates, by the rules of the official server: confirming, expiring, long polls, conflicts."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from tests.botapi.clock import Clock
from tests.botapi.errors import OTHER_POLLER, WEBHOOK_ACTIVE, Refused

# Seconds an update waits in the queue before it is gone.
LIFETIME = {"callback_query": 150.0, "inline_query": 30.0}
DAY = 86_400.0
NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
LONGEST_POLL = 50
MOST = 100
FIRST = 41_000_001


@dataclass
class Waiting:
    """An update with the moment it expires."""

    update: dict[str, Any]
    until: float

    @property
    def id(self) -> int:
        return int(self.update["update_id"])


class Updates:
    """Updates in order of their ids, which rise by one. `confirmed` is the newest offset that was asked for."""

    def __init__(self, clock: Clock, first: int = FIRST) -> None:
        self.waiting: list[Waiting] = []
        self.confirmed = 0
        self.webhook = ""
        self.conflict_delay = 3.0
        self.damping = True
        self.allowed: list[str] = []
        self._clock = clock
        self._next = first
        self._past: list[Waiting] = []
        self._news = asyncio.Event()
        self._poll: asyncio.Future[None] | None = None
        self._asked: tuple[int, float] = (0, 0.0)
        self._next_conflict = 0.0

    @property
    def idle(self) -> bool:
        """Whether a long poll is waiting and there is nothing for it."""
        return self._poll is not None and not self._poll.done() and not self.waiting

    def put(self, kind: str, payload: dict[str, Any]) -> int:
        """Queue one update and return its id; 0 when the bot did not ask for this kind."""
        wanted = kind in self.allowed if self.allowed else kind not in NOT_BY_DEFAULT
        if not wanted and kind in _KNOWN:
            return 0
        number, self._next = self._next, self._next + 1
        until = self._clock.now() + LIFETIME.get(kind, DAY)
        self.waiting.append(Waiting({"update_id": number, kind: payload}, until))
        self._news.set()
        return number

    def delivered(self, one: Waiting) -> None:
        """A webhook took this one: it is gone from the queue, wherever it stood in it."""
        self.waiting.remove(one)
        self._past.append(one)

    def ready(self) -> list[Waiting]:
        """What waits and is not too old, in order."""
        return self._ready(0)

    async def news(self) -> None:
        """Wait until something is put into the queue."""
        self._news.clear()
        await self._news.wait()

    def redeliver(self, count: int) -> list[int]:
        """Put the last `count` confirmed updates back, with the ids they had."""
        back, self._past = self._past[-count:] if count else [], self._past[:-count] if count else self._past
        self.waiting[:0] = back
        self._news.set()
        return [one.id for one in back]

    async def get(self, offset: int, limit: int, wait: int, allowed: list[str] | None) -> list[dict[str, Any]]:
        """One getUpdates call. A long poll ends 1-2 ms after the first update is there."""
        if self.webhook:
            raise await self.conflict(WEBHOOK_ACTIVE)
        if allowed is not None:
            self.allowed = allowed
        limit = limit if 0 < limit <= MOST else MOST
        wait = min(max(wait, 0), LONGEST_POLL)
        limit, wait = self._damped(offset, limit, wait)
        self._confirm(offset)
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(Refused(409, OTHER_POLLER))
            self._poll.exception()  # asked for, so that asyncio does not complain when nobody else asks
        self._poll = poll = asyncio.get_running_loop().create_future()
        try:
            await self._until_some(offset, wait, poll)
        except Refused as refused:
            raise await self.conflict(refused.description) from None
        finally:
            if not poll.done():
                poll.cancel()
        return [one.update for one in self._ready(offset)[:limit]]

    async def conflict(self, words: str) -> Refused:
        """A 409; the second within three seconds is answered only after a delay."""
        if time.monotonic() < self._next_conflict:
            await asyncio.sleep(self.conflict_delay)
        self._next_conflict = time.monotonic() + self.conflict_delay
        return Refused(409, words)

    # ---------------------------------------------------------------- inside

    def _damped(self, offset: int, limit: int, wait: int) -> tuple[int, int]:
        """The server slows a poller that asks for the same offset again and again."""
        asked, when = self._asked
        now = time.monotonic()
        self._asked = (offset, now)
        if not self.damping or offset != asked:
            return limit, wait
        if now < when + 0.5:
            limit = 1
        return limit, 3 if wait < 3 and now < when + 3 else wait

    def _confirm(self, offset: int) -> None:
        """A higher offset deletes what is older; a negative one keeps only that many."""
        if offset < 0:
            offset = self.waiting[offset:][0].id if self.waiting else 0
        self._past += [one for one in self.waiting if one.id < offset]
        self.waiting = [one for one in self.waiting if one.id >= offset]
        self.confirmed = max(self.confirmed, offset)

    def _ready(self, offset: int) -> list[Waiting]:
        now = self._clock.now()
        self.waiting = [one for one in self.waiting if one.until > now]
        return [one for one in self.waiting if one.id >= offset]

    async def _until_some(self, offset: int, wait: int, poll: asyncio.Future[None]) -> None:
        end = time.monotonic() + wait
        while not self._ready(offset) and (left := end - time.monotonic()) > 0:
            self._news.clear()
            news: asyncio.Future[Any] = asyncio.ensure_future(self._news.wait())
            either: set[asyncio.Future[Any]] = {news, poll}
            try:
                await asyncio.wait(either, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                news.cancel()
            if poll.done():
                poll.result()
            if self._ready(offset):
                await asyncio.sleep(0.0015)


_KNOWN = {
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "inline_query",
    "poll",
    "poll_answer",
    "my_chat_member",
    *NOT_BY_DEFAULT,
}
