"""What a content file may hold. Pydantic names the key when something is missing, misspelt or of the wrong kind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,32}$")]
Side = Literal["a", "b"]


class Strict(BaseModel):
    """Frozen, and a key nobody knows is a fault rather than a wish."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Strict):
    """One text in every language, with the review state of its Mestreechs.

    `by` maps a language code to the text; in the file the languages stand beside `review`.
    """

    by: Mapping[str, str]
    review: Literal["unreviewed", "reviewed"]

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, value: Any) -> Any:
        if isinstance(value, dict) and "by" not in value:
            rest = {k: v for k, v in value.items() if k != "review"}
            return {"by": rest, **({"review": value["review"]} if "review" in value else {})}
        return value

    def __getitem__(self, language: str) -> str:
        return self.by[language]


class Heard(Strict):
    """What people type, by language: never shown, only understood."""

    by: Mapping[str, tuple[str, ...]] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, value: Any) -> Any:
        return {"by": value} if isinstance(value, dict) and "by" not in value else value

    def __add__(self, other: Heard) -> Heard:
        """What is heard here or there."""
        languages = dict.fromkeys((*self.by, *other.by))
        return Heard(by={code: (*self.by.get(code, ()), *other.by.get(code, ())) for code in languages})

    def all(self) -> tuple[str, ...]:
        return tuple(phrase for phrases in self.by.values() for phrase in phrases)


class Versioned(Strict):
    """Content is never deleted: `until` names the last content version that asked it, or offered it as a choice."""

    code: Code
    since: int = 1
    until: int | None = None

    def asked_in(self, version: int) -> bool:
        """Whether this content version asks or offers it."""
        return self.since <= version and (self.until is None or version <= self.until)


V = TypeVar("V", bound=Versioned)


def offered(choices: Iterable[V], version: int) -> tuple[V, ...]:
    """The choices that this content version offers, in their order."""
    return tuple(one for one in choices if one.asked_in(version))


class Cost(Strict):
    """The cost of a side (`a3 b3`): told in the story, no button."""

    code: Code
    source: str
    text: Text
    heard: Heard = Heard()


class Argument(Cost, Versioned):
    """A reason of a side (`a1 a2 b1 b2`): a button in the content versions that offer it."""


class Pole(Strict):
    """One side of a dilemma. `a` and `b` belong to the side for ever, whatever the order shown.

    What is heard may also stand in `content/heard/`, and does; the loader puts both together.
    """

    label: Text
    statement: Text
    cost: Cost
    background: Text
    background_source: str
    reasons: tuple[Argument, Argument]
    heard: Heard = Heard()
    refuse: Heard = Heard()


class Dilemma(Versioned):
    """One of the numbered questions of the sketch's chapter 4."""

    number: int
    section: str
    leans: Side | None = None
    source: str
    title: Text
    short: Text
    fact: Text
    why: Text
    heard: Heard = Heard()
    sides: Mapping[Side, Pole]

    def reasons(self) -> Iterator[Argument]:
        for side in self.sides.values():
            yield from side.reasons


class HeardSide(Strict):
    """What names a side, what refuses it, and what names each of its reasons, by the reason's code."""

    heard: Heard = Heard()
    refuse: Heard = Heard()
    reasons: Mapping[Literal["a1", "a2", "b1", "b2"], Mapping[Literal["heard"], Heard]] = {}


class HeardAt(Strict):
    """What people type at one dilemma; it is put to the dilemma when that is read."""

    code: Code
    heard: Heard = Heard()
    sides: Mapping[Side, HeardSide]

    @model_validator(mode="after")
    def _own_reasons(self) -> HeardAt:
        for side, one in self.sides.items():
            for code in one.reasons:
                if code[0] != side:
                    raise ValueError(f"sides.{side}.reasons.{code} is no reason of this side")
        return self


class Option(Versioned):
    """One choice of a round-level question; `district` only for neighbourhoods."""

    label: Text
    heard: Heard = Heard()
    district: Code | None = None


class District(Strict):
    code: Code
    label: Text
    heard: Heard = Heard()


class Item(Versioned):
    """A question asked once a round."""

    kind: Literal["text", "single", "multi", "scale5"]
    question: Text
    options: tuple[Option, ...] = ()
    districts: tuple[District, ...] = ()


class ConsentText(Strict):
    """What a resident reads before agreeing, and the two buttons, in one version that never changes."""

    version: int
    text: Text
    yes: Text
    no: Text
    telegram: Text | None = None

    def digest(self) -> str:
        """Changes exactly when a word does, in any language."""
        said = [dict(sorted(one.by.items())) for one in (self.text, self.yes, self.no, self.telegram) if one]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()[:16]


class Consent(Versioned, ConsentText):
    """One purpose a resident may agree to, as it is asked now.

    `locked` holds the digest of every version: who agreed did so to these words. `earlier` keeps the
    texts of the versions before.
    """

    heard: Mapping[Literal["yes", "no"], Heard] = {}
    earlier: tuple[ConsentText, ...] = ()
    locked: Mapping[int, str]

    def read_in(self, version: int) -> ConsentText:
        """The text of this version. StopIteration when it was never asked."""
        return next(one for one in (self, *self.earlier) if one.version == version)


class Round(Versioned):
    title: Text
    dilemmas: tuple[Code, ...]
    after_goodbye: tuple[Code, ...] = ()


class Kept(Strict):
    """Something that is kept: in which tables, what it is, why, and until when. No tables: it is no table's."""

    code: Code
    tables: tuple[str, ...]
    what: Text
    why: Text
    until: Text


class GroupPlan(Strict):
    """A dialogue in a group: minutes of each stage, and what may be typed behind `/dialogue` to steer it."""

    minutes: Mapping[Literal["join", "silent", "shown", "talk", "shown_again"], int]
    proposed: int = Field(ge=1, description="how many questions are proposed for 90 minutes")
    more: int = Field(ge=1, description='minutes that "more time" gives')
    orders: Mapping[Literal["next", "pause", "resume", "more", "finish", "remove"], Heard]


class Command(Strict):
    """A slash command: its canonical name, what it does in a line, and its other names.

    `shown` names it in a language's menu; every name works in every language.
    """

    name: Code
    also: tuple[Code, ...] = ()
    shown: Mapping[str, Code] = {}
    about: Text
    listed: bool = True


WordClass = Literal[
    "filler", "aside", "speaking", "place", "pointing", "strong", "hedge", "rather", "negation", "no", "partial", "too",
    "both", "depends", "than", "instead", "compares", "but", "and", "or", "because", "sincere", "then", "hence",
    "condition", "others", "asks", "irony", "against",
]  # fmt: skip


class Ages(Strict):
    """How people say their age: number words, decades, and the words around them."""

    units: Mapping[str, int]
    tens: Mapping[str, int]
    decades: Mapping[str, int] = Field(description="twintiger, thirties: the year the decade begins")
    joins: tuple[str, ...]
    inside: tuple[str, ...]
    early: tuple[str, ...]
    middle: tuple[str, ...]
    late: tuple[str, ...]
    not_yet: tuple[str, ...]
    about: tuple[str, ...]
    above: tuple[str, ...]
    born: tuple[str, ...] = Field(description="words beside a year of birth")
    born_in: tuple[str, ...] = Field(description="two figures behind these are a year: `born in 84`")
    out_of: tuple[str, ...] = Field(description="two figures behind these are a year or an age: `ik ben van 84`")
    oneself: tuple[str, ...] = Field(description="what may stand before those: `ik ben`")
    some: tuple[str, ...] = Field(description="behind a ten: seventy something")
    schools: tuple[str, ...] = Field(description="what a class or year is told of: `5 havo` is no age")
    beside: tuple[str, ...]


class Phrases(Strict):
    """What people type that is no choice of the question, and what words do to the words around them."""

    wishes: Mapping[str, Heard]
    threat: Heard = Field(description="a threat to somebody, for whoever moderates own words")
    nonresponse: Mapping[str, Heard]
    indifferent: Heard
    yes: Heard
    no: Heard
    languages: Mapping[str, Heard] = Field(description="the names of the languages; `other` is one not spoken here")
    numbers: Mapping[str, int] = Field(description="number words, any language, to 1-9; -1 is the last")
    counting: Heard = Field(description="words that only say that a place on the screen is meant")
    ages: Ages
    words: Mapping[WordClass, Heard]
    ordinary: tuple[str, ...] = Field(description="ordinary words that are names too: a name only when alone")
    everyday: tuple[str, ...] = Field(description="everyday words that resemble a choice and are no slip of it")

    @property
    def doubt(self) -> tuple[str, ...]:
        """Words that can turn a meaning round, in any language."""
        return tuple(p for kind in ("negation", "no", "rather", "hedge", "but") for p in self.words[kind].all())


class Version(Strict):
    """One content version and the fingerprint of every code it holds, and of what is marked `until`."""

    version: int
    codes: str
