"""Messages that people asked for: once, only while agreed to, and slower than Telegram allows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy import Connection

from bot.desk import Desk
from bot.house import House
from bot.telegram_calls import Calls
from bot.telegram_notices import Notices
from bot.telegram_raw import RawBot
from bot.telegram_request import AiohttpRequest
from content import Content
from conversations.shapes import Tapped
from storage.database import now
from storage.keeping import set_round_state
from storage.notices import announce
from tests.botapi import BotApi, Resident
from tests.botapi.fixtures import QUICK, Serve, api, serve
from tests.test_desk import rows

__all__ = ["api", "serve"]


@pytest_asyncio.fixture
async def notices(api: BotApi, desk: Desk) -> AsyncIterator[Notices]:
    bot = RawBot(api.token, api.address, AiohttpRequest(8))
    async with bot:
        yield Notices(desk, Calls(bot, QUICK))


async def finish(resident: Resident, tell_me: str) -> None:
    """Walk to the goodbye; `tell_me` is the button at that question."""
    await resident.say("/start")
    seen = await resident.reply()
    for _ in range(60):
        tapped = Tapped.read(seen.data[0])
        assert tapped
        if tapped.at == "goodbye":
            return
        await resident.tap("Alle drie overslaan" if tapped.at == "age" else tell_me if tapped.at == "tell_me" else 0)
        seen = await resident.reply()


async def close(house: House) -> None:
    def work(conn: Connection) -> None:
        set_round_state(conn, "dreams", "closed", now())
        announce(conn, "dreams", "closed")

    await house.worker.run(work)


async def test_who_asked_is_told_once_when_the_round_closes(
    api: BotApi, serve: Serve, house: House, content: Content, notices: Notices
) -> None:
    serving = serve()
    asks, does_not, blocks = (Resident(api, 7_000 + n) for n in range(3))
    await finish(asks, "Ja, graag")
    await finish(does_not, "Nee, dank u")
    await finish(blocks, "Ja, graag")
    await blocks.block()
    await serving.stop()
    await close(house)
    await close(house)
    assert len(rows(house, "notice")) == 2
    before = [len(r.messages) for r in (asks, does_not, blocks)]
    await notices.send()
    await notices.send()
    assert [len(r.messages) for r in (asks, does_not, blocks)] == [before[0] + 1, before[1], before[2]]
    assert asks.last.text == content.words("nl")("notice.results")


async def test_who_changed_their_mind_is_not_told(
    api: BotApi, serve: Serve, house: House, desk: Desk, notices: Notices
) -> None:
    serve()
    resident = Resident(api, 7_010)
    await finish(resident, "Ja, graag")
    await close(house)
    await house.worker.run(lambda conn: set_round_state(conn, "dreams", "open", now()))
    await resident.say("/antwoorden")
    await resident.reply()
    await resident.tap("Wat wij mogen")
    await resident.reply()
    await resident.tap("Uitslag sturen")
    await resident.reply()
    await resident.tap("Nee, dank u")
    await resident.reply()
    assert await notices.send() == 0


async def test_forgetting_takes_the_notice_along(api: BotApi, serve: Serve, house: House) -> None:
    serve()
    resident = Resident(api, 7_020)
    await finish(resident, "Ja, graag")
    await close(house)
    await resident.say("/wis")
    await resident.reply()
    await resident.say("ja")
    await resident.reply()
    assert rows(house, "notice") == []
