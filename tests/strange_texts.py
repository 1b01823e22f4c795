"""Texts that answer nothing: random letters and words, other people's sentences, labels with their words shuffled."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator
from itertools import islice, permutations
from pathlib import Path

from content import Content
from conversations.question import Question
from conversations.shapes import City, Progress
from conversations.steps import ask

ROOT = Path(__file__).parent.parent
ROUND_ITEMS = ("neighbourhood", "age", "relation", "weighs_most", "values")
CONSENTS = ("count_me", "quote_me", "tell_me")


def questions(content: Content) -> list[Question]:
    """Every question with choices, as asked in each language."""
    of_dilemmas = [f"{code}.{item}" for code in content.dilemmas for item in ("position", "reasons", "importance")]
    return [
        ask(Progress("dreams", "telegram", language, 7, at=at, counted=True), content, City())
        for at in (*of_dilemmas, *ROUND_ITEMS)
        for language in content.languages
    ]


def strange(question: Question, content: Content, dice: random.Random) -> Iterator[str]:
    """Without end: texts that are no answer to this question."""
    words, sentences, shuffled = _words(), _sentences(content), _shuffled(question, dice)
    while True:
        yield "".join(dice.choices(string.ascii_lowercase + " ", k=dice.randint(3, 30)))
        yield " ".join(dice.sample(words, dice.randint(2, 8)))
        yield dice.choice(sentences)
        if shuffled:
            yield dice.choice(shuffled)


def slipped(phrase: str, dice: random.Random) -> str:
    """The phrase with one letter of a longer word swapped, dropped or doubled; as it is where all are short."""
    said = phrase.split()
    longer = [n for n, word in enumerate(said) if len(word) > 3 and word.isalpha()]
    if longer:
        n = dice.choice(longer)
        word, at = said[n], dice.randrange(1, len(said[n]) - 1)
        turned = (word[:at] + word[at + 1] + word[at] + word[at + 2 :], word[:at] + word[at + 1 :])
        said[n] = dice.choice((*turned, word[:at] + word[at] + word[at:], word[:-1]))
    return " ".join(said)


def _words() -> list[str]:
    rows = (ROOT / "content" / "language" / "attested.tsv").read_text("utf8").splitlines()
    return [row.split("\t")[0] for row in rows if row and not row.startswith("#")]


def _sentences(content: Content) -> list[str]:
    """Of the licence, the documentation, and the catalogues."""
    pages = [ROOT / "LICENSE", ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    texts = [re.sub(r"\s+", " ", page.read_text("utf8")) for page in pages]
    texts += [text for language in content.languages for text in content.words(language).messages.values()]
    return [one.strip() for text in texts for one in re.split(r"(?<=[.!?]) ", text) if 25 < len(one) < 200]


def _shuffled(question: Question, dice: random.Random) -> list[str]:
    labels = {option.label for option in question.options if len(option.label.split()) > 2}
    others = [[" ".join(one) for one in islice(permutations(label.split()), 1, 200)] for label in sorted(labels)]
    return [dice.choice(some) for some in others for _ in range(8)]
