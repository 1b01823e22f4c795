"""How many people a release says there are in all, so that no number beside it tells about few of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from storage.ladders import Figure


def at_least(number: int, dilemmas: Mapping[str, Figure], items: Mapping[str, Figure]) -> list[int]:
    """As many people as release `number` shows to have given a position at least: at a dilemma, where both are of
    that moment before and after they saw results, or at an item that is told of all.
    """
    shown = [one["base"] for one in (*dilemmas.values(), *items.values()) if one["base"] is not None]
    both = ((one, one["after_results"]) for one in dilemmas.values())
    now = (two for two in both if all(one["base"] is not None and one["as_of"] == number for one in two))
    return shown + [before["base"] + after["base"] for before, after in now]


def base(people: int, known: Sequence[int], shown: Sequence[int], reveal_at: int) -> int:
    """How many people gave a position; where that number, set beside another one shown, would tell
    about fewer than `reveal_at` of them, the largest number that is known already (at least so many).
    """
    if all(people == other or abs(people - other) >= reveal_at for other in (*shown, *known)):
        return people
    return max((*shown, *known[-1:]), default=people)
