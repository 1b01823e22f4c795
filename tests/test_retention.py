"""What goes by itself, and when: addresses, rows, corrections, backups. A legal hold stops it, and never /forget."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from typer.testing import CliRunner

from bot.desk import Caller, Desk
from bot.house import House
from bot.main import cli
from bot.tidying import Tidying
from conversations.shapes import Agreed, Answered, Commanded, Tapped, Typed
from storage import backup_files, holds, notices, retention
from storage.backups import backup, restore
from storage.cache import FOLDER
from storage.database import DatabaseFault, begin_write, now
from storage.erasure import erase
from storage.keeping import owed, participants, set_round_state
from storage.retention import CORRECTION_DAYS, Terms
from storage.rewriting import last
from tests.databases import BOTH
from tests.seeding import position, resident
from tests.test_backups import told
from tests.test_desk import begin, rows, settle

TELL, REMIND = Agreed("tell_me", True, 1), Agreed("remind_me", True, 1)


def purge(house: House, days: float = 0) -> Counter[str]:
    """Apply the rules as they will be in so many days; how many of each kind went."""
    settings, later = house.settings, now() + timedelta(days=days)
    terms = Terms(settings.contact_days, settings.rows_days, settings.backup_days, house.keys, False)
    gone: Counter[str] = Counter()
    with house.engine.connect() as conn:
        begin_write(conn)
        for name, some in retention.due(conn, later, terms).items():
            gone[name] += retention.drop(conn, name, some, later, terms) if some else 0
        conn.commit()
    return +gone


def put(house: House, *facts: Answered | Agreed, address: str, status: str = "finished") -> str:
    """Somebody whose last reply was sent."""
    with house.engine.connect() as conn:
        begin_write(conn)
        one = resident(conn, house.keys, *facts, address=address)
        conn.execute(update(participants).where(participants.c.id == one).values(status=status))
        conn.execute(delete(owed))
        conn.commit()
    return one


def close(house: House, round_code: str = "dreams") -> None:
    with house.engine.connect() as conn:
        begin_write(conn)
        set_round_state(conn, round_code, "closed", now())
        notices.announce(conn, round_code, "closed")
        conn.commit()


def addresses(house: House) -> set[object]:
    return {row["address"] for row in rows(house, "contact")} - {""}


@BOTH
def test_an_address_goes_once_nothing_needs_it_and_its_hash_stays(house: House) -> None:
    put(house, position("growth", "a"), address="walks", status="started")
    put(house, position("growth", "a"), address="finished")
    put(house, TELL, address="wants results")
    put(house, REMIND, address="wants a reminder")
    put(house, TELL, Agreed("tell_me", False, 1), address="changed their mind")
    assert purge(house) == {"addresses": 2}
    assert addresses(house) == {"walks", "wants results", "wants a reminder"}
    assert purge(house) == {}
    close(house)
    assert purge(house) == {"addresses": 1}
    assert addresses(house) == {"wants results", "wants a reminder"}
    with house.engine.connect() as conn:
        begin_write(conn)
        (waiting,) = [one for one in notices.due(conn, "telegram", 9) if one.kind == "results"]
        notices.told(conn, waiting.participant, waiting.kind)
        conn.commit()
    assert purge(house) == {"addresses": 1}
    assert purge(house, 29) == {}
    assert purge(house, 31) == {"addresses": 1}
    assert addresses(house) == set()
    assert len({row["address_hash"] for row in rows(house, "contact")}) == 5


async def test_who_returns_without_an_address_is_found_and_asks_for_the_results_after_all(
    house: House, desk: Desk
) -> None:
    caller = Caller("telegram", "7001003001", "nl")
    await begin(desk, caller)
    await desk.hear(caller, Typed("meer bomen"))
    with house.engine.begin() as conn:
        conn.execute(update(participants).values(status="finished"))
        conn.execute(delete(owed))
    assert purge(house) == {"addresses": 1}
    mine = await desk.hear(caller, Commanded("mydata"))
    assert "meer bomen" in mine.says[0].text
    # The walk goes on, so that a reply may be owed again.
    assert addresses(house) == {caller.address}
    gone = await desk.hear(caller, Commanded("forget"))
    await desk.hear(caller, Tapped.read(gone.says[-1].buttons[0][0].data) or Typed("ja"))
    assert rows(house, "contact") == []


async def test_who_blocked_the_bot_and_comes_back_can_be_reached_again(house: House, desk: Desk) -> None:
    caller = Caller("telegram", "7001003002", "nl")
    reply = await begin(desk, caller)
    await desk.sent(reply)
    await desk.unreachable(caller)
    assert purge(house) == {"addresses": 1}
    await desk.hear(caller, Typed("meer bomen"))
    (contact,) = rows(house, "contact")
    assert (contact["address"], bool(contact["reachable"])) == (caller.address, True)


@BOTH
def test_the_rows_of_a_round_go_and_nobody_else_s(house: House) -> None:
    there = put(house, position("growth", "a"), position("growth", "b"), TELL, address="dreams")
    with house.engine.begin() as conn:
        conn.execute(update(participants).values(round="deepening"))
    gone = put(house, Answered("", "dream", "text", "answered", text="meer bomen", method="text"), address="gone")
    close(house)
    assert purge(house, 364)["people"] == 0
    assert purge(house, 366) == {"people": 1}
    for table in ("answer", "consent", "contact", "owed", "notice"):
        assert not [row for row in rows(house, table) if row["participant"] == gone], table
    assert {row["id"] for row in rows(house, "participant")} == {there}
    assert len(rows(house, "answer")) == 2
    assert rows(house, "erased") == []
    assert purge(house, 366) == {}


def test_a_round_that_opens_again_starts_counting_anew(house: House) -> None:
    put(house, position("growth", "a"), address="a")
    close(house)
    with house.engine.begin() as conn:
        set_round_state(conn, "dreams", "open", now())
    assert purge(house, 400) == {"addresses": 1}


async def test_corrections_go_after_a_while_and_with_who_wrote_them(house: House, desk: Desk) -> None:
    stays, leaves = Caller("telegram", "7001003003", "nl"), Caller("telegram", "7001003004", "nl")
    for caller in (stays, leaves):
        await begin(desk, caller)
        await desk.hear(caller, Commanded("fout", "dat moet ‘stad’ zijn"))
    await desk.hear(Caller("telegram", "7001003005", "nl"), Commanded("fout", "van iemand die niet meedoet"))
    assert len(rows(house, "correction")) == 3
    await desk.hear(leaves, Commanded("wis"))
    await desk.hear(leaves, Typed("ja"))
    assert len(rows(house, "correction")) == 2
    assert purge(house, CORRECTION_DAYS - 1)["corrections"] == 0
    assert purge(house, CORRECTION_DAYS + 1)["corrections"] == 2
    assert rows(house, "correction") == []


async def test_a_hold_stops_purge_but_never_forget(house: House, desk: Desk) -> None:
    caller = Caller("telegram", "7001003006", "nl")
    await begin(desk, caller)
    put(house, position("growth", "a"), address="finished")
    close(house)
    with house.engine.begin() as conn:
        holds.add(conn, "court-2026", now().date())
        holds.add(conn, "audit", now().date())
    assert purge(house, 500) == {}
    await desk.hear(caller, Commanded("wis"))
    await desk.hear(caller, Typed("ja"))
    assert len(rows(house, "participant")) == 1
    with house.engine.begin() as conn:
        holds.remove(conn, "audit")
    assert purge(house, 500) == {}
    with house.engine.begin() as conn:
        holds.remove(conn, "court-2026")
    assert purge(house, 500)["people"] == 1


def test_a_hold_outlives_a_restore(house: House, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    backup(house.engine, file, told)
    with house.engine.begin() as conn:
        holds.add(conn, "court-2026", now().date())
    restore(file, house.engine, house.keys, now(), True, tmp_path, told)
    with house.engine.connect() as conn:
        assert holds.held(conn) == {"court-2026": now().date().isoformat()}


def test_a_backup_expires_and_is_refused_after_that(house: House, tmp_path: Path) -> None:
    data, file, other = house.settings.data, tmp_path / "backup.db", tmp_path / "other.db"
    for one in (file, other):
        backup_files.note(data, one, now())
        backup(house.engine, one, told)
    other.write_text("another file by now")
    in_time, too_late = now() + timedelta(days=29), now() + timedelta(days=31)
    assert backup_files.expire(data, in_time, 30) == 0
    restore(file, house.engine, house.keys, in_time, True, tmp_path, told, 30)
    with pytest.raises(DatabaseFault, match="older than BACKUP_DAYS"):
        restore(file, house.engine, house.keys, too_late, True, tmp_path, told, 30)
    assert backup_files.expire(data, too_late, 30) == 1
    assert (file.exists(), other.exists()) == (False, True)
    assert backup_files.expire(data, too_late, 30) == 0


async def test_files_made_from_rows_go_with_any_erasure_in_every_process(house: House, desk: Desk) -> None:
    def make() -> Path:
        made = house.settings.data / FOLDER / "dreams" / "answers.csv"
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text("rows")
        return made

    caller = Caller("web", "key-of-one-browser-7", "nl")
    await begin(desk, caller)
    await settle(house)
    made = make()
    with house.engine.connect() as conn:
        before = last(conn)
    await desk.hear(caller, Commanded("forget"))
    await desk.hear(caller, Typed("ja"))
    await settle(house)
    assert not made.exists()
    with house.engine.connect() as conn:
        assert last(conn) != before
    made = make()
    following = asyncio.create_task(Tidying(house).follow(every=0.05))
    await asyncio.sleep(0.2)
    assert made.exists()
    # As another process would: straight into the database.
    one = put(house, position("growth", "a"), address="x")
    with house.engine.begin() as conn:
        erase(conn, one, house.keys, now(), False)
    made = make()
    async with asyncio.timeout(5):
        while made.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    following.cancel()


def test_purge_and_hold_as_commands(tmp_path: Path) -> None:
    def run(*words: str) -> str:
        return CliRunner().invoke(cli, words, env={"STADSDIALOOG_DATA": str(tmp_path / "data")}).output

    today = now().date().isoformat()
    assert run("hold", "add") == "on hold: hold\n"
    assert run("hold", "list").split() == [today, "hold"]
    assert run("purge") == f"purged: nothing\non hold since {today}: hold\n"
    assert run("hold", "remove") == "no longer on hold: hold\n"
    assert "there is no such hold" in run("hold", "remove")
    assert run("purge") == "purged: nothing\n"
