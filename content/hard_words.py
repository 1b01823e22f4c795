"""Words that are long, or that few people meet in what they read: an author says each more simply, or keeps it.

What is kept stands in `language/plain.yaml`. How often a word is read comes from the library wordfreq, which the
extra `authors` brings; without it only length is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from content.loader import Content
from content.places import Fault, places
from content.plain_language import FORMULA, sentences, syllables

KEPT = Path(__file__).parent / "language" / "plain.yaml"
MOST_SYLLABLES = 4
# On Zipf's scale, the tenth logarithm of how often it comes in a thousand million words: below 3 is once a million.
LEAST_FREQUENT = 3.0


def faults(content: Content) -> Iterator[Fault]:
    """Every long or rare word that is no name of a neighbourhood and is not kept on purpose."""
    names = {word.casefold() for said in _neighbourhoods(content) for word in said}
    for place in places(content):
        for language, text in place.texts.items():
            if language not in FORMULA:
                continue
            for word in dict.fromkeys(word.casefold() for said in sentences(text) for word in said):
                if word in names or word in _kept(language) or any(letter.isdigit() for letter in word):
                    continue
                if why := _too_hard(word, language):
                    yield place.fault(language, f"“{word}” is {why}: say it more simply, or keep it in {KEPT.name}")


def _too_hard(word: str, language: str) -> str:
    if (many := syllables(word, language)) > MOST_SYLLABLES:
        return f"long, {many} syllables"
    if (often := _frequency(word, language)) is not None and often < LEAST_FREQUENT:
        return f"rare, {often:.1f} on Zipf's scale"
    return ""


def _neighbourhoods(content: Content) -> Iterator[list[str]]:
    for option in content.items["neighbourhood"].options:
        for label in option.label.by.values():
            yield from sentences(label)


@cache
def _kept(language: str) -> frozenset[str]:
    kept = yaml.safe_load(KEPT.read_text("utf8"))
    return frozenset(word.casefold() for word in (*kept["names"], *kept[language]))


def _frequency(word: str, language: str) -> float | None:
    try:
        from wordfreq import zipf_frequency
    except ImportError:
        return None
    return float(zipf_frequency(word, language))
