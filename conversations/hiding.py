"""What is hidden of own words before others read them, told to who wrote them."""

from __future__ import annotations

from content import Content
from conversations.mask import finds


def remark(text: str, language: str, content: Content) -> str:
    """Which kinds of things are hidden in this text, in the author's language; empty where nothing is."""
    words = content.words(language)
    kinds = dict.fromkeys(find.kind for find in finds(text))
    if not kinds:
        return ""
    return words("hidden.in_text", what=", ".join(words(f"hidden.{kind}") for kind in kinds))
