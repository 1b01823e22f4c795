"""Moves what was kept from SQLite's write-ahead log into the database, while others keep.

By itself SQLite does so in the commit that makes the log long enough: whoever gave that answer waited until the
disk had taken some megabytes, 0.1 to 0.3 s where a large file was written meanwhile.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

LOOK_SECONDS = 1.0
LEAST = 1 << 20  # bytes in the log


class Checkpoints:
    """A thread beside the writer. `still` keeps it from beginning, for who must have the log to themselves."""

    def __init__(self, engine: Engine) -> None:
        self.still = threading.Lock()
        self._engine = engine
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="checkpoints", daemon=True)

    def start(self) -> None:
        if self._engine.dialect.name == "sqlite":
            self._thread.start()

    def stop(self) -> None:
        self._over.set()

    def _serve(self) -> None:
        log = Path(f"{self._engine.url.database}-wal")
        while not self._over.wait(LOOK_SECONDS):
            # A disk that fails, or a file that was taken away, is for the writer to tell.
            with suppress(OSError, DBAPIError):
                if log.stat().st_size >= LEAST:
                    self.checkpoint()

    def checkpoint(self) -> None:
        """One, of as much as is possible without waiting for anybody."""
        with self.still, self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
