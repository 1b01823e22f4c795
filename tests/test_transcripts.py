"""Every story a resident can have, one file each, readable without knowing Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from content import Content
from tests.story import run

STORIES = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path, content: Content, request: pytest.FixtureRequest) -> None:
    now = run(path, content)
    if request.config.getoption("--accept"):
        path.write_text(now, "utf8")
    assert path.read_text("utf8") == now, "run `pytest --accept` and read the difference"
