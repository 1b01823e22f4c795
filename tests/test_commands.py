"""The command line as people use it: exit codes, one clear line, files that can be read again."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.main import cli
from bot.office import office

ROOT = Path(__file__).parent.parent


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(data: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """`bot.py` with these words, on a data folder of its own."""
    env = {"PATH": os.environ["PATH"], "STADSDIALOOG_DATA": str(data), "PYTHONIOENCODING": "utf8"}
    command = [sys.executable, str(ROOT / "bot.py"), *words]
    return subprocess.run(command, env=env, cwd=data.parent, input=typed, capture_output=True, text=True, timeout=60)


def test_every_command_has_help() -> None:
    commands = [command for app in (cli, office) for command in app.registered_commands]
    names = [command.name or command.callback.__name__ for command in commands if command.callback]
    for name in names:
        helped = CliRunner().invoke(cli, [name, "--help"])
        assert helped.exit_code == 0, name
        assert len(helped.output.splitlines()) > 4
    assert {"serve", "terminal", "check", "understand", "migrate"} <= set(names)


def test_wrong_usage_exits_2(data: Path) -> None:
    assert run(data, "export").returncode == 2
    assert run(data, "understand", "--at", "nowhere", "ja").returncode == 2
    assert run(data, "no-such-command").returncode == 2


def test_check_is_clean_and_tells_what_it_measured(data: Path) -> None:
    checked = run(data, "check")
    assert checked.returncode == 0, checked.stderr
    assert "taps" in checked.stdout


def test_understand_prints_what_the_contract_says(data: Path) -> None:
    read = run(data, "understand", "--language", "nl", "--at", "growth.position", "even groot blijven")
    found = json.loads(read.stdout)
    assert set(found) == {"choice", "nonresponse", "sure", "candidates", "method", "score", "wish"}
    assert (found["choice"], found["sure"]) == ("b", True)


@pytest.mark.parametrize(("first", "choice"), [("a", "rather_a"), ("b", "rather_b")])
def test_a_bare_number_follows_the_screen(data: Path, first: str, choice: str) -> None:
    read = run(data, "understand", "--at", "growth.position", "--first", first, "2")
    assert json.loads(read.stdout)["choice"] == choice
    asked = run(data, "understand", "--at", "growth.position", "2")
    assert json.loads(asked.stdout)["choice"] is None


def test_a_dialogue_in_the_terminal_is_kept_and_exported(data: Path, tmp_path: Path) -> None:
    said = "[1]\n[1]\noverslaan\ngroeien\n"
    talked = run(data, "terminal", typed=said)
    assert talked.returncode == 0, talked.stderr
    out = tmp_path / "answers.csv"
    exported = run(data, "export", "--round", "dreams", "--table", "answers", "--format", "csv", "--out", str(out))
    assert exported.returncode == 0, exported.stderr
    lines = out.read_text("utf8").splitlines()
    assert len(lines) == 3
    assert ",growth,position,scale5,answered,a," in out.read_text("utf8")
    to_screen = run(data, "export", "--round", "dreams", "--out", "-")
    assert to_screen.stdout.splitlines() == lines


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "--round", "nope", "--out", "-"), "nope"),
        (("export", "--round", "dreams", "--format", "docx", "--out", "-"), "docx"),
        (("release", "--round", "dreams"), "fewer than 10"),
        (("summary", "--round", "dreams"), "no summary was released yet"),
        (("erase", "--participant", "nobody"), "no participant"),
        (("open", "nope"), "nope"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(data: Path, words: tuple[str, ...], said: str) -> None:
    refused = run(data, *words)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_everything_published_can_be_attacked(data: Path) -> None:
    assert run(data, "simulate", "--data", str(data), "--people", "160").returncode == 0
    assert "released summary 1" in run(data, "release", "--round", "dreams").stdout
    attacked = run(data, "attack", "--round", "dreams")
    assert (attacked.returncode, attacked.stderr) == (0, "")
    assert attacked.stdout.startswith("1 releases, ")
    assert attacked.stdout.endswith("no number tells about too few people\n")
    with sqlite3.connect(data / "stadsdialoog.db") as connection:
        (told,) = connection.execute("select summary from release").fetchone()
        # A release that no rule allowed: one person more.
        again = json.loads(told)
        growth = again["dilemmas"]["growth"]
        again["release"] = growth["as_of"] = 2
        growth["base"] += 1
        growth["counts"] = {code: n + (code in ("a", "side_a")) for code, n in growth["counts"].items()}
        columns = "(round, number, made_at, summary, joined, left)"
        row = ("dreams", 2, "2026-03-14 15:59:59", json.dumps(again), 0, 0)
        connection.execute(f"insert into release {columns} values (?, ?, ?, ?, ?, ?)", row)
    attacked = run(data, "attack", "--round", "dreams")
    assert attacked.returncode == 1
    assert "growth position: releases 1 and 2 differ by 1 people" in attacked.stdout
    assert "tell about too few" in attacked.stderr


def test_a_backup_is_a_database_that_can_be_opened(data: Path, tmp_path: Path) -> None:
    run(data, "terminal", typed="[1]\n[1]\noverslaan\n")
    copy = tmp_path / "copy.db"
    assert run(data, "backup", str(copy)).returncode == 0
    assert copy.stat().st_mode & 0o077 == 0
    with sqlite3.connect(copy) as connection:
        assert connection.execute("select count(*) from answer").fetchone() == (1,)
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    assert run(data, "backup", str(copy)).returncode == 1


def test_erasing_by_pseudonym_leaves_no_row(data: Path, tmp_path: Path) -> None:
    run(data, "terminal", typed="[1]\n[1]\noverslaan\n")
    rows = run(data, "export", "--round", "dreams", "--out", "-").stdout.splitlines()
    erased = run(data, "erase", "--participant", rows[1].split(",")[1])
    assert erased.returncode == 0, erased.stderr
    assert "receipt" in erased.stdout
    assert len(run(data, "export", "--round", "dreams", "--out", "-").stdout.splitlines()) == 1


def test_a_correction_reaches_staff_without_its_sender(data: Path) -> None:
    run(data, "terminal", typed="[3]\n/fout Het moet anders\n")
    listed = [json.loads(line) for line in run(data, "corrections").stdout.splitlines()]
    assert [(one["language"], one["at"], one["text"]) for one in listed] == [("li", "count_me", "Het moet anders")]
    assert set(listed[0]) == {"id", "received_at", "language", "at", "text"}
    number = str(listed[0]["id"])
    assert run(data, "corrections", "--done", number).stdout == f"{number} is dealt with\n"
    assert run(data, "corrections").stdout == ""
    assert "no such correction" in run(data, "corrections", "--done", number).stderr
    assert not [file for file in data.rglob("*") if file.is_file() and b"Het moet anders" in file.read_bytes()]


def test_a_closed_round_takes_no_answers(data: Path) -> None:
    assert run(data, "close", "dreams").returncode == 0
    talked = run(data, "terminal", typed="[1]\n[1]\noverslaan\n")
    assert "gesloten" in talked.stdout
    assert len(run(data, "export", "--round", "dreams", "--out", "-").stdout.splitlines()) == 1


def test_another_key_does_not_open_the_database(data: Path) -> None:
    run(data, "migrate")
    (data / "pseudonym.key").unlink()
    refused = run(data, "migrate")
    assert refused.returncode == 1
    assert "PSEUDONYM_KEY" in refused.stderr


def test_a_key_that_others_can_read_is_refused(data: Path) -> None:
    run(data, "migrate")
    (data / "pseudonym.key").chmod(0o644)
    assert "chmod 600" in run(data, "migrate").stderr
