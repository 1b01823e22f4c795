"""A typed text taken apart: clauses of known phrases, told from what nobody knows.

Each clause is covered with the phrases of the lexicon so that as little as possible stays unknown; a
slip counts for less than the word itself. What follows a "because" is set apart as the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conversations.lexicon import LIGHT, LONGEST_SPAN, Lexicon, Sense
from conversations.spelling import Token, fold, tokens

UNKNOWN = Sense(99, "unknown")
# The cover with the lowest sum wins: unknown words are dear, long phrases cheap.
DEAR, CHOICE, HEAVY, EASY, SLIP, FOLDED, SKIPPED = 4.0, 0.2, 0.5, 0.3, 0.2, 0.05, 0.05
NEVER_SKIPPED = frozenset({"negation", "no", "than", "instead", "both", "or", "partial", "against", "others", "too"})


@dataclass(frozen=True)
class Item:
    """One known phrase, or one unknown word. `slips` is how many letters were put right."""

    senses: tuple[Sense, ...]
    words: tuple[str, ...]
    start: int
    end: int
    slips: int = 0

    @property
    def kind(self) -> str:
        return self.senses[0].kind

    @property
    def value(self) -> str:
        return self.senses[0].value

    def may_be(self, kind: str) -> bool:
        return any(s.kind == kind for s in self.senses)

    def values(self, kind: str) -> set[str]:
        return {s.value for s in self.senses if s.kind == kind}


@dataclass(frozen=True)
class Clause:
    """`lead` is what stood before it: nothing, a mark, "but", "because", or "hence" where it concludes."""

    items: tuple[Item, ...]
    lead: str = ""
    asked: bool = False

    @property
    def heavy(self) -> tuple[Item, ...]:
        """What may decide; fillers and the like left out."""
        return tuple(i for i in self.items if i.kind not in LIGHT)

    def of(self, *kinds: str) -> tuple[Item, ...]:
        return tuple(i for i in self.items if i.kind in kinds)

    @property
    def unknown(self) -> int:
        return sum(i.kind == "unknown" for i in self.items)


@dataclass(frozen=True)
class Parsed:
    """The whole text: its clauses, without the reason, which begins at letter `reason_at` (-1: none).

    `sincere` says that the word before the reason gives one plainly; `crisis` is a cry for help anywhere;
    `conditional` that only a condition follows.
    """

    clauses: tuple[Clause, ...]
    reason_at: int = -1
    sincere: bool = True
    crisis: bool = False
    conditional: bool = False

    def of(self, *kinds: str) -> tuple[Item, ...]:
        return tuple(i for clause in self.clauses for i in clause.of(*kinds))

    def may(self, *kinds: str) -> bool:
        return any(i.may_be(kind) for clause in self.clauses for i in clause.items for kind in kinds)

    @property
    def unknown(self) -> int:
        return sum(clause.unknown for clause in self.clauses)


def parse(text: str, lexicon: Lexicon, correct: bool = True, reasons: bool = False) -> Parsed:
    """Take a text apart. `correct` False reads words as they are, without putting slips right.

    With `reasons` the text itself is asked for as a reason: a "because" in front of it says nothing.
    """
    clauses: list[Clause] = []
    reason_at, sincere, crisis, conditional = -1, True, False, False
    for segment, lead, asked in _segments(_telling(tokens(text), lexicon)):
        items = _cover(segment, lexicon, correct)
        crisis = crisis or lexicon.is_distress([t.word for t in segment]) or any(i.kind == "crisis" for i in items)
        if reason_at >= 0:
            clauses += [Clause((i,), lead) for i in items if i.kind == "irony"]
            continue
        while reasons and items and not clauses and items[0].may_be("because") and items[0].kind != "option":
            items = items[1:]
        for part, part_lead, gives in _split(items, lead if clauses else ""):
            if part_lead in ("because", "condition"):
                reason_at, sincere = part[0].start if part else segment[-1].end, gives
                conditional = part_lead == "condition"
                # Irony in a reason turns what it is given for.
                clauses += [Clause((i,), lead) for i in part if i.kind == "irony"]
                break
            clauses.append(Clause(tuple(part), part_lead, asked))
    return Parsed(tuple(c for c in clauses if c.items), reason_at, sincere, crisis, conditional)


def _telling(said: Sequence[Token], lexicon: Lexicon) -> list[Token]:
    """Without what only decorates: a picture nobody has a meaning for, a word said twice."""
    pictures = [t for t in said if not t.breaks and not t.word[0].isalnum() and not lexicon.knows(t.word)]
    if len(pictures) == sum(not t.breaks for t in said):
        return list(said)
    told: list[Token] = []
    for token in said:
        twice = bool(told) and not token.breaks and token.word == told[-1].word and not token.word.isdigit()
        twice = twice and token.word * 2 not in lexicon.exact and not lexicon.turns(token.word)
        if token not in pictures and not twice:
            told.append(token)
    return told


def _segments(said: Sequence[Token]) -> Iterator[tuple[list[Token], str, bool]]:
    """The runs of words between marks, the mark before each, and whether a question mark follows."""
    run: list[Token] = []
    lead = ""
    for token in said:
        if token.breaks:
            if run:
                yield run, lead, token.word == "?"
                run, lead = [], token.word
        else:
            run.append(token)
    if run:
        yield run, lead, False


def _split(items: list[Item], lead: str) -> Iterator[tuple[list[Item], str, bool]]:
    """A run of items at its "but" and "because", what led to each, and whether a reason is given plainly.

    After a mark, "then" gives a reason too.
    """
    part: list[Item] = []
    for n, item in enumerate(items):
        because = item.may_be("because") and item.kind != "option"
        then = n == 0 and lead in (",", ".", ";", "-") and item.may_be("then") and not _concludes(items)
        if then and any(i.kind in ("negation", "against", "irony", "not", "no") for i in items):
            then = False  # "growth, then I am gone"
        if because or then:
            yield part, lead, True
            yield items[n + 1 :] if because else items[n:], "because", item.may_be("sincere")
            return
        if part and _so_that(item, part, items[n + 1 :]):
            yield part, lead, True
            yield items[n + 1 :], "because", True
            return
        if (item.kind == "condition" and (part or lead)) or (n == 0 and lead == "," and item.words == ("es",)):
            yield part, lead, True
            yield items[n:], "condition", False
            return
        if item.may_be("hence") and (part or lead) and (item.words[0] != "so" or not part):
            # "Quiet then, so": at the end it concludes what stands before it.
            if part and n < len(items) - 1:
                yield part, lead, True
                part = []
            lead = "hence"
        elif item.kind == "but" or (item.may_be("but") and n < len(items) - 1 and (part or lead)):
            if part:
                yield part, lead, True
            part, lead = [], "but"
        else:
            part.append(item)
    yield part, lead, True


def _so_that(item: Item, part: list[Item], rest: list[Item]) -> bool:
    """`Fixed rules so everybody knows where they stand`: a reason behind a side."""
    told = {i.kind for i in rest}
    plain = "unknown" in told and not {"option", "not", "negation", "no", "against"} & told
    return item.words == ("so",) and plain and any(i.kind == "option" for i in part)


def _concludes(items: list[Item]) -> bool:
    """A "so" with a choice behind it, and nothing else that tells."""
    rest = [i.kind for i in items[1:]]
    return items[0].may_be("hence") and "option" in rest and not {"unknown", "negation", "not", "no"} & set(rest)


# ---------------------------------------------------------------- one run of words


def _cover(run: Sequence[Token], lexicon: Lexicon, correct: bool) -> list[Item]:
    """The cheapest way to read a run of words as phrases."""
    words = [t.word for t in run]
    right = [(lexicon.corrected(w) if correct else None) or w for w in words]
    best: list[tuple[float, int, Item | None]] = [(0.0, 0, None)]
    for end in range(1, len(run) + 1):
        options = [(best[end - 1][0] + DEAR, end - 1, _unknown(run[end - 1]))]
        for start in range(max(0, end - LONGEST_SPAN), end):
            if found := _look(words[start:end], right[start:end], lexicon):
                senses, cost, wrong = found
                item = Item(senses, tuple(words[start:end]), run[start].start, run[end - 1].end, wrong)
                options.append((best[start][0] + cost, start, item))
        best.append(min(options, key=lambda one: one[0]))
    items: list[Item] = []
    end = len(run)
    while end:
        _, end, covered = best[end]
        items += [covered] if covered else []
    items.reverse()
    return _as_a_whole(items, lexicon) if correct else items


def _unknown(token: Token) -> Item:
    return Item((UNKNOWN,), (token.word,), token.start, token.end)


def _look(words: list[str], right: list[str], lexicon: Lexicon) -> tuple[tuple[Sense, ...], float, int] | None:
    """What these words are together: as written, folded, put right, or with fillers left out."""
    squash = "".join(words)
    if senses := lexicon.exact.get(squash):
        return senses, _cost(senses), 0
    mended = "".join(right)
    wrong = sum(a != b for a, b in zip(words, right, strict=True))
    if wrong and (senses := lexicon.exact.get(mended)):
        return senses, _cost(senses) + SLIP * wrong, wrong
    if len(words) > 1 and (len(words[-1]) < 3 or any(lexicon.turns(w) for w in words)):
        return None  # folding would drop an "en" behind a phrase, or make "zeg geen" a "zeggen"
    if len(squash) > 3 and (senses := lexicon.folded.get(fold(squash))):
        return senses, _cost(senses) + FOLDED, 0
    if wrong and (senses := lexicon.folded.get(fold(mended))):
        return senses, _cost(senses) + SLIP * wrong + FOLDED, wrong
    if len(words) > 2:
        return _without_fillers(right, wrong, lexicon)
    return None


def _without_fillers(right: list[str], wrong: int, lexicon: Lexicon) -> tuple[tuple[Sense, ...], float, int] | None:
    kept = [w for w in right if w not in lexicon.fillers]
    if len(kept) < 2 or right[0] != kept[0] or right[-1] != kept[-1]:
        return None
    squash, skipped = "".join(kept), len(right) - len(kept)
    senses = lexicon.stripped.get(squash) or (lexicon.exact.get(squash) if skipped else None)
    return (senses, _cost(senses) + SLIP * wrong + SKIPPED * skipped, wrong) if senses else None


def _cost(senses: tuple[Sense, ...]) -> float:
    kind = senses[0].kind
    return EASY if kind in LIGHT else CHOICE if kind in ("option", "not", "unclear", "crisis", "irony") else HEAVY


def _as_a_whole(items: list[Item], lexicon: Lexicon) -> list[Item]:
    """Where words stayed unknown, the run as one phrase with slips: `perp ersoon`, `stay teh samesize`."""
    unknown = [n for n, item in enumerate(items) if item.kind == "unknown"]
    if not unknown:
        return items
    heavy = [n for n, item in enumerate(items) if item.kind not in LIGHT]
    first, last, end = heavy[0], heavy[-1] + 1, len(items)
    for begin, stop in dict.fromkeys(((0, end), (first, end), (0, last), (first, last))):
        part = items[begin:stop]
        if len(part) > 4 * len(unknown) or any(i.kind in NEVER_SKIPPED for i in part):
            continue
        words = tuple(w for i in part for w in i.words)
        if found := lexicon.closest(words):
            whole = Item(found[0], words, part[0].start, part[-1].end, max(1, found[1]))
            return [*items[:begin], whole, *items[stop:]]
    return items
