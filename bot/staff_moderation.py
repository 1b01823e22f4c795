"""Moderation at the desk: one text at a time with all that say nearly the same, by keyboard, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from aiohttp import web
from sqlalchemy import Connection

from bot.house import House
from bot.staff_access import ACTOR, HOLDER, Access
from bot.staff_pages import Pages, back
from content import Content
from conversations.alarm import alarm
from conversations.alike import alike
from conversations.commands import house_rule
from conversations.goodbye import title
from storage import audit, moderation
from storage.database import now
from storage.moderation import ALARMS, FINAL, REASONS, THEMES, Decided, Own, Undecided, Verdict, Waiting

# So many are compared with each other, and at most so many are looked at for cries and threats in one go.
AT_ONCE = 200
ON_A_PAGE, LONGEST_SEARCH = 30, 100
BATCH = re.compile(r"[0-9a-f]{16}")
VERDICTS = ("passed", "masked", "refused", "set_apart", "put_back")


@dataclass(frozen=True)
class Task:
    """Texts to decide about together; `original` is the first as it was written, where somebody asked for that."""

    texts: Sequence[Own]
    waiting: Waiting
    doubted: bool = False
    original: str = ""


class Moderation:
    """The queue, and what was set apart."""

    def __init__(self, house: House, pages: Pages, access: Access) -> None:
        self._content, self._city, self._pages, self._access = house.content, house.city(), pages, access

    async def queue(self, request: web.Request) -> web.Response:
        """The next texts to decide about."""
        await self._access.note(request, "read", "own words that wait")
        return await self._show(request)

    async def apart(self, request: web.Request) -> web.Response:
        """What may be a cry for help or a threat, with the steps to take."""
        await self._access.note(request, "read", "own words set apart")
        return await self._apart(request)

    async def decide(self, request: web.Request) -> web.Response:
        """A decision about one or more texts; the page again with what is missing, where something is."""
        given = await request.post()
        from_apart = given.get("from") == "apart"
        texts = [int(one) for one in map(str, given.getall("text", [])) if one.isdecimal() and len(one) < 19]
        verdict, actor = str(given.get("verdict", "")), request[ACTOR]
        if verdict not in VERDICTS:
            raise web.HTTPBadRequest
        how = {name: str(given.get(name, "")) for name in ("reason", "theme", "alarm")}
        hide = str(given.get("hide", "")).split(",")

        def work(conn: Connection) -> tuple[str, int]:
            wanted = cast(Verdict, verdict)
            batch, done = moderation.decide(conn, texts, wanted, actor.name, now(), hide=hide, **how)
            if done:
                audit.note(conn, actor, "moderate", f"{verdict} {done}")
            return batch, done

        try:
            batch, done = await self._access.keep(work)
        except Undecided as missing:
            again = self._apart if from_apart else self._show
            return await again(request, wrong=str(missing), only=texts)
        if from_apart:
            raise back("/moderation/apart", "decided", n=done)
        raise back("/moderation", "decided", n=done, batch=batch)

    async def undo(self, request: web.Request) -> web.Response:
        """What this moderator just decided waits again."""
        batch, actor = str((await request.post()).get("batch", "")), request[ACTOR]

        def work(conn: Connection) -> int:
            done = moderation.take_back(conn, batch, actor.name, now())
            if done:
                audit.note(conn, actor, "moderate", f"taken_back {done}")
            return done

        done = await self._access.keep(work)
        raise back("/moderation", "undone", n=done)

    async def original(self, request: web.Request) -> web.Response:
        """The words as they were written; the line about it is committed first."""
        given = await request.post()
        text = str(given.get("text", ""))
        if not (text.isdecimal() and len(text) < 19):
            raise web.HTTPBadRequest
        actor = request[ACTOR]

        def work(conn: Connection) -> str | None:
            found = moderation.original(conn, int(text))
            if found is not None:
                audit.note(conn, actor, "original", "own words")
            return found

        found = await self._access.keep(work)
        again = self._apart if given.get("from") == "apart" else self._show
        return await again(request, only=[int(text)], original=found or "")

    async def decided(self, request: web.Request) -> web.Response:
        """What was decided, the newest first; `state` and `words` choose, `before` goes on."""
        await self._access.note(request, "read", "own words that were decided about")
        state = request.query.get("state", "")
        state = state if state in FINAL else "refused"
        looked, before = request.query.get("words", "")[:LONGEST_SEARCH], request.query.get("before", "")
        number = int(before) if before.isdecimal() and len(before) < 19 else 0

        def look(conn: Connection) -> list[tuple[Own, list[Decided]]]:
            found = moderation.decided(conn, state, ON_A_PAGE, number, looked)
            return [(own, moderation.history(conn, own.id)) for own in found]

        texts = await self._access.read(look)
        further = texts[-1][0].id if len(texts) == ON_A_PAGE else 0
        return self._pages.html(
            request,
            "decided.html",
            texts=texts,
            states=FINAL,
            state=state,
            looked=looked,
            further=further,
            where=self._where(request),
        )

    async def doubt(self, request: web.Request) -> web.Response:
        """A decision is doubted: somebody else decides."""
        text, actor = str((await request.post()).get("text", "")), request[ACTOR]
        if not (text.isdecimal() and len(text) < 19):
            raise web.HTTPBadRequest

        def work(conn: Connection) -> bool:
            done = moderation.doubt(conn, int(text), actor.name, now())
            if done:
                audit.note(conn, actor, "moderate", "doubted 1")
            return done

        await self._access.keep(work)
        raise back("/moderation/decided", "doubted")

    # ------------------------------------------------------------ inside

    async def _show(
        self, request: web.Request, wrong: str = "", only: Sequence[int] = (), original: str = ""
    ) -> web.Response:
        await look_for_alarms(self._access, self._content)
        me = request[HOLDER].name
        task = await self._access.read(lambda conn: _next(conn, me, only, original))
        batch = request.query.get("batch", "")
        return self._pages.html(
            request,
            "moderation.html",
            HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK,
            task=task,
            wrong=wrong,
            batch=batch if BATCH.fullmatch(batch) else "",
            where=self._where(request),
            house_rule=house_rule(self._pages.language(request), self._content, self._city),
            reasons=REASONS,
            themes=THEMES,
            alarms=ALARMS,
        )

    async def _apart(
        self, request: web.Request, wrong: str = "", only: Sequence[int] = (), original: str = ""
    ) -> web.Response:
        await look_for_alarms(self._access, self._content)
        texts, by_hand = await self._access.read(_what_stands_apart)
        return self._pages.html(
            request,
            "apart.html",
            HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK,
            texts=texts,
            by_hand=by_hand,
            wrong=wrong,
            shown=only[0] if only and original else 0,
            original=original,
            where=self._where(request),
            reasons=REASONS,
            alarms=ALARMS,
        )

    def _where(self, request: web.Request):  # type: ignore[no-untyped-def]
        language = self._pages.language(request)

        def where(own: Own) -> str:
            item = "reasons" if own.item == "reason_text" else own.item.removesuffix("_text")
            return title(f"{own.dilemma}.{item}" if own.dilemma else item, self._content, language)

        return where


async def look_for_alarms(access: Access, content: Content) -> None:
    """Look at texts nobody looked at yet: what may be a cry for help or a threat is read before all others."""
    phrases = content.phrases
    await access.keep(lambda conn: moderation.look_for_alarms(conn, lambda text: alarm(text, phrases), AT_ONCE))


def _what_stands_apart(conn: Connection) -> tuple[list[Own], dict[int, str]]:
    """The texts, and of each that no alarm found the moderator who set it apart."""
    texts = moderation.apart(conn, AT_ONCE)
    decided = {own.id: moderation.history(conn, own.id) for own in texts}
    return texts, {
        own: one.moderator for own, all_of in decided.items() for one in all_of if one.verdict == "set_apart"
    }


def _next(conn: Connection, moderator: str, only: Sequence[int], original: str) -> Task:
    """The oldest text that waits and all that say nearly the same in the same place; then those that are doubted."""
    waiting = moderation.waiting(conn)
    queue = moderation.queue(conn, AT_ONCE)
    doubted = False
    if not queue:
        queue, doubted = moderation.doubted(conn, moderator, AT_ONCE)[:1], True
    if only and any(own.id in only for own in queue):
        texts = [own for own in queue if own.id in only] if not original else _with(queue, only[0])
    else:
        texts = _with(queue, queue[0].id) if queue else []
    return Task(texts, waiting, doubted, original)


def _with(queue: Sequence[Own], text: int) -> list[Own]:
    """This text first, then those of the same place that say nearly the same."""
    first = next(own for own in queue if own.id == text)
    place = (first.round, first.dilemma, first.item)
    same = [first, *(own for own in queue if own.id != text and (own.round, own.dilemma, own.item) == place)]
    return [same[number] for number in alike([own.shown for own in same])[0]]
