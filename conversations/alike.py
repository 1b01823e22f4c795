"""Own words that say the same in nearly the same words, so that a moderator reads them together."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from conversations.spelling import fold, slips, words

# Far enough apart to be looked at no further; what is nearer is compared word by word.
NEAR = 85.0


def alike(texts: Sequence[str]) -> list[list[int]]:
    """The places of texts, those that are nearly the same together, in the order of the first of each."""
    said = [" ".join(words(text)) for text in texts]
    groups: list[list[int]] = []
    taken: set[int] = set()
    for place, one in enumerate(said):
        if place in taken:
            continue
        rest = {n: said[n] for n in range(place + 1, len(said)) if n not in taken}
        near = process.extract(one, rest, scorer=fuzz.ratio, score_cutoff=NEAR, limit=None) if one else []
        group = [place, *sorted(n for other, _, n in near if _same(one, other))]
        taken.update(group)
        groups.append(group)
    return groups


def _same(one: str, other: str) -> bool:
    """The same words in the same order, but for slips: a single other word may turn the meaning round."""
    mine, theirs = one.split(" "), other.split(" ")
    return len(mine) == len(theirs) and all(
        a == b or fold(a) == fold(b) or OSA.distance(a, b) <= slips(min(len(a), len(b)))
        for a, b in zip(mine, theirs, strict=True)
    )
