"""How many live in the seven neighbourhoods the sketch is concerned about: told together, and never of few."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from bot.house import House
from content import Content
from storage.database import begin_read, begin_write, now
from storage.ladders import levels
from storage.reach import NAMED, as_rows_tell, reach
from storage.releases import latest, release
from storage.verifying import verify
from tests.databases import BOTH
from tests.seeding import crowd
from tests.test_bundle import bundled

NOBODY = {"base": None, "step": "total", "counts": {}, "as_of": 1}


def told(named: int, other: int, as_of: int = 1) -> dict[str, Any]:
    return {"base": named + other, "step": "each", "counts": {"named": named, "other": other}, "as_of": as_of}


def shown(step: str, **bases: int) -> dict[str, Any]:
    return {"step": step, "groups": {group: {"base": n} for group, n in bases.items()}}


def test_the_seven_are_neighbourhoods_of_the_content(content: Content) -> None:
    assert {*NAMED} < {one.code for one in content.items["neighbourhood"].options}
    assert len({*NAMED}) == 7


@pytest.mark.parametrize(
    ("lives", "people", "splits", "found"),
    [
        ({"limmel": 8, "caberg": 7, "wyck": 20, "elsewhere": 10}, 60, [], told(15, 30)),
        ({"limmel": 9, "wyck": 30}, 60, [], NOBODY),
        ({"limmel": 30, "wyck": 9}, 60, [], NOBODY),
        ({"limmel": 30}, 40, [], told(30, 0)),
        # Five did not say where they live.
        ({"limmel": 15, "wyck": 30}, 50, [], NOBODY),
        ({"limmel": 15, "wyck": 30}, 45, [], told(15, 30)),
        # Fifteen in Caberg are named at a question: beside them there are three in Limmel.
        ({"limmel": 3, "caberg": 15, "wyck": 30}, 60, [shown("neighbourhoods", caberg=15)], NOBODY),
        ({"limmel": 10, "caberg": 15, "wyck": 30}, 70, [shown("neighbourhoods", caberg=15)], told(25, 30)),
        # Wyck lies in the Centrum, of which twenty-six are named: four others live where nobody is named.
        ({"limmel": 20, "wyck": 26, "elsewhere": 4}, 70, [shown("districts", wijk_01=26)], NOBODY),
        # Of the fifty who said where they live, two did not answer a question.
        ({"limmel": 20, "wyck": 30}, 70, [shown("districts", wijk_01=28, wijk_04=20)], NOBODY),
        ({"limmel": 20, "wyck": 30}, 70, [{"step": None, "groups": {}}], told(20, 30)),
    ],
)
def test_neither_a_number_nor_what_it_leaves_over_is_about_few(
    content: Content, lives: dict[str, int], people: int, splits: list[dict[str, Any]], found: dict[str, Any]
) -> None:
    assert reach(lives, people, splits, levels(content)["district"], (), 10, 1) == found


def test_it_follows_the_last_one_as_any_figure_does(content: Content) -> None:
    past, by = [told(20, 40)], levels(content)["district"]
    for named, other, follows in ((24, 45, False), (24, 56, True), (40, 40, False), (20, 39, False), (20, 28, False)):
        found = reach({"limmel": named, "wyck": other}, 200, (), by, past, 10, 2)
        assert found == (told(named, other, 2) if follows else past[0])


@BOTH
def test_it_is_released_and_a_bundle_bears_it_out(house: House, content: Content, tmp_path: Path) -> None:
    draw, places = random.Random(2), (*NAMED, "wyck", "heer", "elsewhere")
    everybody = [{"growth": draw.choice("ab"), "neighbourhood": draw.choice(places)} for _ in range(140)]
    # Too few for a row to name where they live.
    everybody += [{"growth": "a", "neighbourhood": place} for place in ("daalhof", "amby") for _ in range(5)]
    silent = [{"growth": draw.choice("ab")} for _ in range(20)]
    # Who gave no position anywhere is not of the round's people.
    with house.engine.connect() as conn:
        begin_write(conn)
        crowd(conn, [*everybody, *silent, *[{"growth": "skipped", "neighbourhood": "limmel"}] * 15], "p")
        release(conn, content, "dreams", 10, now())
        conn.commit()
        begin_read(conn)
        summary = latest(conn, "dreams")
    assert summary
    named = sum(one["neighbourhood"] in NAMED for one in everybody)
    assert summary["reach"] == told(named, 150 - named)
    assert verify(bundled(house, tmp_path), content)[0] == []


def test_of_a_row_with_a_district_alone_it_is_not_known(content: Content) -> None:
    assert as_rows_tell(content, {"limmel": 3, "elsewhere": 2, "wijk_04": 5}) == ({"named": 3, "other": 2}, 5)
