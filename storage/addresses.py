"""How long a channel address is kept: while something needs it, and at most so many days after the round.

What needs it: a walk that goes on, a reply that is owed, the results or the reminder somebody asked for.
The keyed hash beside it stays as long as the rows, so that who comes back is found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select, update

from storage.keeping import consents, contacts, owed, participants, rounds
from storage.notices import notices
from storage.setting_apart import round_of


def unneeded(conn: Connection, now: datetime, contact_days: int) -> list[str]:
    """The participants whose address nothing needs any more."""
    return list(conn.execute(_unneeded(now, contact_days)).scalars())


def drop(conn: Connection, some: Sequence[str], now: datetime, contact_days: int) -> int:
    """Take away the addresses of these, where nothing needs them now; how many."""
    there = contacts.c.participant.in_(some), contacts.c.participant.in_(_unneeded(now, contact_days))
    return conn.execute(update(contacts).where(*there).values(address="")).rowcount


def keep(conn: Connection, participant: str, address: str, now: datetime, contact_days: int) -> None:
    """Somebody spoke whose address is gone, or who could not be reached: keep it where something needs it."""
    needed = _people().where(contacts.c.participant == participant, _needed(now, contact_days))
    there = update(contacts).where(contacts.c.participant.in_(needed))
    conn.execute(there.values(address=address, reachable=True))


# ---------------------------------------------------------------- inside


def _people() -> Select[str]:
    there = select(contacts.c.participant).join(participants, participants.c.id == contacts.c.participant)
    return there.join(rounds, rounds.c.round == round_of(participants.c.round), isouter=True)


def _unneeded(now: datetime, contact_days: int) -> Select[str]:
    gone = or_(contacts.c.reachable.is_(False), ~_needed(now, contact_days))
    return _people().where(contacts.c.address != "", gone)


def _needed(now: datetime, contact_days: int) -> ColumnElement[bool]:
    closed = rounds.c.closed_at.is_not(None)
    over = and_(closed, rounds.c.closed_at < now - timedelta(days=contact_days))
    walks = and_(~closed, participants.c.status != "finished")
    is_owed = exists().where(owed.c.participant == participants.c.id)
    told = exists().where(notices.c.participant == participants.c.id, notices.c.kind == "results")
    results = and_(_agreed("tell_me"), or_(~closed, told))
    return and_(~over, ~_agreed("count_me", False), or_(walks, is_owed, results, _agreed("remind_me")))


def _agreed(purpose: str, yes: bool = True) -> ColumnElement[bool]:
    mine = consents.c.participant == participants.c.id
    return exists().where(mine, consents.c.purpose == purpose, consents.c.yes.is_(yes))
