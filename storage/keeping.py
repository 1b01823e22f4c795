"""One turn, kept: the update's id, where the person stands, what they answered, and the reply that is owed.

Statements are built once, here, and run with parameters: building one costs more than running it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from conversations.mask import mask
from conversations.shapes import POSITIONS, Agreed, Answered, Corrected, Fact, Progress
from storage.bursts import NORMAL, pace
from storage.database import upsert
from storage.keys import Keys
from storage.setting_apart import bring_back, set_apart
from storage.tables import (
    Answer,
    Consent,
    Contact,
    Correction,
    HandledUpdate,
    Mark,
    Owed,
    Participant,
    Release,
    RoundState,
)

REMEMBER_UPDATES = timedelta(hours=48)

answers = Answer.__table__  # type: ignore[attr-defined]
participants = Participant.__table__  # type: ignore[attr-defined]
contacts = Contact.__table__  # type: ignore[attr-defined]
consents = Consent.__table__  # type: ignore[attr-defined]
owed = Owed.__table__  # type: ignore[attr-defined]
updates = HandledUpdate.__table__  # type: ignore[attr-defined]
rounds = RoundState.__table__  # type: ignore[attr-defined]
releases = Release.__table__  # type: ignore[attr-defined]
wrong = Correction.__table__  # type: ignore[attr-defined]
marks = Mark.__table__  # type: ignore[attr-defined]

KEY = ("participant", "round", "dilemma", "item", "argument")

AT_HAND = and_(contacts.c.reachable, or_(contacts.c.address != "", contacts.c.channel != "telegram"))
FIND = (
    select(*(participants.c[name] for name in ("id", "turn", "progress", "started_at", "pace")), AT_HAND)
    .join_from(participants, contacts, contacts.c.participant == participants.c.id)
    .where(contacts.c.address_hash == bindparam("hash"))
    # PostgreSQL: one process at a time, also where a person is found under a new address. SQLite: no words.
    .with_for_update(of=participants)
)
# What comes back tells, not the row count: PostgreSQL's driver does not keep that for an insert.
SEEN = {
    "sqlite": sqlite_insert(updates).on_conflict_do_nothing().returning(updates.c.id),
    "postgresql": postgresql_insert(updates).on_conflict_do_nothing().returning(updates.c.id),
}
WRITE_TURN = update(participants).where(participants.c.id == bindparam("person"))
CURRENT = select(*(answers.c[name] for name in ("id", "status", "code", "text", "group", "revision"))).where(
    *(answers.c[name] == bindparam(name) for name in KEY), answers.c.current
)
SUPERSEDE = update(answers).where(answers.c.id == bindparam("old")).values(current=False)
WRITE_ANSWER = insert(answers)
OWE = insert(owed)
SETTLE = delete(owed).where(owed.c.participant == bindparam("person"), owed.c.turn <= bindparam("number"))
NEWEST_RELEASE = (
    select(releases.c.number)
    .where(releases.c.round == rounds.c.round)
    .order_by(releases.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
ROUND_STATE = select(rounds.c.state, NEWEST_RELEASE).where(rounds.c.round == bindparam("code"))


@dataclass(frozen=True)
class Person:
    """A kept participant: the random id, how many turns it had, and where it stands.

    `at_hand`: the channel address is kept and works, or there is none to keep. `pace`: how fast the
    answers came since `started_at`, as long as the walk goes on.
    """

    id: str
    turn: int
    progress: Progress
    at_hand: bool = True
    started_at: datetime | None = None
    pace: str = NORMAL


def first_time(conn: Connection, update_id: str, now: datetime, parked: str = "") -> bool:
    """Remember an update's id. False when it was there already: nothing may be counted again."""
    return (
        conn.execute(SEEN[conn.dialect.name], {"id": update_id, "seen_at": now, "parked": parked}).first() is not None
    )


def find(conn: Connection, address_hash: str) -> Person | None:
    """The participant behind a channel address, if there is one."""
    row = conn.execute(FIND, {"hash": address_hash}).first()
    return (
        Person(row.id, row.turn, Progress.loads(row.progress), bool(row[5]), row.started_at, row.pace) if row else None
    )


def move_contact(conn: Connection, resume_hash: str, address_hash: str) -> Person | None:
    """A resume code was typed elsewhere: from now on that address is this participant's."""
    there = contacts.c.resume_hash == resume_hash
    conn.execute(update(contacts).where(there, contacts.c.channel == "web").values(address_hash=address_hash))
    return find(conn, address_hash)


def move_address(conn: Connection, address_hash: str, to: str, to_hash: str) -> None:
    """The channel gave this chat another address; nothing else about it changes."""
    taken = select(contacts.c.participant).where(contacts.c.address_hash == to_hash)
    if conn.execute(taken).first() is None:
        here = contacts.c.address_hash == address_hash
        conn.execute(update(contacts).where(here).values(address=to, address_hash=to_hash))


def begin(conn: Connection, progress: Progress, address: str, address_hash: str, keys: Keys, now: datetime) -> Person:
    """A new participant, from *count me* on. A web key is kept as a keyed hash only."""
    person = Person(secrets.token_hex(16), 0, progress, started_at=now)
    conn.execute(
        insert(participants),
        {
            "id": person.id,
            "round": progress.round,
            "channel": progress.channel,
            "language": progress.language,
            "status": "started",
            "started_at": now,
            "content_version": progress.content_version,
            "turn": 0,
            "progress": "",
        },
    )
    conn.execute(
        insert(contacts),
        {
            "participant": person.id,
            "channel": progress.channel,
            "address": address if progress.channel == "telegram" else "",
            "address_hash": address_hash,
            "resume_hash": keys.resume_hash(keys.resume_code(person.id)),
            "reachable": True,
        },
    )
    return person


def keep(
    conn: Connection, person: Person, progress: Progress, facts: Iterable[Fact], content_version: int, now: datetime
) -> int:
    """Write a turn of a kept participant; returns its number. The reply is owed until `settle`."""
    turn = person.turn + 1
    status = "paused" if progress.paused else "finished" if progress.finished else "started"
    values: dict[str, Any] = {
        "turn": turn,
        "progress": progress.dumps(),
        "language": progress.language,
        "status": status,
    }
    if progress.finished and not person.progress.finished:
        values["finished_at"] = now
    if person.started_at and not person.progress.finished:
        values["pace"] = pace(person.started_at, now, turn)
    conn.execute(WRITE_TURN, {"person": person.id, **values})
    for fact in facts:
        if isinstance(fact, Answered):
            write_answer(conn, person.id, progress, fact, content_version, now)
        elif isinstance(fact, Agreed):
            _agree(conn, person.id, progress, fact, now)
    conn.execute(OWE, {"participant": person.id, "turn": turn})
    return turn


def correct(conn: Connection, fact: Corrected, participant: str | None, now: datetime) -> None:
    """A correction to one of our texts, masked. Of whom is kept only where they are counted: /forget has to find it."""
    row = {"at": fact.at, "text": mask(fact.text), "received_at": now, "participant": participant}
    conn.execute(insert(wrong), row)


def corrections(conn: Connection) -> list[dict[str, str | int]]:
    """Every correction, oldest first: its id, when (UTC), at which question, in which language, and the text."""
    found: list[dict[str, str | int]] = []
    for row in conn.execute(select(wrong).order_by(wrong.c.id)):
        language, _, at = row.at.partition(":")
        received = row.received_at.isoformat(timespec="seconds")
        found.append({"id": row.id, "received_at": received, "language": language, "at": at, "text": row.text})
    return found


def corrected(conn: Connection, number: int) -> bool:
    """This correction was dealt with, and goes. False when there is none of that id."""
    return bool(conn.execute(delete(wrong).where(wrong.c.id == number)).rowcount)


def settle(conn: Connection, turns: Iterable[tuple[str, int]]) -> None:
    """The replies of these turns (participant, number) reached their channel, and with them all before."""
    conn.execute(SETTLE, [{"person": participant, "number": number} for participant, number in turns])


def newest_turn(conn: Connection, participant: str) -> int | None:
    """How far somebody is, by turns; None when nothing is kept of them any more."""
    return conn.execute(select(participants.c.turn).where(participants.c.id == participant)).scalar_one_or_none()


def still_owed(conn: Connection, channel: str) -> list[tuple[str, str, int, Progress]]:
    """Participant, address, newest turn and progress of everyone whose reply was not sent."""
    query = (
        select(participants.c.id, contacts.c.address, participants.c.turn, participants.c.progress)
        .join(contacts, contacts.c.participant == participants.c.id)
        .where(participants.c.id.in_(select(owed.c.participant)))
        .where(contacts.c.channel == channel, contacts.c.reachable, contacts.c.address != "")
    )
    return [(row.id, row.address, row.turn, Progress.loads(row.progress)) for row in conn.execute(query)]


def reach(conn: Connection, address_hash: str, reachable: bool) -> None:
    """Whether the channel can deliver to this person; when not, nothing stays owed."""
    here = contacts.c.address_hash == address_hash
    conn.execute(update(contacts).where(here).values(reachable=reachable))
    if not reachable:
        conn.execute(delete(owed).where(owed.c.participant.in_(select(contacts.c.participant).where(here))))


def round_state(conn: Connection, round_code: str) -> tuple[str, int]:
    """The round's state (`planned open closed`) and the number of its newest release, 0 when there is none."""
    row = conn.execute(ROUND_STATE, {"code": round_code}).first()
    return (row[0], row[1] or 0) if row else ("planned", 0)


def set_round_state(conn: Connection, round_code: str, state: str, now: datetime) -> None:
    """Open, close or plan a round. One that is closed again stays closed since the first time."""
    here = update(rounds).where(rounds.c.round == round_code)
    if state != "closed":
        conn.execute(here.values(state=state, closed_at=None))
    else:
        conn.execute(here.where(rounds.c.state != "closed").values(state=state, closed_at=now))


def write_answer(
    conn: Connection,
    participant: str,
    progress: Progress,
    fact: Answered,
    content_version: int,
    now: datetime,
    group: str = "",
) -> None:
    """One answer, in the place of an earlier one. `group`: the keyed name of the group's dialogue it was given in."""
    key = dict(zip(KEY, (participant, progress.round, fact.dilemma, fact.item, fact.argument), strict=True))
    code = " ".join(fact.codes)
    old = conn.execute(CURRENT, key).first()
    if old and (old.status, old.code, old.text, old.group) == (fact.status, code, fact.text, group):
        return
    if old:
        conn.execute(SUPERSEDE, {"old": old.id})
    row = {
        **key,
        "kind": fact.kind,
        "status": fact.status,
        "code": code,
        "value": _value(fact),
        "text": fact.text,
        "masked": mask(fact.text),
        "language": progress.language,
        "method": fact.method,
        "score": fact.score,
        "channel": progress.channel,
        "setting": "group" if group else "private",
        "group": group,
        "revision": old.revision + 1 if old else 1,
        "current": True,
        "answered_at": now,
        "content_version": content_version,
        "shown_first": fact.shown_first,
        "after_results": fact.after_results,
        "text_state": "waiting" if fact.text else "",
    }
    conn.execute(WRITE_ANSWER, row)


# ---------------------------------------------------------------- inside


def _value(fact: Answered) -> int | None:
    if fact.kind != "scale5" or not fact.codes:
        return None
    return POSITIONS.index(fact.codes[0]) + 1 if fact.codes[0] in POSITIONS else int(fact.codes[0])


def _agree(conn: Connection, participant: str, progress: Progress, fact: Agreed, now: datetime) -> None:
    values = {"yes": fact.yes, "version": fact.version, "language": progress.language, "at": now}
    row = upsert(conn)(consents).values(participant=participant, purpose=fact.purpose, **values)
    conn.execute(row.on_conflict_do_update(index_elements=["participant", "purpose"], set_=values))
    if fact.purpose == "count_me" and not fact.yes:
        if left := set_apart(conn, participant):
            count_leaving(conn, left)
    elif fact.purpose == "count_me":
        bring_back(conn, participant)


def count_leaving(conn: Connection, round_code: str) -> None:
    """Somebody of this round counts no longer. The number only rises: who comes back has joined once more."""
    name = f"left:{round_code}"
    conn.execute(upsert(conn)(marks).values(name=name, value="0").on_conflict_do_nothing())
    left = int(conn.execute(select(marks.c.value).where(marks.c.name == name)).scalar_one())
    conn.execute(marks.update().where(marks.c.name == name).values(value=str(left + 1)))
