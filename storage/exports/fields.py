"""What the columns of a bundle's tables are, where the codebook does not say so: fields.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from storage.exports.job import Column

FILE = Path(__file__).with_name("fields.yaml")


@cache
def _fields() -> Mapping[str, Mapping[str, str]]:
    fields: dict[str, dict[str, str]] = yaml.safe_load(FILE.read_text("utf8"))
    return fields


def field(table: str, name: str, column: Column | None) -> dict[str, Any]:
    """A column for frictionless: `column` is what the codebook has of it. Raises KeyError where nothing tells."""
    if f"{table}:{name}" in _fields() or column is None:
        return {"name": name, **_told(table, name)}
    made: dict[str, Any] = {"name": name, "type": column.type, "title": column.question}
    if column.codes and column.type == "integer":
        made["constraints"] = {"enum": [int(code) for code in column.codes]}
    return made


def _told(table: str, name: str) -> dict[str, str]:
    """The title in Dutch, as of the columns in the codebook; the description in English."""
    known = _fields()
    stem, _, language = name.rpartition("_")
    for key in (f"{table}:{name}", name, f"{table}:{stem}", stem):
        if key in known:
            one = known[key]
            break
    else:
        one = known[f"{table}:*"]
    return {
        "type": one["type"],
        "title": one["nl"].replace("{language}", language),
        "description": one["en"].replace("{language}", language),
    }
