"""Releases of a round at the desk: when, what changed; and how they fare on their way to whoever takes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot.house import House
from bot.staff_access import ACTOR, Access
from bot.staff_pages import PageFault, Pages, back
from content.staff_words import staff_words
from conversations.goodbye import title
from storage import audit
from storage.database import now
from storage.deliveries import deliveries, try_again
from storage.releases import Summary, figures, newest_first

ON_A_PAGE = 30
LONGEST_EVENT = 60


class Releases:
    """Shows what was released, and what is on its way."""

    def __init__(self, house: House, pages: Pages, access: Access) -> None:
        self._house, self._pages, self._access = house, pages, access

    async def show(self, request: web.Request) -> web.Response:
        """The releases of a round, the newest first; `before` goes on behind a number."""
        code, before = request.match_info["round"], request.query.get("before", "")
        if code not in self._house.content.rounds:
            raise PageFault(HTTPStatus.NOT_FOUND, "not_found")
        under = int(before) if before.isdecimal() and len(before) < 10 else 0
        found = await self._access.read(lambda conn: newest_first(conn, code, ON_A_PAGE, under))
        language = self._pages.language(request)
        return self._pages.html(
            request,
            "releases.html",
            title=self._house.content.rounds[code].title[language],
            code=code,
            releases=[self._told(one, language) for one in found],
            further=found[-1]["release"] if found and found[-1]["release"] > 1 else 0,
        )

    async def on_their_way(self, request: web.Request) -> web.Response:
        """What waits to be delivered, what failed for good, and what arrived."""
        await self._access.note(request, "read", "deliveries")
        settings = self._house.settings
        found = await self._access.read(lambda conn: deliveries(conn, settings.export_url))
        titles = self._pages.titles(request)
        return self._pages.html(
            request, "deliveries.html", found=found, titles=titles, now=now(), receiver=bool(settings.export_url)
        )

    async def again(self, request: web.Request) -> web.Response:
        """Try everything again that did not arrive, or one event."""
        event, actor = str((await request.post()).get("event", ""))[:LONGEST_EVENT], request[ACTOR]

        def work(conn: Connection) -> bool:
            done = try_again(conn, now(), self._house.settings.export_url, event)
            if done:
                audit.note(conn, actor, "deliver", event or "everything that waits")
            return done

        done = await self._access.keep(work)
        raise back("/deliveries", "tried_again" if done else "nothing_waits")

    def _told(self, summary: Summary, language: str) -> dict[str, Any]:
        return {
            "number": summary["release"],
            "at": datetime.fromisoformat(summary["as_of"]),
            "base": summary["base"],
            "changed": list(self._changed(summary, language)),
        }

    def _changed(self, summary: Summary, language: str) -> Iterator[str]:
        """The names of the dilemmas and questions of which a figure is new in this release."""
        content, number = self._house.content, summary["release"]
        new = [
            (dilemma, item)
            for dilemma, item, _, _, one in figures(summary)
            if one["as_of"] == number and (one["base"] is not None or one["counts"])
        ]
        for dilemma, item in dict.fromkeys((dilemma, "" if dilemma else item) for dilemma, item in new):
            if item == "reach":
                yield staff_words()[language]("council.reach.head")
            else:
                yield content.dilemmas[dilemma].short[language] if dilemma else title(item, content, language)
