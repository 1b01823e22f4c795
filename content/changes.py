"""What differs between two states of the content: of every text what it was, and what it is now."""

from __future__ import annotations

from dataclasses import dataclass

from content.loader import Content
from content.places import places


@dataclass(frozen=True, order=True)
class Change:
    """One text in one language. `was` is empty where it is new, `now` where it is gone."""

    file: str
    key: str
    language: str
    was: str
    now: str


def changes(before: Content, after: Content) -> list[Change]:
    """Every text that is not the same in both, by file and key."""
    earlier, later = _texts(before), _texts(after)
    return sorted(
        Change(*place, earlier.get(place, ""), later.get(place, ""))
        for place in {*earlier, *later}
        if earlier.get(place) != later.get(place)
    )


def _texts(content: Content) -> dict[tuple[str, str, str], str]:
    return {
        (place.file.replace("*", language), place.key, language): text
        for place in places(content)
        for language, text in place.texts.items()
    }
