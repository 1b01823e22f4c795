"""How many turns a second, and how much CPU a turn, on SQLite and PostgreSQL side by side. Not a test.

    python -m tests.bench.turns [--people 300] [--processes 1 2]

A turn is what one tap costs behind the edge: `Desk.hear` until it is committed, and `Desk.sent`.
Residents walk all at once, each as fast as they are answered. CPU is that of the processes serving,
and beside it that of PostgreSQL's own (only where it runs on this machine).
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bot.desk import Caller, Desk
from bot.house import build
from bot.settings import Settings
from conversations.shapes import Arrived, Heard, Tapped
from tests.databases import on_server, postgresql

CHOSEN = {"language": "nl", "count_me": "yes"}
MOST_TURNS = 60


@dataclass(frozen=True)
class Measured:
    """What one process did; seconds."""

    turns: int
    wall: float
    cpu: float
    slowest: float


async def walk(desk: Desk, caller: Caller) -> list[float]:
    """One resident to the goodbye; how long each turn took."""
    took: list[float] = []
    heard: Heard = Arrived()
    for _ in range(MOST_TURNS):
        begun = time.perf_counter()
        reply = await desk.hear(caller, heard, f"{caller.address}.{len(took)}")
        await desk.sent(reply)
        took.append(time.perf_counter() - begun)
        buttons = [button.data for say in reply.says for row in say.buttons for button in row]
        taps = [tap for tap in map(Tapped.read, buttons) if tap]
        if taps[0].at == "goodbye":
            return took
        heard = next((tap for tap in taps if CHOSEN.get(tap.at) == tap.choice), taps[0])
    raise AssertionError("the walk has no end")


def serve(settings: Settings, first: int, people: int) -> Measured:
    """What one process does: so many residents at once."""

    async def everybody() -> list[float]:
        house.worker.start()
        desk = house.desk()
        walks = [walk(desk, Caller("telegram", str(first + n), "nl")) for n in range(people)]
        took = [one for walked in await asyncio.gather(*walks) for one in walked]
        await house.worker.stop()
        return took

    house = build(settings)
    begun, cpu = time.perf_counter(), time.process_time()
    took = sorted(asyncio.run(everybody()))
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    house.engine.dispose()
    return Measured(len(took), wall, cpu, took[int(len(took) * 0.95)])


def measure(name: str, settings: Settings, people: int, processes: int) -> None:
    """Serve with so many processes and print a line."""
    build(settings).engine.dispose()
    before = _cpu_of_postgresql()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        share = people // processes
        done = pool.starmap(serve, [(settings, 10**6 * (n + 1), share) for n in range(processes)])
    turns, server = sum(one.turns for one in done), _cpu_of_postgresql() - before
    wall = max(one.wall for one in done)
    own, beside = 1e6 * sum(one.cpu for one in done) / turns, 1e6 * server / turns if settings.database else 0.0
    size = _size(settings) / max(people, 1) / 1024
    print(
        f"{name:28}{turns:8}{turns / wall:10.0f}{own:10.0f}{beside:10.0f}"
        f"{1000 * max(one.slowest for one in done):10.0f}{size:10.1f}"
    )


def _cpu_of_postgresql() -> float:
    """CPU seconds of PostgreSQL's processes on this machine, those that ended included."""
    total = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if (folder / "comm").read_text().strip() == "postgres":
                # Own time, and in the postmaster that of its children that ended.
                total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            continue
    return total


def _size(settings: Settings) -> float:
    if not settings.database:
        return sum(p.stat().st_size for p in settings.data.glob("*.db"))
    name = settings.database.rpartition("/")[2]
    return float(str(on_server(f"SELECT pg_database_size('{name}') - pg_database_size('template0')")[0][0]))


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--people", type=int, default=300)
    options.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    given = options.parse_args()
    print(f"{given.people} residents at once, {os.cpu_count()} cores")
    print(f"{'':28}{'turns':>8}{'turns/s':>10}{'µs CPU':>10}{'µs server':>10}{'p95 ms':>10}{'KB each':>10}")
    with tempfile.TemporaryDirectory() as folder:
        plain = Settings(_env_file=None, data=Path(folder))  # type: ignore[call-arg]
        measure("SQLite, 1 process", plain, given.people, 1)
        for number in given.processes:
            with postgresql() as address:
                there = plain.model_copy(update={"database": address, "pseudonym_key": "5d" * 32})
                measure(f"PostgreSQL, {number} process{'es' * (number > 1)}", there, given.people, number)


if __name__ == "__main__":
    main()
