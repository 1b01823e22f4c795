"""Large files are written steadily and go little by little, and a working folder with whatever is left in it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from storage.exports.ordering import Ordering
from storage.exports.steadily import PAUSE_SECONDS, STEP, let_go, working_folder


def test_a_large_file_goes_a_step_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, left = tmp_path / "moment.db", []
    with file.open("wb") as large:
        large.truncate(3 * STEP + STEP // 2)
    monkeypatch.setattr(time, "sleep", lambda pause: left.append((pause, file.stat().st_size if file.exists() else 0)))

    let_go(file)

    assert left == [
        (PAUSE_SECONDS, 2 * STEP + STEP // 2),
        (PAUSE_SECONDS, STEP + STEP // 2),
        (PAUSE_SECONDS, STEP // 2),
        (PAUSE_SECONDS / 2, 0),
    ]


def test_a_file_that_an_erasure_took_is_let_go_already(tmp_path: Path) -> None:
    let_go(tmp_path / "gone")


def test_what_is_written_goes_to_the_disk_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = threading.Event()

    def flushes(number: int) -> None:
        if os.readlink(f"/proc/self/fd/{number}").endswith("answers.csv"):
            seen.set()

    monkeypatch.setattr(os, "fdatasync", flushes)
    with working_folder(tmp_path, "making-") as folder:
        (folder / "bundle").mkdir()
        (folder / "bundle" / "answers.csv").write_text("a,b\n")

        assert seen.wait(15)


def test_a_working_folder_goes_with_what_is_left_in_it_whatever_happens(tmp_path: Path) -> None:
    def fills_the_disk() -> None:
        with working_folder(tmp_path, "making-") as folder:
            (folder / "bundle").mkdir()
            (folder / "bundle" / "answers.csv").write_text("a,b\n")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fills_the_disk()

    assert list(tmp_path.iterdir()) == []


def test_lines_put_into_order_leave_no_files_behind(tmp_path: Path) -> None:
    with Ordering(tmp_path, 0, 1) as ordering:
        ordering.put(["b2", "a1", "b1"])
        assert len(list(tmp_path.iterdir())) == 2
        assert b"".join(ordering.sorted()) == b"a1b1b2"

    assert list(tmp_path.iterdir()) == []
