"""Questions answered in one's own words: the dream and the worry. Nobody has to type to get on."""

from __future__ import annotations

from content import Content
from conversations.question import Question, button
from conversations.shapes import City, Progress


def ask(at: str, progress: Progress, content: Content, city: City) -> Question:
    words = content.words(progress.language)
    later = (button(progress, at, "later", words("button.later")),) if at == "dream" and not progress.finished else ()
    question = content.items[at].question[progress.language]
    return Question(at, question, item=at, kind="text", own_words=at, nonresponse=("skipped",), more=later)
