"""What a row may show of age, place and relation, so that no combination of them points at a few people.

Two rules, over everybody of a round at once:

1. a neighbourhood stands in rows only where at least `reveal_at` people of the round gave it; otherwise
   its district does;
2. where a row shows more than one of the three, at least ALIKE people (`reveal_at` where that is fewer)
   show exactly the same. Where they do not, the first of these is shown that they do share, and at last
   the place alone: the district for the neighbourhood, then no relation, then no age.

The outcome depends on who is in the round and on nothing else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

# As for the cells of a released table: fewer than five are too few.
ALIKE = 5
# In the place of an age or a relation that is not shown. No content file may use it as a code.
HIDDEN = "*"


@dataclass(frozen=True)
class AboutYou:
    """Codes of what somebody said about themselves; empty where they gave none."""

    age: str = ""
    place: str = ""
    relation: str = ""


def generalise(people: Mapping[str, AboutYou], district_of: Mapping[str, str], reveal_at: int) -> dict[str, AboutYou]:
    """What the rows of each person may show. `district_of` maps a neighbourhood to its district; a place
    that is not in it (`elsewhere`) has none and stays as it is.
    """
    shown = generalise_alike(Counter(people.values()), district_of, reveal_at)
    return {person: shown[one] for person, one in people.items()}


def generalise_alike(
    people: Mapping[AboutYou, int], district_of: Mapping[str, str], reveal_at: int
) -> dict[AboutYou, AboutYou]:
    """The same for how many people said what: who said the same shows the same."""
    enough = min(ALIKE, reveal_at)
    lived_in: Counter[str] = Counter()
    for one, number in people.items():
        lived_in[one.place] += number

    def district(one: AboutYou) -> AboutYou:
        return replace(one, place=district_of.get(one.place, one.place))

    def first(one: AboutYou) -> AboutYou:
        return one if lived_in[one.place] >= reveal_at else district(one)

    steps: tuple[Callable[[AboutYou], AboutYou], ...] = (
        first,
        district,
        lambda one: _without(first(one), relation=True),
        lambda one: _without(district(one), relation=True),
        lambda one: _without(first(one), age=True),
        lambda one: _without(district(one), age=True),
    )
    shown: dict[AboutYou, AboutYou] = {}
    alike: Counter[AboutYou] = Counter()
    waiting = list(people)
    for step in steps:
        together: dict[AboutYou, list[AboutYou]] = defaultdict(list)
        for one in waiting:
            together[step(one)].append(one)
        for seen, group in together.items():
            number = sum(people[one] for one in group)
            if number + alike[seen] >= enough or _alone(seen):
                alike[seen] += number
                shown |= dict.fromkeys(group, seen)
        waiting = [one for one in waiting if one not in shown]
    return shown | {one: _without(first(one), age=True, relation=True) for one in waiting}


def _alone(one: AboutYou) -> bool:
    """Whether at most one of the three is told: no combination."""
    return sum(code not in ("", HIDDEN) for code in (one.age, one.place, one.relation)) < 2


def _without(one: AboutYou, age: bool = False, relation: bool = False) -> AboutYou:
    """The same, with these hidden where something was given."""
    return AboutYou(
        HIDDEN if age and one.age else one.age, one.place, HIDDEN if relation and one.relation else one.relation
    )
