"""Stopped under load: quickly and cleanly, and whoever was in the middle goes on at the next start.

What becomes of a process that is killed instead is told by test_soak.py.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from pathlib import Path

import pytest

from tests.botapi import BotApi
from tests.databases import BOTH
from tests.killing import OnTelegram, Street
from tests.process import Process, free_port
from tests.test_soak import all_settled, check_kept, check_log

__all__ = ["free_port"]

SEED = 77
PEOPLE = 30
STOP_SECONDS = 5.0


@BOTH
async def test_stopped_in_mid_walk_nothing_is_lost(tmp_path: Path, database: str) -> None:
    async with BotApi() as api:
        process = Process(tmp_path / "data", api, database)

        def make(number: int, hurry: object) -> OnTelegram:
            walker = OnTelegram(number, random.Random(SEED + number), hurry)  # type: ignore[arg-type]
            walker.begin(api)
            return walker

        street = Street(PEOPLE, make)
        street.open()
        await process.start()
        async with asyncio.timeout(20):
            while sum(len(one.given) for one in street.walkers) < 3 * PEOPLE:
                await asyncio.sleep(0.02)
                street.check()
        begun = time.monotonic()
        assert await process.end(signal.SIGTERM) == 0
        assert time.monotonic() - begun < STOP_SECONDS
        await process.start()
        await street.close()
        await all_settled(process, database)
        assert await process.end(signal.SIGTERM) == 0
    check_kept(street.walkers, process, database, "telegram")
    check_log(process, api)
    for one in street.walkers:
        assert one.repeated <= 0, f"a question came twice: {one.story}"


async def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    first = Process(tmp_path / "first" / "data", None)
    second = Process(tmp_path / "second" / "data", None)
    for one in (first, second):
        one.log.parent.mkdir()
    second.env["STADSDIALOOG_WEB"] = first.env["STADSDIALOOG_WEB"]
    await first.start()
    await first.serving()
    await second.start()
    with pytest.raises(AssertionError):
        await second.serving()
    assert await second.end(signal.SIGTERM) == 1
    taken = first.env["STADSDIALOOG_WEB"]
    assert second.log.read_text("utf8") == f"stadsdialoog: STADSDIALOOG_WEB: {taken} is already taken\n"
    assert await first.end(signal.SIGTERM) == 0
