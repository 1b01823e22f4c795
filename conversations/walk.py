"""The order of a walk: which questions a round asks, and what comes before and after each."""

from __future__ import annotations

from content import Content
from conversations.shapes import Progress

BEFORE = ("language", "count_me", "dream")
AFTER = ("weighs_most", "worry", "age", "neighbourhood", "relation")
ABOUT = ("age", "neighbourhood", "relation")


def can_be_written_to(progress: Progress) -> bool:
    """Only a kept Telegram chat can be sent anything later; a web page is only there while it is open."""
    return progress.counted and progress.channel == "telegram"


def walk(progress: Progress, content: Content) -> tuple[str, ...]:
    """The questions of this person's walk in order, from the language to the goodbye."""
    dilemmas = content.rounds[progress.round].dilemmas
    pairs = (f"{code}.{item}" for code in dilemmas for item in ("position", "reasons"))
    asked = ("tell_me", "remind_me") if can_be_written_to(progress) else ()
    return (*BEFORE, *pairs, *AFTER, *asked, "goodbye")


def behind(progress: Progress, content: Content) -> dict[str, tuple[str, ...]]:
    """The chains of questions offered behind the goodbye, in the order of their buttons."""
    here = content.rounds[progress.round]
    chains: dict[str, tuple[str, ...]] = {code: (f"{code}.position", f"{code}.reasons") for code in here.after_goodbye}
    chains["values"] = ("values", "values.second")
    chains["importance"] = tuple(f"{code}.importance" for code in here.dilemmas)
    if "dream" not in progress.given or progress.at == "dream":
        chains["dream"] = ("dream",)
    return chains


def _chain(at: str, progress: Progress, content: Content) -> tuple[str, ...]:
    """The row of questions `at` stands in: the walk, or behind the goodbye one of its chains."""
    chains = behind(progress, content).values() if progress.finished else (walk(progress, content),)
    return next((chain for chain in chains if at in chain), (at,))


def after(at: str, progress: Progress, content: Content) -> str:
    """The question that follows `at`; the goodbye when nothing does."""
    chain = (*_chain(at, progress, content), "goodbye")
    return chain[chain.index(at) + 1]


def before(at: str, progress: Progress, content: Content) -> str | None:
    """The question to go back to from `at`; None where there is nothing to change before it."""
    chain = _chain(at, progress, content)
    earlier = [q for q in chain[: chain.index(at)] if q not in ("language", "count_me")]
    if earlier:
        return earlier[-1]
    return "goodbye" if progress.finished and at != "goodbye" else None
