"""Files that were made, kept for a while so that nobody has to make the same one twice, or wait again after a break.

They lie in a folder of mode 700. A file's name is a digest of what it is and of how far the database
had changed. Any erasure empties the folder: a file may hold rows of whoever was erased.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from pathlib import Path

from storage.cache import empty
from storage.exports.steadily import clear_abandoned, is_retiring, retire

KEPT_SECONDS = 3_600.0
ERASED = "erased"


class Shelf:
    """The folder, and what is found in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ready(self, erased: int) -> None:
        """Make the folder; empty it where somebody was erased since, also by another process or machine.

        `erased`: how many people were erased ever. Raises OSError while a file that may hold one cannot be deleted.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        known = self.folder / ERASED
        if not known.exists() or known.read_text("ascii") != str(erased):
            if fault := empty(self.folder):
                raise fault
            known.write_text(str(erased), "ascii")

    def tidy(self) -> None:
        """Let go of files nobody asked for lately, and of what a process that was killed worked with."""
        for one in self.folder.iterdir():
            # One that cannot go must not keep the others here.
            with suppress(OSError):
                old = time.time() - one.stat().st_mtime > KEPT_SECONDS
                if one.is_file() and one.name != ERASED and (old or is_retiring(one)):
                    retire(one)
        clear_abandoned(self.folder)

    def place(self, *what: object) -> Path:
        """Where a file that is all this lies, or would lie."""
        return self.folder / hashlib.sha256(repr(what).encode()).hexdigest()[:32]

    def named(self, tag: str) -> Path | None:
        """The file with this name, if it is still there."""
        found = self.folder / tag
        return found if tag.isalnum() and tag != ERASED and found.is_file() else None
