"""A dialogue in a group, kept: one row of where it stands, and a row a member (storage/seats.py).

Whoever changes one reads its row first, which on PostgreSQL holds it until the commit: of all processes one
at a time works for a group.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, delete, insert, select, update

from conversations.group_session import GroupSession
from conversations.group_steering import Room, Steered
from storage import rewriting, seats
from storage.tables import GroupRow

sessions: Table = GroupRow.__table__  # type: ignore[attr-defined]

# So long a session may stand, whatever becomes of it: retention looks every hour, and a day was promised.
LONGEST = timedelta(hours=22)
GOING, PAUSED = "going", "paused"


@dataclass(frozen=True)
class Group:
    """A session as it is kept; the fields are the columns of its table."""

    code: str
    key: str = field(repr=False)
    channel: str
    session: GroupSession
    begun_at: datetime
    chat: str = field(default="", repr=False)
    chat_hash: str | None = field(default=None, repr=False)
    thread: int = 0
    opened_by: str = field(default="", repr=False)
    posts: tuple[str, ...] = ()
    card: str = ""
    gone: int = 0
    until: datetime | None = None
    away: str = ""
    version: int = 0

    def left(self, now: datetime) -> int:
        """Seconds this stage still has; 0 where it has no end."""
        return max(1, round((self.until - now).total_seconds())) if self.until else 0


def begin(conn: Connection, group: Group) -> None:
    """A new session. An older one of the same chat has ended, and may still have to say what came out."""
    if group.chat_hash:
        older = sessions.c.chat_hash == group.chat_hash
        conn.execute(update(sessions).where(older).values(chat_hash=None))
    conn.execute(insert(sessions), {"code": group.code, "begun_at": group.begun_at, **_values(group), "version": 0})


def find(conn: Connection, code: str) -> Group | None:
    """The session with this code, if there is one, held until the commit."""
    return _group(conn.execute(select(sessions).where(sessions.c.code == code).with_for_update()).mappings().first())


def at(conn: Connection, chat_hash: str) -> Group | None:
    """The session of a chat, held until the commit."""
    here = select(sessions).where(sessions.c.chat_hash == chat_hash).with_for_update()
    return _group(conn.execute(here).mappings().first())


def write(conn: Connection, group: Group) -> Group:
    """Keep it as it stands now; the version rises, so that who shows it knows."""
    newer = replace(group, version=group.version + 1)
    conn.execute(update(sessions).where(sessions.c.code == group.code).values(**_values(newer)))
    return newer


def follow(conn: Connection, group: Group, steered: Steered, now: datetime) -> Group:
    """Keep what an order, or the time, made of a session. With its end every seat goes."""
    until = group.until
    if steered.seconds is not None:
        until = now + timedelta(seconds=steered.seconds) if steered.seconds else None
    following = replace(group, session=steered.session, posts=_owed(group.posts, steered.posts), until=until)
    if steered.clear:
        seats.clear(conn, group.code)
        following = replace(following, gone=0)
    if steered.session.stage == "ended":
        seats.empty(conn, group.code)
        rewriting.want(conn, now)
        following = replace(following, key="", opened_by="", until=None, gone=0)
    return write(conn, following)


def room(conn: Connection, group: Group, languages: Sequence[str], enough: int) -> Room:
    """The session and what is known of its members. `enough`: answers a view takes."""
    counts, tally = seats.count(conn, group.code, languages)
    return Room(group.session, replace(counts, answered=counts.answered + group.gone), tally, enough)


def posted(conn: Connection, code: str, post: str, card: str = "") -> None:
    """The first post owed reached the group; `card` is the message that is edited from now on."""
    group = find(conn, code)
    if group is None or not group.posts or group.posts[0] != post:
        return
    values: dict[str, Any] = {"posts": json.dumps(group.posts[1:])}
    if card:
        values["card"] = card
    conn.execute(update(sessions).where(sessions.c.code == code).values(**values))


def let_go(conn: Connection, code: str, now: datetime) -> None:
    """It has ended and all of it was said: the chat goes, and the row with it where nothing was shown."""
    group = find(conn, code)
    if group is None or group.session.stage != "ended":
        return
    if group.session.views:
        write(conn, replace(group, chat="", chat_hash=None, card="", posts=()))
    else:
        drop(conn, [code])
    rewriting.want(conn, now)


def live(conn: Connection, channel: str) -> list[tuple[str, int, datetime | None]]:
    """The sessions somebody has to show: code, version and when their stage ends."""
    there = [sessions.c.channel == channel]
    if channel == "telegram":
        there += [sessions.c.chat != "", sessions.c.away == ""]
    query = select(sessions.c.code, sessions.c.version, sessions.c.until).where(*there)
    return [(row.code, row.version, row.until) for row in conn.execute(query)]


def due(conn: Connection, now: datetime) -> list[str]:
    """The sessions whose stage is over by now."""
    return list(conn.execute(select(sessions.c.code).where(sessions.c.until <= now)).scalars())


def move(conn: Connection, chat_hash: str, to: str, to_hash: str) -> None:
    """The group's chat has another address from now on: it became a supergroup."""
    group = at(conn, chat_hash)
    if group is None or to_hash == chat_hash:
        return
    if (other := at(conn, to_hash)) is not None:
        drop(conn, [other.code])
    write(conn, replace(group, chat=to, chat_hash=to_hash))


def too_old(conn: Connection, now: datetime) -> list[str]:
    """The sessions that stood long enough."""
    return list(conn.execute(select(sessions.c.code).where(sessions.c.begun_at < now - LONGEST)).scalars())


def drop(conn: Connection, codes: Sequence[str]) -> int:
    """Delete sessions with all their seats; how many."""
    for code in codes:
        seats.empty(conn, code)
    return conn.execute(delete(sessions).where(sessions.c.code.in_(codes))).rowcount


# ---------------------------------------------------------------- inside


def _owed(before: Sequence[str], more: Sequence[str]) -> tuple[str, ...]:
    """Of several cards that were never sent the last is enough."""
    if "card" in more:
        before = [one for one in before if one != "card"]
    return (*before, *more)


def _values(group: Group) -> dict[str, Any]:
    names = ("key", "channel", "chat", "chat_hash", "thread", "opened_by", "card", "gone", "until", "away", "version")
    values = {name: getattr(group, name) for name in names}
    return {**values, "state": group.session.dumps(), "posts": json.dumps(group.posts)}


def _group(row: RowMapping | None) -> Group | None:
    if row is None:
        return None
    kept = {name: value for name, value in row.items() if name not in ("state", "posts")}
    return Group(**kept, session=GroupSession.loads(row["state"]), posts=tuple(json.loads(row["posts"])))
