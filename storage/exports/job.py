"""What the process that makes a file is told: plain data, so that it needs neither the content nor the settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property

FIELDS = ("table", "column", "type", "measure", "code")
Cell = str | int | None


@dataclass(frozen=True)
class Column:
    """A column of a table, in the language asked for: its codes with their labels, in codebook order.

    `type` is `string integer datetime`, `measure` is `nominal ordinal scale text`. `meanings` is what each code means
    under each question: in the column `code` of `answers`, side `a` is another one at every dilemma.
    """

    name: str
    type: str
    measure: str
    question: str
    codes: Mapping[str, str]
    meanings: Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Job:
    """One file to make. `database` is the path of an SQLite file, or what psycopg connects to.

    `kept` names the columns the tables have; `keys` are the derived keys by purpose, in hexadecimal;
    `book` is the whole codebook under `book_columns`; `words` are the words around a file, by name;
    `files` are further members of a bundle, ready made. `through` is the last answer to take, 0 for all,
    and `until` when it was the last (SQLite gives the number of an answer that was erased to a later one).
    `left_out` and `stood_apart` are what stands with somebody who was not counted then (storage/uncounted.py).
    `reveal_at` people share a neighbourhood that a row may show, `districts` maps each to its district.
    `prefix` begins a pseudonym where the people are made up.
    """

    database: str = field(repr=False)
    round: str
    table: str
    form: str
    folder: str
    out: str
    keys: Mapping[str, str] = field(repr=False)
    kept: Mapping[str, Sequence[str]]
    dilemmas: Sequence[str]
    items: Sequence[str]
    book_columns: Sequence[str] = field(repr=False)
    book: Sequence[Sequence[Cell]] = field(repr=False)
    language: str = "nl"
    words: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    facts: Mapping[str, Cell] = field(default_factory=dict)
    through: int = 0
    until: str = ""
    left_out: str = ""
    stood_apart: str = ""
    reveal_at: int = 10
    districts: Mapping[str, str] = field(default_factory=dict, repr=False)
    prefix: str = ""

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Job:
        return cls(**json.loads(text))

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns of a table in their order, with what their codes mean."""
        return self._columns[table]

    @cached_property
    def _columns(self) -> dict[str, tuple[Column, ...]]:
        at = {name: place for place, name in enumerate(self.book_columns)}
        found: dict[tuple[str, str], Column] = {}
        for row in self.book:
            table, name, kind, measure, code = (
                str(row[at[one]]) for one in ("table", "column", "type", "measure", "code")
            )
            label, question = (str(row[at[f"{one}_{self.language}"]]) for one in ("label", "question"))
            column = found.setdefault((table, name), Column(name, kind, measure, question, {}, {}))
            column.meanings[question, code] = label  # type: ignore[index]
            if code and code not in column.codes:
                column.codes[code] = label  # type: ignore[index]
        tables = dict.fromkeys(table for table, _ in found)
        return {table: tuple(one for (where, _), one in found.items() if where == table) for table in tables}
