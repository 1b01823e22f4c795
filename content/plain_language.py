"""Plain language in Dutch and English: Flesch's formula over pyphen's syllables, and sentences that end in time.

Nothing measures "B1" itself; this is the stand-in the project holds itself to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pyphen import Pyphen  # type: ignore[import-untyped]

from content.loader import Content
from content.places import Fault, places

EASE, AVERAGE, LONGEST, LONGER_TEXT = 60.0, 15.0, 20, 20
# Flesch-Douma for Dutch, Flesch for English: base, per word of a sentence, per syllable of a word.
FORMULA = {"nl": (206.835, 0.93, 77.0), "en": (206.835, 1.015, 84.6)}
HYPHENS = {"nl": "nl_NL", "en": "en_US"}
SENTENCE_END = re.compile(r"(?<=[.!?])[”’\"')]*\s+|\n+")
WORD = re.compile(r"[^\W_]+(?:[’'.,-][^\W_]+)*")


@dataclass(frozen=True)
class Ease:
    """How easy a text reads: `ease` 0-100 and more is easier; words of every sentence."""

    ease: float
    sentences: tuple[int, ...]

    @property
    def average(self) -> float:
        return sum(self.sentences) / len(self.sentences)


@cache
def _hyphens(language: str) -> Pyphen:
    return Pyphen(lang=HYPHENS[language])


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence; a {placeholder} is one word, a line end ends a sentence."""
    text = re.sub(r"\{[^}]*\}", " in ", text)
    return [words for part in SENTENCE_END.split(text) if (words := WORD.findall(part))]


def syllables(word: str, language: str) -> int:
    """As many as the word can be hyphenated into, which is about as many as it has."""
    return len(_hyphens(language).positions(word)) + 1


def ease(text: str, language: str) -> Ease | None:
    """None where there is nothing to read."""
    said = sentences(text)
    words = [word for sentence in said for word in sentence]
    if not words:
        return None
    spoken = sum(syllables(word, language) for word in words)
    base, per_word, per_syllable = FORMULA[language]
    figure = base - per_word * len(words) / len(said) - per_syllable * spoken / len(words)
    return Ease(figure, tuple(len(sentence) for sentence in said))


def faults(content: Content) -> Iterator[Fault]:
    """Texts of two sentences or twenty words that score under 60 or average over 15 words a sentence,
    and any sentence over 20 words."""
    for place in places(content):
        for language, text in place.texts.items():
            if language not in FORMULA or (read := ease(text, language)) is None:
                continue
            for said in sentences(text):
                if len(said) > LONGEST:
                    start = " ".join(said[:5])
                    yield place.fault(language, f"the sentence “{start} …” has {len(said)} words, at most {LONGEST}")
            if len(read.sentences) < 2 and sum(read.sentences) < LONGER_TEXT:
                continue
            if read.average > AVERAGE:
                yield place.fault(language, f"has {read.average:.1f} words a sentence, at most {AVERAGE:.0f}")
            if read.ease < EASE:
                yield place.fault(language, f"reads at {read.ease:.0f}, at least {EASE:.0f} (Flesch)")
