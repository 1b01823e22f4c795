"""The push: summaries reach the folder and the receiver exactly once, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import insert, select, update

from bot.house import House
from bot.push import WAITS, Push, drop, retry_after
from storage.database import now
from storage.erasure import erase
from storage.outbox import outbox
from tests.receiver import Receiver
from tests.seeding import crowd, mixed

SECRET = "whsec_" + base64.b64encode(b"a secret of the receiver").decode()
OLDER = "whsec_" + base64.b64encode(b"its secret of last year!").decode()


@dataclass(frozen=True)
class Settings:
    """What the push reads of the settings."""

    drop_folder: Path
    export_url: str = ""
    export_secret: str = ""
    export_every: int = 1
    reveal_at: int = 10


async def people(house: House, prefix: str, number: int = 12) -> None:
    await house.worker.run(lambda conn: crowd(conn, mixed("ab", number), prefix))


async def waiting(house: House) -> list[Any]:
    return await house.worker.run(lambda conn: list(conn.execute(select(outbox).order_by(outbox.c.target))))


async def time_passes(house: House) -> None:
    """Whatever waits for its next try is due."""
    await house.worker.run(lambda conn: conn.execute(update(outbox).values(next_at=now() - timedelta(seconds=1))))


async def once(push: Push) -> None:
    async with aiohttp.ClientSession() as session:
        await push.deliver(session)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def until(ready: Callable[[], bool], seconds: float = 8) -> None:
    async with asyncio.timeout(seconds):
        while not ready():  # noqa: ASYNC110 - what is waited for is a file or another thread
            await asyncio.sleep(0.02)


async def test_a_summary_reaches_the_folder_and_the_receiver(house: House, tmp_path: Path) -> None:
    async with Receiver(SECRET) as receiver:
        settings = Settings(tmp_path / "drop", receiver.address, SECRET)
        running = asyncio.create_task(Push(house.worker, house.content, settings).run())
        await people(house, "p")
        await until(lambda: bool(receiver.events) and len(finished(settings.drop_folder)) == 2)
        while not all(row.done_at for row in await waiting(house)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    (event,) = receiver.events.values()
    assert event["type"] == "nl.stadsdialoog.summary.released"
    assert event["subject"] == "dreams/1"
    assert event["data"]["dilemmas"]["growth"]["counts"]["a"] == 6
    name, checksum = files(settings.drop_folder)
    assert (name, checksum) == (f"summary-dreams-0001-{event['id'][4:12]}.json", f"{name}.sha256")
    content = (settings.drop_folder / name).read_bytes()
    assert json.loads(content) == event
    assert (settings.drop_folder / checksum).read_text() == f"{hashlib.sha256(content).hexdigest()}  {name}\n"
    assert all(row.done_at is not None for row in await waiting(house))
    assert receiver.refused == []


def finished(folder: Path) -> list[str]:
    """The files that are whole: one that is being written has another name."""
    return [name for name in files(folder) if not name.startswith(".")] if folder.exists() else []


async def test_a_receiver_that_was_down_gets_the_same_event_later(house: House, tmp_path: Path) -> None:
    receiver = Receiver(SECRET)
    async with receiver:
        pass  # it had a port, and is gone
    push = Push(house.worker, house.content, Settings(tmp_path / "drop", receiver.address, SECRET))
    await people(house, "p")
    await push.release()
    for tries in range(3):
        await once(push)
        _, row = await waiting(house)
        assert (row.target, row.tries, row.done_at) == ("url", tries + 1, None)
        wait = (row.next_at - now()).total_seconds()
        assert WAITS[tries] - 2 < wait <= WAITS[tries] * 1.1
        await time_passes(house)
    async with receiver:
        await once(push)
        await once(push)
    assert list(receiver.events) == [row.id]
    assert receiver.knocks == [row.id]


async def test_an_event_that_was_taken_without_an_answer_is_taken_once(house: House, tmp_path: Path) -> None:
    script = deque([(500, {}), (503, {})])
    async with Receiver(SECRET, script, forgets_to_answer=True) as receiver:
        push = Push(house.worker, house.content, Settings(tmp_path / "drop", receiver.address, SECRET))
        await people(house, "p")
        await push.release()
        for _ in range(3):
            await once(push)
            await time_passes(house)
        await once(push)
    assert len(receiver.events) == 1
    assert receiver.knocks == list(receiver.events) * 3
    assert receiver.again == list(receiver.events) * 2


async def test_each_release_is_an_event_of_its_own(house: House, tmp_path: Path) -> None:
    async with Receiver(SECRET) as receiver:
        push = Push(house.worker, house.content, Settings(tmp_path / "drop", receiver.address, SECRET))
        for prefix in "pqr":
            await people(house, prefix)
            await push.release()
            await push.release()
            await once(push)
    told = [event["data"]["release"] for event in receiver.events.values()]
    assert told == [1, 2, 3]
    assert len(files(tmp_path / "drop")) == 6


async def test_two_secrets_sign_while_one_replaces_the_other(house: House, tmp_path: Path) -> None:
    async with Receiver(SECRET) as new, Receiver(OLDER) as old, Receiver("whsec_" + "c2ls") as neither:
        for number, receiver in enumerate((new, old, neither)):
            settings = Settings(tmp_path / "drop", receiver.address, f"{OLDER} {SECRET}")
            push = Push(house.worker, house.content, settings)
            await people(house, f"{number}")
            await push.release()
            await once(push)
    assert (len(new.events), len(old.events), len(neither.events)) == (1, 1, 0)
    assert neither.refused == ["No matching signature found"]
    assert len(new.headers[0]["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize(
    ("header", "least", "most"), [("120", 118, 120), ("9999999", 86_300, 86_400), ("soon", 3, 5.5), ("0", 0, 1)]
)
async def test_a_receiver_may_say_when_to_come_back(
    house: House, tmp_path: Path, header: str, least: float, most: float
) -> None:
    async with Receiver(SECRET, deque([(429, {"Retry-After": header})])) as receiver:
        push = Push(house.worker, house.content, Settings(tmp_path / "drop", receiver.address, SECRET))
        await people(house, "p")
        await push.release()
        async with aiohttp.ClientSession() as session:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await push.deliver(session)
    _, row = await waiting(house)
    assert row.last_error == "429"
    assert least <= (row.next_at - now()).total_seconds() <= most


def test_when_to_come_back_may_be_a_date() -> None:
    at = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
    assert retry_after("Sat, 14 Mar 2026 12:05:00 GMT", at) == 300
    assert retry_after("Sat, 14 Mar 2026 11:00:00 GMT", at) == 1
    assert retry_after("Sat, 14 Mar 2099 11:00:00 GMT", at) == 86_400
    assert [retry_after(text, at) for text in (None, "", "9" * 5000, "-5", "Sat, 99 Mar")] == [
        None,
        None,
        86_400,
        None,
        None,
    ]


async def test_a_receiver_that_is_gone_is_left_alone(house: House, tmp_path: Path) -> None:
    async with Receiver(SECRET, deque([(410, {})])) as receiver, Receiver(SECRET) as moved:
        push = Push(house.worker, house.content, Settings(tmp_path / "drop", receiver.address, SECRET))
        for prefix in "pq":
            await people(house, prefix)
            await push.release()
            await once(push)
        assert len(receiver.knocks) == 1
        assert [row.target for row in await waiting(house)] == ["file", "file", "url"]
        elsewhere = Push(house.worker, house.content, Settings(tmp_path / "drop", moved.address, SECRET))
        await people(house, "r")
        await elsewhere.release()
        await once(elsewhere)
    assert [event["data"]["release"] for event in moved.events.values()] == [3]


async def test_a_redirect_is_not_followed(house: House, tmp_path: Path) -> None:
    async with Receiver(SECRET) as other, Receiver(SECRET, deque([(307, {"Location": other.address})])) as receiver:
        push = Push(house.worker, house.content, Settings(tmp_path / "drop", receiver.address, SECRET))
        await people(house, "p")
        await push.release()
        await once(push)
    assert other.knocks == []


async def test_an_erasure_is_told_once_and_leaves_no_row(house: House, tmp_path: Path) -> None:
    async with Receiver(SECRET, deque([(500, {})])) as receiver:
        push = Push(house.worker, house.content, Settings(tmp_path / "drop", receiver.address, SECRET))
        (ada,) = await house.worker.run(lambda conn: crowd(conn, [{"growth": "a"}], "ada"))
        await house.worker.run(lambda conn: erase(conn, ada, house.keys, now(), tell_receiver=True))
        await once(push)
        assert len(await waiting(house)) == 1
        await time_passes(house)
        await once(push)
    (event,) = receiver.events.values()
    assert event["type"] == "nl.stadsdialoog.participant.erased"
    assert event["data"] == {"participant": house.keys.pseudonym(ada)}
    assert await waiting(house) == []
    assert not (tmp_path / "drop").exists()
    pseudonym = house.keys.pseudonym(ada).encode()

    def still_there() -> list[str]:
        return [path.name for path in house.settings.data.glob("stadsdialoog.db*") if pseudonym in path.read_bytes()]

    await until(lambda: not still_there())


async def test_what_cannot_be_delivered_for_thirty_days_is_given_up(house: House, tmp_path: Path) -> None:
    row = {"payload": b"{}", "next_at": now(), "tries": 9, "last_error": "500", "target": "url"}
    released = "nl.stadsdialoog.summary.released"
    rows = [
        {**row, "id": "evt_1", "type": released, "made_at": now() - timedelta(days=31)},
        {**row, "id": "evt_2", "type": "nl.stadsdialoog.participant.erased", "made_at": now() - timedelta(days=31)},
        {**row, "id": "evt_3", "type": "nl.stadsdialoog.participant.erased", "made_at": now() - timedelta(days=29)},
        {**row, "id": "evt_4", "type": released, "made_at": now() - timedelta(days=31), "last_error": ""},
    ]
    await house.worker.run(lambda conn: conn.execute(insert(outbox), rows))
    await Push(house.worker, house.content, Settings(tmp_path / "drop")).release()
    left = {row.id: (row.done_at is not None, row.last_error) for row in await waiting(house)}
    assert left == {"evt_1": (True, "500"), "evt_3": (False, "500"), "evt_4": (True, "given up")}


async def test_a_folder_that_cannot_be_written_is_tried_again(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.write_text("in the way")
    push = Push(house.worker, house.content, Settings(folder))
    await people(house, "p")
    await push.release()
    await once(push)
    (row,) = await waiting(house)
    assert (row.tries, row.last_error) == (1, "FileExistsError")
    folder.unlink()
    await time_passes(house)
    await once(push)
    assert len(files(folder)) == 2


def test_dropping_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        drop(tmp_path, "one.json", b"{}")
    assert files(tmp_path) == ["one.json", "one.json.sha256"]


async def test_planned_and_closed_rounds_are_not_released(house: House, tmp_path: Path) -> None:
    from storage.keeping import rounds

    await people(house, "p")
    await house.worker.run(lambda conn: conn.execute(update(rounds).values(state="closed")))
    await Push(house.worker, house.content, Settings(tmp_path / "drop")).release()
    assert await waiting(house) == []


async def test_no_address_and_no_secret_in_the_log(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver = Receiver(SECRET, deque([(500, {}), (410, {})]))
    async with receiver:
        push = Push(house.worker, house.content, Settings(tmp_path / "drop", receiver.address, SECRET))
        await people(house, "p")
        await push.release()
        await once(push)
    await time_passes(house)
    await once(push)
    told = caplog.text + "".join(str(row) for row in await waiting(house))
    assert "was not delivered to url" in told
    assert "of-the-address" not in told
    assert str(receiver.port) not in told
    assert SECRET not in told


async def test_stopping_takes_no_time_while_a_receiver_says_nothing(house: House, tmp_path: Path) -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await people(house, "p")
    push = Push(house.worker, house.content, Settings(tmp_path / "drop", f"http://127.0.0.1:{port}/", SECRET))
    running = asyncio.create_task(push.run())
    await until(lambda: len(finished(tmp_path / "drop")) == 2)
    began = time.monotonic()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert time.monotonic() - began < 1
    server.close()


def test_an_address_without_a_secret_stops_the_start(house: House, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="EXPORT_SECRET"):
        Push(house.worker, house.content, Settings(tmp_path, "http://127.0.0.1:9/"))
