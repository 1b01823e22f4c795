"""The gettext catalogues: the words around the questions. Babel reads the files; `li` formats as Dutch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.pofile import PoFileError, read_po

SOURCE = "nl"
# Babel knows no locale `li`: dates, numbers and lists of Mestreechs are formatted the Dutch way.
FORMATS_AS = {"li": "nl"}


@dataclass(frozen=True)
class Catalogue:
    """One language's messages, by key. A key missing here is said in the source language."""

    language: str
    messages: Mapping[str, str]
    fallback: Mapping[str, str]
    unreviewed: frozenset[str] = frozenset()

    @property
    def formats_as(self) -> str:
        """The locale for dates and numbers, which may differ from the language of the words."""
        return FORMATS_AS.get(self.language, self.language)

    def __call__(self, key: str, **values: object) -> str:
        """The message for `key`, with its {placeholders} filled in. KeyError when no language has it."""
        text = self.messages.get(key) or self.fallback[key]
        return text.format(**values) if values else text


def _read(path: Path, faults: list[str]) -> tuple[dict[str, str], frozenset[str]]:
    try:
        with path.open("rb") as file:
            # The locale is not given to Babel, which refuses `li`.
            catalogue = read_po(file, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        faults.append(f"locales/{path.name}: {error}")
        return {}, frozenset()
    messages = {str(m.id): str(m.string) for m in catalogue if m.id and m.string}
    waiting = frozenset(str(m.id) for m in catalogue if m.id and "review: unreviewed" in m.user_comments)
    return messages, waiting


def read_catalogues(folder: Path, faults: list[str]) -> dict[str, Catalogue]:
    """Every `*.po` in `folder`, the source language first."""
    paths = sorted(folder.glob("*.po"), key=lambda path: (path.stem != SOURCE, path.stem))
    if not paths or paths[0].stem != SOURCE:
        faults.append(f"locales/{SOURCE}.po: the file is missing")
        return {}
    read = {path.stem: _read(path, faults) for path in paths}
    source = read[SOURCE][0]
    return {name: Catalogue(name, own, source, waiting) for name, (own, waiting) in read.items()}
