"""The page for a privacy officer: every test, command, setting, file and term it names is there, and says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.main import cli
from bot.office import office
from bot.settings import Settings
from bot.staff_roles import HOLDERS
from bot.visits import VISIT_SECONDS
from content import Content
from storage.rewriting import SMALL_BYTES
from storage.staff_keys import ROLES
from tests.test_audit import commands

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "privacy.md"
LONGEST = 1500  # words, with the list of what is kept


@pytest.fixture(scope="module")
def page() -> str:
    return " ".join(PAGE.read_text("utf8").split())


def test_it_is_linked_from_the_readme_and_stays_one_page(page: str) -> None:
    assert "(docs/privacy.md)" in (ROOT / "README.md").read_text("utf8")
    assert len([word for word in page.split() if word not in ("|", "|---|---|---|---|")]) <= LONGEST


def test_every_test_it_names_is_there(page: str) -> None:
    sources = "\n".join(file.read_text("utf8") for file in (ROOT / "tests").glob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) > 8
    assert [one for one in named if f"def {one}(" not in sources] == []
    assert [one for one in re.findall(r"`(test_\w+\.py)`", page) if not (ROOT / "tests" / one).exists()] == []


def test_one_command_runs_them() -> None:
    make = (ROOT / "Makefile").read_text("utf8")
    assert "privacy: install" in make
    assert "docs/privacy.md" in make


def test_the_list_of_what_is_kept_is_the_residents_own(page: str, content: Content) -> None:
    default = Settings(_env_file=None)  # type: ignore[call-arg]
    terms = {
        "days": f"`CONTACT_DAYS` ({default.contact_days})",
        "rows_days": f"`ROWS_DAYS` ({default.rows_days})",
        "backup_days": f"`BACKUP_DAYS` ({default.backup_days})",
        "reveal_at": f"`REVEAL_AT` ({default.reveal_at})",
    }
    for one in content.kept:
        tables = ", ".join(f"`{table}`" for table in one.tables) or "backup files"
        told = [part["en"].format(**terms) for part in (one.what, one.why, one.until)]
        assert f"| {' | '.join([tables, *told])} |" in page, one.code


def test_roles_settings_and_commands_are_those_of_the_program(page: str) -> None:
    assert re.findall(r"\| `(\w+)` \| (?:released|that|what)", page) == list(ROLES)
    # Originals are a moderator's, rows an analyst's and a keeper's, the house a keeper's.
    assert (HOLDERS["originals"], HOLDERS["rows"], HOLDERS["house"]) == (
        ("moderator",),
        ("analyst", "keeper"),
        ("keeper",),
    )
    for name in re.findall(r"`([A-Z]+_[A-Z_]+)`", page):
        assert name.lower() in Settings.model_fields, name
    there = {one.partition(" ")[0] for one in commands()} | {"hold"}
    assert {one.name for one in cli.registered_groups} >= {"hold", "staff"}
    assert office.registered_commands
    for name in re.findall(r"`(?:bot\.py )?(purge|hold|erase|rotate-key|restore|backup)\b", page):
        assert name in there


def test_its_figures_are_those_of_the_code(page: str) -> None:
    assert f"{VISIT_SECONDS // 60} minutes" in page
    assert f"{SMALL_BYTES // 1024**2} MB" in page
