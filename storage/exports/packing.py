"""What a bundle holds besides rows: the codebook, what was asked, every release, and what to read first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from content import Content
from content.model import Text
from storage import codebook, releases
from storage.exports import summary_codes
from storage.exports.job import Cell
from storage.exports.text import csv_text
from storage.keeping import rounds as states
from storage.simulated import simulated

READ_ME = Path(__file__).with_name("read_me.md")


@dataclass(frozen=True)
class Packed:
    """Files by name, facts for the manifest, and the last answer that the newest release counted, and when."""

    files: Mapping[str, str]
    facts: Mapping[str, Cell]
    through: int
    until: str


def release_file(number: int) -> str:
    """Where a release lies in a bundle."""
    return f"releases/{number}.json"


def pack(conn: Connection, content: Content, round_code: str) -> Packed:
    """Everything of this snapshot. Raises KeyError for a round that is not in the content."""
    here = content.rounds[round_code]
    columns, book = codebook.columns(content), list(codebook.rows(content, round_code))
    files = {
        "codebook.csv": csv_text(columns, book),
        "codebook.json": as_file([dict(zip(columns, row, strict=True)) for row in book]),
        "rounds.csv": csv_text(*_rounds(conn, content)),
        "dilemmas.csv": csv_text(*_dilemmas(content, (*here.dilemmas, *here.after_goodbye))),
        "README.md": _read_me(content),
    }
    newest = conn.execute(releases.newest(round_code)).first()
    for one in releases.published(conn, round_code):
        files[release_file(one["release"])] = files["summary.json"] = as_file(one)
        files["summary.csv"] = csv_text(releases.CSV_COLUMNS, releases.csv_rows(one))
    facts: dict[str, Cell] = {
        "program": "stadsdialoog",
        "title": here.title["nl"],
        "content_version": content.version,
        "simulated": int(simulated(conn)),
        "release": newest.number if newest else None,
        "released_at": f"{newest.made_at.replace(microsecond=0, tzinfo=None).isoformat()}Z" if newest else None,
        "left": newest.left if newest else None,
    }
    until = newest.made_at.isoformat(" ", "microseconds")[:26] if newest else ""
    return Packed(files, facts, newest.through if newest else 0, until)


def _read_me(content: Content) -> str:
    text = READ_ME.read_text("utf8")
    for language in ("nl", "en"):
        text = text.replace(f"{{codes_{language}}}", summary_codes.table(content, language))
    return text


def as_file(what: object) -> str:
    """JSON as it stands in a file of ours."""
    return json.dumps(what, ensure_ascii=False, indent=1) + "\n"


def _rounds(conn: Connection, content: Content) -> tuple[tuple[str, ...], list[list[Cell]]]:
    there = {row.round: row.state for row in conn.execute(select(states))}
    rows: list[list[Cell]] = [
        [
            *(code, there.get(code, "planned"), one.since, one.until),
            *(*_each(content, one.title), " ".join(one.dilemmas), " ".join(one.after_goodbye)),
        ]
        for code, one in content.rounds.items()
    ]
    heads = ("round", "state", "version_first", "version_last", *_heads(content, "title"), "dilemmas", "after_goodbye")
    return heads, rows


def _dilemmas(content: Content, codes: tuple[str, ...]) -> tuple[tuple[str, ...], list[list[Cell]]]:
    rows: list[list[Cell]] = []
    for one in (content.dilemmas[code] for code in codes):
        texts = (one.title, one.fact, one.sides["a"].label, one.sides["b"].label)
        rows.append([one.code, one.number, one.section, one.since, one.until])
        rows[-1] += [cell for text in texts for cell in _each(content, text)]
    names = [head for name in ("title", "fact", "side_a", "side_b") for head in _heads(content, name)]
    return ("dilemma", "number", "section", "version_first", "version_last", *names), rows


def _heads(content: Content, name: str) -> Iterator[str]:
    return (f"{name}_{language}" for language in content.languages)


def _each(content: Content, text: Text) -> Iterator[Cell]:
    return (text[language] for language in content.languages)
