"""A round at the desk: how it goes, what it says, what can be downloaded; and, for keepers, to open and close it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot.house import House
from bot.staff_access import ACTOR, HOLDER, Access
from bot.staff_pages import PageFault, Pages, back
from bot.staff_results import Results
from bot.staff_roles import NEEDS, may
from content.staff_words import LANGUAGES, staff_words
from conversations.goodbye import title
from conversations.shapes import Progress
from conversations.walk import BEFORE, behind, walk
from storage import audit, keeping, notices
from storage.database import now
from storage.exports import COUNCIL, FORMATS, TABLES, Table
from storage.overview import rounds_now
from storage.participation import Participation, participation
from storage.releases import latest, numbered

DOWNLOAD = "/v1/rounds/{round}/"
STATES = {"open": "round_open", "closed": "round_close"}
# So many days stand in the picture; the table beneath has them all.
DAYS = 28
HIGH, WIDE = 100, 20
# What there is only once something was released.
OF_A_RELEASE = ("summary", COUNCIL)
Step = tuple[str, int, float | None]


class Rounds:
    """Shows the pages about a round."""

    def __init__(self, house: House, pages: Pages, access: Access) -> None:
        self._house, self._pages, self._access = house, pages, access

    async def show(self, request: web.Request) -> web.Response:
        """How it goes: people over time, how far they come, by channel and language; and the downloads."""
        code = self._round(request)
        reveal_at = self._house.settings.reveal_at

        def look(conn: Connection) -> tuple[Participation, dict[str, Any]]:
            found = next(one for one in rounds_now(conn, self._house.content) if one["round"] == code)
            return participation(conn, code, reveal_at), found

        gone, one = await self._access.read(look)
        role = request[HOLDER].role
        steps, later = self._steps(code, gone, self._pages.language(request))
        return self._pages.html(
            request,
            "round.html",
            one=one,
            gone=gone,
            reveal_at=reveal_at,
            chart=chart(gone),
            steps=steps,
            later=later,
            tables=[
                (name, table.formats, self._languages(name, table), table.rows)
                for name, table in TABLES.items()
                if may(role, NEEDS[f"/v1/rounds/{{round}}/{name}"]) and (one["release"] or name not in OF_A_RELEASE)
            ],
            keeper=may(role, "house"),
        )

    def _languages(self, name: str, table: Table) -> tuple[str, ...]:
        """The languages a table can be had in; none where every format holds all of them, or codes alone."""
        if name == COUNCIL:
            return LANGUAGES
        return self._house.content.languages if any(FORMATS[one].labelled for one in table.formats) else ()

    async def results(self, request: web.Request) -> web.Response:
        """What a release says, question by question: `release`, or else the newest."""
        code, summary = await self._released(request)
        found = self._results(request, summary) if summary else None
        return self._pages.html(
            request,
            "results.html",
            title=self._house.content.rounds[code].title[self._pages.language(request)],
            code=code,
            summary=summary,
            dilemmas=list(found.dilemmas()) if found else [],
            items=list(found.items()) if found else [],
            reach=found.reach() if found else "",
            older=f"?release={summary['release']}" if summary and "release" in request.query else "",
        )

    async def dilemma(self, request: web.Request) -> web.Response:
        """All that a release says of one question, and where the differences lie."""
        code, summary = await self._released(request)
        asked = request.match_info["dilemma"]
        if summary is None or asked not in summary["dilemmas"]:
            raise PageFault(HTTPStatus.NOT_FOUND, "not_found")
        return self._pages.html(
            request,
            "dilemma.html",
            title=self._house.content.rounds[code].title[self._pages.language(request)],
            code=code,
            summary=summary,
            one=self._results(request, summary).dilemma(asked),
            older=f"?release={summary['release']}" if "release" in request.query else "",
        )

    async def state(self, request: web.Request) -> web.Response:
        """A keeper opens or closes the round."""
        code, given = self._round(request), await request.post()
        state = str(given.get("state", ""))
        if state not in STATES:
            raise PageFault(HTTPStatus.BAD_REQUEST, "old_form")

        def change(conn: Connection) -> None:
            keeping.set_round_state(conn, code, state, now())
            notices.announce(conn, code, state)
            audit.note(conn, request[ACTOR], STATES[state], code)  # type: ignore[arg-type]

        await self._access.keep(change)
        raise back(f"/rounds/{code}", f"round.{state}")

    # ------------------------------------------------------------ inside

    async def _released(self, request: web.Request) -> tuple[str, dict[str, Any] | None]:
        """The round, and the release that is asked for, or else its newest; None before the first."""
        code, asked = self._round(request), request.query.get("release", "")
        number = int(asked) if asked.isdecimal() and len(asked) < 10 else 0
        summary = await self._access.read(lambda conn: numbered(conn, code, number) if number else latest(conn, code))
        if number and summary is None:
            raise PageFault(HTTPStatus.NOT_FOUND, "not_found")
        return code, summary

    def _results(self, request: web.Request, summary: Mapping[str, Any]) -> Results:
        language = self._pages.language(request)
        return Results(self._house.content, staff_words()[language], language, summary, {})

    def _round(self, request: web.Request) -> str:
        code = request.match_info["round"]
        if code not in self._house.content.rounds:
            raise PageFault(HTTPStatus.NOT_FOUND, "not_found")
        return code

    def _steps(self, code: str, gone: Participation, language: str) -> tuple[list[Step], list[Step]]:
        """Each question of the walk in its order, and the first of each chain behind the goodbye: its name, how many
        people answered or skipped it, and what share of all, or of who finished; None where a group chat, in which
        nobody has to finish, makes that no share.
        """
        content = self._house.content
        asked = Progress(code, "web", language, draw=0)
        on_the_way = [at for at in walk(asked, content) if at not in (*BEFORE, "goodbye")]
        chains = [chain[0] for chain in behind(asked, content).values() if chain[0] not in on_the_way]

        def rows(steps: list[str], base: int) -> list[Step]:
            found = []
            for at in steps:
                dilemma, _, item = at.rpartition(".")
                n = gone.reached.get((dilemma, item), 0)
                name = content.dilemmas[dilemma].short[language] if item == "position" else title(at, content, language)
                found.append((name, n, n / base if 0 < base >= n else None))
            return found

        # Reasons are asked right behind each position: they would say the same twice.
        everybody = [at for at in on_the_way if not at.endswith(".reasons")]
        return (rows(everybody, gone.people), rows(chains, gone.finished)) if gone.people else ([], [])


def chart(gone: Participation) -> dict[str, Any]:
    """The last days as bars: where each stands, and how high who began and who finished, of HIGH; with the `first` and
    the `last` day, and the `most` people of any day, which is as high as it goes. Empty where nobody came.
    """
    if not gone.days:
        return {}
    told = {day: (began, ended) for day, began, ended in gone.days}
    last = gone.days[-1][0]
    days = [last - timedelta(days=back) for back in range(min(DAYS, (last - gone.days[0][0]).days + 1))][::-1]
    most = max(max(told.get(day, (0, 0))) for day in days) or 1
    bars = [
        {"x": number * WIDE, "began": round(HIGH * began / most, 1), "ended": round(HIGH * ended / most, 1)}
        for number, (began, ended) in enumerate(told.get(day, (0, 0)) for day in days)
    ]
    return {"bars": bars, "first": days[0], "last": days[-1], "most": most}
