"""Many chats in a closed loop against a bot in a process of its own: updates a second, and CPU an update.

The Bot API server and the residents share this process; the bot's CPU is read from /proc.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from conversations.shapes import Tapped
from tests.botapi import BotApi, Resident, Seen
from tests.process import ROOT, Process, cpu_of

CHATS = 200
WARM_SECONDS, SECONDS = 1.5, 4.0
LABELS = {"language": "Nederlands", "count_me": "Ja, ik doe mee", "age": "Alle drie overslaan"}

_people = count(1_000_000)


@dataclass
class Measured:
    """One run. Seconds, and for `memory` MB."""

    updates: int = 0
    wall: float = 0.0
    cpu: float = 0.0
    first_reply: float = 0.0
    memory: float = 0.0
    took: list[float] = field(default_factory=list)

    @property
    def micros(self) -> float:
        """CPU of the bot for one update, in µs."""
        return 1e6 * self.cpu / max(self.updates, 1)

    def percentile(self, share: float) -> float:
        """How long an answer took, in ms."""
        return 1000 * sorted(self.took)[int(len(self.took) * share)] if self.took else 0.0


class Loop:
    """Residents who act again as soon as they are answered."""

    def __init__(self, api: BotApi, measured: Measured) -> None:
        self.api, self.measured = api, measured

    async def step(self, resident: Resident, act: Awaitable[object]) -> Seen:
        """Do this and wait for the answer."""
        box = self.api.box(resident.chat.id)
        known, begun = len(box.messages), time.perf_counter()
        await act
        while len(box.messages) <= known:
            box.news.clear()
            await box.news.wait()
        self.measured.updates += 1
        self.measured.took.append(time.perf_counter() - begun)
        return Seen(box.messages[-1])

    async def echo(self) -> None:
        resident = Resident(self.api, next(_people))
        while True:
            await self.step(resident, resident.say("goedemorgen"))

    async def walk(self, typing: bool) -> None:
        """Walk after walk, each by somebody new."""
        while True:
            resident = Resident(self.api, next(_people))
            seen = await self.step(resident, resident.say("/start"))
            while (at := (Tapped.read(seen.data[0]) or Tapped("", "")).at) != "goodbye":
                place = _place(at, seen)
                words = seen.buttons[place].lstrip("0123456789 ")
                seen = await self.step(resident, resident.say(words) if typing else resident.tap_stale(seen, place))


def _place(at: str, seen: Seen) -> int:
    label = LABELS.get(at)
    return next(n for n, one in enumerate(seen.buttons) if one.endswith(label)) if label else 0


# ---------------------------------------------------------------- the bots


class Bot:
    """A bot in a process of its own."""

    def __init__(self, api: BotApi, folder: Path, ours: bool) -> None:
        self._process = Process(folder / "data", api)
        self._command = [str(ROOT / "bot.py")] if ours else ["-m", "tests.bench.echo", api.address, api.token]

    async def start(self) -> None:
        with self._process.log.open("wb") as log:
            env = {**self._process.env, "PYTHONPATH": str(ROOT)} if len(self._command) == 1 else _plain()
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *self._command, env=env, stdout=log, stderr=log, cwd=self._process.log.parent
            )

    async def stop(self) -> None:
        self.process.terminate()
        await asyncio.wait_for(self.process.wait(), 10)

    @property
    def cpu(self) -> float:
        return cpu_of(self.process.pid)

    @property
    def memory(self) -> float:
        """The most it held in memory, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _plain() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}


async def measure(folder: Path, what: str) -> Measured:
    """Start a bot, wait for its first reply, let it warm up, and measure. `what`: `echo`, `taps` or `words`."""
    measured, first = Measured(), Measured()
    async with BotApi() as api:
        bot = Bot(api, folder, what != "echo")
        early = Resident(api, next(_people))
        loop = Loop(api, first)
        begun = time.perf_counter()
        starting = asyncio.create_task(bot.start())
        await asyncio.wait_for(loop.step(early, early.say("/start")), 20)
        measured.first_reply = time.perf_counter() - begun
        await starting
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "echo": loop.echo,
            "taps": lambda: loop.walk(False),
            "words": lambda: loop.walk(True),
        }
        chats = [asyncio.ensure_future(acts[what]()) for _ in range(CHATS)]
        await asyncio.sleep(WARM_SECONDS)
        loop.measured = measured
        cpu, begun = bot.cpu, time.perf_counter()
        await asyncio.sleep(SECONDS)
        measured.cpu, measured.wall, measured.memory = bot.cpu - cpu, time.perf_counter() - begun, bot.memory
        loop.measured = first
        for chat in chats:
            chat.cancel()
        for chat in chats:
            with suppress(asyncio.CancelledError):
                await chat
        await bot.stop()
    return measured


def line(name: str, rounds: list[Measured], echo: list[Measured]) -> list[str]:
    """A row of the table: medians over the rounds; the ratio is to the echo of the same round."""
    ratios = [base.micros / one.micros for one, base in zip(rounds, echo, strict=True)]
    return [
        name,
        f"{median(one.updates / one.wall for one in rounds):.0f}",
        f"{median(one.micros for one in rounds):.0f}",
        f"{median(ratios):.2f}",
        f"{median(one.percentile(0.5) for one in rounds):.0f} / {median(one.percentile(0.99) for one in rounds):.0f}",
        f"{median(one.memory for one in rounds):.0f}",
        f"{median(one.first_reply for one in rounds):.2f}",
    ]
