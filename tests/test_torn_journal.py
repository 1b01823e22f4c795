"""Power that fails: the journal's tail is cut or garbled anywhere, and every acknowledged answer is there."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.desk import Caller, Desk
from bot.house import House, build
from bot.settings import Settings
from conversations.shapes import Typed
from storage.keeping import answers
from tests.test_desk import begin

CUTS, ANSWERS = 12, 4
SEED = 2040


class Snapshots:
    """Copies of the database and its journal after each acknowledged answer."""

    def __init__(self, data: Path, folder: Path) -> None:
        self._file = next(data.glob("*.db"))
        self._folder = folder
        self.after: list[bytes] = []

    def take(self) -> None:
        """As the files are now. The process goes on writing behind them."""
        self.after.append(Path(f"{self._file}-wal").read_bytes())

    def torn(self, number: int, journal: bytes) -> Path:
        """A data folder with the database's file as it is, and this journal beside it."""
        data = self._folder / f"torn-{number}"
        shutil.copytree(self._file.parent, data)
        for old in data.glob("*.db-*"):
            old.unlink()
        (data / f"{self._file.name}-wal").write_bytes(journal)
        return data


async def empty_journal(house: House, settings: Settings, folder: Path) -> Snapshots:
    """From here on what is kept stands in the journal alone, until there is much of it."""
    while house.worker.wiping:
        await house.worker.run(lambda conn: None)
    with house.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return Snapshots(settings.data, folder)


async def answers_with(desk: Desk, number: int, words: str) -> None:
    """Somebody new answers the first question in these words, and hears that it is kept."""
    caller = Caller("telegram", str(7001002040 + number), "nl")
    await begin(desk, caller)
    assert (await desk.hear(caller, Typed(words))).counted


async def test_a_torn_journal_loses_nothing_that_was_acknowledged(
    house: House, desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    copies = await empty_journal(house, settings, tmp_path)
    said = [f"zin nummer {number}" for number in range(ANSWERS)]
    for number, words in enumerate(said):
        await answers_with(desk, number, words)
        copies.take()
    chance, number = random.Random(SEED), 0
    for kept in range(1, ANSWERS):
        whole, more = copies.after[kept - 1], copies.after[kept]
        assert more.startswith(whole), "the journal was begun anew"
        for _ in range(CUTS // (ANSWERS - 1)):
            # The machine died while the next answer was being written: a part of it, and what the disk had there.
            cut = chance.randrange(len(whole), len(more))
            garbage = chance.randbytes(chance.randrange(0, 9000))
            number += 1
            check(copies.torn(number, more[:cut] + garbage), said[:kept], settings)


def check(data: Path, acknowledged: list[str], settings: Settings) -> None:
    """The program starts on these files, what was acknowledged is there, and nothing is half there."""
    with sqlite3.connect(next(data.glob("*.db"))) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    opened = build(settings.model_copy(update={"data": data}))
    with opened.engine.connect() as conn:
        found = [row.text for row in conn.execute(select(answers.c.text).order_by(answers.c.id)) if row.text]
    opened.engine.dispose()
    assert found == acknowledged


@pytest.mark.parametrize("where", ["middle", "begin"])
async def test_what_is_lost_in_the_middle_of_the_journal_is_lost_from_there_on_only(
    house: House, desk: Desk, settings: Settings, tmp_path: Path, where: str
) -> None:
    """A page that rots on the disk is no fault of ours; the program still starts, and tells no half of an answer."""
    copies = await empty_journal(house, settings, tmp_path)
    for number, words in enumerate(("de eerste zin", "de tweede zin")):
        await answers_with(desk, number, words)
        copies.take()
    journal = bytearray(copies.after[1])
    at = len(copies.after[0]) + 100 if where == "middle" else 40
    journal[at : at + 50] = b"\xa5" * 50
    check(copies.torn(1, bytes(journal)), ["de eerste zin"] if where == "middle" else [], settings)
