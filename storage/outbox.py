"""What is on its way to the internal export: events as CloudEvents, kept until they are delivered.

An event is written in the transaction that made it true, once for each target; delivering it is
`bot.push`'s work. The same bytes go to every target.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, or_, select, update

from storage import rewriting
from storage.database import upsert
from storage.releases import Draft, keep
from storage.tables import Mark, Outbox

RELEASED = "nl.stadsdialoog.summary.released"
ERASED = "nl.stadsdialoog.participant.erased"
KEEP_TRYING = timedelta(days=30)
# Also a clock that is far ahead for a while makes nothing too old that was hardly tried.
LEAST_TRIES = 9
# Nothing waits for longer: what seems to was put off while the clock was ahead.
LONGEST_WAIT = timedelta(days=2)

outbox = Outbox.__table__  # type: ignore[attr-defined]
marks = Mark.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Parcel:
    """One event for one target. `tries` counts the attempts that failed; `id` is the idempotency key."""

    id: str
    type: str
    target: str
    payload: bytes = field(repr=False)
    made_at: datetime
    tries: int


def announce(conn: Connection, made: Draft, url: str = "") -> bool:
    """Keep a drafted release (`releases.draft`) and put it on its way, in one transaction; False when it came too late.

    It always goes to the drop folder, and to the receiver at `url` unless that is empty or has
    answered that it is gone.
    """
    if not keep(conn, made):
        return False
    now = made.made_at
    event_id = f"evt_{secrets.token_hex(12)}"
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "stadsdialoog",
        "type": RELEASED,
        "subject": f"{made.round}/{made.number}",
        "time": f"{now.replace(microsecond=0, tzinfo=None).isoformat()}Z",
        "datacontenttype": "application/json",
        "data": json.loads(made.summary),
    }
    payload = json.dumps(event, separators=(",", ":")).encode()
    row = {"type": RELEASED, "payload": payload, "made_at": now, "next_at": now, "tries": 0, "last_error": ""}
    rows = [{**row, "id": f"{event_id}.file", "target": "file"}]
    if url and not is_gone(conn, url):
        rows.append({**row, "id": event_id, "target": "url"})
    conn.execute(insert(outbox), rows)
    return True


def due(conn: Connection, now: datetime, targets: Sequence[str], most: int = 20) -> list[Parcel]:
    """What these targets should get now, the drop folder's first, then the oldest first."""
    query = (
        select(outbox.c.id, outbox.c.type, outbox.c.target, outbox.c.payload, outbox.c.made_at, outbox.c.tries)
        .where(outbox.c.done_at.is_(None), _is_due(now), outbox.c.target.in_(targets))
        .order_by(outbox.c.target, outbox.c.made_at, outbox.c.id)
        .limit(most)
    )
    return [Parcel(*row) for row in conn.execute(query)]


def next_due(conn: Connection, targets: Sequence[str]) -> datetime | None:
    """When the next delivery to these targets is to be tried; None when nothing waits."""
    query = select(func.min(outbox.c.next_at)).where(outbox.c.done_at.is_(None), outbox.c.target.in_(targets))
    found: datetime | None = conn.execute(query).scalar_one()
    return found


def delivered(conn: Connection, parcel: Parcel, now: datetime) -> None:
    """The target has it. An erasure event goes altogether: it was the last trace of that person."""
    here = outbox.c.id == parcel.id
    if parcel.type == ERASED:
        conn.execute(delete(outbox).where(here))
        rewriting.want(conn, now)
    else:
        conn.execute(update(outbox).where(here).values(done_at=now, last_error=""))


def failed(conn: Connection, parcel: Parcel, now: datetime, wait: timedelta, error: str) -> None:
    """Try again after `wait`. `error` says what went wrong and names no address."""
    values = {"tries": parcel.tries + 1, "next_at": now + wait, "last_error": error}
    conn.execute(update(outbox).where(outbox.c.id == parcel.id).values(values))


def too_old(conn: Connection, now: datetime) -> list[str]:
    """The events that could not be delivered in KEEP_TRYING."""
    return list(conn.execute(select(outbox.c.id).where(*_old(now))).scalars())


def expire(conn: Connection, now: datetime) -> int:
    """Give up what could not be delivered in KEEP_TRYING; how many that were. What went wrong last stays."""
    old = _old(now)
    erased = _forget(conn, now, *old)
    error = case((outbox.c.last_error == "", "given up"), else_=outbox.c.last_error)
    return erased + conn.execute(update(outbox).where(*old).values(done_at=now, last_error=error)).rowcount


def gone(conn: Connection, url: str, now: datetime) -> None:
    """The receiver said that it is gone for good (410): nothing more is sent to this address."""
    row = upsert(conn)(marks).values(name=gone_mark(url), value=now.isoformat(timespec="seconds"))
    conn.execute(row.on_conflict_do_nothing())
    waiting = (outbox.c.target == "url", outbox.c.done_at.is_(None))
    _forget(conn, now, *waiting)
    conn.execute(update(outbox).where(*waiting).values(done_at=now, last_error="410"))


def is_gone(conn: Connection, url: str) -> bool:
    """Whether this very address answered that it is gone; another address starts afresh."""
    return conn.execute(select(marks.c.name).where(marks.c.name == gone_mark(url))).first() is not None


def gone_mark(url: str) -> str:
    """The mark that stands for an address that is gone. The address may hold a secret: only its digest is kept."""
    return f"gone:{hashlib.sha256(url.encode()).hexdigest()[:16]}"


def waiting(conn: Connection) -> dict[str, tuple[int, datetime]]:
    """By target: how many events wait, and when the oldest was made."""
    query = (
        select(outbox.c.target, func.count(), func.min(outbox.c.made_at))
        .where(outbox.c.done_at.is_(None))
        .group_by(outbox.c.target)
    )
    return {target: (n, oldest) for target, n, oldest in conn.execute(query)}


def file_name(parcel: Parcel) -> str:
    """The name under which a summary is dropped: the same on every try, another for every release."""
    event = json.loads(parcel.payload)
    round_code, number = event["data"]["round"], event["data"]["release"]
    return f"summary-{round_code}-{number:04d}-{event['id'].removeprefix('evt_')[:8]}.json"


# ---------------------------------------------------------------- inside


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(outbox.c.next_at <= now, outbox.c.next_at > now + LONGEST_WAIT)


def _forget(conn: Connection, now: datetime, *which: ColumnElement[bool]) -> int:
    """Erasure events go altogether: each is the last trace of a person."""
    gone = conn.execute(delete(outbox).where(*which, outbox.c.type == ERASED)).rowcount
    if gone:
        rewriting.want(conn, now)
    return gone


def _old(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return outbox.c.done_at.is_(None), outbox.c.made_at < now - KEEP_TRYING, outbox.c.tries >= LEAST_TRIES
