"""Named keys for staff, each with a role. A key is shown once, when it is made; only its keyed hash is kept."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Connection, delete, exists, insert, select

from storage.audit import Actor, audit, note
from storage.keys import Keys
from storage.tables import StaffKey

staff_keys = StaffKey.__table__  # type: ignore[attr-defined]

Role = Literal["reader", "analyst", "moderator", "keeper"]
ROLES: tuple[Role, ...] = get_args(Role)
# The key of the setting STAFF_TOKEN: it is kept nowhere, so it stands in no row either.
FIRST = "first-keeper"
NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,38}[a-z0-9])?")
KEY_BYTES = 32


class NoKey(ValueError):
    """A key cannot be made or removed: one line that says why."""


@dataclass(frozen=True)
class Holder:
    """Whose key it is, and what it may do."""

    name: str
    role: Role


@dataclass(frozen=True)
class Listed:
    """A key as it is listed: never the key itself."""

    name: str
    role: Role
    made_at: datetime
    made_by: str


class Staff:
    """Finds the holder of a key. `first_key` is the first keeper's, from the settings."""

    def __init__(self, keys: Keys, first_key: str) -> None:
        self._keys, self._first = keys, code_of(keys, first_key)

    def first(self, key: str) -> Holder | None:
        """The first keeper, whose key is known without the database: also while that is gone."""
        code = code_of(self._keys, key)
        return Holder(FIRST, "keeper") if secrets.compare_digest(code, self._first) else None

    def holder(self, conn: Connection, key: str) -> Holder | None:
        """Who holds this key; None for nobody. Looked up by a keyed hash, so that timing tells nothing."""
        return self.by_code(conn, code_of(self._keys, key))

    def by_code(self, conn: Connection, code: str) -> Holder | None:
        """Who holds the key with this hash, as long as it was not removed."""
        if secrets.compare_digest(code, self._first):
            return Holder(FIRST, "keeper")
        row = conn.execute(select(staff_keys).where(staff_keys.c.code == code)).first()
        return Holder(row.name, row.role) if row and secrets.compare_digest(row.code, code) else None


def code_of(keys: Keys, key: str) -> str:
    """The keyed hash under which a key is kept."""
    return keys.code("staff key", key.strip(), 20)


def add(conn: Connection, keys: Keys, name: str, role: str, actor: Actor, now: datetime) -> str:
    """Make a key; returns it, the only time it is seen. Raises NoKey."""
    if not NAME.fullmatch(name):
        raise NoKey("a name has 1 to 40 small letters, digits, dots and hyphens, as in j.janssen")
    if role not in ROLES:
        raise NoKey(f"a role is one of {', '.join(ROLES)}")
    if name == FIRST or conn.execute(select(staff_keys.c.name).where(staff_keys.c.name == name)).first():
        raise NoKey(f"{name} has a key already: remove it first")
    key = secrets.token_urlsafe(KEY_BYTES)
    made = {"made_at": now, "made_by": actor.name}
    conn.execute(insert(staff_keys), {"name": name, "role": role, "code": code_of(keys, key), **made})
    note(conn, actor, "key_add", f"{name} as {role}", at=now)
    return key


def remove(conn: Connection, name: str, actor: Actor, now: datetime) -> None:
    """From now on this key opens nothing. Raises NoKey."""
    if name == FIRST:
        raise NoKey(
            "the first keeper's key is the setting STAFF_TOKEN: change it there, or remove the file it stands in"
        )
    # What is there is looked up first: a driver may not count the rows of a delete.
    if not conn.execute(select(staff_keys.c.name).where(staff_keys.c.name == name)).first():
        raise NoKey(f"{name}: nobody of this name has a key")
    conn.execute(delete(staff_keys).where(staff_keys.c.name == name))
    note(conn, actor, "key_remove", name, at=now)


def listed(conn: Connection) -> list[Listed]:
    """Every key but the first keeper's, by name."""
    query = select(staff_keys.c.name, staff_keys.c.role, staff_keys.c.made_at, staff_keys.c.made_by)
    return [Listed(*row) for row in conn.execute(query.order_by(staff_keys.c.name))]


def repeat_removals(conn: Connection) -> None:
    """After a restore: a key that was removed since the backup stays removed, as the audit log tells."""
    removed = (audit.c.action == "key_remove", audit.c.object == staff_keys.c.name, audit.c.at >= staff_keys.c.made_at)
    conn.execute(delete(staff_keys).where(exists().where(*removed)))
