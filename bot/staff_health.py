"""How the program is, in words: each part, what waits, and what to do where something is wrong."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from aiohttp import web
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.house import House
from bot.staff_access import HOLDER, Access
from bot.staff_pages import Pages
from storage import outbox
from storage.database import now
from storage.overview import on_their_way

Mood = Literal["well", "look", "wrong"]
COUNTS_SECONDS = 5.0
MANY_QUEUED, MANY_OWED = 500, 100
OLD_SECONDS, LITTLE_DISK = 3600, 0.2
# What bot/telegram.py and bot/telegram_webhook.py call their troubles; the others begin with `not reachable`.
TROUBLES = {
    "not started": "starting",
    "another bot polls with this token": "conflict",
    "the token is refused": "token",
    "it refuses the address in STADSDIALOOG_TELEGRAM_WEBHOOK": "address",
}


@dataclass(frozen=True)
class Line:
    """What is told of one part: `health.{key}` in the catalogues; `health.{key}.do` where something is to be done."""

    mood: Mood
    key: str
    values: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """What waits. `oldest` is when the oldest event that waits for its delivery was made; `free` the free share of the
    disk that holds the data folder, from 0 to 1.
    """

    replies: int = 0
    notices: int = 0
    oldest: datetime | None = None
    free: float = 1.0


def of_parts(state: Mapping[str, Any]) -> Iterator[Line]:
    """Each part, of what /v1/health tells."""
    yield Line("well", "database") if state.get("database") else Line("wrong", "database.wrong")
    if "the storage worker does not answer" in state["reasons"]:
        yield Line("wrong", "worker")
    clock = state.get("clock", {"ready": True})
    yield Line("well", "clock") if clock["ready"] else Line("wrong", "clock.wrong", {"n": clock["jumped_seconds"]})
    if "leading" in state:
        yield Line("well", "leading" if state["leading"]["leads"] else "leading.elsewhere")
    yield from _of_telegram(state.get("telegram"))


def of_counts(counts: Counts, at: datetime, few: int) -> Iterator[Line]:
    """What waits. A number under `few` is not told: it is about single people."""
    waits = counts.replies or counts.notices
    told = {"replies": _told(counts.replies, few), "notices": _told(counts.notices, few)}
    if counts.replies > MANY_OWED:
        yield Line("look", "owed", told)
    else:
        yield Line("well", "on_their_way" if waits else "nothing_waits", told if waits else {})
    if counts.oldest and (at - counts.oldest).total_seconds() > OLD_SECONDS:
        yield Line("look", "outbox")
    percent = {"n": round(100 * counts.free)}
    yield Line("look", "disk.little", percent) if counts.free < LITTLE_DISK else Line("well", "disk", percent)


class Health:
    """Shows how the program is; without a key only its parts, also while the database is gone."""

    def __init__(
        self, house: House, pages: Pages, access: Access, state: Callable[[], Awaitable[dict[str, Any]]]
    ) -> None:
        self._house, self._pages, self._access, self._state = house, pages, access, state

    async def show(self, request: web.Request) -> web.Response:
        lines = list(of_parts(await self._state()))
        if HOLDER in request:
            try:
                async with asyncio.timeout(COUNTS_SECONDS):
                    counts = await self._access.read(self._counts)
            except (SQLAlchemyError, TimeoutError, OSError):
                lines.append(Line("wrong", "no_counts"))
            else:
                lines += of_counts(counts, now(), self._house.settings.reveal_at)
        worst = next((mood for mood in ("wrong", "look") if any(one.mood == mood for one in lines)), "well")
        return self._pages.html(request, "health.html", lines=lines, worst=worst, at=now())

    def _counts(self, conn: Connection) -> Counts:
        replies, notices = on_their_way(conn)
        oldest = min((oldest for _, oldest in outbox.waiting(conn).values()), default=None)
        disk = shutil.disk_usage(self._house.settings.data)
        return Counts(replies, notices, oldest, disk.free / disk.total)


def _of_telegram(told: Mapping[str, Any] | None) -> Iterator[Line]:
    if told is None:
        yield Line("well", "telegram.off")
        return
    if "polled_by" in told:
        yield Line("well", "telegram.elsewhere")
        return
    trouble = str(told.get("trouble", ""))
    if told["ready"]:
        yield Line("well", "telegram")
    else:
        yield Line("wrong", f"telegram.{TROUBLES.get(trouble, 'unreachable') if trouble else 'silent'}")
    if told.get("queued", 0) > MANY_QUEUED:
        yield Line("look", "telegram.queued", {"n": told["queued"]})
    if told.get("parked", 0):
        yield Line("look", "telegram.parked", {"n": told["parked"]})


def _told(people: int, few: int) -> str:
    return f"< {few}" if 0 < people < few else str(people)
