"""Residents who walk while the process is killed under them, and the proof that nothing was lost or doubled.

A killer aims: at a commit, right before or after it; at a call of the bot, before it is carried out or before
the bot hears of it; at a frame or its acknowledgement on the web; or at nothing in particular, also during a
start. All is drawn from a seed.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from conversations.shapes import Tapped
from tests.botapi import BotApi, Resident
from tests.process import Process

# A step of a dialogue that is not over by then never will be.
WALK_SECONDS = 400
AIM_SECONDS = 8.0
IN_FLIGHT_SECONDS = 0.5
LABELS = {"language": "Nederlands", "count_me": "Ja, ik doe mee", "dream": "Overslaan", "age": "Alle drie overslaan"}
NOT_KEPT_YET = ("language", "count_me")


@dataclass(frozen=True)
class Aim:
    """The moment to kill at: the `number`th time something is at `point`, and `delay` seconds later.

    With `beside`, what was met there goes on meanwhile, as if nothing were to come.
    """

    point: str
    number: int
    delay: float = 0.0
    beside: bool = False


class Killer:
    """Ends the process where it aims, and remembers how often it met what it aimed at."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.met: Counter[str] = Counter()
        self.missed = 0
        self._aim: Aim | None = None
        self._left = 0
        self._done = asyncio.Event()
        self._beside: set[asyncio.Task[bool]] = set()

    async def kill_at(self, aim: Aim) -> None:
        """Kill at this moment; if nothing comes by there for long, kill all the same."""
        self._done.clear()
        self._left, self._aim = aim.number, aim
        if aim.point == "any":
            await self._kill(aim)
        elif aim.point in COMMITS:
            return await self._at_commit(aim)
        try:
            await asyncio.wait_for(self._done.wait(), AIM_SECONDS)
        except TimeoutError:
            self.missed += 1
            await self._kill(aim)

    async def at(self, point: str) -> bool:
        """Something is at this point: whether the process was killed there."""
        aim = self._aim
        if aim is None or aim.point != point:
            return False
        self._left -= 1
        if self._left != 0:
            return False
        # In a task of its own: what is met here may be cancelled as soon as the process is gone.
        task = asyncio.create_task(self._kill(aim))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
        return False if aim.beside else await asyncio.shield(task)

    async def watch(self, method: str, moment: str, params: dict[str, Any], answer: bytes) -> bool:
        """A call of the bot came by the Bot API server."""
        if method == "getUpdates":
            if moment == "before" and not params.get("offset"):
                return False
            if moment == "after" and len(answer) < 40:
                return False
        return await self.at(f"{method} {moment}")

    async def _at_commit(self, aim: Aim) -> None:
        """The process ends itself there (`tests.dying`)."""
        await self.process.serving()
        try:
            await self.process.end(COMMITS[aim.point], AIM_SECONDS)
            self.met[aim.point] += 1
        except TimeoutError:
            self.missed += 1
            await self.process.end(signal.SIGKILL)

    async def _kill(self, aim: Aim) -> bool:
        if aim.delay:
            await asyncio.sleep(aim.delay)
        if self._aim is not aim:
            return False
        self._aim = None
        self.met[aim.point] += 1
        await self.process.end(signal.SIGKILL)
        self._done.set()
        return True


COMMITS = {"commit before": signal.SIGUSR1, "commit after": signal.SIGUSR2}
TELEGRAM_POINTS = (
    *COMMITS,
    *("getUpdates before", "getUpdates after", "getUpdates after"),
    *("sendMessage before", "sendMessage after", "answerCallbackQuery before", "answerCallbackQuery after"),
    *("any", "any"),
)
WEBHOOK_POINTS = (
    *COMMITS,
    *("update posted", "update posted", "update taken"),
    *("sendMessage before", "sendMessage after", "answerCallbackQuery before", "answerCallbackQuery after"),
    *("any", "any"),
)
WEB_POINTS = (*COMMITS, "frame sent", "frame sent", "frame sent", "ack", "ack", "hello", "any", "any")


def aims(points: tuple[str, ...], number: int, chance: random.Random) -> list[Aim]:
    """So many moments, each kind in turn."""
    found = []
    for turn in range(number):
        point = points[turn % len(points)]
        # What is done with an update takes a few milliseconds: somewhere in them.
        beside = point in ("getUpdates after", "frame sent", "update posted") and turn % 2 == 0
        delay = chance.uniform(0.0, 0.012) if beside or chance.random() < 0.3 else 0.0
        if point == "any":
            delay = chance.uniform(0.0, 2.0)
        found.append(Aim(point, 1 if point == "getUpdates after" and beside else chance.randint(1, 25), delay, beside))
    return found


# ---------------------------------------------------------------- residents


@dataclass
class Walker:
    """Somebody on the way from the welcome to the goodbye, who remembers what was tapped, and tries again.

    `given` is every choice ever tried at a question; `passed` the questions behind whose next one was seen.
    """

    number: int
    chance: random.Random
    hurry: Callable[[], bool]
    given: dict[str, set[str]] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)
    sent: int = 0
    retries: int = 0
    active: float = 0.0
    waits: bool = False
    kills: int = 0
    done: bool = False
    story: list[str] = field(default_factory=list)

    def tells(self, what: str) -> None:
        """Remember for whoever has to find out what went wrong."""
        self.story.append(f"{time.monotonic():.3f} {what}")

    def arrived(self, at: str, before: str) -> None:
        """The question `at` is on the screen after `before`. What was acknowledged is never asked again."""
        self.tells(f"sees {at}")
        self.active, self.waits = time.monotonic(), False
        if before and at != before:
            self.passed.append(before)
        kept = [one for one in self.passed if one not in NOT_KEPT_YET]
        assert at not in kept, f"{self.number} is asked {at} again: {self.story}"
        assert not (kept and at in NOT_KEPT_YET), f"{self.number} is a stranger again: {self.story}"

    def choose(self, at: str, buttons: list[tuple[str, str]]) -> str:
        """The data of the button to tap: mostly the one as before, when it is tapped again."""
        if at in LABELS:
            return next(data for label, data in buttons if label.endswith(LABELS[at]))
        item = at.rpartition(".")[2]
        if item not in ("position", "reasons"):
            return buttons[0][1]
        data = buttons[self.chance.randrange({"position": 5, "reasons": 4}[item])][1]
        before = self.given.get(at)
        if before and self.chance.random() < 0.8:
            data = next(data for _, data in buttons if data.split(":")[1] in before)
        self.given.setdefault(at, set()).add(data.split(":")[1])
        return data

    async def think(self) -> None:
        await asyncio.sleep(0.0 if self.hurry() else self.chance.uniform(0.02, 0.5))

    def met_a_kill(self) -> None:
        """The process was killed; counts when something was on its way to or from this resident."""
        self.tells("killed")
        if not self.done and (self.waits or time.monotonic() - self.active < IN_FLIGHT_SECONDS):
            self.kills += 1

    def sends(self, what: str) -> None:
        """Something goes out now."""
        self.tells(what)
        self.active, self.waits = time.monotonic(), True
        self.sent += 1


class OnTelegram(Walker):
    """Taps, or writes what stands on the button; taps again after a while, or sends /start."""

    def begin(self, api: BotApi) -> None:
        self.resident = Resident(api, 900_000 + self.number)
        self.types, self.wrote = self.number % 4 == 0, False

    async def walk(self) -> None:
        before, shown = "", 0
        patience = self.chance.uniform(1.2, 3.0)
        await self._say("/start")
        while True:
            if not await self._news(shown, patience):
                self.retries += 1
                if self.types or not self.resident.messages:
                    await self._say("/start")
                    continue
            shown = len(self.resident.messages)
            newest = next(one for one in reversed(self.resident.messages) if one.data)
            at = _at(newest.data[0])
            self.arrived(at, before)
            if at == "goodbye":
                self.done = True
                return
            if self.wrote and at == before:
                # Words written twice would answer the next question, and a tap may overtake words.
                continue
            before = at
            await self.think()
            buttons = list(zip(newest.buttons, newest.data, strict=True))
            data = self.choose(at, buttons)
            self.wrote = self.types and at.endswith("position")
            if self.wrote:
                label = next(label for label, one in buttons if one == data)
                await self._say(label.partition(" ")[2].lower())
            else:
                self.sends(f"taps {data}")
                await self.resident.tap_stale(newest, newest.data.index(data))

    @property
    def repeated(self) -> int:
        """How many more questions came than something was sent."""
        return sum(1 for one in self.resident.messages if one.data) - self.sent

    async def _say(self, text: str) -> None:
        self.sends(f"says {text}")
        await self.resident.say(text)

    async def _news(self, shown: int, within: float) -> bool:
        try:
            async with asyncio.timeout(within):
                while len(self.resident.messages) <= shown:
                    box = self.resident.server.box(self.resident.chat.id)
                    box.news.clear()
                    await box.news.wait()
        except TimeoutError:
            return False
        return True


class OnTheWeb(Walker):
    """A page: keeps what was not acknowledged, connects again, and sends it again with the same id."""

    repeated = 0

    def begin(self, url: str, killer: Killer, client: aiohttp.ClientSession) -> None:
        self.url, self.killer, self.client = url, killer, client
        self.visit, self.before = "", ""
        self.waiting: dict[str, str] = {}

    async def walk(self) -> None:
        while not self.done:
            with suppress(aiohttp.ClientError, ConnectionError, TimeoutError, TypeError):
                await self._talk()
            if not self.done:
                self.retries += 1
                await asyncio.sleep(self.chance.uniform(0.02, 0.2))

    async def _talk(self) -> None:
        async with self.client.ws_connect(self.url) as socket:
            await socket.send_json({"hello": {"visit": self.visit, "seen": 0, "language": "nl"}})
            await self.killer.at("hello")
            hello = await socket.receive_json(timeout=10)
            self.visit = hello.get("visit", self.visit)
            frame = hello["missed"][-1]
            while True:
                if not self.waiting and not await self._answer(frame):
                    return
                await socket.send_json(self.waiting)
                self.sends(f"taps {self.waiting['tap']}")
                if await self.killer.at("frame sent"):
                    return
                frame = await socket.receive_json(timeout=10)
                if frame.get("error") == "later":
                    raise ConnectionError
                assert frame["ack"] == self.waiting["id"]
                self.waiting = {}
                if await self.killer.at("ack"):
                    return

    async def _answer(self, frame: dict[str, Any]) -> bool:
        """Make up the next thing to send; False at the goodbye."""
        buttons = [(b["label"], b["data"]) for say in frame["says"] for row in say["buttons"] for b in row]
        at = _at(buttons[-1][1])
        self.arrived(at, self.before)
        self.before = at
        if at == "goodbye":
            self.done = True
            return False
        await self.think()
        mine = [one for one in buttons if _at(one[1]) == at]
        self.waiting = {"id": secrets.token_urlsafe(12), "tap": self.choose(at, mine)}
        return True


def _at(data: str) -> str:
    tapped = Tapped.read(data)
    assert tapped
    return tapped.at


# ---------------------------------------------------------------- a street full of them


class Street:
    """Always so many residents on their way; who is done makes room for the next."""

    def __init__(self, many: int, make: Callable[[int, Callable[[], bool]], Any]) -> None:
        self.walkers: list[Any] = []
        self._make, self._many = make, many
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        self._tasks = [asyncio.create_task(self._place()) for _ in range(self._many)]

    def check(self) -> None:
        """Raises what went wrong in anybody's walk."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def close(self) -> None:
        """Nobody new; wait until everybody has come to the goodbye."""
        self._closing = True
        try:
            async with asyncio.timeout(WALK_SECONDS):
                await asyncio.gather(*self._tasks)
        except TimeoutError:
            stuck = [(one.number, one.passed[-1:], one.retries) for one in self.walkers if not one.done]
            raise AssertionError(f"cannot go on: {stuck}") from None

    def leave(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _place(self) -> None:
        while not self._closing:
            walker = self._make(len(self.walkers), lambda: self._closing)
            self.walkers.append(walker)
            await walker.walk()


def told(walkers: list[Any], killer: Killer) -> str:
    """What happened, in a line."""
    seen = {
        "residents": len(walkers),
        "answers": sum(len(one.given) for one in walkers),
        "tried again": sum(one.retries for one in walkers),
        "messages too many": sum(max(0, one.repeated) for one in walkers),
        "in flight at a kill": sum(one.kills for one in walkers),
        "killed at": dict(sorted(killer.met.items())),
        "without meeting it": killer.missed,
    }
    return json.dumps(seen)
