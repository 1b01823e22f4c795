"""What people asked to be told: a round's results, or that a next round begins. One row each, until it was sent."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, literal, or_, select, tuple_

from storage.database import upsert
from storage.keeping import consents, contacts, participants
from storage.setting_apart import here as counted
from storage.tables import Notice

notices = Notice.__table__  # type: ignore[attr-defined]

# A notice, the consent it rests on.
RESTS_ON = {"results": "tell_me", "round": "remind_me"}


@dataclass(frozen=True)
class Waiting:
    """A notice to be sent: to whom, where, in which language."""

    participant: str
    kind: str
    channel: str
    address: str
    language: str


def announce(conn: Connection, round_code: str, state: str) -> None:
    """A round's state changed: put a notice on its way to everyone who asked for one, once.

    Closing a round tells its own participants that the results are there; opening one tells the
    participants of other rounds that it begins.
    """
    if state not in ("closed", "open"):
        return
    kind = "results" if state == "closed" else "round"
    here = participants.c.round == round_code if state == "closed" else participants.c.round != round_code
    asked = and_(consents.c.participant == participants.c.id, consents.c.purpose == RESTS_ON[kind], consents.c.yes)
    people = select(participants.c.id, literal(kind)).join(consents, asked).where(here, counted(participants.c.round))
    row = upsert(conn)(notices).from_select(["participant", "kind"], people.where(literal(True)))
    conn.execute(row.on_conflict_do_nothing())


def due(conn: Connection, channel: str, most: int, after: tuple[str, str] = ("", "")) -> list[Waiting]:
    """Notices that may be sent on this channel now: still agreed to, and the person can be reached.

    `after` is the participant and kind of the last one looked at: those behind it, at most `most`.
    """
    agreed = or_(*(and_(notices.c.kind == kind, consents.c.purpose == purpose) for kind, purpose in RESTS_ON.items()))
    query = (
        select(notices.c.participant, notices.c.kind, contacts.c.channel, contacts.c.address, participants.c.language)
        .join(contacts, contacts.c.participant == notices.c.participant)
        .join(participants, participants.c.id == notices.c.participant)
        .join(consents, and_(consents.c.participant == notices.c.participant, agreed, consents.c.yes))
        .where(contacts.c.channel == channel, contacts.c.reachable, contacts.c.address != "")
        .where(tuple_(notices.c.participant, notices.c.kind) > after)
        .order_by(notices.c.participant, notices.c.kind)
        .limit(most)
    )
    return [Waiting(*row) for row in conn.execute(query)]


def told(conn: Connection, participant: str, kind: str) -> None:
    """This notice was sent."""
    conn.execute(delete(notices).where(notices.c.participant == participant, notices.c.kind == kind))
