"""`bot.py` that dies by itself at its next commit: told by SIGUSR1 right before it, by SIGUSR2 right after.

From outside nobody could aim so well. Right after means: on disk, and nobody in the process knows of it yet.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from sqlalchemy.engine.default import DefaultDialect

from bot.main import main

SIGNALS = {signal.SIGUSR1: "before", signal.SIGUSR2: "after"}
_told: list[str] = []
_commit = DefaultDialect.do_commit


def _dies(self: DefaultDialect, connection: Any) -> None:
    writes = threading.current_thread().name == "storage"
    _die("before", writes)
    _commit(self, connection)
    _die("after", writes)


def _die(moment: str, writes: bool) -> None:
    if writes and moment in _told:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    DefaultDialect.do_commit = _dies  # type: ignore[method-assign]
    for number, when in SIGNALS.items():
        signal.signal(number, lambda *_, when=when: _told.append(when))  # type: ignore[misc]
    main()
