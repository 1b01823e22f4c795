"""Live counts of walks, never of opinions: how many people are where in each round, and what waits to be sent."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, distinct, func, select

from content import Content
from storage.exports import TABLES
from storage.setting_apart import here
from storage.tables import Answer, Correction, Notice, Owed, Participant, Release, RoundState

answers = Answer.__table__  # type: ignore[attr-defined]
corrections = Correction.__table__  # type: ignore[attr-defined]
notices = Notice.__table__  # type: ignore[attr-defined]
owed = Owed.__table__  # type: ignore[attr-defined]
participants = Participant.__table__  # type: ignore[attr-defined]
releases = Release.__table__  # type: ignore[attr-defined]
states = RoundState.__table__  # type: ignore[attr-defined]

WALKS = ("started", "paused", "finished")


def rounds_now(conn: Connection, content: Content) -> list[dict[str, Any]]:
    """Every round: its state, how many people are where, the newest release, and what can be downloaded."""
    state = {row.round: row.state for row in conn.execute(select(states))}
    walks = walks_now(conn)
    query = select(releases.c.round, func.max(releases.c.number)).group_by(releases.c.round)
    newest = {row[0]: row[1] for row in conn.execute(query)}
    return [
        {
            "round": code,
            "state": state.get(code, "planned"),
            "title": dict(one.title.by),
            "dilemmas": [*one.dilemmas, *one.after_goodbye],
            "participants": {status: walks.get((code, status), 0) for status in WALKS},
            "release": newest.get(code),
            "tables": {name: list(table.formats) for name, table in TABLES.items()},
        }
        for code, one in content.rounds.items()
    ]


def walks_now(conn: Connection) -> dict[tuple[str, str], int]:
    """People by round and status."""
    counted = here(participants.c.round)
    query = select(participants.c.round, participants.c.status, func.count()).where(counted)
    query = query.group_by(participants.c.round, participants.c.status)
    return {(round_code, status): n for round_code, status, n in conn.execute(query)}


def answers_now(conn: Connection) -> dict[str, int]:
    """Rows of answers by round, revisions included."""
    query = select(answers.c.round, func.count()).where(here(answers.c.round)).group_by(answers.c.round)
    return {row[0]: row[1] for row in conn.execute(query)}


def corrections_now(conn: Connection) -> int:
    """How many corrections to our texts were sent."""
    return int(conn.execute(select(func.count()).select_from(corrections)).scalar_one())


def on_their_way(conn: Connection) -> tuple[int, int]:
    """How many people's replies, and how many notices, were not sent yet as far as is known."""
    replies = select(func.count(distinct(owed.c.participant)))
    notices_there = select(func.count()).select_from(notices)
    return int(conn.execute(replies).scalar_one()), int(conn.execute(notices_there).scalar_one())
