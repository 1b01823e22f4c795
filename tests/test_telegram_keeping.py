"""Keep before say: whenever the process or the database fails, no answer is lost and none counts twice."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.desk import Caller, Desk, NotKept, Reply
from bot.house import House
from bot.telegram_calls import PATIENCE, Patience
from bot.telegram_raw import RawBot
from bot.telegram_request import AiohttpRequest
from bot.telegram_screen import Part
from bot.telegram_sending import Sender
from conversations.shapes import Heard, Typed
from storage.tables import HandledUpdate, Owed
from tests.botapi import BotApi, Resident
from tests.botapi.fixtures import Serve, api, serve
from tests.botapi.resident import Seen
from tests.test_desk import begin
from tests.test_telegram import answers, choice, kept, to_first_dilemma

__all__ = ["api", "serve"]


class Door(Desk):
    """A real desk behind a door: closed it lets nobody in, out of order it keeps nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.open = asyncio.Event()
        self.broken = False
        self.waiting = 0

    @property
    def simulated(self) -> bool:
        return self._desk.simulated

    async def hear(self, caller: Caller, heard: Heard, update: str | None = None) -> Reply:
        if self.broken:
            raise NotKept("no room on the disk")
        self.waiting += 1
        await self.open.wait()
        self.waiting -= 1
        return await self._desk.hear(caller, heard, update)

    async def park(self, channel: str, update: str, kind: str) -> None:
        await self._desk.park(channel, update, kind)

    async def sent(self, reply: Reply) -> None:
        await self._desk.sent(reply)

    async def overtaken(self, reply: Reply) -> bool:
        return await self._desk.overtaken(reply)

    async def unreachable(self, caller: Caller) -> None:
        await self._desk.unreachable(caller)

    async def owed(self, channel: str) -> list[tuple[Caller, Reply]]:
        return await self._desk.owed(channel)


async def test_nothing_is_confirmed_before_it_is_kept(api: BotApi, serve: Serve, desk: Desk) -> None:
    door = Door(desk)
    serving = serve(door)
    resident = Resident(api, 1001)
    number = await resident.say("/start")
    await serving.until(lambda: door.waiting == 1)
    await asyncio.sleep(0.1)
    assert api.updates.confirmed <= number
    assert len(api.updates.waiting) == 1
    assert resident.messages == []
    door.open.set()
    await resident.reply()
    await serving.until(lambda: api.updates.confirmed == number + 1)


async def test_killed_before_confirming_everything_comes_again_and_counts_once(
    api: BotApi, serve: Serve, house: House
) -> None:
    first = serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    await first.until(lambda: api.updates.idle)
    api.fault("getUpdates", times=None, status=500)
    number = (await resident.tap(choice(shown, "a")))[0]
    await resident.reply()
    await first.stop()
    assert api.updates.waiting[0].id == number, "not confirmed"
    api.faults.clear()
    second = serve()
    again = await resident.reply()
    assert "growth.reasons" in again.data[0]
    await second.until(lambda: api.updates.confirmed > number)
    assert answers(house) == [("growth", "a", 1, True)]
    await resident.quiet(0.1)


async def stopped_owing_a_reply(api: BotApi, serve: Serve, house: House, resident: Resident) -> Seen:
    """A tap is kept and confirmed, and the process ends before its reply is sent; the message that was tapped."""
    first = serve(patience=Patience(first=0.01, longest=0.1, tries=1000, flush=0.1))
    shown = await to_first_dilemma(resident)
    api.fault("sendMessage", times=None, drop="before")
    await resident.tap(choice(shown, "a"))
    await first.until(lambda: len(kept(house, Owed)) == 1 and api.updates.idle)
    await first.stop()
    api.faults.clear()
    return shown


async def test_killed_between_commit_and_send_the_reply_is_sent_at_the_next_start(
    api: BotApi, serve: Serve, house: House
) -> None:
    await stopped_owing_a_reply(api, serve, house, resident := Resident(api, 1001))
    second = serve()
    assert "growth.reasons" in (await resident.reply()).data[0]
    await second.until(lambda: not kept(house, Owed))
    await resident.quiet(0.1)


async def test_who_taps_again_while_the_process_is_down_still_gets_the_reply(
    api: BotApi, serve: Serve, house: House
) -> None:
    shown = await stopped_owing_a_reply(api, serve, house, resident := Resident(api, 1001))
    await resident.tap_stale(shown, choice(shown, "a"))
    second = serve()
    assert "growth.reasons" in (await resident.reply()).data[0]
    await second.until(lambda: not kept(house, Owed))
    await resident.quiet(0.1)
    assert answers(house) == [("growth", "a", 1, True)]


async def test_killed_right_after_the_commit_the_question_comes_once(api: BotApi, serve: Serve, house: House) -> None:
    first = serve(patience=Patience(first=0.01, longest=0.1, tries=1000, flush=0.1))
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    await first.until(lambda: api.updates.idle)
    api.fault("getUpdates", times=None, status=500)
    api.fault("sendMessage", times=None, drop="before")
    number = (await resident.tap(choice(shown, "a")))[0]
    await first.until(lambda: len(kept(house, Owed)) == 1)
    await first.stop()
    assert api.updates.waiting[0].id == number, "owed, and not confirmed either"
    api.faults.clear()
    second = serve()
    assert "growth.reasons" in (await resident.reply()).data[0]
    await second.until(lambda: not kept(house, Owed) and api.updates.confirmed > number)
    await resident.quiet()
    assert answers(house) == [("growth", "a", 1, True)]


async def test_stopping_finishes_the_batch_sends_the_reply_and_confirms(
    api: BotApi, serve: Serve, desk: Desk, house: House
) -> None:
    door = Door(desk)
    serving = serve(door, patience=Patience())
    resident = Resident(api, 1001)
    number = await resident.say("/start")
    await serving.until(lambda: door.waiting == 1)
    begun = time.monotonic()
    stopping = asyncio.create_task(serving.stop())
    await asyncio.sleep(0.1)
    door.open.set()
    await stopping
    assert time.monotonic() - begun < 2.0
    await resident.reply()
    assert api.updates.confirmed == number + 1


async def test_while_nothing_can_be_kept_residents_hear_so_once_and_nothing_is_lost(
    api: BotApi, serve: Serve, desk: Desk, house: House
) -> None:
    door = Door(desk)
    door.open.set()
    serving = serve(door)
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    door.broken = True
    api.updates.damping = False
    number = (await resident.tap(choice(shown, "a")))[0]
    assert (await resident.reply()).text == house.content.words("nl")("telegram.later")
    await resident.quiet(0.5)
    assert api.updates.confirmed <= number
    polls = len(api.calls_of("getUpdates"))
    assert polls < 30, "no hot loop"
    door.broken = False
    assert "growth.reasons" in (await resident.reply()).data[0]
    await serving.until(lambda: api.updates.confirmed == number + 1)
    assert answers(house) == [("growth", "a", 1, True)]


async def test_a_broken_update_is_parked_and_the_others_go_on(api: BotApi, serve: Serve, house: House) -> None:
    resident = Resident(api, 1001)
    first = api.put_broken()
    await resident.say("/start")
    second = api.put_broken()
    serving = serve()
    await resident.reply()
    await serving.until(lambda: api.updates.confirmed == second + 1)
    assert serving.telegram.health()["parked"] == 2
    parked = sorted((row.id, row.parked) for row in kept(house, HandledUpdate) if row.parked)
    assert parked == [(f"telegram:{n}", "broken:callback_query") for n in (first, second)]


async def test_the_same_updates_twice_count_once(api: BotApi, serve: Serve, house: House) -> None:
    serving = serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    await resident.tap(choice(shown, "a"))
    await resident.reply()
    await serving.until(lambda: not api.updates.waiting)
    await serving.stop()
    again = api.updates.redeliver(3)
    second = serve()
    await second.until(lambda: api.updates.confirmed > again[-1] and not api.updates.waiting)
    assert answers(house) == [("growth", "a", 1, True)]


async def test_a_backlog_is_not_answered_question_by_question(api: BotApi, serve: Serve, house: House) -> None:
    serving = serve()
    resident = Resident(api, 1001)
    await to_first_dilemma(resident)
    await serving.stop()
    for _ in range(20):
        await resident.send_sticker()
    before = len(resident.messages)
    second = serve()
    await second.until(lambda: api.updates.waiting == [] and second.telegram.health()["queued"] == 0)
    assert 1 <= len(resident.messages) - before <= 4
    assert "growth.position" in resident.last.data[0]
    assert not kept(house, Owed)


async def test_a_press_too_old_to_be_answered_counts_all_the_same(
    api: BotApi, serve: Serve, desk: Desk, house: House
) -> None:
    door = Door(desk)
    door.open.set()
    serving = serve(door)
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    door.open.clear()
    await resident.tap(choice(shown, "a"))
    await serving.until(lambda: (len(api.calls_of("getUpdates")) and not api.updates._poll) or True)
    await asyncio.sleep(0.1)
    api.clock.advance(151)
    door.open.set()
    await resident.reply()
    assert answers(house) == [("growth", "a", 1, True)]


async def test_a_question_that_is_shown_again_is_not_sent_behind_the_next_one(
    api: BotApi, house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when one process is killed before it confirms, another one gets its update again, and a third the next tap."""
    caller, bot = Caller("telegram", "1900", "nl"), RawBot(api.token, api.address, AiohttpRequest(1))
    await begin(desk, caller)
    first = await desk.hear(caller, Typed("overslaan"), "20")
    again = await desk.hear(caller, Typed("overslaan"), "20")
    assert (first.again, again.again) == (False, True)
    sender, sent = Sender(bot, desk, PATIENCE), list[str]()

    async def send(chat: str, part: Part) -> None:
        sent.append(chat)

    monkeypatch.setattr(sender.calls, "send", send)
    sender.put_ready(caller, again)
    await sender.delivered(caller.address, 5)
    assert sent, "nobody went on yet: it may not have arrived"
    sent.clear()

    late = await desk.hear(caller, Typed("overslaan"), "20")
    following = await desk.hear(caller, Typed("groeien"), "21")
    sender.put_ready(caller, late)
    await sender.delivered(caller.address, 5)
    assert (sent, len(kept(house, Owed))) == ([], 1), "the reply to the next answer is still owed"
    sender.put_ready(caller, following)
    await sender.delivered(caller.address, 5)
    assert (bool(sent), kept(house, Owed)) == (True, [])
