"""The first page: what this person can best do next, and how each round stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot.house import House
from bot.staff_access import HOLDER, Access
from bot.staff_moderation import look_for_alarms
from bot.staff_pages import Pages
from bot.staff_roles import PAGES, may
from storage import staff_keys
from storage.deliveries import failing
from storage.moderation import Waiting, waiting
from storage.overview import corrections_now, rounds_now
from storage.staff_keys import Role


@dataclass(frozen=True)
class Facts:
    """What the advice rests on. Counts of things to do, never of opinions; the codes of the first round, and of the
    newest that was released.
    """

    ready: bool
    people: int
    holders: frozenset[Role]
    corrections: int
    waiting: Waiting
    open_rounds: int
    released: bool
    undelivered: bool = False
    moderators: int = 0
    reveal_at: int = 0
    first: str = ""
    newest: str = ""


@dataclass(frozen=True)
class Step:
    """Something to do: a key under `next.` in the catalogues, where to do it, and a number in the sentence."""

    key: str
    href: str
    n: int = 0


def next_steps(facts: Facts, role: Role) -> list[Step]:
    """What is best done next, the most urgent first."""
    wanted: list[tuple[bool, Step]] = [
        (not facts.ready, Step("not_ready", "/health")),
        (facts.undelivered and may(role, "deliveries"), Step("undelivered", "/deliveries")),
        (role == "moderator" and facts.waiting.apart > 0, Step("apart", "/moderation/apart", facts.waiting.apart)),
        (
            role == "moderator" and facts.waiting.ordinary + facts.waiting.doubted > 0,
            Step("texts", "/moderation", facts.waiting.ordinary + facts.waiting.doubted),
        ),
        (role == "keeper" and not facts.holders, Step("no_keys", "/keys")),
        (role == "keeper" and facts.waiting.doubted > 0 and facts.moderators < 2, Step("second", "/keys")),
        (
            role == "keeper" and facts.waiting.ordinary > 0 and facts.moderators == 0,
            Step("no_moderator", "/keys", facts.waiting.ordinary),
        ),
        (role == "keeper" and facts.open_rounds == 0, Step("no_round", f"/rounds/{facts.first}")),
        (may(role, "texts") and facts.open_rounds > 0 and facts.people == 0, Step("nobody_yet", "/preview")),
        (
            role in ("keeper", "moderator") and facts.corrections > 0,
            Step("corrections", "/corrections", facts.corrections),
        ),
        (facts.people > 0 and not facts.released, Step("not_released", f"/rounds/{facts.first}", facts.reveal_at)),
        (facts.released, Step("released", f"/rounds/{facts.newest}/results")),
    ]
    return [step for so, step in wanted if so]


class Front:
    """Shows the first page."""

    def __init__(
        self, house: House, pages: Pages, access: Access, state: Callable[[], Awaitable[dict[str, Any]]]
    ) -> None:
        self._house, self._pages, self._access, self._state = house, pages, access, state

    async def show(self, request: web.Request) -> web.Response:
        if may(request[HOLDER].role, "originals"):
            await look_for_alarms(self._access, self._house.content)
        rounds = await self._access.read(lambda conn: rounds_now(conn, self._house.content))
        ready = bool((await self._state())["ready"])
        facts = await self._access.read(lambda conn: _facts(conn, rounds, ready, self._house.settings.reveal_at))
        steps = next_steps(facts, request[HOLDER].role)
        return self._pages.html(request, "front.html", steps=steps, rounds=rounds, pages=PAGES)


def _facts(conn: Connection, rounds: list[dict[str, Any]], ready: bool, reveal_at: int) -> Facts:
    holders = staff_keys.listed(conn)
    return Facts(
        ready=ready,
        people=sum(sum(one["participants"].values()) for one in rounds),
        holders=frozenset(one.role for one in holders),
        corrections=corrections_now(conn),
        waiting=waiting(conn),
        open_rounds=sum(one["state"] == "open" for one in rounds),
        released=any(one["release"] for one in rounds),
        undelivered=failing(conn),
        moderators=sum(one.role == "moderator" for one in holders),
        reveal_at=reveal_at,
        first=rounds[0]["round"],
        newest=next((one["round"] for one in reversed(rounds) if one["release"]), ""),
    )
