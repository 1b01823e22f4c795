"""What the database says when it cannot: whose fault it is, whether trying again helps, and how to say so."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, delete, insert
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError

from storage.database import DatabaseFault
from storage.tables import Mark

marks = Mark.__table__  # type: ignore[attr-defined]

# What is wrong with one statement or its values; every other error of a driver is the database's.
OF_THE_WORK = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
# PostgreSQL: serialization failure, deadlock. The same work, run again, goes through.
LOST_A_RACE = ("40001", "40P01")
# SQLite: busy, locked, out of memory, read-only, I/O error, corrupt, full, cannot open, protocol, no database.
SQLITE_FAILS = (5, 6, 7, 8, 10, 11, 13, 14, 15, 26)
# PostgreSQL, by class: connection, state of the transaction (read-only), rolled back, resources (disk,
# memory, connections), object in use (a lock), operator (shutdown, cancelled), system.
POSTGRESQL_FAILS = ("08", "25", "40", "53", "55", "57", "58")
# Larger than a turn, so that who is let in again also finds room.
PROOF_BYTES = 64 * 1024


def of_the_database(error: BaseException) -> bool:
    """Whether the transaction is lost: a full disk, a lock, a connection that is gone."""
    return isinstance(error, DBAPIError) and (error.connection_invalidated or not isinstance(error, OF_THE_WORK))


def disconnected(error: BaseException) -> bool:
    """Whether the connection is gone."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def whatever_the_work(error: BaseException) -> bool:
    """Whether any other work would have met the same. Otherwise it may be this work that is poison."""
    if not isinstance(error, DBAPIError) or error.connection_invalidated:
        return True
    code, state = getattr(error.orig, "sqlite_errorcode", None), getattr(error.orig, "sqlstate", None)
    return (code is not None and code & 0xFF in SQLITE_FAILS) or (state or "")[:2] in POSTGRESQL_FAILS


def lost_a_race(error: BaseException) -> bool:
    """Whether another transaction went first: nothing is wrong, and the work is to be run again."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in LOST_A_RACE


def prove(connection: Connection) -> None:
    """Write something that does not fit a full disk, and take it away again. Raises what the database says."""
    connection.execute(insert(marks), {"name": "proof", "value": secrets.token_hex(PROOF_BYTES // 2)})
    connection.execute(delete(marks).where(marks.c.name == "proof"))


def describe(error: BaseException) -> str:
    """The fault in a few words that repeat nobody's: never a statement or its values."""
    if not isinstance(error, DBAPIError):
        return str(error) if isinstance(error, DatabaseFault) else type(error).__name__
    cause = error.orig or error
    # What SQLite says, and why a server cannot be reached, names nothing that somebody wrote.
    if type(cause).__module__ == "sqlite3" or not getattr(cause, "sqlstate", None):
        return (str(cause).splitlines() or [type(cause).__name__])[0]
    return type(cause).__name__
