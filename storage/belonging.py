"""Which rows belong to a person: those that lead to a participant, found in the schema itself.

So that a new table cannot be forgotten where somebody wants to see everything, or have it erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, ForeignKey, Select, Table, delete, or_, select
from sqlmodel import SQLModel

from storage.tables import Participant

participants: Table = Participant.__table__  # type: ignore[attr-defined]


def tables() -> list[Table]:
    """Every table with rows about one person, each behind those it refers to; the participant's own first."""
    return [table for table in SQLModel.metadata.sorted_tables if table is participants or _leads(table)]


def of(table: Table, people: Sequence[str]) -> ColumnElement[bool]:
    """Which rows of the table are about these participants (ids)."""
    if table is participants:
        return participants.c.id.in_(people)
    return or_(*(key.parent.in_(_referred(key, people)) for key in _leads(table)))


def erase(conn: Connection, people: Sequence[str]) -> None:
    """Delete every row about these participants."""
    for table in reversed(tables()):
        conn.execute(delete(table).where(of(table, people)))


def _referred(key: ForeignKey, people: Sequence[str]) -> Sequence[str] | Select[Any]:
    there = key.column.table
    return people if there is participants else select(key.column).where(of(there, people))


def _leads(table: Table) -> list[ForeignKey]:
    """The foreign keys of the table that lead to a participant, straight or over another table."""
    return [key for key in table.foreign_keys if key.column.table is participants or _leads(key.column.table)]
