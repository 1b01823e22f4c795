"""What every group sees: posts in their order, and a card that is edited no more often than Telegram takes.

A painter a session. An edit waits until there is room for it, and shows what is so by then; a new post never
waits for an edit. Whatever fails is tried again with what is so then, so that the last state always arrives.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from telegram.error import BadRequest, Forbidden

from bot.desk import NotKept
from bot.drawing import draw
from bot.group_picture import svg
from bot.groups import Groups, Place, Scene
from bot.telegram_calls import Calls, GaveUp, Moved, NobodyThere
from bot.telegram_group_reading import CHANNEL
from bot.telegram_group_text import Shown, shown
from bot.telegram_raw import RawBot

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 5.0


class Screens:
    """Run `run()` in the process that leads; `nudge` tells of a change before the next look finds it."""

    def __init__(self, bot: RawBot, groups: Groups, calls: Calls, edit_seconds: float) -> None:
        self._bot, self._groups, self._calls, self.edit_seconds = bot, groups, calls, edit_seconds
        self._painters: dict[str, Painter] = {}
        self._known: dict[str, tuple[int, int]] = {}
        self._drawing = asyncio.Semaphore(1)
        self._running = self._looked = False

    @property
    def idle(self) -> bool:
        """Whether every group sees what is so."""
        return self._looked and all(one.idle for one in self._painters.values())

    def nudge(self, code: str) -> None:
        """This session has changed."""
        if self._running and code:
            self._painter(code).news.set()

    async def run(self) -> None:
        """Until cancelled."""
        self._running = True
        self._known.clear()
        try:
            while True:
                with suppress(NotKept):
                    await self._look()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._running = self._looked = False
            for painter in self._painters.values():
                painter.task.cancel()
            self._painters.clear()

    async def _look(self) -> None:
        """Also what another process did, what the clock did, and what was left over from before a restart."""
        live = await self._groups.live(CHANNEL)
        for code, mark in live.items():
            if self._known.get(code) != mark:
                self.nudge(code)
        self._known, self._looked = live, True

    def _painter(self, code: str) -> Painter:
        painter = self._painters.get(code)
        if painter is None or painter.task.done():
            shared = self._bot, self._groups, self._calls, self.edit_seconds, self._drawing
            painter = self._painters[code] = Painter(code, *shared)
            painter.task.add_done_callback(lambda _: self._ended(code, painter))
        return painter

    def _ended(self, code: str, painter: Painter) -> None:
        if self._painters.get(code) is painter:
            del self._painters[code]


class Painter:
    """Shows one session to its group, in a task of its own."""

    def __init__(
        self, code: str, bot: RawBot, groups: Groups, calls: Calls, edit_seconds: float, drawing: asyncio.Semaphore
    ) -> None:
        """`drawing`: so many pictures are drawn at a time."""
        self.news = asyncio.Event()
        self.idle = False
        self._code, self._bot, self._groups, self._calls = code, bot, groups, calls
        self._edit_seconds, self._edit_at = edit_seconds, 0.0
        self._drawing = drawing
        self._shown: tuple[str, Shown] | None = None
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            self.idle = not self.news.is_set()
            await self.news.wait()
            self.idle = False
            try:
                if await self._paint():
                    return
            except (GaveUp, NotKept):
                await asyncio.sleep(AGAIN_SECONDS)
                self.news.set()
            except Exception as error:
                # A fault of ours with one group must not stop it for good. The words may be a resident's.
                log.error("a group's card could not be shown: %s", type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _paint(self) -> bool:
        """Show what is so now; True when nothing more will come."""
        while True:
            self.news.clear()
            scene = await self._groups.look(self._code)
            if scene is None or not scene.chat:
                return True
            place = Place(CHANNEL, scene.chat, scene.thread)
            try:
                if not await self._step(scene, place):
                    break
            except NobodyThere:
                await self._groups.away(place)
                return True
            except Moved as moved:
                await self._groups.moved(place, moved.to)
                there = await self._groups.look(self._code)
                if there is None or there.chat == place.chat:
                    # A new talk has taken this chat over: the old one cannot follow.
                    return True
        if scene.over:
            await self._groups.let_go(self._code)
        return scene.over

    async def _step(self, scene: Scene, place: Place) -> bool:
        """One message sent or edited, or a wait for it. False when all is as it should be."""
        if scene.posts:
            await self._post(scene, place)
            return True
        now = shown(scene.card)
        if not scene.message or self._shown == (scene.message, now):
            return False
        wait = max(self._edit_at - time.monotonic(), self._calls.pace.full(place.chat))
        if wait > 0:
            # Until then something newer may be so, and a post goes before.
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self.news.wait()
            return True
        self._edit_at = time.monotonic() + self._edit_seconds
        if await self._calls.do(place.chat, lambda: self._bot.edit(place.chat, scene.message, now.html, now.keyboard)):
            self._shown = (scene.message, now)
        else:
            # Somebody deleted it.
            await self._groups.again(self._code)
        return True

    async def _drawn(self, scene: Scene) -> bytes | None:
        if not scene.pictured:
            return None
        async with self._drawing:
            return await draw(svg(scene.pictured))

    async def _say(self, place: Place, said: Shown, drawn: bytes | None) -> int:
        """The picture with the same in words under it, or before it where they are too long; else the words alone."""
        where = place.chat, place.thread
        if drawn is not None:
            try:
                if said.is_caption:
                    return await self._bot.picture(*where, drawn, said.html, said.keyboard)
                await self._bot.picture(*where, drawn, "", [])
            except (BadRequest, Forbidden) as error:
                # Pictures may be forbidden in a group; the words say the same.
                log.info("a picture was not taken: %s", type(error).__name__)
        return await self._bot.post(*where, said.html, said.keyboard)

    async def _post(self, scene: Scene, place: Place) -> None:
        name, card = scene.posts[0]
        said = shown(card)
        drawn = await self._drawn(scene)
        sent: Any = await self._calls.do(place.chat, lambda: self._say(place, said, drawn))
        message = str(sent or "")
        if name == "card":
            self._shown = (message, said)
            self._edit_at = time.monotonic() + self._edit_seconds
        await self._groups.posted(self._code, name, message)
