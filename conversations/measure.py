"""Taps and words of the walk, measured by walking it: `python bot.py check` prints them and names what exceeds.

It stands here, and not with the other checks in `content`, because it drives the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

from content import Content
from content.check import Fault
from conversations.commands import COMMANDS
from conversations.engine import answer
from conversations.question import put
from conversations.shapes import NONRESPONSE, Button, City, Commanded, Heard, Progress, Say, Tapped
from conversations.steps import ask
from conversations.walk import ABOUT, behind, walk

MOST_TAPS, MOST_WORDS, MOST_DILEMMA, MOST_CONSENT = 22, 1000, 150, 85
MOST_MESSAGE, MOST_BUTTON, MOST_CALLBACK, MOST_TOAST = 4096, 40, 64, 200
COUNTED_IN = "nl"  # the thousand words are counted in Dutch
# The shortest way through: what is tapped where it is not simply a choice.
SHORTEST = {"count_me": "yes", "dream": "skipped", "worry": "skipped", "age": "skip_all"}
FULLER = {at: code for at, code in SHORTEST.items() if at not in ABOUT}
NO_CHOICE = (*NONRESPONSE, "why", "later", "skip_all")
WEB = "https://stadsdialoog.example/"
TRIAL = City(web=WEB)
OFFICIAL = City("Gemeente Maastricht, team Stad en Regio", "dialoog@stad.example", "privacy@stad.example", WEB)


@dataclass(frozen=True)
class Walked:
    """One walk on Telegram, from `/start` through the goodbye. Words are split at white space, buttons included.

    `first` is the side shown first at every dilemma; `about` whether age, neighbourhood and relation were
    tapped; `dilemmas` the words of each dilemma's message; `consent` those of the consent, buttons apart.
    """

    language: str
    first: str
    about: bool
    taps: int
    words: int
    dilemmas: dict[str, int]
    consent: int


@dataclass(frozen=True)
class Measured:
    """What was measured, a line a language (the longest of its walks), and what exceeds or is missing."""

    lines: tuple[str, ...]
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def measure(content: Content) -> Measured:
    """Walk every language, and look at everything that can be shown.

    For content that `content.check` finds complete. A message that is missing, or a walk that does not
    reach the goodbye, is a fault too.
    """
    found: list[Fault] = []
    lines: list[str] = []
    for language in content.languages:
        try:
            walked = list(walks(content, language))
            lines.append(_line(walked))
            found += (fault for one in walked for fault in _exceeded(one))
            for at, say in _everything(content, language):
                found += (Fault(file_of(at, language), at, language, what) for what in _unfit(say))
        except KeyError as error:
            found.append(Fault(f"locales/{language}.po", str(error.args[0]), language, "is asked for and is missing"))
        except _Stuck as stuck:
            found.append(Fault("conversations/walk.py", str(stuck), language, "the walk does not reach the goodbye"))
    return Measured(tuple(lines), tuple(sorted(set(found))))


def _line(walked: list[Walked]) -> str:
    short = [one for one in walked if not one.about]
    longest, code = max((words, code) for one in walked for code, words in one.dilemmas.items())
    return (
        f"{walked[0].language}: {max(one.taps for one in short)} taps, {max(one.words for one in short)} words; "
        f"{max(one.taps for one in walked)} taps with age, neighbourhood and relation; "
        f"longest dilemma {longest} words ({code}); consent {max(one.consent for one in walked)} words"
    )


def walks(content: Content, language: str) -> Iterator[Walked]:
    """The shortest and the fuller way, with either side first, in a trial and with a sender named."""
    # The neighbourhood is found by its district: two taps.
    fuller = FULLER | {"neighbourhood": content.items["neighbourhood"].districts[0].code}
    for first in ("a", "b"):
        for city in (TRIAL, OFFICIAL):
            for way in (SHORTEST, fuller):
                yield _walked(_begin(content, language, first), city, content, way)


# ---------------------------------------------------------------- walking


class _Stuck(Exception):
    """The question at which the walk went round."""


def _begin(content: Content, language: str, first: str) -> Progress:
    """Somebody on Telegram who is shown `first` first, at every dilemma."""
    start = Progress(next(iter(content.rounds)), "telegram", language, 0)
    draws = (replace(start, draw=draw) for draw in count())
    return next(p for p in draws if all(p.first(code) == first for code in content.dilemmas))


def _walked(progress: Progress, city: City, content: Content, way: dict[str, str]) -> Walked:
    language, first, about = progress.language, progress.first(next(iter(content.dilemmas))), way is not SHORTEST
    taps, words, consent, dilemmas = 0, 0, 0, dict[str, int]()
    heard: Heard = Commanded("start")
    while True:
        turn = answer(progress, heard, content, city)
        progress = turn.progress
        words += sum(len(say.words.split()) for say in turn.says)
        shown = turn.says[-1]
        if progress.at.endswith(".position"):
            dilemmas[progress.at.partition(".")[0]] = len(shown.words.split())
        if progress.at == "count_me":
            consent = len(f"{shown.head} {shown.text}".split())
        if progress.now == "goodbye":
            return Walked(language, first, about, taps, words, dilemmas, consent)
        if taps > 2 * MOST_TAPS:
            raise _Stuck(progress.now)
        taps, heard = taps + 1, _next(progress, shown, way)


def _next(progress: Progress, shown: Say, way: dict[str, str]) -> Tapped:
    """The tap that goes on: the one set down, or the choice with the most words."""
    buttons = [(tap, button) for row in shown.buttons for button in row if (tap := Tapped.read(button.data))]
    wanted = progress.language if progress.now == "language" else way.get(progress.now, "")
    for tap, _ in buttons:
        if tap.choice == wanted:
            return tap
    choices = [(tap, button) for tap, button in buttons if tap.choice not in NO_CHOICE]
    if not choices:
        raise _Stuck(progress.now)
    return max(choices, key=lambda one: len(one[1].label.split()))[0]


# ---------------------------------------------------------------- what is too much


def _exceeded(one: Walked) -> Iterator[Fault]:
    way = "with age, neighbourhood and relation" if one.about else "the shortest way"
    if one.taps > MOST_TAPS:
        yield Fault("conversations/walk.py", "taps", one.language, f"{one.taps} taps {way}, at most {MOST_TAPS}")
    if one.language == COUNTED_IN and not one.about and one.words > MOST_WORDS:
        yield Fault("conversations/walk.py", "words", one.language, f"{one.words} words, at most {MOST_WORDS}")
    if one.consent > MOST_CONSENT:
        what = f"the consent as shown on Telegram has {one.consent} words, at most {MOST_CONSENT}"
        yield Fault("content/consents/count_me.yaml", "text", one.language, what)
    for code, words in one.dilemmas.items():
        if words > MOST_DILEMMA:
            what = f"the message has {words} words with {one.first} first, at most {MOST_DILEMMA}"
            yield Fault(f"content/dilemmas/{code}.yaml", "position", one.language, what)


def _everything(content: Content, language: str) -> Iterator[tuple[str, Say]]:
    """Every question, every district, every *Why this question?* and every command, as shown."""
    for first in ("a", "b"):
        begun = _begin(content, language, first)
        for progress in (begun, replace(begun, counted=True)):
            chains = behind(replace(progress, finished=True), content).values()
            # `values.second` needs the first value: it is reached from there.
            for at in (*walk(progress, content), *(at for chain in chains for at in chain if at != "values.second")):
                here = replace(progress, at=at)
                yield at, put(ask(here, content, TRIAL), here, content)
                if at.endswith(".position"):
                    yield from ((at, say) for say in answer(here, Tapped(at, "why", here.tag), content, TRIAL).says)
            for name in COMMANDS:
                yield from ((name, say) for say in answer(progress, Commanded(name), content, TRIAL).says)
        for district in content.items["neighbourhood"].districts:
            here = replace(begun, at="neighbourhood", narrow=district.code)
            yield here.at, put(ask(here, content, TRIAL), here, content)


def _unfit(say: Say) -> Iterator[str]:
    said = f"{say.head}\n{say.text}"
    if len(said) > MOST_MESSAGE:
        yield f"the message as shown is {len(said)} characters long, at most {MOST_MESSAGE} fit"
    for found in ("{", "..", "  "):
        if found in said.replace("...", ""):
            yield f"the message as shown has “{found}”"
    for button in (button for row in say.buttons for button in row):
        yield from _unfit_button(button)


def _unfit_button(button: Button) -> Iterator[str]:
    if len(button.label) > MOST_BUTTON:
        yield f"the button “{button.label}” is {len(button.label)} characters long, at most {MOST_BUTTON} fit"
    if len(button.data.encode()) > MOST_CALLBACK:
        yield f"the callback {button.data} is {len(button.data.encode())} bytes long, at most {MOST_CALLBACK} fit"


def file_of(at: str, language: str) -> str:
    """The file whose words this question shows most of."""
    code, _, item = at.rpartition(".")
    if code and item in ("position", "reasons"):
        return f"content/dilemmas/{code}.yaml"
    if at in ("count_me", "quote_me", "tell_me", "remind_me"):
        return f"content/consents/{at}.yaml"
    if at in ("language", "goodbye", "values.second") or at in COMMANDS:
        return f"locales/{language}.po"
    return f"content/items/{item}.yaml"
