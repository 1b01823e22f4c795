"""Figures of a release counted again from exported rows, and whether they agree with what was released.

Rows show less than was counted: whoever was erased since has none, and some rows leave out an age, a place
or a relation (storage/generalise.py). So a figure may stand above its recount by as many people, never below.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from content import Content
from storage.counting import ABOUT, ITEMS, Counted
from storage.generalise import HIDDEN
from storage.ladders import IMPORTANCE, POSITION, SHIFTS, TOTAL, Counts, Figure, Ladder, Level, choices, levels, ticked
from storage.releases import Summary, figures
from storage.succession import NOT_GIVEN

Row = Mapping[str, str]
FIRST, BACK = "position", "position_after"


@dataclass
class Rows:
    """What is needed of exported rows of answers, gathered one row after the other."""

    people: set[str] = field(default_factory=set)
    before: dict[tuple[str, str], Counts] = field(default_factory=lambda: defaultdict(Counter))
    after: dict[tuple[str, str], Counts] = field(default_factory=lambda: defaultdict(Counter))
    firsts: list[tuple[str, str, str, str]] = field(default_factory=list)
    positions: dict[tuple[str, str], str] = field(default_factory=dict)
    later: dict[tuple[str, str], str] = field(default_factory=dict)
    about: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """One row of the table of answers."""
        if row["current"] != "1" or row["status"] != "answered":
            return
        person, dilemma, item, code = row["participant"], row["dilemma"], row["item"], row["code"]
        if item in ITEMS:
            (self.after if row["after_results"] == "1" else self.before)[dilemma, item][code] += 1
        if item == FIRST:
            self.people.add(person)
            self.positions[person, dilemma] = code
            if row["after_results"] == "0":
                self.firsts.append((person, dilemma, row["language"], code))
        elif item == BACK:
            self.later[person, dilemma] = code
        elif not dilemma and item in ABOUT.values():
            self.about[person, item] = code or HIDDEN

    def counted(self) -> Counted:
        """The same as `counting.count` gives; of age, place and relation what the rows show."""
        by: dict[tuple[str, str], dict[str, Counts]] = defaultdict(lambda: defaultdict(Counter))
        for person, dilemma, language, code in self.firsts:
            by[dilemma, "language"][language][code] += 1
            for name, item in ABOUT.items():
                by[dilemma, name][self.about.get((person, item), NOT_GIVEN)][code] += 1
        shifts: dict[str, Counts] = defaultdict(Counter)
        for (person, dilemma), code in self.later.items():
            if (first := self.positions.get((person, dilemma))) is not None:
                shifts[dilemma][f"{first}>{code}"] += 1
        return Counted(len(self.people), self.before, self.after, by, shifts)


def differences(content: Content, summary: Summary, rows: Iterable[Row], erased: int) -> Iterator[str]:
    """What of a released summary the rows do not bear out, a line each; figures that are older are left out.

    `erased`: how many people left the round since that release.
    """
    gathered = Rows()
    for row in rows:
        gathered.add(row)
    counted, number = gathered.counted(), summary["release"]
    bases = [one["base"] for *_, one in figures(summary)]
    if not 0 <= summary["base"] - counted.people <= erased and summary["base"] not in bases:
        yield f"{summary['base']} people gave a position, {counted.people} of them are in the rows"
    for dilemma, item, by, group, figure in figures(summary):
        if figure["as_of"] != number or figure["base"] is None:
            continue
        where = " ".join(one for one in (dilemma, item, by, group) if one)
        ladder = _ladder(content, summary, dilemma, item)
        if by:
            level = _level(content, by, summary["dilemmas"][dilemma]["by"][by]["step"])
            counts, unsure = _group(content, level, counted.by.get((dilemma, by), {}), by, group)
        else:
            counts, unsure = _counts(counted, dilemma, item), 0
        known = {code: n for code, n in counts.items() if ladder.several or code in ladder.codes}
        yield from (f"{where}: {fault}" for fault in _against(figure, known, ladder, erased + unsure))


def _counts(counted: Counted, dilemma: str, item: str) -> Mapping[str, int]:
    if item == "shifts":
        return counted.shifts.get(dilemma, {})
    if item == "after_results":
        return counted.after.get((dilemma, FIRST), {})
    return counted.before.get((dilemma, item), {})


def _ladder(content: Content, summary: Summary, dilemma: str, item: str) -> Ladder:
    if item == "reasons":
        return ticked(tuple(one.code for one in content.dilemmas[dilemma].reasons()), sides=True)
    if item == "weighs_most":
        return choices(content.rounds[summary["round"]].dilemmas)
    if item == "values":
        return ticked(tuple(option.code for option in content.items[item].options))
    return {"importance": IMPORTANCE, "shifts": SHIFTS}.get(item, POSITION)


def _level(content: Content, by: str, step: str) -> Level:
    return next(level for level in levels(content)[by] if level.name == step)


def _group(
    content: Content, level: Level, given: Mapping[str, Mapping[str, int]], by: str, group: str
) -> tuple[Mapping[str, int], int]:
    """Positions of a group, and how many people may be in it though their rows do not say so."""
    group_of = dict(level.group_of)
    if by == "district":
        within: dict[str, set[str]] = defaultdict(set)
        for option in content.items["neighbourhood"].options:
            within[option.district or option.code].add(level.group_of[option.code])
        group_of |= {district: groups.pop() for district, groups in within.items() if len(groups) == 1}
    counts: Counter[str] = Counter()
    unsure = 0
    for code, positions in given.items():
        if group_of.get(code) == group:
            counts.update(positions)
        elif code not in group_of and code != NOT_GIVEN:
            unsure += sum(positions.values())
    return counts, unsure


def _against(figure: Figure, counts: Mapping[str, int], ladder: Ladder, missing: int) -> Iterator[str]:
    base = sum(counts.values())
    if not 0 <= figure["base"] - base <= missing:
        yield f"{figure['base']} people were released, {base} are in the rows"
    if figure["step"] == TOTAL:
        return
    for code, n in _cells(figure, counts, ladder).items():
        released: Any = figure["counts"].get(code)
        if released is not None and not 0 <= released - n <= missing:
            yield f"{code} was released as {released}, the rows give {n}"


def _cells(figure: Figure, counts: Mapping[str, int], ladder: Ladder) -> Mapping[str, int]:
    if figure["step"] != "largest":
        return ladder.cells(counts, figure["step"])
    # Of the code that was largest then, whichever is now.
    finer = ladder.cells(counts, ladder.names[ladder.names.index("largest") - 1])
    (top,) = (code for code in figure["counts"] if code != "rest")
    return {top: finer[top], "rest": sum(finer.values()) - finer[top]}
