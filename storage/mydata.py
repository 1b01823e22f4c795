"""Everything kept about one person, as plain data: what `/mydata` shows and hands over as a file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from storage.keeping import answers, consents, contacts, owed, participants, wrong
from storage.keys import Keys
from storage.moderation import decisions
from storage.notices import notices
from storage.seats import seats

TABLES = {
    "contact": contacts,
    "consents": consents,
    "answers": answers,
    "owed_replies": owed,
    "notices": notices,
    "corrections": wrong,
    "group_seats": seats,
}


def everything(conn: Connection, participant: str, keys: Keys) -> dict[str, Any]:
    """All rows about this participant, table by table, every column. Times are UTC, ISO 8601."""
    found: dict[str, Any] = {"participant": keys.pseudonym(participant)}
    one = conn.execute(select(participants).where(participants.c.id == participant)).mappings().one()
    found["dialogue"] = _plain(dict(one))
    for name, table in TABLES.items():
        query = select(table).where(table.c.participant == participant)
        if table is answers:
            query = query.order_by(answers.c.id)
        found[name] = [_plain(dict(row)) for row in conn.execute(query).mappings()]
    own = select(answers.c.id).where(answers.c.participant == participant)
    # Who of the staff decided is theirs to know.
    shown = [column for column in decisions.c if column.name not in ("moderator", "batch")]
    query = select(*shown).where(decisions.c.answer.in_(own)).order_by(decisions.c.id)
    found["decisions"] = [_plain(dict(row)) for row in conn.execute(query).mappings()]
    return found


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat(timespec="seconds").replace("+00:00", "Z") if isinstance(value, datetime) else value
        for name, value in row.items()
    }
