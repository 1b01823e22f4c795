"""`bot.py` in a process of its own, as people start it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from tests.botapi import BotApi

ROOT = Path(__file__).parent.parent
KEY = "5d" * 32


class Process:
    """`bot.py` in a process of its own, which can be killed and started again on the same data."""

    def __init__(self, folder: Path, api: BotApi | None, database: str = "", script: Path = ROOT / "bot.py") -> None:
        self.script = script
        self.env = {
            "PATH": os.environ["PATH"],
            "STADSDIALOOG_DATA": str(folder),
            "STADSDIALOOG_WEB": f"127.0.0.1:{free_port()}",
            "STADSDIALOOG_STAFF": f"127.0.0.1:{free_port()}",
        }
        if api:
            self.env |= {"STADSDIALOOG_TELEGRAM_TOKEN": api.token, "STADSDIALOOG_TELEGRAM_API": api.address}
        if database:
            self.env |= {"STADSDIALOOG_DATABASE": database, "STADSDIALOOG_PSEUDONYM_KEY": KEY}
        self.log = folder.parent / "log.txt"
        self.process: asyncio.subprocess.Process | None = None
        self._before = 0

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    @property
    def cpu(self) -> float:
        assert self.process
        return cpu_of(self.process.pid)

    async def start(self) -> None:
        self._before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, str(self.script), env=self.env, stdout=log, stderr=log, cwd=self.log.parent
            )

    async def serving(self) -> None:
        """Wait until it has told its addresses since it was started."""
        async with asyncio.timeout(60):
            while "web chat" not in (said := self.log.read_bytes()[self._before :].decode()):
                assert self.process
                assert self.process.returncode is None, said
                await asyncio.sleep(0.02)

    async def end(self, how: signal.Signals, within: float = 10.0) -> int:
        """Send a signal and wait; the exit code. TimeoutError when it does not end."""
        assert self.process
        with suppress(ProcessLookupError):
            self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), within)

    async def run(self, *words: str) -> None:
        """Another command on the same data."""
        command = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "bot.py"), *words, env=self.env, cwd=self.log.parent
        )
        assert await command.wait() == 0


def cpu_of(pid: int) -> float:
    """CPU seconds of a process, all its threads, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
