"""The shape of the house: who may import whom, how long a file may be, that what the README says is so."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
# bot → storage → conversations → content: each may import itself and what stands to its right, and
# these libraries and no others. This dict is the documentation.
MAY_IMPORT = {
    "content": {"content", "babel", "yaml", "pydantic", "pyphen", "rapidfuzz", "wordfreq"},
    "conversations": {"conversations", "content", "rapidfuzz", "stdnum", "phonenumbers"},
    "storage": {
        *("storage", "conversations", "content"),
        *(
            "alembic",
            "sqlalchemy",
            "sqlmodel",
            "cryptography",
            "yaml",
            "psycopg",
            "pyarrow",
            "readstat_arrow",
            "scipy",
            "xlsxwriter",
        ),
    },
    "bot": {
        *("bot", "storage", "conversations", "content"),
        *(
            "aiohttp",
            "alembic",
            "dotenv",
            "font_source_sans_pro",
            "jinja2",
            "markupsafe",
            "prometheus_client",
            "pydantic",
            "pydantic_settings",
            "resvg_py",
            "rich",
        ),
        *("segno", "sqlalchemy", "standardwebhooks", "telegram", "typer", "uvloop", "yaml"),
    },
}
LONGEST_MODULE = 350


def modules(package: str) -> list[Path]:
    return sorted(p for p in (ROOT / package).rglob("*.py") if "migrations" not in p.parts)


def imported(path: Path) -> set[str]:
    """The top-level packages a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    wrong = {str(p.relative_to(ROOT)): sorted(imported(p) - MAY_IMPORT[package]) for p in modules(package)}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_the_telegram_edge_does_not_know_storage() -> None:
    for path in modules("bot"):
        if path.name.startswith(("telegram", "webchat")):
            assert "storage" not in imported(path), path.name


def test_no_module_is_too_long() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text("utf8").splitlines()) for k in MAY_IMPORT for p in modules(k)}
    assert {path: n for path, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_no_sentence_for_residents_stands_in_python() -> None:
    """A string of four or more words in Dutch or Mestreechs has no business in code."""
    dutch = re.compile(r"\b(?:het|een|niet|wij|uw|u|neet|iech|geer|v’r)\b", re.I)
    for package in ("conversations", "bot"):
        for path in modules(package):
            tree = ast.parse(path.read_text("utf8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value.split()) >= 4:
                    assert len(dutch.findall(node.value)) < 2, f"{path.name}:{node.lineno}"


def test_every_setting_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf8")
    for name in Settings.model_fields:
        assert f"`{PREFIX}{name.upper()}`" in readme or f"`{name.upper()}`" in readme, name


def test_every_link_in_the_documents_leads_somewhere() -> None:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf8")):
            if not target.startswith(("http:", "https:", "mailto:")):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_what_we_keep_in_the_readme_is_what_the_tables_keep() -> None:
    from sqlmodel import SQLModel

    import storage.tables  # noqa: F401

    readme = (ROOT / "README.md").read_text("utf8")
    for table in SQLModel.metadata.tables.values():
        assert f"`{table.name}`" in readme, f"{table.name} is kept, the README does not say so"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REVEAL_AT", "1", "STADSDIALOOG_REVEAL_AT"),
        ("WEB", "somewhere", "HOST:PORT"),
        ("DATABASE", "mysql://x/y", "sqlite:///FILE or postgresql+psycopg"),
        ("REVEALAT", "10", "did you mean STADSDIALOOG_REVEAL_AT"),
        ("TELEGRAM_TOKEN", "abc", "STADSDIALOOG_TELEGRAM_TOKEN"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name(tmp_path: Path, name: str, value: str, said: str) -> None:
    env = {"PATH": "/usr/bin:/bin", f"{PREFIX}{name}": value, f"{PREFIX}DATA": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, ROOT / "bot.py", "migrate"], env=env, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 1
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert value not in ran.stderr or name != "TELEGRAM_TOKEN"
