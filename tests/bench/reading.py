"""How long one typed phrase takes at the largest question, beside plain rapidfuzz over the same names."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from content import load
from conversations.shapes import City, Progress
from conversations.steps import ask
from conversations.typed import clean, read
from tests.typed_examples import examples

HEAD = ("reader, 44 neighbourhoods with aliases", "p50 µs CPU", "p99 µs CPU", "× rapidfuzz p50")


@dataclass(frozen=True)
class Timed:
    """CPU time of one thread for one phrase, in microseconds."""

    p50: float
    p99: float


def measure(rounds: int) -> list[list[str]]:
    """Every typed example, at the neighbourhoods, by both in turn."""
    content = load()
    question = ask(Progress("dreams", "telegram", "nl", 0, at="neighbourhood", counted=True), content, City())
    names = [phrase for option in question.options for phrase in (option.label, *option.heard)]
    texts = [clean(example.text) for example in examples()]

    def plain(text: str) -> object:
        return process.extractOne(text, names, scorer=fuzz.WRatio, score_cutoff=75)

    def own(text: str) -> object:
        return read(text, question, content)

    own(texts[0])  # the words of the question are gathered once, at its first phrase
    ran = {name: _timed(function, texts, rounds) for name, function in (("plain", plain), ("own", own))}
    told = (("rapidfuzz WRatio, no negation, no hedges", ran["plain"]), ("ours", ran["own"]))
    return [[name, f"{one.p50:.0f}", f"{one.p99:.0f}", f"{one.p50 / ran['plain'].p50:.1f}"] for name, one in told]


def _timed(function: Callable[[str], object], texts: list[str], rounds: int) -> Timed:
    took = []
    for _ in range(rounds):
        for text in texts:
            begun = time.thread_time_ns()
            function(text)
            took.append((time.thread_time_ns() - begun) / 1000)
    took.sort()
    return Timed(took[len(took) // 2], took[len(took) * 99 // 100])
