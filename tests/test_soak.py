"""`kill -9` while fifty residents walk: nothing acknowledged is lost, nothing is kept that nobody gave, all go on.

`pytest` lets twenty walk and kills a few times for each channel and database, `pytest -m soak` (`make soak`) two
hundred times.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Engine, select, text

from storage.database import open_engine
from storage.keeping import answers, contacts, owed, participants
from storage.keys import Keys
from tests.botapi import BotApi
from tests.killing import (
    TELEGRAM_POINTS,
    WEB_POINTS,
    WEBHOOK_POINTS,
    Aim,
    Killer,
    OnTelegram,
    OnTheWeb,
    Street,
    aims,
    told,
)
from tests.process import KEY, ROOT, Process

SEED = 2040
# Residents at once, and kills: at full size, and by default.
PEOPLE, SOAK = 50, 200
FEWER, SAMPLE = 20, 3
POINTS = {"telegram": TELEGRAM_POINTS, "webhook": WEBHOOK_POINTS, "web": WEB_POINTS}
DYING = ROOT / "tests" / "dying.py"
PUBLIC = "https://praat.example"


@pytest.mark.soak
@pytest.mark.parametrize(
    ("channel", "database"),
    [
        *(("telegram", "sqlite"), ("telegram", "postgresql")),
        *(("webhook", "sqlite"), ("webhook", "postgresql")),
        *(("web", "sqlite"), ("web", "postgresql")),
    ],
    indirect=["database"],
)
async def test_killed_at_any_moment(
    request: pytest.FixtureRequest, tmp_path: Path, channel: str, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "soak" in request.config.getoption("markexpr")
    chance = random.Random(f"{SEED} {channel} {bool(database)}")
    async with BotApi() as api, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        process = Process(tmp_path / "data", None if channel == "web" else api, database, DYING)
        killer = Killer(process)
        if channel == "webhook":
            process.env["STADSDIALOOG_TELEGRAM_WEBHOOK"] = PUBLIC
            api.webhooks.behind.append(f"http://{process.env['STADSDIALOOG_WEB']}")
            api.webhooks.watch = killer.at
        api.watch = killer.watch
        people = PEOPLE if long else FEWER
        street = Street(people, lambda number, hurry: make(channel, number, hurry, api, killer, client))
        street.open()
        try:
            moments = aims(POINTS[channel], SOAK, chance)
            await kill(street, killer, process, people, moments if long else chance.sample(moments, SAMPLE))
            await street.close()
            await all_settled(process, database)
            assert await process.end(signal.SIGTERM) == 0
        finally:
            street.leave()
            if process.running:
                await process.end(signal.SIGKILL)
    check_kept(street.walkers, process, database, channel)
    check_log(process, api)
    for one in street.walkers:
        assert one.repeated <= one.kills, f"the same was asked too often: {one.story}"
    if long:
        with capsys.disabled():
            print(f"\n{channel} on {'PostgreSQL' if database else 'SQLite'}: {told(street.walkers, killer)}")


def make(channel: str, number: int, hurry: Any, api: BotApi, killer: Killer, client: aiohttp.ClientSession) -> Any:
    """The next resident of the street."""
    chance = random.Random(f"{SEED} {channel} {number}")
    if channel != "web":
        walker = OnTelegram(number, chance, hurry)
        walker.begin(api)
        return walker
    page = OnTheWeb(number, chance, hurry)
    page.begin(f"ws://{killer.process.env['STADSDIALOOG_WEB']}/chat", killer, client)
    return page


async def kill(street: Street, killer: Killer, process: Process, people: int, moments: list[Aim]) -> None:
    """Start, kill at each of these moments, and start again."""
    await process.start()
    async with asyncio.timeout(120):
        while sum(bool(one.given) for one in street.walkers) < people / 2:
            await asyncio.sleep(0.05)
            street.check()
    for aim in moments:
        if not process.running:
            await process.start()
        await killer.kill_at(aim)
        for one in street.walkers:
            one.met_a_kill()
        street.check()
    await process.start()


# ---------------------------------------------------------------- what must be so afterwards


async def all_settled(process: Process, database: str) -> None:
    """Every reply that was promised on Telegram was sent; on the web a page asks for what it missed."""
    engine = open_engine(database or f"sqlite:///{process.env['STADSDIALOOG_DATA']}/stadsdialoog.db")
    query = (
        select(owed.c.participant)
        .join(contacts, contacts.c.participant == owed.c.participant)
        .where(contacts.c.channel == "telegram")
    )
    try:
        for _ in range(150):
            with engine.connect() as conn:
                if not conn.execute(query).all():
                    return
            await asyncio.sleep(0.1)
        raise AssertionError("replies stay owed")
    finally:
        engine.dispose()


def check_kept(walkers: list[Any], process: Process, database: str, channel: str) -> None:
    """Each resident is there once, with each answer that was given once, and nothing else."""
    data = Path(process.env["STADSDIALOOG_DATA"])
    secret = KEY if database else (data / "pseudonym.key").read_text("ascii").strip()
    keys = Keys(bytes.fromhex(secret))
    engine = open_engine(database or f"sqlite:///{data}/stadsdialoog.db")
    found = by_address(engine)
    with engine.connect() as conn:
        if not database:
            assert conn.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
        statuses = Counter(conn.execute(select(participants.c.status)).scalars())
    engine.dispose()
    assert statuses == {"finished": len(walkers)}
    for one in walkers:
        address = one.visit if channel == "web" else str(one.resident.chat.id)
        rows = found[keys.address("web" if channel == "web" else "telegram", address)]
        assert sorted(at for at, _ in rows) == sorted(one.given), f"an answer is lost, or kept twice: {one.story}"
        for at, code in rows:
            assert code in one.given[at], f"nobody gave {code!r} at {at}: {one.story}"


def by_address(engine: Engine) -> dict[str, list[tuple[str, str]]]:
    """Question and code of every answer, also of what is not current, by the hash of the address."""
    query = (
        select(contacts.c.address_hash, answers.c.dilemma, answers.c.item, answers.c.code)
        .join(answers, answers.c.participant == contacts.c.participant)
        .where(answers.c.item.in_(("position", "reasons")))
    )
    found: dict[str, list[tuple[str, str]]] = {}
    with engine.connect() as conn:
        for row in conn.execute(query):
            found.setdefault(row.address_hash, []).append((f"{row.dilemma}.{row.item}", row.code))
    return found


def check_log(process: Process, api: BotApi) -> None:
    """No fault, and neither the token nor anybody's chat."""
    log = process.log.read_text("utf8")
    assert "Traceback" not in log, log
    assert "ERROR" not in log, log
    assert api.token.partition(":")[2] not in log
    assert "9000" not in log
