"""The group's sheet at the end: what is shared, what divides, what moved. Made from the frozen views alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from content import Content
from conversations.dilemma import inside
from conversations.group_session import AFTER, BEFORE, Block, GroupSession, View
from conversations.group_view import bin_label, bins

# Shared is what at least two in three chose.
SHARED_OF, SHARED = 3, 2


@dataclass(frozen=True)
class Found:
    """One question on the sheet: `shared` is the bin most chose, empty where the group is divided; `moved`
    None where only one moment was shown.
    """

    dilemma: str
    before: View | None
    after: View | None

    @property
    def last(self) -> View | None:
        return self.after or self.before

    @property
    def shared(self) -> str:
        last = self.last
        if last is None or last.nearly:
            return last.nearly if last else ""
        most = last.largest
        return most if SHARED_OF * last.counts[most] >= SHARED * sum(last.counts.values()) else ""

    @property
    def moved(self) -> bool | None:
        return None if self.before is None or self.after is None else self.before != self.after


def found(session: GroupSession) -> tuple[Found, ...]:
    """Every question the group has been at, in order."""
    begun = 0 if session.stage in ("setup", "join") else session.at + 1
    views = session.views
    return tuple(
        Found(code, views.get(f"{code}.{BEFORE}"), views.get(f"{code}.{AFTER}")) for code in session.dilemmas[:begun]
    )


def sheet(session: GroupSession, content: Content, language: str) -> Block:
    """The sheet in one language."""
    words, all_found = content.words(language), found(session)
    shown = [one for one in all_found if one.last]
    lines = [
        *_listed("group.sheet_shared", (one for one in shown if one.shared), content, language),
        *_listed("group.sheet_divided", (one for one in shown if not one.shared), content, language),
        *_listed("group.sheet_moved", (one for one in shown if one.moved), content, language),
        *_listed("group.sheet_still", (one for one in shown if one.moved is False), content, language),
        *_listed("group.sheet_none", (one for one in all_found if not one.last), content, language),
    ]
    parts = ["\n".join(lines), *(figures(session, one, content, language) for one in shown), words("group.only_here")]
    return Block(language, "\n\n".join(parts), words("group.sheet_head"))


def figures(session: GroupSession, one: Found, content: Content, language: str) -> str:
    """A question with what was shown of it, before and after, in words."""
    words = content.words(language)
    lines = [content.dilemmas[one.dilemma].title[language]]
    for moment, shown in ((BEFORE, one.before), (AFTER, one.after)):
        if shown is not None:
            lines.append(f"{words(f'group.{moment}')}: {view_line(session, one.dilemma, shown, content, language)}")
    return "\n".join(lines)


def view_line(session: GroupSession, dilemma: str, shown: View, content: Content, language: str) -> str:
    """A view on one line."""
    if shown.nearly:
        label = inside(bin_label(shown.nearly, dilemma, content, language))
        return content.words(language)("group.nearly", label=label)
    return "; ".join(
        f"{inside(bin_label(one, dilemma, content, language))} {shown.counts[one]}" for one in bins(session, dilemma)
    )


def _listed(key: str, some: Iterable[Found], content: Content, language: str) -> list[str]:
    names = [content.dilemmas[one.dilemma].short[language] for one in some]
    return [content.words(language)(key, names=", ".join(names))] if names else []
