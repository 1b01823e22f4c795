"""The audit log in the desk's words. A line stays as it was written; what is not known in it is shown as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from content import formats
from content.catalogue import Catalogue
from storage.audit import NOT_STATED, Entry

# What a line may be about: the key of its words under `log.`, how it stands in the log, and the actions that write
# it so. A shape counts for these alone: elsewhere the same words may be a name that somebody chose.
OBJECTS = (
    ("own_words", "own words", ("original",)),
    ("waiting", "own words that wait", ("read",)),
    ("apart", "own words set apart", ("read",)),
    ("decided", "own words that were decided about", ("read",)),
    ("corrections", "corrections", ("read",)),
    ("keys", "keys of staff", ("read",)),
    ("bursts", "bursts", ("read",)),
    ("bursts_of", "bursts of {round}", ("read",)),
    ("log", "audit log", ("read",)),
    ("deliveries", "deliveries", ("read",)),
    ("downloads", "downloads", ("read",)),
    ("holds", "holds", ("read",)),
    ("summary", "summary of {round}", ("read",)),
    ("summaries", "every summary of {round}", ("read",)),
    ("file", "{table} of {round} as {code}", ("download",)),
    ("round", "{round}", ("round_open", "round_close")),
    ("release", "{round} {n}", ("release",)),
    ("everything", "everything that waits", ("deliver",)),
    ("verdict", "{verdict}", ("moderate",)),
    ("verdicts", "{verdict} {n}", ("moderate",)),
    ("correction", "correction {n}", ("correct",)),
    ("key", "{name} as {role}", ("key_add",)),
    ("burst", "{moment} of {round}", ("burst_out", "burst_in")),
    ("preview", "{round} {language}", ("preview",)),
    ("receipt", "receipt {code}", ("erase",)),
    ("database", "the whole database", ("backup",)),
    ("people", "{n} people", ("restore",)),
    ("moved", "from {code} to {other}", ("move",)),
    ("secret", "the secret", ("rotate_key",)),
    ("secrets", "earlier secrets let go", ("rotate_key",)),
    ("purged", "{n} {gone}", ("purge",)),
    ("nothing", "nothing", ("purge",)),
    ("desk", "desk", ("sign_in", "sign_out")),
    ("api", "api", ("sign_in",)),
)
# From where it was done, whatever it was.
ORIGINS = (
    ("at_desk", "desk {address}"),
    ("at_api", "api {address}"),
    ("desk", "desk"),
    ("api", "api"),
    ("at_server", "command line"),
    ("by_itself", "by itself"),
)
# Parts of a shape that are in the catalogues themselves, and under what; the others stand as they are.
NAMED = {"table": "table", "verdict": "verdict", "role": "role", "language": "language", "gone": "log.gone"}


def _pattern(shape: str) -> re.Pattern[str]:
    """`correction {n}` as an expression: {n} is a whole number, any other part is one word."""
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^ ,]+)", shape.replace("{n}", "(?P<n>[0-9]+)")))


ABOUT = [(key, _pattern(shape), actions) for key, shape, actions in OBJECTS]
FROM = [(key, _pattern(shape), ()) for key, shape in ORIGINS]
Shapes = Iterable[tuple[str, re.Pattern[str], tuple[str, ...]]]


@dataclass(frozen=True)
class Line:
    """One line of the log as a colleague reads it."""

    at: datetime
    who: str
    action: str
    object: str
    result: str
    origin: str
    purpose: str


class Log:
    """Says lines of the log in one language. `titles` are those of the rounds, by code."""

    def __init__(self, words: Catalogue, titles: Mapping[str, str]) -> None:
        self._words, self._titles = words, titles

    def lines(self, entries: Iterable[Entry]) -> Iterator[Line]:
        words = self._words
        for one in entries:
            yield Line(
                one.at,
                one.actor + (f" ({words(f'role.{one.role}')})" if one.role else ""),
                words(f"action.{one.action}"),
                self.object(one.action, one.object),
                words(f"result.{one.result}"),
                self._said(FROM, "", one.origin) or one.origin,
                words("audit.not_stated") if one.purpose == NOT_STATED else one.purpose,
            )

    def object(self, action: str, written: str) -> str:
        """What was read, decided or handed out; a list of them one by one."""
        said = [self._said(ABOUT, action, one) for one in written.split(", ")]
        return ", ".join(said) if all(said) else written

    def _said(self, shapes: Shapes, action: str, written: str) -> str:
        """In words, or empty where no shape fits or a part of it is not known."""
        for key, pattern, actions in shapes:
            if (not actions or action in actions) and (found := pattern.fullmatch(written)):
                parts = {name: self._part(name, part) for name, part in found.groupdict().items()}
                if all(parts.values()):
                    return self._words(f"log.{key}", **parts)
        return ""

    def _part(self, name: str, part: str) -> str:
        if name == "round":
            return self._titles.get(part, "")
        if name == "moment":
            return self._moment(part)
        if name in NAMED:
            key = f"{NAMED[name]}.{part}"
            return self._words(key) if key in self._words.messages else ""
        return part

    def _moment(self, part: str) -> str:
        try:
            return formats.moment(datetime.fromisoformat(part), self._words.language)
        except ValueError:
            return ""
