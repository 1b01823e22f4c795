"""Shared fixtures: the real content, and a desk on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.desk import Desk
from bot.house import House, build
from bot.settings import Settings
from content import Content, load


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the transcripts as they read now")


@pytest.fixture(scope="session")
def content() -> Content:
    return load()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a data folder of its own, untouched by the environment."""
    return Settings(_env_file=None, data=tmp_path / "data", web_address="https://praat.example/")  # type: ignore[call-arg]


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
