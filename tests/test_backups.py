"""Copies of everything: a backup while serving, restored into either database, and the move to PostgreSQL."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, select

from bot.desk import Caller
from bot.house import House, open_database
from conversations.shapes import Commanded, Typed
from storage.backups import backup, restore
from storage.database import MIGRATIONS, DatabaseFault, begin_read, begin_write, now, open_engine
from storage.erasure import erased, long_past
from storage.keeping import answers, contacts, marks
from storage.keys import Keys
from storage.locks import Leader
from storage.moving import count, move
from tests.databases import BOTH, ONLY_POSTGRESQL, postgresql
from tests.test_desk import begin

ROOT = Path(__file__).parent.parent


@pytest.fixture(params=["to sqlite", "to postgresql"])
def elsewhere(request: pytest.FixtureRequest, house: House, tmp_path: Path) -> Iterator[Engine]:
    """Another, empty database of the same house."""
    if request.param == "to sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'elsewhere.db'}", house.content, house.keys)
        yield engine
        engine.dispose()
        return
    with postgresql() as address:
        engine = open_database(address, house.content, house.keys)
        yield engine
        engine.dispose()


def told(table: str, done: int, total: int) -> None:
    assert 0 < done <= total


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as conn:
        begin_read(conn)
        return count(conn)


def everything(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as conn:
        kept = conn.execute(select(answers).order_by(answers.c.id)).all()
        return [tuple(row) for row in (*kept, *conn.execute(select(contacts).order_by(contacts.c.participant)))]


async def answer_as(house: House, number: int, words: str = "meer bomen 🌳") -> Caller:
    caller = Caller("telegram", f"91{number:06}", "nl")
    await begin(house.desk(), caller)
    await house.desk().hear(caller, Typed(words))
    await house.desk().hear(caller, Typed("groeien"))
    return caller


async def forget(house: House, caller: Caller) -> None:
    await house.desk().hear(caller, Commanded("wis"))
    await house.desk().hear(caller, Typed("ja"))


def as_of_the_first_version(file: Path) -> None:
    """Take out of a database what later versions brought."""
    engine, config = open_engine(f"sqlite:///{file}"), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as conn:
        begin_write(conn)
        config.attributes["connection"] = conn
        command.downgrade(config, "0001")
        conn.commit()
    engine.dispose()
    with closing(sqlite3.connect(file)) as one:
        one.execute("PRAGMA journal_mode=DELETE")


@BOTH
async def test_a_backup_restores_into_either_database(house: House, elsewhere: Engine, tmp_path: Path) -> None:
    for number in range(5):
        await answer_as(house, number)
    before, file = counts(house.engine), tmp_path / "backup.db"
    busy = [asyncio.create_task(answer_as(house, number)) for number in range(5, 15)]
    await asyncio.to_thread(backup, house.engine, file, told)
    await asyncio.gather(*busy)
    assert [name for name in os.listdir(tmp_path) if "backup" in name] == ["backup.db"]
    assert file.stat().st_mode & 0o777 == 0o600
    done = restore(file, elsewhere, house.keys, now(), False, tmp_path, told)
    assert 5 <= done.people <= 15
    assert done.erased_again == 0
    restored = counts(elsewhere)
    assert all(restored[name] >= n for name, n in before.items())
    assert set(everything(elsewhere)) <= set(everything(house.engine))


@BOTH
async def test_who_was_erased_since_the_backup_is_erased_again(house: House, tmp_path: Path) -> None:
    callers = [await answer_as(house, number) for number in range(4)]
    file = tmp_path / "backup.db"
    backup(house.engine, file, told)
    with_all = everything(house.engine)
    await forget(house, callers[0])
    await forget(house, callers[2])
    left = everything(house.engine)
    await answer_as(house, 9)
    with pytest.raises(DatabaseFault, match="--force"):
        restore(file, house.engine, house.keys, now(), False, tmp_path, told)
    done = restore(file, house.engine, house.keys, now(), True, tmp_path, told)
    assert (done.people, done.erased_again) == (4, 2)
    assert everything(house.engine) == left
    assert len(left) < len(with_all)
    after = await answer_as(house, 9, "nieuwe woorden")
    assert (await house.desk().hear(after, Commanded("mijngegevens"))).file
    with house.engine.connect() as conn:
        assert {row.value for row in conn.execute(select(marks.c.value).where(marks.c.name == "left:dreams"))} == {"2"}


@BOTH
async def test_what_is_remembered_of_an_erasure_leads_to_nobody_and_not_for_long(house: House) -> None:
    caller = await answer_as(house, 1)
    with house.engine.connect() as conn:
        participant = conn.execute(select(contacts.c.participant)).scalar_one()
    await forget(house, caller)
    with house.engine.connect() as conn:
        begin_write(conn)
        (row,) = conn.execute(select(erased)).all()
        codes = [participant, house.keys.pseudonym(participant), house.keys.address("telegram", caller.address)]
        assert not {row.code, row.code.lower()} & set(codes)
        assert row.erased_on == now().date()
        assert long_past(conn, now() + timedelta(days=30), 30) == []
        assert long_past(conn, now() + timedelta(days=31), 30) == [row.code]


async def test_only_a_sound_backup_of_this_house_is_restored(house: House, tmp_path: Path) -> None:
    await answer_as(house, 1)
    kept, file, other = everything(house.engine), tmp_path / "backup.db", tmp_path / "other.db"

    def refused(why: str, keys: Keys = house.keys) -> None:
        with pytest.raises(DatabaseFault, match=why):
            restore(other, house.engine, keys, now(), True, tmp_path, told)

    refused("is not there")
    backup(house.engine, file, told)
    whole = file.read_bytes()
    for content in (b"", b"no database at all", whole[: len(whole) // 2], whole[:5000] + bytes(9000) + whole[14000:]):
        other.write_bytes(content)
        refused("no backup of stadsdialoog, or a damaged one")
    other.write_bytes(whole)
    refused("another key", Keys(b"another secret, of another house"))
    with sqlite3.connect(other) as conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")
    conn.close()
    refused("newer version")
    assert everything(house.engine) == kept
    with pytest.raises(DatabaseFault, match="there already"):
        backup(house.engine, file, told)


async def test_an_older_backup_is_brought_to_this_version_and_stays_as_it_was(house: House, tmp_path: Path) -> None:
    await answer_as(house, 1)
    kept, file = everything(house.engine), tmp_path / "backup.db"
    backup(house.engine, file, told)
    as_of_the_first_version(file)
    older = file.read_bytes()
    restore(file, house.engine, house.keys, now(), True, tmp_path, told)
    assert everything(house.engine) == kept
    assert file.read_bytes() == older
    assert not [name for name in os.listdir(tmp_path) if name.startswith("restore-")]


@ONLY_POSTGRESQL
async def test_nothing_is_restored_under_a_process_that_serves(house: House, tmp_path: Path) -> None:
    await answer_as(house, 1)
    file = tmp_path / "backup.db"
    backup(house.engine, file, told)
    leader = Leader(house.engine, 0.1)
    task = asyncio.create_task(leader.lead())
    while not leader.held:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    with pytest.raises(DatabaseFault, match="stop every process"):
        await asyncio.to_thread(restore, file, house.engine, house.keys, now(), True, tmp_path, told)
    task.cancel()
    await asyncio.wait([task])
    restore(file, house.engine, house.keys, now(), True, tmp_path, told)


# ---------------------------------------------------------------- the commands


def run(data: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "STADSDIALOOG_DATA": str(data)}
    env |= {f"STADSDIALOOG_{name}": value for name, value in settings.items()}
    command = [sys.executable, str(ROOT / "bot.py"), *words]
    return subprocess.run(command, env=env, cwd=data, capture_output=True, text=True, timeout=60)


async def test_moving_to_postgresql_leaves_the_old_one_and_goes_on_in_the_new(house: House) -> None:
    callers = [await answer_as(house, number) for number in range(5)]
    await forget(house, callers[0])
    await house.worker.stop()
    before, kept, data = counts(house.engine), everything(house.engine), house.settings.data
    house.engine.dispose()
    digest = hashlib.sha256((data / "stadsdialoog.db").read_bytes()).hexdigest()
    with postgresql() as address:
        moved = run(data, "move", "--to", address)
        assert (moved.returncode, moved.stderr) == (0, "")
        assert f"{'answer':16}{before['answer']:10}\n" in moved.stdout
        again = run(data, "move", "--to", address)
        assert again.returncode == 1
        assert "there is something in this database already" in again.stderr
        assert hashlib.sha256((data / "stadsdialoog.db").read_bytes()).hexdigest() == digest
        there = open_database(address, house.content, house.keys)
        assert counts(there) == {**before, "audit": before["audit"] + 1}
        assert everything(there) == kept
        there.dispose()
        key = (data / "pseudonym.key").read_text("ascii").strip()
        new = Caller("telegram", "9200001", "nl")
        await goes_on(house, address, key, callers[1], new)
    wrong = run(data, "move", "--to", "mysql://x/y")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)


async def goes_on(house: House, address: str, key: str, known: Caller, new: Caller) -> None:
    """In the new database who was known goes on, and who is new gets numbers of their own."""
    from bot.house import build

    there = build(house.settings.model_copy(update={"database": address, "pseudonym_key": key}))
    there.worker.start()
    assert (await there.desk().hear(known, Typed("overslaan"))).counted
    await begin(there.desk(), new)
    await there.desk().hear(new, Typed("een eigen zin"))
    await there.worker.stop()
    there.engine.dispose()


async def test_a_move_that_fails_leaves_the_target_empty(house: House, elsewhere: Engine) -> None:
    await answer_as(house, 1)

    def breaks(table: str, done: int, total: int) -> None:
        if table == "answer":
            raise OSError("the machine went away")

    empty = counts(elsewhere)
    with pytest.raises(OSError, match="went away"):
        move(house.engine, elsewhere, breaks)
    assert counts(elsewhere) == empty
    move(house.engine, elsewhere, told)
    assert counts(elsewhere) == counts(house.engine)


def test_the_commands_say_what_they_did_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    assert run(tmp_path, "backup", str(file)).stdout == f"wrote {file}\n"
    restored = run(tmp_path, "restore", str(file))
    assert restored.stdout == "restored 0 people; 0 of them were erased since, and are again\n"
    assert run(tmp_path, "restore", str(tmp_path / "nowhere")).stderr.count("\n") == 1
    no_key = run(tmp_path, "migrate", DATABASE="postgresql+psycopg://postgres@127.0.0.1:1/none")
    assert "STADSDIALOOG_PSEUDONYM_KEY: expected" in no_key.stderr
    nowhere = run(tmp_path, "migrate", DATABASE="postgresql+psycopg://x:geheim@127.0.0.1:1/n", PSEUDONYM_KEY="5d" * 32)
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (1, 1)
    assert "cannot be opened" in nowhere.stderr
    assert "geheim" not in nowhere.stderr
