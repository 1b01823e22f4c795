"""Own words that a moderator has to see before all others: a cry for help, or a threat.

A list of phrases, on the safe side: it finds too much rather than too little, and a person decides.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from content.model import Heard, Phrases
from conversations.spelling import fold, words

Alarm = Literal["", "crisis", "threat"]


def alarm(text: str, phrases: Phrases) -> Alarm:
    """What this text may be; a cry for help counts before a threat."""
    said = f" {fold(' '.join(words(text)))} "
    if any(phrase in said for phrase in _folded(phrases.wishes["crisis"])):
        return "crisis"
    return "threat" if any(phrase in said for phrase in _folded(phrases.threat)) else ""


@lru_cache(maxsize=8)
def _phrases(told: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f" {fold(' '.join(words(phrase)))} " for phrase in told)


def _folded(heard: Heard) -> tuple[str, ...]:
    return _phrases(heard.all())
