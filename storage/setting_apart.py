"""Who no longer wants to be counted: their rows stand under a round of their own name, and count nowhere.

`dreams` becomes `~dreams` in every row that names a round. Whatever reads a round (releases, exports,
counts of walks, notices) then finds nothing of them, and nobody who writes such a query has to think of it.
What reads rows without naming a round asks `here`. Coming back gives the rows their round again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select, update

from storage.tables import Answer, GroupSeat, Notice, Participant

APART = "~"

participants: Table = Participant.__table__  # type: ignore[attr-defined]
answers: Table = Answer.__table__  # type: ignore[attr-defined]
notices: Table = Notice.__table__  # type: ignore[attr-defined]
seats: Table = GroupSeat.__table__  # type: ignore[attr-defined]


def here(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Rows of people who want to be counted; `column` names the round."""
    return ~column.startswith(APART)


def round_of(column: ColumnElement[Any]) -> ColumnElement[str]:
    """The round itself, whether its row stands apart or not."""
    return func.replace(column, APART, "")


def set_apart(conn: Connection, participant: str) -> str:
    """From now on this person counts nowhere; of which round they were. Empty where they were apart already.

    In a group they go on talking, like who joined for the talk alone.
    """
    conn.execute(update(seats).where(seats.c.participant == participant).values(participant=None))
    return _rename(conn, participant, here(participants.c.round), lambda column: APART + column)


def bring_back(conn: Connection, participant: str) -> str:
    """This person counts again; in which round. Empty where they did all along."""
    return _rename(conn, participant, ~here(participants.c.round), round_of)


def _rename(conn: Connection, participant: str, where: ColumnElement[bool], name: Any) -> str:
    query = select(participants.c.round).where(participants.c.id == participant, where)
    found = conn.execute(query).scalar_one_or_none()
    if found is None:
        return ""
    own = answers.c.participant == participant
    conn.execute(update(answers).where(own).values(round=name(answers.c.round)))
    conn.execute(update(participants).where(participants.c.id == participant).values(round=name(participants.c.round)))
    conn.execute(notices.delete().where(notices.c.participant == participant))
    return str(found).removeprefix(APART)
