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
from functools import cache
from pathlib import Path
from typing import Any

from storage.exports.job import Job
from storage.exports.ordering import Ordering
from storage.exports.text import Told, cell
from storage.keys import ANSWER_LETTERS, PSEUDONYM_LETTERS, answer_codes, pseudonym

AT_ONCE = 10_000
LETTERS_A_PART = 2
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
    order = {
        column.name: {code: number for number, code in enumerate(column.codes)}
        for column in job.columns("participants")
    }

    # Few are different, many are the same.
    @cache
    def sort(item: str, codes: str) -> str:
        place = order.get(item, {})
        return " ".join(sorted(codes.split(), key=lambda one: (place.get(one, len(place)), one)))

    return sort


def write(job: Job, moment: Path, out: Path, told: Told) -> int:
    """Write the table from the copy `moment` to `out`; how many rows it has."""
    done = 0
    with (
        closing(sqlite3.connect(moment)) as copy,
        Ordering(moment.with_name(f"{out.name}.parts"), 0, LETTERS_A_PART) as ordering,
        out.open("xb") as file,
    ):
        out.chmod(0o600)
        total = int(copy.execute("SELECT count(*) FROM answer").fetchone()[0])
        people, key = _people(job, copy), bytes.fromhex(job.keys["answer"])
        rows = _rows(job, copy)
        while some := rows.fetchmany(AT_ONCE):
            codes = answer_codes(key, array("q", (row[0] for row in some)))
            ordering.put(_lines(job.round, some, codes, people))
            done += len(some)
            told(done, total)
        file.write(",".join(one.name for one in job.columns("answers")).encode() + b"\r\n")
        ordering.write(file)
    return done


def _people(job: Job, copy: sqlite3.Connection) -> _People:
    key = bytes.fromhex(job.keys["pseudonym"])
    rows = copy.execute("SELECT id FROM person ORDER BY rowid")
    names = "".join(pseudonym(key, one, job.prefix) for (one,) in rows)
    quotable = bytes(one for (one,) in copy.execute("SELECT quotable FROM person ORDER BY rowid"))
    return _People(names, len(job.prefix) + PSEUDONYM_LETTERS, quotable)


def _rows(job: Job, copy: sqlite3.Connection) -> sqlite3.Cursor:
    """Number of the row, number of the person, before, text, behind, state."""
    copy.create_function("in_order", 2, in_codebook_order(job), deterministic=True)
    before, behind = (f"printf('{','.join(['%s'] * len(some))}', {', '.join(some)})" for some in (BEFORE, BEHIND))
    return copy.execute(f"SELECT id, person, {before}, text, {behind}, text_state FROM answer")


def _lines(round_code: str, rows: Iterable[Sequence[Any]], codes: str, people: _People) -> Iterator[str]:
    names, quotable, size = people.names, people.quotable, people.size
    at = 0
    for _, person, before, text, behind, state in rows:
        end = at + ANSWER_LETTERS
        name = names[(person - 1) * size : person * size]
        own = cell(text) if text else ""
        yield f"{codes[at:end]},{name},{round_code},{before},{own},{behind},{quotable[person - 1]},{state}\r\n"
        at = end
