"""How many live in the seven neighbourhoods the sketch is concerned about: told together, and never of few."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.house import House
from content import Content
from storage.database import begin_read, begin_write, now
from storage.ladders import levels
from storage.reach import NAMED, bears_out, reach
from storage.releases import latest, release
from storage.verifying import verify
from tests.databases import BOTH
from tests.seeding import crowd
from tests.test_bundle import bundled, rewritten

NOTHING = {"base": None, "step": "total", "counts": {}, "as_of": 1}


def told(code: str, as_of: int = 1) -> dict[str, Any]:
    return {"base": None, "step": "tenths", "counts": {code: None}, "as_of": as_of}


def shown(step: str, **bases: int) -> dict[str, Any]:
    return {"step": step, "groups": {group: {"base": n} for group, n in bases.items()}}


def test_the_seven_are_neighbourhoods_of_the_content(content: Content) -> None:
    assert {*NAMED} < {one.code for one in content.items["neighbourhood"].options}
    assert len({*NAMED}) == 7


@pytest.mark.parametrize(
    ("lives", "splits", "found"),
    [
        ({"limmel": 20, "wyck": 120}, [], told("10_20")),
        ({"limmel": 15, "caberg": 13, "wyck": 100, "elsewhere": 12}, [], told("20_30")),
        ({"wyck": 140}, [], told("0_10")),
        ({"limmel": 140}, [], told("90_100")),
        # A tenth of ninety people is nine.
        ({"limmel": 20, "wyck": 70}, [], NOTHING),
        ({}, [], NOTHING),
        # Of 20 to 39 people in the seven, thirty are known to live in Caberg: nine numbers are left.
        ({"limmel": 2, "caberg": 30, "wyck": 168}, [shown("neighbourhoods", caberg=30)], NOTHING),
        ({"limmel": 2, "caberg": 30, "wyck": 168}, [shown("neighbourhoods", caberg=28)], told("10_20")),
        # Where all of them lie there are twenty-nine: between twenty and twenty-nine.
        ({"limmel": 26, "amby": 3, "wyck": 171}, [shown("districts", wijk_02=10, wijk_04=19)], NOTHING),
        ({"limmel": 26, "amby": 3, "wyck": 171}, [shown("districts", wijk_02=11, wijk_04=19)], told("10_20")),
        # One of the two districts is not shown, so that there may be more.
        ({"limmel": 26, "amby": 3, "wyck": 171}, [shown("districts", wijk_04=19)], told("10_20")),
        # A hundred and seventy-one live where none of the seven lies.
        ({"limmel": 26, "amby": 3, "wyck": 171}, [shown("districts", wijk_01=171)], NOTHING),
        # In every place but the seven there are a hundred and seventy at most.
        ({"limmel": 36, "elsewhere": 164}, [shown("parts", centre=0, west=0, east=0, elsewhere=170)], NOTHING),
        ({"limmel": 20, "wyck": 120}, [{"step": None, "groups": {}}], told("10_20")),
    ],
)
def test_it_is_told_while_it_may_be_many_a_number(
    content: Content, lives: dict[str, int], splits: list[dict[str, Any]], found: dict[str, Any]
) -> None:
    by = levels(content)["district"]
    assert reach(lives, splits, by, None, 10, 1) == found
    assert reach(lives, splits, by, told("40_50"), 10, 2) == (
        told("40_50") if found == NOTHING else {**found, "as_of": 2}
    )


def test_it_changes_only_when_enough_people_came_or_left(house: House, content: Content) -> None:
    def next_one(conn: Connection, places: Sequence[str], people: int, name: str) -> dict[str, Any]:
        some = [{"growth": "ab"[n // 4 % 2], "neighbourhood": places[n % len(places)]} for n in range(people)]
        # So that there is something to release.
        crowd(conn, [*some, *[{"growth.importance": "15"[n % 2]} for n in range(20)]], name)
        assert release(conn, content, "dreams", 10, now())
        summary = latest(conn, "dreams")
        assert summary
        return summary["reach"]

    others = [one.code for one in content.items["neighbourhood"].options if one.district and one.code not in NAMED]
    with house.engine.connect() as conn:
        begin_write(conn)
        crowd(conn, [{"growth": "ab"[n % 2], "neighbourhood": NAMED[n % 7]} for n in range(19)], "p")
        assert next_one(conn, others, 181, "q") == told("0_10", 1)
        # Nine more are too few to change it, though they make a tenth of it.
        assert next_one(conn, NAMED, 9, "r") == told("0_10", 1)
        assert next_one(conn, NAMED, 1, "s") == told("10_20", 3)
        conn.rollback()


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
    tenth = 10 * sum(one["neighbourhood"] in NAMED for one in everybody) // len(everybody)
    assert summary["reach"] == told(f"{10 * tenth}_{10 * tenth + 10}")
    file = bundled(house, tmp_path)
    assert verify(file, content)[0] == []

    def changed(held: dict[str, bytes]) -> None:
        other = f'"{10 * tenth - 10}_{10 * tenth}"'.encode()
        for name in ("summary.json", "releases/1.json"):
            held[name] = held[name].replace(f'"{10 * tenth}_{10 * tenth + 10}"'.encode(), other)

    assert any("reach" in fault for fault in verify(rewritten(file, changed, True), content)[0])


@pytest.mark.parametrize(
    ("lives", "missing", "right"),
    [
        ({"limmel": 15, "wyck": 85}, 0, True),
        ({"limmel": 21, "wyck": 79}, 0, False),
        ({"limmel": 9, "wyck": 91}, 0, False),
        ({"limmel": 9, "wyck": 91}, 1, True),
        # Of a row with a district that holds some of them it is not known; of another one it is.
        ({"limmel": 9, "wijk_04": 1, "wyck": 90}, 0, True),
        ({"limmel": 9, "wijk_01": 1, "wyck": 90}, 0, False),
        ({"limmel": 22, "wyck": 78}, 10, True),
    ],
)
def test_rows_bear_it_out_as_far_as_they_tell(
    content: Content, lives: dict[str, int], missing: int, right: bool
) -> None:
    assert bears_out(content, told("10_20"), lives, missing) is right
    assert bears_out(content, NOTHING, lives, missing)
