"""Understanding a typed answer: exact, a number, or close enough. Unsure means asking back.

A wrong guess is worse than a question, so a word that can turn a meaning round ("niet", "rather",
"geen") makes an answer sure only where the known phrase holds that very word too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from content import Content
from content.model import Phrases
from content.spelling import plain, plain_phrase
from conversations.question import Question
from conversations.shapes import NONRESPONSE, Status

SURE, MARGIN, MAYBE = 86, 8, 68
MOST_CANDIDATES = 3
# Nobody names a choice at greater length; whatever is longer is own words.
LONGEST = 300
SPLIT = re.compile(r"\s*(?:[,;+&/]|\ben\b|\band\b)\s*")
AGES = ((16, "16_17"), (18, "18_24"), (25, "25_44"), (45, "45_64"), (65, "65_79"), (80, "80_plus"))


@dataclass(frozen=True)
class Reading:
    """How a text was read. `choices` only when sure; otherwise `candidates`, best first, may be asked back."""

    choices: tuple[str, ...] = ()
    nonresponse: Status | None = None
    wish: str | None = None
    language: str | None = None
    candidates: tuple[str, ...] = ()
    method: str = ""
    score: int = 0

    @property
    def sure(self) -> bool:
        return bool(self.choices or self.nonresponse or self.wish)


def clean(text: str) -> str:
    """Text as it is kept: NFC, without control, zero-width and direction characters, trimmed."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    kept = (c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else " " for c in text)
    # A zero-width joiner holds emoji together; dropping it only splits the picture.
    return re.sub(r"[ \t]+", " ", unicodedata.normalize("NFC", "".join(kept))).strip()


def read(text: str, question: Question, content: Content) -> Reading:
    """How `text` answers `question`. Never a sure reading of the opposite; an empty Reading when nothing fits."""
    said = plain(text[:LONGEST])
    if not said:
        return Reading(wish="help") if text.strip("? ") != text and not text.strip("? ") else Reading()
    phrases = content.phrases
    if question.item == "age" and said.isdecimal() and not _age(said, question):
        return Reading()
    return (
        _exact(said, question)
        or _beside(said, question, content)
        or _wish(said, content)
        or _nonresponse(said, phrases)
        or _age(said, question)
        or _number(said, question, phrases)
        or _several(said, question, phrases)
        or _close(said, question, phrases)
        or Reading()
    )


def is_yes(text: str, phrases: Phrases) -> bool:
    """Whether this is a plain yes, in any language."""
    return plain(text) in {plain_phrase(p) for p in phrases.yes.all()}


def is_yes_or_no(text: str, phrases: Phrases) -> bool:
    """Whether this is a plain yes or no, which is nobody's reason."""
    return plain(text) in {plain_phrase(p) for p in (*phrases.yes.all(), *phrases.no.all())}


def _exact(said: str, question: Question) -> Reading | None:
    known = {option.code: option for option in (*question.options, *question.on_screen, *question.doors)}.values()
    codes = [o.code for o in known if said in {plain_phrase(o.code), plain_phrase(o.code.replace("_", " "))}]
    if not codes:
        codes = [o.code for o in known if said in {plain_phrase(p) for p in (o.label, *o.heard)}]
    if len(codes) == 1:
        return Reading((codes[0],), method="typed_number" if said.isdecimal() else "typed_exact", score=100)
    if codes:
        return Reading(candidates=tuple(codes[:MOST_CANDIDATES]))
    refused = [o.code for o in question.options if said in {plain_phrase(p) for p in o.refuse}]
    if refused:
        others = [o.code for o in question.options if o.code not in refused]
        return Reading(candidates=tuple(others[-MOST_CANDIDATES:]))
    return None


def _beside(said: str, question: Question, content: Content) -> Reading | None:
    """The label of a button that is no answer: why, later, skip all three."""
    for beside in question.more:
        choice = beside.data.split(":")[1]
        if said in {plain_phrase(content.words(language)(f"button.{choice}")) for language in content.languages}:
            return Reading((choice,), method="typed_exact", score=100)
    return None


def _wish(said: str, content: Content) -> Reading | None:
    for wish, heard in content.phrases.wishes.items():
        if said in {plain_phrase(p) for p in heard.all()}:
            return Reading(wish=wish, method="typed_exact", score=100)
    for code in content.languages:
        if said in {plain_phrase(content.words(w)(f"language.{code}")) for w in content.languages}:
            return Reading(wish="language", language=code, method="typed_exact", score=100)
    return None


def _nonresponse(said: str, phrases: Phrases) -> Reading | None:
    for code in NONRESPONSE:
        if said in {plain_phrase(p) for p in phrases.nonresponse[code].all()}:
            return Reading(nonresponse=code, method="typed_exact", score=100)
    return None


def _age(said: str, question: Question) -> Reading | None:
    if question.item != "age" or not (found := re.fullmatch(r"(\d{1,3})(?: (?:jaar|jaor|years?(?: old)?))?", said)):
        return None
    years = int(found[1])
    bands = [code for start, code in AGES if years >= start]
    return Reading((bands[-1],), method="typed_number", score=100) if bands and years < 120 else None


def _number(said: str, question: Question, phrases: Phrases) -> Reading | None:
    if not question.numbered:
        return None
    words, named = said.split(), {plain_phrase(word): n for word, n in phrases.numbers.items()}
    numbers = [int(w) if w.isdecimal() and len(w) < 4 else named.get(w, 0) for w in words]
    known = {"optie", "option", "nummer", "number", "keuze", "de", "the", "nr", "one", "antwoord"}
    counted = [n for n, w in zip(numbers, words, strict=True) if n and not (w == "one" and len(words) > 1)]
    if len(counted) != 1 or any(w not in known for n, w in zip(numbers, words, strict=True) if not n):
        return None
    place = counted[0] if counted[0] > 0 else len(question.on_screen)
    if place > len(question.on_screen):
        return None
    return Reading((question.on_screen[place - 1].code,), method="typed_number", score=100)


def _several(said: str, question: Question, phrases: Phrases) -> Reading | None:
    if question.several < 2:
        return None
    parts = [part for part in SPLIT.split(said) if part]
    parts = said.split() if len(parts) == 1 and all(w.isdigit() for w in said.split()) else parts
    if not 2 <= len(parts) <= question.several:
        return None
    readings = [_exact(part, question) or _number(part, question, phrases) for part in parts]
    found = [r.choices[0] for r in readings if r and r.choices]
    if len(found) < len(parts):
        return None
    codes = tuple(o.code for o in question.options if o.code in found)
    return Reading(codes, method="typed_number" if said[0].isdigit() else "typed_exact", score=100)


def _close(said: str, question: Question, phrases: Phrases) -> Reading | None:
    scored = _scores(said, question)
    if not scored:
        return None
    (best, score, phrase), rest = scored[0], scored[1:]
    second = rest[0][1] if rest else 0.0
    turned = _doubts(said, phrases) - _doubts(phrase, phrases)
    if score >= SURE and score - second >= MARGIN and len(said) >= 4 and not turned:
        return Reading((best,), method="typed_fuzzy", score=round(score))
    near = tuple(code for code, value, _ in scored if value >= MAYBE)[:MOST_CANDIDATES]
    return Reading(candidates=near, score=round(score)) if near else None


def _scores(said: str, question: Question) -> list[tuple[str, float, str]]:
    """Per option its best phrase and how near it is, 0-100, best first."""
    found = []
    for option in question.options:
        phrases = {plain_phrase(p) for p in (option.label, *option.heard)}
        score, phrase = max(((fuzz.ratio(said, p), p) for p in phrases), default=(0.0, ""))
        found.append((option.code, score, phrase))
    return sorted(found, key=lambda one: -one[1])


def _doubts(said: str, phrases: Phrases) -> set[str]:
    words: Iterable[str] = said.split()
    doubt = {plain_phrase(word) for word in phrases.doubt}
    return {w for w in words if w in doubt}
