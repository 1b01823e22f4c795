"""A group's talk on a large screen, and what a phone shows beside its question: a panel for each language."""

from __future__ import annotations

from dataclasses import dataclass

from content import Content
from conversations.dilemma import inside
from conversations.group_card import block, languages
from conversations.group_posts import post
from conversations.group_session import AFTER, BEFORE, Block, Counts, GroupSession
from conversations.group_sheet import sheet
from conversations.group_view import bin_label, bins

# The views that stand on the screen in each stage.
SHOWN = {"shown": (BEFORE,), "talk": (BEFORE,), "shown_again": (BEFORE, AFTER)}


@dataclass(frozen=True)
class Bars:
    """A frozen view: people by bin, in the order of the group; or in words, where no numbers are shown."""

    head: str
    rows: tuple[tuple[str, int], ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Panel:
    """What is read in one language: a head, lines, and views as bars."""

    language: str
    head: str
    lines: tuple[str, ...]
    views: tuple[Bars, ...] = ()


def panels(session: GroupSession, counts: Counts, enough: int, content: Content) -> tuple[Panel, ...]:
    """The screen as it stands, in every language of the group."""
    return tuple(panel(session, counts, enough, content, one) for one in languages(session, content))


def panel(session: GroupSession, counts: Counts, enough: int, content: Content, language: str) -> Panel:
    """The screen in one language. The time that is left the screen counts itself."""
    if session.stage == "ended":
        came = sheet(session, content, language) if session.views else _over(content, language)
        return Panel(language, came.head, _lines(came.text))
    now = block(session, counts, enough, 0, content, language)
    shown = [bars(session, f"{session.dilemma}.{one}", content, language) for one in SHOWN.get(session.stage, ())]
    views = tuple(one for one in shown if one)
    lines = _lines(now.text)
    if session.stage in SHOWN and not views:
        why = post(session, f"too_few.{session.dilemma}.{BEFORE}", enough, content)
        lines = (next(one.text for one in why.blocks if one.language == language), *lines)
    return Panel(language, now.head, lines, views)


def pictured(session: GroupSession, post: str, content: Content) -> tuple[Panel, ...]:
    """What is drawn beside a post of this name: a view, or the sheet with every view; nothing for other posts."""
    kind, _, at = post.partition(".")
    spoken = languages(session, content)
    if kind == "view" and at in session.views:
        dilemma = content.dilemmas[at.partition(".")[0]]
        shown = ((one, bars(session, at, content, one)) for one in spoken)
        return tuple(Panel(one, dilemma.title[one], (), (view,)) for one, view in shown if view)
    if kind == "sheet" and session.views:
        return tuple(_sheet(session, content, one) for one in spoken)
    return ()


def _sheet(session: GroupSession, content: Content, language: str) -> Panel:
    """What is shared, divided, moved; then each view under the name of its question."""
    came = sheet(session, content, language)
    first, *_, last = came.text.split("\n\n")
    views = []
    for at in session.views:
        name = content.dilemmas[at.partition(".")[0]].short[language]
        view = bars(session, at, content, language)
        if view:
            views.append(Bars(f"{name}: {view.head}", view.rows, view.text))
    return Panel(language, came.head, (*_lines(first), last), tuple(views))


def bars(session: GroupSession, at: str, content: Content, language: str) -> Bars | None:
    """A view by its question and moment, as `growth.before`; None where it was not shown."""
    shown = session.views.get(at)
    if shown is None:
        return None
    dilemma, _, moment = at.partition(".")
    words = content.words(language)
    head = words(f"group.{moment}")
    if shown.nearly:
        label = inside(bin_label(shown.nearly, dilemma, content, language))
        return Bars(head, text=words("group.nearly", label=label))
    counted = tuple((bin_label(one, dilemma, content, language), shown.counts[one]) for one in bins(session, dilemma))
    return Bars(head, counted)


def _over(content: Content, language: str) -> Block:
    words = content.words(language)
    return Block(language, words("group.over"), words("group.head"))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.split("\n") if line)
