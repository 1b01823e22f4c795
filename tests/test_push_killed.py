"""A sender that is killed at any moment, and a receiver that fails, answers late, twice or not at all: each event is
taken exactly once, and none is lost.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import Connection, select

from bot.house import House, build
from bot.settings import Settings
from storage.database import begin_write, now
from storage.erasure import erase
from storage.outbox import outbox
from tests.process import ROOT
from tests.receiver import Receiver
from tests.seeding import crowd, mixed, publish

SECRET = "whsec_" + base64.b64encode(b"a secret of the receiver").decode()
SEED = 1795
KILLS, MANY_KILLS = 20, 200
RELEASES, ERASED = 5, 5
# Most of a sender's life is shorter than this, in seconds.
LIFE = 0.35


class Moody(Receiver):
    """Does with a request whatever a receiver on a bad day may do, until it is `calm`."""

    chance = random.Random(SEED)
    calm = False

    async def _take(self, request: web.Request) -> web.Response:
        mood = "well" if self.calm else self.chance.choice(("well", "late", "refuses", "forgets", "breaks"))
        self.forgets_to_answer = mood in ("forgets", "breaks")
        # Whoever came first is not always served first.
        await request.read()
        await asyncio.sleep(self.chance.random() * 0.08 if mood == "late" else 0)
        self.forgets_to_answer = mood in ("forgets", "breaks")
        if mood in ("refuses", "forgets"):
            self.answers.append((503, {}))
        answer = await super()._take(request)
        if mood == "breaks" and request.transport:
            request.transport.abort()
        return answer


class Senders:
    """Starts senders one after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self._told, self._says = process.stdin, process.stdout

    async def one(self, life: float | None) -> bool:
        """One sender that is killed after so many seconds, or lives until nothing waits; whether it was killed."""
        self._told.write(b"go\n")
        async with asyncio.timeout(60):
            number = int(await self._says.readline())
            over = asyncio.create_task(self._says.readline())
            await asyncio.wait([over], timeout=life)
            killed = not over.done()
            if killed:
                try:
                    os.kill(number, signal.SIGKILL)
                except ProcessLookupError:
                    killed = False
            assert await over == b"over\n"
        return killed


@asynccontextmanager
async def senders(data: Path, receiver: Receiver) -> AsyncIterator[Senders]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.sending", str(data), receiver.address, SECRET),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Senders(process)
    assert process.stdin
    process.stdin.close()
    await asyncio.wait_for(process.wait(), 30)


def events(house: House, prefix: str) -> dict[str, tuple[str, bytes]]:
    """Releases and erasures, put on their way; target and payload by the key of each."""

    def settle(conn: Connection) -> list[Any]:
        for number in range(RELEASES):
            people = crowd(conn, mixed("ab", 24), f"{prefix}{number}-")
            publish(conn, house.content, "dreams", 10, now(), "http://127.0.0.1/in")
        for one in people[:ERASED]:
            erase(conn, one, house.keys, now(), True)
        return list(conn.execute(select(outbox).where(outbox.c.done_at.is_(None))))

    with house.engine.connect() as conn:
        begin_write(conn)
        rows = settle(conn)
        conn.commit()
    return {row.id: (row.target, row.payload) for row in rows}


@pytest.mark.soak
async def test_each_event_is_taken_exactly_once(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    kills = MANY_KILLS if "soak" in request.config.getoption("markexpr") else KILLS
    data, chance, killed, made = tmp_path / "data", random.Random(SEED), 0, {}
    was_killed = False
    house = build(Settings(_env_file=None, data=data))  # type: ignore[call-arg]
    async with Moody(SECRET) as receiver, senders(data, receiver) as one_after_the_other:
        for number in range(20 * kills):
            # Whoever sent everything is followed by somebody with more to send.
            if not was_killed:
                made |= events(house, f"{number}-")
            was_killed = await one_after_the_other.one(chance.random() * LIFE)
            killed += was_killed
            if killed == kills:
                break
        receiver.calm = True
        assert not await one_after_the_other.one(None)
    house.engine.dispose()
    posted = {name: payload for name, (target, payload) in made.items() if target == "url"}
    assert len(posted) >= 2 * ERASED
    assert receiver.events == {name: json.loads(payload) for name, payload in posted.items()}
    assert receiver.refused == []
    assert receiver.again
    assert killed == kills
    folder = data / "drop"
    dropped = [payload for target, payload in made.values() if target == "file"]
    whole = {file.read_bytes() for file in folder.glob("*.json")}
    assert whole == set(dropped)
    for file in folder.glob("*.json"):
        told = file.with_name(f"{file.name}.sha256").read_text("ascii")
        assert told == f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n"
    assert len(list(folder.iterdir())) == 2 * len(dropped)
