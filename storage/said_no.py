"""Purposes somebody said no to, carried over a restore: a backup may not know of it yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, update

from conversations.shapes import Given, Progress
from storage.database import upsert
from storage.keeping import consents, count_leaving, participants
from storage.setting_apart import set_apart


def withdrawn(conn: Connection) -> list[dict[str, Any]]:
    """Every purpose somebody said no to: what a restored backup may not know of yet."""
    return [dict(row) for row in conn.execute(select(consents).where(consents.c.yes.is_(False))).mappings()]


def withdraw_again(conn: Connection, said_no: Iterable[Mapping[str, Any]]) -> None:
    """After a restore: who had said no since the backup says so again, as of then."""
    for one in said_no:
        query = select(participants.c.progress).where(participants.c.id == one["participant"])
        if (kept := conn.execute(query).scalar_one_or_none()) is None:
            continue
        here = (consents.c.participant == one["participant"], consents.c.purpose == one["purpose"])
        newer = conn.execute(select(consents.c.yes).where(*here)).scalar_one_or_none()
        if newer is False:
            continue
        progress = Progress.loads(kept) if kept else None
        if progress:
            progress = progress.gave(one["purpose"], Given("answered", ("no",)))
            gone = replace(progress, withdrawn=progress.withdrawn or one["purpose"] == "count_me", over="")
            mine = update(participants).where(participants.c.id == one["participant"])
            conn.execute(mine.values(progress=gone.dumps()))
        values = {name: one[name] for name in ("yes", "version", "language", "at")}
        row = upsert(conn)(consents).values(**one)
        conn.execute(row.on_conflict_do_update(index_elements=["participant", "purpose"], set_=values))
        if one["purpose"] == "count_me" and (left := set_apart(conn, one["participant"])):
            count_leaving(conn, left)
