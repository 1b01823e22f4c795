"""Whatever a resident does, in whatever order: the pure engine never raises, is never silent, counts nothing wrong.

`pytest` drives it with a seeded sample, `pytest -m soak` at length.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from copy import copy as shallow
from dataclasses import replace
from itertools import combinations
from math import sqrt
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from content import Content, shipped
from content.spelling import plain_phrase
from conversations import Progress, Turn, answer
from conversations.shapes import (
    Agreed,
    Answered,
    Arrived,
    Commanded,
    Corrected,
    Given,
    Heard,
    Resumes,
    Sent,
    Tapped,
    Typed,
)
from tests.machine import (
    RESULTS,
    Resident,
    released,
    until,
    with_dilemma,
    with_option,
    withdrawn,
    without_argument,
    without_dilemma,
    without_item,
    without_option,
)

CONTENT = shipped()
SAMPLE, SOAK, STEPS = 80, 3_000, 50

RELEASES = (
    CONTENT,
    released(CONTENT),
    with_dilemma(CONTENT, "care"),
    without_option(CONTENT, "values", "justice"),
    without_option(CONTENT, "neighbourhood", "wyck"),
    without_option(CONTENT, "relation", "resident"),
    with_option(CONTENT, "relation", "commuter"),
    with_option(CONTENT, "age", "under_16"),
    without_dilemma(CONTENT, "growth"),
    without_dilemma(CONTENT, "space"),
    without_dilemma(CONTENT, "digital"),
    without_item(CONTENT, "relation"),
    without_item(CONTENT, "worry"),
    without_item(CONTENT, "values"),
    until(CONTENT, "society"),
    withdrawn(CONTENT, "values", "justice"),
    withdrawn(CONTENT, "neighbourhood", "wyck"),
    withdrawn(CONTENT, "age", "16_17"),
    without_argument(CONTENT, "growth", "a1"),
)
NAMES = [name for command in CONTENT.commands for name in (command.name, *command.also)]
each = str.split
PAYLOADS = [*each("nl en li xx EN group-abc_123 {} {0} %s"), "", "x" * 4096, "\x00", "een fout: 'de' → 'het'"]
LABELS = sorted(
    {label for d in CONTENT.dilemmas.values() for side in d.sides.values() for label in side.label.by.values()}
    | {text for d in CONTENT.dilemmas.values() for reason in d.reasons() for text in reason.text.by.values()}
    | {label for item in CONTENT.items.values() for option in item.options for label in option.label.by.values()}
    | {label for one in CONTENT.consents.values() for text in (one.yes, one.no) for label in text.by.values()}
    | {message for words in CONTENT.catalogues.values() for key, message in words.messages.items() if "button." in key}
)
PHRASES = sorted(
    {phrase for heard in CONTENT.phrases.wishes.values() for phrase in heard.all()}
    | {phrase for heard in CONTENT.phrases.nonresponse.values() for phrase in heard.all()}
    | {*CONTENT.phrases.yes.all(), *CONTENT.phrases.no.all(), *CONTENT.phrases.numbers, *CONTENT.phrases.doubt}
    | {"Nederlands", "English", "Mestreechs", "Limburgs", "engels", "maakt niet uit", "why", "waarom", "later", "klaar"}
)
ODD = [
    *each("² ① ٣ 1. #1 -1 42 17 12 120 -5 99999999999999 {choice} { %s %(n)s <b>a</b> growth.position:a:00031 a b A1"),
    *each("ABCD-EFGH-2345 abcdefgh2345 /start // ? ! ... none again skip_all resume done wijk_01 wyk randwijk groien"),
    *("b2 a1", "a1 a2 b1 b2", "1 2 3 4", "1,2", "rechtvaardigheid en kwaliteit", "samen, groen", "geen en samen"),
    *("😀" * 4096, "👩\u200d👩\u200d👧" * 50, "x" * 4096, "woord " * 680, "é" * 3000, "Z̸̧̢͓͎̀" * 40, "مرحبا بكم", "1️⃣"),
    *("", " ", "\n\n\t", "\u200b", "\u200d\u200b\ufeff", "\x00", "\x00\x01\x02", "\ud800", "a\udfffb", "\u202eכן"),
]
ASKED_BACK = ["grooien", "niet groeien", "even klein blijven", "nederl", "Mestrich", "wijck", "justise"]
FORGED = ["", "x" * 64, "x" * 65, "é" * 33, *each(": :: ::: growth.position:a growth.position:a: a:b:c:d")]
QUESTIONS = [
    *each("language count_me dream growth.position care.reasons growth.importance weighs_most age neighbourhood"),
    *each("values values.second goodbye answers forget fout paused quote_me tell_me nowhere growth . position"),
    *each("purposes withdrawn purposes.count_me purposes.quote_me purposes.tell_me purposes.remind_me"),
]
CHOICES = [
    *each("a b between a1 yes no skipped dont_know neither declined why later skip_all done resume again nl xx"),
    *each("care values dream share leave results wijk_01 wyck 65_79 none justice growth growth.position quote_me 5 6"),
    *each("count_me purposes forget come_back"),
    *("", "é", "\x00"),
]
OFTEN = each("back back back answers privacy privacy language stop start forget fout fout")


def one_of_many(those: Sequence[Any]) -> st.SearchStrategy[Any]:
    """As `sampled_from`, but not writing all of them down: a state machine does so with every step it rejects."""
    return st.integers(0, len(those) - 1).map(those.__getitem__)


class AnyResident(RuleBasedStateMachine):
    """Somebody who does anything at all."""

    @initialize(
        channel=st.sampled_from(["telegram", "web", "terminal"]),
        language=st.sampled_from(CONTENT.languages),
        draw=st.integers(0, 2**62 - 1),
        way=st.sampled_from(["new", "counted", "counted", "declined", "about", "finished", "values"]),
        results=st.booleans(),
    )
    def begin(self, channel: str, language: str, draw: int, way: str, results: bool) -> None:
        self.resident = Resident(CONTENT, channel, language, draw)
        self.resident.city = replace(self.resident.city, resume_code="ABCD-EFGH-2345" if channel == "web" else "")
        self.results_change(results)
        if way == "declined":
            self.hear(Arrived())
            self.resident.tap(language)
            self.resident.tap("no")
        elif way != "new":
            self.resident.count()
            for _ in range({"counted": 0, "about": 12}.get(way, 40)):
                if self.resident.progress.now != "goodbye":
                    self.tap_newest(0)
        if way == "values":
            self.resident.tap("goodbye:values")

    def hear(self, heard: Heard) -> None:
        self.resident.hear(heard)

    # ------------------------------------------------------------ taps

    @rule(place=st.integers(0, 12))
    def tap_newest(self, place: int) -> None:
        buttons = self.resident.newest
        self._press(buttons[place % len(buttons)].data if buttons else "")

    @rule(place=st.integers(0, 5), times=st.integers(2, 3))
    def tap_again_and_again(self, place: int, times: int) -> None:
        buttons = self.resident.newest
        for _ in range(times if buttons else 0):
            self._press(buttons[place % len(buttons)].data)

    @rule(place=st.integers(0, 10_000))
    def tap_any_ever_shown(self, place: int) -> None:
        buttons = self.resident.shown
        self._press(buttons[-1 - place % len(buttons)].data if buttons else "")

    @rule(place=st.integers(0, 10_000), tag=st.sampled_from(["", "00000", "fffff", "nl", "en", "li", "xx"]))
    def tap_of_another_walk(self, place: int, tag: str) -> None:
        buttons = self.resident.shown
        if buttons:
            at, choice, _ = buttons[place % len(buttons)].data.split(":")
            self._press(f"{at}:{choice}:{tag}")

    @rule(at=one_of_many(["", *QUESTIONS]), choice=one_of_many(CHOICES))
    def tap_forged(self, at: str, choice: str) -> None:
        progress = self.resident.progress
        self._press(f"{at or progress.now}:{choice}:{progress.tag}")

    @rule(data=st.one_of(one_of_many(FORGED), st.text(st.characters(), max_size=80)))
    def tap_garbled(self, data: str) -> None:
        self._press(data)

    def _press(self, data: str) -> None:
        self.hear(Tapped.read(data) or Arrived())

    # ------------------------------------------------------------ words

    @rule(name=one_of_many([*NAMES, "START", "nonsense", "dialogue"]), payload=one_of_many(PAYLOADS))
    def command(self, name: str, payload: str) -> None:
        self.hear(Commanded(name, payload))

    @rule(name=one_of_many(OFTEN))
    def command_often(self, name: str) -> None:
        self.hear(Commanded(name))

    @precondition(lambda self: self.resident.progress.now in ("language", "growth.position", "neighbourhood", "values"))
    @rule(text=one_of_many(ASKED_BACK))
    def type_what_is_asked_back(self, text: str) -> None:
        self.hear(Typed(text))

    @rule(place=st.integers(0, 12), slip=st.integers(0, 40), how=st.sampled_from(["same", "lower", "slip", "not"]))
    def type_a_label_shown(self, place: int, slip: int, how: str) -> None:
        buttons = self.resident.newest
        label = buttons[place % len(buttons)].label if buttons else "?"
        cut = slip % len(label)
        slipped = label[:cut] + label[cut + 1 :]
        self.hear(Typed({"same": label, "lower": label.lower(), "slip": slipped, "not": f"niet {label}"}[how]))

    @rule(text=one_of_many([*LABELS]))
    def type_any_label(self, text: str) -> None:
        self.hear(Typed(text))

    @rule(text=one_of_many(PHRASES))
    def type_a_phrase(self, text: str) -> None:
        self.hear(Typed(text))

    @rule(text=st.one_of(st.integers(-3, 130).map(str), one_of_many(ODD)))
    def type_something_odd(self, text: str) -> None:
        self.hear(Typed(text))

    @rule(text=st.text(st.characters(), max_size=60))
    def type_anything(self, text: str) -> None:
        self.hear(Typed(text))

    @precondition(lambda self: self.resident.progress.now.endswith(("reasons", "values")))
    @rule(one=st.integers(0, 4), two=st.integers(0, 4), link=st.sampled_from([" en ", ", ", " + ", " and "]))
    def type_two_choices(self, one: int, two: int, link: str) -> None:
        choices = [button.label.lstrip("12345 ") for button in self.resident.newest]
        self.hear(Typed(link.join(choices[place % len(choices)] for place in (one, two)) if choices else link))

    @precondition(lambda self: self.resident.progress.now.endswith("reasons"))
    @rule(codes=st.permutations(["a1", "a2", "b1", "b2", "1", "4"]), many=st.integers(2, 4))
    def type_reasons_by_code(self, codes: list[str], many: int) -> None:
        self.hear(Typed(" en ".join(codes[:many])))

    @precondition(lambda self: self.resident.progress.meant)
    @rule()
    def confirm(self) -> None:
        self.hear(Typed("ja"))

    @rule(text=st.sampled_from(["ja", "yes", "jao"]))
    def say_yes(self, text: str) -> None:
        self.hear(Typed(text))

    # ------------------------------------------------------------ the rest of the world

    @rule(what=st.sampled_from(["voice", "other", "photo", "sticker", "location", ""]))
    def send(self, what: str) -> None:
        self.hear(Sent(what))

    @rule()
    def arrive(self) -> None:
        self.hear(Arrived())

    @rule(language=st.sampled_from(CONTENT.languages), how=st.sampled_from(["tap", "command", "typed"]))
    def switch_language(self, language: str, how: str) -> None:
        name = CONTENT.words(language)("language.name")
        heard: dict[str, Heard] = {"tap": Tapped("language", language), "typed": Typed(name)}
        self.hear(heard.get(how, Commanded("language", language)))

    @rule(is_open=st.booleans())
    def round_changes(self, is_open: bool) -> None:
        self.resident.city = replace(self.resident.city, open=is_open)

    @rule(there=st.booleans())
    def results_change(self, there: bool) -> None:
        self.resident.city = replace(self.resident.city, results=RESULTS if there else None)

    @precondition(lambda self: self.resident.progress.counted)
    @rule(content=one_of_many(RELEASES))
    def content_is_released(self, content: Content) -> None:
        self.resident.release(content)

    @rule()
    def could_walk_on(self) -> None:
        self.resident.taps_to_goodbye()

    def teardown(self) -> None:
        if hasattr(self, "resident"):
            self.hear(Commanded("start"))
            self.resident.taps_to_goodbye()


@pytest.mark.soak
def test_whatever_a_resident_does(request: pytest.FixtureRequest) -> None:
    long = "soak" in request.config.getoption("markexpr")
    run_state_machine_as_test(
        AnyResident,
        settings=settings(
            max_examples=SOAK if long else SAMPLE,
            stateful_step_count=STEPS,
            derandomize=True,
            deadline=None,
            database=None,
            # The message holds progress and what was heard: a whole example, with nothing to shrink.
            phases=(Phase.generate,),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


# ---------------------------------------------------------------- every button, again and again


def everywhere(content: Content, channel: str = "telegram") -> list[Resident]:
    """Somebody counted at each question of the walk, at the goodbye, and at each question behind it."""
    found, here = [], Resident(content, channel).count()
    while here.progress.now != "goodbye":
        found.append(copy(here))
        _press(here, here.newest[0].data)
    found.append(copy(here))
    for chain in ("care", "values", "importance"):
        here.tap(f"goodbye:{chain}")
        while here.progress.now != "goodbye":
            found.append(copy(here))
            _press(here, here.newest[0].data)
    return found


def copy(resident: Resident) -> Resident:
    made = shallow(resident)
    made.shown, made.newest = list(resident.shown), list(resident.newest)
    return made


def _press(resident: Resident, data: str) -> Turn:
    return resident.hear(Tapped.read(data) or Arrived())


def answers(*turns: Turn) -> list[tuple[str, str]]:
    return [(fact.dilemma, fact.item) for turn in turns for fact in turn.facts if isinstance(fact, Answered)]


@pytest.mark.parametrize("times", [2, 3])
def test_a_button_tapped_again_and_again_is_one_answer(times: int) -> None:
    tapped = 0
    for here in everywhere(CONTENT):
        for button in here.newest:
            resident = copy(here)
            found = answers(*(_press(resident, button.data) for _ in range(times)))
            assert len(found) == len(set(found)), f"{button} twice: {found}"
            assert {Progress.loads(resident.progress.dumps()).at} <= {here.progress.at, _after_one(here, button.data)}
            tapped += 1
    assert tapped > 100


def _after_one(here: Resident, data: str) -> str:
    resident = copy(here)
    _press(resident, data)
    return resident.progress.at


def test_a_button_of_another_walk_never_counts() -> None:
    for here in everywhere(CONTENT):
        other = replace(here.progress, draw=here.progress.draw + 1)
        declined = [replace(here.progress, counted=False, language=language) for language in CONTENT.languages]
        for tag in (other.tag, *(one.tag for one in declined), "", here.progress.tag.upper() + "x"):
            for button in here.newest:
                at, choice, _ = button.data.split(":")
                resident = copy(here)
                turn = _press(resident, f"{at}:{choice}:{tag}")
                assert not turn.facts
                assert replace(turn.progress, told=()) == replace(here.progress, told=())


def test_which_side_comes_first_is_drawn_for_each_dilemma_by_itself() -> None:
    drawn = random.Random(2040)
    people = [Progress("dreams", "telegram", "nl", drawn.getrandbits(62)) for _ in range(2_000)]
    first = {code: [person.first(code) == "a" for person in people] for code in CONTENT.dilemmas}
    assert len(first) == 6
    for code, shown in first.items():
        assert 0.45 <= sum(shown) / len(people) <= 0.55, code
    for one, two in combinations(first, 2):
        assert abs(phi(first[one], first[two])) < 0.08, (one, two)


def phi(one: list[bool], two: list[bool]) -> float:
    """The correlation of two drawn sides, -1 to 1."""
    n, a, b = len(one), sum(one), sum(two)
    both = sum(x and y for x, y in zip(one, two, strict=True))
    return (n * both - a * b) / sqrt(a * (n - a) * b * (n - b))


# ---------------------------------------------------------------- faults found once, each as small as it can be


def test_a_dilemma_that_is_gone_ends_no_walk() -> None:
    """A release takes growth out of the round while somebody stands at it: the next dilemma follows."""
    resident = Resident(CONTENT).count()
    resident.release(without_dilemma(CONTENT, "growth"))
    turn = resident.tap("growth.position:a")
    assert (turn.progress.at, turn.progress.finished) == ("inner_city.position", False)


def test_a_dilemma_past_its_until_is_not_asked() -> None:
    resident = Resident(CONTENT).count()
    resident.release(until(CONTENT, "inner_city"))
    resident.tap("a")
    assert resident.tap("a1").progress.at == "space.position"


def test_a_withdrawn_argument_is_neither_shown_nor_taken_and_what_was_said_keeps_its_words() -> None:
    """An old button of it and its own words choose nothing; who had chosen it still reads it."""
    content, text = without_argument(CONTENT, "growth", "a1"), next(CONTENT.dilemmas["growth"].reasons()).text["nl"]
    resident = Resident(CONTENT).count()
    resident.tap("growth.position:a")
    resident.release(content)
    turn = resident.tap("growth.reasons:a1")
    assert (turn.facts, turn.progress.at) == ((), "growth.reasons")
    assert text not in str(turn.says[-1])
    assert turn.says[-1].buttons
    for typed in ("a1", text):
        assert not [f for f in resident.hear(Typed(typed)).facts if isinstance(f, Answered) and "a1" in f.codes]
    before = Resident(CONTENT).count()
    before.tap("growth.position:a")
    before.tap("a1")
    before.release(content)
    assert text in str(before.hear(Commanded("answers")).says)


@pytest.mark.parametrize(
    ("item", "code", "said"),
    [("age", "16_17", "17 jaar"), ("relation", "student", "student"), ("age", "16_17", "16_17")],
)
def test_a_withdrawn_option_is_neither_shown_nor_taken(item: str, code: str, said: str) -> None:
    content = withdrawn(CONTENT, item, code)
    resident = Resident(content).count()
    at = replace(resident.progress, at=item)
    label = next(o.label["nl"] for o in content.items[item].options if o.code == code)
    asked = answer(at, Arrived(), content, resident.city)
    assert label not in [b.label for row in asked.says[-1].buttons for b in row]
    for heard in (Tapped(item, code), Typed(said)):
        turn = answer(at, heard, content, resident.city)
        assert not [f for f in turn.facts if isinstance(f, Answered) and f.codes]
        assert turn.progress.at == item


@pytest.mark.parametrize("item", ["worry", "age", "neighbourhood", "relation", "values", "weighs_most", "importance"])
def test_an_item_that_is_gone_is_passed_over(item: str) -> None:
    content = without_item(CONTENT, item)
    for here in everywhere(CONTENT):
        for heard in (Arrived(), Typed("1"), Commanded("answers"), Commanded("back"), Commanded("mydata")):
            assert answer(here.progress, heard, content, here.city).says
        here.content = content
        here.taps_to_goodbye()


def test_progress_of_a_newer_content_is_read_by_an_older() -> None:
    """A release was taken back: somebody stands at a question, and has answered one, that is not there."""
    ahead = replace(
        Resident(CONTENT).count().progress,
        at="climate.position",
        given={"climate.reasons": Given("answered", ("a1",)), "pet": Given("answered", ("cat",))},
    )
    results = {"release": 1, "base": 20, "dilemmas": {"climate": {"base": None, "step": "total", "counts": {}}}}
    city = replace(Resident(CONTENT).city, results=results)
    for heard in (Arrived(), Commanded("answers"), Commanded("results"), Typed("1"), Commanded("back")):
        assert answer(ahead, heard, CONTENT, city).says


def test_back_to_the_goodbye_leaves_nothing_waiting() -> None:
    """Who goes back from the values and takes question 6 is asked both its questions, and then nothing more."""
    resident = finished()
    resident.tap("values")
    assert resident.hear(Commanded("back")).progress.back_to == ""
    resident.tap("care")
    assert resident.tap("care.position:a").progress.at == "care.reasons"
    assert resident.tap("care.reasons:a1").progress.at == "goodbye"


def test_back_from_a_change_leaves_nothing_waiting() -> None:
    resident = finished()
    resident.hear(Commanded("answers"))
    resident.tap("answers:growth.position")
    resident.hear(Commanded("back"))
    resident.tap("care")
    assert resident.tap("care.position:a").progress.at == "care.reasons"


BETWEEN = [Sent("photo"), Tapped("language", "en"), Arrived(), Tapped("dream", "skipped", "stale")]


@pytest.mark.parametrize("between", BETWEEN, ids=["photo", "language", "arrives", "stale"])
def test_yes_confirms_only_what_was_just_asked_back(between: Heard) -> None:
    resident = asked_back()
    resident.hear(between)
    assert not answers(resident.hear(Typed("ja")))


def test_yes_is_heard_after_a_language_was_asked_back() -> None:
    """Typed “nederl”, was asked back, tapped the language: “ja” then answers the consent."""
    resident = Resident(CONTENT)
    resident.hear(Arrived())
    resident.hear(Typed("nederl"))
    resident.hear(Tapped("language", "nl", "nl"))
    assert resident.hear(Typed("ja")).progress.counted


@pytest.mark.parametrize("over", ["", "language"])
def test_a_language_asked_back_is_confirmed_with_yes(over: str) -> None:
    resident = Resident(CONTENT)
    if over:
        resident.count().hear(Commanded("language"))
    resident.hear(Typed("Mestrich"))
    turn = resident.hear(Typed("ja"))
    assert (turn.progress.language, turn.progress.over, turn.facts) == ("li", "", ())


@pytest.mark.parametrize("purpose", ["count_me", "quote_me", "tell_me", "remind_me"])
def test_a_pause_is_not_agreed_to(purpose: str) -> None:
    """“Paused. Tap Continue, or write something.” – “ok”: the question comes again, and nobody has agreed to it."""
    resident = Resident(CONTENT)
    if purpose == "quote_me":
        resident.count().tap("a")
        resident.hear(Typed("mijn eigen woorden hierover"))
    resident.progress = replace(resident.progress, counted=purpose != "count_me")
    if purpose != "quote_me":
        resident.progress = replace(resident.progress, at=purpose)
    resident.hear(Commanded("stop"))
    turn = resident.hear(Typed("ok"))
    assert (turn.progress.now, turn.facts) == (purpose, ())


@pytest.mark.parametrize("purpose", ["count_me", "quote_me", "tell_me", "remind_me"])
def test_a_consent_can_be_withdrawn_when_the_round_is_closed(purpose: str) -> None:
    resident = finished(worry="te veel verkeer")
    resident.city = replace(resident.city, open=False)
    resident.hear(Commanded("answers"))
    resident.tap("answers:purposes")
    resident.tap(f"purposes:{purpose}")
    turn = resident.tap(f"purposes.{purpose}:no")
    assert turn.facts == (Agreed(purpose, False, 1),)
    assert turn.progress.now == ("withdrawn" if purpose == "count_me" else "purposes")


def test_who_no_longer_wants_to_be_counted_answers_nothing_until_they_come_back() -> None:
    resident = finished(worry="te veel verkeer")
    resident.hear(Commanded("privacy"))
    resident.tap("purposes:count_me")
    resident.tap("purposes.count_me:no")
    old = Tapped("growth.position", "a", resident.progress.tag)
    for heard in (Typed("groeien"), old, Commanded("back"), Arrived()):
        turn = resident.hear(heard)
        assert (turn.progress.now, turn.facts) == ("withdrawn", ())
    resident.tap("withdrawn:come_back")
    assert resident.tap("purposes.count_me:no").facts == ()
    resident.tap("withdrawn:come_back")
    turn = resident.tap("purposes.count_me:yes")
    assert (turn.facts, turn.progress.now) == ((Agreed("count_me", True, 1),), "purposes")
    assert resident.tap("purposes:resume").progress.now == "goodbye"


def test_a_purpose_said_yes_to_on_the_screen_is_not_asked_again_in_the_walk() -> None:
    resident = Resident(CONTENT).count()
    resident.hear(Commanded("privacy"))
    resident.tap("purposes:tell_me")
    resident.tap("purposes.tell_me:yes")
    resident.tap("purposes:resume")
    resident.progress = replace(resident.progress, at="relation")
    resident.hear(Arrived())
    assert resident.tap("relation:resident").progress.at == "remind_me"


def test_in_a_closed_round_one_may_look() -> None:
    resident = Resident(CONTENT)
    resident.city = replace(resident.city, open=False)
    resident.hear(Arrived())
    resident.tap("nl")
    assert resident.tap("count_me:no").progress.at != "count_me"


@pytest.mark.parametrize("then", ["skipped", "a1"])
def test_own_words_go_when_the_answer_is_changed(then: str) -> None:
    """What somebody wrote as a reason, and took back, is no live answer any more."""
    resident = Resident(CONTENT).count()
    resident.tap("a")
    resident.hear(Typed("mijn eigen woorden hierover"))
    resident.tap("quote_me:no")
    resident.hear(Commanded("answers"))
    resident.tap("answers:growth.reasons")
    assert ("growth", "reason_text") in answers(resident.tap(f"growth.reasons:{then}"))


def test_own_words_say_what_was_shown_first() -> None:
    resident = Resident(CONTENT).count()
    resident.city = replace(resident.city, results=RESULTS)
    resident.hear(Commanded("results"))
    resident.tap("a")
    facts = resident.hear(Typed("mijn eigen woorden hierover")).facts
    said = [fact for fact in facts if isinstance(fact, Answered)]
    assert [(fact.shown_first, fact.after_results) for fact in said] == [("b", True), ("b", True)]


@pytest.mark.parametrize("data", ["\ud800", "a:\ud800:b", "growth.position:\x00:00031", "growth.position:a b:00031"])
def test_a_garbled_button_is_not_one_of_ours(data: str) -> None:
    """Raises nothing, and what was never a code of ours is no choice."""
    assert Tapped.read(data) is None


def test_a_forged_choice_is_not_remembered() -> None:
    resident = Resident(CONTENT).count()
    turn = resident.hear(Tapped("growth.position", "anything at all", resident.progress.tag))
    assert "anything" not in turn.progress.dumps()


@pytest.mark.parametrize("blank", ["\u200b", " ", "\x00"])
def test_a_blank_correction_is_none(blank: str) -> None:
    resident = Resident(CONTENT).count()
    assert not [f for f in resident.hear(Commanded("fout", blank)).facts if isinstance(f, Corrected)]
    resident.hear(Commanded("fout"))
    assert not [f for f in resident.hear(Typed(blank)).facts if isinstance(f, Corrected)]


@pytest.mark.parametrize("between", [Commanded("language", "en"), Commanded("answers"), Commanded("stop")])
def test_a_question_laid_over_the_walk_is_not_lost(between: Commanded) -> None:
    """*Quote me* was asked and not answered: after another language, a look, or a pause it is asked still."""
    resident = Resident(CONTENT).count()
    resident.tap("a")
    assert resident.hear(Typed("mijn eigen woorden hierover")).progress.now == "quote_me"
    resident.hear(between)
    if resident.progress.now in ("answers", "paused"):
        resident.tap(f"{resident.progress.now}:resume")
    assert resident.progress.now == "quote_me"


def test_another_language_is_chosen_while_quote_me_stands() -> None:
    resident = Resident(CONTENT).count()
    resident.tap("a")
    resident.hear(Typed("mijn eigen woorden hierover"))
    resident.hear(Commanded("language"))
    assert resident.tap("language:en").progress.now == "quote_me"


@pytest.mark.parametrize("choice", ["yes", "no"])
def test_the_consent_tapped_again_is_only_remarked_on(choice: str) -> None:
    resident = Resident(CONTENT)
    resident.hear(Arrived())
    resident.tap("nl")
    once = Tapped("count_me", choice, "nl")
    resident.hear(once)
    assert [(resident.hear(once).says, bool(resident.hear(once).toast)) for _ in range(2)] == [((), True)] * 2


def test_buttons_from_before_forgetting_are_of_another_walk() -> None:
    """What forgetting leaves has nothing of the walk that was, its draw least of all."""
    resident = Resident(CONTENT).count()
    resident.hear(Commanded("forget"))
    before = resident.progress
    turn = answer(before, Tapped("forget", "yes", before.tag), CONTENT, resident.city)
    assert turn.progress.draw != before.draw


def test_a_resume_code_is_never_kept_as_own_words() -> None:
    """It opens a walk: it must not stand in an export."""
    resident = Resident(CONTENT).count()
    resident.hear(Commanded("back"))
    assert not answers(resident.hear(Typed("ABCD-EFGH-2345")))


@pytest.mark.parametrize("text", ["geen idee hoor", "meer geld daar", "buitenlander"])
def test_ordinary_words_are_no_resume_code(text: str) -> None:
    resident = Resident(CONTENT)
    resident.hear(Arrived())
    resident.tap("nl")
    resident.tap("no")
    assert not [fact for fact in resident.hear(Typed(text)).facts if isinstance(fact, Resumes)]


def test_a_chain_that_was_left_is_offered_again() -> None:
    """How important: one of five was said, then something else was tapped."""
    resident = finished()
    resident.tap("goodbye:importance")
    resident.tap("growth.importance:5")
    resident.tap("goodbye:share")
    resident.hear(Arrived())
    assert any(button.data.startswith("goodbye:importance:") for button in resident.newest)
    assert resident.tap("goodbye:importance").progress.at == "inner_city.importance"


def test_another_district_can_be_tapped() -> None:
    resident = Resident(CONTENT).count()
    while resident.progress.at != "neighbourhood":
        resident.tap("skipped" if resident.progress.at == "age" else resident.newest[0].label)
    resident.tap("wijk_01")
    assert resident.tap("wijk_02").progress.narrow == "wijk_02"
    resident.hear(Commanded("answers"))
    assert resident.tap("answers:dream").progress.narrow == ""


def finished(worry: str = "") -> Resident:
    """Somebody at the goodbye; with a worry in own words when one is given."""
    resident = Resident(CONTENT).count()
    while resident.progress.now != "goodbye":
        if resident.progress.now == "worry" and worry:
            resident.hear(Typed(worry))
        else:
            _press(resident, resident.newest[0].data)
    return resident


def asked_back() -> Resident:
    """Somebody at the first dilemma who was asked whether they meant one certain choice."""
    resident = Resident(CONTENT).count()
    resident.progress = replace(resident.progress, meant=("a",))
    return resident


def test_a_question_mark_asks_for_help_and_is_no_dream() -> None:
    resident = Resident(CONTENT).count()
    turn = resident.hear(Typed("??"))
    assert turn.says[0].head == CONTENT.words("nl")("help.head")
    assert turn.facts == ()


@pytest.mark.parametrize("text", ["7", "99", "ja", "nope"])
def test_what_is_no_reason_is_asked_back(text: str) -> None:
    resident = Resident(CONTENT).count()
    resident.tap("a")
    assert resident.hear(Typed(text)).facts == ()


def test_words_that_come_late_are_no_reason() -> None:
    """Typed at the position, delivered after the tap that answered it."""
    resident = Resident(CONTENT).count()
    resident.tap("a")
    assert resident.hear(Typed("Even groot blijven")).facts == ()


def test_a_number_under_a_pause_counts_for_nothing() -> None:
    resident = Resident(CONTENT).count()
    resident.hear(Commanded("stop"))
    turn = resident.hear(Typed("1"))
    assert (turn.facts, turn.progress.now) == ((), "growth.position")


def test_what_residents_type_is_not_remembered_by_the_program() -> None:
    before = plain_phrase.cache_info().currsize
    resident = Resident(CONTENT).count()
    resident.hear(Typed("een geheim dat nergens blijft"))
    resident.hear(Typed("nog een geheim, bij een keuze"))
    grown = plain_phrase.cache_info().currsize
    resident.hear(Typed("en een heel ander geheim"))
    assert plain_phrase.cache_info().currsize == grown
    assert grown >= before
