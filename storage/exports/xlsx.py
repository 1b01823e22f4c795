"""A workbook: the data, the codebook in the language asked for, and what a reader should know first.

Nothing becomes a formula or a link: every text is written as text. Rows go to the file as they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from storage.exports.job import Column, Job
from storage.exports.text import Told, rows_of

# Excel's own limits.
LONGEST_TEXT = 32_767
MOST_ROWS = 1_048_576
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm",
}
TOLD_EVERY = 4_000
# No unit of UTF-16 too many, whatever is in it.
SHORT = LONGEST_TEXT // 2
# What stands behind the methods that would first ask of every cell whether it is named as in `B7`.
_write_string = Worksheet.write_string.__wrapped__
_write_number = Worksheet.write_number.__wrapped__
_write_datetime = Worksheet.write_datetime.__wrapped__


def write(job: Job, source: Path, out: Path, total: int, told: Told) -> None:
    """Write the workbook of `job.table` from its CSV; `total` is the number of rows there will be."""
    columns = job.columns(job.table)
    with xlsxwriter.Workbook(out, {**OPTIONS, "tmpdir": str(out.parent)}) as book:
        # The same rows make the same file.
        book.set_properties({"created": datetime(1980, 1, 1), "title": _title(job, total)})
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        with rows_of(source) as rows:
            sheet, at = _sheet(book, job.words["xlsx.data"], columns, bold), 0
            for done, row in enumerate(rows, 1):
                at += 1
                if at == MOST_ROWS:
                    sheet.autofilter(0, 0, at - 1, len(columns) - 1)
                    number = len(book.worksheets()) + 1
                    sheet, at = _sheet(book, f"{job.words['xlsx.data']} {number}", columns, bold), 1
                _row(sheet, at, columns, row)
                if done % TOLD_EVERY == 0:
                    told(done, total)
            sheet.autofilter(0, 0, at, len(columns) - 1)
        told(total, total)
        meanings = book.add_worksheet(job.words["xlsx.codebook"])
        meanings.freeze_panes(1, 0)
        meanings.set_column(0, 5, 30)
        last = _table(meanings, _codebook(job), bold, wrapped)
        meanings.autofilter(0, 0, last, 5)
        first = book.add_worksheet(job.words["xlsx.read_me"])
        first.set_column(0, 0, 100)
        _table(first, _read_me(job, total), book.add_format({"bold": True, "text_wrap": True}), wrapped)


def _sheet(book: Any, name: str, columns: Sequence[Column], bold: Any) -> Worksheet:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for at, column in enumerate(columns):
        sheet.set_column(at, at, 40 if column.measure == "text" else 16)
        sheet.write_string(0, at, heading(column), bold)
    return sheet


def heading(column: Column) -> str:
    """The name of a column; of a time with its zone, which a cell of Excel cannot hold."""
    return f"{column.name} (UTC)" if column.type == "datetime" else column.name


def _row(sheet: Worksheet, at: int, columns: Sequence[Column], row: Sequence[str]) -> None:
    for place, text in enumerate(row):
        if not text:
            continue
        kind = columns[place].type
        if kind == "integer":
            _write_number(sheet, at, place, int(text))
        elif kind == "datetime":
            _write_datetime(sheet, at, place, _moment(text))
        else:
            _write_string(sheet, at, place, text if len(text) < SHORT else fitting(text, LONGEST_TEXT))


# Many rows have the same hour.
@cache
def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text[:-1])


def fitting(text: str, most: int) -> str:
    """A text as it fits into a cell: cut, and marked as cut. Excel counts in units of UTF-16."""
    if len(text) * 2 <= most or len(text.encode("utf-16-le")) // 2 <= most:
        return text
    mark = " […]"
    return text.encode("utf-16-le")[: 2 * (most - len(mark))].decode("utf-16-le", "ignore") + mark


def _table(sheet: Worksheet, rows: Iterable[Sequence[str]], head: Any, body: Any) -> int:
    """Write a small table; the number of its last row."""
    at = 0
    for at, row in enumerate(rows):
        for place, text in enumerate(row):
            sheet.write_string(at, place, fitting(text, LONGEST_TEXT), body if at else head)
    return at


def _title(job: Job, total: int) -> str:
    return job.words["read_me.what"].format(table=job.table, round=job.round, rows=total)


def _codebook(job: Job) -> Iterable[Sequence[str]]:
    words = job.words
    yield [words[f"codebook.{one}"] for one in ("column", "question", "code", "label", "type", "measure")]
    for column in job.columns(job.table):
        for (question, code), label in column.meanings.items():
            yield column.name, question, code, label, column.type, column.measure


def _read_me(job: Job, total: int) -> Iterable[Sequence[str]]:
    for name, text in job.words.items():
        _, _, only = name.partition(":")
        if name.startswith("read_me.") and (not only or only == job.table or (only == "simulated" and job.prefix)):
            yield (text.format(table=job.table, round=job.round, rows=total, **job.facts),)
