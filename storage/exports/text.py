"""CSV as RFC 4180 has it, read and written, and the formats of text that are made from it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from storage.exports.job import Cell, Column, Job

# Told as it goes: how many rows are done, and how many there will be.
Told = Callable[[int, int], None]
TOLD_EVERY = 4_000

csv.field_size_limit(2**31 - 1)
_NUMBER = re.compile(r"-?[0-9]+")
# What is short and has a digit may be a date ("1 mei", "1-2") in one language or another.
_VALUE = re.compile(r"(?=.*[0-9]).{1,20}|waar|onwaar|true|false", re.IGNORECASE)
_SPECIAL = re.compile('[",\r\n]')
# JSON may hold these bare, but much that reads lines takes them for the end of one.
_LINE_ENDS = str.maketrans({"\u0085": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})
# A spreadsheet may take a text that begins like this for a formula; the guard itself is guarded too,
# so that taking one away gives the text back.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")


def cell(text: str) -> str:
    """A text as it stands in a CSV file: exact, in quotes where it has to be."""
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


@contextmanager
def rows_of(file: Path) -> Iterator[Iterator[list[str]]]:
    """The rows of a CSV file of ours, the heading left out."""
    with file.open(encoding="utf8", newline="") as opened:
        reader = csv.reader(opened)
        next(reader)
        yield reader


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A small table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def typed(columns: Sequence[Column], row: Sequence[str]) -> list[Cell]:
    """A row with numbers as numbers, and None where such a cell is empty."""
    numbers = [one.type == "integer" for one in columns]
    return [(int(one) if one else None) if number else one for one, number in zip(row, numbers, strict=True)]


def excel_csv(job: Job, source: Path, out: Path, total: int, told: Told) -> None:
    """What a Dutch Excel opens by double click: semicolons, a byte order mark, and nothing it takes for a formula."""
    columns = job.columns(job.table)
    own_words = [at for at, one in enumerate(columns) if one.measure == "text"]
    with rows_of(source) as rows, out.open("wb") as file:
        file.write("\ufeff".encode())
        file.write(_semicolons([one.name for one in columns]))
        for done, row in enumerate(rows, 1):
            cells = [guarded(one) for one in row]
            for at in own_words:
                cells[at] = guarded(row[at], own_words=True)
            file.write(_semicolons(cells))
            if done % TOLD_EVERY == 0:
                told(done, total)


def _semicolons(row: Iterable[str]) -> bytes:
    cells = (one.replace('"', '""') for one in row)
    return (";".join(f'"{one}"' for one in cells) + "\r\n").encode()


def guarded(text: str, own_words: bool = False) -> str:
    """A text with `'` in front where a spreadsheet might take it for a formula.

    Or for a number, a date or a truth, where it is somebody's own words; elsewhere a number is one.
    """
    if own_words:
        made_into_another = text.startswith(_FORMULA) or bool(_VALUE.fullmatch(text))
    else:
        made_into_another = text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if made_into_another else text


def jsonl(job: Job, source: Path, out: Path, total: int, told: Told) -> None:
    """One JSON object a line; numbers are numbers, and null where such a cell is empty."""
    columns = job.columns(job.table)
    names = [one.name for one in columns]
    with rows_of(source) as rows, out.open("wb") as file:
        for done, row in enumerate(rows, 1):
            file.write(f"{as_json(names, typed(columns, row))}\n".encode())
            if done % TOLD_EVERY == 0:
                told(done, total)


def as_json(names: Sequence[str], row: Sequence[Cell]) -> str:
    """A row as a JSON object on one line."""
    text = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, separators=(",", ":"))
    return text.translate(_LINE_ENDS)
