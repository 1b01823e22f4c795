"""What the groups are called that a figure is split by."""

from __future__ import annotations

from content.loader import Content

# Where the answers a split is by come from, if not from the item of its own name.
ITEMS = {"district": "neighbourhood"}


def group_name(content: Content, by: str, group: str, language: str) -> str:
    """As its answer is called, or its district, or what groups are called when they are added up (`group.CODE`)."""
    item = content.items.get(ITEMS.get(by, by))
    named = {one.code: one.label for one in item.options} if item else {}
    named |= {one.code: one.label for one in item.districts} if item else {}
    return named[group][language] if group in named else content.words(language)(f"group.{group}")
