"""When Telegram or the network has trouble: nothing is lost, nothing counts twice, nothing leaks into a log."""

from __future__ import annotations

import asyncio
import logging
import socket
import time

import pytest

from bot.house import House
from storage.tables import Contact, Owed
from tests.botapi import BotApi, Resident
from tests.botapi.fixtures import Serve, api, serve
from tests.test_telegram import answers, choice, kept, to_first_dilemma

__all__ = ["api", "serve"]


def reachable(house: House) -> list[bool]:
    return [row.reachable for row in sorted(kept(house, Contact), key=lambda row: row.address)]


# ---------------------------------------------------------------- 429


async def test_a_429_in_one_chat_slows_only_that_chat(api: BotApi, serve: Serve, house: House) -> None:
    serve()
    slow, quick = Resident(api, 1001), Resident(api, 1002)
    held, free = await to_first_dilemma(slow), await to_first_dilemma(quick)
    api.fault("sendMessage", chat=1001, retry_after=1)
    begun = time.monotonic()
    await slow.tap(choice(held, "a"))
    await slow.say("/privacy")
    await quick.tap(choice(free, "b"))
    await quick.reply()
    assert time.monotonic() - begun < 0.6
    first, second = await slow.reply(), await slow.reply()
    assert time.monotonic() - begun >= 1.0
    assert "growth.reasons" in first.data[0]
    assert second.text.startswith(house.content.words("nl")("privacy.head")), "in the order they were said"
    assert sorted(code for _, code, _, _ in answers(house)) == ["a", "b"]


async def test_many_429s_at_once_hold_back_everybody(api: BotApi, serve: Serve) -> None:
    serving = serve()
    residents = [Resident(api, 1001 + n) for n in range(4)]
    for number, resident in enumerate(residents):
        if number < 3:
            api.fault("sendMessage", chat=resident.chat.id, retry_after=1)
            await resident.say("/start")
    await serving.until(lambda: sum(f.hits for f in api.faults) == 3)
    await asyncio.sleep(0.05)
    begun = time.monotonic()
    await residents[3].say("/start")
    await residents[3].reply()
    assert time.monotonic() - begun > 0.7
    for resident in residents[:3]:
        await resident.reply()


async def test_a_429_on_getting_updates_makes_the_poller_wait(api: BotApi, serve: Serve) -> None:
    api.fault("getUpdates", retry_after=1)
    begun = time.monotonic()
    serve()
    resident = Resident(api, 1001)
    await resident.say("/start")
    await resident.reply()
    assert time.monotonic() - begun >= 1.0
    assert len(api.calls_of("getUpdates")) <= 4, "no hot loop"


# ---------------------------------------------------------------- trouble on the way


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 500},
        {"status": 502, "body": "<html>Bad Gateway</html>"},
        {"status": 200, "body": '{"ok":true,"resu'},
        {"drop": "before"},
    ],
)
async def test_a_failed_send_is_tried_again(
    api: BotApi, serve: Serve, house: House, trouble: dict[str, object]
) -> None:
    serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    api.fault("sendMessage", times=3, **trouble)
    await resident.tap(choice(shown, "a"))
    assert "growth.reasons" in (await resident.reply()).data[0]
    await resident.quiet(0.1)
    assert answers(house) == [("growth", "a", 1, True)]


async def test_a_send_that_was_applied_though_the_line_dropped_may_come_twice_and_counts_once(
    api: BotApi, serve: Serve, house: House
) -> None:
    serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    api.fault("sendMessage", drop="after")
    api.fault("answerCallbackQuery", drop="after")
    await resident.tap(choice(shown, "a"))
    first, second = await resident.reply(), await resident.reply()
    assert first.data == second.data
    await resident.tap_stale(first, 0)
    await resident.reply()
    await resident.tap_stale(second, 0)
    await asyncio.sleep(0.1)
    assert answers(house) == [("growth", "a", 1, True)]
    assert len(answers(house, "reasons")) == 1


@pytest.mark.parametrize("trouble", [{"drop": "before"}, {"drop": "after"}, {"status": 504, "body": "<html>"}])
async def test_trouble_with_polling_loses_nothing(
    api: BotApi, serve: Serve, house: House, trouble: dict[str, object]
) -> None:
    serving = serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    api.fault("getUpdates", times=3, **trouble)
    await resident.tap(choice(shown, "a"))
    await resident.reply()
    await serving.until(lambda: serving.telegram.health()["ready"])
    assert answers(house) == [("growth", "a", 1, True)]


async def test_what_was_given_up_is_sent_when_telegram_is_back(api: BotApi, serve: Serve, house: House) -> None:
    serving = serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    away = api.fault("sendMessage", times=None, status=500)
    await resident.tap(choice(shown, "a"))
    await serving.until(lambda: away.hits >= 6 and serving.telegram.health()["queued"] == 0)
    assert len(kept(house, Owed)) == 1
    api.updates.damping = False
    api.fault("getUpdates", times=2, status=500)
    away.stop()
    await Resident(api, 1002).say("wake the long poll")
    assert "growth.reasons" in (await resident.reply()).data[0]
    await serving.until(lambda: not kept(house, Owed))


async def test_telegram_away_at_the_start(api: BotApi, serve: Serve) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    serving = serve(address=f"http://127.0.0.1:{port}")
    await serving.until(lambda: "not reachable" in str(serving.telegram.health()["trouble"]))
    assert not serving.telegram.health()["ready"]
    assert not serving.task.done()
    await api.close()
    await api.open(port)
    resident = Resident(api, 1001)
    await resident.say("/start")
    await resident.reply()
    assert serving.telegram.health()["ready"]


async def test_a_webhook_left_behind_is_taken_away(api: BotApi, serve: Serve) -> None:
    api.updates.webhook = "https://old.example/"
    serve()
    resident = Resident(api, 1001)
    await resident.say("/start")
    await resident.reply()


async def test_a_second_poller_is_noticed(api: BotApi, serve: Serve) -> None:
    api.updates.conflict_delay = 0.05
    serving = serve()
    other = api.fault("getUpdates", times=3, status=409, description="Conflict: terminated by other getUpdates request")
    resident = Resident(api, 1001)
    await resident.say("/start")
    await serving.until(lambda: "another bot" in str(serving.telegram.health()["trouble"]))
    other.stop()
    await resident.reply()
    await serving.until(lambda: serving.telegram.health()["ready"])


# ---------------------------------------------------------------- people who are gone


async def test_who_blocks_the_bot_is_marked_and_others_go_on(api: BotApi, serve: Serve, house: House) -> None:
    serving = serve()
    gone, stays = Resident(api, 1001), Resident(api, 1002)
    shown, other = await to_first_dilemma(gone), await to_first_dilemma(stays)
    await gone.tap(choice(shown, "a"))
    await gone.say("/privacy")
    await gone.block()
    await stays.tap(choice(other, "b"))
    await stays.reply()
    await serving.until(lambda: reachable(house) == [False, True])
    await serving.until(lambda: serving.telegram.health()["queued"] == 0)
    assert not kept(house, Owed)
    assert len(answers(house)) == 2, "answers stay"
    assert len(api.calls_of("sendMessage", 1001)) <= 6, "no retries"
    await gone.unblock()
    await gone.say("/start")
    assert "growth.reasons" in (await gone.reply()).data[0]


@pytest.mark.parametrize("words", ["Forbidden: user is deactivated", "Bad Request: chat not found"])
async def test_nobody_there_any_more(api: BotApi, serve: Serve, house: House, words: str) -> None:
    serving = serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    fault = api.fault("sendMessage", times=None, status=403 if words.startswith("F") else 400, description=words)
    await resident.tap(choice(shown, "a"))
    await serving.until(lambda: reachable(house) == [False])
    assert fault.hits == 1


# ---------------------------------------------------------------- what the logs say


async def test_no_log_holds_the_token_a_name_an_address_or_a_text(
    api: BotApi, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    resident = Resident(api, 700100100)
    serving = serve()
    await to_first_dilemma(resident)
    api.fault("sendMessage", status=200, body='{"ok":true,"result":{"text":"secretive words')
    api.fault("sendMessage", status=502, body="<html>secretive words</html>")
    api.fault("sendMessage", drop="before")
    api.fault("getUpdates", status=200, body='{"ok":true,"result":[{"message":{"text":"secretive words"')
    api.put_broken()
    await resident.say("secretive words")
    await resident.reply()
    api.fault("sendMessage", status=400, description="Bad Request: can't parse entities: secretive words")
    await resident.say("more secretive words")
    await serving.until(lambda: all(fault.hits for fault in api.faults))
    refused = serve(token="7000000002:AAF-another-one-0123456789abcdefghijk")
    await refused.until(lambda: refused.telegram.health()["trouble"] == "the token is refused")
    nowhere = serve(address="http://127.0.0.1:1")
    await nowhere.until(lambda: "not reachable" in str(nowhere.telegram.health()["trouble"]))
    await asyncio.gather(serving.stop(), refused.stop(), nowhere.stop())
    assert "Telegram: the token is refused; trying again" in caplog.text
    assert "parked: callback_query" in caplog.text
    for secret in (api.token, api.token.partition(":")[2], "AAF-another", "secretive", "Resident", "700100100"):
        assert secret not in caplog.text, secret
