"""How important a dilemma is to this person, 1 to 5; asked only behind the goodbye."""

from __future__ import annotations

from content import Content
from conversations.question import Option, Question, heard_as
from conversations.shapes import City, Progress


def ask(at: str, progress: Progress, content: Content, city: City) -> Question:
    code = at.partition(".")[0]
    item, language = content.items["importance"], progress.language
    options = tuple(Option(o.code, o.label[language], heard_as(o.label, o.heard)) for o in item.options)
    text = item.question[language].format(dilemma=content.dilemmas[code].short[language])
    return Question(
        at,
        text,
        dilemma=code,
        item="importance",
        kind="scale5",
        options=options,
        numbered=True,
        nonresponse=("dont_know", "skipped"),
    )
