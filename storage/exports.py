"""Tables as files. A format is one function and its line in FORMATS; a table is one function and its line in TABLES.

Everything is read through one connection that holds a snapshot (`storage.database.begin_read`), by
plain cursors and in pieces, so that a large table never stands in memory as a whole. Nothing here
knows a channel address: the table of contacts is not read.
"""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, select

from content import Content
from storage import codebook, releases
from storage.about_you import FIELD, ShownAbout
from storage.keys import Keys
from storage.tables import Answer, Consent

answers = Answer.__table__  # type: ignore[attr-defined]
consents = Consent.__table__  # type: ignore[attr-defined]

Cell = str | int | None
Rows = Iterable[Sequence[Cell]]
AT_ONCE = 500
# Own words leave once a moderator let them.
LEAVES = ("passed", "masked")
PIECE = 64 * 1024
# JSON may hold these bare, but much that reads lines takes them for the end of one.
_LINE_ENDS = str.maketrans({"\u0085": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class NoSuchTable(LookupError):
    """There is no such table, or not in this format: the message says which there are."""


class NothingReleased(LookupError):
    """No summary of this round was released yet."""


@dataclass(frozen=True)
class Format:
    """How rows become bytes. `media` is the media type, `also` others that ask for it."""

    write: Callable[[Sequence[str], Rows], Iterator[str]]
    media: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """What can be exported: its columns and rows, and in which formats; the first is the default."""

    read: Callable[[Connection, Content, Keys, str, int], tuple[Sequence[str], Rows]]
    formats: tuple[str, ...]


def export(
    conn: Connection, content: Content, keys: Keys, round_code: str, table: str, form: str, reveal_at: int
) -> Iterator[bytes]:
    """The table of a round as a file, in pieces of UTF-8.

    `reveal_at`: how many people share what a row shows of age, neighbourhood and relation together.
    `conn` must be inside a snapshot and stay open until the last piece was taken. Raises, before the
    first piece, NoSuchTable for a table or format that is not there, KeyError for an unknown round,
    and NothingReleased for the summary of a round without one.
    """
    if table not in TABLES:
        raise NoSuchTable(f"there is no table {table}; there are {', '.join(TABLES)}")
    if form not in TABLES[table].formats:
        raise NoSuchTable(f"{table} is there as {', '.join(TABLES[table].formats)}, not as {form}")
    content.rounds[round_code]
    if (table, form) == ("summary", "json"):
        return _pieces([json.dumps(_summary(conn, round_code), indent=1) + "\n"])
    columns, rows = TABLES[table].read(conn, content, keys, round_code, reveal_at)
    return _pieces(FORMATS[form].write(columns, rows))


# ---------------------------------------------------------------- tables

_KEPT = (
    *("id", "participant", "round", "dilemma", "item", "kind", "status", "code", "value", "text", "masked", "language"),
    *("method", "score", "channel", "setting", "group", "revision", "current", "answered_at", "content_version"),
    *("argument", "shown_first", "after_results", "text_state"),
)
_THESE = select(*(answers.c[name] for name in _KEPT)).where(answers.c.id.in_(bindparam("numbers", expanding=True)))


def _read_answers(
    conn: Connection, content: Content, keys: Keys, round_code: str, reveal_at: int
) -> tuple[Sequence[str], Rows]:
    return codebook.answer_columns(), _answers(conn, content, keys, round_code, reveal_at)


def _read_codebook(
    conn: Connection, content: Content, keys: Keys, round_code: str, reveal_at: int
) -> tuple[Sequence[str], Rows]:
    return codebook.columns(content), codebook.rows(content, round_code)


def _read_summary(
    conn: Connection, content: Content, keys: Keys, round_code: str, reveal_at: int
) -> tuple[Sequence[str], Rows]:
    return releases.CSV_COLUMNS, releases.csv_rows(_summary(conn, round_code))


def _summary(conn: Connection, round_code: str) -> dict[str, object]:
    found = releases.latest(conn, round_code)
    if found is None:
        raise NothingReleased(round_code)
    return found


def _answers(
    conn: Connection, content: Content, keys: Keys, round_code: str, reveal_at: int
) -> Iterator[Sequence[Cell]]:
    agreed = select(consents.c.participant).where(consents.c.purpose == "quote_me", consents.c.yes)
    quotable = set(conn.execute(agreed).scalars())
    in_order = codebook.code_order(content)
    about = ShownAbout(conn, content, round_code, reveal_at)
    names: dict[str, str] = {}
    for batch in _in_export_order(conn, keys, round_code):
        found = {row[0]: row for row in conn.execute(_THESE, {"numbers": list(batch.values())})}
        for answer_id, number in batch.items():
            row = found[number]
            person = row[1]
            if person not in names:
                names[person] = keys.pseudonym(person)
            yield _answer(row, answer_id, names[person], person in quotable, in_order, about)


def _in_export_order(conn: Connection, keys: Keys, round_code: str) -> Iterator[dict[str, int]]:
    """Row numbers by exported id, sorted by that id, AT_ONCE at a time.

    Sorted in heaps by their first letters: one sort of a million would hold up every other thread.
    """
    heaps: dict[str, list[str]] = defaultdict(list)
    numbers = conn.execute(
        # A row of a refused text never leaves.
        select(answers.c.id)
        .where(answers.c.round == round_code, answers.c.text_state != "refused")
        .execution_options(yield_per=10_000)
    ).scalars()
    for number in numbers:
        answer_id = keys.answer_id(number)
        heaps[answer_id[:2]].append(f"{answer_id} {number}")
    for start in sorted(heaps):
        heap = iter(sorted(heaps.pop(start)))
        while batch := list(islice(heap, AT_ONCE)):
            yield {answer_id: int(number) for answer_id, _, number in (one.partition(" ") for one in batch)}


def _answer(
    row: Sequence[Any],
    answer_id: str,
    name: str,
    quotable: bool,
    in_order: Callable[[str, str, str], str],
    about: ShownAbout,
) -> Sequence[Cell]:
    # A row's cells by position: by name would take twice as long, a million times.
    _, person, round_code, dilemma, item, kind, status, code, value, own, text, language, method, score, *rest = row
    channel, setting, group, revision, current, at, version, argument, first, after_results, state = rest
    if state not in LEAVES:
        own = text = ""
    code = in_order(dilemma, item, code) if item not in FIELD else about.code(person, item, code, current)
    return (
        *(answer_id, name, round_code, dilemma, item, kind, status, code, value),
        *(text, int(text != own), language, method, score, channel, setting, group, revision, int(current)),
        *(to_the_hour(at), version, argument, first, int(after_results), int(quotable)),
        state,
    )


def to_the_hour(moment: datetime) -> str:
    """UTC in ISO 8601, rounded down to the hour: finer would help to recognise a person."""
    utc = moment if moment.tzinfo in (None, UTC) else moment.astimezone(UTC)
    return f"{utc.isoformat()[:13]}:00:00Z"


# ---------------------------------------------------------------- formats


def _csv(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    """RFC 4180. Exact: what looks like a formula stays as it is (a spreadsheet wants another format)."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(row)
        if line.tell() > PIECE:
            yield _empty(line)
    yield _empty(line)


def _empty(line: io.StringIO) -> str:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text


def _one(columns: Sequence[str], row: Sequence[Cell]) -> str:
    text = json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False, separators=(",", ":"))
    return text.translate(_LINE_ENDS)


def _jsonl(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    """One JSON object a line; numbers are numbers, and null where a cell is empty."""
    for row in rows:
        yield _one(columns, row) + "\n"


def _json(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    """A list of objects, one a row."""
    yield "["
    for number, row in enumerate(rows):
        yield (",\n" if number else "\n") + _one(columns, row)
    yield "\n]\n"


def _pieces(texts: Iterable[str]) -> Iterator[bytes]:
    """The same, in pieces of about PIECE bytes."""
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= PIECE:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting).encode()


FORMATS: dict[str, Format] = {
    "csv": Format(_csv, "text/csv; charset=utf-8; header=present", ("text/csv",)),
    "jsonl": Format(_jsonl, "application/jsonl", ("application/x-ndjson", "application/x-jsonlines")),
    "json": Format(_json, "application/json"),
}

TABLES: dict[str, Table] = {
    "answers": Table(_read_answers, ("csv", "jsonl")),
    "codebook": Table(_read_codebook, ("json", "csv")),
    "summary": Table(_read_summary, ("json", "csv")),
}
