"""A city whose residents come, go and change their mind, and somebody who reads all that is published about it.

The attacker is a strong one: they know who is in which group, and when each person joined and left. They
do not know what anybody answered, nor who changed their mind.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from content import Content
from conversations.shapes import POSITIONS
from storage.counting import Counted
from storage.ladders import levels, three
from storage.releases import compute
from tests.seeding import THEN

Block = frozenset[str]


@dataclass
class Resident:
    groups: Mapping[str, str]
    code: str


@dataclass
class Moment:
    """Who was there, and with which answer, when a release was due."""

    people: dict[str, tuple[Mapping[str, str], str]]

    def counts(self, by: str) -> dict[str, dict[str, int]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for groups, code in self.people.values():
            found[groups[by]][code] += 1
        return {group: dict(cells) for group, cells in found.items()}

    def counted(self) -> Counted:
        whole = Counter(code for _, code in self.people.values())
        by = {("growth", name): self.counts(name) for name in ("district", "age", "relation", "language")}
        return Counted(len(self.people), {("growth", "position"): dict(whole)}, {}, by, {})


@dataclass
class City:
    """`neighbourhoods` real ones, unequal in size and opinion; `residents` of them join over time."""

    content: Content
    seed: int
    residents: int = 400
    neighbourhoods: int = 18
    moments: list[Moment] = field(default_factory=list)

    def live(self, moments: int = 30) -> list[Moment]:
        draw = random.Random(self.seed)
        steps = levels(self.content)
        places = draw.sample(sorted(steps["district"][0].group_of), self.neighbourhoods)
        sizes = [draw.uniform(0.5, 2) for _ in places]
        taste = {place: [draw.gammavariate(1.5, 1) for _ in POSITIONS] for place in places}

        def somebody() -> Resident:
            (place,) = draw.choices(places, sizes)
            groups = {
                "district": place if draw.random() < 0.9 else "",
                "age": draw.choice(["", *steps["age"][0].groups]),
                "relation": draw.choices(steps["relation"][0].groups, [9, 3, 2, 1, 1, 0.3, 0.3])[0],
                "language": draw.choices(["nl", "en", "li"], [7, 2, 1])[0],
            }
            return Resident(groups, draw.choices(POSITIONS, taste[place])[0])

        waiting = [(f"p{n}", somebody()) for n in range(self.residents)]
        here: dict[str, Resident] = {}
        for moment in range(moments):
            for name, one in waiting[moment::moments]:
                here[name] = one
            for name in draw.sample(sorted(here), min(len(here), draw.randrange(3))):
                del here[name]
            for name in draw.sample(sorted(here), min(len(here), draw.randrange(4))):
                here[name].code = draw.choice(POSITIONS)
            self.moments.append(Moment({name: (one.groups, one.code) for name, one in here.items()}))
        return self.moments

    def release(self) -> list[tuple[Moment, dict[str, Any]]]:
        """What is released of this city, by the function that releases everything, and when."""
        made: list[tuple[Moment, dict[str, Any]]] = []
        for moment in self.moments:
            before = [summary for _, summary in made]
            if summary := compute(self.content, "dreams", moment.counted(), before, 10, THEN):
                made.append((moment, summary))
        return made


@dataclass
class Known:
    """One moment at which something of a split is known: cells by block, and who was there."""

    moment: Moment
    by: str
    blocks: dict[Block, dict[str, int]]


def raw(moments: Sequence[Moment], by: str, enough: int = 1) -> list[Known]:
    """Tables as they would be without any rule; with `enough`, of groups in which no cell is smaller."""
    found = []
    for moment in moments:
        rows = {frozenset({group}): cells for group, cells in moment.counts(by).items()}
        found.append(Known(moment, by, {b: c for b, c in rows.items() if min(c.values()) >= enough}))
    return found


def read(made: Sequence[tuple[Moment, dict[str, Any]]], content: Content, by: str) -> list[Known]:
    """What the releases tell of a split, and what follows for those they do not name."""
    named = {level.name: level for level in levels(content)[by]}
    found = []
    for moment, summary in made:
        whole = summary["dilemmas"]["growth"]
        groups = whole["by"][by]["groups"]
        new = {group: row for group, row in groups.items() if row["as_of"] == summary["release"] and row["base"]}
        if whole["as_of"] != summary["release"] or not new:
            continue
        level = named[whole["by"][by]["step"]]
        rows = {level.members(group): _cells(row) for group, row in new.items()}
        everyone = frozenset({"", *level.group_of})
        rest = Counter(_cells({**whole}) or {})
        if all(rows.values()) and rest:
            fewer = {len(cells) for cells in rows.values() if cells}
            rest = Counter(three(dict(rest)) if len(rest) == 5 and fewer == {3} else rest)
            for cells in rows.values():
                rest.subtract(cells or {})
            rows[everyone.difference(*rows)] = dict(rest)
        found.append(Known(moment, by, {block: cells for block, cells in rows.items() if cells}))
    return found


def _cells(row: Mapping[str, Any]) -> dict[str, int] | None:
    return None if None in row["counts"].values() or "rest" in row["counts"] else dict(row["counts"]) or None


def exposed(known: Sequence[Known]) -> set[str]:
    """The people whose answer follows from what is known at one moment, or from two moments."""
    found: set[str] = set()
    for one in known:
        for block, cells in one.blocks.items():
            if len([n for n in cells.values() if n]) == 1:
                found |= set(_inside(one, block))
    for one, other in combinations(known, 2):
        for block, then, now in _at_both(one, other):
            before, after = _inside(one, block), _inside(other, block)
            joined, left = after - before, before - after
            change = {code: now.get(code, 0) - then.get(code, 0) for code in {*then, *now}}
            more = {code for code, n in change.items() if n > 0}
            fewer = {code for code, n in change.items() if n < 0}
            if sum(change[code] for code in more) != len(joined) or -sum(change[code] for code in fewer) != len(left):
                continue
            # Who joined explains all that grew, who left all that shrank; where that is one answer, it is theirs.
            found |= _right(other, joined, more) | _right(one, left, fewer)
    return found


def _inside(known: Known, block: Block) -> set[str]:
    return {name for name, (groups, _) in known.moment.people.items() if groups[known.by] in block}


def _at_both(one: Known, other: Known) -> Iterator[tuple[Block, dict[str, int], dict[str, int]]]:
    """Sets of groups whose cells are known at both moments, in the coarser step of the two."""
    everywhere = {*one.blocks, *other.blocks}
    while everywhere:
        block = everywhere.pop()
        while touching := {other for other in everywhere if other & block}:
            everywhere -= touching
            block = block.union(*touching)
        then, now = _sum(one, block), _sum(other, block)
        if then and now:
            coarse = len(then) != len(now)
            yield block, _binned(then) if coarse else then, _binned(now) if coarse else now


def _sum(known: Known, block: Block) -> dict[str, int] | None:
    parts = [(part, cells) for part, cells in known.blocks.items() if part <= block]
    if frozenset().union(*(part for part, _ in parts)) != block:
        return None
    added: Counter[str] = Counter()
    coarse = len({len(cells) for _, cells in parts}) > 1
    for _, cells in parts:
        added.update(_binned(cells) if coarse else cells)
    return dict(added)


def _binned(cells: dict[str, int]) -> dict[str, int]:
    return cells if "side_a" in cells else three({code: cells.get(code, 0) for code in POSITIONS})


def _right(known: Known, people: set[str], codes: set[str]) -> set[str]:
    if len(codes) != 1:
        return set()
    (code,) = codes
    bins = {"side_a": ("a", "rather_a"), "between": ("between",), "side_b": ("rather_b", "b")}.get(code, (code,))
    return {name for name in people if known.moment.people[name][1] in bins}
