"""What the bot starts itself: notices people asked for, slower than replies and never in their way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from bot.desk import Desk, Notice, NotKept
from bot.telegram_calls import Calls, GaveUp, Moved, NobodyThere
from bot.telegram_reading import CHANNEL
from bot.telegram_screen import parts

log = logging.getLogger(__name__)

LOOK_SECONDS, READY_SECONDS = 20.0, 1.0
# So many at a time: who takes an agreement back is heeded within about a second.
AT_ONCE = 30
# So many chats may be slow at once before the others wait.
UNDER_WAY = 60


class Notices:
    """Run `run()` in a task; cancel it to stop. A notice cut off before its row was taken away may come twice."""

    def __init__(self, desk: Desk, calls: Calls, ready: Callable[[], bool] = lambda: True) -> None:
        self._desk, self._calls, self._ready = desk, calls, ready
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Look every so often for notices, while Telegram can be reached, and send them."""
        try:
            while True:
                with suppress(NotKept):
                    await self.send()
                await asyncio.sleep(LOOK_SECONDS if self._ready() else READY_SECONDS)
        finally:
            for task in self._under_way:
                task.cancel()

    async def send(self) -> int:
        """Send all that is waiting, each once; how many were looked at. One that fails waits for the next look."""
        looked_at, after = 0, ("", "")
        while self._ready() and (waiting := await self._desk.notices(CHANNEL, AT_ONCE, after)):
            for notice in waiting:
                await self._room()
                task = asyncio.create_task(self._one(notice))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            looked_at, after = looked_at + len(waiting), waiting[-1].key
        if self._under_way:
            await asyncio.wait(self._under_way)
        return looked_at

    async def _room(self) -> None:
        while len(self._under_way) >= UNDER_WAY:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        await self._calls.pace.free()

    async def _one(self, notice: Notice) -> None:
        try:
            for part in parts(notice.say):
                await self._calls.send(notice.caller.address, part, started=True)
            await self._desk.told(notice)
        except (NobodyThere, Moved):
            with suppress(NotKept):
                await self._desk.unreachable(notice.caller)
        except (GaveUp, NotKept):
            log.warning("a notice could not be sent; it is tried again later")
        except Exception as error:
            # A fault of ours with one notice must not stop the others. The words may be a resident's.
            log.error("a notice could not be sent: %s", type(error).__name__)
