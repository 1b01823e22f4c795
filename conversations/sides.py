"""The two sides of a question: which one a phrase names, and texts that give each side what is its own."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.clauses import Clause, Item
from conversations.particles import APART, EVEN, PARTS

OTHER = {"a": "b", "b": "a"}
# With these in a clause that gives no side, it is no mere reason.
TURNS = ("negation", "no", "against", "irony", "asks", "unclear", "not", "wish", "nonresponse", "indifferent")
MOST_BEHIND = 6  # items that tell for whom, where or when


@dataclass(frozen=True)
class Said:
    """One clause: a side or `between`, whether weakened, whether turned round; `kind` of what it is otherwise."""

    kind: str
    side: str = ""
    weak: bool = False
    negated: bool = False


def side_of(item: Item) -> str:
    """The side an item names, or `between`."""
    return item.value.removeprefix("rather_")


def each_its_own(clauses: tuple[Clause, ...]) -> bool:
    """Each side for some people, times or places: `lively by day and quiet by night`, `some in, some around`."""
    items = [(n, i) for n, clause in enumerate(clauses) for i in clause.items]
    where = [n for n, (_, i) in enumerate(items) if i.kind == "option"]
    if len(where) != 2 or {side_of(items[n][1]) for n in where} != set(OTHER):
        return False
    if any(i.kind in (*TURNS, "or", "instead", "rather") for _, i in items) or any(c.lead == "hence" for c in clauses):
        return False
    first, second = where
    joins = (n for n in range(first + 1, second + 1) if items[n][1].may_be("and") or items[n][0] > items[n - 1][0])
    join = next(joins, None)
    if join is None:
        return False
    halves = [[i for _, i in part] for part in (items[:join], items[join:])]
    if all(any(_sets_apart(i) for i in half) for half in halves):
        return True
    # `Simple things online, hard things at a desk`; or nothing but an "and" between them.
    alike, other = ({w for i in half if i.kind in ("unknown", "hedge", "than") for w in i.words} for half in halves)
    joined = items[join][1].may_be("and") and len(alike | other) < 2
    return bool(alike & other) or joined


def scorns(clauses: tuple[Clause, ...]) -> bool:
    """`Sure, even more tourists`, `even more tourists, great`: what may be scorn is asked back."""
    if len(clauses) < 2:
        return False
    first, second = clauses[:2]
    if all(i.may_be("yes") for i in first.items):
        return second.items[0].words[0] in EVEN
    praise = len(second.items) == 1 and not second.of("filler", "option", "not", "negation")
    return first.items[0].words[0] in EVEN and bool(first.of("option")) and praise and len(clauses) == 2


def tells_more(items: list[Item]) -> bool:
    """Whether what nobody knows only says for whom, where or when: `the same rules for a lawyer and a beggar`."""
    where = [n for n, i in enumerate(items) if i.kind in ("option", "not")]
    # "No concrete on the meadow": what is refused may be the place.
    if len(where) != 1 or any(i.kind in ("unknown", "negation", "no", "not") for i in items[: where[0] + 1]):
        return False
    behind = items[where[0] + 1 :]
    bars = (*TURNS, "others", "or", "instead", "too", "depends", "both", "abuse")
    plain = bool(behind) and not any(i.kind in bars for i in behind)
    return plain and behind[0].words[0] in APART and len(behind) <= MOST_BEHIND


def does_not_know(clause: Clause) -> bool:
    """`I don't know, but ...`: what follows is said with hesitation."""
    heavy = clause.heavy
    return len(heavy) == 1 and (heavy[0].kind, heavy[0].value) == ("nonresponse", "dont_know")


def is_little(item: Item) -> bool:
    """`Some`, `a bit`: a small part of what stands behind it."""
    return item.kind == "hedge" and item.words[-1] in PARTS


def _sets_apart(item: Item) -> bool:
    return item.kind != "option" and (item.words[0] in APART or is_little(item))
