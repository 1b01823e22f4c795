"""What a release is made from: grouped by the database, the same as counting one person after another."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, update

from bot.house import House
from conversations.shapes import NONRESPONSE, POSITIONS
from storage.counting import GAVE_NONE, Counted, Given, add, count, nothing
from storage.database import begin_read, begin_write
from storage.keeping import answers, participants
from tests.databases import BOTH
from tests.seeding import crowd

DILEMMAS = ("growth", "space", "care")
SAID = {
    "neighbourhood": ("wyck", "limmel", "elsewhere", ""),
    "age": ("18_24", "45_64"),
    "relation": ("resident", "student"),
    "weighs_most": ("growth", "space"),
    "values": ("justice quality", "diversity"),
}


def somebody(draw: random.Random) -> dict[str, str]:
    """Some of everything; a code may be empty, and results may have been seen before."""
    said = {"language": draw.choice(("nl", "en", "li")), "group": draw.choice(("", "", "", "chat1", "chat2"))}
    said |= {item: draw.choice(codes) for item, codes in SAID.items() if draw.random() < 0.7}
    for dilemma in DILEMMAS:
        late = " late" if draw.random() < 0.2 else ""
        for item, codes in (
            ("position", (*POSITIONS, *NONRESPONSE)),
            ("reasons", ("a1", "b1 b2", "")),
            ("importance", (*"12345", "skipped")),
            ("position_after", POSITIONS),
        ):
            if draw.random() < 0.7:
                place = dilemma if item == "position" else f"{dilemma}.{item}"
                said[f"{place}{late}"] = draw.choice(codes)
    return said


def one_by_one(conn: Connection, out: set[str]) -> Counted:
    """Every live answer read, person by person."""
    names = ("participant", "status", "dilemma", "item", "code", "language", "after_results", "group")
    live = (answers.c.round == "dreams", answers.c.current)
    given: dict[str, list[Given]] = defaultdict(list)
    for person, status, dilemma, item, code, *how in conn.execute(
        select(*(answers.c[one] for one in names)).where(*live)
    ):
        if status == "answered":
            given[person].append((dilemma, item, code, *how))
        elif item == "position":
            given[person].append((dilemma, GAVE_NONE, status, *how))
    counted, left = nothing(), sum(any(item == "position" for _, item, *_ in given[one]) for one in out & given.keys())
    people = sum(add(counted, rows) for person, rows in given.items() if person not in out)
    return replace(counted, people=people, left_out=left)


def plain(what: Any) -> Any:
    """Without the cells in which nobody is."""
    if not isinstance(what, dict):
        return what
    found = {key: plain(value) for key, value in what.items()}
    return {key: value for key, value in found.items() if value not in (0, {})}


@BOTH
@pytest.mark.parametrize("out", [0, 40])
def test_the_database_counts_as_one_would_person_by_person(house: House, out: int) -> None:
    draw = random.Random(out)
    with house.engine.connect() as conn:
        begin_write(conn)
        people = crowd(conn, [somebody(draw) for _ in range(300)], "p")
        some = update(answers).where(answers.c.participant.in_(people[200:220]))
        conn.execute(some.values(status="skipped"))
        conn.execute(update(answers).where(answers.c.participant.in_(people[220:230])).values(current=False))
        conn.execute(update(answers).where(answers.c.participant.in_(people[230:240])).values(round="deepening"))
        conn.execute(update(participants).where(participants.c.id.in_(people[:out])).values(left_out=True))
        found, other = count(conn, "dreams"), one_by_one(conn, set(people[:out]))
        assert count(conn, "nowhere") == replace(nothing(), people=0)
    assert (found.people, found.left_out) == (other.people, other.left_out)
    assert found.people > 150
    for name in ("before", "after", "by", "shifts", "together", "lives"):
        assert plain(getattr(found, name)) == plain(getattr(other, name)), name
        assert plain(getattr(found, name))


def test_a_count_never_goes_to_the_rows(house: House) -> None:
    """Whatever stands in the rows, what is counted stands in an index."""
    asked: list[tuple[str, Any]] = []
    event.listen(
        house.engine, "before_cursor_execute", lambda c, cursor, query, given, *_: asked.append((query, given))
    )
    with house.engine.connect() as conn:
        begin_read(conn)
        count(conn, "dreams")
        queries = [one for one in asked if "answer" in one[0]]
        plans = [
            " ".join(str(row[3]) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", given))
            for query, given in queries
        ]
    covered = [name for plan in plans for name in re.findall("COVERING INDEX (counted_[a-z]+)", plan)]
    assert len(plans) == 8
    assert Counter(covered) == {"counted_answers": 7, "counted_nonresponse": 1}
    assert not [plan for plan in plans if "SCAN" in plan or "TEMP B-TREE" in plan]
