"""A dialogue in a group: what may be shown, when, and that nothing of anybody shows before."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content import Content, shipped
from conversations.group_card import card
from conversations.group_posts import post
from conversations.group_seat import answer, ordered
from conversations.group_session import BIN, BINS, Card, Counts, Door, GroupSession, Seat, Tally, View
from conversations.group_sheet import found, sheet
from conversations.group_view import reasons, view
from conversations.shapes import POSITIONS, Tapped
from tests.machine import without_argument
from tests.table import DOORS, Table

CONTENT = shipped()
NAMES = ("Anna", "Bram", "Chen", "Daan", "Elif", "Fons", "Gita", "Hao")
LANGUAGES = ("en", "nl", "en", "li", "en", "nl", "li", "nl")
positions = st.sampled_from(POSITIONS)


def begun(members: int = 6, content: Content = CONTENT, **how: object) -> Table:
    """A group at its first question."""
    table = Table(content, **how)  # type: ignore[arg-type]
    table.order("next")
    for name, language in zip(NAMES[:members], LANGUAGES, strict=False):
        table.join(name, language)
    table.order("next")
    return table


def shown(cards: list[Card]) -> str:
    return "\n".join(f"{block.head}\n{block.text}" for one in cards for block in one.blocks)


# ---------------------------------------------------------------- what a view shows


@given(st.lists(positions, max_size=30), st.integers(3, 10))
def test_a_view_has_no_bin_of_all_or_all_but_one(chosen: list[str], enough: int) -> None:
    seen = view(Counter(chosen), enough)
    bins = Counter(BIN[code] for code in chosen)
    if len(chosen) < enough:
        assert seen is None
        return
    assert seen is not None
    most, people = bins.most_common(1)[0]
    if people >= len(chosen) - 1:
        assert seen == View(most), "no numbers beside nearly all"
    else:
        assert seen == View("", {one: bins[one] for one in BINS})
        assert max(seen.counts.values()) < len(chosen) - 1


@pytest.mark.parametrize("draw", range(8))
def test_a_talk_is_never_about_a_withdrawn_argument(draw: int) -> None:
    content = without_argument(CONTENT, "growth", "a1")
    session = GroupSession("g", "dreams", draw, "nl", ("growth",), stage="silent")
    assert reasons(session, Tally(reasons={"a1": 5}), content)[0] == "a2"
    assert not answer(session, Seat(language="nl"), "growth.reasons", "a1", content).facts
    assert answer(session, Seat(language="nl"), "growth.reasons", "a2", content).facts


# ---------------------------------------------------------------- before a view


class Sitting:
    """What a group does until its first view: joining, tapping, changing, leaving, in any order."""

    def __init__(self, order: list[tuple[str, int]], chosen: list[str], reasons: list[str]) -> None:
        self.table = begun(0)
        self.table.enough = 99  # nobody's view comes by itself
        for number, (what, who) in enumerate(order):
            name, language = NAMES[who], LANGUAGES[who]
            if what == "join":
                self.table.join(name, language)
            elif name in self.table.seats:
                if what == "leave":
                    self.table.leave(name)
                elif what == "reason":
                    self.table.tap(name, reasons[number], "reasons")
                else:
                    self.table.tap(name, chosen[number])


STEPS = st.tuples(st.sampled_from(["join", "join", "tap", "tap", "reason", "leave"]), st.integers(0, 7))


@st.composite
def sittings(draw: st.DrawFn) -> tuple[list[tuple[str, int]], list[str], list[str], list[str], list[str]]:
    order = draw(st.lists(STEPS, min_size=5, max_size=40))
    n = len(order)
    some = st.lists(positions, min_size=n, max_size=n)
    why = st.lists(st.sampled_from(["a1", "a2", "b1", "b2"]), min_size=n, max_size=n)
    return order, draw(some), draw(some), draw(why), draw(why)


@settings(deadline=None, max_examples=60)
@given(sittings())
def test_before_a_view_the_group_sees_the_same_whatever_anybody_chose(
    sitting: tuple[list[tuple[str, int]], list[str], list[str], list[str], list[str]],
) -> None:
    order, one, another, reasons, others = sitting
    first, second = Sitting(order, one, reasons).table, Sitting(order, another, others).table
    assert first.screen == second.screen
    # Too few for a view: what is said instead, and what the talk is about, tell nothing either.
    first.time(), second.time()
    assert first.session.stage == "talk"
    assert first.screen == second.screen


@settings(deadline=None, max_examples=40)
@given(st.permutations(range(6)), st.lists(positions, min_size=6, max_size=6), st.lists(positions, max_size=5))
def test_the_order_in_which_they_tap_changes_nothing(arrival: list[int], chosen: list[str], before: list[str]) -> None:
    seen = []
    for order in (list(range(6)), arrival):
        table = begun(6)
        for who, code in zip(order, before, strict=False):
            table.tap(NAMES[who], code)  # they change their minds, all but one: nothing is shown yet
        for who in order:
            table.tap(NAMES[who], chosen[who]) if table.session.stage == "silent" else None
        seen.append(table.session.views)
    assert seen[0].keys() == {"growth.before"}
    assert seen[0] == seen[1]


# ---------------------------------------------------------------- the course of it


def test_everybody_answered_and_the_view_is_there() -> None:
    table = begun(4)
    for name, code in zip(NAMES, ("a", "rather_a", "between", "b"), strict=False):
        assert table.session.stage == "silent"
        table.tap(name, code)
    assert table.session.stage == "shown"
    assert table.session.views == {"growth.before": View("", {"a": 2, "between": 1, "b": 1})}


def test_fewer_than_the_threshold_are_told_why_and_may_talk() -> None:
    table = begun(3)
    for name in NAMES[:3]:
        table.tap(name, "a")
    assert table.session.stage == "silent", "three have answered, four are needed"
    assert table.order("next").remark == "group.wait_for"
    table.time()
    assert table.session.stage == "talk"
    assert table.session.views == {}
    assert "4 antwoorden" in shown(table.screen)


def test_who_says_nothing_new_stays_where_they_were() -> None:
    table = begun(5)
    for name, code in zip(NAMES, ("a", "a", "b", "b", "between"), strict=False):
        table.tap(name, code)
    table.order("next")
    table.tap("Anna", "b")
    table.order("next")
    assert table.session.views["growth.after"] == View("", {"a": 1, "between": 1, "b": 3})
    (one,) = found(table.session)
    assert one.moved is True
    assert one.shared == ""


def test_leaving_after_a_view_changes_no_view_and_the_count_does_not_fall() -> None:
    table = begun(5)
    for name in NAMES[:3]:
        table.tap(name, "a")
    before = table.screen[-1]
    table.leave("Bram")
    assert table.screen[-1] == before, "who watches cannot tell that somebody who had answered left"
    table.tap("Daan", "b")
    assert table.session.stage == "silent", "who left does not count among those who answered"
    table.tap("Elif", "b")
    assert table.session.stage == "shown"
    frozen = table.session.views
    for name in list(table.seats):
        table.leave(name)
    assert table.session.views == frozen


def test_two_facilitators_at_once_lead_one_step_on() -> None:
    table = begun(4)
    table.time()
    step = table.session.step
    table.order("next", step)
    assert table.order("next", step).remark == "group.done_already"
    assert table.session.step == step + 1


def test_a_pause_keeps_the_time_and_takes_no_answers() -> None:
    table = begun(4)
    assert table.order("pause", left=77).seconds == 0
    turn = answer(table.session, Seat("en"), "growth.position", "a", CONTENT)
    assert turn.facts == ()
    assert turn.alert == CONTENT.words("en")("group.paused_alert")
    assert table.order("resume").seconds == 77


def test_an_old_card_changes_nothing() -> None:
    table = begun(4, dilemmas=("growth", "space"))
    for _ in range(4):
        table.time()
    assert table.session.dilemma == "space"
    turn = answer(table.session, Seat("en"), "growth.position", "a", CONTENT)
    assert (turn.facts, turn.seat) == ((), Seat("en"))
    table.order("finish")
    over = answer(table.session, Seat("li"), "space.position", "a", CONTENT)
    assert over.alert == CONTENT.words("li")("group.over")


def test_ending_asks_back_and_going_on_takes_it_back() -> None:
    table = begun(4)
    table.order("end")
    assert [b.label for row in table.screen[-1].buttons for b in row][-3:][0].startswith("Overzicht")
    table.order("go_on")
    assert table.session.stage == "silent"


def test_setting_up_chooses_questions_and_languages() -> None:
    table = Table(CONTENT)
    assert table.session.dilemmas == ("growth", "inner_city"), "two are proposed for 90 minutes, in number order"
    table.order("on.digital")
    table.order("off.growth")
    assert table.session.dilemmas == ("inner_city", "digital")
    table.order("off.digital")
    assert table.order("off.inner_city").remark == "group.one_question"
    table.order("speak.li")
    table.order("next")
    assert [block.language for block in table.screen[-1].blocks] == ["li"]


def test_the_card_speaks_the_languages_of_who_joined() -> None:
    table = begun(3)
    assert [block.language for block in table.screen[-1].blocks] == ["nl", "en"]


# ---------------------------------------------------------------- what fits


@cache
def sessions() -> list[GroupSession]:
    """Every question, with either side first, in every stage."""
    found: list[GroupSession] = []
    for dilemma in CONTENT.dilemmas:
        for draw in (1, 2, 3, 4):
            table = begun(4, draw=draw, dilemmas=(dilemma,))
            found.append(table.session)
            for name, code in zip(NAMES, ("a", "rather_a", "b", "b"), strict=False):
                table.tap(name, code)
            found += [table.session, table.order("next").session, table.order("next").session]
            found += [replace(one, paused=True) for one in found[-2:]]
            found.append(table.order("finish").session)
    return [replace(one, shown=CONTENT.languages) for one in found]


def test_every_alert_fits_and_says_what_the_number_means() -> None:
    for session in sessions():
        for language in CONTENT.languages:
            for number, code in enumerate(ordered(session, session.dilemma), 1):
                alert = answer(session, Seat(language), f"{session.dilemma}.{session.item}", code, CONTENT).alert
                assert len(alert) <= 200
                assert not session.item or alert.startswith(f"{number}: ")
            for key, text in CONTENT.words(language).messages.items():
                if key.startswith("group.") and key in ALERTS:
                    assert len(text) <= 200, key


ALERTS = tuple(
    f"group.{key}"
    for key in (
        "you_join", "you_talk", "join_first", "question_over", "paused_alert", "done_already", "not_yours", "noted",
        "over", "wait_for", "one_question", "left", "no_join", "reason_kept",
    )
)  # fmt: skip


def test_every_card_fits_a_message_and_every_button_can_be_pressed() -> None:
    for session in sessions():
        one = card(session, Counts(200, 200, CONTENT.languages), 4, 10, DOORS, CONTENT)
        assert len(shown([one])) <= 4096
        for button in (button for row in one.buttons for button in row):
            assert len(button.label) <= 40, button
            if not isinstance(button, Door):
                assert Tapped.read(button.data), button
        assert all(len(row) <= 8 for row in one.buttons)
    for what in ("sheet", "over", "too_few.growth.before"):
        assert len(shown([post(sessions()[-1], what, 4, CONTENT)])) <= 4096


@pytest.mark.parametrize("language", CONTENT.languages)
def test_the_sheet_says_what_is_shared_what_divides_and_what_moved(language: str) -> None:
    table = begun(6, dilemmas=("growth", "space", "digital"))
    for chosen, changed in ((("a",) * 6, {}), (("a", "a", "b", "b", "a", "b"), {"Anna": "between"}), ((), {})):
        for name, code in zip(NAMES, chosen, strict=False):
            table.tap(name, code)
        if table.session.stage == "silent":
            table.time()
        else:
            table.order("next")
        for name, code in changed.items():
            table.tap(name, code)
        table.order("next")
        table.order("next")
    assert table.session.stage == "ended"
    names = {code: one.short[language] for code, one in CONTENT.dilemmas.items()}
    words, text = CONTENT.words(language), sheet(table.session, CONTENT, language).text
    for key, code in (("shared", "growth"), ("divided", "space"), ("moved", "space"), ("still", "growth")):
        assert words(f"group.sheet_{key}", names=names[code]) in text
    assert words("group.sheet_none", names=names["digital"]) in text
    assert words("group.only_here") in text
