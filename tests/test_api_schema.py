"""The API answers as its OpenAPI says: schemathesis reads the description and tries what it allows and what not."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from bot.house import build
from bot.settings import Settings
from tests.process import Process
from tests.test_bundle import release, settle

# The description has no examples to try; `stateful` follows a round from the list to its tables.
PHASES, EXAMPLES = "fuzzing", 2
LONG_PHASES, LONG_EXAMPLES = "coverage,fuzzing,stateful", 60


@pytest.mark.soak
async def test_the_api_answers_as_its_description_says(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    long = "soak" in request.config.getoption("markexpr")
    phases, examples = (LONG_PHASES, LONG_EXAMPLES) if long else (PHASES, EXAMPLES)
    data = tmp_path / "data"
    house = build(Settings(_env_file=None, data=data))  # type: ignore[call-arg]
    settle(house, 0, 40)
    assert release(house) == 1
    house.engine.dispose()
    process = Process(data, None)
    await process.start()
    try:
        await process.serving()
        key = (data / "staff.token").read_text().strip()
        address = f"http://{process.env['STADSDIALOOG_STAFF']}/v1/openapi"
        command = ["-m", "schemathesis.cli", "run", address, "--header", f"Authorization: Bearer {key}", "--no-color"]
        command += [
            "--phases",
            phases,
            "--max-examples",
            str(examples),
            "--seed",
            "1648",
            "--suppress-health-check=all",
        ]
        tried = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        told, _ = await tried.communicate()
    finally:
        await process.end(signal.SIGTERM)
    assert tried.returncode == 0, told.decode()
    assert "No issues found" in told.decode()
    assert "Traceback" not in process.log.read_text("utf8")
