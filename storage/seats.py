"""The members of a group's dialogue: a row each under a key of that session, gone when it ends.

Who said *count me* has the row's answer also among their own (`answer`): one live answer, whichever
setting was last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from conversations.group_session import Counts, Seat, Tally
from conversations.shapes import Answered, Given
from storage.keeping import Person, participants, write_answer
from storage.tables import GroupRow, GroupSeat

seats: Table = GroupSeat.__table__  # type: ignore[attr-defined]
sessions: Table = GroupRow.__table__  # type: ignore[attr-defined]

GIVEN = ("position", "position_after", "reason")


def find(conn: Connection, session: str, seat: str) -> Seat | None:
    """A member's seat, if they took one."""
    here = select(seats).where(seats.c.session == session, seats.c.seat == seat)
    row = conn.execute(here).first()
    if row is None:
        return None
    return Seat(row.language, row.participant is not None, row.position, row.position_after, row.reason)


def put(conn: Connection, session: str, seat: str, told: Seat, participant: str | None) -> None:
    """Take a seat, or change what is known of it. One person has one seat, through whichever door they came."""
    values = {**{name: value for name, value in asdict(told).items() if name != "counted"}, "participant": participant}
    mine = seats.c.seat == seat
    if participant is not None:
        theirs = (seats.c.session == session, seats.c.participant == participant)
        if conn.execute(update(seats).where(*theirs).values(seat=seat, **values)).rowcount:
            return
    if not conn.execute(update(seats).where(seats.c.session == session, mine).values(**values)).rowcount:
        conn.execute(insert(seats), {"session": session, "seat": seat, **values})


def seat_of(conn: Connection, session: str, participant: str) -> str:
    """The seat this person took through another door; empty when there is none."""
    theirs = select(seats.c.seat).where(seats.c.session == session, seats.c.participant == participant)
    return conn.execute(theirs).scalar_one_or_none() or ""


def gave(conn: Connection, session: str, seat: str, told: Seat) -> None:
    """Keep what a member has just chosen."""
    here = update(seats).where(seats.c.session == session, seats.c.seat == seat)
    conn.execute(here.values(**{name: getattr(told, name) for name in (*GIVEN, "language")}))


def keep(
    conn: Connection,
    person: Person,
    facts: Iterable[Answered],
    language: str,
    channel: str,
    group: str,
    version: int,
    now: datetime,
) -> None:
    """The same among the answers of who is counted, and where they stand in their own dialogue."""
    progress = person.progress
    for fact in facts:
        seen = replace(fact, after_results=fact.dilemma in progress.seen_results)
        here = replace(progress, language=language, channel=channel)
        write_answer(conn, person.id, here, seen, version, now, group)
        progress = progress.gave(f"{fact.dilemma}.{fact.item}", Given(fact.status, fact.codes))
    conn.execute(update(participants).where(participants.c.id == person.id).values(progress=progress.dumps()))


def leave(conn: Connection, session: str, seat: str) -> bool:
    """Give up a seat. Who had answered goes on to be counted among those who did: nobody sees who left."""
    here = (seats.c.session == session, seats.c.seat == seat)
    row = conn.execute(select(seats.c.position).where(*here)).first()
    if row is None:
        return False
    conn.execute(delete(seats).where(*here))
    theirs = update(sessions).where(sessions.c.code == session)
    gone = 1 if row.position else 0
    conn.execute(theirs.values(gone=sessions.c.gone + gone, version=sessions.c.version + 1))
    return True


def leave_all(conn: Connection, participant: str) -> None:
    """Give up every seat of somebody who is about to be erased."""
    theirs = select(seats.c.session, seats.c.seat).where(seats.c.participant == participant)
    for row in conn.execute(theirs).all():
        leave(conn, row.session, row.seat)


def keys(conn: Connection) -> list[tuple[str, str]]:
    """Code and key of every session that has members."""
    return [(row.code, row.key) for row in conn.execute(select(sessions.c.code, sessions.c.key)) if row.key]


def clear(conn: Connection, session: str) -> None:
    """What was chosen at the question before is erased; the seats stay."""
    conn.execute(update(seats).where(seats.c.session == session).values(dict.fromkeys(GIVEN, "")))


def empty(conn: Connection, session: str) -> None:
    """Every seat goes, with all that was chosen."""
    conn.execute(delete(seats).where(seats.c.session == session))


def count(conn: Connection, session: str, languages: Sequence[str]) -> tuple[Counts, Tally]:
    """What may be known of the members together, and what they chose; `languages` in their order."""
    columns = [seats.c[name] for name in ("language", *GIVEN)]
    query = select(*columns, func.count().label("people")).where(seats.c.session == session).group_by(*columns)
    spoken: set[str] = set()
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    why: Counter[str] = Counter()
    joined = 0
    for row in conn.execute(query):
        seat = Seat(row.language, False, row.position, row.position_after, row.reason)
        joined += row.people
        spoken.add(seat.language)
        for tally, code in ((before, seat.position), (after, seat.latest), (why, seat.reason)):
            if code:
                tally[code] += row.people
    counts = Counts(joined, sum(before.values()), tuple(one for one in languages if one in spoken))
    return counts, Tally(before, after, why)
