"""Shared fixtures: the real content, and a desk on a database of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.desk import Desk
from bot.house import House, build
from bot.settings import Settings
from content import Content, shipped
from tests.databases import postgresql


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the transcripts as they read now")


@pytest.fixture(scope="session")
def content() -> Content:
    return shipped()


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The database setting: empty for SQLite in the data folder, unless a test (or TEST_DATABASE) asks otherwise."""
    if getattr(request, "param", os.environ.get("TEST_DATABASE", "sqlite")) == "sqlite":
        yield ""
        return
    with postgresql() as address:
        yield address


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    """Settings of a data folder and a database of its own, untouched by the environment."""
    key = "5d" * 32 if database else ""
    return Settings(  # type: ignore[call-arg]
        _env_file=None,
        data=tmp_path / "data",
        database=database,
        pseudonym_key=key,
        web_address="https://praat.example/",
    )


@pytest_asyncio.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """Everything a command works with, its worker running; stopped at the end."""
    built = build(settings)
    built.worker.start()
    yield built
    await built.worker.stop()
    built.engine.dispose()


@pytest.fixture
def desk(house: House) -> Desk:
    return house.desk()
