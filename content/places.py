"""Where every text stands, file and key, and how a fault in one is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from content.loader import Content
from content.model import Text


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong: `content/dilemmas/growth.yaml: sides.a.label: en: is missing`.

    `key` and `language` are empty where the fault is the whole file's, or every language's.
    """

    file: str
    key: str
    language: str
    what: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.key, self.language, self.what) if part)


@dataclass(frozen=True)
class Place:
    """One text in its languages. A `*` in `file` stands for the language: a catalogue is a file each."""

    file: str
    key: str
    texts: Mapping[str, str]

    def fault(self, language: str, what: str) -> Fault:
        return Fault(self.file.replace("*", language or "*"), self.key, language, what)


def files(content: Content) -> dict[str, BaseModel]:
    """The content files that hold one thing each, by the path a fault names."""
    folders: dict[str, Mapping[str, BaseModel]] = {
        "dilemmas": content.dilemmas,
        "rounds": content.rounds,
        "items": content.items,
        "consents": content.consents,
    }
    return {f"content/{folder}/{code}.yaml": one for folder, held in folders.items() for code, one in held.items()}


def places(content: Content) -> tuple[Place, ...]:
    """Every text a resident can meet: of the content files, of the commands, and of the catalogues."""
    found = [Place(file, key, text.by) for file, one in files(content).items() for key, text in _texts(one, "")]
    found += [Place("content/commands.yaml", f"commands.{c.name}.about", c.about.by) for c in content.commands]
    found += [Place("content/kept.yaml", key, text.by) for key, text in _texts(content.kept, "kept")]
    keys = dict.fromkeys(key for catalogue in content.catalogues.values() for key in catalogue.messages)
    for key in keys:
        said = {name: c.messages[key] for name, c in content.catalogues.items() if key in c.messages}
        found.append(Place("locales/*.po", key, said))
    return tuple(found)


def _texts(value: object, key: str) -> Iterator[tuple[str, Text]]:
    """The texts under `value` with their keys; what has a code is named by it, not by its place in a list."""
    if isinstance(value, Text):
        yield key, value
        return
    inside: dict[str, object] = {}
    if isinstance(value, BaseModel):
        inside = {name: getattr(value, name) for name in type(value).model_fields}
    elif isinstance(value, Mapping):
        inside = dict(value)
    elif isinstance(value, tuple):
        inside = {str(getattr(one, "code", n)): one for n, one in enumerate(value)}
    for name, one in inside.items():
        yield from _texts(one, f"{key}.{name}" if key else name)
