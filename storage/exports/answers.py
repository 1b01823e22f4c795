"""The table of answers as CSV: one row per answer and revision, sorted by a keyed code.

Rows are put together as text, by SQLite where it can be: a million rows of 26 cells, cell by cell,
would take several times as long.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.exports.job import Job
from storage.exports.text import Told, cell
from storage.keys import ANSWER_BYTES, PSEUDONYM_LETTERS, answer_codes, pseudonym

AT_ONCE = 4_000
# What stands before the text and behind it; nothing in these cells ever needs quotes.
BEFORE = (
    *("dilemma", "item", "kind", "status"),
    "CASE WHEN instr(code, ' ') THEN in_order(item, code) ELSE code END",
    "value",
)
BEHIND = (
    *("text_masked", "language", "method", "score", "channel", "setting", '"group"', "revision", "current"),
    *("answered_at", "content_version", "argument", "shown_first", "after_results"),
)


@dataclass(frozen=True)
class _People:
    """Pseudonyms of `size` letters one behind the other, and a byte that says who may be quoted, by the
    person's number from 1.
    """

    names: str
    size: int
    quotable: bytes


def in_codebook_order(job: Job) -> Callable[[str, str], str]:
    """A function from an item and its codes, separated by spaces, to the same codes in codebook order."""
    order = {column.name: list(column.codes) for column in job.columns("participants")}

    def sort(item: str, codes: str) -> str:
        place = {code: number for number, code in enumerate(order.get(item, ()))}
        return " ".join(sorted(codes.split(), key=lambda one: (place.get(one, len(place)), one)))

    return sort


def write(job: Job, moment: Path, out: Path, told: Told) -> int:
    """Write the table from the copy `moment` to `out`; how many rows it has."""
    done = 0
    with closing(sqlite3.connect(moment)) as copy, out.open("xb") as file:
        out.chmod(0o600)
        total = int(copy.execute("SELECT count(*) FROM answer").fetchone()[0])
        people = _people(job, copy)
        file.write(",".join(one.name for one in job.columns("answers")).encode() + b"\r\n")
        rows = _in_order(job, copy)
        while some := rows.fetchmany(AT_ONCE):
            file.write("".join(_lines(job.round, some, people)).encode())
            done += len(some)
            told(done, total)
    return done


def _people(job: Job, copy: sqlite3.Connection) -> _People:
    key = bytes.fromhex(job.keys["pseudonym"])
    rows = copy.execute("SELECT id FROM person ORDER BY rowid")
    names = "".join(pseudonym(key, one, job.prefix) for (one,) in rows)
    quotable = bytes(one for (one,) in copy.execute("SELECT quotable FROM person ORDER BY rowid"))
    return _People(names, len(job.prefix) + PSEUDONYM_LETTERS, quotable)


def _in_order(job: Job, copy: sqlite3.Connection) -> sqlite3.Cursor:
    """Rows sorted by their code: (code, number of the person, before, text, behind, state)."""
    codes = b"".join(_codes(job, copy))

    def code(number: int) -> str:
        return codes[(number - 1) * ANSWER_BYTES : number * ANSWER_BYTES].hex()

    copy.create_function("exported_code", 1, code, deterministic=True)
    copy.create_function("in_order", 2, in_codebook_order(job), deterministic=True)
    before, behind = (" || ',' || ".join(columns) for columns in (BEFORE, BEHIND))
    return copy.execute(
        f"SELECT exported_code(rowid), person, {before}, text, {behind}, text_state FROM answer ORDER BY 1"
    )


def _codes(job: Job, copy: sqlite3.Connection) -> Iterator[bytes]:
    key = bytes.fromhex(job.keys["answer"])
    rows = copy.execute("SELECT id FROM answer ORDER BY rowid")
    while some := rows.fetchmany(AT_ONCE):
        yield answer_codes(key, array("q", (one for (one,) in some)))


def _lines(round_code: str, rows: Iterable[Sequence[Any]], people: _People) -> Iterator[str]:
    names, quotable, size = people.names, people.quotable, people.size
    for code, person, before, text, behind, state in rows:
        name = names[(person - 1) * size : person * size]
        own = cell(text) if text else ""
        yield f"{code},{name},{round_code},{before},{own},{behind},{quotable[person - 1]},{state}\r\n"
