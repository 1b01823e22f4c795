"""What the released figures say together: how much people agree, and which groups differ.

Made from frozen figures alone, by the standard library alone. Nothing is weighted and nothing is said of
people who did not take part: a p-value here only tells which differences are more than the play of chance
among those who did. Answers of one group chat lean on each other: see storage/clustering.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import erfc, exp, pi, sqrt
from typing import Any

from storage.clustering import at_worst, compared, rounded_up
from storage.ladders import Figure, three

# The share of false differences one accepts among those that are called clear.
FALSE_SHARE = 0.05


def agreement(counts: Sequence[int]) -> float:
    """Van der Eijk's agreement A of an ordered distribution: 1 where all chose one answer, 0 where all answers
    were chosen alike, -1 where half chose each end. Raises ValueError for fewer than three answers, or nobody.

    C. van der Eijk, Measuring agreement in ordered rating scales, Quality & Quantity 35 (2001).
    """
    people, left, found = sum(counts), list(counts), 0.0
    if len(counts) < 3 or not people:
        raise ValueError("agreement needs people and at least three answers")
    while any(left):
        # A layer: as many people in each answer that still has some.
        layer = min(n for n in left if n)
        pattern = [n > 0 for n in left]
        found += layer * sum(pattern) / people * _agreement_of_pattern(pattern)
        left = [n - layer if n else 0 for n in left]
    return found


def polarisation(counts: Sequence[int]) -> float:
    """0 where all chose one answer, 1 where half chose each end: (1 - A) / 2."""
    return (1 - agreement(counts)) / 2


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values, in the order given: those up to q together hold at most a share
    q of false ones. Y. Benjamini, Y. Hochberg, J. R. Statist. Soc. B 57 (1995).
    """
    order = sorted(range(len(p_values)), key=lambda n: p_values[n], reverse=True)
    found, least = [1.0] * len(p_values), 1.0
    for rank, n in zip(range(len(order), 0, -1), order, strict=True):
        least = min(least, p_values[n] * len(order) / rank)
        found[n] = least
    return found


def kruskal_wallis(groups: Sequence[Sequence[int]], design_effect: float = 1) -> tuple[float, float]:
    """Whether groups answer alike on an ordered scale, each given as its counts: the effect size epsilon squared
    (0 alike, 1 entirely apart) and the p-value (chi-square, corrected for ties). (0, 1) where all say the same.

    `design_effect`: what the statistic is divided by, since not all answered independently.
    """
    sizes = [sum(group) for group in groups]
    columns = [sum(column) for column in zip(*groups, strict=True)]
    people = sum(sizes)
    ties = 1 - sum(n**3 - n for n in columns) / (people**3 - people) if people > 1 else 0
    if ties == 0 or len(groups) < 2 or not all(sizes):
        return 0.0, 1.0
    ranks, below = [], 0
    for n in columns:
        ranks.append(below + (n + 1) / 2)
        below += n
    sums = [sum(rank * n for rank, n in zip(ranks, group, strict=True)) for group in groups]
    spread = sum(total**2 / size for total, size in zip(sums, sizes, strict=True))
    h = max(0.0, (12 / (people * (people + 1)) * spread - 3 * (people + 1)) / ties)
    return h / (people - 1), _chi_square_beyond(h / design_effect, len(groups) - 1)


def described(dilemmas: Mapping[str, Figure], reveal_at: int) -> dict[str, Any]:
    """Of the dilemmas of a summary: by dilemma `agreement` and `polarisation` (None where the figure is too
    coarse) and the `step` they were made from; and `differences`, the splits by groups, clearest first.

    `reveal_at`: fewer people than that may have answered in group chats where a split does not tell.
    """
    found = list(_differences(dilemmas, reveal_at))
    for one, p in zip(found, adjusted([one["p"] for one in found]), strict=True):
        one |= {"p": round(one["p"], 6), "p_adjusted": round(p, 6), "clear": p <= FALSE_SHARE}
    found.sort(key=lambda one: (one["p_adjusted"], -one["effect"]))
    return {"dilemmas": {code: _described(one) for code, one in dilemmas.items()}, "differences": found}


# ---------------------------------------------------------------- inside


def _agreement_of_pattern(pattern: Sequence[bool]) -> float:
    k, chosen = len(pattern), sum(pattern)
    if chosen == 1:
        return 1.0
    # Of three answers in order: two beside each other without the third, or the outer two without the middle.
    threes = list(combinations(pattern, 3))
    together = sum((one and two and not three) or (two and three and not one) for one, two, three in threes)
    apart = sum(one and three and not two for one, two, three in threes)
    if not together + apart:
        return 0.0
    unimodal = ((k - 2) * together - (k - 1) * apart) / ((k - 2) * (together + apart))
    return unimodal * (1 - (chosen - 1) / (k - 1))


def _chi_square_beyond(x: float, degrees: int) -> float:
    """The upper tail of chi-square, in its closed form for a whole number of degrees of freedom."""
    if x <= 0:
        return 1.0
    half, odd = x / 2, degrees % 2
    term = sqrt(half / pi) * 2 if odd else 1.0
    total, over = (0.0, 1.5) if odd else (0.0, 1.0)
    for _ in range(degrees // 2):
        total += term
        term *= half / over
        over += 1
    return min(1.0, (erfc(sqrt(half)) if odd else 0.0) + exp(-half) * total)


def _described(figure: Figure) -> dict[str, Any]:
    if figure["step"] not in ("five", "three"):
        return {"step": figure["step"], "agreement": None, "polarisation": None}
    counts = list(figure["counts"].values())
    return {
        "step": figure["step"],
        "agreement": round(agreement(counts), 6),
        "polarisation": round(polarisation(counts), 6),
    }


def _differences(dilemmas: Mapping[str, Figure], reveal_at: int) -> Iterator[dict[str, Any]]:
    for dilemma, whole in dilemmas.items():
        for by, parts in whole.get("by", {}).items():
            groups, step = compared(parts)
            if len(groups) < 2:
                continue
            told = {}
            # A release from before there was a design effect took all answers as independent, and stays so.
            if "design_effect" in parts:
                worst = rounded_up(at_worst([sum(cells) for cells in groups.values()], reveal_at))
                told = {"design_effect": parts["design_effect"] or worst}
            effect, p = kruskal_wallis(list(groups.values()), **told)
            first, last = _extremes({group: parts["groups"][group] for group in groups})
            found = {"dilemma": dilemma, "by": by, "groups": list(groups), "most_a": first, "least_a": last}
            yield found | {"step": step, "effect": round(effect, 6), "p": p} | told


def _extremes(rows: Mapping[str, Figure]) -> tuple[str, str]:
    """The groups in which the largest and the smallest share chose side a."""

    def share(group: str) -> float:
        counts = rows[group]["counts"]
        sides = counts if "side_a" in counts else three(counts)
        return float(sides["side_a"]) / sum(sides.values())

    return max(rows, key=share), min(rows, key=share)
