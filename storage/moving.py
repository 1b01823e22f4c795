"""All rows of one database into another, of the same kind or not, in one transaction."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine, Integer, Table, func, insert, select, text
from sqlmodel import SQLModel

from storage import audit
from storage.database import DatabaseFault, begin_read, begin_write
from storage.erasure import erased
from storage.keeping import rounds
from storage.locks import lock_schema, nobody_serves
from storage.tables import Mark

marks = Mark.__table__  # type: ignore[attr-defined]

AT_ONCE = 2000
# A new database has rows here before anybody came.
THERE_FROM_THE_START = (marks, rounds, erased, audit.audit)

# Told as it goes: the table, how many of its rows are copied, and how many there are.
Told = Callable[[str, int, int], None]


def tables() -> list[Table]:
    """Every table, each after those it refers to."""
    return SQLModel.metadata.sorted_tables


def count(conn: Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {one.name: conn.execute(select(func.count()).select_from(one)).scalar_one() for one in tables()}


def copy(source: Connection, target: Connection, told: Told) -> dict[str, int]:
    """Replace all rows of `target` by those of `source`; how many each table has. Raises DatabaseFault
    when a count differs. `source` is in a snapshot, and the caller commits `target`.

    The audit log is added to: nothing takes a line out of it.
    """
    replaced = [table for table in tables() if table is not audit.audit]
    for table in reversed(replaced):
        target.execute(table.delete())
    here = count(source)
    here[audit.audit.name] = count(target)[audit.audit.name] + audit.merge(source, target)
    for table in replaced:
        done = 0
        rows = source.execute(select(table).execution_options(yield_per=AT_ONCE))
        for some in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in some])
            done += len(some)
            told(table.name, done, here[table.name])
    _count_on(target)
    there = count(target)
    if here != there:
        wrong = [name for name in here if here[name] != there[name]]
        raise DatabaseFault(f"not every row arrived, and nothing was changed: {', '.join(wrong)}")
    return there


def take_over(target: Connection, force: bool) -> None:
    """Begin to write into a database nobody serves, with nobody in it. Raises DatabaseFault.

    `force`: what is in it may be overwritten.
    """
    begin_write(target)
    lock_schema(target)
    if not nobody_serves(target):
        raise DatabaseFault("this database is being served: stop every process first")
    kept = sum(n for name, n in count(target).items() if name not in {one.name for one in THERE_FROM_THE_START})
    if kept and not force:
        raise DatabaseFault("there is something in this database already; --force overwrites it")


def move(source: Engine, target: Engine, told: Told) -> dict[str, int]:
    """Copy everything into an empty database; how many rows each table has. `source` is only read."""
    with source.connect() as here, target.connect() as there:
        begin_read(here)
        take_over(there, force=False)
        counts = copy(here, there, told)
        there.commit()
    return counts


def _count_on(conn: Connection) -> None:
    """PostgreSQL numbers new rows from a sequence, which has to go on behind the rows copied."""
    if conn.dialect.name == "sqlite":
        return
    for table in tables():
        keys = list(table.primary_key)
        if len(keys) == 1 and isinstance(keys[0].type, Integer) and not keys[0].foreign_keys:
            sequence = text("SELECT setval(pg_get_serial_sequence(:name, :key), :next, false)")
            newest = conn.execute(select(func.max(keys[0]))).scalar_one() or 0
            conn.execute(sequence, {"name": f'"{table.name}"', "key": keys[0].name, "next": newest + 1})
