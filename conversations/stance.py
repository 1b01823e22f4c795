"""Which of two sides somebody is on, and how firmly: negation, preference, hedges, both, it depends.

One "not" over one side means the other side; whatever is less plain than that is asked back. The side
that is named is never read where something turns it round.
"""

from __future__ import annotations

from dataclasses import dataclass

from conversations.behind import MOST_OF_A_REASON, explains, goes_on, leaves_room, says_why, supports
from conversations.clauses import Clause, Item, Parsed
from conversations.comparing import compared, is_rather, limits, prefers, says_less, weighs_unnamed
from conversations.lexicon import LIGHT, sense
from conversations.particles import EVEN, IS, MYSELF, NOTS, TOO, WITHOUT
from conversations.sides import OTHER, TURNS, Said, does_not_know, each_its_own, scorns, side_of, tells_more

STRENGTH = ("hedge", "rather")


@dataclass(frozen=True)
class Stance:
    """`code` is a position, or empty when nothing sure was said; `sides` what was named; `negated`: turned round."""

    code: str = ""
    negated: bool = False
    slips: int = 0
    sides: tuple[str, ...] = ()
    reason_at: int = -1
    whole: bool = False


def stance(parsed: Parsed) -> Stance:
    """The position of a text at a question with two sides."""
    named = tuple(sorted({side_of(i) for c in parsed.clauses for i in c.of("option") if side_of(i) in OTHER}))
    unsure = Stance(sides=named)
    clauses = _own_answer(_from_the_conclusion(parsed.clauses))
    if not clauses or parsed.of("irony", "unclear"):
        return unsure
    if told := _answers_oneself(clauses) or _differs(clauses):
        return Stance(told.side, told.negated, _slips(parsed), named, parsed.reason_at)
    if _asks(clauses):
        return unsure
    if scorns(clauses):
        return unsure
    if each_its_own(clauses):
        return Stance("between", slips=_slips(parsed), sides=named, reason_at=parsed.reason_at)
    main: Said | None = None
    reason_at = -1
    if hesitant := len(clauses) > 1 and clauses[1].lead == "but" and does_not_know(clauses[0]):
        clauses = clauses[1:]
    for clause in clauses:
        said = _said(clause)
        if main and supports(clause, said, main):
            reason_at = clause.items[0].start
            break
        if main and said.kind in ("unclear", "unknown") and explains(clause, clauses[0], main):
            reason_at = clause.items[0].start
            break
        if main and leaves_room(clause, main):
            main = Said("side", main.side, True, main.negated)
            continue
        if main and goes_on(clause, clauses[0], main):
            reason_at = clause.items[0].start
            break
        if clause.of("others") and (main is None or clause.of("option", "not")):
            return unsure
        if said.kind == "nothing":
            continue
        if said.kind == "weakens" and main:
            main = Said("side", main.side, main.side in OTHER, main.negated)
        elif said.kind == "weakens":
            hesitant = True
        elif said.kind == "unknown":
            if main is None and all(i.kind == "no" for i in clause.heavy):
                continue
            if main is None or clause.lead == "but" or (_turns(clause) and not _is_a_sentence(clause)):
                return unsure
            reason_at = clause.items[0].start
            break
        elif said.kind == "unclear":
            return unsure
        elif main is None:
            main = said
        elif (main.side, main.negated) == ("between", False) == (said.side, said.negated):
            continue
        elif (main.side, main.negated) == ("between", False) or main.side != said.side:
            return unsure
        else:
            main = Said("side", main.side, main.weak and said.weak, main.negated or said.negated)
            if reason_at < 0 and says_why(clause):
                reason_at = clause.items[0].start
    if main is None:
        return unsure
    weak = main.weak or parsed.conditional or hesitant
    code = f"rather_{main.side}" if weak and main.side in OTHER else main.side
    if len(clauses) < len(parsed.clauses):
        reason_at = parsed.clauses[0].items[0].start
    return Stance(code, main.negated, _slips(parsed), named, parsed.reason_at if reason_at < 0 else reason_at)


def _answers_oneself(clauses: tuple[Clause, ...]) -> Said | None:
    """`Person by person? No.`: a side, put as a question, and nothing but the answer to it."""
    if len(clauses) < 2 or not clauses[0].asked or any(c.asked and c.unknown for c in clauses[1:]):
        return None
    said, kinds = _said(clauses[0]), {i.kind for c in clauses[1:] for i in c.heavy}
    if said.side not in OTHER or said.weak or said.negated or _asks_by_word(clauses[0]) or len(kinds) != 1:
        return None
    if kinds <= {"no", "negation"}:
        return Said("side", OTHER[said.side], negated=True)
    return None


def _differs(clauses: tuple[Clause, ...]) -> Said | None:
    """`Most people want it lively, not me`: what others want, and that oneself does not."""
    if len(clauses) != 2 or not clauses[0].of("others") or any(c.asked for c in clauses):
        return None
    wanted, own = {side_of(i) for i in clauses[0].of("option")}, clauses[1]
    plain = not clauses[0].of(*TURNS, "or", "instead") and not clauses[0].unknown and len(wanted) == 1
    heavy = [i.kind for i in own.heavy if i.words[0] not in MYSELF]
    me = any(w in MYSELF for i in own.items for w in i.words)
    if plain and me and heavy and set(heavy) <= {"negation", "no"} and (side := wanted.pop()) in OTHER:
        return Said("side", OTHER[side], negated=True)
    return None


def _slips(parsed: Parsed) -> int:
    return sum(i.slips for c in parsed.clauses for i in c.items)


def _from_the_conclusion(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """What stands before a "so" is the reason, unless it is nothing but a "not"."""
    last = max((n for n, clause in enumerate(clauses) if clause.lead == "hence"), default=0)
    told = all(c.unknown or c.of("option", "others") for c in clauses[:last])
    return clauses[last:] if last and told and _said(clauses[last]).kind == "side" else clauses


def _own_answer(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """What answers a question put to oneself, or sets oneself apart: `crowds? no, quiet`, `they want it, but I ...`."""
    for n in range(1, len(clauses)):
        before, clause = clauses[:n], clauses[n]
        answers = all(c.asked for c in before) and clause.items[0].may_be("no")
        apart = (
            all(c.of("others") for c in before) and clause.lead in ("but", ",") and clause.items[0].words[0] in MYSELF
        )
        if (answers or apart) and _kind_of_rest(clauses[n:]) == "side":
            return clauses[n:]
    return clauses


def _kind_of_rest(clauses: tuple[Clause, ...]) -> str:
    """What the first clause says that is more than a "no"."""
    told = (c for c in clauses if any(i.kind not in ("no", *LIGHT) for i in c.items))
    first = next(told, None)
    without = Clause(tuple(i for i in first.items if i.kind != "no"), first.lead) if first else None
    return _said(without).kind if without else "nothing"


def is_question(parsed: Parsed) -> bool:
    """Something is asked: a question mark behind it, or a question word in front."""
    return _asks(parsed.clauses)


def _asks(clauses: tuple[Clause, ...]) -> bool:
    return any(c.asked for c in clauses) or bool(clauses and _asks_by_word(clauses[0]))


def _asks_by_word(clause: Clause) -> bool:
    return bool(clause.heavy) and clause.heavy[0].may_be("asks")


def _turns(clause: Clause) -> bool:
    """Whether a clause without a side may speak against the side before it."""
    return bool(clause.of(*TURNS)) or clause.items[0].may_be("pointing")


def _is_a_sentence(clause: Clause) -> bool:
    """Whether this stands for itself, behind a full stop: `Samen. Na 2010 kende ik hier niemand meer.`"""
    turns_back = any(i.may_be("pointing") for i in clause.items) or clause.of("against", "irony", "asks", "no", "not")
    return clause.lead in (".", "!") and clause.unknown >= MOST_OF_A_REASON and not turns_back


def _said(clause: Clause) -> Said:
    items = [part for item in clause.items for part in _apart(_turned(item, clause))]
    if says_less(items) or weighs_unnamed(items) or limits(items):
        return Said("unclear")
    turn = next((n for n, i in enumerate(items) if prefers(i, n, items)), None)
    if turn is not None:
        return compared(items[:turn], items[turn + 1 :], items[turn].may_be("instead"))
    beside = ("nonresponse", "indifferent", "wish", "abuse", "language", "others", "yes")
    if any(i.kind in beside for i in items) and any(i.kind in ("option", "not") for i in items):
        return Said("unclear") if not clause.of("yes") else _plain(items)
    return _plain(items)


def _turned(item: Item, clause: Clause) -> Item:
    """A wish to stop, with a side behind it, is a "not"; what may be all the same is a hedge beside a side."""
    if item.kind == "indifferent" and item.may_be("hedge") and clause.of("option"):
        return Item((sense("hedge"),), item.words, item.start, item.end, item.slips)
    if (
        item.may_be("negation")
        and item.kind != "negation"
        and len(clause.of("option", "not", "both")) > (item.kind in ("option", "not", "both"))
    ):
        return Item(tuple(s for s in item.senses if s.kind == "negation"), item.words, item.start, item.end, item.slips)
    return item


def _apart(item: Item) -> tuple[Item, ...]:
    """`te rustig`, written down as refusing a side, is a side and a "too": a "not" before it turns it again."""
    if item.kind != "not" or item.words[0] not in TOO:
        return (item,)
    too = Item((sense("too"),), item.words[:1], item.start, item.start)
    return (too, Item((sense("option", item.value),), item.words[1:], item.start, item.end, item.slips))


def _plain(items: list[Item]) -> Said:
    """A clause without a comparison."""
    if any(i.kind == "unknown" for i in items):
        if _depends(items):
            return Said("side", "between")
        if not tells_more(items):
            return Said("unclear" if _speaks(items) else "unknown")
        items = [i for i in items if i.kind != "unknown"]
    turns = [n for n, i in enumerate(items) if i.kind in ("negation", "not")]
    if len(turns) == 2 and turns[1] == turns[0] + 1 and items[turns[1]].words[0] in EVEN:
        turns = turns[1:]  # "please not even bigger": the "even bigger" is what a "not" is said to
    sides = {side_of(i) for i in items if i.kind in ("option", "not")}
    if not sides:
        return _without_side(items, bool(turns))
    if any(i.kind in ("nonresponse", "indifferent", "language", "abuse", "against", "asks", "depends") for i in items):
        return Said("unclear")
    if any(i.kind == "no" for i in items) and not turns:
        return Said("unclear")
    weak = _weak(items)
    if len(sides) > 1:
        return _both_sides(items, turns)
    side = next(iter(sides))
    if not turns:
        if _too_much(items):
            return Said("side", OTHER[side], True, True) if side in OTHER else Said("unclear")
        return Said("side", side, weak)
    # "Without growth we die" is no wish to do without.
    without = bool(WITHOUT.intersection(items[turns[0]].words)) and len(items) > turns[0] + 2
    # "No internet and don't want it": a second "not" may repeat the first.
    # A whole sentence ("it is full") is not what a "not" beside it turns.
    twice = any(i.kind == "option" and (NOTS | IS).intersection(i.words) for i in items)
    if len(turns) > 1 or without or twice or side == "between" or any(i.kind == "or" for i in items):
        return Said("unclear")
    partly = any(i.kind in ("partial", "too") for i in items[turns[0] :])
    return Said("side", OTHER[side], weak or partly, True)


def _too_much(items: list[Item]) -> bool:
    """Whether a "too" stands before the side: `too quiet`, and not `lively and something to do`."""
    too = next((n for n, i in enumerate(items) if i.kind == "too"), len(items))
    return any(i.kind == "option" for i in items[too:])


def _depends(items: list[Item]) -> bool:
    """`Depends on who comes`: whatever it depends on, somebody is in between."""
    heavy = [i.kind for i in items if i.kind not in LIGHT]
    whether = ("or", "option", "no") if heavy[1:2] == ["or"] else ()
    return heavy[0] == "depends" and set(heavy) <= {"depends", "unknown", "asks", "others", *whether}


def _speaks(items: list[Item]) -> bool:
    return any(i.kind in ("option", "not", "both", "depends") for i in items)


def _weak(items: list[Item]) -> bool:
    return any(is_rather(i) or i.kind in STRENGTH for i in items)


def _without_side(items: list[Item], turned: bool) -> Said:
    if any(i.kind in ("both", "depends") for i in items):
        return Said("unclear") if turned or any(i.kind == "no" for i in items) else Said("side", "between")
    limits = turned and any(i.kind == "too" or (i.kind == "partial" and not i.may_be("pointing")) for i in items)
    if limits and not any(i.kind in TURNS and i.kind != "negation" for i in items):
        return Said("weakens")
    if turned or any(i.kind in TURNS or i.kind in ("others", "or", "abuse", "language") for i in items):
        return Said("unknown")
    if any(i.kind in STRENGTH for i in items):
        return Said("weakens")
    return Said("nothing")


def _both_sides(items: list[Item], turns: list[int]) -> Said:
    """Two sides in one clause: `samen en vrij`, `in de stad niet eromheen`."""
    if "between" in {side_of(i) for i in items if i.kind == "option"}:
        return Said("unclear")
    where = [(n, side_of(i)) for n, i in enumerate(items) if i.kind in ("option", "not")]
    if len(where) > 2:
        return Said("unclear")
    # "Not in the city, it is full", "quiet please, it is too crowded": both say the same.
    meant = {OTHER[side] if items[n].kind == "not" or (n and items[n - 1].kind == "too") else side for n, side in where}
    # "No more terraces and cafés": what holds a "not" goes on behind the "and".
    (first, side), (second, _) = where[0], where[-1]
    refuses = items[first].kind == "option" and NOTS.intersection(items[first].words) and first < second
    if refuses and not turns and any(i.may_be("and") or i.kind == "or" for i in items[first:second]):
        return Said("side", side, False, True)
    if len(meant) == 1 and all(items[n].kind == "not" for n in turns):
        return Said("side", meant.pop(), _weak(items), True)
    if not turns:
        joined = any(i.may_be("and") or i.kind == "both" for i in items[where[0][0] : where[-1][0]])
        joined = joined or any(i.kind == "both" for i in items)
        return Said("side", "between") if joined and not any(i.kind == "or" for i in items) else Said("unclear")
    if len(turns) == 1 and len(where) == 2 and items[turns[0]].kind == "negation":
        # "Together is not free" says what a side is not; "together, not free" chooses.
        is_not = any(IS.intersection(i.words) for i in items[first : turns[0] + 1])
        if first < turns[0] < second and not is_not:
            return Said("side", side, _weak(items[: turns[0]]))
    return Said("unclear")
