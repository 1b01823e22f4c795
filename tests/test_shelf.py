"""Files that were made lie on the shelf for an hour after somebody last asked for them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from storage.exports.shelf import ERASED, KEPT_SECONDS, Shelf
from storage.exports.steadily import ABANDONED_SECONDS, WORKING


def test_only_what_nobody_wants_or_works_with_any_more_goes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "cache")
    shelf.ready(erased=0)
    old, new = shelf.place("answers", 1), shelf.place("answers", 2)
    killed = shelf.folder / f"{WORKING}killed"
    killed.mkdir()
    for file, age in ((old, KEPT_SECONDS), (new, KEPT_SECONDS - 60), (killed / "moment.db", 0)):
        file.write_text("what people answered")
        os.utime(file, (begun := time.time() - age - 1, begun))
    for one in (killed, shelf.folder / ERASED):
        os.utime(one, (begun := time.time() - KEPT_SECONDS - ABANDONED_SECONDS, begun))

    shelf.tidy()

    assert sorted(one.name for one in shelf.folder.iterdir()) == sorted([ERASED, new.name])
