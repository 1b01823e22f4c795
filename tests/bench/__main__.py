"""`make bench`: our bot beside a bare echo bot of python-telegram-bot, and our export beside `sqlite3 -csv`.

Rounds are interleaved, so that a machine that is busy for a while is so for all. Not a test: it prints one table.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from pathlib import Path

from tests.bench import exports, reading, walks
from tests.bench.exports import table

ROUNDS = 3
ANSWERS = 200_000
KINDS = {
    "echo": "python-telegram-bot echo, httpx, keeps nothing",
    "taps": "our bot, walks by taps (2 calls an update)",
    "words": "our bot, walks by typing (1 call an update)",
}
HEAD = ("bot", "updates/s", "µs CPU", "× echo", "p50/p99 ms", "MB", "first reply s")


def bots(folder: Path, rounds: int) -> list[list[str]]:
    """Every kind of bot in turn, so many rounds."""
    found: dict[str, list[walks.Measured]] = {kind: [] for kind in KINDS}
    for number in range(rounds):
        for kind, measured in found.items():
            own = folder / f"{kind}{number}"
            own.mkdir()
            measured.append(asyncio.run(walks.measure(own, kind)))
    return [walks.line(KINDS[kind], measured, found["echo"]) for kind, measured in found.items()]


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = options.parse_args().rounds
    print(f"{walks.CHATS} chats in a closed loop, {rounds} rounds, medians; {os.cpu_count()} cores, all of it on them")
    table(reading.HEAD, reading.measure(rounds))
    print()
    with tempfile.TemporaryDirectory() as folder:
        table(HEAD, bots(Path(folder), rounds))
        print(f"\n{ANSWERS} answers")
        table(exports.HEAD, exports.measure(exports.seeded(Path(folder) / "export", ANSWERS), rounds, ""))


if __name__ == "__main__":
    main()
