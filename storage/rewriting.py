"""After an erasure the database's files are written anew: what was deleted leaves its last bytes in them otherwise.

SQLite overwrites what is deleted, but not the copies that moving cells from page to page left behind.
PostgreSQL leaves deleted rows where they stood. Both write only what is still there when asked to
(VACUUM, VACUUM FULL). That holds up who writes: a small database is rewritten right away, a large
one in the quiet hours of the night.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Engine, delete, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from storage.database import upsert, wipe_traces
from storage.tables import Mark

marks = Mark.__table__  # type: ignore[attr-defined]

WANTED, LAST = "rewrite", "erased"
SMALL_BYTES = 256 * 1024 * 1024
QUIET_HOURS = range(1, 4)  # UTC: two to five or six o'clock in Maastricht
LOCK_WAIT = "2s"


def want(conn: Connection, now: datetime) -> None:
    """Something was erased: remembered until the files were written anew, whatever becomes of this process."""
    value = f"{now.isoformat()} {secrets.token_hex(4)}"
    for name in (WANTED, LAST):
        row = upsert(conn)(marks).values(name=name, value=value)
        conn.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def wanted(conn: Connection) -> str:
    """Tells one erasure that still has to be written over from another; empty when there is none."""
    return _mark(conn, WANTED)


def last(conn: Connection) -> str:
    """Changes with every erasure, in whichever process: what was made from rows before is to be thrown away."""
    return _mark(conn, LAST)


def clean(engine: Engine, now: datetime, at_once: bool = False) -> bool:
    """Cut the log and, where it is wanted, write the files anew. True when no trace is left.

    False while a reader holds an older snapshot, the disk is full, or a large database waits for the
    night; `at_once`: do not wait for that.
    """
    try:
        with engine.connect() as conn:
            since, size = wanted(conn), _bytes(conn)
        if since and (at_once or size <= SMALL_BYTES or now.hour in QUIET_HOURS):
            if not _rewrite(engine):
                return False
            with engine.begin() as conn:
                conn.execute(delete(marks).where(marks.c.name == WANTED, marks.c.value == since))
            since = ""
        return wipe_traces(engine) and not since
    except DBAPIError:
        return False


def keep_no_examples(engine: Engine) -> None:
    """PostgreSQL's planner keeps values of columns, in a table of its own that no rewriting reaches. Not of these."""
    if engine.dialect.name == "sqlite":
        return
    with engine.begin() as conn:
        there = select(text("attrelid::regclass::text, attname FROM pg_attribute WHERE attstattarget = 0"))
        known = {(row[0].strip('"'), row[1]) for row in conn.execute(there)}
        for table in SQLModel.metadata.sorted_tables:
            for column in table.columns:
                if _personal(column) and (table.name, column.name) not in known:
                    conn.execute(text(f'ALTER TABLE "{table.name}" ALTER COLUMN "{column.name}" SET STATISTICS 0'))


# ---------------------------------------------------------------- inside


def _personal(column: Column[Any]) -> bool:
    return bool(column.info.get("personal")) or any(key.column.info.get("personal") for key in column.foreign_keys)


def _mark(conn: Connection, name: str) -> str:
    return conn.execute(select(marks.c.value).where(marks.c.name == name)).scalar_one_or_none() or ""


def _bytes(conn: Connection) -> int:
    if conn.dialect.name == "sqlite":
        pages, size = (conn.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size"))
        return int(pages) * int(size)
    return int(conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def _rewrite(engine: Engine) -> bool:
    if engine.dialect.name == "sqlite":
        with engine.connect() as conn:
            conn.exec_driver_sql("VACUUM")
        return True
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text(f"SET lock_timeout = '{LOCK_WAIT}'"))
        try:
            done = [_vacuum(conn, table.name) for table in SQLModel.metadata.sorted_tables]
            return all(done)
        finally:
            conn.execute(text("RESET lock_timeout"))


def _vacuum(conn: Connection, table: str) -> bool:
    """Write one table of PostgreSQL anew, with its indexes. False when somebody may still see deleted rows."""
    told: list[str] = []

    def hear(message: Any) -> None:
        told.append(message.message_detail or "")

    driver = conn.connection.driver_connection
    driver.add_notice_handler(hear)  # type: ignore[union-attr]
    try:
        conn.execute(text(f'VACUUM (FULL, VERBOSE) "{table}"'))
    finally:
        driver.remove_notice_handler(hear)  # type: ignore[union-attr]
    # "3 dead row versions cannot be removed yet": the number stands first, whatever the server's language.
    left = [int(found[0]) for detail in told if (found := re.search(r"\d+", detail))]
    return not any(left)
