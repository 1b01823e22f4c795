"""What a release is made from: people by answer, counted from live answers in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, distinct, func, select

from storage.bursts import left_out, people
from storage.ladders import Counts
from storage.succession import NOT_GIVEN
from storage.tables import Answer

answers = Answer.__table__  # type: ignore[attr-defined]

# The round-level answer each split is made of; a language is that of the answer itself.
ABOUT = {"district": "neighbourhood", "age": "age", "relation": "relation"}
ITEMS = ("position", "reasons", "importance", "weighs_most", "values")


@dataclass(frozen=True)
class Counted:
    """People of one round, all by dilemma ("" for the whole round).

    `people` gave at least one position. `before` and `after` are answers by item and code, given before and
    after the person had seen results of that dilemma; `by` are positions of before, by what people said
    about themselves; `shifts` are `position>position_after`. `left_out`: people with a position who are
    not among all these, since staff leave them out as a burst.
    """

    people: int
    before: dict[tuple[str, str], Counts]
    after: dict[tuple[str, str], Counts]
    by: dict[tuple[str, str], dict[str, Counts]]
    shifts: dict[str, Counts]
    left_out: int = 0


def count(conn: Connection, round_code: str) -> Counted:
    """Everything a release of this round may tell, of this moment."""
    before: dict[tuple[str, str], Counts] = defaultdict(dict)
    after: dict[tuple[str, str], Counts] = defaultdict(dict)
    query = (
        select(answers.c.dilemma, answers.c.item, answers.c.after_results, answers.c.code, func.count())
        .where(answers.c.round == round_code, answers.c.item.in_(ITEMS), *_live(answers))
        .group_by(answers.c.dilemma, answers.c.item, answers.c.after_results, answers.c.code)
    )
    for dilemma, item, late, code, number in conn.execute(query):
        (after if late else before)[dilemma, item][code] = number
    by: dict[tuple[str, str], dict[str, Counts]] = defaultdict(lambda: defaultdict(dict))
    for name, item in ABOUT.items():
        for dilemma, given, code, number in _by(conn, round_code, item):
            by[dilemma, name][given or NOT_GIVEN][code] = number
    for dilemma, given, code, number in _by_language(conn, round_code):
        by[dilemma, "language"][given][code] = number
    return Counted(_people(conn, round_code), before, after, by, _shifts(conn, round_code), people(conn, round_code)[1])


def _live(table: Any) -> tuple[Any, ...]:
    return (table.c.status == "answered", table.c.current, table.c.participant.not_in(left_out()))


def _people(conn: Connection, round_code: str) -> int:
    here = (answers.c.round == round_code, answers.c.item == "position", *_live(answers))
    return int(conn.execute(select(func.count(distinct(answers.c.participant))).where(*here)).scalar_one())


def _by(conn: Connection, round_code: str, item: str) -> Iterable[tuple[str, str | None, str, int]]:
    about = answers.alias("about")
    same_person = and_(
        about.c.participant == answers.c.participant,
        about.c.round == round_code,
        about.c.dilemma == "",
        about.c.item == item,
        *_live(about),
    )
    query = (
        select(answers.c.dilemma, about.c.code, answers.c.code, func.count())
        .select_from(answers.outerjoin(about, same_person))
        .where(*_first_positions(round_code))
        .group_by(answers.c.dilemma, about.c.code, answers.c.code)
    )
    return [(a, b, c, n) for a, b, c, n in conn.execute(query)]


def _by_language(conn: Connection, round_code: str) -> Iterable[tuple[str, str, str, int]]:
    columns = (answers.c.dilemma, answers.c.language, answers.c.code)
    query = select(*columns, func.count()).where(*_first_positions(round_code)).group_by(*columns)
    return [(a, b, c, n) for a, b, c, n in conn.execute(query)]


def _first_positions(round_code: str) -> tuple[Any, ...]:
    here = (answers.c.round == round_code, answers.c.item == "position", *_live(answers))
    return (*here, answers.c.after_results.is_(False))


def _shifts(conn: Connection, round_code: str) -> dict[str, Counts]:
    later = answers.alias("later")
    same_person = and_(
        later.c.participant == answers.c.participant,
        later.c.round == round_code,
        later.c.dilemma == answers.c.dilemma,
        later.c.item == "position_after",
        *_live(later),
    )
    columns = (answers.c.dilemma, answers.c.code, later.c.code)
    query = (
        select(*columns, func.count())
        .select_from(answers.join(later, same_person))
        .where(answers.c.round == round_code, answers.c.item == "position", *_live(answers))
        .group_by(*columns)
    )
    found: dict[str, Counts] = defaultdict(dict)
    for dilemma, before, after, number in conn.execute(query):
        found[dilemma][f"{before}>{after}"] = number
    return found
