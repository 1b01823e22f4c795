"""`bot.py` under a clock that can be put wrong: by as many seconds as stand in the file TEST_CLOCK just then."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import storage.database

_time, _now = time.time, storage.database.now


def _wrong() -> float:
    return float(Path(os.environ["TEST_CLOCK"]).read_text() or 0)


if __name__ == "__main__":
    time.time = lambda: _time() + _wrong()
    # Before anybody else takes it by its name.
    storage.database.now = lambda: _now() + timedelta(seconds=_wrong())
    from bot.main import main

    main()
