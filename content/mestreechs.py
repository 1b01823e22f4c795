"""Mestreechs as written here: alarms for Limburgish from elsewhere and Dutch left standing, and a list of
the words not found in any source, for a speaker to look at. A rule check, no judge: it knows closed
word classes and endings only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from content.catalogue import SOURCE
from content.loader import Content
from content.places import Fault, Place, places

LANGUAGE = "li"
DATA = Path(__file__).parent / "language"
TOKEN = re.compile(r"'?[a-zà-ÿ]+(?:['-][a-zà-ÿ]+)*")
# Placeholders, commands, addresses: no words of the language.
NO_WORDS = re.compile(r"\{[^}]*\}|/\w+|https?://\S+")
# A text this long without one Mestreechs word, or the same as the Dutch, was left untranslated.
LONG, SAME = 8, 4


@dataclass(frozen=True)
class Markers:
    """The word lists of content/language, compiled."""

    elsewhere: frozenset[str]
    elsewhere_shapes: tuple[re.Pattern[str], ...]
    right_after: Mapping[str, frozenset[str]]
    dutch: frozenset[str]
    dutch_endings: tuple[re.Pattern[str], ...]
    dutch_unless_linked: tuple[re.Pattern[str], ...]
    mestreechs: frozenset[str]
    names: tuple[str, ...]
    attested: frozenset[str]


@dataclass(frozen=True)
class Unattested:
    """A word no source showed, and where it stands, as `file: key`."""

    word: str
    where: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.word}: {'; '.join(self.where)}"


@cache
def markers() -> Markers:
    """The word lists as the project ships them, read once."""
    raw = yaml.safe_load((DATA / "markers.yaml").read_text("utf8"))
    rows = (DATA / "attested.tsv").read_text("utf8").splitlines()
    found = [row.split("\t")[0] for row in rows if row and not row.startswith("#")]

    def shapes(key: str) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(shape) for shape in raw[key])

    return Markers(
        elsewhere=frozenset(raw["elsewhere"]),
        elsewhere_shapes=shapes("elsewhere_shapes"),
        right_after={word: frozenset(before) for word, before in raw["right_after"].items()},
        dutch=frozenset(raw["dutch"]),
        dutch_endings=shapes("dutch_endings"),
        dutch_unless_linked=shapes("dutch_unless_linked"),
        mestreechs=frozenset(raw["mestreechs"]),
        names=tuple(raw["names"]),
        attested=frozenset(found[1:]),
    )


def words(text: str) -> list[str]:
    """The words of a text but for names, in lower case and with straight apostrophes, as the lists hold them."""
    text = re.sub("[’‘`´]", "'", NO_WORDS.sub(" ", text.lower()))
    for name in markers().names:
        text = text.replace(name, " ")
    return TOKEN.findall(text)


def alarms(text: str) -> list[tuple[str, str]]:
    """Each word that is not Mestreechs, with what it looks like."""
    known, said = markers(), words(text)
    found = []
    for before, word, behind in zip(["", *said], said, [*said[1:], ""], strict=False):
        if _from_elsewhere(word, before, known):
            found.append((word, "Limburgish from elsewhere"))
        elif word in known.dutch or (word not in known.attested and _ends_dutch(word, behind, known)):
            found.append((word, "Dutch"))
    return found


def _from_elsewhere(word: str, before: str, known: Markers) -> bool:
    if before in known.right_after.get(word, ()):
        return False
    return word in known.elsewhere or any(shape.search(word) for shape in known.elsewhere_shapes)


def _ends_dutch(word: str, behind: str, known: Markers) -> bool:
    linked = bool(re.match("[aeiouhdtäöüèéó']", behind))
    return any(end.search(word) for end in known.dutch_endings) or (
        not linked and any(end.search(word) for end in known.dutch_unless_linked)
    )


def _is_name(place: Place) -> bool:
    """Names of neighbourhoods and districts stand as they are."""
    return place.file == "content/items/neighbourhood.yaml" and place.key.startswith(("options.", "districts."))


def faults(content: Content) -> Iterator[Fault]:
    """One fault a suspect word, and one a longer text that was left in Dutch."""
    for place in places(content):
        text = place.texts.get(LANGUAGE, "")
        if not text or _is_name(place):
            continue
        for word, looks in dict.fromkeys(alarms(text)):
            yield place.fault(LANGUAGE, f"“{word}” looks like {looks}")
        said = words(text)
        if len(said) >= LONG and not markers().mestreechs.intersection(said):
            yield place.fault(LANGUAGE, "has no word that marks it as Mestreechs")
        if len(said) >= SAME and text == place.texts.get(SOURCE):
            yield place.fault(LANGUAGE, "is the same as the Dutch")


def words_not_attested(content: Content) -> list[Unattested]:
    """The words of the Mestreechs texts that no source showed: for a speaker to look at, not mistakes."""
    found: dict[str, dict[str, None]] = {}
    for place in places(content):
        for word in words(place.texts.get(LANGUAGE, "")):
            if word not in markers().attested:
                where = f"{place.file.replace('*', LANGUAGE)}: {place.key}"
                found.setdefault(word, {})[where] = None
    return [Unattested(word, tuple(found[word])) for word in sorted(found)]
