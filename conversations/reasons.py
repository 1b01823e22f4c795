"""What matters most: the reasons offered now, two a side at most, or own words. One tap answers and moves on."""

from __future__ import annotations

from content import Content
from content.model import offered
from conversations.dilemma import numbered_title, sides
from conversations.question import Option, Question, heard_as
from conversations.shapes import City, Progress


def ask(at: str, progress: Progress, content: Content, city: City) -> Question:
    dilemma = content.dilemmas[at.partition(".")[0]]
    options = tuple(
        Option(reason.code, reason.text[progress.language], heard_as(reason.text, reason.heard))
        for _, pole in sides(dilemma, progress)
        for reason in offered(pole.reasons, content.version)
    )
    return Question(
        at,
        content.words(progress.language)("reasons.question"),
        numbered_title(dilemma, dilemma.short, progress, content),
        dilemma=dilemma.code,
        item="reasons",
        kind="multi",
        options=options,
        numbered=True,
        several=len(options),
        own_words="reason_text",
        nonresponse=("skipped",),
    )
