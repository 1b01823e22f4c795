"""A dialogue in a group, as data: where it stands, a member's seat, what was shown, what is asked of all.

Before a view is shown, what the group reads depends on nothing but `Counts`: no function that makes
a card ever sees a `Tally`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from conversations.shapes import Answered, Button, Progress

Stage = Literal["setup", "join", "silent", "shown", "talk", "shown_again", "ended"]
BINS = ("a", "between", "b")
BIN = {"a": "a", "rather_a": "a", "between": "between", "rather_b": "b", "b": "b"}
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class View:
    """What a group was shown of one question, once, before or after the talk. It never changes.

    `nearly`: the bin that holds all or all but one; then no numbers are kept. Otherwise `counts`, people by bin.
    """

    nearly: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def largest(self) -> str:
        """The bin with most people, the first of equals."""
        return self.nearly or max(BINS, key=lambda one: self.counts[one])


@dataclass(frozen=True)
class GroupSession:
    """Where a group stands.

    `draw` decides for all which side stands first. `languages` were chosen by who began it, `shown` are
    those of this question's card. `step` counts the stages, so that a button of an earlier one is known.
    `left` are the seconds of the stage that a pause keeps. `views` are by question and moment, as
    `growth.before`; `reasons` the reason of side a and of side b that was asked about.
    """

    code: str
    round: str
    draw: int
    opened_in: str
    dilemmas: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    at: int = 0
    stage: Stage = "setup"
    step: int = 0
    paused: bool = False
    ending: bool = False
    left: int = 0
    views: Mapping[str, View] = field(default_factory=dict)
    reasons: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def dilemma(self) -> str:
        """The question the group is at."""
        return self.dilemmas[self.at]

    @property
    def item(self) -> str:
        """What a position given now is kept as; empty when none can be given."""
        return {"silent": "position", "talk": "position_after"}.get(self.stage, "") if not self.paused else ""

    def reader(self, language: str) -> Progress:
        """Somebody who reads this language and sees what the whole group sees."""
        return Progress(self.round, "group", language, self.draw)

    def first(self, dilemma: str) -> str:
        """The side that stands first, for everybody in this group."""
        return self.reader("").first(dilemma)

    def dumps(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def loads(cls, text: str) -> GroupSession:
        """Read again what `dumps` wrote, also by an older version: unknown keys are left out."""
        raw: dict[str, Any] = json.loads(text)
        views = {at: View(one["nearly"], one["counts"]) for at, one in raw.pop("views", {}).items()}
        reasons = {code: tuple(two) for code, two in raw.pop("reasons", {}).items()}
        known: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in raw.items() if k in cls.__dataclass_fields__
        }
        return cls(**known, views=views, reasons=reasons)


@dataclass(frozen=True)
class Seat:
    """A member's place: language, whether the city counts this person, what was chosen at this question."""

    language: str
    counted: bool = False
    position: str = ""
    position_after: str = ""
    reason: str = ""

    @property
    def latest(self) -> str:
        """The position that holds after the talk: who says nothing new stays where they were."""
        return self.position_after or self.position

    def gave(self, item: str, code: str) -> Seat:
        """The same seat with this answer at `item`: `position`, `position_after` or `reason`."""
        if item == "position":
            return replace(self, position=code)
        return replace(self, position_after=code) if item == "position_after" else replace(self, reason=code)


@dataclass(frozen=True)
class Counts:
    """All that a card may know of the members: how many there are, how many answered, in which languages."""

    joined: int = 0
    answered: int = 0
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tally:
    """What the members chose, together: people by position before the talk and after it, and by reason."""

    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)


# ---------------------------------------------------------------- said


@dataclass(frozen=True)
class Block:
    """A piece of a message in one language."""

    language: str
    text: str
    head: str = ""


@dataclass(frozen=True)
class Door:
    """A button that opens an address."""

    label: str
    url: str


@dataclass(frozen=True)
class Card:
    """A message to a group: the same in each of its languages, and buttons for everybody."""

    blocks: tuple[Block, ...]
    buttons: tuple[tuple[Button | Door, ...], ...] = ()


@dataclass(frozen=True)
class Doors:
    """Where one goes in: the private chat with the bot and the web page. Empty where there is none."""

    private: str = ""
    web: str = ""


@dataclass(frozen=True)
class SeatTurn:
    """What a member's tap leads to. `alert` is read by this member alone; `facts` are for who is counted."""

    seat: Seat
    alert: str
    facts: tuple[Answered, ...] = ()
