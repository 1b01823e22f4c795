"""Retention: what goes by itself, and when. Each kind of record is one line of DUTIES.

| what | goes |
|---|---|
| channel addresses | once nothing needs them, and CONTACT_DAYS after the round at the latest |
| rows of people | ROWS_DAYS after the round was closed |
| who no longer wants to be counted, and did not choose | CONTACT_DAYS after they said so |
| notices nobody can be sent | at once |
| corrections to our texts | CORRECTION_DAYS after they came |
| dialogues in groups, with their chat and all seats | a day after they began, if not before |
| numbers of handled updates | after 48 hours |
| that somebody was erased | BACKUP_DAYS later, when no backup knows them any more |
| an erasure event that was not accepted | 30 days later |

A legal hold stops what DUTIES marks so, and never `/forget`. Backup files: see storage/backup_files.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, delete, or_, select

from storage import addresses, belonging, erasure, groups, outbox, rewriting
from storage.holds import held
from storage.keeping import REMEMBER_UPDATES, consents, contacts, participants, rounds, updates, wrong
from storage.keys import Keys
from storage.notices import notices
from storage.setting_apart import round_of

CORRECTION_DAYS = 90
AT_ONCE = 200


@dataclass(frozen=True)
class Terms:
    """How long what is kept, in days, and what an erasure needs."""

    contact_days: int
    rows_days: int
    backup_days: int
    keys: Keys
    tell_receiver: bool


@dataclass(frozen=True)
class Duty:
    """One kind of record: what is over now, and how some of it is let go (how many that were).

    `find` only reads; `drop` looks again, since things change in between. `held`: a legal hold stops it.
    `personal`: what goes led to a person, so that the files have to be written anew.
    """

    name: str
    find: Callable[[Connection, datetime, Terms], Sequence[str | int]]
    drop: Callable[[Connection, Sequence[str | int], datetime, Terms], int]
    held: bool = True
    personal: bool = True


# ---------------------------------------------------------------- one pair of functions a kind


def _find_addresses(conn: Connection, now: datetime, terms: Terms) -> list[str]:
    return addresses.unneeded(conn, now, terms.contact_days)


def _drop_addresses(conn: Connection, some: Sequence[str | int], now: datetime, terms: Terms) -> int:
    return addresses.drop(conn, [str(one) for one in some], now, terms.contact_days)


def _over(now: datetime, terms: Terms) -> Select[str]:
    closed = rounds.c.closed_at < now - timedelta(days=terms.rows_days)
    return select(participants.c.id).join(rounds, rounds.c.round == round_of(participants.c.round)).where(closed)


def _find_people(conn: Connection, now: datetime, terms: Terms) -> list[str]:
    return list(conn.execute(_over(now, terms)).scalars())


def _drop_people(conn: Connection, some: Sequence[str | int], now: datetime, terms: Terms) -> int:
    still = list(conn.execute(_over(now, terms).where(participants.c.id.in_(some))).scalars())
    belonging.erase(conn, still)
    return len(still)


def _undecided(now: datetime, terms: Terms) -> Select[str]:
    said = (consents.c.purpose == "count_me", consents.c.yes.is_(False))
    return select(consents.c.participant).where(*said, consents.c.at < now - timedelta(days=terms.contact_days))


def _find_withdrawn(conn: Connection, now: datetime, terms: Terms) -> list[str]:
    return list(conn.execute(_undecided(now, terms)).scalars())


def _drop_withdrawn(conn: Connection, some: Sequence[str | int], now: datetime, terms: Terms) -> int:
    still = conn.execute(_undecided(now, terms).where(consents.c.participant.in_(some))).scalars().all()
    return sum(erasure.erase(conn, one, terms.keys, now, terms.tell_receiver) for one in still)


def _find_notices(conn: Connection, now: datetime, terms: Terms) -> list[str]:
    lost = or_(contacts.c.address == "", contacts.c.reachable.is_(False))
    query = select(notices.c.participant).join(contacts, contacts.c.participant == notices.c.participant).where(lost)
    return list(conn.execute(query.distinct()).scalars())


def _drop_notices(conn: Connection, some: Sequence[str | int], now: datetime, terms: Terms) -> int:
    return conn.execute(delete(notices).where(notices.c.participant.in_(some))).rowcount


def _find_corrections(conn: Connection, now: datetime, terms: Terms) -> list[int]:
    old = wrong.c.received_at < now - timedelta(days=CORRECTION_DAYS)
    return list(conn.execute(select(wrong.c.id).where(old)).scalars())


def _drop_corrections(conn: Connection, some: Sequence[str | int], now: datetime, terms: Terms) -> int:
    return conn.execute(delete(wrong).where(wrong.c.id.in_(some))).rowcount


def _find_groups(conn: Connection, now: datetime, terms: Terms) -> list[str]:
    return groups.too_old(conn, now)


def _drop_groups(conn: Connection, some: Sequence[str | int], now: datetime, terms: Terms) -> int:
    return groups.drop(conn, [str(one) for one in some])


def _find_updates(conn: Connection, now: datetime, terms: Terms) -> list[str]:
    return list(conn.execute(select(updates.c.id).where(updates.c.seen_at < now - REMEMBER_UPDATES)).scalars())


def _drop_updates(conn: Connection, some: Sequence[str | int], now: datetime, terms: Terms) -> int:
    return conn.execute(delete(updates).where(updates.c.id.in_(some))).rowcount


def _find_erasures(conn: Connection, now: datetime, terms: Terms) -> list[str]:
    return erasure.long_past(conn, now, terms.backup_days)


def _drop_erasures(conn: Connection, some: Sequence[str | int], now: datetime, terms: Terms) -> int:
    return conn.execute(delete(erasure.erased).where(erasure.erased.c.code.in_(some))).rowcount


def _find_events(conn: Connection, now: datetime, terms: Terms) -> list[str]:
    return outbox.too_old(conn, now)


def _drop_events(conn: Connection, some: Sequence[str | int], now: datetime, terms: Terms) -> int:
    return outbox.expire(conn, now)


DUTIES = (
    Duty("addresses", _find_addresses, _drop_addresses),
    Duty("people", _find_people, _drop_people),
    Duty("withdrawn", _find_withdrawn, _drop_withdrawn),
    Duty("notices", _find_notices, _drop_notices, personal=False),
    Duty("corrections", _find_corrections, _drop_corrections),
    # Not held: their members were promised that a day is the longest.
    Duty("groups", _find_groups, _drop_groups, held=False),
    Duty("updates", _find_updates, _drop_updates, held=False, personal=False),
    Duty("erasures", _find_erasures, _drop_erasures, personal=False),
    Duty("events", _find_events, _drop_events, held=False, personal=False),
)


def due(conn: Connection, now: datetime, terms: Terms) -> dict[str, Sequence[str | int]]:
    """By the name of each duty what is over now and may go; nothing of what a legal hold keeps."""
    on_hold = bool(held(conn))
    return {one.name: one.find(conn, now, terms) for one in DUTIES if not (one.held and on_hold)}


def drop(conn: Connection, name: str, some: Sequence[str | int], now: datetime, terms: Terms) -> int:
    """Let some of what was due go, in one transaction; how many that were."""
    duty = next(one for one in DUTIES if one.name == name)
    gone = 0 if duty.held and held(conn) else duty.drop(conn, some, now, terms)
    if gone and duty.personal:
        rewriting.want(conn, now)
    return gone
