"""One thing set before another: `rather a small city than growth`, `quiet instead of crowds`, `people over rules`."""

from __future__ import annotations

from conversations.clauses import Item
from conversations.particles import ABOVE, IF, LESS, NOT_TOO, OVER, PREFER, PREFERS, TO
from conversations.sides import OTHER, Said, side_of


def prefers(item: Item, n: int, items: list[Item]) -> bool:
    """Whether this word sets one thing before another: `dan` only behind `liever` or the like."""
    if item.may_be("instead") and item.kind not in ("option", "not"):
        # "Twijfel over groei" sets nothing over anything.
        return item.words[0] not in OVER or any(i.kind == "option" for i in items[:n])
    if _is_an_if(n, items):
        return False
    if item.words[0] in TO:
        return _prefers_to(n, items)
    compares = any(i.may_be("rather") or i.may_be("compares") or i.kind == "hedge" for i in items[:n])
    compares = compares or any(is_rather(i) or (i.kind == "option" and i.words[0] in PREFERS) for i in items[:n])
    return compares and n > 0 and n < len(items) - 1 and item.may_be("than") and item.words[0] != "then"


def _prefers_to(n: int, items: list[Item]) -> bool:
    """`I prefer lively to quiet`: a side, a "to", and the other side; "I prefer to stay" sets nothing over anything."""
    wish = next((at for at, i in enumerate(items[:n]) if PREFER.intersection(i.words)), n)
    wanted = {side_of(i) for i in items[wish:n] if i.kind == "option"}
    other = {side_of(i) for i in items[n + 1 :] if i.kind == "option"}
    return len(wanted) == len(other) == 1 and {OTHER.get(one) for one in wanted} == other


def _is_an_if(n: int, items: list[Item]) -> bool:
    """`Beter es 't rösteg is`, `als het moet dan liever in de stad`: no "than", and nothing stands before it."""
    before = items[:n]
    if items[n].words[0] not in IF or any(i.kind in ("option", "not", "unknown") or i.may_be("rather") for i in before):
        return False
    return not any(i.may_be("compares") for i in before) or (n + 1 < len(items) and items[n + 1].may_be("pointing"))


def says_less(items: list[Item]) -> bool:
    """`Quiet is less important than shops`: a comparison turned round, asked back."""
    less = next((n for n, i in enumerate(items) if i.kind == "negation" and LESS.intersection(i.words)), None)
    return less is not None and any(i.may_be("than") for i in items[less + 1 :])


def weighs_unnamed(items: list[Item]) -> bool:
    """`People over rules`: something that is no choice goes before the side that is named."""
    over = next((n for n, i in enumerate(items) if i.words[0] in ABOVE and i.may_be("instead")), 0)
    named = [n for n, i in enumerate(items) if i.kind in ("option", "not")]
    return over > 0 and bool(named) and over < named[0]


def limits(items: list[Item]) -> bool:
    """`Not too many rules` wants few of them; behind the side, `not too many` only weakens it."""
    limit = next((n for n, i in enumerate(items) if i.kind == "hedge" and i.words[:2] in NOT_TOO), None)
    return limit is not None and any(i.kind in ("option", "not") for i in items[limit + 1 :])


def is_rather(item: Item) -> bool:
    """Whether this phrase names a side with a "rather" of its own."""
    return item.kind == "option" and item.value.startswith("rather_")


def compared(left: list[Item], right: list[Item], instead: bool) -> Said:
    """What `left` set before `right` says: `instead` of, or rather than."""
    if any(i.kind in ("negation", "not", "no", "but", "nonresponse") for i in left):
        return Said("unclear")
    wanted = {side_of(i) for i in left if i.kind == "option"}
    unwanted = {side_of(i) for i in right if i.kind == "option"} if not _negated(right) else set()
    if any(i.kind == "unknown" for i in left) and not wanted:
        return Said("unknown")
    if wanted & unwanted or len(wanted) > 1 or len(unwanted) > 1 or "between" in wanted | unwanted:
        return Said("unclear")
    if not wanted and not unwanted:
        return Said("unknown")
    if any(i.kind == "unknown" for i in left):
        return Said("unclear")
    if not wanted and not instead:
        return Said("unclear")
    side = next(iter(wanted)) if wanted else OTHER[next(iter(unwanted))]
    return Said("side", side, not instead and bool(wanted), not wanted)


def _negated(items: list[Item]) -> bool:
    return any(i.kind in ("negation", "not", "no") for i in items)
