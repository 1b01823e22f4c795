"""All we know about a resident, on one page. Nothing outside these tables is kept.

Times are UTC. A participant's id is random; nothing in it, or derived from it, leads to a channel.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

# The answers of who was asked for a position and gave none, as an index and a query about them both say it.
NO_POSITION = "status <> 'answered' AND item = 'position'"
# What leads to a person or was said by one: the database's planner may keep no examples of it.
PERSONAL: dict[str, Any] = {"info": {"personal": True}}


class HandledUpdate(SQLModel, table=True):
    """A channel's update that was handled: so that a redelivery changes nothing. Holds no content.

    `id` is `<channel>:<update id>`; `parked` names the type of one that could not be read.
    """

    __tablename__ = "handled_update"

    id: str = Field(primary_key=True)
    seen_at: datetime = Field(index=True)
    parked: str = ""


class Participant(SQLModel, table=True):
    """One person who said *count me*: a random id, and how the dialogue went."""

    __table_args__ = (
        Index("people_left_out", "id", sqlite_where=text("left_out"), postgresql_where=text("left_out")),
        Index("people_uncounted", "id", sqlite_where=text("uncounted <> ''"), postgresql_where=text("uncounted <> ''")),
    )

    id: str = Field(primary_key=True, sa_column_kwargs=PERSONAL)
    round: str = Field(index=True)
    channel: str
    language: str
    status: str
    started_at: datetime
    finished_at: datetime | None = None
    content_version: int
    turn: int = 0
    progress: str = Field(sa_column_kwargs=PERSONAL)
    pace: str = Field(default="normal", description="`fast` where answers came faster than anybody reads")
    left_out: bool = Field(default=False, description="one of a burst that staff leave out of releases")
    uncounted: str = Field(default="", description="in the newest release of which rounds: see storage/uncounted.py")


class Contact(SQLModel, table=True):
    """Where a person can be reached, apart from everything they said.

    `address_hash` is a keyed hash, enough to find someone who comes back; `address` is empty on the
    web, and everywhere once it is purged. `resume_hash` is the keyed hash of the resume code.
    """

    participant: str = Field(primary_key=True, foreign_key="participant.id")
    channel: str
    address: str = Field(default="", sa_column_kwargs=PERSONAL)
    address_hash: str = Field(unique=True, sa_column_kwargs=PERSONAL)
    resume_hash: str = Field(unique=True, sa_column_kwargs=PERSONAL)
    reachable: bool = True


class Consent(SQLModel, table=True):
    """One purpose agreed to or not, with the version and language of the text that was read."""

    participant: str = Field(primary_key=True, foreign_key="participant.id")
    purpose: str = Field(primary_key=True)
    yes: bool
    version: int
    language: str
    at: datetime


class Answer(SQLModel, table=True):
    """One answer or a revision of it. At most one is `current` per person, round, dilemma, item and argument."""

    __table_args__ = (
        UniqueConstraint("participant", "round", "dilemma", "item", "argument", "revision"),
        Index(
            "one_current_answer",
            "participant",
            "round",
            "dilemma",
            "item",
            "argument",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
        # All that a summary asks, so that it never goes to the rows. SQLite wants the columns of its condition too.
        Index(
            "counted_answers",
            *("round", "item", "dilemma", "code", "after_results", "language", "participant", "group"),
            *("current", "status"),
            sqlite_where=text("current AND status = 'answered'"),
            postgresql_where=text("current AND status = 'answered'"),
        ),
        Index(
            "counted_nonresponse",
            *("round", "dilemma", "status", "after_results", "participant", "item", "current"),
            sqlite_where=text(f"current AND {NO_POSITION}"),
            postgresql_where=text(f"current AND {NO_POSITION}"),
        ),
        Index(
            "texts_that_wait",
            "alarm",
            "id",
            sqlite_where=text("text_state = 'waiting' AND current"),
            postgresql_where=text("text_state = 'waiting' AND current"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    participant: str = Field(foreign_key="participant.id")
    round: str
    dilemma: str = ""
    item: str
    argument: str = ""
    kind: str
    status: str
    code: str = ""
    value: int | None = None
    text: str = Field(default="", sa_column_kwargs=PERSONAL)
    masked: str = Field(default="", sa_column_kwargs=PERSONAL, description="`text` with what points at a person hidden")
    language: str
    method: str
    score: int
    channel: str
    setting: str = "private"
    group: str = ""
    revision: int = 1
    current: bool = True
    answered_at: datetime
    content_version: int
    shown_first: str = ""
    after_results: bool = False
    text_state: str = ""
    alarm: str | None = Field(
        default=None, description="of own words: a cry for help, a threat, neither, or not looked"
    )


class Decision(SQLModel, table=True):
    """What a moderator decided about somebody's own words. The newest one counts; it goes with the answer."""

    id: int | None = Field(default=None, primary_key=True)
    answer: int = Field(foreign_key="answer.id", index=True)
    batch: str = Field(index=True, description="the same for texts that were decided together")
    verdict: str
    reason: str = ""
    theme: str = ""
    moderator: str
    at: datetime


class Owed(SQLModel, table=True):
    """A reply that was promised by a commit and not yet sent. No text: it is made again from progress."""

    participant: str = Field(primary_key=True, foreign_key="participant.id")
    turn: int = Field(primary_key=True)


class Notice(SQLModel, table=True):
    """Something a person asked to be told, on its way: `results` (a round closed) or `round` (one began)."""

    participant: str = Field(primary_key=True, foreign_key="participant.id")
    kind: str = Field(primary_key=True)


class Correction(SQLModel, table=True):
    """A text of ours is wrong, somebody wrote (`/fout`), masked. Goes once it is dealt with, and with the person.

    `participant` is empty where somebody who is not counted wrote it; staff never see it.
    """

    id: int | None = Field(default=None, primary_key=True)
    participant: str | None = Field(default=None, foreign_key="participant.id", index=True)
    at: str
    text: str = Field(sa_column_kwargs=PERSONAL)
    received_at: datetime


class GroupRow(SQLModel, table=True):
    """A dialogue in a group: its chat and where it stands. Goes when it has ended, and after a day at the latest.

    `key` was drawn for it; what members are known by in here hangs on it. `opened_by` is who began it, known
    likewise. `state` is conversations' GroupSession; `posts` what the group is still owed, `card` the message
    that is edited. `gone`: members who answered this question and left. `until`: when this stage is over.
    `away`: the bot was taken out of the chat while the talk was `going` or `paused`.
    """

    __tablename__ = "group_session"

    code: str = Field(primary_key=True)
    key: str = Field(sa_column_kwargs=PERSONAL)
    channel: str
    chat: str = Field(default="", sa_column_kwargs=PERSONAL)
    chat_hash: str | None = Field(default=None, unique=True, sa_column_kwargs=PERSONAL)
    thread: int = 0
    opened_by: str = Field(default="", sa_column_kwargs=PERSONAL)
    state: str
    posts: str = "[]"
    card: str = ""
    gone: int = 0
    until: datetime | None = Field(default=None, index=True)
    away: str = ""
    version: int = 0
    begun_at: datetime = Field(index=True)


class GroupSeat(SQLModel, table=True):
    """A member of a group's dialogue, and what they chose at the question of now. Goes when it ends.

    `seat` is a keyed hash of the channel address, with the key drawn for this session: it is nobody elsewhere.
    `participant` only where they said *count me*.
    """

    __tablename__ = "group_seat"
    __table_args__ = (UniqueConstraint("session", "participant"),)

    session: str = Field(primary_key=True, foreign_key="group_session.code")
    seat: str = Field(primary_key=True, sa_column_kwargs=PERSONAL)
    participant: str | None = Field(default=None, foreign_key="participant.id", index=True)
    language: str
    position: str = ""
    position_after: str = ""
    reason: str = ""


class RoundState(SQLModel, table=True):
    """Whether a round is planned, open or closed, and since when it is closed: retention counts from then."""

    round: str = Field(primary_key=True)
    state: str
    closed_at: datetime | None = None


class Release(SQLModel, table=True):
    """A summary as it was released: frozen and numbered. Holds totals only.

    `through` is the last answer there was (0 where that is not known): so it can be counted again.
    """

    __table_args__ = (UniqueConstraint("round", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    round: str
    number: int
    made_at: datetime
    summary: str
    joined: int = 0
    left: int = 0
    through: int = 0


class Outbox(SQLModel, table=True):
    """An event on its way to the internal export. `id` is its idempotency key, the same on every retry."""

    id: str = Field(primary_key=True)
    type: str
    target: str = Field(default="", description="`file` or `url`")
    payload: bytes = Field(sa_type=LargeBinary, sa_column_kwargs=PERSONAL)
    made_at: datetime
    next_at: datetime
    tries: int = 0
    done_at: datetime | None = None
    last_error: str = ""


class Mark(SQLModel, table=True):
    """Facts about the database itself: the key's fingerprint, how many joined and left."""

    name: str = Field(primary_key=True)
    value: str


class Erased(SQLModel, table=True):
    """That somebody was erased, so that restoring an older backup erases them again.

    `code` is a keyed hash of the random participant id: it finds a row of that backup, and nobody
    without it. Kept as long as backups are (BACKUP_DAYS).
    """

    code: str = Field(primary_key=True, sa_column_kwargs=PERSONAL)
    erased_on: date


class StaffKey(SQLModel, table=True):
    """A key to the desk and the API, named after who holds it. Only a keyed hash of the key is kept."""

    __tablename__ = "staff_key"

    name: str = Field(primary_key=True)
    role: str
    code: str = Field(unique=True)
    made_at: datetime
    made_by: str


class Audit(SQLModel, table=True):
    """What staff did: who (the name of a key, or of an account of the server), from where, to what.

    Append-only: triggers of the database refuse a change, whoever asks. Holds no key, no resident's
    words, and nothing that leads to a resident.
    """

    __tablename__ = "audit"

    id: str = Field(primary_key=True)
    at: datetime = Field(index=True)
    actor: str
    origin: str
    action: str
    object: str
    result: str
    purpose: str = ""
    role: str = Field(default="", description="of the key at that moment; `server` on the command line")
