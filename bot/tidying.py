"""Retention while serving: every hour the leader lets go what is over; each process follows what others erased."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from bot.house import House
from storage import backup_files, retention, rewriting
from storage.database import begin_read, now
from storage.holds import held
from storage.retention import AT_ONCE, Terms
from storage.worker import NotKept

log = logging.getLogger(__name__)
T = TypeVar("T")

EVERY_SECONDS = 3600
STEADY_SECONDS = 60
FOLLOW_SECONDS = 10


class Tidying:
    """Applies the retention rules through the one writer, some rows at a time, so that nobody waits for it."""

    def __init__(self, house: House, steady: Callable[[], bool] = lambda: True) -> None:
        """`steady` tells whether the clock can be believed: nothing may go because it jumped."""
        settings = house.settings
        self._house, self._days, self._steady = house, settings.backup_days, steady
        days = settings.contact_days, settings.rows_days, settings.backup_days
        self._terms = Terms(*days, house.keys, bool(settings.export_url))

    async def run(self) -> None:
        """Until cancelled; the leader's."""
        while True:
            while not self._steady():  # noqa: ASYNC110  the clock's own watch says so, some time
                await asyncio.sleep(STEADY_SECONDS)
            try:
                if gone := await self.purge():
                    log.info("retention: %s", ", ".join(f"{n} {name}" for name, n in gone.items()))
            except NotKept:
                # A database that keeps nothing now is told of elsewhere; nothing hangs on this time.
                pass
            except Exception as error:
                # The type only: what a database says may hold what somebody wrote.
                log.error("retention: %s; going on", type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def purge(self) -> Counter[str]:
        """Apply every rule now; how many of each kind went. A second time nothing does."""
        gone: Counter[str] = Counter()
        due = await self._read(lambda conn: retention.due(conn, now(), self._terms))
        for name, over in due.items():
            for start in range(0, len(over), AT_ONCE):
                gone[name] += await self._house.worker.run(partial(self._drop, name, over[start : start + AT_ONCE]))
        if not await self._read(held):
            gone["backups"] = await asyncio.to_thread(backup_files.expire, self._house.settings.data, now(), self._days)
        # Also what an earlier erasure left to be written over.
        self._house.worker.erase_traces()
        return +gone

    async def follow(self, every: float = FOLLOW_SECONDS) -> None:
        """Until cancelled; every process's. What another process erased stands in no file of this one."""
        known = None
        while True:
            try:
                last = await self._read(rewriting.last)
                if known is not None and last != known:
                    self._house.worker.erase_traces()
                known = last
            except Exception as error:
                log.debug("cannot look for erasures: %s", type(error).__name__)
            await asyncio.sleep(every)

    def _drop(self, name: str, some: Sequence[str | int], conn: Connection) -> int:
        return retention.drop(conn, name, some, now(), self._terms)

    async def _read(self, look: Callable[[Connection], T]) -> T:
        def snapshot() -> T:
            with self._house.engine.connect() as conn:
                begin_read(conn)
                return look(conn)

        return await asyncio.to_thread(snapshot)
