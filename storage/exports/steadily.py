"""Large files beside a database: written steadily, and let go little by little.

Who keeps an answer waits until the disk has taken it. A disk that is given hundreds of megabytes at once, or
gives as many back to a file system with `discard`, has no time for an answer in between: 125 to 430 ms. With a
megabyte at a time it does.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

STEP, PAUSE_SECONDS = 1 << 20, 0.01
FLUSH_SECONDS = 0.05
LARGE = 8 << 20
WORKING, RETIRING = "making-", "gone-"
# A folder that was made just now may not be locked yet.
ABANDONED_SECONDS = 60.0
SECOND_NAMES = "second-names"


def let_go(file: Path) -> None:
    """Delete a file that nobody reads any more. Many small ones, one behind the other, take as long as a large one.

    A file that has another name keeps what it holds.
    """
    # An erasure empties the folder at once: it may be gone by now.
    with suppress(FileNotFoundError):
        with file.open("r+b", buffering=0) as large:
            left = large.seek(0, os.SEEK_END) if os.fstat(large.fileno()).st_nlink == 1 else 0
            while left > STEP:
                left -= STEP
                large.truncate(left)
                time.sleep(PAUSE_SECONDS)
        file.unlink()
        time.sleep(PAUSE_SECONDS * left / STEP)


def retire(file: Path) -> None:
    """Delete a file that somebody may be reading just now: they read it to its end."""
    gone = file if is_retiring(file) else file.rename(file.with_name(RETIRING + file.name))
    if _read_by_nobody(gone):
        let_go(gone)
    else:
        gone.unlink()


def is_retiring(file: Path) -> bool:
    """Whether it began to retire, maybe in a process that ended since."""
    return file.name.startswith(RETIRING)


def _read_by_nobody(file: Path) -> bool:
    """Whether no process has it open; where that cannot be known, no. Linux leases a file to its only user."""
    number = os.open(file, os.O_RDWR)
    try:
        # Who opens it in this very moment breaks the lease: Linux tells so by SIGIO, which would end this process.
        fcntl.fcntl(number, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        return True
    except (AttributeError, OSError):
        return False
    finally:
        os.close(number)


@contextmanager
def working_folder(inside: Path) -> Iterator[Path]:
    """A folder whose files go to the disk while they are written, and which goes little by little at the end.

    Large files that a library deletes from it meanwhile keep a second name, so that they go like that too.
    """
    folder = Path(tempfile.mkdtemp(dir=inside, prefix=WORKING))
    (folder / SECOND_NAMES).mkdir()
    lock = os.open(folder, os.O_RDONLY)
    # On NFS a folder cannot be locked, nor is one cleared there that was abandoned.
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX)
    done = threading.Event()
    flushing = threading.Thread(target=_flush, args=(folder, done), daemon=True)
    flushing.start()
    try:
        yield folder
    finally:
        done.set()
        flushing.join()
        _clear(folder)
        os.close(lock)


def _clear(folder: Path) -> None:
    for file in _all(folder):
        # One that cannot be made shorter goes at once, below.
        with suppress(OSError):
            let_go(file)
    shutil.rmtree(folder, ignore_errors=True)


def clear_abandoned(inside: Path, clear: Callable[[Path], object] = _clear, seconds: float = ABANDONED_SECONDS) -> None:
    """Clear working folders whose process was killed so many seconds ago: they hold what people answered."""
    for folder in inside.glob(f"{WORKING}*"):
        with suppress(OSError):
            lock = os.open(folder, os.O_RDONLY)
            try:
                if time.time() - os.fstat(lock).st_mtime >= seconds:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    clear(folder)
            finally:
                os.close(lock)


def _flush(folder: Path, done: threading.Event) -> None:
    """Ask the disk, until `done`, to take what was written so far.

    Closing a file drops this process's locks on it: of a copy that SQLite has here, nobody else knows.
    """
    while not done.wait(FLUSH_SECONDS):
        # A file, or all of them, may be gone by now: the next look finds what is left.
        for file in _all(folder):
            with suppress(OSError):
                number = os.open(file, os.O_RDONLY)
                try:
                    os.fdatasync(number)
                    _name_again(folder, file, os.fstat(number))
                finally:
                    os.close(number)


def _name_again(folder: Path, file: Path, about: os.stat_result) -> None:
    """So that a library that deletes its own large file does not give it back to the disk at once."""
    if about.st_size > LARGE and about.st_nlink == 1:
        os.link(file, folder / SECOND_NAMES / str(about.st_ino))


def second_name(folder: Path, file: Path) -> Path:
    """The other name that a large file in a working folder may have."""
    return folder / SECOND_NAMES / str(file.stat().st_ino)


def _all(folder: Path) -> list[Path]:
    """What files are in it, as far as they can still be seen."""
    with suppress(OSError):
        return [one for one in folder.rglob("*") if one.is_file()]
    return []
