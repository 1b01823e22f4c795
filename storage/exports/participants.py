"""The table of participants as CSV: one row a person, columns from the codebook and never from the data."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from storage.exports.answers import in_codebook_order
from storage.exports.job import Job
from storage.exports.ordering import Ordering
from storage.exports.text import Told, cell
from storage.keys import pseudonym

NONRESPONSE = {"skipped": "-1", "dont_know": "-2", "neither": "-4", "declined": "-5"}
GENERALISED, NOT_TICKED, TICKED = "-6", "0", "1"
# Of these an answered row without a code was generalised away.
MAY_BE_GENERALISED = ("age", "relation")
FIXED = (
    *("participant", "round", "status", "language", "channel", "setting", "group", "started_at", "finished_at"),
    *("content_version", "pace"),
)
AT_ONCE = 2_000

Row = list[str]


def write(job: Job, moment: Path, out: Path, told: Told) -> int:
    """Write the table from the copy `moment` to `out`; how many people it has."""
    columns = [one.name for one in job.columns("participants")]
    done, begin = 0, len(job.prefix)
    with (
        closing(sqlite3.connect(moment)) as copy,
        Ordering(moment.with_name(f"{out.name}.parts"), begin, begin + 1) as ordering,
        out.open("xb") as file,
    ):
        out.chmod(0o600)
        total = int(copy.execute("SELECT count(*) FROM person").fetchone()[0])
        lines = (",".join(row) + "\r\n" for row in _rows(job, copy, columns))
        while some := list(islice(lines, AT_ONCE)):
            ordering.put(some)
            done += len(some)
            told(done, total)
        file.write(",".join(columns).encode() + b"\r\n")
        ordering.write(file)
        told(done, total)
    return done


def _rows(job: Job, copy: sqlite3.Connection, columns: Sequence[str]) -> Iterator[Row]:
    """Every person with their live answers, as cells of CSV."""
    key = bytes.fromhex(job.keys["pseudonym"])
    copy.create_function("in_order", 2, in_codebook_order(job), deterministic=True)
    people = copy.execute(
        "SELECT rowid, id, status, language, channel, started_at, finished_at, content_version, pace"
        " FROM person ORDER BY rowid"
    )
    statuses = " ".join(f"WHEN '{status}' THEN '{code}'" for status, code in NONRESPONSE.items())
    value = f"""CASE status WHEN 'answered' THEN
        CASE kind WHEN 'text' THEN text WHEN 'scale5' THEN value
            WHEN 'multi' THEN CASE WHEN instr(code, ' ') THEN in_order(item, code) ELSE code END ELSE code END
        {statuses} ELSE '' END"""
    found = copy.execute(
        f"""SELECT person, CASE dilemma WHEN '' THEN item ELSE dilemma || '_' || item END, {value}, status, shown_first,
        setting, "group" FROM answer WHERE current AND argument = '' ORDER BY person"""
    )
    put = _Put(columns)
    by_person = groupby(found, key=itemgetter(0))
    number, answers = next(by_person, (0, iter(())))
    for person, one, *about in people:
        row = [""] * len(columns)
        row[: len(FIXED)] = _fixed(job.round, pseudonym(key, one, job.prefix), about)
        if person == number:
            for answer in answers:
                put(row, answer)
            number, answers = next(by_person, (0, iter(())))
        yield row


def _fixed(round_code: str, name: str, about: Sequence[Any]) -> Row:
    status, language, channel, started, finished, version, pace = about
    told = (name, round_code, status, language, channel, "private", "", started, finished, version, pace)
    return [str(one) for one in told]


class _Put:
    """Puts a live answer into the row of its person."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._at = {name: place for place, name in enumerate(columns)}
        self._setting, self._group = self._at["setting"], self._at["group"]
        self._first = {
            f"{name.removesuffix('shown_first')}position": place
            for name, place in self._at.items()
            if name.endswith("_shown_first")
        }
        self._reasons: dict[str, list[tuple[int, str]]] = {}
        for name, place in self._at.items():
            start, ticked, reason = name.partition("_reason_")
            if ticked:
                self._reasons.setdefault(f"{start}_reasons", []).append((place, reason))

    def __call__(self, row: Row, answer: Sequence[Any]) -> None:
        _, name, value, status, shown_first, setting, group = answer
        if setting == "group":
            row[self._setting], row[self._group] = setting, group
        if (place := self._at.get(name)) is not None:
            if value == "" and status == "answered" and name in MAY_BE_GENERALISED:
                value = GENERALISED
            row[place] = cell(value)
            if shown_first and name in self._first:
                row[self._first[name]] = shown_first
        elif name in self._reasons:
            ticked = value.split() if status == "answered" else ()
            for place, reason in self._reasons[name]:
                row[place] = (TICKED if reason in ticked else NOT_TICKED) if status == "answered" else value
