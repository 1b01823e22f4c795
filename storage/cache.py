"""Files made from rows and kept for a while, in `<DATA>/cache`: they go with any erasure, in every process.

Who makes one compares `storage.rewriting.last` before it reads with after it wrote, and throws the
file away where that changed: it may hold somebody who was erased meanwhile.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FOLDER = "cache"


def erase_cached_exports(data: Path) -> int:
    """Delete every file made from rows; how many that were. `data` is the data folder."""
    folder = data / FOLDER
    # Others may be deleting in it too: `walk` goes past what is gone.
    files = sum(len(files) for _, _, files in os.walk(folder))
    empty(folder)
    return files


def empty(folder: Path) -> OSError | None:
    """Delete everything in the folder, also what is being made: that making fails then. Why a file could not go.

    The folder itself stays, since somebody may be looking into it just now.
    """
    fault = None
    for one in sorted(folder.iterdir()) if folder.is_dir() else ():
        if one.is_dir():
            # Nothing is handed out from in there; what stays goes with what was abandoned.
            shutil.rmtree(one, ignore_errors=True)
            continue
        try:
            # Somebody else may be emptying it too.
            one.unlink(missing_ok=True)
        except OSError as error:
            fault = error
    return fault
