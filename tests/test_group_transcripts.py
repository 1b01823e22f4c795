"""Every story a group can have on Telegram, one file each, readable by a teacher. See tests/group_story.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.house import House
from tests.botapi import BotApi
from tests.botapi.fixtures import Serve, api, serve
from tests.group_story import run

__all__ = ["api", "serve"]

STORIES = {path.stem: path for path in sorted((Path(__file__).parent / "transcripts" / "groups").glob("*.txt"))}
TEXTS = {name: path.read_text("utf8") for name, path in STORIES.items()}


@pytest.mark.parametrize("name", STORIES)
async def test_story(name: str, api: BotApi, serve: Serve, house: House, request: pytest.FixtureRequest) -> None:
    now = await run(TEXTS[name], api, serve, house)
    if request.config.getoption("--accept"):
        STORIES[name].write_text(now, "utf8")
        return
    assert now == TEXTS[name], "run `pytest --accept` and read the difference"
