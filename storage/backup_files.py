"""Backups expire: which were written by this house, and the end of those that are too old.

A backup holds people who may be erased later, and that they were is remembered for BACKUP_DAYS only. The
register stands beside the database, in `backups.jsonl`: restoring an older database does not change it.
A copy that somebody took elsewhere is not known here; `restore` refuses it when it is too old.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

REGISTER = "backups.jsonl"
# The copies that `restore` works on; one that was killed leaves its folder.
RESTORING = "restore-"
LONGEST_RESTORE = timedelta(days=1)
MADE_AT = "backup"


def note(folder: Path, file: Path, now: datetime) -> None:
    """A backup is about to be written."""
    line = json.dumps({"file": str(file.absolute()), "at": now.isoformat(timespec="seconds")})
    with (folder / REGISTER).open("a", encoding="utf8") as register:
        register.write(f"{line}\n")


def made_at(file: Path) -> datetime:
    """When a backup was made (UTC): as it says itself, or else when the file was changed last."""
    return _stamped(file) or datetime.fromtimestamp(file.stat().st_mtime, UTC)


def stamp(file: Path, now: datetime) -> None:
    """Write into a backup when it was made."""
    with closing(sqlite3.connect(file)) as one, one:
        one.execute("INSERT OR REPLACE INTO mark (name, value) VALUES (?, ?)", (MADE_AT, now.isoformat()))


def expire(folder: Path, now: datetime, backup_days: int) -> int:
    """Delete the backups older than `backup_days`, and what is left of unfinished ones; how many files that were.

    A file that does not say itself that it is so old is left: it may be another one by now.
    """
    _sweep(folder, now)
    register = folder / REGISTER
    if not register.exists():
        return 0
    oldest = now - timedelta(days=backup_days)
    lines = register.read_text("utf8").splitlines()
    over = [line for line in lines if datetime.fromisoformat(json.loads(line)["at"]) < oldest]
    gone = 0
    for line in over:
        file = Path(json.loads(line)["file"])
        file.with_name(f".{file.name}.part").unlink(missing_ok=True)
        made = _stamped(file) if file.is_file() else None
        if made and made < oldest:
            file.unlink()
            gone += 1
    if over:
        part = register.with_suffix(".part")
        part.write_text("".join(f"{line}\n" for line in lines if line not in over), "utf8")
        part.replace(register)
    return gone


def _stamped(file: Path) -> datetime | None:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as one:
            row = one.execute("SELECT value FROM mark WHERE name = ?", (MADE_AT,)).fetchone()
    except sqlite3.DatabaseError:
        return None
    return datetime.fromisoformat(row[0]) if row else None


def _sweep(folder: Path, now: datetime) -> None:
    for left in folder.glob(f"{RESTORING}*"):
        if datetime.fromtimestamp(left.stat().st_mtime, UTC) < now - LONGEST_RESTORE:
            shutil.rmtree(left, ignore_errors=True)
