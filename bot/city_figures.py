"""The city's own figures, as staff put them into the data folder: `city_figures.csv`, with source and year."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from content import Content
from storage.ladders import levels

FILE = "city_figures.csv"
COLUMNS = ("by", "group", "people", "source", "year")


class CityFault(Exception):
    """The city's figures cannot be read: the message names the line and what was expected."""


@dataclass(frozen=True)
class CityFigure:
    """How many people of the city are in a group, and who says so about which year."""

    people: int
    source: str
    year: int


City = Mapping[tuple[str, str], CityFigure]


def city_figures(folder: Path, content: Content) -> City:
    """By trait and group; empty where there is no file. Raises CityFault."""
    file = folder / FILE
    if not file.exists():
        return {}
    known = {(by, group) for by, steps in levels(content).items() for step in steps for group in step.groups}
    found: dict[tuple[str, str], CityFigure] = {}
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise CityFault(f"{FILE}: the first line must be {','.join(COLUMNS)}")
        for number, row in enumerate(reader, 2):
            place = (row["by"], row["group"])
            if place not in known:
                raise CityFault(f"{FILE}, line {number}: no such group; see `by` in docs/exports.md")
            if place in found or not (row["people"] or "").isdigit() or not row["source"]:
                raise CityFault(f"{FILE}, line {number}: each group once, with a whole number and a source")
            if not (row["year"] or "").isdigit():
                raise CityFault(f"{FILE}, line {number}: the year the figure is about is missing")
            found[place] = CityFigure(int(row["people"]), row["source"], int(row["year"]))
    return found
