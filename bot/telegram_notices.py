"""What the bot starts itself: notices people asked for, slower than replies and never in their way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from bot.desk import Desk, Notice, NotKept
from bot.telegram_calls import Calls, GaveUp, NobodyThere
from bot.telegram_reading import CHANNEL
from bot.telegram_screen import parts

log = logging.getLogger(__name__)

LOOK_SECONDS = 20.0
AT_ONCE = 100
# Telegram takes about 30 messages a second that nobody asked for just now; each chat gets one here.
A_SECOND = 28


class Notices:
    """Run `run()` in a task; cancel it to stop. A notice cut off before its row was taken away may come twice."""

    def __init__(self, desk: Desk, calls: Calls, ready: Callable[[], bool] = lambda: True) -> None:
        self._desk, self._calls, self._ready = desk, calls, ready

    async def run(self) -> None:
        """Look every so often for notices, while Telegram can be reached, and send them."""
        while True:
            sent = 0
            if self._ready():
                with suppress(NotKept):
                    sent = await self.send()
            if sent < AT_ONCE:
                await asyncio.sleep(LOOK_SECONDS)

    async def send(self) -> int:
        """Send what is waiting, at most AT_ONCE; how many were looked at."""
        waiting = await self._desk.notices(CHANNEL, AT_ONCE)
        going = []
        for notice in waiting:
            going.append(asyncio.create_task(self._one(notice)))
            await asyncio.sleep(1 / A_SECOND)
        await asyncio.gather(*going)
        return len(waiting)

    async def _one(self, notice: Notice) -> None:
        try:
            for part in parts(notice.say):
                await self._calls.send(notice.caller.address, part)
        except NobodyThere:
            await self._desk.unreachable(notice.caller)
        except GaveUp:
            log.warning("a notice could not be sent; it is tried again later")
        else:
            await self._desk.told(notice)
