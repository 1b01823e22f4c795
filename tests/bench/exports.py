"""Every format side by side, beside `sqlite3 -csv` of the same answers; and how a bot answers meanwhile.

python -m tests.bench.exports --answers 1000000

Ten answers a person. `× CPU` is what to trust on a machine that others use too: files are made by a
process that steps back for everybody else. MB is the most that process held in memory.

Meanwhile 20 residents act once a second each: as many as a few hundred who read what they answer. The Bot API
server and the residents are a process of their own; with the bot and the one that makes a file that is three, so
on two cores somebody always waits a little. The bot has gathered its words before (bot/serving.py).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

from sqlalchemy import insert

from bot.house import House, build
from bot.settings import Settings
from storage import releases
from storage.cache import FOLDER
from storage.database import begin_read
from storage.exports import TABLES, asking
from storage.exports.maker import COMMAND
from storage.exports.steadily import WORKING
from storage.keeping import answers, participants
from tests.bench.walks import Loop, Measured
from tests.botapi import BotApi, Resident
from tests.process import ROOT, Process
from tests.seeding import THEN

HEAD = ("export", "rows", "s", "× wall", "× CPU", "MB", "MB file")
MEANWHILE = ("meanwhile", "p50 ms", "p99 ms", "worst ms", "updates", "WAL MB")
ROWS = [(name, form) for name, table in TABLES.items() if table.rows for form in table.formats if form != "zip"]
DILEMMAS = ("growth", "inner_city", "space", "society", "digital")
CODES = ("a", "rather_a", "between", "rather_b", "b")
REASONS = ("a1", "a2", "b1", "b2 a1")
AGES = ("18_24", "25_44", "45_64", "65_79")
DREAM = 'Meer groen, minder auto\'s; en een "huiskamer" in elke wijk 🌳, nummer '
PER_PERSON, AT_ONCE = 10, 20_000
CHATS, THINK_SECONDS = 20, 1.0
READS = """
import sys, urllib.request
asked = urllib.request.Request(sys.argv[1], headers={"Authorization": f"Bearer {sys.stdin.read()}"})
with urllib.request.urlopen(asked) as answer:
    while answer.read(1 << 20):
        pass
"""
# A bot that uses less of a core than this has nothing left to gather.
IDLE, PATIENCE_SECONDS = 0.03, 180


@dataclass(frozen=True)
class Ran:
    """Wall and CPU seconds, the most memory and the size of the file in MB, and how many rows it has."""

    wall: float
    cpu: float
    memory: float = 0.0
    size: float = 0.0
    rows: int = 0


# ---------------------------------------------------------------- the database


def house_of(folder: Path) -> House:
    return build(Settings(_env_file=None, data=folder))  # type: ignore[call-arg]


def seed(folder: Path, number: int) -> None:
    """A database with so many answers, released: five positions, three reasons, own words and an age a person."""
    house = house_of(folder)
    people = number // PER_PERSON
    with house.engine.begin() as conn:
        for begin in range(0, people, AT_ONCE // PER_PERSON):
            some = range(begin, min(begin + AT_ONCE // PER_PERSON, people))
            conn.execute(insert(participants), [_person(n) for n in some])
            conn.execute(insert(answers), [row for n in some for row in _given(n)])
        releases.release(conn, house.content, "dreams", 10, datetime.now(UTC))
    house.engine.dispose()


def _person(number: int) -> dict[str, object]:
    walk = {"status": "finished", "started_at": THEN, "finished_at": THEN, "content_version": 1, "turn": 9}
    return {"id": f"{number:032x}", "round": "dreams", "channel": "web", "language": "nl", "progress": "{}", **walk}


def _given(n: int) -> list[dict[str, object]]:
    base: dict[str, object] = {"participant": f"{n:032x}", "round": "dreams", "argument": "", "status": "answered"}
    base |= {"language": "nl", "method": "button", "score": 100, "channel": "web", "setting": "private", "group": ""}
    base |= {"revision": 1, "current": True, "answered_at": THEN + timedelta(hours=n % 900), "content_version": 1}
    base |= {"shown_first": "ab"[n % 2], "after_results": False, "text": "", "masked": "", "text_state": ""}
    base |= {"dilemma": "", "value": None, "code": ""}
    rows = [
        {**base, "dilemma": one, "item": "position", "kind": "scale5", "code": CODES[(n + at) % 5]}
        | {"value": (n + at) % 5 + 1}
        for at, one in enumerate(DILEMMAS)
    ]
    rows += [
        {**base, "dilemma": one, "item": "reasons", "kind": "multi", "code": REASONS[(n + at) % 4]}
        for at, one in enumerate(DILEMMAS[:3])
    ]
    words = f"{DREAM}{n}"
    own = {"item": "dream", "kind": "text", "text": words, "masked": words, "text_state": "passed", "shown_first": ""}
    return [*rows, {**base, **own}, {**base, "item": "age", "kind": "single", "code": AGES[n % 4], "shown_first": ""}]


# ---------------------------------------------------------------- side by side


def plain(folder: Path) -> Ran:
    """The plain tool on the plain table."""
    out = folder.parent / "plain.csv"
    script = f"exec sqlite3 -csv -header {folder}/stadsdialoog.db 'select * from answer' > {out}"
    return _timed(["sh", "-c", script], "", out)


def whole(folder: Path) -> Ran:
    """`bot.py export` as somebody types it, its start included."""
    out = folder.parent / "whole.csv"
    command = [sys.executable, str(ROOT / "bot.py"), "export", "--round", "dreams", "--out", str(out)]
    return _timed(command, "", out, {"STADSDIALOOG_DATA": str(folder)})


def made(house: House, table: str, form: str) -> Ran:
    """The process that makes a file, as the API starts it."""
    folder = house.settings.data
    out = folder / "made"
    job = asking.job(house.engine, house.content, house.keys, "dreams", table, form, folder, out, 10)
    return _timed(list(COMMAND), job.dumps(), out)


def summary(house: House) -> Ran:
    """The figures of a release, counted in this process."""
    with house.engine.connect() as conn:
        begin_read(conn)
        begun, cpu = time.perf_counter(), time.process_time()
        releases.draft(conn, house.content, "dreams", 10, datetime.now(UTC))
        return Ran(time.perf_counter() - begun, time.process_time() - cpu)


def served(house: House) -> Ran:
    """The newest release as the summary tells it, as JSON."""
    with house.engine.connect() as conn:
        begun, cpu = time.perf_counter(), time.process_time()
        size = len(json.dumps(releases.latest(conn, "dreams"), ensure_ascii=False))
        return Ran(time.perf_counter() - begun, time.process_time() - cpu, size=size / 1e6)


def _timed(command: list[str], told: str, out: Path, env: dict[str, str] | None = None) -> Ran:
    begun = time.perf_counter()
    alone = {"PATH": os.environ["PATH"], **(env or {})}
    with subprocess.Popen(
        command, env=alone, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes")
        process.stdin.write(told)
        process.stdin.close()
        watching = threading.Thread(target=_watch, args=(process.pid, peak := [0.0]))
        watching.start()
        said = ""
        for said in process.stdout:
            # The file is there; what the process still clears nobody waits for.
            if "made" in said:
                wall = time.perf_counter() - begun
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[:4]} ended with {process.returncode}: {said}")
    if told:
        rows = json.loads(said)["made"]["rows"]
    else:
        wall, rows = time.perf_counter() - begun, 0
    size = out.stat().st_size / 1e6
    out.unlink()
    return Ran(wall, used.ru_utime + used.ru_stime, peak[0], size, rows)


def _watch(process: int, peak: list[float]) -> None:
    """The most memory of a process, in MB. What `wait4` tells counts what this process held when it forked."""
    with suppress(OSError, IndexError):
        while True:
            held = Path(f"/proc/{process}/status").read_text().partition("VmHWM:")[2]
            peak[0] = int(held.split()[0]) / 1024
            time.sleep(0.02)


def measure(folder: Path, rounds: int, only: str) -> list[list[str]]:
    """All of them in turn, so many rounds; ratios are to the plain tool in the same round."""
    house = house_of(folder)
    each: dict[str, Callable[[], Ran]] = {"sqlite3 -csv": lambda: plain(folder)}
    for table, form in ROWS:
        if only in f"{table} {form}":
            each[f"{table} {form}"] = lambda table=table, form=form: made(house, table, form)  # type: ignore[misc]
    if not only:
        each |= {"bot.py export, answers csv": lambda: whole(folder), "a release counted": lambda: summary(house)}
        each |= {"a summary": lambda: served(house)}
    ran: dict[str, list[Ran]] = {name: [] for name in each}
    for _ in range(rounds):
        for name, run in each.items():
            ran[name].append(run())
    house.engine.dispose()
    return [_line(name, runs, ran["sqlite3 -csv"]) for name, runs in ran.items()]


def _line(name: str, runs: list[Ran], base: list[Ran]) -> list[str]:
    walls = [one.wall / other.wall for one, other in zip(runs, base, strict=True)]
    cpus = [one.cpu / other.cpu for one, other in zip(runs, base, strict=True)]
    last = runs[-1]
    told = [f"{median(one.wall for one in runs):.2f}", f"{median(walls):.2f}", f"{median(cpus):.2f}"]
    return [name, str(last.rows or ""), *told, f"{max(one.memory for one in runs):.0f}", f"{last.size:.0f}"]


# ---------------------------------------------------------------- meanwhile


async def meanwhile(folder: Path, only: str) -> list[list[str]]:
    """A bot in a process of its own, on this database, with residents who think a little before they tap."""
    new = time.time_ns() % 10**9  # to a database that is used again, residents and updates are new ones
    async with BotApi(first=new) as api:
        process, loop, people = Process(folder, api), Loop(api, Measured()), count(new)
        await process.start()
        try:
            await process.serving()
            await asyncio.to_thread(os.sync)
            await _idles(process)
            # The bench's own pauses are not the bot's.
            gc.disable()
            chats = [asyncio.create_task(_walks(loop, api, people, n)) for n in range(CHATS)]
            await asyncio.sleep(3)
            rows = [await _while(loop, "nothing else", folder, lambda: asyncio.sleep(20))]
            key = (folder / "staff.token").read_text().strip()
            address = f"http://{process.env['STADSDIALOOG_STAFF']}/v1/rounds/dreams"
            for table, form in (*ROWS, ("summary", "json")):
                if only in f"{table} {form}":
                    download = partial(_download, f"{address}/{table}?format={form}", key, folder)
                    rows.append(await _while(loop, f"{table} {form}", folder, download))
            for chat in chats:
                chat.cancel()
            await asyncio.gather(*chats, return_exceptions=True)
        finally:
            await process.end(signal.SIGTERM)
    return rows


async def _download(address: str, key: str, folder: Path) -> None:
    """Until the file was read, by a process of its own, and until nothing is left of its making."""
    reading = await asyncio.create_subprocess_exec(sys.executable, "-c", READS, address, stdin=subprocess.PIPE)
    await reading.communicate(key.encode())
    if reading.returncode:
        raise RuntimeError(f"{address} could not be read")
    await asyncio.to_thread(_cleared, folder / FOLDER)


def _cleared(cache: Path) -> None:
    while any(cache.glob(f"{WORKING}*")):
        time.sleep(0.1)


async def _idles(process: Process) -> None:
    """Wait until the bot has gathered its words."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        used = -1.0
        while used < 0 or process.cpu - used > 2 * IDLE:
            used = process.cpu
            await asyncio.sleep(2)


async def _walks(loop: Loop, api: BotApi, people: count[int], number: int) -> None:
    await asyncio.sleep(number * THINK_SECONDS / CHATS)
    while True:
        resident = Resident(api, next(people))
        seen = await loop.step(resident, resident.say("/start"))
        for _ in range(40):
            await asyncio.sleep(THINK_SECONDS)
            if not seen.buttons:
                break
            seen = await loop.step(resident, resident.tap_stale(seen, 0))


async def _while(loop: Loop, name: str, folder: Path, run: Callable[[], object]) -> list[str]:
    loop.measured, largest = Measured(), 0
    log = folder / "stadsdialoog.db-wal"
    task = asyncio.ensure_future(run())  # type: ignore[call-overload]
    while not task.done():
        with suppress(FileNotFoundError):
            largest = max(largest, log.stat().st_size)
        await asyncio.wait([task], timeout=0.05)
    await task
    found = loop.measured
    times = [
        f"{found.percentile(0.5):.0f}",
        f"{found.percentile(0.99):.0f}",
        f"{1000 * max(found.took, default=0):.0f}",
    ]
    return [name, *times, str(found.updates), f"{largest / 1e6:.1f}"]


# ---------------------------------------------------------------- the command


def table(head: tuple[str, ...], rows: list[list[str]]) -> None:
    """Print rows below their heads, numbers to the right."""
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(cells))


def seeded(folder: Path, number: int) -> Path:
    """A data folder with so many answers, made in a process of its own: its memory would count as its children's."""
    data = folder / "data"
    if not data.exists():
        data.mkdir(parents=True)
        seeding = multiprocessing.get_context("spawn").Process(target=seed, args=(data, number))
        seeding.start()
        seeding.join()
    return data


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(prog="python -m tests.bench.exports", description=__doc__)
    options.add_argument("--answers", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--only", default="", help="the formats whose name holds this, as in 'sav' or 'answers csv'")
    options.add_argument("--folder", type=Path, help="keep the database here, and use it again")
    options.add_argument("--part", choices=["beside", "meanwhile", "both"], default="both")
    given = options.parse_args()
    if not shutil.which("sqlite3"):
        sys.exit("there is no sqlite3 to compare with")
    with tempfile.TemporaryDirectory() as folder:
        data = seeded(given.folder or Path(folder), given.answers)
        print(f"{given.answers} answers, {given.rounds} rounds, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        if given.part != "meanwhile":
            table(HEAD, measure(data, given.rounds, given.only))
        if given.part != "beside":
            table(MEANWHILE, asyncio.run(meanwhile(data, given.only)))


if __name__ == "__main__":
    main()
