"""One resident against the pure engine, each step checked against what must hold whatever they do.

Used by `test_engine.py`. `Resident.hear` is a step as the desk takes it: progress is written down and
read again, and after a `/forget` a new walk begins with a draw of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from content import Content
from content.model import Version, Versioned
from conversations import City, Progress, Turn, answer, typed
from conversations.shapes import (
    NONRESPONSE,
    Agreed,
    Answered,
    Arrived,
    Button,
    Commanded,
    Corrected,
    Forgot,
    Given,
    Heard,
    Say,
    Tapped,
    Typed,
)
from conversations.steps import STEPS, ask
from conversations.walk import ABOUT, AFTER, placed

MOST_MESSAGE, MOST_LABEL, MOST_DATA, MOST_WAY = 4096, 40, 64, 60
POSITIONS = ("a", "rather_a", "between", "rather_b", "b")
OWN_WORDS = {"reasons": "reason_text", "values": "values_text", "dream": "dream", "worry": "worry"}
CITY = City(web="https://praat.example/", receipt="KW4P-7TRN")
RESULTS = {
    "release": 3,
    "base": 143,
    "dilemmas": {
        "growth": {
            "base": 140,
            "step": "five",
            "counts": {"a": 40, "rather_a": 30, "between": 25, "rather_b": 20, "b": 25},
            "as_of": 3,
        },
        "inner_city": {"base": 80, "step": "three", "counts": {"side_a": 40, "between": 10, "side_b": 30}, "as_of": 3},
        "space": {"base": 40, "step": "largest", "counts": {"side_a": 25, "rest": 15}, "as_of": 3},
        "society": {"base": 12, "step": "total", "counts": {}, "as_of": 3},
        "digital": {"base": None, "step": "total", "counts": {}, "as_of": 3},
        "care": {"base": None, "step": "total", "counts": {}, "as_of": 3},
    },
    "items": {},
}


# Where the first button leads round and round: the one that leads on.
SIMPLY = {"forget": "no", "withdrawn": "come_back", "purposes": "resume"}


class Resident:
    """A walk as it goes: where it stands, every button it was ever shown, and what the newest message asked."""

    def __init__(self, content: Content, channel: str = "telegram", language: str = "nl", draw: int = 49) -> None:
        self.content, self.city = content, CITY
        self.progress = Progress("dreams", channel, language, draw)
        self.shown: list[Button] = []
        self.newest: list[Button] = []
        self.asked_back = False
        self.known = vocabulary(content)
        self.first: dict[str, str] = {}  # which side stood on top, by dilemma, as read from the screen

    def release(self, content: Content) -> None:
        """Go on with other content, in the middle."""
        self.content = content
        self.known |= vocabulary(content)

    def hear(self, heard: Heard) -> Turn:
        """One step, checked."""
        before = self.progress
        asked_back = self.asked_back
        turn = answer(before, heard, self.content, self.city)
        assert Progress.loads(turn.progress.dumps()) == turn.progress
        for fault in (*self._faults(before, heard, turn, asked_back), *self._sides(turn)):
            raise AssertionError(f"{fault}\nbefore: {before}\nheard: {heard!r}\nturn: {turn}")
        self.progress = turn.progress
        if said := [button for say in turn.says for row in say.buttons for button in row]:
            self.newest = said
        elif turn.says:
            self.newest = []
        self.shown += said
        self.asked_back = any(asks_back(say) for say in turn.says) or (self.asked_back and not turn.says)
        if any(isinstance(fact, Forgot) for fact in turn.facts):
            # What the desk does: nothing is left, and whoever comes again draws anew.
            self.progress, self.first = replace(self.progress, draw=before.draw + 7919), {}
        return turn

    def tap(self, label: str) -> Turn:
        """Tap the newest button with this label, this choice, or this question and choice."""
        for button in reversed(self.shown):
            tapped = Tapped.read(button.data)
            assert tapped
            if label in (button.label, tapped.choice, f"{tapped.at}:{tapped.choice}"):
                return self.hear(tapped)
        raise AssertionError(f"no button [{label}] was ever shown")

    def count(self) -> Resident:
        """As far as the first dilemma, counted."""
        self.hear(Arrived())
        self.tap(self.progress.language)
        self.tap("yes")
        self.tap("skipped")
        return self

    def taps_to_goodbye(self) -> int:
        """How many taps a simple way takes from here: the first button of each question. AssertionError: no end."""
        city = replace(self.city, open=True)
        turn = answer(self.progress, Arrived(), self.content, city)
        for taps in range(MOST_WAY + 1):
            if turn.progress.now == "goodbye":
                return taps
            buttons = [button for say in turn.says for row in say.buttons for button in row]
            assert buttons, f"nothing to tap at {turn.progress}"
            tapped = [tap for button in buttons if (tap := Tapped.read(button.data))]
            wanted = SIMPLY.get(turn.progress.now, tapped[0].choice)
            heard = next(tap for tap in tapped if tap.choice == wanted)
            turn = answer(Progress.loads(turn.progress.dumps()), heard, self.content, city)
        raise AssertionError(f"{MOST_WAY} taps did not reach the goodbye from {self.progress}; now at {turn.progress}")

    # ---------------------------------------------------------------- what must hold

    def _faults(self, before: Progress, heard: Heard, turn: Turn, asked_back: bool) -> Iterator[str]:
        yield from _said(heard, turn)
        yield from self._walked(before, turn.progress)
        before = placed(before, self.content)  # where they stand when their question is gone
        yield from self._kept(before, heard, turn, asked_back)
        yield from _remembered(before, heard, turn)
        yield from self._written(turn.progress)

    def _kept(self, before: Progress, heard: Heard, turn: Turn, asked_back: bool) -> Iterator[str]:
        answered = [fact for fact in turn.facts if isinstance(fact, Answered)]
        agreed = [fact for fact in turn.facts if isinstance(fact, Agreed)]
        if answered and not before.counted:
            yield "an answer of somebody who is not counted"
        if agreed and not turn.progress.counted:
            yield "a consent of somebody who is not counted"
        if (answered or agreed) and not isinstance(heard, Tapped | Typed):
            yield "neither tapped nor typed, and still a fact"
        if answered and before.withdrawn:
            yield "an answer of somebody who does not want to be counted"
        if answered and not self.city.open:
            yield "an answer in a closed round"
        if isinstance(heard, Tapped) and (answered or agreed):
            yield from _mine(before, heard)
        for fact in answered:
            yield from self._answered(before, heard, fact, answered, asked_back)
        for consent in agreed:
            first = (consent.purpose, before.at, before.counted) == ("count_me", "language", False)
            read = (before.now,) if isinstance(heard, Typed) else (before.now, before.at)
            if consent.purpose not in [at.rpartition(".")[2] for at in read] and not first:
                yield f"agreed to {consent.purpose}, asked was {before.now}"
            if consent.version != self.content.consents[consent.purpose].version:
                yield "not the version of the consent that was read"
        for corrected in turn.facts:
            if isinstance(corrected, Corrected) and not (corrected.at and corrected.text.strip()):
                yield "a correction to nothing"

    def _answered(
        self, before: Progress, heard: Heard, fact: Answered, facts: list[Answered], asked_back: bool
    ) -> Iterator[str]:
        dilemma, _, item = before.at.removesuffix(".second").rpartition(".")
        all_three = before.at == "age" and fact.status == "skipped" and fact.item in ABOUT
        # A reason given with a choice is kept with it, also where the choice was asked back.
        here = (fact.dilemma, fact.item, item) == (dilemma, "reason_text", "position")
        reason = here and isinstance(heard, Typed) and bool(fact.text) and fact.text in heard.text
        reason |= before.pending[:1] == (before.at,) and (fact.item, fact.text) == ("reason_text", before.pending[1])
        asked = {(dilemma, item), (dilemma, OWN_WORDS.get(item))}
        if reason:
            return
        if (fact.dilemma, fact.item) not in asked and not all_three:
            yield f"an answer to {fact.dilemma}.{fact.item}, asked was {before.at}"
            return
        if fact.shown_first != (self.first.get(dilemma, before.first(dilemma)) if dilemma else ""):
            yield "shown_first is not what was shown"
        order = codebook(self.content, fact.dilemma, fact.item)
        if list(fact.codes) != [code for code in order if code in fact.codes]:
            yield f"codes that are not in the codebook, or not in its order: {fact.codes}"
        if fact.status != "answered" and (fact.codes or fact.text):
            yield "a nonresponse with an answer in it"
        if fact.status == "answered" and not fact.codes and not any(one.text for one in facts):
            yield "answered with nothing"
        if fact.item == "values" and len(fact.codes) > 2:
            yield "more than two values"
        if fact.item.endswith("_text") and fact.status == "skipped":
            # Own words that stood in place of a choice, taken back by another answer.
            if before.given.get(before.at.removesuffix(".second")) != Given("answered"):
                yield "own words taken back that were never given"
            return
        if isinstance(heard, Tapped):
            yield from _as_tapped(before, heard, fact, order)
        if isinstance(heard, Typed):
            yield from self._as_typed(before, heard, fact, order, asked_back)

    def _as_typed(
        self, before: Progress, heard: Typed, fact: Answered, order: list[str], asked_back: bool
    ) -> Iterator[str]:
        text = typed.clean(heard.text)
        here = replace(before, over="", paused=False) if before.over == "paused" else before
        reading = typed.read(text, ask(here, self.content, self.city), self.content)
        if fact.text:
            if fact.text != text:
                yield "own words that were not typed"
            if reading.sure:
                yield "own words, though they were understood"
            return
        if not fact.codes:
            understood = fact.status == reading.nonresponse or reading.choices == ("skip_all",)
            if not understood and not (fact.status == "answered" and fact.method == "text"):
                yield f"{fact.status}, read was {reading}"
            return
        confirmed = asked_back and typed.is_yes(text, self.content.phrases) and len(before.meant) == 1
        wanted = before.meant if confirmed else reading.choices
        if before.at == "values.second":
            wanted = tuple(c for c in order if c in (*wanted, *before.given["values"].codes))
        if tuple(c for c in order if c in wanted) != fact.codes:
            yield f"kept {fact.codes}, read was {reading}"

    def _sides(self, turn: Turn) -> Iterator[str]:
        """The side on top stays on top, at the position and at the reasons."""
        for say in turn.says:
            tap = Tapped.read(say.buttons[0][0].data) if say.question and say.buttons else None
            if tap and tap.at.endswith((".position", ".reasons")) and not asks_back(say):
                dilemma = tap.at.partition(".")[0]
                if self.first.setdefault(dilemma, tap.choice[0]) != tap.choice[0]:
                    yield f"another side on top at {tap.at}"

    def _walked(self, before: Progress, after: Progress) -> Iterator[str]:
        """Nobody is done before the last question, and nothing waits at the goodbye."""
        if after.counted and after.finished and not before.finished:
            left = {at for at in AFTER if at in self.content.items} - set(after.given)
            if left:
                yield f"at the goodbye without {left}"
        if after.at == "goodbye" and after.back_to:
            yield "something waits at the goodbye"
        if after.narrow and after.at != "neighbourhood":
            yield "a district is open elsewhere"

    def _written(self, progress: Progress) -> Iterator[str]:
        """Nothing in progress but our own codes and names."""
        written = json.loads(progress.dumps())
        draw = written.pop("draw")
        if not isinstance(draw, int):
            yield "the draw is no number"
        # A forged choice may stand here, in a closed round, but never anything but a code.
        if not re.fullmatch(r"([a-z0-9_.]+:[a-z0-9_.]+)?", written.pop("last_tap")):
            yield "the last tap is none"
        # Words that wait for one turn: a cry for help that may be asked for, a reason beside an unsure choice.
        at, *waiting = written.pop("pending") or [""]
        if at not in self.known or len(waiting) > 1:
            yield f"{at!r} waits"
        for one in _strings(written):
            if one not in self.known:
                yield f"progress holds {one!r}"


def asks_back(say: Say) -> bool:
    """Whether this is a “did you mean …?”."""
    return any(":again:" in button.data for row in say.buttons for button in row)


def _said(heard: Heard, turn: Turn) -> Iterator[str]:
    if not turn.says and not turn.toast.strip():
        yield "silent"
    for say in turn.says:
        if not say.text.strip():
            yield "a blank message"
        if len("\n".join(part for part in (say.intro, say.head, say.text) if part)) > MOST_MESSAGE:
            yield "a message that is too long"
        data = [button.data for row in say.buttons for button in row]
        if len(set(data)) < len(data):
            yield f"two buttons with one meaning: {data}"
        if say.question and not data:
            yield "a question without a button"
        for button in (button for row in say.buttons for button in row):
            tap = Tapped.read(button.data)
            if not tap or len(button.data.encode()) > MOST_DATA:
                yield f"a button nobody can press: {button}"
            elif (tap.at, tap.tag) != (turn.progress.now, turn.progress.tag):
                yield f"a button of another question: {button}"
            if not button.label.strip() or len(button.label) > MOST_LABEL:
                yield f"a label that does not fit: {button}"
    begins = isinstance(heard, Arrived) or (isinstance(heard, Commanded) and heard.name == "start")
    if begins and not (turn.says and turn.says[-1].question and turn.says[-1].buttons):
        yield "whoever arrives finds no question"


def _mine(before: Progress, tap: Tapped) -> Iterator[str]:
    begins = not before.counted and tap.at == "count_me" and before.at in ("language", "count_me")
    if tap.tag != before.tag and not begins:
        yield "a foreign button counted"
    if tap.at not in (before.now, before.at) and not begins:
        yield "a stale button counted"


def _as_tapped(before: Progress, tap: Tapped, fact: Answered, order: list[str]) -> Iterator[str]:
    if fact.method != "button":
        yield "a tap that was not kept as one"
    if tap.choice == "skip_all":
        return
    if tap.choice in NONRESPONSE:
        if fact.status != tap.choice:
            yield "another nonresponse than was tapped"
        return
    wanted = {tap.choice, *(before.given["values"].codes if before.at == "values.second" else ())}
    if fact.codes != tuple(code for code in order if code in wanted):
        yield f"kept {fact.codes}, tapped was {tap.choice}"


def _remembered(before: Progress, heard: Heard, turn: Turn) -> Iterator[str]:
    after = turn.progress
    gone = set(before.given) - set(after.given)
    forgot = any(isinstance(fact, Forgot) for fact in turn.facts)
    afresh = not before.counted and after == Progress(before.round, before.channel, before.language, before.draw)
    if gone and not forgot and not afresh:
        yield f"answers were lost: {gone}"
    if forgot and (after.given or after.counted or not before.counted):
        yield "not forgotten"
    changed = {at for at in after.given if after.given[at] != before.given.get(at)}
    if not isinstance(heard, Tapped | Typed) and changed:
        yield f"answers changed by neither tap nor text: {changed}"
    if before.counted and changed and not turn.facts:
        yield f"remembered and not kept: {changed}"
    if (before.draw != after.draw and not forgot) or before.channel != after.channel or before.round != after.round:
        yield "another walk"
    # The buttons of somebody who is not counted say where they stood, and in which language.
    recalled = isinstance(heard, Tapped) and not before.counted and heard.at != "language"
    if before.language != after.language and not recalled:
        moved = (before.at, after.at) != ("language", "count_me") and before.at != after.at
        if moved or before.given != after.given:
            yield "another language, and another place"


def _strings(one: object) -> Iterator[str]:
    if isinstance(one, str):
        yield one
    elif isinstance(one, dict):
        for key, value in one.items():
            yield key
            yield from _strings(value)
    elif isinstance(one, list):
        for value in one:
            yield from _strings(value)


# ---------------------------------------------------------------- the codebook, as the contract states it


def codebook(content: Content, dilemma: str, item: str) -> list[str]:
    """The codes an answer may hold, in order."""
    if item == "position":
        return list(POSITIONS)
    if item == "reasons":
        return ["a1", "a2", "b1", "b2"]
    if item == "weighs_most":
        return list(content.dilemmas)
    return [option.code for option in content.items[item].options] if item in content.items else []


def vocabulary(content: Content) -> set[str]:
    """Every word of ours that may stand in progress."""
    ours = "answered own_words draft counts again yes no resume status codes telegram web terminal"
    beside = "why later skip_all done results share leave come_back"
    names = {"", *ours.split(), *beside.split(), "forget", *STEPS, *NONRESPONSE, *POSITIONS}
    names |= {*Progress.__dataclass_fields__, *content.rounds, *content.languages, *content.items, *content.consents}
    names |= {f"purposes.{one}" for one in content.consents}
    for code in content.dilemmas:
        names |= {code, f"{code}.position", f"{code}.reasons", f"{code}.importance", "a1", "a2", "b1", "b2"}
    for item in content.items.values():
        names |= {o.code for o in item.options} | {d.code for d in item.districts}
    return names


# ---------------------------------------------------------------- releases of changed content


def released(content: Content) -> Content:
    """The same with a new content version."""
    newest = content.versions[-1]
    return replace(content, versions=(*content.versions, Version(version=newest.version + 1, codes=newest.codes)))


def without_dilemma(content: Content, code: str) -> Content:
    """A dilemma was marked `until` and left out of the round."""
    here = content.rounds["dreams"]
    marked = content.dilemmas[code].model_copy(update={"until": content.version})
    left = here.model_copy(update={"dilemmas": tuple(one for one in here.dilemmas if one != code)})
    changed = replace(content, dilemmas={**content.dilemmas, code: marked}, rounds={**content.rounds, "dreams": left})
    return released(changed)


def with_dilemma(content: Content, code: str) -> Content:
    """A dilemma that was offered behind the goodbye stands in the walk, second."""
    here = content.rounds["dreams"]
    first, *rest = here.dilemmas
    more = here.model_copy(update={"dilemmas": (first, code, *rest), "after_goodbye": ()})
    return released(replace(content, rounds={**content.rounds, "dreams": more}))


def until(content: Content, code: str) -> Content:
    """A dilemma was marked `until` and stands in the round still."""
    marked = content.dilemmas[code].model_copy(update={"until": content.version})
    return released(replace(content, dilemmas={**content.dilemmas, code: marked}))


def withdrawn(content: Content, item: str, code: str) -> Content:
    """An option was marked `until`."""
    marked = _marked(content.items[item].options, code, content)
    return released(_with_item(content, item, marked))


def without_argument(content: Content, dilemma: str, code: str) -> Content:
    """An argument was marked `until`."""
    here, side = content.dilemmas[dilemma], code[0]
    pole = here.sides[side]  # type: ignore[index]
    left = pole.model_copy(update={"reasons": _marked(pole.reasons, code, content)})
    changed = here.model_copy(update={"sides": {**here.sides, side: left}})
    return released(replace(content, dilemmas={**content.dilemmas, dilemma: changed}))


def _marked(choices: tuple[Versioned, ...], code: str, content: Content) -> tuple[Versioned, ...]:
    ended = {"until": content.version}
    return tuple(one.model_copy(update=ended) if one.code == code else one for one in choices)


def without_option(content: Content, item: str, code: str) -> Content:
    """An option is not offered any more."""
    left = tuple(option for option in content.items[item].options if option.code != code)
    return released(_with_item(content, item, left))


def with_option(content: Content, item: str, code: str) -> Content:
    """There is an option more, last."""
    last = content.items[item].options[-1]
    more = last.model_copy(update={"code": code, "label": last.label.model_copy(update={"by": _named(content, code)})})
    return released(_with_item(content, item, (*content.items[item].options, more)))


def without_item(content: Content, item: str) -> Content:
    """A round-level question is not there any more."""
    return released(replace(content, items={code: one for code, one in content.items.items() if code != item}))


def _named(content: Content, code: str) -> dict[str, str]:
    return {language: f"{code} {language}" for language in content.languages}


def _with_item(content: Content, item: str, options: tuple[object, ...]) -> Content:
    return replace(content, items={**content.items, item: content.items[item].model_copy(update={"options": options})})
