"""The time in groups: every second whoever leads looks whose stage is over."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from bot.groups import Groups
from storage.worker import NotKept

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class GroupTime:
    """`run()` until cancelled. The end of a stage is kept in the database: a restart loses none."""

    def __init__(self, groups: Groups, look: float = LOOK_SECONDS) -> None:
        self._groups, self._look = groups, look

    async def run(self) -> None:
        while True:
            with suppress(NotKept):
                await self._groups.keep_time()
            await asyncio.sleep(self._look)
