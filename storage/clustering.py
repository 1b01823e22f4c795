"""Answers given in one group chat are not independent: how many they are, and what that does to a comparison.

A split by groups of people is compared on ranks (storage/statistics.py). Where some answered together in a chat,
the spread that chance alone gives is wider. How many times wider is the design effect, reckoned here from who
answered in which chat: each chat is a cluster, and whoever answered alone is a cluster of one. The statistic is
divided by it. Only this one number a split is released, rounded up, since it tells about all of those people at once.

J. N. K. Rao, A. J. Scott, J. Am. Stat. Assoc. 76 (1981): the first-order correction, the mean of the generalised
design effects. T. Lumley, A. J. Scott, Biometrika 100 (2013): rank tests under complex sampling. The scores are
taken about the mean rank of all, as it is where groups are alike; so few chats can only make a test too careful.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import ceil

from storage.ladders import POSITION, TOTAL, Counts, Figure
from storage.suppression import small

PRIVATE, GROUP = "private", "group"
# Positions of those who answered in a group chat: by chat, by what they said about themselves.
Together = Mapping[str, Mapping[str, Counts]]


def setting(whole: Figure, grouped: int, past: Sequence[Figure], reveal_at: int, number: int) -> Figure:
    """How many of the positions in `whole` were given in private and in a group, as a figure of release `number`.

    It has the base of `whole` of the same release. Neither number, nor how much it changed since any of the
    `past` figures, is about fewer than `reveal_at` people; otherwise the last one is carried on.
    """
    if whole["as_of"] == number and whole["base"] is not None:
        counts = {PRIVATE: whole["base"] - grouped, GROUP: grouped}
        changes = [n - old["counts"][code] for old in past for code, n in counts.items()]
        if not any(small(abs(n), reveal_at) for n in (*counts.values(), *changes)):
            return {"base": whole["base"], "step": "each", "counts": counts, "as_of": number}
    return past[-1] if past else {"base": None, "step": TOTAL, "counts": {}, "as_of": number}


def design_effect(groups: Sequence[Sequence[int]], clusters: Iterable[Mapping[int, Sequence[int]]]) -> float:
    """How many times wider than for independent answers chance spreads the comparison of `groups`, at least 1.

    `groups` are counts on an ordered scale; a cluster holds those of its members by the place of their group, and
    its members are in `groups` as well. Who is in no cluster answered alone.
    """
    sizes = [sum(group) for group in groups]
    columns: list[int] = [sum(column) for column in zip(*groups, strict=True)]
    people, below = sum(sizes), accumulate(columns, initial=0)
    # Of each answer: how far its rank is from the mean rank.
    scores = [before + (n + 1) / 2 - (people + 1) / 2 for before, n in zip(below, columns, strict=False)]
    squares = sum(n * score**2 for n, score in zip(columns, scores, strict=True))
    if not squares or len(groups) < 2:
        return 1.0
    more = 0.0
    for cluster in clusters:
        sums = {at: sum(n * score for n, score in zip(cells, scores, strict=True)) for at, cells in cluster.items()}
        own = {at: sum(n * score**2 for n, score in zip(cells, scores, strict=True)) for at, cells in cluster.items()}
        # What pairs of members add to the variance of the sums by group, each over what it would be.
        more += sum((sums[at] * sums[at] - own[at]) / sizes[at] for at in cluster)
        more -= (sum(sums.values()) ** 2 - sum(own.values())) / people
    return max(1.0, 1 + more * (people - 1) / squares / (len(groups) - 1))


def at_worst(sizes: Sequence[int], few: int) -> float:
    """The same where fewer than `few` answered in chats, and no more may be told: as if they were all of one chat
    and of one mind, in the smallest of groups of these sizes.
    """
    return 1 + (few - 1) * (few - 2) * (1 / min(sizes) - 1 / sum(sizes)) / (len(sizes) - 1)


def compared(split: Figure) -> tuple[dict[str, list[int]], str]:
    """The groups of a split of which every cell is known, all in one step; and that step."""
    rows = {
        group: row
        for group, row in split["groups"].items()
        if row["step"] in ("five", "three") and None not in row["counts"].values()
    }
    step = "three" if any(row["step"] == "three" for row in rows.values()) else "five"
    same = {
        group: row["counts"] if row["step"] == step else POSITION.cells(row["counts"], step)
        for group, row in rows.items()
    }
    return {group: list(cells.values()) for group, cells in same.items()}, step


def of_split(
    split: Figure, counts: Mapping[str, Counts], together: Together, group_of: Mapping[str, str], reveal_at: int
) -> float | None:
    """The design effect of a split, rounded up to tenths: 1 where nobody answered in a chat. None where fewer than
    `reveal_at` did, or where there is nothing to compare.

    `counts` are positions by what people said about themselves, `group_of` tells which group that is.
    """
    shown, step = compared(split)
    if len(shown) < 2:
        return None
    places = {group: n for n, group in enumerate(shown)}
    clusters = [_by_place(cluster, group_of, places, step) for cluster in together.values()]
    people = sum(sum(cells) for cluster in clusters for cells in cluster.values())
    if 0 < people < reveal_at:
        return None
    rows = _by_place(counts, group_of, places, step)
    return rounded_up(design_effect([rows.get(n, _NOBODY[step]) for n in places.values()], clusters))


def rounded_up(effect: float) -> float:
    """In tenths, and never less; a hair above a tenth is that tenth."""
    return ceil(round(effect * 10, 6)) / 10


# ---------------------------------------------------------------- inside

_NOBODY = {step: list(POSITION.cells({}, step).values()) for step in ("five", "three")}


def _by_place(
    given: Mapping[str, Counts], group_of: Mapping[str, str], places: Mapping[str, int], step: str
) -> dict[int, list[int]]:
    added: dict[int, Counts] = defaultdict(lambda: defaultdict(int))
    for code, cells in given.items():
        if (at := places.get(group_of.get(code, ""))) is not None:
            for position, n in cells.items():
                added[at][position] += n
    return {at: list(POSITION.cells(cells, step).values()) for at, cells in added.items()}
