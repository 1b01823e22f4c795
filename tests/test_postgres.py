"""Several processes on one PostgreSQL: one after the other for each person, one of them leads, one may die."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import Connection, Engine, insert, select, text

from bot.desk import Caller
from bot.house import House, build
from bot.settings import Settings
from content import Content
from conversations.shapes import Tapped, Typed
from storage.database import migrate, open_engine
from storage.keeping import answers, marks, participants
from storage.keys import Keys
from storage.locks import Leader
from tests.botapi import BotApi
from tests.databases import BOTH, ONLY_POSTGRESQL, on_server
from tests.killing import OnTelegram
from tests.process import KEY, free_port
from tests.test_desk import begin
from tests.test_soak import by_address

ROOT = Path(__file__).parent.parent
KEYS = Keys(bytes.fromhex(KEY))
SEED = 1648
PEOPLE = 40
PROCESSES = 3
UNTIL_KILLED = 160


@pytest_asyncio.fixture
async def houses(settings: Settings) -> AsyncIterator[list[House]]:
    """Two of what a process has, on one database."""
    both = [build(settings), build(settings)]
    for house in both:
        house.worker.start()
    yield both
    for house in both:
        await house.worker.stop()
        house.engine.dispose()


def deadlocks(engine: Engine) -> int:
    on_server("SELECT pg_stat_force_next_flush()")
    return int(str(on_server(f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{engine.url.database}'")[0][0]))


# ---------------------------------------------------------------- one after the other for each person


@ONLY_POSTGRESQL
async def test_the_same_first_tap_in_two_processes_makes_one_participant(houses: list[House]) -> None:
    desks = [house.desk() for house in houses]
    callers = [Caller("telegram", f"81{n:06}", "nl") for n in range(30)]
    yes = Tapped("count_me", "yes", "nl")
    told = await asyncio.gather(*(desk.hear(caller, yes) for caller in callers for desk in desks))
    assert all(reply.counted for reply in told)
    with houses[0].engine.connect() as conn:
        assert len(conn.execute(select(participants.c.id)).all()) == len(callers)


@ONLY_POSTGRESQL
async def test_batches_that_meet_in_opposite_orders_never_wait_for_each_other(houses: list[House]) -> None:
    people = [f"person {n}" for n in range(40)]

    def raise_it(name: str) -> Callable[[Connection], None]:
        def work(conn: Connection) -> None:
            value = int(conn.execute(select(marks.c.value).where(marks.c.name == name)).scalar_one())
            conn.execute(marks.update().where(marks.c.name == name).values(value=str(value + 1)))

        return work

    with houses[0].engine.begin() as conn:
        conn.execute(insert(marks), [{"name": name, "value": "0"} for name in people])
    there, back = houses
    jobs: list[Awaitable[None]] = []
    for _ in range(10):
        jobs += [there.worker.run(raise_it(name), name) for name in people]
        jobs += [back.worker.run(raise_it(name), name) for name in reversed(people)]
    await asyncio.gather(*jobs)
    with houses[0].engine.connect() as conn:
        values = set(conn.execute(select(marks.c.value).where(marks.c.name.in_(people))).scalars())
    assert values == {"20"}
    assert deadlocks(houses[0].engine) == 0


@ONLY_POSTGRESQL
async def test_who_loses_a_deadlock_is_run_again(houses: list[House]) -> None:
    def both(first: str, second: str) -> Callable[[Connection], None]:
        def work(conn: Connection) -> None:
            for name in (first, second):
                conn.execute(text("UPDATE mark SET value = value || :name WHERE name = :name"), {"name": name})
                conn.execute(text("SELECT pg_sleep(0.3)"))

        return work

    with houses[0].engine.begin() as conn:
        conn.execute(insert(marks), [{"name": "x", "value": ""}, {"name": "y", "value": ""}])
    await asyncio.gather(houses[0].worker.run(both("x", "y")), houses[1].worker.run(both("y", "x")))
    with houses[0].engine.connect() as conn:
        assert set(conn.execute(select(marks.c.value).where(marks.c.name.in_(("x", "y")))).scalars()) == {"xx", "yy"}
    assert deadlocks(houses[0].engine) == 1
    assert all(house.worker.healthy for house in houses)


@ONLY_POSTGRESQL
async def test_a_person_who_speaks_to_both_is_answered_in_order(houses: list[House]) -> None:
    desks, caller = [house.desk() for house in houses], Caller("telegram", "8200001", "nl")
    await begin(desks[0], caller)
    said = ["overslaan", "groeien", "overslaan", "rustig"]
    for number, words in enumerate(said):
        await desks[number % 2].hear(caller, Typed(words), str(number))
    again = [desk.hear(caller, Typed(words), str(n)) for n, words in enumerate(said) for desk in desks]
    await asyncio.gather(*again)
    with houses[0].engine.connect() as conn:
        kept = conn.execute(select(answers.c.item, answers.c.code).order_by(answers.c.id)).all()
    assert [tuple(row) for row in kept] == [("dream", ""), ("position", "a"), ("reasons", ""), ("position", "b")]


@ONLY_POSTGRESQL
async def test_processes_that_start_together_migrate_once(database: str) -> None:
    engines = [open_engine(database) for _ in range(4)]
    await asyncio.gather(*(asyncio.to_thread(migrate, engine) for engine in engines))
    for engine in engines:
        engine.dispose()


# ---------------------------------------------------------------- one leads


END_THE_LEADER = """
    SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Duty:
    """Something only the leader does; remembers who is at it."""

    def __init__(self, at_it: set[str], name: str) -> None:
        self.at_it, self.name, self.begun = at_it, name, 0

    async def __call__(self) -> None:
        self.at_it.add(self.name)
        self.begun += 1
        try:
            if self.begun == 1:
                raise ValueError("a duty that fails is begun again")
            await asyncio.Event().wait()
        finally:
            self.at_it.discard(self.name)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@ONLY_POSTGRESQL
async def test_one_process_leads_and_another_takes_over_when_its_connection_is_lost(houses: list[House]) -> None:
    at_it: set[str] = set()
    leaders = [Leader(house.engine, 0.1) for house in houses]
    duties = [Duty(at_it, str(number)) for number in range(2)]
    tasks = [asyncio.create_task(one.lead(duty)) for one, duty in zip(leaders, duties, strict=True)]

    await until(lambda: len(at_it) == 1)
    for _ in range(5):
        await asyncio.sleep(0.3)
        times = sum(duty.begun for duty in duties)
        assert at_it == {str(number) for number, one in enumerate(leaders) if one.held}
        with houses[0].engine.connect() as conn:
            assert conn.execute(text(END_THE_LEADER)).scalars().all() == [True]
        await until(lambda: sum(duty.begun for duty in duties) > times)  # noqa: B023  waited for here
        await until(lambda: len(at_it) == sum(one.held for one in leaders) == 1)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert at_it == set()


@BOTH
async def test_who_stops_leading_lets_the_next_one_begin(house: House) -> None:
    at_it: set[str] = set()
    for _ in range(2):
        task = asyncio.create_task(Leader(house.engine, 0.1).lead(Duty(at_it, "only")))
        await until(lambda: at_it == {"only"})
        task.cancel()
        await asyncio.wait([task])
        assert at_it == set()


async def test_who_is_stopped_in_the_moment_of_a_look_stops(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.get_running_loop().create_future()

    async def aside(function: Callable[[], object]) -> object:
        return await looked

    monkeypatch.setattr(asyncio, "to_thread", aside)
    task = asyncio.create_task(Leader(house.engine, 0.01).lead())
    await asyncio.sleep(0.05)
    looked.set_result(True)
    task.cancel()

    assert await asyncio.wait([task], timeout=5) == ({task}, set())


# ---------------------------------------------------------------- one dies


class Resident:
    """A page that keeps what was not acknowledged, and goes to another process when its own is gone."""

    def __init__(self, number: int, ports: list[int], meant: Counter[tuple[str, str]]) -> None:
        self.chance, self.ports, self.meant = random.Random(SEED + number), ports, meant
        self.port = ports[number % len(ports)]
        self.visit, self.waiting = "", {"": ""}
        self.moved = 0

    async def walk(self, client: aiohttp.ClientSession) -> None:
        """From the welcome to the goodbye."""
        self.waiting = {}
        for _ in range(20):
            with suppress(aiohttp.ClientError, ConnectionError, TimeoutError, TypeError):
                return await self._visit(client)
            self.moved += 1
            self.port = self.chance.choice([port for port in self.ports if port != self.port])
            await asyncio.sleep(0.1)
        raise AssertionError("no process serves")

    async def _visit(self, client: aiohttp.ClientSession) -> None:
        async with client.ws_connect(f"ws://127.0.0.1:{self.port}/chat") as socket:
            await socket.send_json({"hello": {"visit": self.visit, "seen": 0, "language": "nl"}})
            hello = await socket.receive_json(timeout=5)
            self.visit = hello.get("visit", self.visit)
            frame = hello["missed"][-1]
            while self.waiting or (said := self._answer(frame)):
                self.waiting = self.waiting or {"id": secrets.token_urlsafe(12), "tap": said}
                await socket.send_json(self.waiting)
                frame = await socket.receive_json(timeout=5)
                while frame.get("ack") != self.waiting["id"]:
                    # What this process was still at when the page went elsewhere.
                    frame = await socket.receive_json(timeout=5)
                self.waiting = {}

    def _answer(self, frame: dict[str, Any]) -> str:
        """The tap with which the question of this frame is answered; empty at the goodbye."""
        buttons = [button for say in frame["says"] for row in say["buttons"] for button in row]
        at = buttons[0]["data"].partition(":")[0]
        label = {
            "language": "Nederlands",
            "count_me": "Ja, ik doe mee",
            "dream": "Overslaan",
            "age": "Alle drie overslaan",
        }
        if at == "goodbye":
            return ""
        if at in label:
            return next(str(b["data"]) for b in buttons if b["label"] == label[at])
        item = at.rpartition(".")[2]
        data = str(buttons[self.chance.randrange({"position": 5, "reasons": 4}.get(item, 1))]["data"])
        if item in ("position", "reasons"):
            self.meant[at, data.split(":")[1]] += 1
        return data


class Process:
    """`bot.py` serving the database on ports of its own."""

    def __init__(self, folder: Path, database: str, api: BotApi) -> None:
        self.port, self.log = free_port(), folder / "log.txt"
        folder.mkdir()
        self.env = {
            "PATH": os.environ["PATH"],
            "STADSDIALOOG_DATA": str(folder),
            "STADSDIALOOG_DATABASE": database,
            "STADSDIALOOG_PSEUDONYM_KEY": KEY,
            "STADSDIALOOG_WEB": f"127.0.0.1:{self.port}",
            "STADSDIALOOG_STAFF": f"127.0.0.1:{free_port()}",
            "STADSDIALOOG_TELEGRAM_TOKEN": api.token,
            "STADSDIALOOG_TELEGRAM_API": api.address,
            "STADSDIALOOG_TELEGRAM_WEBHOOK": "https://praat.example",
        }

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[asyncio.subprocess.Process]:
        with self.log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(ROOT / "bot.py"), env=self.env, stdout=log, stderr=log, cwd=self.log.parent
            )
        try:
            async with asyncio.timeout(90):
                while "web chat" not in self.log.read_text("utf8"):
                    assert process.returncode is None, self.log.read_text("utf8")
                    await asyncio.sleep(0.05)
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await asyncio.wait_for(process.wait(), 20)


@ONLY_POSTGRESQL
async def test_three_processes_serve_and_one_of_them_dies(database: str, tmp_path: Path, content: Content) -> None:
    """Pages and Telegram's webhooks alike: whoever talked to it goes on at another one."""
    meant: Counter[tuple[str, str]] = Counter()
    async with BotApi() as api:
        machines = [Process(tmp_path / str(n), database, api) for n in range(PROCESSES)]
        api.webhooks.behind = [f"http://127.0.0.1:{one.port}" for one in machines]
        on_pages = [Resident(n, [one.port for one in machines], meant) for n in range(PEOPLE)]
        # They think a little: behind who taps within a millisecond, what is paid late may land on the next question.
        on_telegram = [OnTelegram(n, random.Random(SEED + n), lambda: False) for n in range(PEOPLE // 2)]
        for one in on_telegram:
            one.begin(api)
        serving = [one.serving() for one in machines]
        processes = await asyncio.gather(*(one.__aenter__() for one in serving))
        try:
            async with aiohttp.ClientSession() as client, asyncio.timeout(180):
                walks = [asyncio.create_task(one.walk(client)) for one in on_pages]
                walks += [asyncio.create_task(one.walk()) for one in on_telegram]
                await until_or_failed(lambda: meant.total() >= UNTIL_KILLED, walks)
                processes[0].send_signal(signal.SIGKILL)
                await asyncio.gather(*walks)
        finally:
            await asyncio.gather(*(one.__aexit__(None, None, None) for one in serving))
    moved = sum(one.moved > 0 for one in on_pages)
    assert moved >= 5, "killed too late to prove anything"
    engine = open_engine(database)
    with engine.connect() as conn:
        query = select(answers, participants.c.channel).join(participants, answers.c.participant == participants.c.id)
        rows = conn.execute(query.where(answers.c.current, answers.c.item.in_(("position", "reasons")))).all()
        people = conn.execute(select(participants.c.status)).scalars().all()
    found = by_address(engine)
    engine.dispose()
    assert Counter((f"{row.dilemma}.{row.item}", row.code) for row in rows if row.channel == "web") == meant
    assert Counter((row.participant, row.dilemma, row.item) for row in rows).most_common(1)[0][1] == 1
    assert people.count("finished") == len(on_pages) + len(on_telegram)
    for one in on_telegram:
        kept = found[KEYS.address("telegram", str(one.resident.chat.id))]
        assert sorted(at for at, _ in kept) == sorted(one.given), one.story
        assert all(code in one.given[at] for at, code in kept), one.story
    for machine in machines:
        assert "Traceback" not in machine.log.read_text("utf8")
        assert "ERROR" not in machine.log.read_text("utf8"), machine.log.read_text("utf8")


async def until_or_failed(true: Callable[[], bool], tasks: list[asyncio.Task[None]]) -> None:
    while not true():
        await asyncio.sleep(0.01)
        for task in tasks:
            if task.done():
                task.result()
