"""Large files are written steadily and go little by little, and a working folder with whatever is left in it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from storage.exports import steadily
from storage.exports.ordering import Ordering
from storage.exports.steadily import PAUSE_SECONDS, STEP, WORKING, clear_abandoned, let_go, retire, working_folder

LONG_AGO = time.time() - 3_600
WORKS = """
import sys, time
from pathlib import Path
from storage.exports.steadily import working_folder
with working_folder(Path(sys.argv[1])) as folder:
    (folder / "moment.db").write_text("what people answered")
    print(folder, flush=True)
    time.sleep(60)
"""


def large(file: Path, steps: float = 3.5) -> Path:
    with file.open("wb") as opened:
        opened.truncate(int(steps * STEP))
    return file


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, in steps."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", lambda pause: pauses.append(pause / PAUSE_SECONDS))
    return pauses


def soon(true: Callable[[], object]) -> None:
    end = time.monotonic() + 15
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_large_file_goes_a_step_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, left = large(tmp_path / "moment.db"), []
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


def test_a_file_with_another_name_keeps_what_it_holds(tmp_path: Path) -> None:
    file = large(tmp_path / "made")
    os.link(file, tmp_path / "answers.xlsx")

    let_go(file)

    assert [(one.name, one.stat().st_size) for one in tmp_path.iterdir()] == [("answers.xlsx", int(3.5 * STEP))]


def test_a_file_that_nobody_reads_retires_a_step_at_a_time(tmp_path: Path, slept: list[float]) -> None:
    retire(large(tmp_path / "made"))

    assert (slept, list(tmp_path.iterdir())) == ([1, 1, 1, 0.5], [])


def test_who_reads_a_file_that_retires_reads_it_to_its_end(tmp_path: Path, slept: list[float]) -> None:
    file = tmp_path / "made"
    file.write_bytes(b"a" * 3 * STEP)
    with file.open("rb") as reading:
        retire(file)
        assert (slept, list(tmp_path.iterdir())) == ([], [])
        assert len(reading.read()) == 3 * STEP


def test_what_is_written_goes_to_the_disk_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = threading.Event()

    def flushes(number: int) -> None:
        if os.readlink(f"/proc/self/fd/{number}").endswith("answers.csv"):
            seen.set()

    monkeypatch.setattr(os, "fdatasync", flushes)
    with working_folder(tmp_path) as folder:
        (folder / "bundle").mkdir()
        (folder / "bundle" / "answers.csv").write_text("a,b\n")

        assert seen.wait(15)


def test_where_there_are_no_second_names_every_file_goes_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = set()

    def link(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(steadily, "LARGE", 0)
    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(os, "fdatasync", lambda number: flushed.add(Path(os.readlink(f"/proc/self/fd/{number}")).name))
    with working_folder(tmp_path) as folder:
        for name in ("moment.db", "answers.csv"):
            (folder / name).write_text("a,b\n")
        soon(lambda: len(flushed) == 2)


def test_a_working_folder_goes_with_what_is_left_in_it_whatever_happens(tmp_path: Path) -> None:
    def fills_the_disk() -> None:
        with working_folder(tmp_path) as folder:
            (folder / "bundle").mkdir()
            (folder / "bundle" / "answers.csv").write_text("a,b\n")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fills_the_disk()

    assert list(tmp_path.iterdir()) == []


def test_what_a_library_deletes_goes_a_step_at_a_time_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steadily, "LARGE", STEP)
    with working_folder(tmp_path) as folder:
        sheet = large(folder / "sheet.xml")
        soon(lambda: sheet.stat().st_nlink == 2)
        sheet.unlink()
        pauses: list[float] = []
        monkeypatch.setattr(time, "sleep", lambda pause: pauses.append(pause / PAUSE_SECONDS))

    assert (pauses, list(tmp_path.iterdir())) == ([1, 1, 1, 0.5], [])


def test_what_was_made_is_whole_when_its_working_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steadily, "LARGE", STEP)
    with working_folder(tmp_path) as folder:
        made = large(folder / "made.xlsx")
        soon(lambda: made.stat().st_nlink == 2)
        out = made.replace(tmp_path / "out")

    assert [(one, one.stat().st_size) for one in tmp_path.iterdir()] == [(out, int(3.5 * STEP))]


def test_only_folders_of_processes_that_are_gone_are_cleared(tmp_path: Path) -> None:
    process = Popen((sys.executable, "-c", WORKS, str(tmp_path)), stdout=PIPE, text=True)
    with process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        os.utime(folder, (LONG_AGO, LONG_AGO))
        clear_abandoned(tmp_path)
        assert folder.is_dir()

        process.send_signal(signal.SIGKILL)
        process.wait(15)
        os.utime(folder, (LONG_AGO, LONG_AGO))
        clear_abandoned(tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_a_folder_of_just_now_may_not_be_locked_yet(tmp_path: Path) -> None:
    (folder := tmp_path / f"{WORKING}new").mkdir()
    clear_abandoned(tmp_path)
    assert folder.is_dir()


def test_lines_are_put_into_order(tmp_path: Path) -> None:
    with Ordering(tmp_path / "parts", 0, 1) as ordering, (tmp_path / "out").open("wb") as out:
        ordering.put(["b2", "a1", "bé\n1"])
        ordering.put(["b1", "c0"])
        ordering.write(out)

    assert (tmp_path / "out").read_text("utf8") == "a1b1b2bé\n1c0"
