"""A trial walk for staff: the dialogue as residents meet it, from the files as they are in use or as they stand now.

The very engine answers, and nothing of it is kept: no participant, no answer. Where somebody stands is in this
process's memory for half an hour at most. That a trial was begun stands in the audit log.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot.house import House
from bot.staff_access import Access
from bot.staff_pages import SESSION, Pages, back
from bot.terminal import typed
from bot.visits import Visits
from content import Content, ContentFault, load
from content.changes import Change, changes
from content.places import files
from conversations import City, Heard, Progress, Say, answer
from conversations.goodbye import title
from conversations.measure import file_of
from conversations.shapes import Arrived, Commanded, Forgot, Tapped
from conversations.typed import clean
from conversations.walk import behind, walk
from storage.releases import latest

MOST_TRIALS, MOST_CHANGES, LONGEST_WORDS = 20, 200, 4000
# After a step the reader goes on where the dialogue stands.
TALK = "/preview#talk"
CHANNELS = ("telegram", "web")
# Which side stands first: drawn as for a resident, or always this one.
FIRST = ("", "a", "b")


@dataclass(frozen=True)
class Trial:
    """Where a colleague stands: the content walked, what was said last, and what it was said to.

    `changed`: the content is that of the files, not what is in use. `fault` is what the engine stumbled over, the
    key of a text or a kind of fault.
    """

    content: Content
    progress: Progress
    says: tuple[Say, ...] = ()
    toast: str = ""
    said: str = ""
    changed: bool = False
    fault: str = ""


class Preview:
    """Shows the trial, and takes it a step further."""

    def __init__(self, house: House, pages: Pages, access: Access) -> None:
        self._house, self._pages, self._access = house, pages, access
        self._trials: Visits[Trial] = Visits(MOST_TRIALS)

    async def show(self, request: web.Request) -> web.Response:
        """Where this colleague stands; else what can be walked, and what changed in the files."""
        trial = self._trials.get(request[SESSION].number)
        if trial is None:
            return await self._begin_page(request)
        at = trial.progress.now
        unread = _unread(at, trial) if trial.progress.language == "li" else 0
        file = file_of(trial.progress.at, trial.progress.language)
        return self._pages.html(request, "preview.html", trial=trial, at=at, file=file, unread=unread)

    async def begin(self, request: web.Request) -> web.Response:
        """Begin a walk: with which content, in which language, as on which channel, and where."""
        given = {name: str(value) for name, value in (await request.post()).items()}
        changed = given.get("content") == "files"
        try:
            content = await asyncio.to_thread(load) if changed else self._house.content
        except ContentFault:
            raise back("/preview") from None
        progress = _begun(content, given)
        await self._access.note(request, "preview", f"{progress.round} {progress.language}")
        heard: Heard = Arrived() if progress.counted else Commanded("start")
        await self._goes_on(request, Trial(content, progress, changed=changed), heard, "")
        raise back(TALK)

    async def hear(self, request: web.Request) -> web.Response:
        """A button or words."""
        given = await request.post()
        data, words = str(given.get("tap", "")), clean(str(given.get("words", ""))[:LONGEST_WORDS])
        trial = self._trials.get(request[SESSION].number)
        if trial is not None:
            heard = (Tapped.read(data) if data else None) or typed(words)
            labels = {one.data: one.label for say in trial.says for row in say.buttons for one in row}
            await self._goes_on(request, trial, heard, labels.get(data, words))
        raise back(TALK)

    async def end(self, request: web.Request) -> web.Response:
        """Forget where this colleague stood."""
        self._trials.put(request[SESSION].number, None)
        raise back("/preview")

    # ------------------------------------------------------------ inside

    async def _begin_page(self, request: web.Request) -> web.Response:
        found: list[Change] = []
        faults: list[str] = []
        try:
            found = changes(self._house.content, await asyncio.to_thread(load))
        except ContentFault as fault:
            faults = fault.faults
        language = self._pages.language(request)
        return self._pages.html(
            request,
            "preview_begin.html",
            changes=found[:MOST_CHANGES],
            many=len(found),
            faults=faults,
            rounds={code: one.title[language] for code, one in self._house.content.rounds.items()},
            places=_places(self._house.content, language),
            channels=CHANNELS,
            firsts=FIRST,
        )

    async def _goes_on(self, request: web.Request, trial: Trial, heard: Heard, said: str) -> None:
        city = await self._access.read(partial(self._city, trial))
        number = request[SESSION].number
        self._trials.put(number, await asyncio.to_thread(_step, trial, heard, said, city))

    def _city(self, trial: Trial, conn: Connection) -> City:
        """What a resident would find: the newest release, in a round that is open."""
        code = self._house.keys.resume_code("preview") if trial.progress.channel == "web" else ""
        results = latest(conn, trial.progress.round)
        return replace(self._house.city(), open=True, results=results, receipt="XXXX-XXXX", resume_code=code)


def _step(trial: Trial, heard: Heard, said: str, city: City) -> Trial:
    """The same trial after this was heard. What the engine stumbles over in changed content is told, not raised."""
    try:
        turn = answer(trial.progress, heard, trial.content, city)
    except Exception as error:
        what = f"{type(error).__name__} {error.args[0] if isinstance(error, KeyError) else ''}".strip()
        return replace(trial, fault=what, said=said, toast="")
    progress = turn.progress
    if any(isinstance(fact, Forgot) for fact in turn.facts):
        progress = Progress(progress.round, progress.channel, progress.language, secrets.randbits(62))
    return replace(trial, progress=progress, says=turn.says or trial.says, toast=turn.toast, said=said, fault="")


def _begun(content: Content, given: dict[str, str]) -> Progress:
    """Somebody who begins as the form says; what it says wrongly is as if it said nothing."""
    code = given.get("round", "")
    code = code if code in content.rounds else next(iter(content.rounds))
    language = given.get("language", "")
    language = language if language in content.languages else content.languages[0]
    channel = given.get("channel", "")
    start = Progress(code, channel if channel in CHANNELS else CHANNELS[0], language, _draw(content, given))
    at = given.get("at", "")
    if at in walk(replace(start, counted=True), content)[1:]:
        return replace(start, counted=at != "count_me", at=at, finished=at == "goodbye")
    if any(at in chain for chain in behind(replace(start, finished=True), content).values()):
        return replace(start, counted=True, at=at, finished=True)
    return start


def _draw(content: Content, given: dict[str, str]) -> int:
    """A number that puts the side asked for first at every dilemma; any number where none is asked for."""
    first = given.get("first", "")
    if first not in ("a", "b"):
        return secrets.randbits(62)
    while True:
        start = Progress("", "", "", secrets.randbits(62))
        if all(start.first(code) == first for code in content.dilemmas):
            return start.draw


def _places(content: Content, language: str) -> list[tuple[str, str]]:
    """The questions one can begin at, in their order, with their names; the language and the goodbye have none."""
    start = Progress(next(iter(content.rounds)), "telegram", language, 0, counted=True)
    chains = behind(replace(start, finished=True), content).values()
    asked = dict.fromkeys((*walk(start, content), *(at for chain in chains for at in chain)))
    named = {"language": "", "goodbye": ""}
    return [(at, named[at] if at in named else title(at, content, language)) for at in asked if at != "values.second"]


def _unread(at: str, trial: Trial) -> int:
    """How many texts in the file of this question nobody who speaks Mestreechs has read."""
    file: Any = files(trial.content).get(file_of(at, "li"))
    return file.model_dump_json().count('"review":"unreviewed"') if file else 0
