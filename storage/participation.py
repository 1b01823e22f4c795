"""How a round goes: people over time, how far they come, and where they are. Counts of walks, never of opinions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Connection, case, distinct, exists, func, select

from content.formats import in_the_city
from storage.setting_apart import here
from storage.tables import Answer, Participant

answers = Answer.__table__  # type: ignore[attr-defined]
participants = Participant.__table__  # type: ignore[attr-defined]

_IN_A_GROUP = exists().where(
    answers.c.participant == participants.c.id, answers.c.round == participants.c.round, answers.c.setting == "group"
)
BY: Mapping[str, ColumnElement[str]] = {
    "channel": participants.c.channel,
    "language": participants.c.language,
    "setting": case((_IN_A_GROUP, "group"), else_="private"),
}


@dataclass(frozen=True)
class Participation:
    """`days`: of each day in the city's time how many began and finished. `reached`: of each question (dilemma, item)
    how many people gave any answer, skipping included. `by`: people by channel, by language, and by whether they
    answered in a group chat (`setting`); groups smaller than `reveal_at` are added up under `""`, with the next larger
    ones where that is a small group too.
    """

    people: int
    finished: int
    days: Sequence[tuple[date, int, int]]
    reached: Mapping[tuple[str, str], int]
    by: Mapping[str, Mapping[str, int]]


def participation(conn: Connection, round_code: str, reveal_at: int) -> Participation:
    """Of everybody who takes part in this round now; who was erased is in no count."""
    inside = here(participants.c.round) & (participants.c.round == round_code)
    began, ended = Counter[date](), Counter[date]()
    for start, end in conn.execute(select(participants.c.started_at, participants.c.finished_at).where(inside)):
        began[in_the_city(start).date()] += 1
        if end is not None:
            ended[in_the_city(end).date()] += 1
    return Participation(
        people=began.total(),
        finished=ended.total(),
        days=[(day, began[day], ended[day]) for day in sorted(began | ended)],
        reached=_reached(conn, round_code),
        by={name: _large(_by(conn, inside, column), reveal_at) for name, column in BY.items()},
    )


def _reached(conn: Connection, round_code: str) -> dict[tuple[str, str], int]:
    place = (answers.c.dilemma, answers.c.item)
    query = select(*place, func.count(distinct(answers.c.participant))).group_by(*place)
    query = query.where(answers.c.current, answers.c.round == round_code, here(answers.c.round))
    return {(dilemma, item): n for dilemma, item, n in conn.execute(query)}


def _by(conn: Connection, inside: ColumnElement[bool], column: ColumnElement[str]) -> dict[str, int]:
    named = select(column.label("name")).where(inside).subquery()
    query = select(named.c.name, func.count()).group_by(named.c.name)
    return {row[0]: row[1] for row in conn.execute(query)}


def _large(counted: Mapping[str, int], reveal_at: int) -> dict[str, int]:
    shown = {group: n for group, n in sorted(counted.items(), key=lambda one: -one[1]) if n >= reveal_at}
    rest = sum(counted.values()) - sum(shown.values())
    # The page says how many take part, so that a small rest is what the shown groups leave over of them.
    while 0 < rest < reveal_at and shown:
        rest += shown.popitem()[1]
    return {**shown, "": rest} if shown and rest else shown
