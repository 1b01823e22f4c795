"""The answers as CSV beside what `sqlite3 -csv` does with the same rows: how much our codes and checks cost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert

from bot.house import build
from bot.settings import Settings
from storage.keeping import answers, participants
from tests.process import ROOT
from tests.seeding import THEN

DILEMMAS = ("growth", "inner_city", "space", "society", "digital")
CODES = ("a", "rather_a", "between", "rather_b", "b")


@dataclass(frozen=True)
class Exported:
    """Wall and CPU seconds, and how many lines were written."""

    wall: float
    cpu: float
    lines: int


def seed(folder: Path, number: int) -> None:
    """A database with so many answers, five a person."""
    house = build(Settings(_env_file=None, data=folder))  # type: ignore[call-arg]
    people = [f"{n:032x}" for n in range(number // len(DILEMMAS))]
    person = {"round": "dreams", "channel": "web", "language": "nl", "status": "finished", "started_at": THEN}
    person |= {"content_version": 1, "turn": 9, "progress": "{}"}
    row = {"round": "dreams", "argument": "", "item": "position", "kind": "scale5", "status": "answered", "text": ""}
    row |= {"language": "nl", "method": "button", "score": 100, "channel": "web", "setting": "private", "group": ""}
    row |= {"revision": 1, "current": True, "answered_at": THEN, "content_version": 1, "shown_first": "a"}
    row |= {"after_results": False, "text_state": ""}
    with house.engine.begin() as conn:
        conn.execute(insert(participants), [{"id": one, **person} for one in people])
        conn.execute(
            insert(answers),
            [
                {**row, "participant": one, "dilemma": dilemma, "code": CODES[n % 5], "value": n % 5 + 1}
                for n, one in enumerate(people)
                for dilemma in DILEMMAS
            ],
        )
    house.engine.dispose()


def ours(folder: Path) -> Exported:
    """`bot.py export` in a process of its own, start included."""
    out = folder.parent / "answers.csv"
    command = [sys.executable, str(ROOT / "bot.py"), "export", "--round", "dreams", "--out", str(out)]
    return _timed(command, {"PATH": os.environ["PATH"], "STADSDIALOOG_DATA": str(folder)}, out)


def theirs(folder: Path) -> Exported | None:
    """The plain tool on the plain table; None where it is not installed."""
    out = folder.parent / "plain.csv"
    if not shutil.which("sqlite3"):
        return None
    script = f"exec sqlite3 -csv -header {folder}/stadsdialoog.db 'select * from answer order by participant' > {out}"
    return _timed(["sh", "-c", script], {"PATH": os.environ["PATH"]}, out)


def _timed(command: list[str], env: dict[str, str], out: Path) -> Exported:
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=env, cwd=out.parent)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    if status:
        raise RuntimeError(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    with out.open("rb") as file:
        lines = sum(1 for _ in file) - 1
    return Exported(wall, used.ru_utime + used.ru_stime, lines)
