"""Whether the people in a database are real. One that was made by `simulate` says so for ever."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from storage.tables import Mark

marks = Mark.__table__  # type: ignore[attr-defined]
MARK = "simulated"


def declare(conn: Connection, seed: int) -> None:
    """Mark the database for ever: whoever is in it was made up, with this seed."""
    conn.execute(insert(marks).values(name=MARK, value=str(seed)))


def simulated(conn: Connection) -> bool:
    """Whether this database was made by `simulate`."""
    return conn.execute(select(marks.c.name).where(marks.c.name == MARK)).first() is not None
