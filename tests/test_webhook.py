"""Telegram by webhooks: the tests' Bot API posts to the web chat's port, by Telegram's rules."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from bot import webchat
from bot.desk import Desk
from bot.group_time import GroupTime
from bot.house import House
from bot.telegram_webhook import MOST_BYTES, PATH, SECRET_HEADER, Webhook
from storage.tables import HandledUpdate, Owed
from tests.botapi import BotApi, Resident
from tests.botapi.fixtures import QUICK, api
from tests.classroom import Classroom
from tests.process import Process
from tests.test_telegram import answers, begin, choice, kept, to_first_dilemma
from tests.test_telegram_keeping import Door

__all__ = ["api"]

PUBLIC = "https://praat.example"
SECRET = "s3cret-of-these_tests"
LOOK = 0.3
UPDATE = {"update_id": 5, "message": {}}


class Machine:
    """The web chat's port with the webhook on it, in front of a desk; and what the leader does."""

    def __init__(self, api: BotApi, house: House, desk: Desk, most: int = 200, secret: str = SECRET) -> None:
        self.groups = house.groups()
        where = api.token, api.address
        self.webhook = Webhook(*where, desk, house.content, PUBLIC, secret, QUICK, most, LOOK, self.groups)
        app = webchat.app(desk, house.content, f"{PUBLIC}/", secure=True)
        self.webhook.join(app)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        self.tasks: list[asyncio.Task[None]] = []
        self.base = ""

    async def start(self, leads: bool = True) -> None:
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self.runner.addresses[0][1]}"
        self.tasks = [asyncio.create_task(self.webhook.run())]
        if leads:
            duties = self.webhook.lead(), self.webhook.show_groups(), GroupTime(self.groups, 0.1).run()
            self.tasks += [asyncio.create_task(one) for one in duties]

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        for task in self.tasks:
            with suppress(asyncio.CancelledError):
                await task
        self.tasks = []
        await self.runner.cleanup()


Begin = Callable[..., Any]


@pytest_asyncio.fixture
async def machine(api: BotApi, house: House, desk: Desk) -> AsyncIterator[Begin]:
    """Start a machine behind the public address; as often as a test likes."""
    begun: list[Machine] = []

    async def start(with_desk: Desk | None = None, leads: bool = True, **how: Any) -> Machine:
        one = Machine(api, house, with_desk or desk, **how)
        await one.start(leads)
        api.webhooks.behind.append(one.base)
        begun.append(one)
        if leads:
            await until(lambda: api.updates.webhook)
        return one

    yield start
    for one in begun:
        await one.stop()


async def until(so: Callable[[], object], within: float = 30.0) -> None:
    async with asyncio.timeout(within):
        while not so():  # noqa: ASYNC110  anything at all may be waited for
            await asyncio.sleep(0.005)


async def post(base: str, body: bytes | str, secret: str | None = SECRET, **more: Any) -> tuple[int, str]:
    """Status and Retry-After of a post to the path."""
    headers = {"Content-Type": "application/json", **more.pop("headers", {})}
    if secret is not None:
        headers[SECRET_HEADER] = secret
    async with aiohttp.ClientSession() as client, client.post(base + PATH, data=body, headers=headers) as response:
        return response.status, response.headers.get("Retry-After", "")


# ---------------------------------------------------------------- as it should go


async def test_a_whole_walk(api: BotApi, machine: Begin, house: House) -> None:
    await machine()
    resident = Resident(api, 1001)
    shown = await begin(resident)
    for _ in range(30):
        if any(data.startswith("goodbye:") for data in shown.data):
            break
        await resident.tap(0)
        shown = await resident.reply()
    assert [(dilemma, revision, live) for dilemma, _, revision, live in answers(house)] == [
        (code, 1, True) for code in ("growth", "inner_city", "space", "society", "digital")
    ]
    await until(lambda: not kept(house, Owed) and not api.updates.waiting)
    assert len(api.calls_of("answerCallbackQuery")) == len(api.queries)
    assert api.calls_of("getUpdates") == []
    assert {status for _, status in api.webhooks.told} == {200}


async def test_telegram_is_told_where_with_which_secret_and_for_what(api: BotApi, machine: Begin) -> None:
    await machine()
    (call,) = api.calls_of("setWebhook")
    assert call.params == {
        "url": "https://praat.example/telegram",
        "secret_token": SECRET,
        "max_connections": 100,
        "allowed_updates": ["message", "callback_query", "my_chat_member"],
    }
    assert not api.calls_of("deleteWebhook")


async def test_a_webhook_that_somebody_took_away_is_set_again(api: BotApi, machine: Begin) -> None:
    await machine()
    await until(lambda: api.calls_of("getWebhookInfo"))
    api.updates.webhook = ""
    await until(lambda: api.updates.webhook == "https://praat.example/telegram")


async def test_a_lone_surrogate_and_4096_emoji_pass(api: BotApi, machine: Begin, house: House) -> None:
    await machine()
    resident = Resident(api, 1001)
    await begin(resident)
    await resident.say("😀" * 4096 + "\ud83d")
    await resident.reply()
    await until(lambda: not api.updates.waiting)
    assert {status for _, status in api.webhooks.told} == {200}


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "gehëim"])
async def test_a_wrong_secret_is_refused_and_nothing_is_read(machine: Begin, house: House, secret: str | None) -> None:
    one = await machine()
    assert await post(one.base, json.dumps(UPDATE), secret) == (403, "")
    assert await post(one.base, b"x" * 1000, secret) == (403, "")
    assert kept(house, HandledUpdate) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_only_a_post_is_taken(machine: Begin, method: str) -> None:
    one = await machine()
    headers = {SECRET_HEADER: SECRET}
    async with aiohttp.ClientSession() as client:
        answer = await client.request(method, one.base + PATH, headers=headers)
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json; charset=utf-8"])
async def test_only_json_is_taken(machine: Begin, kind: str) -> None:
    one = await machine()
    assert await post(one.base, json.dumps(UPDATE), headers={"Content-Type": kind}) == (415, "")


async def test_ten_megabytes_are_refused_with_and_without_a_length(machine: Begin) -> None:
    one = await machine()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b"[" * 65_536

    assert (await post(one.base, b"x" * 10 * 2**20))[0] == 413
    headers = {SECRET_HEADER: SECRET, "Content-Type": "application/json"}
    with suppress(aiohttp.ClientError):  # cut off while it still sends
        async with (
            aiohttp.ClientSession() as client,
            client.post(one.base + PATH, data=pieces(), headers=headers) as answer,
        ):
            assert answer.status == 413
    assert (await post(one.base, json.dumps({**UPDATE, "message": {"text": "x" * (MOST_BYTES - 200)}})))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"null", b"[]", b"7", b'"x"', b"{}", b'{"update_id": "5"}', b'{"update_id": true}'),
        *(b"\xff\xfe\x00", b"[" * 100_000, b'{"update_id": 1' + b"0" * 5000 + b"}", b'{"update_id": 5.0}'),
    ],
)
async def test_what_is_no_update_is_refused(
    machine: Begin, house: House, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    one = await machine()
    assert await post(one.base, body) == (400, "")
    assert kept(house, HandledUpdate) == []
    assert "Traceback" not in caplog.text


async def test_nothing_of_a_body_is_logged(machine: Begin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = await machine()
    said = "zeer persoonlijk"
    for body in (f'{{"update_id": 9, "message": {{"text": "{said}"}}}}', f'{{"update_id": "{said}"}}', said):
        await post(one.base, body)
        await post(one.base, body, "wrong")
    assert said not in caplog.text
    assert SECRET not in caplog.text


async def test_a_broken_update_is_parked_and_does_not_hold_up_its_line(
    api: BotApi, machine: Begin, house: House
) -> None:
    one = await machine()
    api.put_broken(1001)
    resident = Resident(api, 1001)
    await to_first_dilemma(resident)
    await until(lambda: not api.updates.waiting)
    assert one.webhook.health()["parked"] == 1
    assert [row.parked for row in kept(house, HandledUpdate) if row.parked] == ["broken:callback_query"]


# ---------------------------------------------------------------- keep before 200


async def test_200_is_said_only_after_the_commit(api: BotApi, machine: Begin, desk: Desk) -> None:
    door = Door(desk)
    await machine(door)
    resident = Resident(api, 1001)
    await resident.say("/start")
    await until(lambda: door.waiting == 1)
    await asyncio.sleep(0.1)
    assert api.webhooks.told == []
    assert resident.messages == []
    door.open.set()
    await resident.reply()
    await until(lambda: [status for _, status in api.webhooks.told] == [200])


async def test_what_could_not_be_kept_comes_again_and_is_kept_once(
    api: BotApi, machine: Begin, desk: Desk, house: House
) -> None:
    door = Door(desk)
    door.open.set()
    one = await machine(door)
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    # What came before is told first: its 200 may come after its reply.
    await until(lambda: not api.updates.waiting)
    door.broken = True
    assert await post(one.base, json.dumps(message(7, 1002))) == (503, "3")
    begun, before = time.monotonic(), len(api.webhooks.told)
    await resident.tap(choice(shown, "a"))
    assert (await resident.reply()).text == house.content.words("nl")("telegram.later")
    door.broken = False
    assert "growth.reasons" in (await resident.reply()).data[0]
    assert time.monotonic() - begun >= 3.0, "Retry-After is honoured"
    await until(lambda: [status for _, status in api.webhooks.told[before:]] == [503, 200])
    assert answers(house) == [("growth", "a", 1, True)]


async def test_who_cannot_keep_up_says_so_and_nothing_is_lost(
    api: BotApi, machine: Begin, desk: Desk, house: House
) -> None:
    door = Door(desk)
    one = await machine(door, most=5)
    residents = [Resident(api, 2000 + number) for number in range(12)]
    for resident in residents:
        await resident.say("/start")
    await until(lambda: len(api.webhooks.told) >= 7)
    assert one.webhook.health()["under_way"] == 5
    assert {status for _, status in api.webhooks.told} == {503}
    door.open.set()
    for resident in residents:
        await resident.reply()
    await until(lambda: not api.updates.waiting)
    assert all(len(resident.messages) == 1 for resident in residents)


async def test_before_telegram_was_reached_it_is_asked_to_come_back(api: BotApi, machine: Begin) -> None:
    fault = api.fault("getMe", times=None, status=500)
    one = await machine(leads=False)
    assert await post(one.base, json.dumps(UPDATE)) == (503, "1")
    assert one.webhook.health()["ready"] is False
    fault.stop()
    await until(lambda: one.webhook.health()["ready"])
    assert (await post(one.base, json.dumps(UPDATE)))[0] == 200


async def test_the_same_update_twice_counts_once(api: BotApi, machine: Begin, house: House) -> None:
    await machine()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    await resident.tap(choice(shown, "a"))
    await resident.reply()
    await until(lambda: not api.updates.waiting)
    again = api.updates.redeliver(1)
    assert "growth.reasons" in (await resident.reply()).data[0], "the question is shown again"
    await until(lambda: not api.updates.waiting)
    assert [number for number, _ in api.webhooks.told].count(again[0]) == 2
    assert answers(house) == [("growth", "a", 1, True)]


async def test_a_text_that_overtakes_a_press_answers_nothing_wrongly(
    api: BotApi, machine: Begin, desk: Desk, house: House
) -> None:
    """Telegram delivers a person's texts and presses in two lines: the later one may come first."""
    one = await machine(leads=False)
    await until(lambda: one.webhook.health()["ready"])
    resident = Resident(api, 1001)
    api.updates.webhook = PUBLIC
    api.webhooks.begin(f"{PUBLIC}{PATH}", SECRET, 40)
    shown = await to_first_dilemma(resident)
    await until(lambda: not api.updates.waiting)
    api.webhooks.end()
    await resident.tap(choice(shown, "a"))
    await resident.say("overslaan")
    press, typed = api.updates.waiting
    assert (await post(one.base, json.dumps(typed.update)))[0] == 200
    now = await resident.reply()
    assert "growth.reasons" in now.data[0], "the position was skipped"
    assert (await post(one.base, json.dumps(press.update)))[0] == 200
    assert (await resident.reply()).data == now.data
    assert [code for _, code, _, _ in answers(house)] == [""]
    assert answers(house, "reasons") == []
    api.updates.waiting.clear()


# ---------------------------------------------------------------- several processes, and stopping


async def test_two_processes_take_turns_and_each_answer_is_kept_once(
    api: BotApi, machine: Begin, house: House, content: Any
) -> None:
    await machine()
    await machine(house.desk(), leads=False)
    residents = [Resident(api, 3000 + number) for number in range(8)]

    async def walk(resident: Resident) -> None:
        shown = await begin(resident)
        while not shown.data[0].startswith("goodbye:"):
            await resident.tap(0)
            shown = await resident.reply()

    await asyncio.gather(*(walk(resident) for resident in residents))
    assert len(answers(house)) == 8 * 5
    assert len(api.calls_of("setWebhook")) == 1
    await until(lambda: not kept(house, Owed))


async def test_what_a_process_that_died_left_owed_is_sent_by_another(
    api: BotApi, machine: Begin, desk: Desk, house: House
) -> None:
    first = await machine()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    lost = api.fault("sendMessage", times=None, status=500)
    await resident.tap(choice(shown, "a"))
    await until(lambda: kept(house, Owed))
    await first.stop()
    lost.stop()
    api.webhooks.behind.clear()
    await machine(house.desk())
    again = await resident.reply()
    assert "growth.reasons" in again.data[0]
    await until(lambda: not kept(house, Owed))
    await resident.quiet()


async def test_stopping_finishes_what_was_begun(api: BotApi, machine: Begin, desk: Desk, house: House) -> None:
    door = Door(desk)
    one = await machine(door)
    resident = Resident(api, 1001)
    await resident.say("/start")
    await until(lambda: door.waiting == 1)
    stopping = asyncio.create_task(one.stop())
    await asyncio.sleep(0.05)
    assert await post(one.base, json.dumps(UPDATE)) == (503, "1")
    door.open.set()
    await stopping
    await resident.reply()
    await until(lambda: [status for _, status in api.webhooks.told] == [200])


async def test_served_by_bot_py_and_back_to_polling(api: BotApi, tmp_path: Path) -> None:
    """The setting alone switches, and the secret comes from the one key."""
    process = Process(tmp_path / "data", api)
    web_port = process.env["STADSDIALOOG_WEB"]
    process.env["STADSDIALOOG_TELEGRAM_WEBHOOK"] = PUBLIC
    api.webhooks.behind.append(f"http://{web_port}")
    await process.start()
    resident = Resident(api, 1001)
    await resident.say("/start")
    await resident.reply(within=20)
    assert api.updates.webhook
    assert len(api.calls_of("setWebhook")[0].params["secret_token"]) == 64
    assert (await post(f"http://{web_port}", json.dumps(UPDATE)))[0] == 403
    assert await process.end(15) == 0
    del process.env["STADSDIALOOG_TELEGRAM_WEBHOOK"]
    await process.start()
    await resident.say("/start")
    await resident.reply(within=20)
    assert not api.updates.webhook
    assert await process.end(15) == 0
    log = process.log.read_text("utf8")
    assert "Traceback" not in log
    assert api.calls_of("setWebhook")[0].params["secret_token"] not in log


def message(number: int, chat: int) -> dict[str, Any]:
    """A /start as Telegram writes it."""
    person = {"id": chat, "is_bot": False, "first_name": "Somebody"}
    chat_of = {"id": chat, "type": "private", "first_name": "Somebody"}
    text = {"text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}
    return {"update_id": number, "message": {"message_id": 1, "from": person, "chat": chat_of, "date": 1, **text}}


async def test_a_group_whose_members_press_at_two_processes_sees_one_card(
    api: BotApi, machine: Begin, house: House
) -> None:
    leader = await machine()
    await machine(leads=False)

    class Both:
        """What a class knows of who serves it: the leader shows groups what is so."""

        telegram = leader.webhook

    room = Classroom(api, Both(), house.content, -7301, members=4)  # type: ignore[arg-type]
    await room.begins()
    for one, number in zip(room.members, (1, 1, 5, 5), strict=True):
        assert (await room.choose(one, number)).startswith(f"{number}: ")
    view = await room.posted(room.says("group.before"))
    assert "2" in view.text
    await room.shows(room.says("group.look"))
