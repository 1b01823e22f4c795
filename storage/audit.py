"""The audit log: what staff did, and what was refused them. Rows are added, never changed.

What may stand in it: the name of a key, codes of rounds and tables, receipt codes, numbers. No key,
no resident's words, no pseudonym.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Connection, and_, insert, or_, select

from conversations.mask import mask
from storage.database import now
from storage.tables import Audit

audit = Audit.__table__  # type: ignore[attr-defined]

Action = Literal[
    "sign_in", "sign_out", "read", "download", "release", "deliver", "moderate", "original", "correct",
    "key_add", "key_remove", "round_open", "round_close", "erase", "backup", "restore", "move", "preview",
    "purge", "burst_out", "burst_in", "hold_add", "hold_remove", "rotate_key",
]  # fmt: skip
ACTIONS: tuple[str, ...] = get_args(Action)
DONE, REFUSED, FAILED = "done", "refused", "failed"
NOT_STATED = "not stated"
AT_ONCE = 2000


@dataclass(frozen=True)
class Actor:
    """Who does something: the name of a key or of the server's account, from where (`api 10.0.0.7`), in which role."""

    name: str
    origin: str
    role: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of the log; `at` is UTC."""

    id: str
    at: datetime
    actor: str
    origin: str
    action: str
    object: str
    result: str
    purpose: str
    role: str


def note(
    conn: Connection,
    actor: Actor,
    action: Action,
    what: str,
    result: str = DONE,
    purpose: str = "",
    at: datetime | None = None,
) -> None:
    """Write down that `actor` did `action` to `what`, in the transaction in which it was done.

    `purpose` is what a download is for, in staff's own words: what points at a person in it is hidden.
    """
    row = {
        "actor": actor.name,
        "origin": actor.origin,
        "role": actor.role,
        "action": action,
        "object": what,
        "result": result,
    }
    conn.execute(insert(audit), {"id": secrets.token_hex(10), "at": at or now(), **row, "purpose": mask(purpose)})


def entries(
    conn: Connection,
    most: int,
    after: tuple[datetime, str] | None = None,
    actions: Sequence[str] = (),
    actor: str = "",
) -> list[Entry]:
    """The newest entries first, at most `most`; `after` is the (at, id) of the last one already seen.

    `actions` and `actor` choose, where they are not empty.
    """
    query = select(audit).order_by(audit.c.at.desc(), audit.c.id.desc()).limit(most)
    if after:
        at, last = after
        query = query.where(or_(audit.c.at < at, and_(audit.c.at == at, audit.c.id < last)))
    if actions:
        query = query.where(audit.c.action.in_(actions))
    if actor:
        query = query.where(audit.c.actor == actor)
    return [Entry(**row) for row in conn.execute(query).mappings()]


def merge(source: Connection, target: Connection) -> int:
    """Add the entries of another database that are not here yet; how many. Nothing here is lost to a restore."""
    here = set(target.execute(select(audit.c.id)).scalars())
    added = 0
    for some in source.execute(select(audit).execution_options(yield_per=AT_ONCE)).mappings().partitions():
        rows = [dict(row) for row in some if row["id"] not in here]
        if rows:
            target.execute(insert(audit), rows)
        added += len(rows)
    return added
