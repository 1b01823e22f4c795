"""A sender of the push that is started again and again: for every line on standard input one in a process of its own.

Everything is loaded once, so that a new one is there in a moment. It says on standard output which process it
is, once it runs; whoever asked for it kills it, or it ends when nothing waits any more.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bot import push
from bot.house import build
from bot.settings import Settings
from content import shipped
from storage import outbox
from storage.database import begin_read

# A failure waits no longer than it takes to try the others.
push.WAITS = (0, 0)  # type: ignore[assignment]


@dataclass(frozen=True)
class Target:
    """What the push reads of the settings."""

    drop_folder: Path
    export_url: str
    export_secret: str
    export_every: int = 3_600
    reveal_at: int = 10


async def send(data: Path, address: str, secret: str) -> None:
    """Send until nothing waits."""
    house = build(Settings(_env_file=None, data=data))  # type: ignore[call-arg]
    house.worker.start()
    running = asyncio.create_task(push.Push(house.worker, house.content, Target(data / "drop", address, secret)).run())
    print(os.getpid(), flush=True)
    while True:
        with house.engine.connect() as conn:
            begin_read(conn)
            if not outbox.waiting(conn):
                break
        await asyncio.sleep(0.05)
    running.cancel()
    await house.worker.stop()


def main() -> None:
    """The command: the data folder, the receiver's address and its secret."""
    data, address, secret = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    shipped()
    for _ in sys.stdin:
        if child := os.fork():
            os.waitpid(child, 0)
            print("over", flush=True)
        else:
            asyncio.run(send(data, address, secret))
            os._exit(0)


if __name__ == "__main__":
    main()
