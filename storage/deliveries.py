"""How deliveries fare: what waits, what failed for good, what arrived; and to try again what did not.

Erasures are told as one, without how many or when: each is about a single person.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, update

from storage.outbox import ERASED, LEAST_TRIES, RELEASED, gone_mark, is_gone, marks, outbox

WAITS: ColumnElement[bool] = outbox.c.done_at.is_(None)
FAILED = and_(outbox.c.done_at.is_not(None), outbox.c.last_error != "")
MOST = 50


@dataclass(frozen=True)
class Delivery:
    """One release on its way to one target (`file` or `url`). Moments are UTC; `done_at` is when it arrived or was
    given up. `error` is what went wrong last: an HTTP status, a kind of fault, or `given up`.
    """

    id: str
    round: str
    number: int
    target: str
    made_at: datetime
    next_at: datetime
    tries: int
    done_at: datetime | None
    error: str


@dataclass(frozen=True)
class Erasures:
    """Messages that somebody was erased, while any of them waits: when the next try is, and what went wrong last."""

    next_at: datetime
    error: str


@dataclass(frozen=True)
class Deliveries:
    """What is on its way, the oldest first; what failed and what arrived, the newest first, at most MOST of each."""

    waiting: list[Delivery]
    failed: list[Delivery]
    arrived: list[Delivery]
    erasures: Erasures | None
    gone: bool


def deliveries(conn: Connection, url: str) -> Deliveries:
    """How everything fares. `url` is the receiver in use; `gone` tells that it answered not to be there any more."""
    arrived = and_(outbox.c.done_at.is_not(None), outbox.c.last_error == "")
    return Deliveries(
        _listed(conn, WAITS, outbox.c.made_at.asc()),
        _listed(conn, FAILED, outbox.c.done_at.desc()),
        _listed(conn, arrived, outbox.c.done_at.desc()),
        _erasures(conn),
        bool(url) and is_gone(conn, url),
    )


def failing(conn: Connection) -> bool:
    """Whether something failed for good, or went through the whole schedule of tries without arriving."""
    query = select(outbox.c.id).where(or_(FAILED, and_(WAITS, outbox.c.tries >= LEAST_TRIES)))
    return conn.execute(query.limit(1)).first() is not None


def try_again(conn: Connection, now: datetime, url: str, event: str = "") -> bool:
    """Let everything that did not arrive be tried now, or the one with this id; False when there is no such thing.

    What failed for good gets the whole schedule once more. A receiver that was gone is asked again, and gets what
    was released meanwhile.
    """
    which = () if not event else (outbox.c.id == event,)
    anew = update(outbox).where(FAILED, *which).values(done_at=None, next_at=now, tries=0, last_error="")
    at_once = update(outbox).where(WAITS, outbox.c.next_at > now, *which).values(next_at=now)
    found = sum(conn.execute(one).rowcount for one in (at_once, anew))
    back = bool(url) and _back(conn, now, url)
    return bool(found or back)


# ---------------------------------------------------------------- inside


def _back(conn: Connection, now: datetime, url: str) -> bool:
    """Forget that the receiver was gone; False when it was not. The same events go to it as into the drop folder."""
    here = marks.c.name == gone_mark(url)
    since = conn.execute(select(marks.c.value).where(here)).scalar_one_or_none()
    if since is None:
        return False
    conn.execute(delete(marks).where(here))
    dropped = (outbox.c.target == "file", outbox.c.type == RELEASED, outbox.c.made_at >= datetime.fromisoformat(since))
    known = set(conn.execute(select(outbox.c.id).where(outbox.c.target == "url")).scalars())
    missed = [
        {**_anew(row, now), "id": event}
        for row in conn.execute(select(outbox).where(*dropped))
        if (event := row.id.removesuffix(".file")) not in known
    ]
    if missed:
        conn.execute(insert(outbox), missed)
    return True


def _anew(row: Any, now: datetime) -> dict[str, Any]:
    """A dropped event on its way to the receiver."""
    same = {"type": row.type, "payload": row.payload, "made_at": row.made_at}
    return {**same, "target": "url", "next_at": now, "tries": 0, "last_error": ""}


def _listed(conn: Connection, which: ColumnElement[bool], order: ColumnElement[Any]) -> list[Delivery]:
    query: Select[Any] = select(outbox).where(outbox.c.type == RELEASED, which).order_by(order, outbox.c.id).limit(MOST)
    return [_delivery(row) for row in conn.execute(query)]


def _delivery(row: Any) -> Delivery:
    round_code, _, number = json.loads(row.payload)["subject"].partition("/")
    moments = row.made_at, row.next_at, row.tries, row.done_at
    return Delivery(row.id, round_code, int(number), row.target, *moments, row.last_error)


def _erasures(conn: Connection) -> Erasures | None:
    query = select(func.min(outbox.c.next_at), func.max(outbox.c.last_error)).where(outbox.c.type == ERASED, WAITS)
    next_at, error = conn.execute(query).one()
    return Erasures(next_at, error) if next_at else None
