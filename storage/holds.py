"""Legal holds: as long as there is one, retention deletes no rows, addresses or backups. `/forget` goes on."""

from __future__ import annotations

import re
from datetime import date

from sqlalchemy import Connection, delete, select

from storage.database import DatabaseFault, upsert
from storage.tables import Mark

marks = Mark.__table__  # type: ignore[attr-defined]

PREFIX = "hold:"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


def add(conn: Connection, name: str, today: date) -> None:
    """Begin a hold under a name of its own; one that is there goes on since when it began. Raises DatabaseFault."""
    if not NAME.fullmatch(name):
        raise DatabaseFault(f"{name}: a hold is named with a-z, 0-9, dots and hyphens, as in court-2026")
    row = upsert(conn)(marks).values(name=f"{PREFIX}{name}", value=today.isoformat())
    conn.execute(row.on_conflict_do_nothing())


def remove(conn: Connection, name: str) -> None:
    """End a hold. Raises DatabaseFault when there is none of that name."""
    if name not in held(conn):
        raise DatabaseFault(f"{name}: there is no such hold; there are {', '.join(held(conn)) or 'none'}")
    conn.execute(delete(marks).where(marks.c.name == f"{PREFIX}{name}"))


def held(conn: Connection) -> dict[str, str]:
    """The holds in force, and since which day."""
    query = select(marks).where(marks.c.name.startswith(PREFIX, autoescape=True)).order_by(marks.c.name)
    return {row.name.removeprefix(PREFIX): row.value for row in conn.execute(query)}
