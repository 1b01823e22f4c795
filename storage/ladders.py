"""Coarsen before hiding: the steps in which the counts of a question, and the groups it is split by, get coarser.

The finest step is taken in which every cell is empty or large enough; a figure names its step, so that
who reads it knows what was added up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from content import Content
from conversations.shapes import POSITIONS
from storage.suppression import small

FILE = Path(__file__).with_name("levels.yaml")
Counts = dict[str, int]
Figure = dict[str, Any]
TOTAL = "total"


@dataclass(frozen=True)
class Ladder:
    """The steps of a question, from fine to coarse: each makes cells out of the counts by code.

    `several`: one may give more than one answer. Then counts are by everything somebody gave (`a1 b2`), and
    a cell tells as much of the people who are not in it.
    """

    codes: tuple[str, ...]
    steps: tuple[tuple[str, Callable[[Counts], Counts]], ...]
    several: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.steps)

    def cells(self, counts: Mapping[str, int], step: str) -> Counts:
        """The counts in this step; codes nobody gave are in it."""
        whole = dict(counts) if self.several else {code: counts.get(code, 0) for code in self.codes}
        return dict(self.steps)[step](whole)


def three(counts: Counts) -> Counts:
    return {
        "side_a": counts["a"] + counts["rather_a"],
        "between": counts["between"],
        "side_b": counts["rather_b"] + counts["b"],
    }


def side(code: str) -> str:
    """The bin of three in which a position, or a bin, is."""
    return "between" if code == "between" else f"side_{code[-1]}"


def _same(counts: Counts) -> Counts:
    return counts


def _largest(counts: Counts) -> Counts:
    top = max(counts, key=lambda code: counts[code])
    return {top: counts[top], "rest": sum(counts.values()) - counts[top]}


def _largest_side(counts: Counts) -> Counts:
    return _largest(three(counts))


def _nothing(counts: Counts) -> Counts:
    return {}


def _scale(counts: Counts) -> Counts:
    return {"low": counts["1"] + counts["2"], "middle": counts["3"], "high": counts["4"] + counts["5"]}


def _shifts_of_three(counts: Counts) -> Counts:
    added = Counter(dict.fromkeys((f"{one}>{other}" for one in SIDES for other in SIDES), 0))
    for code, n in counts.items():
        before, after = code.split(">")
        added[f"{side(before)}>{side(after)}"] += n
    return dict(added)


def _moved(counts: Counts) -> Counts:
    added = {"towards_a": 0, "same": 0, "towards_b": 0}
    for code, n in counts.items():
        before, after = (POSITIONS.index(one) for one in code.split(">"))
        added["same" if before == after else "towards_a" if after < before else "towards_b"] += n
    return added


SIDES = ("side_a", "between", "side_b")
# The last step shows the base alone, and is always possible.
POSITION = Ladder(POSITIONS, (("five", _same), ("three", three), ("largest", _largest_side), (TOTAL, _nothing)))
IMPORTANCE = Ladder(("1", "2", "3", "4", "5"), (("five", _same), ("three", _scale), (TOTAL, _nothing)))
SHIFTS = Ladder(
    tuple(f"{before}>{after}" for before in POSITIONS for after in POSITIONS),
    (("five", _same), ("three", _shifts_of_three), ("moved", _moved), (TOTAL, _nothing)),
)


def choices(codes: tuple[str, ...]) -> Ladder:
    """One of several codes without an order."""
    return Ladder(codes, (("each", _same), ("largest", _largest), (TOTAL, _nothing)))


def ticked(codes: tuple[str, ...], sides: bool = False) -> Ladder:
    """Any number of codes. With `sides` a coarser step is which side's codes (`a1`, `b2`) were ticked."""

    def each(counts: Counts) -> Counts:
        return {code: sum(n for given, n in counts.items() if code in given.split()) for code in codes}

    def by_side(counts: Counts) -> Counts:
        return {
            f"side_{one}": sum(n for given, n in counts.items() if any(code[0] == one for code in given.split()))
            for one in sorted({code[0] for code in codes})
        }

    coarser = (("sides", by_side),) if sides else ()
    return Ladder(codes, (("each", each), *coarser, (TOTAL, _nothing)), several=True)


def figure(counts: Mapping[str, int], ladder: Ladder, reveal_at: int, enough: int, finest: str = "") -> Figure:
    """What may be shown of these counts: `base` (people; None when fewer than `reveal_at`), `step`, `counts` by code.

    Cells have `enough` people or none; no step is finer than `finest`. Where one may give several answers
    and no step is fine, small cells are None, and the smallest other one with them: nothing says which of
    the two is small.
    """
    base = sum(counts.values())
    if base < reveal_at:
        return {"base": None, "step": TOTAL, "counts": {}}
    step = TOTAL
    for step, _ in ladder.steps[ladder.names.index(finest) if finest else 0 : -1]:
        cells = ladder.cells(counts, step)
        if not _too_small(cells, base, ladder, enough):
            return {"base": base, "step": step, "counts": cells}
    shown: dict[str, int | None] = {}
    if ladder.several:
        hidden = _too_small(cells, base, ladder, enough)
        rest = sorted((n, code) for code, n in cells.items() if code not in hidden)
        hidden |= {code for _, code in rest[:1]}
        shown = {code: None if code in hidden else n for code, n in cells.items()}
    if all(n is None for n in shown.values()):
        return {"base": base, "step": TOTAL, "counts": {}}
    return {"base": base, "step": step, "counts": shown}


def _too_small(cells: Counts, base: int, ladder: Ladder, enough: int) -> set[str]:
    return {code for code, n in cells.items() if small(n, enough) or (ladder.several and small(base - n, enough))}


# ---------------------------------------------------------------- groups


@dataclass(frozen=True)
class Level:
    """One way to put people into groups: `group_of` maps what somebody gave to the group they are in."""

    name: str
    group_of: Mapping[str, str]

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.group_of.values()))

    def members(self, group: str) -> frozenset[str]:
        return frozenset(code for code, name in self.group_of.items() if name == group)


def levels(content: Content) -> dict[str, tuple[Level, ...]]:
    """By `district`, `age`, `relation` and `language`: the levels from fine to coarse. Raises KeyError for a
    group in levels.yaml that holds what the content does not have.
    """
    return content.once("levels of groups", lambda: _levels(content))


def _levels(content: Content) -> dict[str, tuple[Level, ...]]:
    places = content.items["neighbourhood"].options
    given = {
        "district": tuple(option.code for option in places),
        **{item: tuple(option.code for option in content.items[item].options) for item in ("age", "relation")},
        "language": content.languages,
    }
    made: dict[str, tuple[Level, ...]] = {}
    for by, steps in _groups().items():
        found: list[Level] = []
        for name, step in steps.items():
            if step == "codes":
                group_of = {code: code for code in given[by]}
            elif step == "districts":
                group_of = {option.code: option.district or option.code for option in places}
            else:
                inside = {member: group for group, members in step.items() for member in members}
                group_of = {code: inside[finer] for code, finer in found[-1].group_of.items()}
            found.append(Level(name, group_of))
        made[by] = tuple(found)
    return made


@cache
def _groups() -> dict[str, dict[str, Any]]:
    read: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text("utf8"))
    return read
