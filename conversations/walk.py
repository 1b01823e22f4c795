"""The order of a walk: which questions a round asks, and what comes before and after each.

Content changes while people walk: a question marked `until` an earlier version is not asked any
more, and who stands at one that is gone goes on at the next.
"""

from __future__ import annotations

from dataclasses import replace

from content import Content
from content.model import Versioned
from conversations.shapes import Progress

BEFORE = ("language", "count_me")
AFTER = ("weighs_most", "worry", "age", "neighbourhood", "relation")
ABOUT = ("age", "neighbourhood", "relation")
OF_A_DILEMMA = ("position", "reasons", "importance")


def can_be_written_to(progress: Progress) -> bool:
    """Only a kept Telegram chat can be sent anything later; a web page is only there while it is open."""
    return progress.counted and progress.channel == "telegram"


def dilemmas(progress: Progress, content: Content) -> tuple[str, ...]:
    """The dilemmas this round asks now, in their order."""
    return tuple(
        code for code in content.rounds[progress.round].dilemmas if _asked(content.dilemmas.get(code), content)
    )


def walk(progress: Progress, content: Content) -> tuple[str, ...]:
    """The questions of this person's walk in order, from the language to the goodbye."""
    pairs = (f"{code}.{item}" for code in dilemmas(progress, content) for item in ("position", "reasons"))
    asked = ("tell_me", "remind_me") if can_be_written_to(progress) else ()
    return (*BEFORE, *_items(content, "dream"), *pairs, *_items(content, *AFTER), *asked, "goodbye")


def behind(progress: Progress, content: Content) -> dict[str, tuple[str, ...]]:
    """The chains of questions offered behind the goodbye, in the order of their buttons."""
    here = content.rounds[progress.round]
    later = [code for code in here.after_goodbye if _asked(content.dilemmas.get(code), content)]
    chains: dict[str, tuple[str, ...]] = {code: (f"{code}.position", f"{code}.reasons") for code in later}
    if _items(content, "values"):
        chains["values"] = ("values", "values.second")
    if _items(content, "importance"):
        chains["importance"] = tuple(f"{code}.importance" for code in dilemmas(progress, content))
    if _items(content, "dream") and ("dream" not in progress.given or progress.at == "dream"):
        chains["dream"] = ("dream",)
    return chains


def unanswered(chain: tuple[str, ...], progress: Progress) -> str | None:
    """The first question of a chain that was not answered; None when all were."""
    return next((at for at in chain if at not in progress.given and at != "values.second"), None)


def after(at: str, progress: Progress, content: Content) -> str:
    """The question that follows `at`; the goodbye when nothing does."""
    chain = _chain(at, progress, content)
    if chain is None:
        asked = tuple(q for q in walk(progress, content) if q not in (*BEFORE, "goodbye"))
        return "goodbye" if progress.finished else unanswered(asked, progress) or "goodbye"
    behind_it = (*chain, "goodbye")[chain.index(at) + 1 :]
    # What was said to a purpose is not asked again: it may have been said on the screen of purposes.
    return next(q for q in behind_it if q not in content.consents or q not in progress.given)


def before(at: str, progress: Progress, content: Content) -> str | None:
    """The question to go back to from `at`; None where there is nothing to change before it."""
    chain = _chain(at, progress, content) or (at,)
    earlier = [q for q in chain[: chain.index(at)] if q not in BEFORE]
    if earlier:
        return earlier[-1]
    return "goodbye" if progress.finished and at != "goodbye" else None


def known(at: str, content: Content) -> bool:
    """Whether the content still holds what is asked here."""
    dilemma, _, item = at.rpartition(".")
    if at == "values.second":
        return "values" in content.items
    if dilemma:
        return dilemma in content.dilemmas and item in OF_A_DILEMMA and (item != "importance" or item in content.items)
    return at in ("language", "goodbye") or at in content.items or at in content.consents


def placed(progress: Progress, content: Content) -> Progress:
    """The same person at a question that exists: the content may have changed since they were here."""
    if progress.back_to and not known(progress.back_to, content):
        progress = replace(progress, back_to="")
    if known(progress.at, content):
        return progress
    there = after(progress.at, progress, content)
    return replace(progress, at=there, finished=progress.finished or there == "goodbye")


# ---------------------------------------------------------------- inside


def _asked(thing: Versioned | None, content: Content) -> bool:
    return thing is not None and thing.asked_in(content.version)


def _items(content: Content, *items: str) -> tuple[str, ...]:
    return tuple(item for item in items if _asked(content.items.get(item), content))


def _chain(at: str, progress: Progress, content: Content) -> tuple[str, ...] | None:
    """The row of questions `at` stands in: the walk, or behind the goodbye one of its chains."""
    chains = behind(progress, content).values() if progress.finished else (walk(progress, content),)
    return next((chain for chain in chains if at in chain), None)
