"""`bot.py` when what it stands on fails: health turns red, people hear it once and kindly, and it goes on by itself."""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import insert, select
from sqlalchemy.engine import make_url

from bot.clock import Clock
from bot.house import House
from content import Content
from storage import outbox
from storage.database import now, open_engine
from storage.keeping import answers
from tests.botapi import BotApi, Resident
from tests.databases import on_server
from tests.process import ROOT, Process
from tests.test_push import waiting
from tests.test_telegram import choice, to_first_dilemma

SECONDS = 30.0


class Served:
    """`bot.py` with Telegram and the web chat, and what its staff port says of it."""

    def __init__(self, process: Process, client: aiohttp.ClientSession) -> None:
        self.process, self._client = process, client
        self._staff = f"http://{process.env['STADSDIALOOG_STAFF']}"

    async def health(self) -> tuple[int, list[str]]:
        """The status and the reasons."""
        async with self._client.get(f"{self._staff}/v1/health") as answer:
            return answer.status, (await answer.json())["reasons"]

    async def ready(self, part: str) -> str:
        """What the metrics say of one part: "1.0" or "0.0"."""
        key = {"Authorization": f"Bearer {self.process.env['STADSDIALOOG_STAFF_TOKEN']}"}
        async with self._client.get(f"{self._staff}/v1/metrics", headers=key) as answer:
            lines = (await answer.text()).splitlines()
        name = f'stadsdialoog_ready{{part="{part}"}} '
        return next(line.removeprefix(name) for line in lines if line.startswith(name))

    async def until(self, status: int, reason: str = "") -> None:
        """Wait until health says so."""
        async with asyncio.timeout(SECONDS):
            while (told := await self.health())[0] != status or (reason and reason not in told[1]):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    def chat(self) -> Any:
        """A page's line to the web chat."""
        return self._client.ws_connect(f"ws://{self.process.env['STADSDIALOOG_WEB']}/chat")

    @property
    def log(self) -> str:
        return self.process.log.read_text("utf8")


@pytest_asyncio.fixture
async def served(tmp_path: Path, database: str) -> AsyncIterator[Served]:
    """Started, and stopped at the end with nothing wrong."""
    async with BotApi() as api, aiohttp.ClientSession() as client:
        process = Process(tmp_path / "data", api, database, ROOT / "tests" / "shifting.py")
        (tmp_path / "clock").write_text("0")
        process.env |= {"TEST_CLOCK": str(tmp_path / "clock"), "STADSDIALOOG_STAFF_TOKEN": "k" * 32}
        process.api = api  # type: ignore[attr-defined]
        await process.start()
        await process.serving()
        one = Served(process, client)
        await one.until(200)
        yield one
        assert await process.end(15) == 0
        assert "Traceback" not in one.log


# ---------------------------------------------------------------- faults


@contextmanager
def full_disk(served: Served, database: str) -> Iterator[None]:
    """No file of this process may be written beyond a few kilobytes, of which its log has need: what a full
    disk says, and as late. An answer takes more pages than that, wherever in the journal it begins.
    """
    process = served.process.process
    assert process
    soft, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (served.process.log.stat().st_size + 8192, hard))
    yield
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def vanished(served: Served, database: str) -> Iterator[None]:
    """The database's file is somewhere else for a while."""
    file = next(Path(served.process.env["STADSDIALOOG_DATA"]).glob("*.db"))
    file.rename(file.with_suffix(".away"))
    yield
    file.with_suffix(".away").rename(file)


@contextmanager
def server_gone(served: Served, database: str) -> Iterator[None]:
    """PostgreSQL ends every connection and takes no new ones."""
    name = make_url(database).database
    on_server(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    on_server(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    yield
    on_server(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


Fault = Callable[[Served, str], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("database", "fault"),
    [("sqlite", full_disk), ("sqlite", vanished), ("postgresql", server_gone)],
    indirect=["database"],
)
async def test_a_database_that_fails_turns_health_red_and_nothing_is_lost(
    served: Served, database: str, fault: Fault, content: Content
) -> None:
    resident = Resident(served.process.api, 1001)  # type: ignore[attr-defined]
    shown = await to_first_dilemma(resident)
    with fault(served, database):
        await resident.tap(choice(shown, "a"))
        # PostgreSQL's connections are tried anew a few times first.
        assert (await resident.reply(within=SECONDS)).text == content.words("nl")("telegram.later")
        await served.until(503, "database")
        assert await served.ready("database") == "0.0"
        async with served.chat() as page:
            await page.send_json({"hello": {"visit": "", "seen": 0, "language": "nl"}})
            told = await page.receive_json(timeout=SECONDS)
            assert told.get("error") == "later" or told["missed"], "a page is not left without a word"
    assert "growth.reasons" in (await resident.reply(within=SECONDS)).data[0]
    await served.until(200)
    assert await served.ready("database") == "1.0"
    engine = open_engine(database or f"sqlite:///{served.process.env['STADSDIALOOG_DATA']}/stadsdialoog.db")
    with engine.connect() as conn:
        kept = conn.execute(select(answers.c.code).where(answers.c.item == "position")).scalars().all()
    engine.dispose()
    assert kept == ["a"]
    assert served.log.count("the database keeps nothing") == 1
    assert served.log.count("the database keeps again") == 1
    later = [one.text for one in resident.messages].count(content.words("nl")("telegram.later"))
    assert later <= 2, "one kind sentence, not one a second"


# ---------------------------------------------------------------- a clock that jumps


@pytest.mark.parametrize("seconds", [3 * 86_400, -3 * 86_400])
async def test_a_clock_that_jumps_is_told_and_loses_nothing(served: Served, tmp_path: Path, seconds: int) -> None:
    resident = Resident(served.process.api, 1001)  # type: ignore[attr-defined]
    shown = await to_first_dilemma(resident)
    (tmp_path / "clock").write_text(str(seconds))
    await served.until(503, "clock")
    assert await served.ready("clock") == "0.0"
    assert f"the clock jumped by {seconds:+d} seconds" in served.log
    begun = time.monotonic()
    await resident.tap(choice(shown, "a"))
    assert "growth.reasons" in (await resident.reply()).data[0]
    assert time.monotonic() - begun < 5, "nobody waits because of it"
    (tmp_path / "clock").write_text("0")
    await served.until(200)
    assert "the clock is back" in served.log


class Clocks:
    """The time of day a test wants, by way of the machine's own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wrong = 0.0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + self.wrong)


def test_a_new_time_is_believed_once_it_has_held(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    clocks, clock = Clocks(monkeypatch), Clock(believed=0.2)
    for wrong, steady in ((0.0, True), (30.0, True), (40.0, True), (4000.0, False), (4001.0, False)):
        clocks.wrong = wrong
        clock.look()
        assert clock.steady is steady, wrong
    assert clock.health() == {"ready": False, "jumped_seconds": 3961}
    time.sleep(0.25)
    clock.look()
    assert clock.steady
    clocks.wrong = 0.0
    clock.look()
    assert not clock.steady, "the other way is a jump too"
    clocks.wrong = 3990.0
    clock.look()
    assert clock.steady, "back where it was"
    assert [record.getMessage().split(" by ")[0].split(":")[0] for record in caplog.records] == [
        "the clock jumped",
        "the clock has been steady for 0 seconds",
        "the clock jumped",
        "the clock is back",
    ]


async def test_an_event_put_off_by_a_clock_that_was_ahead_does_not_wait_for_it(house: House) -> None:
    """The clock was a year ahead when a delivery failed, and nothing is given up for it either."""
    row = {"type": outbox.ERASED, "target": "url", "payload": b"{}", "tries": 1, "last_error": ""}
    year = timedelta(days=365)
    rows = [
        {**row, "id": "evt_ahead", "made_at": now() + year, "next_at": now() + year},
        {**row, "id": "evt_soon", "made_at": now(), "next_at": now() + timedelta(hours=20)},
    ]
    await house.worker.run(lambda conn: conn.execute(insert(outbox.outbox), rows))
    with house.engine.connect() as conn:
        assert [parcel.id for parcel in outbox.due(conn, now(), ("url",))] == ["evt_ahead"]
    assert await house.worker.run(lambda conn: outbox.expire(conn, now() + year)) == 0
    assert len(await waiting(house)) == 2
