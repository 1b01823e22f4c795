"""Releases: what may be shown, step by step, and that nothing about too few people ever is."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, update

from bot.house import House
from content import Content
from conversations.shapes import POSITIONS
from storage.database import begin_write, now
from storage.erasure import erase
from storage.keeping import answers
from storage.ladders import POSITION, SHIFTS, choices, figure, ticked
from storage.releases import CSV_COLUMNS, csv_rows, figures, latest, release
from tests.databases import BOTH
from tests.seeding import THEN, crowd, mixed, position, resident

PLACES = POSITION.codes
STEPS = POSITION.names


@contextmanager
def rolled_back(house: House) -> Iterator[Connection]:
    """A transaction on the real database that leaves nothing behind."""
    with house.engine.connect() as conn:
        begin_write(conn)
        yield conn
        conn.rollback()


def counts(*numbers: int) -> dict[str, int]:
    return dict(zip(PLACES, numbers, strict=True))


@pytest.mark.parametrize(
    ("given_counts", "base", "step", "shown"),
    [
        (counts(3, 2, 1, 2, 1), None, "total", {}),
        (counts(10, 12, 0, 30, 5), 57, "five", counts(10, 12, 0, 30, 5)),
        (counts(4, 12, 0, 30, 11), 57, "three", {"side_a": 16, "between": 0, "side_b": 41}),
        (counts(9, 12, 3, 3, 11), 38, "largest", {"side_a": 21, "rest": 17}),
        (counts(1, 1, 14, 5, 5), 26, "largest", {"between": 14, "rest": 12}),
        (counts(2, 2, 4, 1, 2), 11, "total", {}),
        (counts(1, 2, 3, 2, 2), 10, "total", {}),
        (counts(10, 0, 0, 0, 0), 10, "five", counts(10, 0, 0, 0, 0)),
        (counts(0, 0, 0, 0, 0), None, "total", {}),
    ],
)
def test_positions_are_coarsened_before_anything_is_hidden(
    given_counts: dict[str, int], base: int | None, step: str, shown: dict[str, int]
) -> None:
    assert figure(given_counts, POSITION, 10, 5) == {"base": base, "step": step, "counts": shown}


def test_what_weighs_most_is_coarsened_to_the_largest_against_the_rest() -> None:
    assert figure({"growth": 20, "space": 9, "digital": 3}, choices(("growth", "space", "digital")), 10, 5) == {
        "base": 32,
        "step": "largest",
        "counts": {"growth": 20, "rest": 12},
    }


def test_reasons_are_coarsened_by_side_and_a_cell_tells_of_who_is_not_in_it() -> None:
    reasons = ticked(("a1", "a2", "b1", "b2"), sides=True)
    clear = {"a1": 10, "a1 b1": 6, "a2": 5, "b2": 7, "": 2}
    each = {"a1": 16, "a2": 5, "b1": 6, "b2": 7}
    assert figure(clear, reasons, 10, 5) == {"base": 30, "step": "each", "counts": each}
    few = {"a1": 10, "a2": 3, "b1": 9, "b2": 2}
    assert figure(few, reasons, 10, 5) == {"base": 24, "step": "sides", "counts": {"side_a": 13, "side_b": 11}}
    # Three did not tick a reason of side a; that one is hidden, and the other with it says nothing either.
    assert figure({"a1 b1": 10, "b1": 3, "a1": 9}, reasons, 10, 5) == {"base": 22, "step": "total", "counts": {}}


def test_a_small_value_is_hidden_together_with_one_that_is_not() -> None:
    values = ticked(("justice", "diversity", "quality", "none"))
    given_values = {"justice quality": 12, "diversity": 2, "quality": 6, "none": 5}
    assert figure(given_values, values, 10, 5) == {
        "base": 25,
        "step": "each",
        "counts": {"justice": 12, "diversity": None, "quality": 18, "none": None},
    }


def test_shifts_are_coarsened_to_who_moved_which_way() -> None:
    moves = {"a>rather_a": 7, "a>a": 12, "b>between": 6, "rather_b>b": 8}
    assert figure(moves, SHIFTS, 10, 5)["step"] == "five"
    moves["between>b"] = 3
    assert figure(moves, SHIFTS, 10, 5) == {
        "base": 36,
        "step": "moved",
        "counts": {"towards_a": 6, "same": 12, "towards_b": 18},
    }


@given(st.lists(st.integers(0, 60), min_size=5, max_size=5), st.integers(2, 20))
def test_no_cell_of_a_figure_is_about_too_few(numbers: list[int], reveal_at: int) -> None:
    shown = figure(counts(*numbers), POSITION, reveal_at, min(5, reveal_at))
    assert all(n == 0 or n >= min(5, reveal_at) for n in shown["counts"].values())
    assert (shown["base"] is None) == (sum(numbers) < reveal_at)
    if shown["counts"]:
        assert sum(shown["counts"].values()) == shown["base"] == sum(numbers)


def test_how_much_few_people_can_be_shown() -> None:
    """What the design counts on: at ten people mostly the total alone, at eighty nearly always all five."""
    draw = random.Random(5)

    def share(people: int, step: str) -> float:
        drawn = (Counter(draw.choices(PLACES, k=people)) for _ in range(400))
        made = [figure({code: one[code] for code in PLACES}, POSITION, 10, 5)["step"] for one in drawn]
        return made.count(step) / 400

    assert share(80, "five") > 0.9
    assert share(10, "total") > 0.5


# ---------------------------------------------------------------- one release after another


def told(conn: Connection) -> dict[str, Any]:
    summary = latest(conn, "dreams")
    assert summary is not None
    return summary


def test_the_first_release_waits_for_enough_people(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        crowd(conn, [{"growth": "a"}] * 9, "p")
        assert release(conn, content, "dreams", 10, now()) is None
        assert latest(conn, "dreams") is None
        crowd(conn, [{"space": "b"}], "q")
        made = release(conn, content, "dreams", 10, now())
        assert made is not None
        summary = told(conn)
        assert (made.number, summary["release"], summary["base"], summary["reveal_at"]) == (1, 1, 10, 10)
        assert list(summary["dilemmas"]) == ["growth", "inner_city", "space", "society", "digital", "care"]
        assert list(summary["items"]) == ["weighs_most", "values"]
        # Nothing but the total: which question they answered is about fewer than ten.
        assert {json.dumps(one) for *_, one in figures(summary)} == {
            json.dumps({"base": None, "step": "total", "counts": {}, "as_of": 1})
        }


def test_a_later_release_needs_enough_people_who_came_or_went(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        people = crowd(conn, mixed("ab", 20), "p")
        first = release(conn, content, "dreams", 10, THEN)
        assert first is not None
        assert first.made_at == THEN
        crowd(conn, mixed("ba", 9), "q")
        assert release(conn, content, "dreams", 10, now()) is None
        erase(conn, people[0], house.keys, now(), tell_receiver=False)
        # Ten came or went, but the figure itself would change by eight: it stays as it was.
        assert release(conn, content, "dreams", 10, now()) is None
        crowd(conn, mixed("ba", 2), "r")
        second = release(conn, content, "dreams", 10, now())
        assert second is not None
        growth = told(conn)["dilemmas"]["growth"]
        assert (growth["base"], growth["counts"], growth["as_of"]) == (30, counts(14, 0, 0, 0, 16), 2)
        assert (second.number, second.joined, second.left) == (2, 31, 1)


def test_when_enough_people_left_the_figures_follow(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        people = crowd(conn, mixed("ab", 40), "p")
        release(conn, content, "dreams", 10, now())
        for one in people[:12]:
            erase(conn, one, house.keys, now(), tell_receiver=False)
        assert release(conn, content, "dreams", 10, now())
        assert told(conn)["dilemmas"]["growth"]["base"] == 28
        # As many came back: beside the first release that would tell who is not among them.
        crowd(conn, mixed("ab", 13), "q")
        assert release(conn, content, "dreams", 10, now()) is None


def test_newcomers_who_all_say_the_same_are_not_shown_yet(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        crowd(conn, mixed("ab", 20), "p")
        release(conn, content, "dreams", 10, now())
        crowd(conn, [{"growth": "a"}] * 12, "q")
        assert release(conn, content, "dreams", 10, now()) is None
        crowd(conn, [{"growth": "b"}] * 2, "r")
        assert release(conn, content, "dreams", 10, now())
        assert told(conn)["dilemmas"]["growth"]["counts"] == counts(22, 0, 0, 0, 12)


def test_a_step_once_taken_never_gets_coarser(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        crowd(conn, mixed("ab", 20), "p")
        release(conn, content, "dreams", 10, now())
        come = [{"growth": "rather_a", "space": "a"}] * 4 + [{"growth": "b", "space": "b"}] * 6
        crowd(conn, come, "q")
        release(conn, content, "dreams", 10, now())
        summary = told(conn)
        growth = summary["dilemmas"]["growth"]
        assert summary["release"] == 2
        assert (growth["step"], growth["counts"], growth["as_of"]) == ("five", counts(10, 0, 0, 0, 10), 1)
        assert summary["dilemmas"]["space"]["as_of"] == 2


def test_only_live_substantive_answers_from_before_the_results_count(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        for n in range(12):
            resident(conn, house.keys, position("growth", "a"), position("growth", "b"), address=f"{n}")
        resident(conn, house.keys, position("growth", "a", after_results=True), address="late")
        release(conn, content, "dreams", 10, now())
        summary = told(conn)
        assert summary["dilemmas"]["growth"]["counts"] == counts(0, 0, 0, 0, 12)
        assert summary["dilemmas"]["growth"]["after_results"]["base"] is None
        # Thirteen gave a position; beside a figure of twelve that would tell about one person.
        assert summary["base"] == 12


@BOTH
def test_a_dilemma_tells_of_all_that_was_asked(house: House, content: Content) -> None:
    one = {"growth": "a", "growth.reasons": "a1 b2", "growth.importance": "4", "growth.position_after": "rather_a"}
    other = {"growth": "b", "growth.reasons": "b2", "growth.importance": "1", "growth.position_after": "b"}
    late = {"growth late": "between"}
    one |= {"neighbourhood": "wyck", "age": "25_44", "language": "en", "relation": "student"}
    other |= {"neighbourhood": "daalhof", "age": "80_plus"}
    nowhere = {"growth": "between", "neighbourhood": "elsewhere", "age": "18_24"}
    with rolled_back(house) as conn:
        people = [*[one, other] * 8, *[one] * 4, *[{**one, "growth": "b"}, {**other, "growth": "a"}] * 5]
        crowd(conn, [*people, *[nowhere] * 12, *[late] * 10, *[{"values": "justice diversity"}] * 11], "p")
        release(conn, content, "dreams", 10, now())
        summary = told(conn)
    growth = summary["dilemmas"]["growth"]
    assert growth["counts"] == counts(17, 0, 12, 0, 13)
    assert growth["after_results"]["counts"] == counts(0, 0, 10, 0, 0)
    assert growth["reasons"]["counts"] == {"a1": 17, "a2": 0, "b1": 0, "b2": 30}
    assert growth["importance"]["counts"] == {"1": 13, "2": 0, "3": 0, "4": 17, "5": 0}
    assert growth["shifts"]["step"] == "five"
    assert {code: n for code, n in growth["shifts"]["counts"].items() if n}["a>rather_a"] == 12
    # Who live elsewhere all said the same: they are not shown, nor is the west, since they would be what is left over.
    district = growth["by"]["district"]
    assert district["step"] == "parts"
    assert [group for group, row in district["groups"].items() if row["base"]] == ["centre"]
    assert {group: row["base"] for group, row in growth["by"]["language"]["groups"].items()} == {
        "nl": 25,
        "en": 17,
        "li": None,
    }
    assert summary["items"]["values"]["counts"]["diversity"] == 11


def responded(conn: Connection) -> tuple[int | None, dict[str, int], int]:
    told_of = told(conn)["dilemmas"]["growth"]["response"]
    return told_of["base"], told_of["counts"], told_of["as_of"]


def test_a_dilemma_tells_how_many_responded_and_how_many_of_them_chose(house: House, content: Content) -> None:
    some = {"dont_know": 12, "neither": 6, "skipped": 5, "declined": 1}
    gave_none = [{"growth": status, "space": "a"} for status, n in some.items() for _ in range(n)]
    elsewhere = [{"inner_city": "a", "growth late": "neither"}, {"inner_city": "b"}] * 6
    with rolled_back(house) as conn:
        crowd(conn, [*mixed("ab", 20), *gave_none, *elsewhere], "p")
        release(conn, content, "dreams", 10, now())
        assert told(conn)["dilemmas"]["growth"]["base"] == 20
        assert responded(conn) == (44, {"substantive": 20, "nonresponse": 24}, 1)
        # Nine more who gave no position are few; so they are told with others.
        crowd(conn, [*mixed("ab", 14), *[{"growth": "skipped", "space": "b"}] * 9], "q")
        release(conn, content, "dreams", 10, now())
        assert told(conn)["dilemmas"]["growth"]["as_of"] == 2
        assert responded(conn)[2] == 1
        crowd(conn, [*mixed("ab", 14), {"growth": "skipped", "space": "b"}], "r")
        release(conn, content, "dreams", 10, now())
        assert responded(conn) == (82, {"substantive": 48, "nonresponse": 34}, 3)


def test_how_many_responded_tells_of_no_few(house: House, content: Content) -> None:
    nobody = (None, {}, 1)
    for gave_none, elsewhere, found in (
        (0, 0, (40, {"substantive": 40, "nonresponse": 0}, 1)),
        (9, 20, nobody),
        # Of the sixty who chose anywhere, fifty-two responded here.
        (12, 20, nobody),
        (12, 0, (52, {"substantive": 40, "nonresponse": 12}, 1)),
    ):
        with rolled_back(house) as conn:
            crowd(conn, [*mixed("ab", 40), *[{"growth": "skipped"}] * gave_none, *[{"space": "a"}] * elsewhere], "p")
            release(conn, content, "dreams", 10, now())
            assert responded(conn) == found


def test_opposite_moves_do_not_make_a_sum_that_tells_of_one(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        people = crowd(conn, [*mixed("ab", 40), *[{"growth": "skipped"}] * 40], "p")
        release(conn, content, "dreams", 10, now())
        assert responded(conn)[0] == 80
        changed = update(answers).where(answers.c.participant.in_(people[40:52])).values(status="answered", code="a")
        conn.execute(changed)
        conn.execute(update(answers).where(answers.c.participant.in_(people[44:52])).values(code="b"))
        conn.execute(delete(answers).where(answers.c.participant == people[60]))
        assert release(conn, content, "dreams", 10, now())
        assert told(conn)["dilemmas"]["growth"]["base"] == 52
        assert responded(conn) == (80, {"substantive": 40, "nonresponse": 40}, 1)


def test_before_and_after_together_do_not_tell_of_the_few_who_gave_neither(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        late = [{"growth late": one["growth"]} for one in mixed("ab", 14)]
        crowd(conn, [*mixed("ab", 40), *late, {"space": "a"}, {"space": "b"}], "p")
        release(conn, content, "dreams", 10, now())
        summary = told(conn)
    growth = summary["dilemmas"]["growth"]
    assert (growth["base"], growth["after_results"]["base"]) == (40, 14)
    # Fifty-six gave a position.
    assert summary["base"] == 54


def test_shifts_do_not_tell_what_the_few_said_who_gave_no_second_position(house: House, content: Content) -> None:
    both = [{**one, "growth.position_after": "b"} for one in mixed("ab", 20)]
    with rolled_back(house) as conn:
        crowd(conn, [*both, *mixed("ab", 10), {"growth": "a"}], "p")
        release(conn, content, "dreams", 10, now())
        assert told(conn)["dilemmas"]["growth"]["shifts"]["step"] == "five"
    with rolled_back(house) as conn:
        crowd(conn, [*both, *mixed("ab", 3)], "p")
        release(conn, content, "dreams", 10, now())
        shifts = told(conn)["dilemmas"]["growth"]["shifts"]
        assert (shifts["step"], shifts["counts"]) == ("moved", {"towards_a": 0, "same": 10, "towards_b": 10})


def test_the_number_of_people_never_seems_to_shrink_by_a_few(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        people = crowd(conn, [*mixed("ab", 20), *[{"space": "a"}] * 10], "p")
        release(conn, content, "dreams", 10, now())
        assert told(conn)["base"] == 30
        for one in people[-3:]:
            erase(conn, one, house.keys, now(), tell_receiver=False)
        crowd(conn, [{"society": code} for code in "aabbaabb" + "ab"], "q")
        release(conn, content, "dreams", 10, now())
        # Thirty-seven there are; beside thirty that would tell that some left.
        assert (told(conn)["release"], told(conn)["base"]) == (2, 30)


def test_the_summary_as_csv_holds_the_same_figures(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        nl = mixed(["a", "b", "between"], 30)
        en = [{**one, "language": "en", "weighs_most": "growth"} for one in mixed(["a", "a", "b"], 30)]
        crowd(conn, [*nl, *en], "p")
        release(conn, content, "dreams", 10, THEN)
        rows = [dict(zip(CSV_COLUMNS, row, strict=True)) for row in csv_rows(told(conn))]
    assert {row["released_at"] for row in rows} == {"2026-03-14T15:59:59Z"}
    positions = [row for row in rows if (row["dilemma"], row["item"]) == ("growth", "position")]
    assert {row["code"]: row["count"] for row in positions if not row["by"]} == counts(30, 0, 10, 0, 20)
    spoke = {row["code"]: row["count"] for row in positions if (row["by"], row["group"]) == ("language", "en")}
    assert spoke == counts(20, 0, 0, 0, 10)
    space = [row for row in rows if (row["dilemma"], row["item"], row["by"]) == ("space", "position", "")]
    assert [(row["step"], row["code"], row["count"]) for row in space] == [("total", "", None)]
    assert {row["code"]: row["count"] for row in rows if row["item"] == "weighs_most"}["growth"] == 30


# ---------------------------------------------------------------- whatever happens

PERSON = st.fixed_dictionaries(
    {},
    optional={
        "growth": st.sampled_from([*POSITIONS, "skipped", "dont_know"]),
        "growth.reasons": st.sampled_from(["a1", "a1 b1", "b2"]),
        "space": st.sampled_from(POSITIONS[:2]),
        "care": st.sampled_from(POSITIONS),
        "weighs_most": st.sampled_from(["growth", "space", "digital"]),
        "neighbourhood": st.sampled_from(["wyck", "daalhof", "elsewhere"]),
        "age": st.sampled_from(["16_17", "25_44"]),
        "language": st.sampled_from(["nl", "en", "li"]),
    },
)
CHAPTER = st.tuples(st.lists(PERSON, max_size=12), st.integers(0, 6), st.integers(0, 6))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CHAPTER, min_size=1, max_size=7), st.integers(2, 6))
def test_whatever_happens_no_release_tells_about_too_few(
    house: House, content: Content, chapters: list[tuple[list[dict[str, str]], int, int]], reveal_at: int
) -> None:
    with rolled_back(house) as conn:
        people: list[str] = []
        past: list[dict[str, Any]] = []
        for number, (come, leave, change) in enumerate(chapters):
            people += crowd(conn, come, f"c{number}_")
            for one in people[:leave]:
                erase(conn, one, house.keys, now(), tell_receiver=False)
            people = people[leave:]
            for one in people[:change]:
                here = (answers.c.participant == one, answers.c.dilemma == "growth")
                conn.execute(update(answers).where(*here).values(code="between"))
            if release(conn, content, "dreams", reveal_at, now()):
                summary = latest(conn, "dreams")
                assert summary is not None
                past.append(summary)
                _holds(conn, past, reveal_at)


def _enough(people: int, reveal_at: int) -> bool:
    return people == 0 or abs(people) >= reveal_at


def _placed(summary: dict[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {tuple(place): one for *place, one in figures(summary)}


def _holds(conn: Connection, past: list[dict[str, Any]], reveal_at: int) -> None:
    summary = past[-1]
    assert [one["release"] for one in past] == list(range(1, len(past) + 1))
    shown = {place: one for place, one in _placed(summary).items() if one["base"] is not None}
    for place, one in shown.items():
        assert one["base"] >= reveal_at
        cells = [n for n in one["counts"].values() if n is not None]
        least = reveal_at if place[1] == "response" else min(5, reveal_at)
        assert all(n == 0 or n >= least for n in cells)
        if place[1] not in ("reasons", "values") and len(cells) == len(one["counts"]) and cells:
            assert sum(cells) == one["base"]
        there = _placed(past[one["as_of"] - 1])[place]
        assert {name: one[name] for name in there if name in ("base", "step", "counts")} == {
            name: there[name] for name in ("base", "step", "counts")
        }, "a figure is frozen in the release it names"
    if len(past) > 1:
        _follows(past[-2], summary, reveal_at)
    _is_counted(conn, summary)


def _follows(before: dict[str, Any], after: dict[str, Any], reveal_at: int) -> None:
    now_told = _placed(after)
    for place, old in _placed(before).items():
        if old["base"] is None:
            continue
        new = now_told.get(place)
        if new is None:
            assert place[2], "only a group may be replaced, by finer ones"
            continue
        assert new["base"] is not None, "what was shown stays shown"
        assert _enough(new["base"] - old["base"], reveal_at)
        if place[1] == "position":
            assert STEPS.index(new["step"]) <= STEPS.index(old["step"])
        if new["as_of"] == old["as_of"]:
            assert (new["base"], new["counts"]) == (old["base"], old["counts"])


def _is_counted(conn: Connection, summary: dict[str, Any]) -> None:
    """The figures of this very release, counted once more in Python from the rows."""
    everything = conn.execute(answers.select().where(answers.c.current)).all()
    rows = [row for row in everything if row.status == "answered"]
    people = len({row.participant for row in rows if row.item == "position"})
    for dilemma, one in summary["dilemmas"].items():
        response = one["response"]
        if response["as_of"] == summary["release"] and response["base"] is not None:
            assert response["base"] == sum((row.dilemma, row.item) == (dilemma, "position") for row in everything)
            assert response["counts"]["substantive"] == one["base"]
            assert _enough(people - response["base"], summary["reveal_at"])
        if one["as_of"] != summary["release"] or one["base"] is None:
            continue
        chosen = Counter(row.code for row in rows if (row.dilemma, row.item) == (dilemma, "position"))
        assert one["base"] == sum(chosen.values())
        if one["step"] == "five":
            assert one["counts"] == {code: chosen[code] for code in POSITIONS}
        if one["step"] == "three":
            assert one["counts"]["side_a"] == chosen["a"] + chosen["rather_a"]
            assert one["counts"]["side_b"] == chosen["b"] + chosen["rather_b"]
