"""Who has answers in a round and is not counted in its newest release, remembered with the person.

A burst may be left out, or taken in, after a release was made; somebody who did not want to be counted then may
come back. What a release counted stays as it was, so a bundle about it has to know. Each round stands between
spaces in a person's `uncounted`: ` dreams ` who was left out as a burst, ` ~dreams ` who stood apart.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select, text, update

from storage.bursts import left_out, participants
from storage.setting_apart import APART, here


def uncounted(conn: Connection, round_code: str) -> dict[str, str]:
    """The people whom a release of this round would not count now: their mark by id."""
    rounds = select(participants.c.round).distinct().where(~here(participants.c.round))
    apart = conn.execute(select(participants.c.id).where(participants.c.round.in_(rounds))).scalars()
    found = dict.fromkeys(conn.execute(left_out()).scalars(), mark(round_code))
    return found | dict.fromkeys(apart, mark(round_code, apart=True))


def remember(conn: Connection, round_code: str, people: Mapping[str, str]) -> None:
    """These are not counted in the release that is kept now, and all others are."""
    marked = select(participants.c.id, participants.c.uncounted).where(text("participant.uncounted <> ''"))
    before = {row.id: row.uncounted for row in conn.execute(marked)}
    for one in before.keys() | people.keys():
        was = before.get(one, "")
        others = was.replace(mark(round_code), "").replace(mark(round_code, apart=True), "")
        if (now := others + people.get(one, "")) != was:
            conn.execute(update(participants).where(participants.c.id == one).values(uncounted=now))


def mark(round_code: str, apart: bool = False) -> str:
    """What stands with somebody who is not counted in this round's newest release."""
    return f" {APART if apart else ''}{round_code} "
