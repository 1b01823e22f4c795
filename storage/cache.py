"""Files made from rows and kept for a while, in `<DATA>/cache`: they go with any erasure, in every process.

Who makes one compares `storage.rewriting.last` before it reads with after it wrote, and throws the
file away where that changed: it may hold somebody who was erased meanwhile.
"""

from __future__ import annotations

import shutil
from pathlib import Path

FOLDER = "cache"


def erase_cached_exports(data: Path) -> int:
    """Delete every file made from rows; how many that were. `data` is the data folder."""
    folder = data / FOLDER
    if not folder.is_dir():
        return 0
    files = sum(1 for one in folder.rglob("*") if one.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return files
