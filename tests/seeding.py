"""Residents put straight into a database, through the same function that keeps real answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, insert

from content import Content
from conversations.shapes import NONRESPONSE, POSITIONS, Agreed, Answered, Fact, Progress
from storage.keeping import answers, begin, keep, participants
from storage.keys import Keys
from storage.outbox import announce
from storage.releases import Draft, draft

THEN = datetime(2026, 3, 14, 15, 59, 59, tzinfo=UTC)


def resident(
    conn: Connection,
    keys: Keys,
    *facts: Fact,
    address: str,
    language: str = "nl",
    channel: str = "telegram",
    at: datetime = THEN,
) -> str:
    """One person who said *count me* and then these facts, one turn each; the participant's id."""
    progress = Progress("dreams", channel, language, draw=7, counted=True)
    person = begin(conn, progress, address, keys.address(channel, address), keys, at)
    for fact in facts:
        keep(conn, person, progress, [fact], 1, at)
        person = type(person)(person.id, person.turn + 1, progress)
    return person.id


def position(dilemma: str, code: str, after_results: bool = False) -> Answered:
    return Answered(dilemma, "position", "scale5", "answered", (code,), shown_first="a", after_results=after_results)


def quotable(yes: bool = True) -> Agreed:
    return Agreed("quote_me", yes, 1)


def publish(
    conn: Connection, content: Content, round_code: str, reveal_at: int, at: datetime, url: str = ""
) -> Draft | None:
    """Release what there is to release and put it on its way, in the transaction of the caller."""
    made = draft(conn, content, round_code, reveal_at, at)
    return made if made and announce(conn, made, url) else None


# Round-level answers a crowd may give; anything else is a dilemma, or `dilemma.item`.
WHOLE = ("weighs_most", "values", "neighbourhood", "age", "relation")
KINDS = {
    "position": "scale5",
    "position_after": "scale5",
    "importance": "scale5",
    "reasons": "multi",
    "values": "multi",
}


def crowd(conn: Connection, chosen: Iterable[Mapping[str, str]], prefix: str) -> list[str]:
    """Many people at once, each a mapping from what was asked to the code chosen; their ids.

    Asked is a dilemma (its position), `dilemma.item`, `dilemma late` (a position given after results), a
    round-level item of WHOLE, or `language` or `group` (of the dialogue in which all was given), which ask nothing.
    """
    people, rows = [], []
    for number, choices in enumerate(chosen):
        one, language = f"{prefix}{number}", choices.get("language", "nl")
        people.append(one)
        conn.execute(
            insert(participants).values(
                id=one,
                round="dreams",
                channel="web",
                language=language,
                status="finished",
                started_at=THEN,
                content_version=1,
                turn=1,
                progress="{}",
            )
        )
        asked = [(name, code) for name, code in choices.items() if name not in ("language", "group")]
        rows += [_row(one, name, code, language, choices.get("group", "")) for name, code in asked]
    if rows:
        conn.execute(insert(answers), rows)
    return people


def mixed(codes: Iterable[str], people: int) -> list[dict[str, str]]:
    """So many people, whose positions on growth go round these codes."""
    given = list(codes)
    return [{"growth": given[n % len(given)]} for n in range(people)]


def _row(participant: str, name: str, code: str, language: str, group: str) -> dict[str, object]:
    where, _, late = name.partition(" ")
    dilemma, _, item = ("", "", where) if where in WHOLE else where.partition(".")
    item = item or "position"
    position, gave_none = code in POSITIONS, code in NONRESPONSE
    return {
        "participant": participant,
        "round": "dreams",
        "dilemma": dilemma,
        "item": item,
        "argument": "",
        "kind": KINDS.get(item, "single"),
        "status": code if gave_none else "answered",
        "code": "" if gave_none else code,
        "value": POSITIONS.index(code) + 1 if position else int(code) if code.isdigit() else None,
        "text": "",
        "language": language,
        "method": "button",
        "score": 100,
        "channel": "web",
        "setting": "group" if group else "private",
        "group": group,
        "revision": 1,
        "current": True,
        "answered_at": THEN,
        "content_version": 1,
        "shown_first": "a",
        "after_results": bool(late),
        "text_state": "",
    }
