"""A question as it is put to one person: its words, its choices in the order shown, what may be typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from content import Content
from content.model import Heard as HeardPhrases
from content.model import Text
from conversations.shapes import Button, Progress, Say


@dataclass(frozen=True)
class Option:
    """A choice: its code, its label as shown, and everything people type that means it."""

    code: str
    label: str
    heard: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """`item` is the name under which the answer is kept; `own_words` the item for free text, if any.

    `several` is how many choices may be typed at once. `nonresponse` lists the buttons for people
    who give no choice. `more` are buttons that are no answer. `doors` are choices that lead to
    others (districts). `columns` is how many buttons stand side by side. `year` is the year it is.
    """

    at: str
    text: str
    head: str = ""
    dilemma: str = ""
    item: str = ""
    kind: str = "single"
    options: tuple[Option, ...] = ()
    shown: tuple[Option, ...] | None = None
    doors: tuple[Option, ...] = ()
    numbered: bool = False
    several: int = 1
    own_words: str = ""
    nonresponse: tuple[str, ...] = ()
    more: tuple[Button, ...] = ()
    columns: int = 1
    year: int = 0

    @property
    def on_screen(self) -> tuple[Option, ...]:
        """The options that are buttons now; typed answers are matched against all options."""
        return self.options if self.shown is None else self.shown

    def label(self, code: str) -> str:
        """The label of an option code. StopIteration for a code this question does not have."""
        return next(option.label for option in (*self.on_screen, *self.options) if option.code == code)

    def has(self, code: str) -> bool:
        return any(option.code == code for option in (*self.options, *self.on_screen, *self.doors))


def heard_as(text: Text, phrases: HeardPhrases | None = None) -> tuple[str, ...]:
    """Everything that is understood as `text`: itself in every language, and its heard phrases."""
    return (*text.by.values(), *(phrases.all() if phrases else ()))


def rows(buttons: Iterable[Button], columns: int) -> tuple[tuple[Button, ...], ...]:
    """Buttons laid out `columns` to a row."""
    flat = list(buttons)
    return tuple(tuple(flat[i : i + columns]) for i in range(0, len(flat), columns))


def button(progress: Progress, at: str, choice: str, label: str) -> Button:
    return Button(label, f"{at}:{choice}:{progress.tag}")


def keyboard(question: Question, progress: Progress, content: Content) -> tuple[tuple[Button, ...], ...]:
    """The question's buttons: its choices, then nonresponse, then what is no answer."""
    words = content.words(progress.language)
    choices = [
        button(progress, question.at, option.code, f"{n} {option.label}" if question.numbered else option.label)
        for n, option in enumerate(question.on_screen, 1)
    ]
    without = [button(progress, question.at, code, words(f"button.{code}")) for code in question.nonresponse]
    return (*rows(choices, question.columns), *rows(without, 2), *rows(question.more, 1))


def put(question: Question, progress: Progress, content: Content, intro: str = "") -> Say:
    """The question as one message, with `intro` (a remark about what came before) above it."""
    buttons = keyboard(question, progress, content)
    return Say(question.text, progress.language, question.head, intro, buttons, question=True)
