"""What somebody with every published number can learn: the tables audited, the releases compared, with controls."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import Content
from conversations.shapes import POSITIONS
from storage.attack import attack
from storage.interval import audit, table_ranges
from storage.ladders import levels
from storage.releases import compute, figures
from storage.succession import Shot, too_near
from storage.suppression import SMALL, alike, hide, interval, small
from tests.attacker import City, Moment, exposed, raw, read
from tests.seeding import THEN

BY = ("district", "age", "relation", "language")


def long(request: pytest.FixtureRequest) -> bool:
    return "soak" in request.config.getoption("markexpr")


def random_table(draw: random.Random, rows: int = 12, columns: int = 5) -> list[list[int]]:
    """Counts of very unequal size; no group of fewer than ten, since no such group is named."""
    mean, table = draw.choice([5, 8, 12, 20]), []
    while len(table) < rows:
        row = [int(draw.gammavariate(1.2, mean / 1.2)) for _ in range(columns)]
        table += [row] if sum(row) >= 10 else []
    return table


def primary(table: list[list[int]]) -> frozenset[tuple[int, int]]:
    return frozenset((r, c) for r, row in enumerate(table) for c, n in enumerate(row) if small(n))


# ---------------------------------------------------------------- one table


@pytest.mark.soak
def test_no_hidden_cell_can_be_worked_out_and_with_small_cells_alone_it_can(request: pytest.FixtureRequest) -> None:
    draw, narrow, of = random.Random(12), 0, 0
    for _ in range(200 if long(request) else 8):
        table = random_table(draw)
        hidden = hide(table)
        assert hidden is not None
        assert primary(table) <= hidden
        found = table_ranges(table, hidden)
        assert [cell for cell, (low, high) in found.items() if high - low < SMALL] == []
        assert all(low <= table[r][c] <= high for (r, c), (low, high) in found.items())
        control = table_ranges(table, primary(table))
        narrow += sum(high - low < SMALL for low, high in control.values())
        of += len(control)
    assert narrow > of / 10, "the control is attacked by the same audit and falls"


def test_the_routine_and_the_audit_find_the_same_intervals() -> None:
    draw = random.Random(7)
    for _ in range(6):
        table = random_table(draw, rows=7, columns=4)
        hidden = hide(table) or frozenset()
        assert table_ranges(table, hidden) == {cell: interval(table, hidden, cell) for cell in hidden}


@given(st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=2, max_size=5))
def test_a_table_is_protected_or_said_not_to_be(table: list[list[int]]) -> None:
    hidden = hide(table)
    if hidden is not None:
        assert primary(table) <= hidden
        for cell in hidden:
            low, high = interval(table, hidden, cell)
            assert high - low >= SMALL
            assert 0 <= low <= table[cell[0]][cell[1]] <= high


def test_a_table_without_small_cells_is_left_alone_and_one_cell_cannot_be_hidden() -> None:
    assert hide([[5, 0, 9], [7, 6, 0]]) == frozenset()
    assert hide([[3]]) is None
    assert hide([[1, 0], [0, 1]]) is None, "both cells can only be 0 or 1 more, whatever is hidden"


def test_what_nobody_prints_is_hidden_for_nothing() -> None:
    table = [[3, 20, 30], [25, 20, 30], [9, 9, 9]]
    hidden = hide(table, unprinted=(2,)) or frozenset()
    assert (2, 0) in hidden
    assert not {cell for cell in hidden if cell[0] == 1}


@pytest.mark.parametrize(
    ("cells", "told"),
    [((20, 2, 0), True), ((18, 2), True), ((17, 3), False), ((49, 0), True), ((60, 0), False), ((0, 0), False)],
)
def test_a_small_group_that_is_nearly_all_alike(cells: tuple[int, ...], told: bool) -> None:
    assert alike(cells) is told


@pytest.mark.soak
def test_hardly_more_people_are_hidden_than_by_tau_argus(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Against its optimal suppression; TEST_TAUARGUS names a Python that has it, where this one does not."""
    python = os.environ.get("TEST_TAUARGUS", sys.executable)
    if subprocess.run([python, "-c", "import pytauargus"], capture_output=True).returncode:
        pytest.skip("τ-ARGUS is not installed: pip install pytauargus (or name a Python with it in TEST_TAUARGUS)")
    draw = random.Random(12)
    tables = [random_table(draw) for _ in range(40 if long(request) else 4)]
    command = [python, str(Path(__file__).with_name("argus_tables.py"))]
    ran = subprocess.run(command, cwd=tmp_path, input=json.dumps(tables).encode(), capture_output=True, timeout=600)
    assert ran.returncode == 0, ran.stderr.decode()[-500:]
    theirs = ours = 0
    for table, hidden in zip(tables, json.loads(ran.stdout), strict=True):
        assert primary(table) <= {(r, c) for r, c in hidden}
        theirs += sum(table[r][c] for r, c in hidden)
        ours += sum(table[r][c] for r, c in hide(table) or ())
    print(f"people hidden: {ours}, by τ-ARGUS {theirs}: {ours / theirs:.2f} times")
    assert ours <= 1.3 * theirs


# ---------------------------------------------------------------- one release after another


def test_what_the_named_groups_leave_over_may_not_give_somebody_away() -> None:
    """Two districts grew, a third by one person: the total of all would tell what that one said."""

    def figure(*numbers: int) -> dict[str, Any]:
        cells = dict(zip(POSITIONS, numbers, strict=True))
        return {"base": sum(numbers), "step": "five", "counts": cells}

    a, b = frozenset({"a"}), frozenset({"b"})
    past = [Shot(figure(20, 0, 20, 0, 20), {a: figure(10, 0, 5, 0, 5), b: figure(5, 0, 5, 0, 10)})]
    now = {
        "a": {"a": 15, "between": 9, "b": 9},
        "b": {"a": 9, "between": 9, "b": 15},
        "c": {"a": 6, "between": 10, "b": 5},
    }
    assert too_near(past, now, [a, b], 10) == {"", "c"}
    now["c"]["a"] = 16
    now["c"]["between"] = 20
    assert too_near(past, now, [a, b], 10) is None
    # Neither may one group be taken together with what is left over, if that is known at both moments.
    assert too_near(past, {**now, "b": {"a": 5, "between": 6, "b": 10}}, [a], 10) is None
    assert too_near(past, {**now, "b": {"a": 5, "between": 6, "b": 10}}, [a, b], 10) == b


@pytest.mark.soak
def test_comparing_releases_exposes_nobody_and_raw_tables_a_third(
    content: Content, request: pytest.FixtureRequest
) -> None:
    """400 residents in 18 neighbourhoods, 30 releases due; they join, change their mind and leave."""
    for seed in range(20 if long(request) else 1):
        city = City(content, seed)
        city.live(30)
        made = city.release()
        assert len(made) >= 10, "a rule that never releases protects well, and tells nothing"
        assert {by: exposed(read(made, content, by)) for by in BY} == {by: set() for by in BY}
        assert len(exposed(raw(city.moments, "district"))) >= 0.3 * city.residents
        told = made[-1][1]["dilemmas"]["growth"]["by"]
        assert all(sum(row["base"] or 0 for row in told[by]["groups"].values()) > 200 for by in BY)
        learned = attack((summary for _, summary in made[:: 1 if long(request) else 3]), levels(content), SMALL)
        assert learned.comparisons > 50
        assert learned.found == []


def test_the_audit_sees_a_release_in_which_only_small_cells_are_hidden() -> None:
    def figure(a: int | None, between: int | None, b: int | None, base: int) -> dict[str, Any]:
        return {"base": base, "step": "three", "counts": {"side_a": a, "between": between, "side_b": b}, "as_of": 4}

    careless = {"nl": figure(30, 12, None, 45), "en": figure(8, None, None, 15), "li": figure(None, 9, 20, 30)}
    by = {"language": {"step": "each", "groups": careless}}
    summary = {"release": 4, "dilemmas": {"growth": {**figure(39, 25, 26, 90), "by": by}}}
    assert {(one.group, one.code, one.low) for one in audit(summary, SMALL)} == {
        *(("nl", "side_b", 3), ("li", "side_a", 1), ("en", "between", 4), ("en", "side_b", 3)),
    }
    summary["release"] = 5
    assert list(audit(summary, SMALL)) == [], "figures that are carried on were audited when they were released"


def test_the_attack_finds_what_a_careless_release_gives_away(content: Content) -> None:
    def summary(number: int, nl: dict[str, int], en: dict[str, int]) -> dict[str, Any]:
        def figure(counts: dict[str, int]) -> dict[str, Any]:
            return {"base": sum(counts.values()), "step": "three", "counts": counts, "as_of": number}

        both = {code: nl[code] + en[code] for code in nl}
        by = {"language": {"step": "dutch", "groups": {"nl_li": figure(nl), "en": figure(en)}}}
        return {
            "release": number,
            "reveal_at": 10,
            "dilemmas": {"growth": {**figure(both), "by": by}},
            "items": {"weighs_most": figure({"growth": sum(both.values())})},
        }

    def three(a: int, between: int, b: int) -> dict[str, int]:
        return {"side_a": a, "between": between, "side_b": b}

    past = [summary(1, three(20, 20, 20), three(10, 10, 10)), summary(2, three(25, 25, 25), three(10, 11, 10))]
    found = attack(past, levels(content), SMALL).found
    assert "growth by language: releases 1 and 2, 1 groups differ by 1 people" in found
    assert "growth by language: releases 1 and 2, 1 groups: 1 came or changed their mind" in found
    assert "weighs_most: releases 1 and 2: all who came chose growth" in found
    past[1] = summary(2, three(26, 24, 20), three(15, 16, 10))
    assert attack(past, levels(content), SMALL).found == ["weighs_most: releases 1 and 2: all who came chose growth"]
    for number, none in ((0, 40), (1, 15)):
        whole = past[number]["dilemmas"]["growth"]
        counts = {"substantive": whole["base"], "nonresponse": none}
        response = {"base": whole["base"] + none, "step": "each", "counts": counts, "as_of": number + 1}
        past[number]["dilemmas"]["growth"] = {**whole, "response": response}
    assert "growth response: releases 1 and 2 differ by 4 people" in attack(past, levels(content), SMALL).found


# ---------------------------------------------------------------- erasure


def without(moment: Moment, name: str) -> Moment:
    return replace(moment, people={one: said for one, said in moment.people.items() if one != name})


def test_an_erasure_alone_changes_nothing_that_is_published(content: Content) -> None:
    city = City(content, 1)
    moments = city.live(10)
    before = [summary for _, summary in city.release()]
    for name in sorted(moments[-1].people)[::10]:
        gone = without(moments[-1], name).counted()
        assert compute(content, "dreams", gone, before, 10, THEN) is None, "no release, so nothing to compare"


def test_beside_newcomers_an_erasure_cannot_be_seen(content: Content) -> None:
    """Between two releases one person is erased and others join. Whoever compares the two finds no figure that
    joining alone cannot explain, so both stories stay possible.
    """
    city = City(content, 2)
    moments = city.live(14)
    city.moments = moments[:12]
    before = [summary for _, summary in city.release()]
    late = {name: said for name, said in moments[13].people.items() if name not in moments[11].people}
    compared = 0
    for name in sorted(moments[11].people)[::20]:
        after = Moment({**without(moments[11], name).people, **late})
        summary = compute(content, "dreams", after.counted(), before, 10, THEN)
        if summary is None:
            continue
        compared += 1
        old = {tuple(place): one for *place, one in figures(before[-1])}
        for *place, new in figures(summary):
            was = old.get(tuple(place))
            if was and was["base"] is not None:
                assert new["base"] - was["base"] == 0 or new["base"] - was["base"] >= 10
                if was["step"] == new["step"]:
                    assert all((new["counts"][code] or n) >= n for code, n in was["counts"].items() if n is not None)
    assert compared > 3
