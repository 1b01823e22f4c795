"""How far a round reaches into the neighbourhoods that the sketch is concerned about, taken together.

Each of them is mostly too small to be named. Told is which tenth part of those who said where they live it is: beside
the groups that are shown by district an exact number would be a subtraction away from the few who live next door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from content import Content
from storage.ladders import TOTAL, Figure, Level

# The neighbourhoods that section 2.3 of the sketch names as places where growing up is harder.
NAMED = ("pottenberg", "mariaberg", "malpertuis", "caberg", "wittevrouwenveld", "nazareth", "limmel")
STEP = "tenths"


def reach(
    lives: Mapping[str, int],
    splits: Iterable[Figure],
    levels: Sequence[Level],
    last: Figure | None,
    enough: int,
    number: int,
) -> Figure:
    """Of people with a position who said where they live (`lives`, by neighbourhood): between which tenths the share is
    that lives in NAMED, as a figure of release `number` whose one code is `10_20` (percent), without a count.

    `last` is that of the release before, which is carried on where nothing may be told anew. For whoever knows all that
    `splits`, the tables by district of this release, tell, it may be any of a range of numbers at least `enough` wide.
    """
    people = sum(lives.values())
    named = sum(lives.get(one, 0) for one in NAMED)
    tenth = min(9, 10 * named // people) if people else 0
    least = -(-tenth * people // 10)
    most = people if tenth == 9 else -(-(tenth + 1) * people // 10) - 1
    for split in splits:
        low, high = _bounds(people, split, levels)
        least, most = max(least, low), min(most, high)
    if most - least < enough:
        return last or {"base": None, "step": TOTAL, "counts": {}, "as_of": number}
    return {"base": None, "step": STEP, "counts": {f"{10 * tenth}_{10 * tenth + 10}": None}, "as_of": number}


def tenths(figure: Figure) -> tuple[int, int] | None:
    """From how many percent to how many; None where nothing was released."""
    for code in figure["counts"]:
        low, _, high = code.partition("_")
        return int(low), int(high)
    return None


def bears_out(content: Content, figure: Figure, lives: Mapping[str, int], missing: int) -> bool:
    """Whether rows do that tell where people live, or in which district; so many people more may be without a row."""
    if (told := tenths(figure)) is None:
        return True
    districts = {one.code: one.district for one in content.items["neighbourhood"].options}
    mixed = {districts[one] for one in NAMED}
    people, named = sum(lives.values()), sum(n for place, n in lives.items() if place in NAMED)
    unsure = sum(n for place, n in lives.items() if place in mixed)
    least, most = told
    return 100 * named <= most * (people + missing) and 100 * (named + unsure + missing) >= least * people


# ---------------------------------------------------------------- inside


def _bounds(people: int, split: Figure, levels: Sequence[Level]) -> tuple[int, int]:
    """How many live in NAMED at least and at most, by the groups a table shows, if everybody answered its question."""
    level = next((level for level in levels if level.name == split["step"]), None)
    if level is None:
        return 0, people
    here = frozenset(NAMED)
    shown = {level.members(group): row["base"] for group, row in split["groups"].items() if row["base"] is not None}
    inside = sum(n for members, n in shown.items() if members <= here)
    outside = sum(n for members, n in shown.items() if members.isdisjoint(here))
    mixed = sum(shown.values()) - inside - outside
    covered = frozenset().union(*shown)
    least = people - outside - mixed if covered | here >= frozenset(level.group_of) else 0
    return max(inside, least), min(people - outside, inside + mixed if covered >= here else people)
