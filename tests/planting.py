"""A copy of the content to plant faults in, and the ways to plant them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from content import Content, load
from content.check import Fault, faults
from conversations.measure import Measured, measure

GONE = object()
Plant = Callable[["Copy"], None]


@dataclass(frozen=True)
class Copy:
    """A copy of content/ and locales/ to plant faults in."""

    root: Path

    def put(self, file: str, key: str, value: Any) -> None:
        """`value` at the dotted `key` of a YAML file; GONE takes the key away."""
        path = self.root / file
        held = inside = yaml.load(path.read_text("utf8"), yaml.CSafeLoader)
        *way, last = [int(part) if part.isdigit() else part for part in key.split(".")]
        for part in way:
            inside = inside[part]
        if value is GONE:
            del inside[last]
        elif isinstance(inside, list) and last == len(inside):
            inside.append(value)
        else:
            inside[last] = value
        path.write_text(yaml.dump(held, allow_unicode=True, sort_keys=False), "utf8")

    def get(self, file: str, key: str) -> Any:
        inside = yaml.load((self.root / file).read_text("utf8"), yaml.CSafeLoader)
        for part in key.split("."):
            inside = inside[int(part) if part.isdigit() else part]
        return inside

    def say(self, language: str, key: str, text: str) -> None:
        """Another text for a message of a catalogue."""
        self._block(language, key, lambda block: block[: block.index("msgstr")] + f'msgstr "{text}"')

    def unsay(self, language: str, key: str) -> None:
        self._block(language, key, lambda block: "")

    def comment(self, language: str, key: str, comment: str) -> None:
        """`comment` in place of those above a message."""
        self._block(language, key, lambda block: comment + block[block.index("msgid") :])

    def _block(self, language: str, key: str, change: Callable[[str], str]) -> None:
        path = self.root / "locales" / f"{language}.po"
        blocks = path.read_text("utf8").strip().split("\n\n")
        (at,) = [n for n, block in enumerate(blocks) if f'msgid "{key}"' in block]
        blocks[at] = change(blocks[at])
        path.write_text("\n\n".join(blocks) + "\n", "utf8")

    def faults(self) -> list[Fault]:
        return faults(self.root / "content", self.root / "locales")

    def load(self) -> Content:
        return load(self.root / "content", self.root / "locales")

    def measured(self) -> Measured:
        return measure(self.load())


def hear(file: str, one: str, other: str) -> Callable[[Copy], None]:
    """The same phrase, differently written, under two choices."""

    def plant(copy: Copy) -> None:
        copy.put(file, one, [*copy.get(file, one), "een blauwe fiets"])
        copy.put(file, other, [*copy.get(file, other), "Een bláuwe fiets!"])

    return plant


def write(file: str, text: str) -> Callable[[Copy], None]:
    def plant(copy: Copy) -> None:
        (copy.root / file).write_text(text, "utf8")

    return plant


def drop(file: str) -> Callable[[Copy], None]:
    return lambda copy: (copy.root / file).unlink()


def put(file: str, key: str, value: Any) -> Callable[[Copy], None]:
    return lambda copy: copy.put(file, key, value)


def say(language: str, key: str, text: str) -> Callable[[Copy], None]:
    return lambda copy: copy.say(language, key, text)
