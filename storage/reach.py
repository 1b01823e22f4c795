"""How far a round reaches into the neighbourhoods that the sketch is concerned about, taken together.

Each of them is mostly too small to be named; the seven together seldom are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from content import Content
from storage.ladders import TOTAL, Counts, Figure, Level, choices
from storage.succession import may_follow
from storage.suppression import small

# The neighbourhoods that section 2.3 of the sketch names as places where growing up is harder.
NAMED = ("pottenberg", "mariaberg", "malpertuis", "caberg", "wittevrouwenveld", "nazareth", "limmel")
REACH = choices(("named", "other"))
NOT_RELEASED: Figure = {"base": None, "step": TOTAL, "counts": {}}


def reach(
    lives: Mapping[str, int],
    people: int,
    splits: Iterable[Figure],
    levels: Sequence[Level],
    past: Sequence[Figure],
    reveal_at: int,
    number: int,
) -> Figure:
    """Of the `people` with a position, those who said where they live (`lives`, by neighbourhood): how many of them in
    NAMED, and how many elsewhere; as a figure of release `number`.

    None of its numbers is about fewer than `reveal_at`, nor is what it leaves over of all people, or of the groups that
    `splits`, the tables by district of this release, show; and it may follow the `past` figures as any other. Else the
    last one is carried on.
    """
    counts = in_named(lives)
    base = sum(counts.values())
    over = [*counts.values(), people - base, *_left_over(counts, splits, levels)]
    if (
        base < reveal_at
        or any(small(abs(n), reveal_at) for n in over)
        or not may_follow(past, counts, REACH, reveal_at)
    ):
        return past[-1] if past else {**NOT_RELEASED, "as_of": number}
    return {"base": base, "step": "each", "counts": counts, "as_of": number}


def in_named(lives: Mapping[str, int]) -> Counts:
    """People in NAMED and in all other places."""
    named = sum(lives.get(one, 0) for one in NAMED)
    return {"named": named, "other": sum(lives.values()) - named}


def as_rows_tell(content: Content, lives: Mapping[str, int]) -> tuple[Counts, int]:
    """The same out of rows, and of how many people they do not tell: a district may stand for the neighbourhood."""
    places = {one.code for one in content.items["neighbourhood"].options}
    told = {place: n for place, n in lives.items() if place in places}
    return in_named(told), sum(lives.values()) - sum(told.values())


# ---------------------------------------------------------------- inside


def _left_over(counts: Counts, splits: Iterable[Figure], levels: Sequence[Level]) -> Iterable[int]:
    """What the numbers leave over of the groups that lie in NAMED, of those that lie outside, and of all."""
    for split in splits:
        level = next((level for level in levels if level.name == split["step"]), None)
        if level is None:
            continue
        shown = {level.members(group): row["base"] for group, row in split["groups"].items() if row["base"] is not None}
        inside = sum(n for members, n in shown.items() if members <= {*NAMED})
        outside = sum(n for members, n in shown.items() if members.isdisjoint(NAMED))
        yield from (counts["named"] - inside, counts["other"] - outside, sum(counts.values()) - sum(shown.values()))
