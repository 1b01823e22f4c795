"""What is sent to a group once, beside the card: a view, why there is none, the sheet, and how I introduce myself."""

from __future__ import annotations

from content import Content
from conversations.group_card import languages
from conversations.group_session import Block, Card, GroupSession
from conversations.group_sheet import sheet
from conversations.group_view import view_block


def post(session: GroupSession, what: str, enough: int, content: Content) -> Card:
    """A post by its name: `view.growth.before`, `too_few.growth.after`, `sheet`, `over`."""
    kind, _, at = what.partition(".")
    spoken = languages(session, content)
    if kind == "view":
        return Card(tuple(view_block(session, at, content, one) for one in spoken))
    if kind == "sheet":
        return Card(tuple(sheet(session, content, one) for one in spoken))
    key = "group.too_few" if kind == "too_few" else "group.over"
    return Card(tuple(Block(one, content.words(one)(key, enough=enough)) for one in spoken))


def introduction(content: Content, sees_all: bool, spoken: tuple[str, ...] = ()) -> Card:
    """Who I am and what I read here. `sees_all`: every message reaches me, as an admin or by a setting."""
    blocks = []
    for one in spoken or content.languages:
        words = content.words(one)
        sees = words("group.sees_all" if sees_all else "group.sees_little")
        blocks.append(Block(one, f"{words('group.intro')} {sees}"))
    return Card(tuple(blocks))


def said(key: str, content: Content, spoken: tuple[str, ...] = (), **values: object) -> Card:
    """One sentence in every language of the group; all of them where nobody knows which."""
    return Card(tuple(Block(one, content.words(one)(key, **values)) for one in spoken or content.languages))
