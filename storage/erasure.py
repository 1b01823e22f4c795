"""Forgetting one person: every row and revision goes; a receipt code is all that is left with them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, insert, select

from storage import belonging, keeping, rewriting, seats
from storage.belonging import participants
from storage.database import upsert
from storage.keys import Keys
from storage.setting_apart import APART
from storage.tables import Erased, Outbox

RECEIPT_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
outbox = Outbox.__table__  # type: ignore[attr-defined]
erased = Erased.__table__  # type: ignore[attr-defined]


def new_receipt() -> str:
    """A receipt code: random, and derived from nothing."""
    letters = "".join(secrets.choice(RECEIPT_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def erase(conn: Connection, participant: str, keys: Keys, now: datetime, tell_receiver: bool) -> bool:
    """Delete everything kept about this participant. False when there is none.

    `tell_receiver`: an erasure event goes to the internal export's address, and exists only in the
    outbox row until it is accepted. The caller must have the worker wipe the traces after the commit.
    """
    here = conn.execute(select(participants.c.round).where(participants.c.id == participant)).first()
    if here is None:
        return False
    seats.leave_all(conn, participant)
    belonging.erase(conn, [participant])
    rewriting.want(conn, now)
    if not here.round.startswith(APART):
        # Who stands apart was counted when they left.
        keeping.count_leaving(conn, here.round)
    remember(conn, {ledger_code(participant, keys): now.date()})
    if tell_receiver:
        # Under an earlier key they had another name in what was exported then.
        conn.execute(insert(outbox), [_event(one.pseudonym(participant), now) for one in keys.all])
    return True


def ledger_code(participant: str, keys: Keys) -> str:
    """What is remembered of an erasure: enough to find this participant in an older backup."""
    return keys.code("erased", participant, 20)


def remember(conn: Connection, codes_and_days: Mapping[str, date]) -> None:
    """Note erasures, so that restoring an older backup repeats them."""
    rows = [{"code": code, "erased_on": day} for code, day in codes_and_days.items()]
    if rows:
        conn.execute(upsert(conn)(erased).on_conflict_do_nothing(), rows)


def remembered(conn: Connection) -> dict[str, date]:
    """The erasures that a backup may not know of yet, with their days."""
    return {row.code: row.erased_on for row in conn.execute(select(erased))}


def long_past(conn: Connection, now: datetime, backup_days: int) -> list[str]:
    """The erasures that no backup can know of any more: their codes."""
    old = erased.c.erased_on < (now - timedelta(days=backup_days)).date()
    return list(conn.execute(select(erased.c.code).where(old)).scalars())


def repeat(conn: Connection, keys: Keys, now: datetime) -> int:
    """After a restore: erase again who was erased since the backup; how many that were."""
    gone = remembered(conn)
    here = conn.execute(select(participants.c.id)).scalars().all() if gone else ()
    people = [one for one in here if any(ledger_code(one, key) in gone for key in keys.all)]
    for participant in people:
        erase(conn, participant, keys, now, tell_receiver=False)
    return len(people)


def by_pseudonym(conn: Connection, pseudonym: str, keys: Keys) -> str | None:
    """The participant with this export pseudonym. A keyed code cannot be turned back: all are tried."""
    rows = conn.execute(select(participants.c.id))
    return next((row.id for row in rows if pseudonym in [one.pseudonym(row.id) for one in keys.all]), None)


def _event(pseudonym: str, now: datetime) -> dict[str, object]:
    event_id = f"evt_{secrets.token_hex(12)}"
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "stadsdialoog",
        "type": "nl.stadsdialoog.participant.erased",
        "time": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"participant": pseudonym},
    }
    payload = json.dumps(event, separators=(",", ":")).encode()
    return {
        "id": event_id,
        "type": event["type"],
        "target": "url",
        "payload": payload,
        "made_at": now,
        "next_at": now,
        "tries": 0,
        "last_error": "",
    }
