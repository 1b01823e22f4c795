"""How many people responded to a question, and how many of them gave a substantive answer: the base beside an n.

Who skips, does not know, finds neither right or would rather not say has responded; who never came that far, or left
at the question, has not.
"""

from __future__ import annotations

from collections.abc import Sequence

from storage.ladders import TOTAL, Figure
from storage.suppression import small

SUBSTANTIVE, NONRESPONSE = "substantive", "nonresponse"


def response(
    whole: Figure, nonresponse: int, people: int, past: Sequence[Figure], reveal_at: int, number: int
) -> Figure:
    """Of those who responded to a dilemma before they saw results: how many are in `whole`, the figure of its
    positions, and how many gave none; as a figure of release `number`.

    None of its numbers, nor how much one changed since any of the `past` figures, nor what it leaves over of the
    `people` of the round, is about fewer than `reveal_at`; otherwise the last one is carried on.
    """
    if whole["as_of"] == number and whole["base"] is not None:
        base, counts = whole["base"] + nonresponse, {SUBSTANTIVE: whole["base"], NONRESPONSE: nonresponse}
        changes = [n - old["counts"][code] for old in past for code, n in counts.items()]
        near = any(abs(base - old["base"]) < reveal_at for old in past)
        if not near and not any(small(abs(n), reveal_at) for n in (nonresponse, people - base, *changes)):
            return {"base": base, "step": "each", "counts": counts, "as_of": number}
    return past[-1] if past else {"base": None, "step": TOTAL, "counts": {}, "as_of": number}
