"""Large files beside a database: written steadily, and let go little by little.

Who keeps an answer waits until the disk has taken it. A disk that is given hundreds of megabytes at once, or
gives as many back to a file system with `discard`, has no time for an answer in between: 125 to 430 ms. With a
few megabytes at a time it does.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STEP, PAUSE_SECONDS = 8 << 20, 0.02
FLUSH_SECONDS = 0.05


def let_go(file: Path) -> None:
    """Delete a file that nobody reads any more. Many small ones, one behind the other, take as long as a large one."""
    # An erasure empties the folder at once: it may be gone by now.
    with suppress(FileNotFoundError):
        with file.open("r+b", buffering=0) as large:
            left = large.seek(0, os.SEEK_END)
            while left > STEP:
                left -= STEP
                large.truncate(left)
                time.sleep(PAUSE_SECONDS)
        file.unlink()
        time.sleep(PAUSE_SECONDS * left / STEP)


@contextmanager
def working_folder(inside: Path, prefix: str) -> Iterator[Path]:
    """A folder whose files go to the disk while they are written, and which goes with all that is left in it."""
    folder = Path(tempfile.mkdtemp(dir=inside, prefix=prefix))
    done = threading.Event()
    flushing = threading.Thread(target=_flush, args=(folder, done), daemon=True)
    flushing.start()
    try:
        yield folder
    finally:
        done.set()
        flushing.join()
        with suppress(FileNotFoundError):
            for file in [one for one in folder.rglob("*") if one.is_file()]:
                let_go(file)
        shutil.rmtree(folder, ignore_errors=True)


def _flush(folder: Path, done: threading.Event) -> None:
    """Closing a file drops this process's locks on it: of a copy that SQLite has here, nobody else knows."""
    while not done.wait(FLUSH_SECONDS):
        # A file, or all of them, may be gone by now: the next look finds what is left.
        with suppress(OSError):
            for file in folder.rglob("*"):
                number = os.open(file, os.O_RDONLY)
                try:
                    os.fdatasync(number)
                finally:
                    os.close(number)
