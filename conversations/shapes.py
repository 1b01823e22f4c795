"""The shapes of a dialogue: what was heard, where a person stands, what is said, what must be kept.

Plain frozen data without behaviour that matters; everything here can be written down and read again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Literal

Status = Literal["answered", "skipped", "dont_know", "neither", "declined"]
NONRESPONSE: tuple[Status, ...] = ("skipped", "dont_know", "neither", "declined")
BUTTON = re.compile(r"[a-z0-9_.]+:[a-z0-9_.]+:[a-z0-9]*")
POSITIONS = ("a", "rather_a", "between", "rather_b", "b")

# ---------------------------------------------------------------- heard


@dataclass(frozen=True)
class Tapped:
    """A button: the question it belongs to, the choice, and the tag that ties it to one walk."""

    at: str
    choice: str
    tag: str = ""

    @classmethod
    def read(cls, data: str) -> Tapped | None:
        """From a button's data; None when it is not one of ours (forged, garbled, of another age)."""
        return cls(*data.split(":")) if len(data) <= 64 and BUTTON.fullmatch(data) else None


@dataclass(frozen=True)
class Typed:
    text: str


@dataclass(frozen=True)
class Commanded:
    """A slash command by its canonical name, and what stood behind it."""

    name: str
    payload: str = ""


@dataclass(frozen=True)
class Sent:
    """Something that is neither text nor tap: `voice`, or any other kind."""

    what: str


@dataclass(frozen=True)
class Arrived:
    """The person is there (a page was opened, an update came again): show where they stand."""


Heard = Tapped | Typed | Commanded | Sent | Arrived

# ---------------------------------------------------------------- progress


@dataclass(frozen=True)
class Given:
    """What was answered at a question: codes only. Own words are part of progress only while they wait."""

    status: Status
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Where one person stands in one round.

    `draw` is a random number drawn once by the edge: it decides which side of a dilemma is shown
    first and gives the walk its tag. `at` is the question of the walk; `over` a question laid over
    it (forget, answers, quote_me …); `back_to` where a change returns to; `meant` the choices of a
    "did you mean"; `withdrawn` that a counted person no longer wants to be: what they gave is kept
    apart and counts nowhere; `pending` a question and words typed there that wait for a choice, or for a yes;
    `narrow` the district whose neighbourhoods are shown; `seen_results` the
    dilemmas whose results were shown to this person.
    """

    round: str
    channel: str
    language: str
    draw: int
    at: str = "language"
    over: str = ""
    back_to: str = ""
    narrow: str = ""
    counted: bool = False
    withdrawn: bool = False
    paused: bool = False
    finished: bool = False
    content_version: int = 1
    meant: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    last_tap: str = ""
    seen_results: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    given: Mapping[str, Given] = field(default_factory=dict)

    @property
    def now(self) -> str:
        """The question that counts at this moment."""
        return self.over or self.at

    @property
    def tag(self) -> str:
        """Ties a button to this walk; before consent, when nothing is kept, it carries the language."""
        return f"{self.draw & 0xFFFFF:05x}" if self.counted else self.language

    def first(self, dilemma: str) -> str:
        """The side shown first at this dilemma, drawn per person and dilemma."""
        return "ab"[blake2b(f"{self.draw}:{dilemma}".encode(), digest_size=1).digest()[0] & 1]

    def gave(self, at: str, given: Given) -> Progress:
        return replace(self, given={**self.given, at: given})

    def dumps(self) -> str:
        written = {name: getattr(self, name) for name in self.__dataclass_fields__}
        written["given"] = {at: {"status": given.status, "codes": given.codes} for at, given in self.given.items()}
        return json.dumps(written, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def loads(cls, text: str) -> Progress:
        """Read again what `dumps` wrote, also by an older version: unknown keys are left out."""
        raw: dict[str, Any] = json.loads(text)
        given = {at: Given(g["status"], tuple(g["codes"])) for at, g in raw.pop("given", {}).items()}
        known: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in raw.items() if k in cls.__dataclass_fields__
        }
        return cls(**known, given=given)


@dataclass(frozen=True)
class City:
    """A frozen snapshot of what the edge knows: settings, the round's state, and released results.

    `results` is the newest released summary of the round (see storage.release), or None.
    `receipt` and `resume_code` are made by the edge for this one turn. `simulated`: the people whose
    answers are kept here were made up. `year` is the year it is, 0 where nobody knows.
    """

    asked_by: str = ""
    contact: str = ""
    privacy_contact: str = ""
    web: str = ""
    days: int = 30
    rows_days: int = 365
    backup_days: int = 30
    reveal_at: int = 10
    open: bool = True
    results: Mapping[str, Any] | None = None
    receipt: str = ""
    resume_code: str = ""
    simulated: bool = False
    year: int = 0


# ---------------------------------------------------------------- said


@dataclass(frozen=True)
class Button:
    """A choice one can tap, or type by its label."""

    label: str
    data: str


@dataclass(frozen=True)
class Say:
    """One message: a remark about what came before (`intro`), a title (`head`), the text, the buttons.

    `question` is False for remarks and notices. The last four say what the edge has to do besides.
    """

    text: str
    language: str
    head: str = ""
    intro: str = ""
    buttons: tuple[tuple[Button, ...], ...] = ()
    question: bool = False
    own_device: bool = False
    leave_device: bool = False
    forgotten: bool = False
    attach_mydata: bool = False

    @property
    def words(self) -> str:
        """Everything a reader meets in this message, buttons included."""
        return " ".join([self.intro, self.head, self.text, *(b.label for row in self.buttons for b in row)]).strip()


# ---------------------------------------------------------------- facts to keep


@dataclass(frozen=True)
class Agreed:
    """A consent was given or withheld, with the version of the text it was given to."""

    purpose: str
    yes: bool
    version: int


@dataclass(frozen=True)
class Answered:
    """One answer. `codes` in codebook order; `text` only for own words; `score` 0-100 how surely."""

    dilemma: str
    item: str
    kind: Literal["scale5", "single", "multi", "text"]
    status: Status
    codes: tuple[str, ...] = ()
    text: str = ""
    method: str = "button"
    score: int = 100
    shown_first: str = ""
    after_results: bool = False
    argument: str = ""


@dataclass(frozen=True)
class Corrected:
    """A text is wrong, says someone (`/fout`); kept without the person."""

    at: str
    text: str


@dataclass(frozen=True)
class Forgot:
    """Erase everything about this person; `receipt` was shown to them."""

    receipt: str


@dataclass(frozen=True)
class Resumes:
    """Someone typed a resume code on a new device."""

    code: str


Fact = Agreed | Answered | Corrected | Forgot | Resumes


@dataclass(frozen=True)
class Turn:
    """What one thing heard leads to. `toast` is a short remark for a tap that needs no message."""

    progress: Progress
    says: tuple[Say, ...]
    facts: tuple[Fact, ...] = ()
    toast: str = ""
