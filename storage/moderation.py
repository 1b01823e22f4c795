"""Own words, read by a moderator before they leave: what waits, what was decided, and by whom.

A text is `waiting` until somebody decides; then it is `passed`, `masked` (words hidden by hand) or
`refused`. Where a decision is doubted the text waits again, for somebody else. What may be a cry for
help or a threat is set apart. Only the newest revision of an answer is read.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Select, and_, bindparam, func, insert, select, update

from conversations.mask import mask
from storage.keeping import answers
from storage.setting_apart import here
from storage.tables import Decision

decisions = Decision.__table__  # type: ignore[attr-defined]

Verdict = Literal["passed", "masked", "refused", "set_apart", "put_back", "taken_back", "doubted"]
FINAL: tuple[str, ...] = ("passed", "masked", "refused")
Reason = Literal["names", "insult", "hate", "threat", "advert", "empty"]
REASONS: tuple[str, ...] = get_args(Reason)
Theme = Literal["housing", "traffic", "green", "safety", "together", "care", "work", "culture", "learning", "city"]
THEMES: tuple[str, ...] = get_args(Theme)
ALARMS = ("crisis", "threat")
HIDDEN = "[hidden]"


class Undecided(ValueError):
    """A decision that cannot be taken; the message is a key under `moderation.` in the staff catalogues."""


@dataclass(frozen=True)
class Own:
    """Somebody's own words, as a moderator sees them: masked. `at` is when they were given (UTC)."""

    id: int
    round: str
    dilemma: str
    item: str
    language: str
    shown: str
    hidden: bool
    at: datetime
    state: str
    alarm: str


@dataclass(frozen=True)
class Waiting:
    """How many texts wait: ordinary ones, those set apart, and those doubted."""

    ordinary: int
    apart: int
    doubted: int


@dataclass(frozen=True)
class Decided:
    """What was decided about one text, newest first in every list."""

    verdict: str
    reason: str
    theme: str
    moderator: str
    at: datetime


# What was taken back, set apart or put back settles nothing.
_LATER = decisions.alias("later")
NEWEST = (
    ~select(_LATER.c.id)
    .where(_LATER.c.answer == decisions.c.answer, _LATER.c.id > decisions.c.id)
    .where(_LATER.c.verdict.in_((*FINAL, "doubted")))
    .correlate(decisions)
    .exists()
)
DOUBTED = (
    select(decisions.c.id)
    .where(decisions.c.answer == answers.c.id, decisions.c.verdict == "doubted", NEWEST)
    .correlate(answers)
    .exists()
)
# Who no longer wants to be counted is not read either.
READ = and_(answers.c.current, here(answers.c.round))
WAITS = and_(answers.c.text_state == "waiting", READ)
_OWN = select(
    answers.c.id,
    answers.c.round,
    answers.c.dilemma,
    answers.c.item,
    answers.c.language,
    answers.c.masked,
    (answers.c.masked != answers.c.text).label("hidden"),
    answers.c.answered_at,
    answers.c.text_state,
    func.coalesce(answers.c.alarm, ""),
)


def look_for_alarms(conn: Connection, alarm: Callable[[str], str], most: int) -> int:
    """Look at texts nobody looked at yet, at most so many; how many that were."""
    query = select(answers.c.id, answers.c.text).where(WAITS, answers.c.alarm.is_(None)).order_by(answers.c.id)
    found = [{"row": row.id, "found": alarm(row.text)} for row in conn.execute(query.limit(most))]
    if found:
        conn.execute(update(answers).where(answers.c.id == bindparam("row")).values(alarm=bindparam("found")), found)
    return len(found)


def waiting(conn: Connection) -> Waiting:
    """How many texts wait."""
    query = select(func.coalesce(answers.c.alarm, ""), func.count()).where(WAITS).group_by(answers.c.alarm)
    by_alarm: dict[str, int] = {}
    for alarm, people in conn.execute(query):
        by_alarm[alarm] = by_alarm.get(alarm, 0) + people
    doubted = conn.execute(select(func.count()).where(WAITS, answers.c.alarm == "", DOUBTED)).scalar_one()
    ordinary = by_alarm.pop("", 0) - doubted
    return Waiting(ordinary, sum(by_alarm.values()), doubted)


def queue(conn: Connection, most: int, after: int = 0) -> list[Own]:
    """Ordinary texts, the oldest first, behind the one with the number `after`."""
    return _read(conn, _OWN.where(WAITS, answers.c.alarm == "", ~DOUBTED, answers.c.id > after), most)


def apart(conn: Connection, most: int) -> list[Own]:
    """Texts that may be a cry for help or a threat, the oldest first."""
    return _read(conn, _OWN.where(WAITS, answers.c.alarm.in_(ALARMS)), most)


def doubted(conn: Connection, moderator: str, most: int) -> list[Own]:
    """Texts to be read by a second moderator: those `moderator` never decided about."""
    mine = select(decisions.c.answer).where(decisions.c.moderator == moderator, decisions.c.verdict.in_(FINAL))
    return _read(conn, _OWN.where(WAITS, answers.c.alarm == "", DOUBTED, answers.c.id.not_in(mine)), most)


def decided(conn: Connection, state: str, most: int, before: int = 0, containing: str = "") -> list[Own]:
    """Texts in this state, the newest first; `containing` looks in what is shown of them."""
    query = _OWN.where(answers.c.text_state == state, READ)
    if before:
        query = query.where(answers.c.id < before)
    if containing:
        query = query.where(answers.c.masked.icontains(containing, autoescape=True))
    return _read(conn, query.order_by(None).order_by(answers.c.id.desc()), most)


def original(conn: Connection, answer: int) -> str | None:
    """The words as they were written. Only for a moderator, and never without a line in the audit log."""
    query = select(answers.c.text).where(answers.c.id == answer, here(answers.c.round))
    found: str | None = conn.execute(query).scalar_one_or_none()
    return found


def history(conn: Connection, answer: int) -> list[Decided]:
    """Every decision about a text, the newest first."""
    kept = decisions.c
    query = select(kept.verdict, kept.reason, kept.theme, kept.moderator, kept.at).where(kept.answer == answer)
    return [Decided(*row) for row in conn.execute(query.order_by(kept.id.desc()))]


def decide(
    conn: Connection,
    texts: Sequence[int],
    verdict: Verdict,
    moderator: str,
    now: datetime,
    *,
    reason: str = "",
    theme: str = "",
    hide: Sequence[str] = (),
    alarm: str = "",
) -> tuple[str, int]:
    """Decide about texts that wait: the batch's number, and how many were decided (others were there first).

    `hide` are the words to hide where the verdict is `masked`, `alarm` is what a text set apart may be.
    Raises Undecided where something is missing, or where a second moderator has to decide.
    """
    _complete(verdict, reason, theme, hide, alarm)
    waits = {row.id: row for row in conn.execute(_OWN.where(WAITS, answers.c.id.in_(texts)).with_for_update())}
    if verdict in FINAL and _decided_before(conn, list(waits), moderator):
        raise Undecided("second")
    values: dict[str, Any] = {"text_state": verdict} if verdict in FINAL else {"alarm": alarm}
    batch = secrets.token_hex(8)
    for number, row in waits.items():
        if verdict == "masked":
            values = {**values, "masked": _hide(row.masked, hide)}
        conn.execute(update(answers).where(answers.c.id == number).values(values))
        _write(conn, number, batch, verdict, moderator, now, reason, theme)
    return batch, len(waits)


def take_back(conn: Connection, batch: str, moderator: str, now: datetime) -> int:
    """What this moderator just decided together waits again, as it was; how many texts that were."""
    mine = and_(decisions.c.batch == batch, decisions.c.moderator == moderator, decisions.c.verdict.in_(FINAL))
    query = select(answers.c.id, answers.c.text).join(decisions, decisions.c.answer == answers.c.id)
    rows = conn.execute(query.where(mine, NEWEST, answers.c.text_state.in_(FINAL))).all()
    for row in rows:
        _wait_again(conn, row.id, row.text)
    taken = (mine, decisions.c.answer.in_([row.id for row in rows]))
    conn.execute(update(decisions).where(*taken).values(verdict="taken_back", at=now))
    return len(rows)


def doubt(conn: Connection, answer: int, moderator: str, now: datetime) -> bool:
    """Ask for a second moderator. False when the text waits already, or is gone."""
    query = select(answers.c.text).where(answers.c.id == answer, READ, answers.c.text_state.in_(FINAL))
    row = conn.execute(query).first()
    if row is None:
        return False
    _wait_again(conn, answer, row.text)
    _write(conn, answer, secrets.token_hex(8), "doubted", moderator, now)
    return True


def done_by(conn: Connection, moderator: str, since: datetime) -> int:
    """How many texts this moderator decided about since then."""
    mine = (decisions.c.moderator == moderator, decisions.c.at >= since, decisions.c.verdict.in_(FINAL))
    return int(conn.execute(select(func.count()).where(*mine)).scalar_one())


# ---------------------------------------------------------------- inside


def _read(conn: Connection, query: Select[Any], most: int) -> list[Own]:
    return [Own(*row) for row in conn.execute(query.order_by(answers.c.id).limit(most))]


def _complete(verdict: Verdict, reason: str, theme: str, hide: Sequence[str], alarm: str) -> None:
    if verdict == "refused" and reason not in REASONS:
        raise Undecided("which_reason")
    if theme and theme not in THEMES:
        raise Undecided("which_theme")
    if verdict == "masked" and not any(one.strip() for one in hide):
        raise Undecided("which_words")
    if verdict == "set_apart" and alarm not in ALARMS:
        raise Undecided("which_alarm")


def _decided_before(conn: Connection, texts: list[int], moderator: str) -> bool:
    """Whether a text that is doubted was decided by this moderator before."""
    mine = (decisions.c.answer.in_(texts), decisions.c.moderator == moderator, decisions.c.verdict.in_(FINAL))
    query = select(answers.c.id).join(decisions, decisions.c.answer == answers.c.id).where(*mine, DOUBTED)
    return conn.execute(query.limit(1)).first() is not None


def _hide(shown: str, words: Sequence[str]) -> str:
    """`shown` with these words hidden wherever they stand alone. Raises Undecided where one is not in it."""
    for word in sorted((one.strip() for one in words if one.strip()), key=len, reverse=True):
        hidden, times = re.subn(rf"(?<!\w){re.escape(word)}(?!\w)", HIDDEN, shown, flags=re.IGNORECASE)
        if not times:
            raise Undecided("not_in_it")
        shown = hidden
    return shown


def _wait_again(conn: Connection, answer: int, text: str) -> None:
    values = {"text_state": "waiting", "masked": mask(text)}
    conn.execute(update(answers).where(answers.c.id == answer).values(values))


def _write(
    conn: Connection,
    answer: int,
    batch: str,
    verdict: str,
    moderator: str,
    now: datetime,
    reason: str = "",
    theme: str = "",
) -> None:
    row = {"answer": answer, "batch": batch, "verdict": verdict, "reason": reason, "theme": theme}
    conn.execute(insert(decisions), {**row, "moderator": moderator, "at": now})
