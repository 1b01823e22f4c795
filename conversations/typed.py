"""Understanding a typed answer: what it chooses, what else it is, or that it must be asked back.

A wrong guess is worse than a question. Everything is read in all languages at once; the words live in
`content/phrases.yaml`, in `content/heard/`, and under `heard` in the other content files, none of them here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from content import Content
from content.model import Phrases
from conversations import places
from conversations.ages import age_band, is_rough
from conversations.asides import Aside, aside
from conversations.clauses import Parsed, parse
from conversations.lexicon import Lexicon, lexicon
from conversations.likeness import likely
from conversations.pick import Picked, answer_yes_or_no, pick
from conversations.question import Question
from conversations.shapes import NONRESPONSE, Status
from conversations.sides import OTHER
from conversations.spelling import phrase_words, tokens, words
from conversations.stance import Stance, stance

MOST_CANDIDATES = 3
MOST_ALIKE = 6  # words; what is longer is not asked back for looking like a phrase
# Nobody names a choice at greater length; of what is longer only a cry for help is read.
MOST_WORDS, MOST_LETTERS = 60, 500
EXACT, PLAIN, TURNED, LEAST = 100, 95, 88, 70
# A number that stands at no choice.
BELOW_NOTHING = re.compile(r"[-−]\s*\d+")
# Asked back with these: in between, or no opinion.
INDIFFERENT = ("between", "dont_know")


@dataclass(frozen=True)
class Reading:
    """How a text was read. `choices` only when sure; otherwise `candidates`, best first, may be asked back.

    `asked` says that the text was understood but must be asked back, also where own words would be kept.
    `reason_at` is where in the text a reason begins that was given with the choice, -1 when there is none.
    """

    choices: tuple[str, ...] = ()
    nonresponse: Status | None = None
    wish: str | None = None
    language: str | None = None
    candidates: tuple[str, ...] = ()
    method: str = ""
    score: int = 0
    asked: bool = False
    indifferent: bool = False
    reason_at: int = -1

    @property
    def sure(self) -> bool:
        return bool(self.choices or self.nonresponse or self.wish)


def clean(text: str) -> str:
    """Text as it is kept: NFC, without control, zero-width and direction characters, trimmed."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    kept = (c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else " " for c in text)
    # A zero-width joiner holds emoji together; dropping it only splits the picture.
    return re.sub(r"[ \t]+", " ", unicodedata.normalize("NFC", "".join(kept))).strip()


def is_yes(text: str, phrases: Phrases) -> bool:
    """Whether this is a plain yes, in any language."""
    return "".join(words(text)) in {"".join(phrase_words(p)) for p in phrases.yes.all()}


def is_no(text: str, phrases: Phrases) -> bool:
    """Whether this is a plain no, in any language."""
    return "".join(words(text)) in {"".join(phrase_words(p)) for p in phrases.no.all()}


def is_yes_or_no(text: str, phrases: Phrases) -> bool:
    """Whether this is a plain yes or no, which is nobody's reason."""
    return is_yes(text, phrases) or is_no(text, phrases)


def read(text: str, question: Question, content: Content) -> Reading:
    """How `text` answers `question`. Never a sure reading of the opposite; an empty Reading when nothing fits."""
    if not any(not token.breaks for token in tokens(text[:MOST_LETTERS])):
        return Reading(wish="help", method="typed_exact", score=EXACT) if "?" in text else Reading()
    if BELOW_NOTHING.fullmatch(text):
        return Reading()
    known = lexicon(question, content)
    if len(text) > MOST_LETTERS or len(tokens(text)) > MOST_WORDS:
        parsed = parse(text, known, correct=False)
        return Reading(wish="crisis", method="typed_phrase", score=PLAIN) if parsed.crisis else Reading()
    return (
        _typed_place(text, question, content.phrases)
        or _beside(text, question, content)
        or _exact(text, known, question)
        or _parsed(text, question, content, known)
    )


def _typed_place(text: str, question: Question, phrases: Phrases) -> Reading | None:
    if codes := places.code(text, question, phrases):
        method = "typed_number" if codes[0].isdecimal() else "typed_exact"
        return Reading(_ordered(codes, question), method=method, score=EXACT)
    if codes := places.place(text, question, phrases):
        return Reading(_ordered(codes, question), method="typed_number", score=EXACT)
    return None


def _beside(text: str, question: Question, content: Content) -> Reading | None:
    """The label of a button that is no answer: why, later, skip all three."""
    said = words(text)
    for beside in question.more:
        choice = beside.data.split(":")[1]
        if said in {phrase_words(content.words(language)(f"button.{choice}")) for language in content.languages}:
            return Reading((choice,), method="typed_exact", score=EXACT)
    for code in NONRESPONSE:
        if said in {phrase_words(content.words(language)(f"button.{code}")) for language in content.languages}:
            return Reading(nonresponse=code, method="typed_exact", score=EXACT)
    return None


def _exact(text: str, known: Lexicon, question: Question) -> Reading | None:
    """A label or phrase of one choice, letter by letter."""
    said = words(text)
    senses = known.exact.get("".join(said), ())
    doubted = "?" in text and text.strip().casefold() not in {p.casefold() for o in question.options for p in o.heard}
    if not senses or senses[0].kind != "option" or doubted:
        return None
    codes = {s.value for s in senses if s.kind == "option"}
    return Reading((senses[0].value,), method="typed_exact", score=EXACT) if len(codes) == 1 else None


def _parsed(text: str, question: Question, content: Content, known: Lexicon) -> Reading:
    only_own_words = bool(question.own_words) and not question.options
    small = question.item != "neighbourhood" or len(words(text)) <= 5
    parsed = parse(text, known, correct=small, reasons=bool(question.own_words))
    if question.item == "age" and not parsed.crisis:
        if aged := _age(text, parsed, content.phrases, question):
            return aged
        if is_rough(text, content.phrases.ages) and not parsed.of("wish"):
            return Reading(asked=True)
    found = aside(parsed, bool(question.own_words), only_own_words)
    if found and (reading := _aside(found, question)):
        exact = {s.kind for s in known.exact.get("".join(words(text)), ())}
        letter_by_letter = found.kind in exact and reading.method
        return replace(reading, method="typed_exact", score=EXACT) if letter_by_letter else reading
    if found or only_own_words:
        return Reading(asked=bool(found))
    if known.shuffles(words(text)):
        return Reading()
    reading = _chosen(text, parsed, question, known)
    if reading.sure or reading.asked or reading.candidates or parsed.may("negation", "not", "no", "against"):
        return reading
    said = words(text)
    near = known.resembles(said)[:MOST_CANDIDATES] if len(said) <= MOST_ALIKE else ()
    return replace(reading, candidates=near)


def _chosen(text: str, parsed: Parsed, question: Question, known: Lexicon) -> Reading:
    if question.item == "position":
        return _but_for_a_slip(text, _position(stance(parsed), parsed, question), question, known)
    picked = answer_yes_or_no(parsed) if _is_consent(question) else pick(parsed, question, known.ordinary)
    turned = parsed.may("negation", "not", "against", "too")
    if question.item == "reasons" and not picked.codes and not turned and (like := likely(parsed, question, known)):
        return Reading((like[0],), method="typed_fuzzy", score=round(100 * like[1]), reason_at=-1)
    return _but_for_a_slip(text, _picked(picked, parsed, question), question, known)


def _age(text: str, parsed: Parsed, phrases: Phrases, question: Question) -> Reading | None:
    born = {"".join(phrase_words(phrase)) for phrase in phrases.ages.born}
    others = [i for i in parsed.of("others") if "".join(i.words) not in born]
    doubted = "?" in text or others or parsed.of("negation", "irony")
    code = age_band(text, phrases.ages, question.year) if not doubted else None
    return Reading((code,), method="typed_number", score=PLAIN) if code and question.has(code) else None


def _is_consent(question: Question) -> bool:
    return question.kind == "consent" or question.at == "forget"


def _aside(found: Aside, question: Question) -> Reading | None:
    score = PLAIN - 5 * found.slips
    method = "typed_fuzzy" if found.slips else "typed_phrase"
    if found.kind in ("crisis", "abuse", "wish"):
        return Reading(wish=found.value, method=method, score=score)
    if found.kind == "language" and question.at == "language":
        return Reading(asked=True)
    if found.kind == "language":
        return Reading(wish="language", language=found.value or None, method=method, score=score)
    if found.kind == "nonresponse" and not _is_consent(question) and question.item:
        status = next(code for code in NONRESPONSE if code == found.value)
        if any(o.code == "none" for o in question.options) and status == "neither":
            return Reading(("none",), method=method, score=score)
        return Reading(nonresponse=status, method=method, score=score)
    if found.kind == "indifferent":
        two = question.item == "position"
        return Reading(candidates=INDIFFERENT if two else (), asked=True, indifferent=True, score=score)
    return Reading(asked=True) if found.kind == "nonresponse" else None


def _position(found: Stance, parsed: Parsed, question: Question) -> Reading:
    if not found.code:
        return Reading(candidates=_may_mean(parsed, found, question), reason_at=parsed.reason_at)
    score = (TURNED if found.negated else PLAIN) - 5 * found.slips
    method = "typed_negation" if found.negated else "typed_fuzzy" if found.slips else "typed_phrase"
    return Reading((found.code,), method=method, score=max(LEAST, score), reason_at=found.reason_at)


def _but_for_a_slip(text: str, found: Reading, question: Question, known: Lexicon) -> Reading:
    """The reading, unless the whole text is another choice's phrase with a slip in one word: `even groo`."""
    said = words(text)
    near = known.but_for_a_slip(said) if 1 < len(said) <= MOST_ALIKE else []
    meant = {OTHER.get(_side(s.value), "") if s.kind == "not" else _side(s.value) for s, _ in near}
    if len(meant) != 1 or meant & {_side(code) for code in found.choices}:
        return found
    turns = any(turned for _, turned in near)
    if question.item != "position" or turns:
        return Reading(candidates=tuple(meant), reason_at=found.reason_at) if found.choices else found
    codes = {s.value for s, _ in near if s.kind == "option"}
    return Reading(tuple(codes if len(codes) == 1 else meant), method="typed_fuzzy", score=PLAIN - 5)


def _side(code: str) -> str:
    return code.removeprefix("rather_")


def _may_mean(parsed: Parsed, found: Stance, question: Question) -> tuple[str, ...]:
    """What to offer when asked back: where something turns it round, the other side first, never the one named."""
    turns = len(parsed.of("negation", "not", "against", "no"))
    if len(found.sides) != 1 or turns > 1:
        either = ("a", "between", "b") if found.sides else ()
        return tuple(o.code for o in question.options if o.code in either)
    side = found.sides[0]
    if turns or parsed.may("negation", "not"):
        return (OTHER[side], f"rather_{OTHER[side]}", "between")
    return (side, f"rather_{side}", "between")


def _picked(found: Picked, parsed: Parsed, question: Question) -> Reading:
    if not found.codes:
        several = found.named[:MOST_CANDIDATES] if not parsed.of("negation", "others") else ()
        few = sum(len(i.words) for c in parsed.clauses for i in c.items) < 3
        empty = question.own_words and few and not parsed.unknown and not any(c.heavy for c in parsed.clauses)
        too_many = question.several > 1 and len(found.named) > question.several and not parsed.unknown
        return Reading(candidates=several, asked=bool(empty or too_many))
    method = "typed_negation" if found.negated else "typed_fuzzy" if found.slips else "typed_phrase"
    score = max(LEAST, (TURNED if found.negated else PLAIN) - 5 * found.slips)
    return Reading(_ordered(found.codes, question), method=method, score=score, reason_at=found.reason_at)


def _ordered(codes: tuple[str, ...], question: Question) -> tuple[str, ...]:
    """Several choices in the order of the codebook."""
    if len(codes) < 2:
        return codes
    if question.dilemma:
        return tuple(sorted(codes))
    order = [o.code for o in (*question.options, *question.on_screen, *question.doors)]
    return tuple(sorted(codes, key=order.index))
