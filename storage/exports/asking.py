"""What the making of a file needs, put together from the content, the keys and the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from sqlalchemy import Connection, Engine, select, text

from content import Content
from storage import codebook, releases
from storage.database import begin_read
from storage.exports import BUNDLE, LANGUAGE, TABLES, NothingReleased, check
from storage.exports.job import Job
from storage.exports.moment import COUNTED_ON_POSTGRESQL, UNDER_WAY_ON_POSTGRESQL
from storage.exports.packing import Packed, pack
from storage.exports.text import as_json, csv_text
from storage.keys import Keys
from storage.tables import Answer, Mark, Participant
from storage.uncounted import mark

marks = Mark.__table__  # type: ignore[attr-defined]

WORDS = Path(__file__).with_name("words.yaml")
KEPT = {
    "answer": tuple(Answer.__table__.columns.keys()),  # type: ignore[attr-defined]
    "participant": tuple(Participant.__table__.columns.keys()),  # type: ignore[attr-defined]
}


@dataclass(frozen=True)
class State:
    """How far the database has changed (alike only where nothing did), and how many people were erased ever."""

    changes: str
    erased: int


def state(conn: Connection) -> State:
    """What is true in this snapshot."""
    named = {row.name: row.value for row in conn.execute(select(marks).where(marks.c.name != "key"))}
    erased = sum(int(value) for name, value in named.items() if name.startswith("left:"))
    if conn.dialect.name == "sqlite":
        return State(named.get("changes", ""), erased)
    counted, under_way = (
        conn.execute(text(one)).scalar_one() for one in (COUNTED_ON_POSTGRESQL, UNDER_WAY_ON_POSTGRESQL)
    )
    return State(f"{counted} {under_way}", erased)


@cache
def _words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load(WORDS.read_text("utf8"))
    return found


def job(
    engine: Engine,
    content: Content,
    keys: Keys,
    round_code: str,
    table: str,
    form: str,
    folder: Path,
    out: Path,
    reveal_at: int,
    language: str = LANGUAGE,
) -> Job:
    """The job of making one table of rows into the file `out`, working in `folder`, both on one disk.

    Raises NoSuchTable, and KeyError for an unknown round or language.
    """
    check(table, form)
    here = content.rounds[round_code]
    content.words(language)
    packed = _packed(engine, content, round_code) if table == BUNDLE else Packed({}, {}, 0, "")
    return Job(
        database=_address(engine),
        round=round_code,
        table=table,
        form=form,
        folder=str(folder),
        out=str(out),
        keys={purpose: keys.derive(purpose).hex() for purpose in ("pseudonym", "answer")},
        kept=KEPT,
        dilemmas=(*here.dilemmas, *here.after_goodbye),
        items=tuple(content.items),
        book_columns=codebook.columns(content),
        book=tuple(codebook.rows(content, round_code)),
        reveal_at=reveal_at,
        districts=_districts(content),
        prefix=keys.prefix,
        language=language,
        words={name: by[language] for name, by in _words().items()},
        files=packed.files,
        facts=packed.facts,
        through=packed.through,
        until=packed.until,
        left_out=mark(round_code),
        stood_apart=mark(round_code, apart=True),
    )


def _packed(engine: Engine, content: Content, round_code: str) -> Packed:
    with engine.connect() as conn:
        begin_read(conn)
        return pack(conn, content, round_code)


def _districts(content: Content) -> dict[str, str]:
    item = content.items.get("neighbourhood")
    return {one.code: one.district for one in (item.options if item else ()) if one.district}


def _address(engine: Engine) -> str:
    if engine.dialect.name == "sqlite":
        return str(Path(engine.url.database or "").absolute())
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


# ---------------------------------------------------------------- tables without rows about people


def small(conn: Connection, content: Content, round_code: str, table: str, form: str) -> bytes:
    """The codebook or the summary as a file. Raises NoSuchTable, NothingReleased, and KeyError for an unknown round."""
    check(table, form)
    content.rounds[round_code]
    if table == "codebook":
        columns, rows = codebook.columns(content), codebook.rows(content, round_code)
        if form == "json":
            return "".join(_listed(as_json(columns, row) for row in rows)).encode()
        return csv_text(columns, rows).encode()
    found = releases.latest(conn, round_code)
    if found is None:
        raise NothingReleased(round_code)
    if form == "json":
        return (json.dumps(found, indent=1) + "\n").encode()
    return csv_text(releases.CSV_COLUMNS, releases.csv_rows(found)).encode()


def _listed(objects: Iterator[str]) -> Iterator[str]:
    yield "["
    for number, one in enumerate(objects):
        yield (",\n" if number else "\n") + one
    yield "\n]\n"


def is_small(table: str) -> bool:
    """Whether a table tells about no single person, so that it needs no process of its own."""
    return table in TABLES and not TABLES[table].rows
