"""Releases: what may be shown, step by step, and that nothing about too few people ever is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update

from bot.house import House
from content import Content
from conversations.shapes import POSITIONS
from storage.database import begin_write, now
from storage.erasure import erase
from storage.keeping import answers
from storage.releases import CHOICE_STEPS, CSV_COLUMNS, POSITION, Ladder, csv_rows, figure, latest, release
from tests.seeding import THEN, crowd, position, resident

PLACES = POSITION.codes
STEPS = [step for step, _ in POSITION.steps]


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
        (counts(10, 12, 0, 30, 11), 63, "five", counts(10, 12, 0, 30, 11)),
        (counts(9, 12, 0, 30, 11), 62, "three", {"side_a": 21, "between": 0, "side_b": 41}),
        (counts(9, 12, 3, 3, 11), 38, "largest", {"side_a": 21, "rest": 17}),
        (counts(1, 1, 14, 5, 5), 26, "largest", {"between": 14, "rest": 12}),
        (counts(2, 2, 2, 2, 2), 10, "total", {}),
        (counts(10, 0, 0, 0, 0), 10, "five", counts(10, 0, 0, 0, 0)),
        (counts(0, 0, 0, 0, 0), None, "total", {}),
    ],
)
def test_positions_are_coarsened_before_anything_is_hidden(
    given_counts: dict[str, int], base: int | None, step: str, shown: dict[str, int]
) -> None:
    assert figure(given_counts, POSITION, 10) == {"base": base, "step": step, "counts": shown}


def test_what_weighs_most_is_coarsened_to_the_largest_against_the_rest() -> None:
    ladder = Ladder(("growth", "space", "digital"), CHOICE_STEPS)
    assert figure({"growth": 20, "space": 9, "digital": 3}, ladder, 10) == {
        "base": 32,
        "step": "largest",
        "counts": {"growth": 20, "rest": 12},
    }


@given(st.lists(st.integers(0, 60), min_size=5, max_size=5), st.integers(2, 20))
def test_no_cell_of_a_figure_is_about_too_few(numbers: list[int], reveal_at: int) -> None:
    shown = figure(counts(*numbers), POSITION, reveal_at)
    assert all(n == 0 or n >= reveal_at for n in shown["counts"].values())
    assert (shown["base"] is None) == (sum(numbers) < reveal_at)
    if shown["counts"]:
        assert sum(shown["counts"].values()) == shown["base"] == sum(numbers)


# ---------------------------------------------------------------- one release after another


def test_the_first_release_waits_for_enough_people(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        crowd(conn, [{"growth": "a"}] * 9, "p")
        assert release(conn, content, "dreams", 10, now()) is None
        assert latest(conn, "dreams") is None
        crowd(conn, [{"space": "b"}], "q")
        made = release(conn, content, "dreams", 10, now())
        assert made is not None
        summary = latest(conn, "dreams")
        assert summary is not None
        assert (made.number, summary["release"], summary["base"], summary["reveal_at"]) == (1, 1, 10, 10)
        hidden = {"base": None, "step": "total", "counts": {}, "as_of": 1}
        assert list(summary["dilemmas"]) == ["growth", "inner_city", "space", "society", "digital", "care"]
        assert all(shown == hidden for shown in summary["dilemmas"].values())
        assert summary["items"] == {"weighs_most": hidden}


def test_a_later_release_needs_enough_people_who_came_or_went(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        people = crowd(conn, [{"growth": "a"}] * 20, "p")
        first = release(conn, content, "dreams", 10, THEN)
        assert first is not None
        assert first.made_at == THEN
        crowd(conn, [{"growth": "b"}] * 9, "q")
        assert release(conn, content, "dreams", 10, now()) is None
        erase(conn, people[0], house.keys, now(), tell_receiver=False)
        # Ten came or went, but the figure itself would change by eight: it stays as it was.
        assert release(conn, content, "dreams", 10, now()) is None
        crowd(conn, [{"growth": "b"}] * 2, "r")
        second = release(conn, content, "dreams", 10, now())
        assert second is not None
        summary = latest(conn, "dreams")
        assert summary is not None
        growth = summary["dilemmas"]["growth"]
        assert growth == {"base": 30, "step": "five", "counts": counts(19, 0, 0, 0, 11), "as_of": 2}
        assert (second.number, second.joined, second.left) == (2, 31, 1)


def test_a_step_once_taken_never_gets_coarser(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        crowd(conn, [{"growth": "a"}] * 10 + [{"growth": "b"}] * 10, "p")
        release(conn, content, "dreams", 10, now())
        crowd(conn, [{"growth": "rather_a", "space": "a"}] * 5 + [{"growth": "b", "space": "a"}] * 5, "q")
        release(conn, content, "dreams", 10, now())
        summary = latest(conn, "dreams")
        assert summary is not None
        assert summary["release"] == 2
        assert summary["dilemmas"]["growth"] == {
            "base": 20,
            "step": "five",
            "counts": counts(10, 0, 0, 0, 10),
            "as_of": 1,
        }
        assert summary["dilemmas"]["space"]["as_of"] == 2


def test_only_live_substantive_answers_from_before_the_results_count(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        for n in range(12):
            resident(conn, house.keys, position("growth", "a"), position("growth", "b"), address=f"{n}")
        resident(conn, house.keys, position("growth", "a", after_results=True), address="late")
        release(conn, content, "dreams", 10, now())
        summary = latest(conn, "dreams")
        assert summary is not None
        assert summary["dilemmas"]["growth"]["counts"] == counts(0, 0, 0, 0, 12)
        # Thirteen gave a position; beside a figure of twelve that would tell about one person.
        assert summary["base"] == 12


def test_the_summary_as_csv_holds_the_same_figures(house: House, content: Content) -> None:
    with rolled_back(house) as conn:
        crowd(conn, [{"growth": "a", "weighs_most": "growth"}] * 15 + [{"growth": "b"}] * 10, "p")
        release(conn, content, "dreams", 10, THEN)
        summary = latest(conn, "dreams")
        assert summary is not None
        rows = [dict(zip(CSV_COLUMNS, row, strict=True)) for row in csv_rows(summary)]
    assert {row["released_at"] for row in rows} == {"2026-03-14T15:59:59Z"}
    growth = {row["code"]: row["count"] for row in rows if row["dilemma"] == "growth"}
    assert growth == counts(15, 0, 0, 0, 10)
    assert [(r["step"], r["code"], r["count"]) for r in rows if r["dilemma"] == "space"] == [("total", "", None)]
    assert {r["code"]: r["count"] for r in rows if r["item"] == "weighs_most"}["growth"] == 15


# ---------------------------------------------------------------- whatever happens

PERSON = st.fixed_dictionaries(
    {},
    optional={
        "growth": st.sampled_from(POSITIONS),
        "space": st.sampled_from(POSITIONS[:2]),
        "care": st.sampled_from(POSITIONS),
        "weighs_most": st.sampled_from(["growth", "space", "digital"]),
    },
)
CHAPTER = st.tuples(st.lists(PERSON, max_size=12), st.integers(0, 6), st.integers(0, 6))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


def _figures(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {**summary["dilemmas"], **summary["items"]}


def _enough(people: int, reveal_at: int) -> bool:
    return people == 0 or abs(people) >= reveal_at


def _holds(conn: Connection, past: list[dict[str, Any]], reveal_at: int) -> None:
    summary = past[-1]
    assert [one["release"] for one in past] == list(range(1, len(past) + 1))
    shown = {name: one for name, one in _figures(summary).items() if one["base"] is not None}
    for name, one in shown.items():
        assert one["base"] >= reveal_at
        assert all(_enough(n, reveal_at) for n in one["counts"].values())
        assert not one["counts"] or sum(one["counts"].values()) == one["base"]
        assert one == _figures(past[one["as_of"] - 1])[name], "a figure is frozen in the release it names"
    largest = max((one["base"] for one in shown.values()), default=0)
    if summary["base"] > largest:
        assert all(_enough(summary["base"] - one["base"], reveal_at) for one in shown.values())
    if len(past) > 1:
        _follows(past[-2], summary, reveal_at)
    _is_counted(conn, summary)


def _follows(before: dict[str, Any], after: dict[str, Any], reveal_at: int) -> None:
    for name, new in _figures(after).items():
        old = _figures(before)[name]
        if old["base"] is None:
            continue
        assert new["base"] is not None, "what was shown stays shown"
        assert _enough(new["base"] - old["base"], reveal_at)
        if name in after["dilemmas"]:
            assert STEPS.index(new["step"]) <= STEPS.index(old["step"])
        if new["as_of"] == old["as_of"]:
            assert new == old


def _is_counted(conn: Connection, summary: dict[str, Any]) -> None:
    """The figures of this very release, counted once more in Python from the rows."""
    rows = conn.execute(answers.select().where(answers.c.current, answers.c.status == "answered")).all()
    for dilemma, one in summary["dilemmas"].items():
        if one["as_of"] != summary["release"] or one["base"] is None:
            continue
        chosen = Counter(row.code for row in rows if (row.dilemma, row.item) == (dilemma, "position"))
        assert one["base"] == sum(chosen.values())
        if one["step"] == "five":
            assert one["counts"] == {code: chosen[code] for code in POSITIONS}
        if one["step"] == "three":
            assert one["counts"]["side_a"] == chosen["a"] + chosen["rather_a"]
            assert one["counts"]["side_b"] == chosen["b"] + chosen["rather_b"]
