"""A file is of one moment, the same from either database, and made again only where something changed."""

from __future__ import annotations

import asyncio
import csv
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.exporting import Exports, Wanted
from bot.house import House, build
from bot.settings import Settings
from conversations.shapes import Answered, Fact
from storage.database import begin_read, begin_write, now
from storage.erasure import erase
from storage.exports import asking, moment, steadily
from storage.exports.maker import Maker, NotMade
from storage.exports.making import make
from storage.exports.steadily import WORKING
from storage.keeping import answers, participants
from tests.databases import BOTH, ONLY_POSTGRESQL, postgresql
from tests.exporting import exported, moderated
from tests.process import KEY
from tests.seeding import crowd, position, quotable, resident

BO: list[Fact] = [
    position("growth", "rather_a"),
    position("growth", "b"),
    Answered("growth", "reasons", "multi", "answered", ("b1", "a2"), shown_first="b"),
    Answered("space", "position", "scale5", "dont_know", after_results=True),
    Answered("", "dream", "text", "answered", text='Bel 06 12345678; \'n "boom"\r\n🌳 é%s :round', method="text"),
    Answered("", "neighbourhood", "single", "answered", ("jekerkwartier",)),
    Answered("", "age", "single", "answered", ("80_plus",)),
    Answered("growth", "importance", "scale5", "declined"),
    quotable(),
]


def settle(house: House) -> None:
    with house.engine.connect() as conn:
        begin_write(conn)
        for number in range(12):
            resident(conn, house.keys, *BO[number % 3 :], address=str(number), language=("nl", "en", "li")[number % 3])
        moderated(conn)
        conn.execute(answers.update().where(answers.c.participant.in_(_first(3))).values(group="g1", setting="group"))
        conn.commit()


async def wiped(house: House) -> None:
    """At its start the worker wipes what may be left of an erasure, files as well."""
    async with asyncio.timeout(30):
        while house.worker.wiping:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _first(number: int):  # type: ignore[no-untyped-def]
    return participants.select().with_only_columns(participants.c.id).order_by(participants.c.id).limit(number)


def test_both_databases_give_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgresql() as address:
        found = []
        for place in ("", address):
            # The random ids of people, the same twice.
            ids = (f"{number:032x}" for number in range(10_000))
            monkeypatch.setattr("storage.keeping.secrets.token_hex", lambda size, ids=ids: next(ids))
            folder = tmp_path / ("there" if place else "here")
            house = build(Settings(_env_file=None, data=folder, database=place, pseudonym_key=KEY))  # type: ignore[call-arg]
            settle(house)
            made = {(t, f): exported(house, t, f) for t, f in (("answers", "csv"), ("participants", "csv"))}
            found.append(made | {("answers", "jsonl"): exported(house, "answers", "jsonl")})
            house.engine.dispose()
    assert found[0] == found[1]
    assert found[0]["answers", "csv"].count(b"[phone]") == 12
    assert b",group,g1," in found[0]["participants", "csv"]


@BOTH
async def test_a_file_is_made_again_only_after_a_change(house: House) -> None:
    settle(house)
    await wiped(house)
    exports, wanted = Exports(house), Wanted("dreams", "answers", "csv", "nl")
    first = await exports.file(wanted)
    made = first.stat()
    again = await exports.file(wanted)
    assert (again, again.stat().st_ino) == (first, made.st_ino)
    with house.engine.connect() as conn:
        begin_write(conn)
        resident(conn, house.keys, position("growth", "a"), address="new")
        conn.commit()
    changed = await exports.file(wanted)
    assert changed != first
    assert changed.read_bytes().count(b"\r\n") == first.read_bytes().count(b"\r\n") + 1


@BOTH
async def test_an_erasure_takes_every_file_away(house: House) -> None:
    settle(house)
    await wiped(house)
    exports, wanted = Exports(house), Wanted("dreams", "participants", "csv", "nl")
    with_them = await exports.file(wanted)
    with house.engine.connect() as conn:
        begin_write(conn)
        gone = conn.execute(_first(1)).scalar_one()
        erase(conn, gone, house.keys, now(), False)
        conn.commit()
    without = await exports.file(wanted)
    assert not with_them.exists()
    assert house.keys.pseudonym(gone).encode() not in without.read_bytes()


def test_a_making_that_fails_leaves_nothing_and_then_says_so(house: House) -> None:
    settle(house)
    folder = house.settings.data
    about = (house.engine, house.content, house.keys, "dreams", "answers", "xlsx")
    with pytest.raises(NotMade, match="FileNotFoundError"):
        Maker(asking.job(*about, folder, folder / "missing" / "made", 10)).made(lambda done, total: None)
    assert list(folder.glob(f"{WORKING}*")) == []


def test_what_was_made_has_one_name(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else clearing might make it shorter, once it is erased and somebody still reads it."""
    monkeypatch.setattr(steadily, "LARGE", 0)
    monkeypatch.setattr(steadily, "FLUSH_SECONDS", 0.001)
    settle(house)
    out = house.settings.data / "made.xlsx"
    about = (house.engine, house.content, house.keys, "dreams", "answers", "xlsx")
    with steadily.working_folder(house.settings.data) as folder:
        make(asking.job(*about, folder, out, 10), folder, lambda done, total: None)
        assert list((folder / steadily.SECOND_NAMES).iterdir()) != []
        assert out.stat().st_nlink == 1


async def test_when_the_program_ends_nobody_waits_for_a_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.exports.maker.COMMAND", (sys.executable, "-c", "import time; time.sleep(60)"))
    exports = Exports(house)
    (exports.shelf.folder / f"{WORKING}killed").mkdir(parents=True)
    serving = exports.while_serving(web.Application())
    await anext(serving)
    waiting = asyncio.create_task(exports.file(Wanted("dreams", "answers", "xlsx", "nl")))
    async with asyncio.timeout(15):
        while not (running := exports.running()) or running[0].maker is None:  # noqa: ASYNC110  a thread's work
            await asyncio.sleep(0.01)
        assert await anext(serving, "ended") == "ended"
        await asyncio.to_thread(running[0].maker.over)
    assert list(exports.shelf.folder.glob(f"{WORKING}*")) == []
    with pytest.raises(asyncio.CancelledError):
        await waiting


@ONLY_POSTGRESQL
def test_what_is_not_committed_yet_belongs_to_the_number_of_changes(house: House) -> None:
    def state() -> str:
        with house.engine.connect() as conn:
            begin_read(conn)
            return asking.state(conn).changes

    quiet = state()
    assert state() == quiet
    with house.engine.connect() as writer:
        begin_write(writer)
        resident(writer, house.keys, position("growth", "a"), address="1")
        meanwhile = state()
        writer.commit()
    assert len({quiet, meanwhile, state()}) == 3


@BOTH
def test_a_change_while_it_is_copied_makes_it_an_earlier_moment(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has a number of changes that no later question will find."""
    settle(house)
    plain = moment._answers

    def change_first(*about: Any) -> str:
        if house.engine.dialect.name != "sqlite" or not changed:
            with house.engine.connect() as conn:
                begin_write(conn)
                resident(conn, house.keys, position("growth", "a"), address=f"late {len(changed)}")
                conn.commit()
            changed.append(True)
        return plain(*about)

    changed: list[bool] = []
    monkeypatch.setattr(moment, "_answers", change_first)
    folder = house.settings.data / "working"
    folder.mkdir()
    about = (house.engine, house.content, house.keys, "dreams", "answers", "csv")
    made = make(asking.job(*about, folder, folder / "made.csv", 10), folder, lambda done, total: None)
    with house.engine.connect() as conn:
        begin_read(conn)
        assert changed
        assert made["state"] != asking.state(conn).changes


@BOTH
def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(house: House) -> None:
    """Somebody's two answers are kept in one transaction; no file has one without the other."""
    stop, failed = threading.Event(), []

    def write() -> None:
        number = 0
        try:
            while not stop.is_set():
                with house.engine.connect() as conn:
                    begin_write(conn)
                    crowd(conn, [{"growth": "a", "space": "b"}] * 5, f"w{number}-")
                    conn.commit()
                number += 1
        except Exception as error:
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        sizes = []
        for _ in range(6):
            rows = exported(house, "answers", "csv").decode().splitlines()[1:]
            each = Counter(row.split(",")[1] for row in rows)
            assert set(each.values()) <= {2}
            sizes.append(len(rows))
    finally:
        stop.set()
        writer.join()
    assert not failed
    assert sizes == sorted(sizes)


def test_how_far_a_file_is_never_goes_back(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.exports.answers.AT_ONCE", 10)
    monkeypatch.setattr("storage.exports.text.TOLD_EVERY", 10)
    settle(house)
    told: list[tuple[int, int]] = []
    about = (house.engine, house.content, house.keys, "dreams", "answers", "jsonl")
    made = make(asking.job(*about, tmp_path, tmp_path / "out", 10), tmp_path, lambda *far: told.append(far))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {total for _, total in told} == {made["rows"]}
    assert len(told) > 4


@BOTH
def test_a_process_of_its_own_makes_it(house: House) -> None:
    settle(house)
    folder, told = house.settings.data, []
    out = folder / "made.csv"
    about = (house.engine, house.content, house.keys, "dreams", "answers", "csv")
    maker = Maker(asking.job(*about, folder, out, 10))
    made = maker.made(lambda done, total: told.append((done, total)))
    with out.open(encoding="utf8", newline="") as file:
        assert made["rows"] == told[-1][0] == told[-1][1] == len(list(csv.DictReader(file)))
    with house.engine.connect() as conn:
        begin_read(conn)
        assert made["state"] == asking.state(conn).changes
    maker.over()
    assert list(folder.glob(f"{WORKING}*")) == []
