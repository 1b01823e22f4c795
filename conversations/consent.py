"""The consents: one purpose each, asked with yes and no, nothing ticked beforehand."""

from __future__ import annotations

from content import Content
from conversations.question import Option, Question, heard_as
from conversations.shapes import City, Progress


def ask(at: str, progress: Progress, content: Content, city: City) -> Question:
    """A purpose, in the walk or laid over it (`purposes.count_me`)."""
    code = at.rpartition(".")[2]
    consent = content.consents[code]
    language, phrases = progress.language, content.phrases
    yes = consent.heard.get("yes")
    no = consent.heard.get("no")
    options = (
        Option("yes", consent.yes[language], heard_as(consent.yes, yes) + phrases.yes.all()),
        Option("no", consent.no[language], heard_as(consent.no, no) + phrases.no.all()),
    )
    text = consent.text[language]
    if consent.telegram and progress.channel == "telegram":
        text += "\n\n" + consent.telegram[language].format(web=city.web, days=city.days)
    if code == "count_me" and progress.counted and not progress.withdrawn:
        text += "\n\n" + content.words(language)("withdrawn.what", days=city.days)
    return Question(at, text, item=code, kind="consent", options=options)
