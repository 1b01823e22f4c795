"""Files of rows on request: found on the shelf, or made by a process of their own that nobody else waits for."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bot.house import House
from storage.cache import FOLDER
from storage.database import begin_read
from storage.exports import asking
from storage.exports.asking import State
from storage.exports.maker import Maker, NotMade
from storage.exports.shelf import Shelf
from storage.exports.steadily import clear_abandoned

log = logging.getLogger(__name__)

AT_ONCE = 2
SWEEP_SECONDS = 60.0


@dataclass(frozen=True)
class Wanted:
    """One file: a table of a round in a format, and the language of its labels."""

    round: str
    table: str
    form: str
    language: str


@dataclass
class Making:
    """A file on its way: how many of how many rows are done, and in the end where it lies."""

    wanted: Wanted
    done: int = 0
    total: int = 0
    task: asyncio.Task[Path] | None = None
    maker: Maker | None = None


class Exports:
    """Whoever asks for a file that is being made just now gets that one."""

    def __init__(self, house: House) -> None:
        self._house, self.shelf = house, Shelf(house.settings.data / FOLDER)
        self._making: dict[Wanted, Making] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._ends = False
        self._tidying: threading.Thread | None = None

    async def file(self, wanted: Wanted) -> Path:
        """The file, once it is there. Raises NotMade, NoSuchTable, and KeyError for an unknown round or language."""
        found = await asyncio.to_thread(self._find, wanted)
        if found is not None:
            return found
        making = self._making.get(wanted) or self._start(wanted)
        if making.task is None:
            raise NotMade("was not begun")
        # Who walks away does not take the file from the others, nor from the next try.
        return await asyncio.shield(making.task)

    async def soon(self, wanted: Wanted, seconds: float) -> bool:
        """Whether the file is there within so many seconds; it goes on being made after that. Raises as `file`."""
        try:
            async with asyncio.timeout(seconds):
                await self.file(wanted)
        except TimeoutError:
            return False
        return True

    async def there(self, wanted: Wanted) -> bool:
        """Whether the file is there. Nothing is begun."""
        return await asyncio.to_thread(self._find, wanted) is not None

    def making(self, wanted: Wanted) -> Making | None:
        """How far this file is, while it is being made."""
        return self._making.get(wanted)

    async def as_before(self, tag: str) -> Path | None:
        """The file of an earlier download that goes on now; None when it is not there any more."""
        if tag:
            await asyncio.to_thread(self._state)
        return self.shelf.named(tag) if tag else None

    def running(self) -> list[Making]:
        """What is being made now."""
        return list(self._making.values())

    async def keep_tidy(self) -> None:
        """Empty the shelf whenever somebody was erased elsewhere, and of what is old. Runs until cancelled."""
        while True:
            with suppress(Exception):
                await asyncio.to_thread(self._state)
                # Gigabytes take a minute, for which the program does not wait at its end.
                if self._tidying is None or not self._tidying.is_alive():
                    self._tidying = threading.Thread(target=self.shelf.tidy, daemon=True)
                    self._tidying.start()
            await asyncio.sleep(SWEEP_SECONDS)

    async def while_serving(self, app: web.Application) -> AsyncIterator[None]:
        """Keep the shelf tidy as long as this application runs; at its end nothing is made any more."""
        tidying = asyncio.create_task(self.keep_tidy())
        yield
        tidying.cancel()
        self._ends = True
        for making in self.running():
            if making.task is not None:
                making.task.cancel()
            if making.maker is not None:
                making.maker.kill()
                await asyncio.to_thread(making.maker.over)
        # Nobody is answered any more, so it may go at once.
        await asyncio.to_thread(clear_abandoned, self.shelf.folder, clear=shutil.rmtree, seconds=0)

    # ------------------------------------------------------------ inside

    def _start(self, wanted: Wanted) -> Making:
        making = Making(wanted)
        self._making[wanted] = making
        making.task = asyncio.create_task(self._make(making))
        making.task.add_done_callback(lambda task: self._over(wanted, task))
        return making

    def _over(self, wanted: Wanted, task: asyncio.Task[Path]) -> None:
        self._making.pop(wanted, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("an export was not made: %s", type(error).__name__)

    async def _make(self, making: Making) -> Path:
        async with self._at_once:
            try:
                return await asyncio.to_thread(self._run, making)
            except NotMade:
                # Somebody was erased meanwhile, and what was being made with them.
                return await asyncio.to_thread(self._run, making)

    def _run(self, making: Making) -> Path:
        wanted = making.wanted
        self._state()
        part = self.shelf.folder / f"part-{os.getpid()}-{id(making)}"

        def told(done: int, total: int) -> None:
            making.done, making.total = done, total

        house = self._house
        asked = asking.job(
            *(house.engine, house.content, house.keys, wanted.round, wanted.table, wanted.form),
            *(self.shelf.folder, part, house.settings.reveal_at, wanted.language),
        )
        making.maker = maker = Maker(asked)
        if self._ends:
            maker.kill()
        try:
            made = maker.made(told)
        finally:
            threading.Thread(target=maker.over, daemon=True).start()
        final = self._place(wanted, str(made["state"]))
        try:
            part.replace(final)
        except FileNotFoundError:
            raise NotMade("was erased") from None
        return final

    def _find(self, wanted: Wanted) -> Path | None:
        place = self._place(wanted, self._state().changes)
        if not place.is_file():
            return None
        os.utime(place)
        return place

    def _place(self, wanted: Wanted, changes: str) -> Path:
        return self.shelf.place(wanted, changes, self._house.content.version, self._house.settings.reveal_at)

    def _state(self) -> State:
        with self._house.engine.connect() as conn:
            begin_read(conn)
            state = asking.state(conn)
        self.shelf.ready(state.erased)
        return state
