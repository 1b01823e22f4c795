"""Replies on their way to Telegram: in order within a chat, different chats side by side."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from bot.desk import Caller, Desk, NotKept, Reply
from bot.telegram_calls import Calls, GaveUp, Moved, NobodyThere, Patience
from bot.telegram_raw import RawBot
from bot.telegram_screen import Part, parts, short

log = logging.getLogger(__name__)

# More replies than this waiting for one chat: older questions among them are not worth sending.
BACKLOG = 3
# More replies than this waiting in all: nothing more is taken in.
FULL = 2000

Coming = asyncio.Future[Reply | None]
Line = deque[tuple[Caller, Coming]]


class Sender:
    """Lines of replies, one a chat. A reply may be put in line before it is there: that keeps the order."""

    def __init__(self, bot: RawBot, desk: Desk, patience: Patience) -> None:
        self.calls, self._desk = Calls(bot, patience), desk
        self._lines: dict[str, Line] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._working: dict[str, asyncio.Task[None]] = {}
        self._moved = asyncio.Event()
        self._given_up: set[str] = set()

    def __len__(self) -> int:
        """Replies that wait or are being sent."""
        return sum(map(len, self._lines.values()))

    def __contains__(self, chat: object) -> bool:
        """Whether a reply for this chat waits or is being sent."""
        return chat in self._lines

    def put(self, caller: Caller, coming: Coming) -> None:
        """Next in line for this chat. None as its result means there is nothing to send."""
        line = self._lines.get(caller.address)
        if line is not None:
            line.append((caller, coming))
            return
        self._lines[caller.address] = deque([(caller, coming)])
        self._working[caller.address] = self._start(self._work(caller.address))

    def put_ready(self, caller: Caller, reply: Reply) -> None:
        """Next in line, for a reply that is there already."""
        coming: Coming = asyncio.get_running_loop().create_future()
        coming.set_result(reply)
        self.put(caller, coming)

    async def delivered(self, chat: str, within: float) -> None:
        """Wait until nothing waits for this chat, for at most so many seconds."""
        if (work := self._working.get(chat)) is not None:
            await asyncio.wait({work}, timeout=within)

    def answer(self, query: str, toast: str, alert: bool = False, url: str = "") -> None:
        """Answer a press. Beside the lines: it waits for nobody."""
        self._start(self.calls.answer(query, short(toast), alert, url))

    def hold_all(self, wait: float) -> None:
        """Nothing goes out for this long (seconds)."""
        self.calls.hold_all(wait)

    def given_up(self) -> set[str]:
        """The chats whose replies were given up since this was last asked."""
        gone, self._given_up = self._given_up, set()
        return gone

    async def room(self) -> None:
        """Wait while more is waiting than is good for our memory."""
        while len(self) > FULL:
            self._moved.clear()
            await self._moved.wait()

    async def flush(self, within: float) -> None:
        """Send what waits, for at most this long (seconds), and then stop. What is left stays owed."""
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=max(within, 0.0))
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    # ---------------------------------------------------------------- a chat's line

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        job = asyncio.create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return job

    async def _work(self, chat: str) -> None:
        line = self._lines[chat]
        try:
            while line:
                caller, coming = line[0]
                # With a backlog all of it is looked at, before the first of it is sent.
                await asyncio.wait({coming} if len(line) <= BACKLOG else {one for _, one in line})
                reply = _result(coming)
                if reply is None or await self._deliver(caller, reply, line):
                    line.popleft()
                else:
                    line.clear()
                self._moved.set()
        finally:
            del self._lines[chat], self._working[chat]
            self.calls.forget(chat)

    async def _deliver(self, caller: Caller, reply: Reply, line: Line) -> bool:
        """Send one reply. False when nobody is there any more."""
        overtaken = _overtaken(line)
        says = [say for say in reply.says if not (overtaken and say.question)]
        try:
            if await self._desk.overtaken(reply):
                says = []
            for part in chain.from_iterable(parts(say, reply.file) for say in says):
                caller = await self._send(caller, part)
            await self._desk.sent(reply)
        except (NobodyThere, Moved):
            await self._lost(caller)
            return False
        except GaveUp:
            self._given_up.add(caller.address)
            log.warning("a reply could not be sent and stays owed")
        except NotKept:
            log.warning("that a reply was sent could not be kept")
        except Exception as error:
            # A fault of ours with one reply must not stop the chat's line. The words may be a resident's.
            log.error("a reply was lost: %s", type(error).__name__)
        return True

    async def _send(self, caller: Caller, part: Part) -> Caller:
        """Send one message; where the caller is from now on."""
        try:
            await self.calls.send(caller.address, part)
        except Moved as moved:
            await self._desk.moved(caller, moved.to)
            caller = replace(caller, address=moved.to)
            await self.calls.send(caller.address, part)
        return caller

    async def _lost(self, caller: Caller) -> None:
        try:
            await self._desk.unreachable(caller)
        except NotKept:
            log.warning("that a chat is unreachable could not be kept")


def _result(coming: Coming) -> Reply | None:
    """The reply, when its turn was kept. Why it was not is told where it was handed in."""
    return None if coming.cancelled() or coming.exception() else coming.result()


def _overtaken(line: Line) -> bool:
    """Whether so many replies wait behind this one that its question is an old one by now."""
    if len(line) <= BACKLOG:
        return False
    later = [reply for _, coming in islice(line, 1, None) if coming.done() and (reply := _result(coming))]
    return len(later) >= BACKLOG and any(say.question for reply in later for say in reply.says)
