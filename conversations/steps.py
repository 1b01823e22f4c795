"""The table of steps: which file asks which question. A new kind of question is one line here."""

from __future__ import annotations

from collections.abc import Callable

from content import Content
from conversations import (
    choices,
    consent,
    dilemma,
    goodbye,
    importance,
    language,
    overlays,
    own_words,
    purposes,
    reasons,
)
from conversations.question import Question
from conversations.shapes import City, Progress

Ask = Callable[[str, Progress, Content, City], Question]

STEPS: dict[str, Ask] = {
    "language": language.ask,
    "count_me": consent.ask,
    "dream": own_words.ask,
    "position": dilemma.ask,
    "reasons": reasons.ask,
    "importance": importance.ask,
    "weighs_most": choices.weighs_most,
    "worry": own_words.ask,
    "age": choices.about,
    "neighbourhood": choices.about,
    "relation": choices.about,
    "tell_me": consent.ask,
    "remind_me": consent.ask,
    "goodbye": goodbye.ask,
    "values": choices.values,
    "values.second": choices.values,
    # laid over the walk, which goes on afterwards where it was
    "quote_me": consent.ask,
    "purposes": purposes.purposes,
    "withdrawn": purposes.withdrawn,
    "answers": overlays.answers,
    "forget": overlays.forget,
    "fout": overlays.fout,
    "paused": overlays.paused,
}


def ask(progress: Progress, content: Content, city: City) -> Question:
    """The question that counts now, as this person sees it."""
    at = progress.now
    kind = at if at in STEPS else at.rpartition(".")[2]
    return STEPS[kind](at, progress, content, city)
