"""What stands behind an answer: it gives a reason, leaves room for the other side, or says the same once more."""

from __future__ import annotations

from conversations.clauses import Clause, Item
from conversations.particles import ARTICLES, MINE, NOTS, WITH
from conversations.sides import OTHER, TURNS, Said, does_not_know, is_little, side_of

# What a sentence about something else begins with; "that" or "stupid" speak of the side before it.
SUBJECTS = ("unknown", "filler", "aside", "others", "option")
LEAST_OF_A_REASON = 4  # words
MOST_OF_A_REASON = 3  # unknown words: with so many, a "not" among them is about something else


def supports(clause: Clause, said: Said, main: Said) -> bool:
    """Whether a clause in words of its own names the same side again: `grow. More people bring more taxes`."""
    if said.kind not in ("unclear", "unknown") or clause.lead in ("but", "hence") or clause.asked:
        return False
    bars = (kind for kind in TURNS if kind not in ("negation", "not"))
    if clause.items[0].may_be("pointing") or clause.of("or", "against", *bars):
        return False
    turned, named = len(clause.of("negation")), clause.of("option", "not")
    if not named:
        return _is_of_oneself(clause, main)
    # "More personal. My mother has no smartphone": a "not" over the other side says the same.
    meant = {OTHER.get(side_of(i)) if turned or i.kind == "not" else side_of(i) for i in named}
    return meant == {main.side} and turned + len(clause.of("not")) < 2


def says_why(clause: Clause) -> bool:
    """Whether a clause that names the side once more tells enough to be kept as the reason."""
    return clause.lead in (".", "!", ";") and sum(len(i.words) for i in clause.items) >= LEAST_OF_A_REASON


def _is_of_oneself(clause: Clause, main: Said) -> bool:
    """Whether this is a reason out of one's own life, behind a plain side: `grow, my company can't find any staff`."""
    points = any(i.may_be("pointing") for i in clause.items)
    mine = clause.items[0].words[0] in MINE or clause.items[0].kind == "others"
    return mine and not points and not main.weak and not main.negated and clause.unknown >= MOST_OF_A_REASON


def leaves_room(clause: Clause, main: Said) -> bool:
    """`Rules, but with some exceptions`, `grow, but I am not sure`: a little of the other side, or a doubt."""
    if main.side not in OTHER or clause.asked:
        return False
    if does_not_know(clause):
        return True
    named = {side_of(i) for i in clause.of("option")}
    bars = clause.items[0].may_be("pointing") or clause.of(
        *TURNS, "or", "instead", "others", "rather", "compares", "strong"
    )
    if clause.lead == "," and clause.items[0].words[0] in WITH:
        return main.side not in named and not bars
    little = not clause.unknown and any(is_little(i) for i in clause.items)
    return clause.lead == "but" and not bars and main.side not in named and (little if named else clause.unknown > 0)


def explains(clause: Clause, first: Clause, main: Said) -> bool:
    """A sentence behind a side that stands for itself: `Fixed rules. My scooter was refused by a stupid official`."""
    alone = main.side in OTHER and not main.negated and first.unknown == 0
    alone = alone and {i.kind for i in first.heavy} <= {"option", "strong", "hedge", "rather"}
    if not alone or clause.lead in ("but", "hence") or clause.asked or clause.unknown < 2:
        return False
    points = any(_points(n, clause.items) for n in range(len(clause.items)))
    if points or clause.items[0].kind not in SUBJECTS or clause.of("irony", "unclear", "or", "instead"):
        return False
    turned = {side_of(i) for i in clause.of("option")} == {main.side} and clause.of("negation", "against", "no")
    return not turned


def _points(n: int, items: tuple[Item, ...]) -> bool:
    """Whether this speaks of what was said before; `het geld` and `die website` do not."""
    article = items[n].words[0] in ARTICLES and n + 1 < len(items) and items[n + 1].kind in ("unknown", "option")
    return items[n].may_be("pointing") and not article


def goes_on(clause: Clause, first: Clause, main: Said) -> bool:
    """Whether this only tells more of what is plain: how "both", or why not: `no growth, rents are insane already`."""
    if clause.lead in ("but", "hence") or clause.asked or clause.items[0].may_be("pointing"):
        return False
    if main.side == "between":
        whole = {i.kind for i in first.heavy} <= {"both", "hedge", "strong"}
        return whole and not clause.of("rather", "compares", "depends", *TURNS)
    refuses = main.negated or any(NOTS.intersection(i.words) for i in first.of("option", "not"))
    bars = (kind for kind in TURNS if kind != "against")
    return refuses and clause.unknown > 0 and bool(clause.of("against")) and not clause.of("option", "yes", *bars)
