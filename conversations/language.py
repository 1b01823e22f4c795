"""The welcome: who asks, how long it takes, and in which language to go on."""

from __future__ import annotations

from content import Content
from conversations.question import Option, Question
from conversations.shapes import City, Progress


def ask(at: str, progress: Progress, content: Content, city: City) -> Question:
    words = content.words(progress.language)
    named = Option  # each language in its own name, whatever the language of the page
    options = tuple(
        named(
            code,
            content.words(code)("language.name"),
            tuple(content.words(w)(f"language.{code}") for w in content.languages),
        )
        for code in content.languages
    )
    official = city.asked_by and city.contact and city.privacy_contact
    who = (
        words("welcome.asked_by", asked_by=city.asked_by, contact=city.contact, privacy=city.privacy_contact)
        if official
        else words("welcome.trial")
    )
    if city.simulated:
        who = words("welcome.simulated")
    text = f"{words('welcome.text')}\n\n{who}\n\n{words('welcome.choose')}"
    if progress.over == "language":
        return Question(at, words("welcome.choose"), options=options, columns=3)
    return Question(at, text, words("welcome.head"), options=options, columns=3)
