"""One release after another: nobody may be found in the difference of two.

Who knows that somebody joined between two releases subtracts one from the other. So a figure changes
only when its base differs by at least `reveal_at` people from that of every earlier release of it: then
at least so many joined, or at least so many left. And where those that came gave nearly all one answer
they are not shown yet. The net difference is what counts, so that a base which changed by fewer never
tells that somebody left.

A table of groups is known at more places than it shows: with the total of all, what the shown groups
leave over is known too. So the same holds for every set of groups that is known at both moments.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from storage.ladders import POSITION, Counts, Figure, Ladder, side
from storage.suppression import alike

Block = frozenset[str]
# Who gave no answer that a group is made of.
NOT_GIVEN = ""


@dataclass(frozen=True)
class Shot:
    """What one release told anew of a table: the figure of all, and of groups by what their members gave."""

    whole: Figure
    rows: Mapping[Block, Figure] = field(default_factory=dict)


def may_follow(past: Iterable[Figure], counts: Mapping[str, int], ladder: Ladder, reveal_at: int) -> bool:
    """Whether a figure of these counts may be released after the earlier ones of the same question."""
    base = sum(counts.values())
    for old in past:
        if old["base"] is None:
            continue
        if abs(base - old["base"]) < reveal_at:
            return False
        cells = ladder.cells(counts, old["step"])
        if cells.keys() != old["counts"].keys():
            continue
        differences = [cells[code] - n for code, n in old["counts"].items() if n is not None]
        if ladder.several:
            # Of each answer apart: who gave it and who did not.
            came = base - old["base"]
            if any(_few((n, came - n), reveal_at) for n in differences) or alike(differences, abs(came)):
                return False
        elif _tells(differences, reveal_at):
            return False
    return True


def too_near(
    past: Sequence[Shot], counts: Mapping[str, Counts], shown: Collection[Block], reveal_at: int
) -> Block | None:
    """A set of groups that changed too little since an earlier release and would be known now as then, if `shown`
    were released; None where there is none. `counts` are positions by what people gave, NOT_GIVEN included.
    """
    known: dict[frozenset[Block], list[tuple[Block, Counts]]] = {}
    for shot in past:
        if not shot.rows:
            continue
        rows = frozenset(shot.rows)
        if rows not in known:
            everyone = frozenset({NOT_GIVEN, *counts}.union(*rows, *shown))
            both = _meet(_parts(rows, everyone), _parts(shown, everyone))
            # What is known of all of them is the figure of all, which `may_follow` is about.
            known[rows] = [(block, added(counts, block)) for block in both if block != everyone]
        for block, now in known[rows]:
            if _near(shot, block, now, reveal_at):
                return block
    return None


def added(counts: Mapping[str, Counts], block: Block) -> Counts:
    """The positions of everybody in a block."""
    return {code: sum(counts.get(one, {}).get(code, 0) for one in block) for code in POSITION.codes}


# ---------------------------------------------------------------- inside


def _parts(rows: Collection[Block], everyone: Block) -> list[Block]:
    rest = everyone.difference(*rows)
    return [*rows, rest] if rest else list(rows)


def _meet(one: Sequence[Block], other: Sequence[Block]) -> list[Block]:
    """The smallest sets that are made of whole blocks of both."""
    met: list[Block] = []
    for block in (*one, *other):
        touching = [known for known in met if known & block]
        met = [known for known in met if not known & block] + [block.union(*touching)]
    return met


def _near(shot: Shot, block: Block, now: Counts, reveal_at: int) -> bool:
    inside = [row for members, row in shot.rows.items() if members <= block]
    outside = [row for members, row in shot.rows.items() if not members <= block]
    covered = block <= frozenset().union(*(members for members in shot.rows if members <= block))
    # Either all of the block was shown, or it follows from the whole and what was shown outside of it.
    plus, minus = (inside, []) if covered else ([shot.whole], outside)
    people, before = sum(now.values()), sum(row["base"] for row in plus) - sum(row["base"] for row in minus)
    if people == before == 0:
        return False
    if abs(people - before) < reveal_at:
        return True
    steps = {row["step"] for row in (*plus, *minus)}
    if not steps <= {"five", "three"}:
        return False
    step = "three" if "three" in steps else "five"
    differences = POSITION.cells(now, step)
    for sign, rows in ((-1, plus), (1, minus)):
        for row in rows:
            if None in row["counts"].values():
                return False
            for code, n in row["counts"].items():
                differences[code if step == "five" else side(code)] += sign * n
    return _tells(differences.values(), reveal_at)


def _tells(differences: Collection[int], reveal_at: int) -> bool:
    """Whether the cells of a change tell about few: those that came, or those that left, are few or all alike."""
    gained, lost = [n for n in differences if n > 0], [n for n in differences if n < 0]
    return _few(differences, reveal_at) or alike(gained) or alike(lost)


def _few(differences: Collection[int], reveal_at: int) -> bool:
    gained, lost = sum(n for n in differences if n > 0), -sum(n for n in differences if n < 0)
    return 0 < gained < reveal_at or 0 < lost < reveal_at
