"""Labelled texts, and how much of what points at a person is hidden in them: `python -m tests.hidden_examples`.

`tests/hiding/*.tune.txt` were labelled before the mask was tuned to them, `*.held.txt` after that: the mask
was not changed for these. `<phone>06-12345678</phone>` has to be hidden, everything outside such marks has
to be left. A mark counts as found when every letter and digit in it is hidden. A false alarm is a text of
which something outside the marks is hidden.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from conversations.mask import Find, finds

FOLDER = Path(__file__).parent / "hiding"
MARK = re.compile(r"<(/?)([a-z]+)>")


@dataclass(frozen=True)
class Example:
    """A text as somebody typed it, and what of it points at a person."""

    language: str
    part: str
    text: str
    marks: tuple[Find, ...]

    @property
    def missed(self) -> tuple[Find, ...]:
        """The marks of which something is left to read."""
        hidden = self.hidden
        return tuple(
            mark
            for mark in self.marks
            if any(self.text[n].isalnum() and n not in hidden for n in range(mark.start, mark.end))
        )

    @property
    def alarms(self) -> str:
        """The letters and digits that are hidden and should not be."""
        meant = {n for mark in self.marks for n in range(mark.start, mark.end)}
        return "".join(self.text[n] for n in sorted(self.hidden - meant) if self.text[n].isalnum())

    @property
    def hidden(self) -> set[int]:
        return {n for one in finds(self.text) for n in range(one.start, one.end)}


def read(line: str, language: str, part: str) -> Example:
    """An example from its marked text."""
    text, marks, at, opened = "", [], 0, 0
    for tag in MARK.finditer(line):
        text, at = text + line[at : tag.start()], tag.end()
        if tag[1]:
            marks.append(Find(tag[2], opened, len(text)))
        opened = len(text)
    return Example(language, part, text + line[at:], tuple(marks))


def examples() -> list[Example]:
    """Every example of every language."""
    found: list[Example] = []
    for path in sorted(FOLDER.glob("*.txt")):
        language, part, _ = path.name.split(".")
        found += [read(line, language, part) for line in path.read_text("utf8").splitlines()]
    return found


@dataclass(frozen=True)
class Measured:
    """How many examples; the share of marks found, by kind too; the share of texts with a false alarm."""

    examples: int
    recall: float
    false_alarms: float
    by_kind: dict[str, tuple[int, int]]

    def __str__(self) -> str:
        return f"{self.examples} texts, {self.recall:.1%} found, {self.false_alarms:.1%} with a false alarm"


def measure(some: list[Example]) -> Measured:
    marks = Counter(mark.kind for one in some for mark in one.marks)
    missed = Counter(mark.kind for one in some for mark in one.missed)
    return Measured(
        len(some),
        1 - missed.total() / max(marks.total(), 1),
        sum(bool(one.alarms) for one in some) / max(len(some), 1),
        {kind: (n - missed[kind], n) for kind, n in marks.items()},
    )


def main(told: str = "") -> None:
    """Print the figures by language and kind; with `misses` also what was missed or hidden in vain."""
    every = examples()
    for one in every if told == "misses" else ():
        for mark in one.missed:
            print(f"missed\t{one.language}\t{mark.kind}\t{one.text}")
        if one.alarms:
            print(f"alarm\t{one.language}\t{one.alarms}\t{one.text}")
    for part, language in product(("tune", "held"), ("nl", "en", "li")):
        found = measure([one for one in every if (one.part, one.language) == (part, language)])
        print(f"{part} {language}: {found}")
    found = measure(every)
    print(f"all: {found}")
    print(", ".join(f"{kind} {n} of {of}" for kind, (n, of) in sorted(found.by_kind.items())))


if __name__ == "__main__":
    main(*sys.argv[1:2])
