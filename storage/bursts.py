"""Many walks faster than anybody reads, begun within minutes of each other: staff see them and leave them out, or not.

A walk is `fast` when its answers came within FAST_SECONDS on average. It says so in the exports, and nothing
follows from it by itself. Where BURST or more fast walks began within WITHIN they are a burst; what is left
out of releases stays in the database and in the exports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, distinct, func, select, text, update

from storage.tables import Answer, Participant

participants: Table = Participant.__table__  # type: ignore[attr-defined]
answers: Table = Answer.__table__  # type: ignore[attr-defined]

NORMAL, FAST = "normal", "fast"
# The questions of a walk have some fifty words each.
FAST_SECONDS, ENOUGH_TURNS = 2.0, 8
BURST, WITHIN = 20, timedelta(minutes=10)


@dataclass(frozen=True)
class Burst:
    """Fast walks of one stretch of time (UTC): how many began in it, and how many of them are left out."""

    since: datetime
    until: datetime
    people: int
    left_out: int

    @property
    def name(self) -> str:
        """What it is called, as in `2026-03-14T15:09:26`."""
        return self.since.isoformat(timespec="seconds")


def pace(started_at: datetime, now: datetime, turns: int) -> str:
    """How fast somebody answered so far; too few turns tell nothing."""
    began = started_at if started_at.tzinfo else started_at.replace(tzinfo=UTC)
    at = now if now.tzinfo else now.replace(tzinfo=UTC)
    return FAST if turns >= ENOUGH_TURNS and (at - began).total_seconds() < FAST_SECONDS * turns else NORMAL


def bursts(conn: Connection, round_code: str) -> list[Burst]:
    """Every burst of a round, the earliest first."""
    query = select(participants.c.started_at, participants.c.left_out).where(*_fast(round_code))
    rows = sorted((_plain(row.started_at), bool(row.left_out)) for row in conn.execute(query))
    found = []
    for some in _together([at for at, _ in rows]):
        here = rows[some.start : some.stop]
        found.append(Burst(here[0][0], here[-1][0], len(here), sum(out for _, out in here)))
    return found


def decide(conn: Connection, round_code: str, name: str, left_out: bool) -> int:
    """Leave a burst out of releases from the next one on, or take it in again; how many people that is.

    LookupError when there is no burst of this name.
    """
    burst = next((one for one in bursts(conn, round_code) if one.name == name), None)
    if burst is None:
        raise LookupError(name)
    query = select(participants.c.id, participants.c.started_at).where(*_fast(round_code))
    people = [row.id for row in conn.execute(query) if burst.since <= _plain(row.started_at) <= burst.until]
    for start in range(0, len(people), 500):
        some = participants.c.id.in_(people[start : start + 500])
        conn.execute(update(participants).where(some).values(left_out=left_out))
    return len(people)


def people(conn: Connection, round_code: str) -> tuple[int, int]:
    """How many people gave a position in this round, and how many of them are left out."""
    gave = and_(answers.c.item == "position", answers.c.status == "answered", answers.c.current)
    query = select(func.count(distinct(answers.c.participant))).where(answers.c.round == round_code, gave)
    everybody = int(conn.execute(query).scalar_one())
    out = query.where(answers.c.participant.in_(left_out()))
    return everybody, int(conn.execute(out).scalar_one())


def left_out() -> Select[str]:
    """The ids of all who are left out."""
    # In the words of the index, so that it is used.
    return select(participants.c.id).where(text("participant.left_out"))


# ---------------------------------------------------------------- inside


def _fast(round_code: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return participants.c.round == round_code, participants.c.pace == FAST


def _plain(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _together(times: Sequence[datetime]) -> list[range]:
    """Stretches of sorted times in which any BURST of them in a row lie within WITHIN."""
    found: list[range] = []
    for start in range(len(times) - BURST + 1):
        if times[start + BURST - 1] - times[start] > WITHIN:
            continue
        if found and start < found[-1].stop:
            found[-1] = range(found[-1].start, start + BURST)
        else:
            found.append(range(start, start + BURST))
    return found
