"""`make bench`: our bot beside a bare echo bot of python-telegram-bot, and our export beside `sqlite3 -csv`.

Rounds are interleaved, so that a machine that is busy for a while is so for all. Not a test: it prints one table.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import tempfile
from pathlib import Path
from statistics import median

from tests.bench import export, reading, walks

ROUNDS = 3
ANSWERS = 200_000
KINDS = {
    "echo": "python-telegram-bot echo, httpx, keeps nothing",
    "taps": "our bot, walks by taps (2 calls an update)",
    "words": "our bot, walks by typing (1 call an update)",
}
HEAD = ("bot", "updates/s", "µs CPU", "× echo", "p50/p99 ms", "MB", "first reply s")


def table(head: tuple[str, ...], rows: list[list[str]]) -> None:
    """Print rows below their heads, numbers to the right."""
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(cells))


def bots(folder: Path, rounds: int) -> list[list[str]]:
    """Every kind of bot in turn, so many rounds."""
    found: dict[str, list[walks.Measured]] = {kind: [] for kind in KINDS}
    for number in range(rounds):
        for kind, measured in found.items():
            own = folder / f"{kind}{number}"
            own.mkdir()
            measured.append(asyncio.run(walks.measure(own, kind)))
    return [walks.line(KINDS[kind], measured, found["echo"]) for kind, measured in found.items()]


def exports(folder: Path, rounds: int) -> list[list[str]]:
    """Both exports in turn, so many rounds."""
    data = folder / "export" / "data"
    data.mkdir(parents=True)
    # In a process of its own: what it held in memory would count as its children's.
    seeding = multiprocessing.get_context("spawn").Process(target=export.seed, args=(data, ANSWERS))
    seeding.start()
    seeding.join()
    done = [(export.theirs(data), export.ours(data)) for _ in range(rounds)]
    plain, own = [one for one, _ in done if one], [one for _, one in done]
    rows = []
    for name, runs in (("sqlite3 -csv, the bare table", plain), ("bot.py export, the answers of the contract", own)):
        if runs:
            base = median(one.cpu for one in plain) if plain else 0.0
            cpu = median(one.cpu for one in runs)
            wall = median(one.wall for one in runs)
            rows.append(
                [
                    *(name, f"{runs[0].lines / wall:.0f}", f"{1e6 * cpu / runs[0].lines:.1f}", f"{base / cpu:.2f}"),
                    f"{1000 * wall:.0f}",
                ]
            )
    return rows


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
        table(("export", "rows/s", "µs CPU", "× sqlite3", "ms"), exports(Path(folder), rounds))


if __name__ == "__main__":
    main()
