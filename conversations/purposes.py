"""What somebody agreed to, one purpose a line, each changeable at any time; and what is left of a *no* to the first.

Who no longer wants to be counted counts nowhere from that moment on. What they gave is kept apart, so that
they can come back, and is erased after some days, or at once where they say so.
"""

from __future__ import annotations

from content import Content
from conversations.goodbye import title
from conversations.question import Option, Question
from conversations.shapes import City, Progress
from conversations.walk import can_be_written_to

UNDER = "purposes."
NEEDS_AN_ADDRESS = ("tell_me", "remind_me")


def asked(progress: Progress, content: Content) -> tuple[str, ...]:
    """The purposes somebody may say yes or no to now. Nothing but the first is open to who is not counted."""
    if progress.withdrawn:
        return ("count_me",)
    reached = can_be_written_to(progress)
    return tuple(one for one in ("count_me", "quote_me", *NEEDS_AN_ADDRESS) if reached or one not in NEEDS_AN_ADDRESS)


def purposes(at: str, progress: Progress, content: Content, city: City) -> Question:
    """Every purpose with what was said to it, and a button to say otherwise."""
    words, language = content.words(progress.language), progress.language
    here = asked(progress, content)
    names = {one: title(one, content, language) for one in here}
    lines = [f"{n}. {names[one]}: {said(one, progress, content)}" for n, one in enumerate(here, 1)]
    text = "\n".join([*lines, "", words("answers.how")])
    options = (*(Option(one, name) for one, name in names.items()), Option("resume", words("button.resume")))
    return Question(at, text, words("purposes.head"), options=options, numbered=True)


def said(purpose: str, progress: Progress, content: Content) -> str:
    """Yes, no, or not asked yet."""
    words, given = content.words(progress.language), progress.given.get(purpose)
    if given is None or not given.codes:
        return words("given.unanswered")
    return words(f"mydata.{given.codes[0]}")


def withdrawn(at: str, progress: Progress, content: Content, city: City) -> Question:
    """Erase now, or come back: until one of the two is said nothing else can be answered."""
    words = content.words(progress.language)
    options = (
        Option("forget", words("forget.yes")),
        Option("come_back", content.consents["count_me"].yes[progress.language]),
    )
    return Question(at, words("withdrawn.text", days=city.days), words("withdrawn.head"), options=options)
