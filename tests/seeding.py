"""Residents put straight into a database, through the same function that keeps real answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, insert

from conversations.shapes import POSITIONS, Agreed, Answered, Fact, Progress
from storage.keeping import answers, begin, keep, participants
from storage.keys import Keys

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


def crowd(conn: Connection, chosen: Iterable[Mapping[str, str]], prefix: str) -> list[str]:
    """Many people at once, each a mapping from `dilemma` (or `weighs_most`) to the code chosen; their ids."""
    people, rows = [], []
    for number, choices in enumerate(chosen):
        one = f"{prefix}{number}"
        people.append(one)
        conn.execute(
            insert(participants).values(
                id=one,
                round="dreams",
                channel="web",
                language="nl",
                status="finished",
                started_at=THEN,
                content_version=1,
                turn=1,
                progress="{}",
            )
        )
        for name, code in choices.items():
            whole = name == "weighs_most"
            rows.append(
                {
                    "participant": one,
                    "round": "dreams",
                    "dilemma": "" if whole else name,
                    "item": name if whole else "position",
                    "argument": "",
                    "kind": "single" if whole else "scale5",
                    "status": "answered",
                    "code": code,
                    "value": None if whole else POSITIONS.index(code) + 1,
                    "text": "",
                    "language": "nl",
                    "method": "button",
                    "score": 100,
                    "channel": "web",
                    "setting": "private",
                    "group": "",
                    "revision": 1,
                    "current": True,
                    "answered_at": THEN,
                    "content_version": 1,
                    "shown_first": "a",
                    "after_results": False,
                    "text_state": "",
                }
            )
    if rows:
        conn.execute(insert(answers), rows)
    return people
