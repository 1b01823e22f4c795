"""Tables as files: which there are, in which formats. How they are made stands in the modules beside this one.

An export is made in three steps, in a process of its own that loads little (`making`, begun by `maker`): a copy of one
moment (`moment`), the table as CSV (`answers`, `participants`), and from that CSV any other format. A
format is one function and its line in FORMATS; a table is one function and its line in TABLES.
Nothing here knows a channel address: the table of contacts is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

LANGUAGE = "nl"
BUNDLE, COUNCIL = "bundle", "council"


class NoSuchTable(LookupError):
    """There is no such table, or not in this format: the message says which there are."""


class NothingReleased(LookupError):
    """No summary of this round was released yet."""


@dataclass(frozen=True)
class Format:
    """A kind of file. `media` is the media type, `also` others that ask for it, `suffix` ends a file's name.

    `write` names the function here (`module.function`) that makes it from the table's CSV; it is loaded
    only where it is used. `needs`: a library of the extra `science` that it takes. `labelled`: it holds
    labels in the language asked for.
    """

    media: str
    suffix: str
    also: tuple[str, ...] = ()
    write: str = ""
    labelled: bool = False
    needs: str = ""


@dataclass(frozen=True)
class Table:
    """What can be exported, and in which formats; the first is the default. `rows`: it tells about single people."""

    formats: tuple[str, ...]
    rows: bool = False


FORMATS: dict[str, Format] = {
    "csv": Format("text/csv; charset=utf-8; header=present", "csv", ("text/csv",)),
    "excel-csv": Format("application/vnd.ms-excel; charset=utf-8", "excel.csv", write="text.excel_csv"),
    "jsonl": Format("application/jsonl", "jsonl", ("application/x-ndjson", "application/x-jsonlines"), "text.jsonl"),
    "json": Format("application/json", "json"),
    "xlsx": Format(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", write="xlsx.write", labelled=True
    ),
    "parquet": Format(
        "application/vnd.apache.parquet", "parquet", ("application/x-parquet",), "parquet.write", needs="pyarrow"
    ),
    "sav": Format(
        "application/x-spss-sav",
        "sav",
        ("application/vnd.spss-sav",),
        "sav.write",
        needs="readstat_arrow",
        labelled=True,
    ),
    "zip": Format("application/zip", "zip"),
    "html": Format("text/html; charset=utf-8", "html", labelled=True),
    "pdf": Format("application/pdf", "pdf", labelled=True),
}

TABLES: dict[str, Table] = {
    "answers": Table(("csv", "excel-csv", "jsonl", "xlsx", "parquet"), rows=True),
    "participants": Table(("csv", "excel-csv", "xlsx", "parquet", "sav"), rows=True),
    "codebook": Table(("json", "csv")),
    "summary": Table(("json", "csv")),
    BUNDLE: Table(("zip",), rows=True),
    # A page about the summary, made at the edge: bot/staff_council.py.
    COUNCIL: Table(("html", "pdf")),
}


def check(table: str, form: str) -> None:
    """Raises NoSuchTable, which says what there is, for a table or format that is not there."""
    if table not in TABLES:
        raise NoSuchTable(f"there is no table {table}; there are {', '.join(TABLES)}")
    if form not in TABLES[table].formats:
        raise NoSuchTable(f"{table} is there as {', '.join(TABLES[table].formats)}, not as {form}")
    if FORMATS[form].needs and find_spec(FORMATS[form].needs) is None:
        raise NoSuchTable(f"{form} needs more: pip install 'stadsdialoog[science]'")
