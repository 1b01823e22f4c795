"""A database that fails: nothing acknowledged is lost, nothing is half-written, and it recovers without a restart."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Connection, event, insert, select, text
from sqlalchemy.exc import IntegrityError

from bot.desk import Caller, NotKept
from bot.house import House, build
from bot.settings import Settings
from conversations.shapes import Commanded, Typed
from storage.cache import FOLDER
from storage.changes import CHANGES
from storage.database import begin_read, open_engine
from storage.keeping import answers, marks
from storage.overview import corrections
from storage.worker import Worker
from tests.databases import BOTH, ONLY_POSTGRESQL, on_server
from tests.test_desk import begin, pick

BUSY_SECONDS = 0.3
PEOPLE = 8
LONG = "aan de Maas " * 150


@pytest_asyncio.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """A house whose writer does not wait long for a lock."""
    built = build(settings)
    built.engine.dispose()
    engine = open_engine(settings.database_address, BUSY_SECONDS)
    quick = replace(built, engine=engine, worker=Worker(engine))
    quick.worker.start()
    yield quick
    await quick.worker.stop()
    engine.dispose()


# ---------------------------------------------------------------- faults


@contextmanager
def _with_pragma(house: House, during: str, after: str) -> Iterator[None]:
    now = [during]

    @event.listens_for(house.engine, "checkout")
    def tell(connection: sqlite3.Connection, record: object, proxy: object) -> None:
        connection.execute(now[0])

    yield
    now[0] = after


@contextmanager
def full(house: House) -> Iterator[None]:
    """SQLite may not have one page more."""
    with house.engine.connect() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
    with _with_pragma(house, f"PRAGMA max_page_count={pages}", "PRAGMA max_page_count=1073741823"):
        yield


@contextmanager
def unwritable(house: House) -> Iterator[None]:
    """The system refuses to make any file longer than the journal is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    journal = Path(f"{house.engine.url.database}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal + 8192, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(house: House) -> Iterator[None]:
    """SQLite refuses to write."""
    with _with_pragma(house, "PRAGMA query_only=ON", "PRAGMA query_only=OFF"):
        yield


@contextmanager
def locked(house: House) -> Iterator[None]:
    """Another program holds the write lock, longer than anybody waits."""
    other = sqlite3.connect(house.engine.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


@contextmanager
def vanished(house: House) -> Iterator[None]:
    """The file is somewhere else."""
    file = Path(house.engine.url.database or "")
    file.rename(file.with_suffix(".away"))
    yield
    assert not file.exists(), "a new and empty database was made"
    file.with_suffix(".away").rename(file)


@contextmanager
def refusing(house: House) -> Iterator[None]:
    """PostgreSQL is there and takes no connections."""
    name = house.engine.url.database
    on_server(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    terminate(house)
    yield
    on_server(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@contextmanager
def on_standby(house: House) -> Iterator[None]:
    """PostgreSQL takes reads only, as after a failover to the wrong machine."""
    name = house.engine.url.database
    on_server(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    terminate(house)
    yield
    on_server(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    terminate(house)


@contextmanager
def table_locked(house: House) -> Iterator[None]:
    """Somebody rewrites tables, longer than anybody waits."""
    other = open_engine(house.settings.database)
    with other.connect() as conn:
        conn.exec_driver_sql("LOCK TABLE answer, mark IN ACCESS EXCLUSIVE MODE")
        yield
    other.dispose()


def terminate(house: House, condition: str = "true") -> None:
    """End the connections to this PostgreSQL database."""
    here = f"datname = '{house.engine.url.database}' AND {condition}"
    on_server(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {here}")


Fault = Callable[[House], AbstractContextManager[None]]
FAULTS = [("sqlite", one) for one in (full, unwritable, read_only, locked, vanished)]
FAULTS += [("postgresql", one) for one in (refusing, on_standby, table_locked)]


# ---------------------------------------------------------------- what holds in each of them


def own_words(house: House) -> list[str]:
    with house.engine.connect() as conn:
        return sorted(conn.execute(select(answers.c.text).where(answers.c.text != "")).scalars())


async def until_healthy(house: House) -> None:
    async with asyncio.timeout(10):
        while not house.worker.healthy:  # noqa: ASYNC110  a thread says so
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("database", "fault"), FAULTS, indirect=["database"])
async def test_in_a_fault_nothing_acknowledged_is_lost_and_it_passes_without_a_restart(
    house: House, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    desk = house.desk()
    callers = [Caller("telegram", f"71{n:06}", "nl") for n in range(PEOPLE)]
    await asyncio.gather(*(begin(desk, caller) for caller in callers))

    async def say(number: int) -> str:
        words = f"{number} {LONG}".strip()
        await desk.hear(callers[number], Typed(words), f"update-{number}")
        return words

    acknowledged: set[str] = set()
    with fault(house):
        for _ in range(2):
            told = await asyncio.gather(*(say(n) for n in range(PEOPLE)), return_exceptions=True)
            acknowledged |= {one for one in told if isinstance(one, str)}
            assert {type(one) for one in told} <= {str, NotKept}
            assert len(acknowledged) < PEOPLE
            assert not house.worker.healthy
        with pytest.raises(NotKept):  # a question that writes nothing is no proof of health
            await house.worker.run(lambda conn: conn.execute(text("select 1")).scalar_one())
        assert not house.worker.healthy
    await until_healthy(house)
    if fault is not vanished:  # there the commit is in the file, and only its answer was held back
        assert own_words(house) == sorted(acknowledged)
    told = await asyncio.gather(*(say(n) for n in range(PEOPLE)))
    assert own_words(house) == sorted(told)
    lines = [record.getMessage() for record in caplog.records if record.name == "storage.worker"]
    assert [line.split(":")[0] for line in lines] == ["the database keeps nothing", "the database keeps again"]
    assert "Maas" not in caplog.text


@ONLY_POSTGRESQL
async def test_a_connection_ended_in_the_middle_is_opened_again_and_the_batch_is_run_again(house: House) -> None:
    desk = house.desk()
    callers = [Caller("telegram", f"72{n:06}", "nl") for n in range(PEOPLE)]
    await asyncio.gather(*(begin(desk, caller) for caller in callers))
    with table_locked(house):
        waiting = [asyncio.create_task(desk.hear(caller, Typed("een zin"), str(n))) for n, caller in enumerate(callers)]
        await asyncio.sleep(BUSY_SECONDS / 3)
        await asyncio.to_thread(terminate, house, "wait_event_type = 'Lock'")
    await asyncio.gather(*waiting)
    assert own_words(house) == ["een zin"] * PEOPLE
    assert house.worker.healthy


async def test_a_file_that_vanished_is_not_written_on_into_nothing(house: House) -> None:
    desk, caller = house.desk(), Caller("telegram", "7300001", "nl")
    await begin(desk, caller)
    file = house.engine.url.database or ""
    os.unlink(file)
    with pytest.raises(NotKept):
        await desk.hear(caller, Typed("een zin"))
    with pytest.raises(NotKept):
        await desk.hear(caller, Typed("een zin"))
    assert not os.path.exists(file)  # noqa: ASYNC240


# ---------------------------------------------------------------- one bad piece of work


def violate(conn: Connection) -> None:
    conn.execute(insert(marks), [{"name": "half", "value": "written"}])
    conn.execute(insert(marks), [{"name": "key", "value": "twice"}])


def with_nul(conn: Connection) -> None:
    conn.execute(insert(marks), {"name": "nul", "value": "a\0b"})
    raise ValueError("SQLite keeps this, PostgreSQL does not")


def half_a_pair(conn: Connection) -> None:
    conn.execute(insert(marks), {"name": "half a pair", "value": "\ud83d"})


def no_such_table(conn: Connection) -> None:
    conn.execute(insert(marks), {"name": "half", "value": "written"})
    conn.exec_driver_sql("SELECT * FROM nowhere")


def panic(conn: Connection) -> None:
    raise BaseException("as some libraries do")


def stop_iteration(conn: Connection) -> None:
    next(iter(()))


@BOTH
@pytest.mark.parametrize("poison", [violate, with_nul, half_a_pair, no_such_table, panic, stop_iteration])
async def test_one_poisonous_piece_of_work_fails_alone(house: House, poison: Callable[[Connection], None]) -> None:
    def good(number: int) -> Callable[[Connection], int]:
        def work(conn: Connection) -> int:
            conn.execute(insert(marks), {"name": f"good {number}", "value": ""})
            return number

        return work

    jobs = [house.worker.run(good(n)) for n in range(5)] + [house.worker.run(poison), house.worker.run(poison)]
    jobs += [house.worker.run(good(n)) for n in range(5, 9)]
    told = await asyncio.gather(*jobs, return_exceptions=True)
    assert [one for one in told if isinstance(one, int)] == list(range(9))
    failed = [one for one in told if not isinstance(one, int)]
    assert len(failed) == 2
    assert not any(isinstance(one, NotKept) for one in failed), "who asked would try it for ever"
    with house.engine.connect() as conn:
        kept = set(conn.execute(select(marks.c.name)).scalars())
    assert kept - {CHANGES} == {"key"} | {f"good {n}" for n in range(9)}
    assert house.worker.healthy


@BOTH
async def test_what_no_database_keeps_is_cleaned_from_own_words(house: House) -> None:
    desk, caller = house.desk(), Caller("telegram", "7400001", "nl")
    await begin(desk, caller)
    await desk.hear(caller, Typed("veel\0 groen \ud83d en 🌳"))
    await desk.hear(caller, Commanded("fout", "een\0 woord \ud83d"))
    assert own_words(house) == ["veel groen ? en 🌳"]
    with house.engine.connect() as conn:
        assert conn.execute(select(corrections.c.text)).scalars().all() == ["een woord ?"]


@BOTH
async def test_an_error_repeats_no_values(house: House) -> None:
    with pytest.raises(IntegrityError) as caught:
        await house.worker.run(violate)
    assert "twice" not in str(caught.value).replace(str(caught.value.orig), "")


async def test_who_is_not_counted_stays_where_they_were_when_a_turn_was_not_kept(house: House) -> None:
    desk, caller = house.desk(), Caller("telegram", "7500001", "nl")
    reply = await desk.hear(caller, Commanded("start"), "1")
    with locked(house), pytest.raises(NotKept):
        await desk.hear(caller, pick(reply, "Nederlands"), "2")
    await until_healthy(house)
    welcome = await desk.hear(caller, Typed("hoi"), "3")
    assert not any("Ja, ik doe mee" in b.label for say in welcome.says for row in say.buttons for b in row)


async def test_stopping_does_not_wait_for_a_lock(settings: Settings) -> None:
    built = build(settings)
    worker = Worker(built.engine)
    worker.start()
    other = sqlite3.connect(built.engine.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    job = asyncio.create_task(worker.run(lambda conn: None))
    await asyncio.sleep(0.1)
    async with asyncio.timeout(4.5):
        await worker.stop()
    other.close()
    with suppress(NotKept):
        await job
    with pytest.raises(NotKept):
        await worker.run(lambda conn: None)
    built.engine.dispose()


async def test_wiping_an_erasure_from_the_log_keeps_nobody_waiting(settings: Settings) -> None:
    house = build(settings)
    (made := settings.data / FOLDER).mkdir()
    earlier, later = made / "earlier", made / "later"
    earlier.touch()
    house.worker.start()
    assert not earlier.exists(), "it may hold somebody whose erasure an earlier process did not finish"
    earlier.touch()
    desk, gone, stays = house.desk(), Caller("telegram", "7600001", "nl"), Caller("telegram", "7600002", "nl")
    await begin(desk, gone)
    await begin(desk, stays)
    with house.engine.connect() as reader:
        begin_read(reader)
        assert reader.execute(select(answers.c.id)).all() == []
        await desk.hear(gone, Commanded("wis"))
        await desk.hear(gone, Typed("ja"))
        async with asyncio.timeout(2):
            for words in ("overslaan", "groeien", "overslaan"):
                await desk.hear(stays, Typed(words))
        assert house.worker.wiping
        async with asyncio.timeout(5):
            while earlier.exists():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        later.touch()
        # The reader is in the way of a second try as well.
        await asyncio.sleep(1.5)
    async with asyncio.timeout(10):
        while house.worker.wiping:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    # As every hour, whether or not anybody was erased.
    house.worker.erase_traces()
    async with asyncio.timeout(10):
        while house.worker.wiping:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert later.exists(), "nobody was erased since"
    await house.worker.stop()
    house.engine.dispose()
