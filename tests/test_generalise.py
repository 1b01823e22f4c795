"""Rows that cannot point at a few people: no rare neighbourhood, no rare combination of age, place and relation."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.house import House
from conversations.shapes import Answered
from storage.database import begin_write
from storage.generalise import ALIKE, HIDDEN, AboutYou, generalise
from tests.exporting import exported
from tests.seeding import resident

DISTRICTS = {"wyck": "wijk_01", "jekerkwartier": "wijk_01", "amby": "wijk_05", "heer": "wijk_04"}
TEN = 10
PLACES = st.sampled_from([*DISTRICTS, "elsewhere", ""])
PEOPLE = st.lists(
    st.builds(
        AboutYou, st.sampled_from(["16_17", "25_44", ""]), PLACES, st.sampled_from(["resident", "student", "other", ""])
    ),
    max_size=60,
)


def shown(*groups: tuple[int, AboutYou], reveal_at: int = TEN) -> Counter[AboutYou]:
    people = {f"p{n}": one for n, one in enumerate(one for many, one in groups for _ in range(many))}
    return Counter(generalise(people, DISTRICTS, reveal_at).values())


def test_a_neighbourhood_stands_in_rows_from_ten_people_on() -> None:
    assert shown((10, AboutYou("", "wyck"))) == {AboutYou("", "wyck"): 10}
    assert shown((9, AboutYou("", "wyck"))) == {AboutYou("", "wijk_01"): 9}
    assert shown((1, AboutYou("", "elsewhere"))) == {AboutYou("", "elsewhere"): 1}


def test_who_shares_all_three_keeps_all_three_and_who_does_not_keeps_the_place() -> None:
    crowd, alone = AboutYou("25_44", "wyck", "resident"), AboutYou("80_plus", "wyck", "student")
    assert shown((12, crowd), (1, alone)) == {crowd: 12, AboutYou(HIDDEN, "wyck", HIDDEN): 1}


def test_the_first_that_is_shared_is_shown() -> None:
    """In one neighbourhood too few, in the district enough; or enough of that age, whatever the relation."""
    crowd = AboutYou("65_79", "wyck", "resident")
    told = shown((10, crowd), (3, AboutYou("25_44", "wyck", "other")), (3, AboutYou("25_44", "jekerkwartier", "other")))
    assert told == {crowd: 10, AboutYou("25_44", "wijk_01", "other"): 6}
    told = shown((10, crowd), (3, AboutYou("25_44", "wyck", "student")), (3, AboutYou("25_44", "wyck", "other")))
    assert told == {crowd: 10, AboutYou("25_44", "wyck", HIDDEN): 6}
    told = shown((10, crowd), (3, AboutYou("16_17", "wyck", "student")), (3, AboutYou("25_44", "wyck", "student")))
    assert told == {crowd: 10, AboutYou(HIDDEN, "wyck", "student"): 6}


def test_one_of_the_three_alone_is_no_combination() -> None:
    for one in (AboutYou("80_plus"), AboutYou("", "", "student"), AboutYou("", "heer")):
        assert shown((1, one)) == {AboutYou(one.age, DISTRICTS.get(one.place, ""), one.relation): 1}


@given(PEOPLE, st.integers(2, 12))
def test_no_combination_with_an_age_or_a_relation_is_rare(people: list[AboutYou], reveal_at: int) -> None:
    named = {f"p{n}": one for n, one in enumerate(people)}
    told = generalise(named, DISTRICTS, reveal_at)
    assert told.keys() == named.keys()
    alike = Counter(told.values())
    lived_in = Counter(one.place for one in people)
    for person, one in told.items():
        if sum(code not in ("", HIDDEN) for code in (one.age, one.place, one.relation)) > 1:
            assert alike[one] >= min(reveal_at, ALIKE)
        if one.place in DISTRICTS:
            assert lived_in[one.place] >= reveal_at
        assert one.place in (named[person].place, DISTRICTS.get(named[person].place))
        for shown, said in ((one.age, named[person].age), (one.relation, named[person].relation)):
            assert shown == said or (shown == HIDDEN and said)


@given(PEOPLE, st.randoms())
def test_the_outcome_does_not_depend_on_the_order(people: list[AboutYou], chance: random.Random) -> None:
    named = [(f"p{n}", one) for n, one in enumerate(people)]
    mixed = chance.sample(named, len(named))
    assert generalise(dict(named), DISTRICTS, 4) == generalise(dict(mixed), DISTRICTS, 4)


@pytest.mark.parametrize(("neighbours", "place"), [(8, "wijk_01"), (9, "wyck")])
def test_the_rows_of_answers_hold_what_may_be_shown(house: House, neighbours: int, place: str) -> None:
    def about(item: str, code: str) -> Answered:
        return Answered("", item, "single", "answered", (code,))

    with house.engine.connect() as conn:
        begin_write(conn)
        for n in range(neighbours):
            resident(conn, house.keys, about("neighbourhood", "wyck"), address=f"n{n}")
        facts = [about("neighbourhood", "heer"), about("neighbourhood", "wyck"), about("age", "16_17")]
        rare = resident(conn, house.keys, *facts, about("age", "80_plus"), about("relation", "other"), address="rare")
        conn.commit()
    told = exported(house, "answers", "csv", reveal_at=TEN).decode()
    rows = [row for row in csv.DictReader(io.StringIO(told)) if row["participant"] == house.keys.pseudonym(rare)]
    kept = {(row["item"], row["current"], row["code"], row["status"]) for row in rows}
    assert kept == {
        ("neighbourhood", "0", "wijk_06", "answered"),
        ("neighbourhood", "1", place, "answered"),
        ("age", "0", "", "answered"),
        ("age", "1", "", "answered"),
        ("relation", "1", "", "answered"),
    }
