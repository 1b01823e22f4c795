"""Typed examples of three languages and how often they are read right: `python -m tests.typed_examples [tune|held]`.

`tests/understanding/*.tsv` were written by people who had not seen the reader. Part `tune` is what one
looks at while working; of part `held` one looks at the figures only (four of it were looked at in the end, the last
that recorded what must never be, and are in `tune` since). Part `hard` was written against the
reader, to break it: mostly what nobody means literally, so that its figures are no measure.

They were written in rounds, each by other people. The first and the sixth hold what the goals were set for: each
kind of answer (labels, codes, numbers, slips, negation, hedges, nonresponse, wishes, places, ages) in turn. Those in
between are harder on purpose: ever more whole sentences about concrete things, to find what the reader misses.

An example says what is right, what is acceptable, and what must never be recorded. `ask` stands for asked
back, `text` for kept as own words; `*` for every choice and every nonresponse. Asking back is acceptable
wherever somebody speaks in words of their own; at a label, a code or a slip only where the example says so.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from content import Content, shipped
from conversations.understand import understand

FOLDER = Path(__file__).parent / "understanding"
LANGUAGES = ("nl", "en", "li")
PARTS = ("tune", "hard", "held")
YEAR = 2026  # in which they were written: a year of birth tells an age


@dataclass(frozen=True)
class Example:
    """One line of a file: what was typed where, and what may come of it."""

    language: str
    at: str
    first: str
    text: str
    right: str
    acceptable: tuple[str, ...]
    never: tuple[str, ...]
    kind: str
    part: str
    round: int


@dataclass(frozen=True)
class Judged:
    """An example and what came of it: `choice:a1 b2`, `nonresponse:skipped`, `wish:back`, `text` or `ask`."""

    example: Example
    outcome: str

    @cached_property
    def right(self) -> bool:
        """Read as it was meant, or asked back where asking is right."""
        return self.outcome == self.example.right

    @property
    def acceptable(self) -> bool:
        """Right, or something nobody is wronged by."""
        return self.right or self.outcome in self.example.acceptable

    @property
    def wrong(self) -> bool:
        """Recorded what must never be recorded."""
        kind, _, value = self.outcome.partition(":")
        if self.acceptable or kind not in ("choice", "nonresponse"):
            return False
        return "*" in self.example.never or bool(set(value.split()) & set(self.example.never))


def examples(part: str = "") -> Iterator[Example]:
    """All examples, or those of one part."""
    for path in sorted(FOLDER.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                if part in ("", row["part"]):
                    acceptable = tuple(_in_order(one) for one in row["acceptable"].split("|") if one.strip())
                    yield Example(
                        path.stem,
                        row["at"],
                        row["first"],
                        row["text"],
                        _in_order(row["right"]),
                        acceptable,
                        tuple(row["never"].split()),
                        row["kind"],
                        row["part"],
                        int(row["round"]),
                    )


def _in_order(outcome: str) -> str:
    """Several codes in one order, whatever order they were written in."""
    kind, colon, codes = outcome.strip().partition(":")
    return kind + colon + " ".join(sorted(codes.split()))


def judge(example: Example, content: Content) -> Judged:
    """What comes of one example."""
    read = understand(example.text, example.at, example.language, example.first, content, YEAR)
    for kind in ("choice", "nonresponse", "wish"):
        if read[kind]:
            return Judged(example, _in_order(f"{kind}:{read[kind]}"))
    return Judged(example, "text" if read["method"] == "text" else "ask")


def share(judged: list[Judged]) -> tuple[int, float, float]:
    """Never-record errors; shares right or acceptable; and right without asking, of those where asking is not right."""
    plain = [j for j in judged if j.example.right != "ask"]
    return (
        sum(j.wrong for j in judged),
        sum(j.acceptable for j in judged) / len(judged),
        sum(j.right or (j.acceptable and j.outcome != "ask") for j in plain) / len(plain),
    )


def main(part: str = "") -> None:
    """Print the figures a language and part; of part `tune` also what is not right."""
    content = shipped()
    judged = [judge(example, content) for example in examples(part)]
    for one in judged:
        told = one.example
        if part in ("tune", "hard") and not one.right:
            state = "WRONG" if one.wrong else "near" if one.acceptable else "miss"
            beside = f"({' | '.join(told.acceptable)})"
            print(
                f"{state}\t{told.language}\t{told.at}\t{told.first}\t{told.text}\t{told.right} {beside}\t{one.outcome}"
            )
    for language in LANGUAGES:
        for each in PARTS:
            if some := [j for j in judged if (j.example.language, j.example.part) == (language, each)]:
                print(_told(f"{language} {each}", some))
                for one in sorted({j.example.round for j in some} if each != "hard" else ()):
                    print(_told(f"  round {one}", [j for j in some if j.example.round == one]))


def _told(name: str, judged: list[Judged]) -> str:
    wrong, acceptable, plain = share(judged)
    return (
        f"{name}: {len(judged)} examples, {wrong} never-record errors, "
        f"{acceptable:.1%} right or acceptable, {plain:.1%} right without asking"
    )


if __name__ == "__main__":
    main(*sys.argv[1:2])
