"""How a typed answer would be read, outside a dialogue: for authors and for acceptance checks."""

from __future__ import annotations

from typing import Any

from content import Content
from conversations.shapes import City, Progress
from conversations.steps import STEPS, ask
from conversations.typed import Reading, clean, read
from conversations.walk import OF_A_DILEMMA


def understand(text: str, at: str, language: str, first: str, content: Content, year: int = 0) -> dict[str, Any]:
    """The reading of `text` at question `at` as plain data. In a known `year` a year of birth tells an age.

    `first` is the side shown first (`a` or `b`); without it a bare number is asked back, since
    nobody knows what this person saw. KeyError names a question, language or side that does not exist.
    """
    if language not in content.languages:
        raise KeyError(f"language: {language} is not one of {', '.join(content.languages)}")
    if first not in ("", "a", "b"):
        raise KeyError(f"first: {first} is neither a nor b")
    dilemma, _, item = at.rpartition(".")
    if dilemma not in ("", *content.dilemmas) or item not in STEPS or bool(dilemma) != (item in OF_A_DILEMMA):
        raise KeyError(f"at: {at} is no question")
    progress = _shown(Progress("dreams", "telegram", language, 0, at=at, counted=True), dilemma, first)
    question = ask(progress, content, City(year=year))
    reading = read(clean(text), question, content)
    if not first and item in ("position", "reasons") and reading.method == "typed_number":
        other = _shown(progress, dilemma, "b" if progress.first(dilemma) == "a" else "a")
        mirrored = read(clean(text), ask(other, content, City()), content)
        if item == "position" or mirrored.choices != reading.choices:
            either = dict.fromkeys((*reading.choices, *mirrored.choices))
            reading = Reading(candidates=tuple(either), asked=True)
    return _plain(reading, bool(question.own_words))


def _shown(progress: Progress, dilemma: str, first: str) -> Progress:
    """The same progress with a draw that shows `first` first."""
    if not dilemma or not first:
        return progress
    draws = (Progress(progress.round, progress.channel, progress.language, n, at=progress.at) for n in range(1000))
    drawn = next(p.draw for p in draws if p.first(dilemma) == first)
    return Progress(progress.round, progress.channel, progress.language, drawn, at=progress.at, counted=True)


def _plain(reading: Reading, own_words: bool) -> dict[str, Any]:
    kept = "text" if own_words and not reading.sure and not reading.asked else ""
    return {
        "choice": " ".join(reading.choices) or None,
        "nonresponse": reading.nonresponse,
        "sure": reading.sure,
        "candidates": list(reading.candidates),
        "method": reading.method or kept or None,
        "score": reading.score,
        "wish": reading.wish,
    }
