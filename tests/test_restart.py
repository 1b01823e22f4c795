"""The process is killed in the middle of walks and started again: nothing is lost, and the next tap goes on."""

from __future__ import annotations

import asyncio
import csv
import os
import random
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from content import Content
from conversations.shapes import Tapped
from tests.botapi import BotApi, Resident, Seen

ROOT = Path(__file__).parent.parent
SEED = 77
PEOPLE = 6
KILLS = 3


class Process:
    """`bot.py` in a process of its own, which can be killed and started again on the same data."""

    def __init__(self, folder: Path, api: BotApi) -> None:
        self.env = {
            "PATH": os.environ["PATH"],
            "STADSDIALOOG_DATA": str(folder),
            "STADSDIALOOG_TELEGRAM_TOKEN": api.token,
            "STADSDIALOOG_TELEGRAM_API": api.address,
            "STADSDIALOOG_WEB": f"127.0.0.1:{free_port()}",
            "STADSDIALOOG_STAFF": f"127.0.0.1:{free_port()}",
        }
        self.log = folder.parent / "log.txt"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, str(ROOT / "bot.py"), env=self.env, stdout=log, stderr=log, cwd=self.log.parent
            )

    async def serving(self, starts: int) -> None:
        """Wait until it has told its addresses this many times."""
        async with asyncio.timeout(20):
            while self.log.read_text("utf8").count("web chat") < starts:
                await asyncio.sleep(0.05)

    async def end(self, how: signal.Signals) -> int:
        """Send a signal and wait; the exit code."""
        assert self.process
        with suppress(ProcessLookupError):
            self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), 10)

    async def run(self, *words: str) -> None:
        """Another command on the same data."""
        command = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "bot.py"), *words, env=self.env, cwd=self.log.parent
        )
        assert await command.wait() == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until_news(resident: Resident, known: int, within: float) -> bool:
    """Wait for a message beyond the `known` first ones."""
    try:
        async with asyncio.timeout(within):
            while len(resident.messages) <= known:  # noqa: ASYNC110  a message may come from anywhere
                await asyncio.sleep(0.01)
    except TimeoutError:
        return False
    return True


async def press(resident: Resident, label: str | int) -> Seen:
    """Tap until something is said: what a person does when a bot is down for a moment."""
    for _ in range(12):
        known = len(resident.messages)
        await resident.tap(label)
        if await until_news(resident, known, 2.5):
            return resident.last
    raise AssertionError("the bot stayed silent")


async def walk(resident: Resident, meant: dict[tuple[int, str], str], chance: random.Random) -> None:
    """From /start to the goodbye. What the newest question was answered with is what was meant."""
    known = len(resident.messages)
    await resident.say("/start")
    while not await until_news(resident, known, 2.5):
        await resident.say("/start")
    for label in ("Nederlands", "Ja, ik doe mee", "Overslaan"):
        await press(resident, label)
    for _ in range(60):
        tapped = Tapped.read(resident.last.data[0])
        assert tapped
        if tapped.at == "goodbye":
            return
        dilemma, _, item = tapped.at.rpartition(".")
        if item not in ("position", "reasons"):
            await press(resident, "Alle drie overslaan" if tapped.at == "age" else 0)
            continue
        await asyncio.sleep(chance.uniform(0.2, 0.9))
        place = chance.randrange(5 if item == "position" else 4)
        choice = Tapped.read(resident.last.data[place])
        assert choice
        meant[resident.chat.id, tapped.at] = choice.choice
        await press(resident, place)
    raise AssertionError("the walk has no end")


async def test_killed_in_mid_walk_nothing_is_lost(tmp_path: Path, content: Content) -> None:
    chance = random.Random(SEED)
    meant: dict[tuple[int, str], str] = {}
    async with BotApi() as api:
        process = Process(tmp_path / "data", api)
        await process.start()
        residents = [Resident(api, 900_000 + n) for n in range(PEOPLE)]
        walks = [asyncio.create_task(walk(r, meant, random.Random(SEED + i))) for i, r in enumerate(residents)]
        for _ in range(KILLS):
            await asyncio.sleep(1.5 + chance.random())
            assert not all(task.done() for task in walks), "killed too late to prove anything"
            await process.end(signal.SIGKILL)
            await process.start()
        await asyncio.wait_for(asyncio.gather(*walks), 90)
        await process.serving(KILLS + 1)
        assert await process.end(signal.SIGTERM) == 0
        out = tmp_path / "answers.csv"
        await process.run("export", "--round", "dreams", "--out", str(out))
    with out.open(newline="", encoding="utf8") as file:
        rows = [row for row in csv.DictReader(file) if row["current"] == "1"]
    keys = [(row["participant"], row["dilemma"], row["item"]) for row in rows]
    assert len(keys) == len(set(keys))
    kept = sorted((row["dilemma"], row["item"], row["code"]) for row in rows if row["item"] in ("position", "reasons"))
    assert kept == sorted((*at.split("."), code) for (_, at), code in meant.items())
    log = process.log.read_text("utf8")
    assert "Traceback" not in log
    assert api.token.partition(":")[2] not in log
    assert "900000" not in log
