"""Files that were made lie on the shelf for an hour after somebody last asked for them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from storage.cache import FOLDER, erase_cached_exports
from storage.exports.shelf import ERASED, KEPT_SECONDS, Shelf
from storage.exports.steadily import ABANDONED_SECONDS, RETIRING, WORKING


def test_only_what_nobody_wants_or_works_with_any_more_goes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "cache")
    shelf.ready(erased=0)
    old, new, half_gone = (*(shelf.place("answers", n) for n in (1, 2)), shelf.folder / f"{RETIRING}half")
    killed = shelf.folder / f"{WORKING}killed"
    killed.mkdir()
    for file, age in ((old, KEPT_SECONDS), (new, KEPT_SECONDS - 60), (half_gone, 0), (killed / "moment.db", 0)):
        file.write_text("what people answered")
        os.utime(file, (begun := time.time() - age - 1, begun))
    for one in (killed, shelf.folder / ERASED):
        os.utime(one, (begun := time.time() - KEPT_SECONDS - ABANDONED_SECONDS, begun))

    shelf.tidy()

    assert sorted(one.name for one in shelf.folder.iterdir()) == sorted([ERASED, new.name])


def test_one_file_that_cannot_go_keeps_no_other_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def may_not(file: Path) -> None:
        raise PermissionError(file.name)

    shelf = Shelf(tmp_path)
    (tmp_path / f"{RETIRING}half").touch()
    (killed := tmp_path / f"{WORKING}killed").mkdir()
    os.utime(killed, (0, 0))
    monkeypatch.setattr("storage.exports.shelf.retire", may_not)

    shelf.tidy()

    assert [one.name for one in tmp_path.iterdir()] == [f"{RETIRING}half"]


def test_an_erasure_empties_the_folder_under_whoever_looks_into_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / FOLDER)
    shelf.ready(erased=0)
    (working := shelf.folder / f"{WORKING}now").mkdir()
    for file in (shelf.place("answers"), working / "moment.db"):
        file.write_text("what people answered")
    assert erase_cached_exports(tmp_path) == 3

    assert list(shelf.folder.iterdir()) == []
    shelf.tidy()
    shelf.ready(erased=1)
    assert [one.name for one in shelf.folder.iterdir()] == [ERASED]


def test_nothing_is_handed_out_while_a_file_stays_that_may_hold_who_was_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path)
    shelf.ready(erased=0)
    (stays := shelf.place("answers")).touch()
    shelf.place("participants").touch()
    real = Path.unlink

    def may_not(file: Path, missing_ok: bool = False) -> None:
        if file == stays:
            raise PermissionError(file.name)
        real(file, missing_ok)

    with monkeypatch.context() as one:
        one.setattr(Path, "unlink", may_not)
        for _ in range(2):
            with pytest.raises(PermissionError):
                shelf.ready(erased=1)
    assert list(tmp_path.iterdir()) == [stays]
    shelf.ready(erased=1)
    assert [one.name for one in tmp_path.iterdir()] == [ERASED]
