"""The table of participants as CSV: one row a person, columns from the codebook and never from the data."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from storage.exports.answers import in_codebook_order
from storage.exports.job import Job
from storage.exports.text import Told
from storage.keys import pseudonym

NONRESPONSE = {"skipped": "-1", "dont_know": "-2", "neither": "-4", "declined": "-5"}
GENERALISED, NOT_TICKED, TICKED = "-6", "0", "1"
# Of these an answered row without a code was generalised away.
MAY_BE_GENERALISED = ("age", "relation")
FIXED = (
    *("participant", "round", "status", "language", "channel", "setting", "group", "started_at", "finished_at"),
    *("content_version", "pace"),
)
TOLD_EVERY = 1_000

Row = dict[str, str | int]


def write(job: Job, moment: Path, out: Path, told: Told) -> int:
    """Write the table from the copy `moment` to `out`; how many people it has."""
    columns = [one.name for one in job.columns("participants")]
    done = 0
    with closing(sqlite3.connect(moment)) as copy, out.open("x", encoding="utf8", newline="") as file:
        out.chmod(0o600)
        total = int(copy.execute("SELECT count(*) FROM person").fetchone()[0])
        writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore", lineterminator="\r\n")
        writer.writeheader()
        for row in _rows(job, copy):
            writer.writerow(row)
            done += 1
            if done % TOLD_EVERY == 0:
                told(done, total)
        told(done, total)
    return done


def _rows(job: Job, copy: sqlite3.Connection) -> Iterator[Row]:
    """People sorted by their pseudonym, each with their live answers."""
    key = bytes.fromhex(job.keys["pseudonym"])
    names = [pseudonym(key, one, job.prefix) for (one,) in copy.execute("SELECT id FROM person ORDER BY rowid")]
    copy.create_function("name", 1, lambda number: names[number - 1], deterministic=True)
    copy.create_function("in_order", 2, in_codebook_order(job), deterministic=True)
    people = copy.execute(
        "SELECT name(rowid), rowid, status, language, channel, started_at, finished_at, content_version, pace"
        " FROM person ORDER BY 1"
    )
    statuses = " ".join(f"WHEN '{status}' THEN '{code}'" for status, code in NONRESPONSE.items())
    cell = f"""CASE status {statuses} ELSE CASE kind WHEN 'text' THEN text WHEN 'scale5' THEN value
        WHEN 'multi' THEN in_order(item, code) ELSE code END END"""
    found = copy.execute(
        f"""SELECT name(person), dilemma, item, status, {cell}, shown_first, setting, "group"
        FROM answer WHERE current AND argument = '' ORDER BY 1"""
    )
    by_person = groupby(found, key=itemgetter(0))
    name, answers = next(by_person, ("", iter(())))
    known = {one.name for one in job.columns("participants")}
    for person in people:
        row = _fixed(job.round, person)
        if person[0] == name:
            for answer in answers:
                _put(row, answer, known)
            name, answers = next(by_person, ("", iter(())))
        yield row


def _fixed(round_code: str, person: Sequence[Any]) -> Row:
    name, _, status, language, channel, started, finished, version, pace = person
    told = (name, round_code, status, language, channel, "private", "", started, finished, version, pace)
    return dict(zip(FIXED, told, strict=True))


def _put(row: Row, answer: Sequence[Any], known: set[str]) -> None:
    """One live answer into the row of its person."""
    _, dilemma, item, status, value, shown_first, setting, group = answer
    if setting == "group":
        row["setting"], row["group"] = setting, group
    if not dilemma:
        if value == "" and status == "answered" and item in MAY_BE_GENERALISED:
            value = GENERALISED
        row[item] = value
        return
    if shown_first and item == "position":
        row[f"{dilemma}_shown_first"] = shown_first
    if item != "reasons":
        row[f"{dilemma}_{item}"] = value
        return
    start = f"{dilemma}_reason_"
    ticked = {f"{start}{one}" for one in value.split()} if status == "answered" else set()
    for column in known:
        if column.startswith(start):
            row[column] = (TICKED if column in ticked else NOT_TICKED) if status == "answered" else value
