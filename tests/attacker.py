"""A city whose residents come, go and change their mind, and somebody who reads all that is published about it.

The attacker is a strong one: they know who is in which group, and when each person joined and left. They
do not know what anybody answered, nor who changed their mind.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from content import Content
from conversations.shapes import POSITIONS
from storage.attack import Block, Known, at_both, cells_of, change, known
from storage.counting import Counted
from storage.ladders import levels
from storage.releases import compute
from storage.succession import NOT_GIVEN
from tests.seeding import THEN


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
        lives = Counter(groups["district"] for groups, _ in self.people.values() if groups["district"] != NOT_GIVEN)
        return Counted(len(self.people), {("growth", "position"): dict(whole)}, {}, by, {}, lives=lives)


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
class Seen:
    """One moment at which something of a split is known, and who was there."""

    moment: Moment
    by: str
    known: Known


def raw(moments: Sequence[Moment], by: str) -> list[Seen]:
    """Tables as they would be without any rule."""
    found = []
    for number, moment in enumerate(moments):
        rows: dict[Block, dict[str, int]] = {frozenset({group}): cells for group, cells in moment.counts(by).items()}
        found.append(
            Seen(moment, by, Known(number, rows, {block: sum(cells.values()) for block, cells in rows.items()}))
        )
    return found


def read(made: Sequence[tuple[Moment, dict[str, Any]]], content: Content, by: str) -> list[Seen]:
    """What the releases tell of a split, and what follows for those they do not name."""
    found = []
    for moment, summary in made:
        whole = summary["dilemmas"]["growth"]
        if told := known(summary["release"], whole, whole["by"][by], levels(content)[by]):
            found.append(Seen(moment, by, told))
    return found


def exposed(seen: Sequence[Seen]) -> set[str]:
    """The people whose answer follows from what is known at one moment, or from two moments."""
    found: set[str] = set()
    for one in seen:
        for block, cells in one.known.blocks.items():
            if len([n for n in cells.values() if n]) == 1:
                found |= set(_inside(one, block))
    for one, other in combinations(seen, 2):
        for block in at_both(one.known.blocks, other.known.blocks):
            then, now = cells_of(one.known, block), cells_of(other.known, block)
            if then is None or now is None:
                continue
            before, after = _inside(one, block), _inside(other, block)
            joined, left = after - before, before - after
            changed = change(then, now)
            more = {code for code, n in changed.items() if n > 0}
            fewer = {code for code, n in changed.items() if n < 0}
            if sum(changed[code] for code in more) != len(joined) or -sum(changed[code] for code in fewer) != len(left):
                continue
            # Who joined explains all that grew, who left all that shrank; where that is one answer, it is theirs.
            found |= _right(other, joined, more) | _right(one, left, fewer)
    return found


def _inside(seen: Seen, block: Block) -> set[str]:
    return {name for name, (groups, _) in seen.moment.people.items() if groups[seen.by] in block}


def _right(seen: Seen, people: set[str], codes: set[str]) -> set[str]:
    if len(codes) != 1:
        return set()
    (code,) = codes
    bins = {"side_a": ("a", "rather_a"), "between": ("between",), "side_b": ("rather_b", "b")}.get(code, (code,))
    return {name for name in people if seen.moment.people[name][1] in bins}
