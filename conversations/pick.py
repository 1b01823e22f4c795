"""Which of several choices somebody names: reasons, values, places, a yes or no. A "not" takes a choice away."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.clauses import Clause, Item, Parsed
from conversations.lexicon import LIGHT
from conversations.particles import ABOUT, INSIDE, NEAR, WHAT
from conversations.question import Question
from conversations.stance import is_question

# Behind what somebody is, or where they live, nothing turns it round: `I study psychology`, `Heer, by the church`.
TOLD_MORE_CLOSELY = ("neighbourhood", "relation")
# So many unknown words may stand behind it.
MOST_BEHIND = 4
BARS = ("irony", "unclear", "others", "asks", "indifferent", "abuse")


@dataclass(frozen=True)
class Picked:
    """`codes` when sure, in the order named; `named` all that were named, for asking back."""

    codes: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    negated: bool = False
    slips: int = 0
    reason_at: int = -1


def pick(parsed: Parsed, question: Question, ordinary: frozenset[str]) -> Picked:
    """The choices named in a text."""
    if question.item in TOLD_MORE_CLOSELY and (near := _told_more_closely(parsed, question, ordinary)):
        return near
    named = _named(parsed)
    unsure = Picked(named=tuple(named))
    asked = is_question(parsed) if question.at != "language" else parsed.clauses and _asks_what(parsed.clauses[0])
    asked = asked or (len(named) > 1 and bool(parsed.of("or")))
    if not parsed.clauses or parsed.of(*BARS) or asked:
        return unsure
    wanted: list[str] = []
    unwanted: set[str] = set()
    reason_at = parsed.reason_at
    for clause in parsed.clauses:
        items = _before_than(clause)
        turned = any(
            i.kind in ("negation", "not", "no", "against", "nonresponse") and not _joins(i, items) for i in items
        )
        codes = [code for i in items if i.kind == "option" for code in _codes(i)]
        if any(i.kind in ("unknown", "too") for i in items):
            if codes or not wanted or turned or clause.lead == "but" or _points_back(items, question):
                return unsure
            reason_at = clause.items[0].start if reason_at < 0 else reason_at
            break
        if not _stands_alone(items, ordinary):
            return unsure
        if turned and (not codes or question.kind == "multi" or question.own_words):
            return unsure
        if turned:
            unwanted.update(codes)
        elif codes:
            wanted += [code for code in dict.fromkeys(codes) if code not in wanted]
    if not wanted or set(wanted) & unwanted or len(wanted) > question.several:
        return unsure
    slips = sum(i.slips for c in parsed.clauses for i in c.items)
    return Picked(tuple(wanted), tuple(named), bool(unwanted), slips, reason_at)


def _asks_what(clause: Clause) -> bool:
    """`What is Mestreechs`: the name of a language is asked about, not chosen."""
    return clause.items[0].words[0] in WHAT


def _told_more_closely(parsed: Parsed, question: Question, ordinary: frozenset[str]) -> Picked | None:
    """One choice, and behind it more about it: `Limmel, where the church is`, `Heer, near the station`."""
    items = [i for clause in parsed.clauses for i in clause.items]
    where = [n for n, i in enumerate(items) if i.kind == "option"]
    turns = ("negation", "no", "not", "others", "or", "instead", "irony", "unclear", "nonresponse", "abuse")
    if not where or parsed.of(*turns) or any(c.asked or c.lead == "but" for c in parsed.clauses):
        return None
    # "Behind the station, Wyckerpoort": what is only near is not the place.
    nearby = frozenset(n for n in where if _is_near(n, items))
    named = [n for n in where if n not in nearby]
    if len(where) > 1 and len(named) == 1:
        where = [*named, *(n for n in where if n > named[0])]
    first, codes = items[where[0]], _codes(items[where[0]])
    plain = not first.slips and not (len(first.words) == 1 and first.words[0] in ordinary)
    before = [i for n, i in enumerate(items[: where[0]]) if n not in nearby]
    if len(codes) != 1 or not plain or any(i.kind not in LIGHT for i in before):
        return None
    if question.item == "relation" and any(_is_elsewhere(n, items) for n in range(1, len(items))):
        return None
    near = nearby.issuperset(where[1:])
    behind = items[where[0] + 1 :]
    if not (behind or before) or not near or sum(i.kind == "unknown" for i in behind) > MOST_BEHIND:
        return None
    return Picked((codes[0],), tuple(codes))


def _is_near(n: int, items: list[Item]) -> bool:
    """Whether a place is only what something is near: `behind the station`, `near the church`."""
    if len(items[n].words) > 1 and items[n].words[0] in NEAR:
        return True
    before = items[max(0, n - 2) : n]
    return any(i.words[0] in NEAR for i in before[-1:]) or (
        len(before) > 1 and before[0].words[0] in NEAR and before[1].kind in LIGHT
    )


def _is_elsewhere(n: int, items: list[Item]) -> bool:
    """`I work in Heerlen`: what nobody knows, behind an "in", may be another city."""
    return items[n].kind == "unknown" and items[n - 1].words[-1] in INSIDE


def answer_yes_or_no(parsed: Parsed) -> Picked:
    """A consent: only a plain yes is a yes, and anything that takes it back makes it none."""
    named = _named(parsed)
    unsure = Picked(named=tuple(named))
    told = [_yes_or_no(clause) for clause in parsed.clauses]
    # A plain no stays one whatever is told behind it, unless that says yes.
    if told[:1] == ["no"] and not {"yes", "unclear"} & set(told) and "yes" not in named and not is_question(parsed):
        return Picked(("no",), tuple(named), reason_at=parsed.reason_at)
    if not parsed.clauses or parsed.of(*BARS, "depends", "wish", "against") or is_question(parsed):
        return unsure
    found = ""
    for clause in parsed.clauses:
        said = _yes_or_no(clause)
        if said == "nothing" or (said == "unknown" and (found == "no" or (found and _only_adds(clause)))):
            continue
        if said in ("unknown", "unclear") or (found and said != found):
            return unsure
        found = said
    # "Yes, so that you can sell it": scorn, perhaps.
    if found == "yes" and not parsed.sincere:
        return unsure
    slips = sum(i.slips for c in parsed.clauses for i in c.items)
    return Picked((found,), tuple(named), False, slips, parsed.reason_at) if found else unsure


def _only_adds(clause: Clause) -> bool:
    """`Yes, nice initiative`: behind a plain yes, what sets no condition and takes nothing back."""
    bars = ("negation", "no", "not", "option", "condition", "depends", "hedge", "partial", "or", "instead", "too")
    points = any(i.may_be("pointing") or i.may_be("asks") for i in clause.items)
    return clause.lead in (",", ".", "!") and not points and not clause.of(*bars)


def _yes_or_no(clause: Clause) -> str:
    codes = {i.value for i in clause.of("option")}
    if clause.unknown:
        refused = clause.items[0].may_be("no") and codes == {"no"}
        return "no" if refused else "unknown"
    if clause.of("hedge", "nonresponse", "or", "both") and "no" not in codes:
        return "unclear"
    turned = len(clause.of("negation"))
    first = clause.heavy[0] if clause.heavy else clause.items[0]
    if codes == {"no"} and (not turned or first.may_be("no")) and turned < 2:
        return "no"
    if codes == {"yes"}:
        if not turned:
            return "unclear" if clause.lead == "but" else "yes"
        plain = all(i.may_be("yes") for i in clause.of("option"))
        return "unclear" if plain or turned > 1 else "no"
    return "unclear" if codes or turned else "nothing"


def _points_back(items: tuple[Item, ...], question: Question) -> bool:
    """`Growth, that is nonsense` may turn it round; where somebody lives, nothing does."""
    return items[0].may_be("pointing") and question.item != "neighbourhood"


def _joins(item: Item, items: tuple[Item, ...]) -> bool:
    """`n` is an "and" between two choices, and a "no" elsewhere."""
    return item.may_be("and") and sum(i.kind == "option" for i in items) > 1


def _named(parsed: Parsed) -> list[str]:
    codes = [code for i in parsed.of("option") for code in _codes(i)]
    return list(dict.fromkeys(codes))


def _codes(item: Item) -> list[str]:
    return sorted(item.values("option"))


def _before_than(clause: Clause) -> tuple[Item, ...]:
    """Of a comparison what is preferred; a short phrase that is also a "not" is one beside another choice."""
    items = clause.items
    options = clause.of("option")
    if len(options) > 1:
        items = tuple(
            Item(tuple(s for s in i.senses if s.kind == "negation"), i.words, i.start, i.end)
            if i.kind == "option" and i.may_be("negation")
            else i
            for i in items
        )
    for n, item in enumerate(items):
        compares = any(i.may_be("rather") or i.may_be("compares") for i in items[:n])
        # "About the shops" sets nothing over anything.
        weighs = item.may_be("instead") and (item.words[0] not in ABOUT or any(i.kind == "option" for i in items[:n]))
        if weighs or (compares and item.may_be("than") and item.words[0] not in ("to", "then")):
            return items[:n]
    return items


def _stands_alone(items: tuple[Item, ...], ordinary: frozenset[str]) -> bool:
    """A name that is an ordinary word too counts alone, or right behind "in"."""
    for n, item in enumerate(items):
        if item.kind == "option" and len(item.words) == 1 and item.words[0] in ordinary and len(items) > 1:
            before = items[n - 1].words[-1] if n else ""
            if len(items) > n + 1 or before not in ("in", "te") or any(i.kind != "place" for i in items[:n]):
                return False
    return True
