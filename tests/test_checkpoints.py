"""What was kept goes from the log into the database beside the writer, and not while traces are wiped."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from storage.checkpoints import LEAST, Checkpoints
from storage.database import open_engine

SECONDS = 15


def moved(file: Path) -> int:
    """How many bytes the database itself holds; the log not counted."""
    return file.stat().st_size


def test_the_log_is_moved_without_a_commit(tmp_path: Path) -> None:
    file = tmp_path / "stadsdialoog.db"
    engine = open_engine(f"sqlite:///{file}")
    with engine.begin() as conn:
        conn.execute(text("CREATE TABLE told (what TEXT)"))
        conn.execute(text("INSERT INTO told VALUES (:what)"), {"what": "x" * 2 * LEAST})
    before = moved(file)
    checkpoints = Checkpoints(engine)

    with checkpoints.still:
        checkpoints.start()
        time.sleep(1.5)
        assert moved(file) == before, "moved while it had to be still"
    until = time.monotonic() + SECONDS
    while moved(file) < 2 * LEAST and time.monotonic() < until:
        time.sleep(0.05)
    checkpoints.stop()

    assert moved(file) >= 2 * LEAST
    with closing(sqlite3.connect(file)) as reader:
        assert reader.execute("SELECT length(what) FROM told").fetchone()[0] == 2 * LEAST
    engine.dispose()


def test_it_minds_no_file_that_went_and_ends_when_told(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'stadsdialoog.db'}")
    (tmp_path / "stadsdialoog.db").unlink()
    before = threads()
    checkpoints = Checkpoints(engine)
    checkpoints.start()
    time.sleep(1.2)
    assert len(threads() - before) == 1

    checkpoints.stop()

    until = time.monotonic() + SECONDS
    while threads() - before:
        assert time.monotonic() < until
        time.sleep(0.05)
    engine.dispose()


def threads() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name == "checkpoints"}
