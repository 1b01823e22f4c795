"""Fixtures: the server, judged after every test, and our bot serving on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest_asyncio

from bot.desk import Desk
from bot.group_time import GroupTime
from bot.groups import Groups
from bot.house import House
from bot.telegram import Telegram
from bot.telegram_calls import Patience
from content import Content
from tests.botapi.oracles import judge_calls, judge_result, judge_update
from tests.botapi.server import BotApi

QUICK = Patience(first=0.01, longest=0.1, tries=6, flush=0.6, edits=0.05, minute=0.4)
# How often the time in groups is looked at.
LOOK_SECONDS = 0.1
Serve = Callable[..., "Serving"]


class Serving:
    """Our bot at work in a task of its own."""

    def __init__(self, telegram: Telegram, groups: Groups) -> None:
        self.telegram = telegram
        self.task = asyncio.create_task(telegram.run())
        self._duties = [
            asyncio.create_task(one) for one in (telegram.show_groups(), GroupTime(groups, LOOK_SECONDS).run())
        ]

    async def stop(self) -> None:
        """As SIGTERM does: cancel, and wait until it is done."""
        for task in (self.task, *self._duties):
            task.cancel()
        for task in (self.task, *self._duties):
            with suppress(asyncio.CancelledError):
                await task

    async def until(self, so: Callable[[], object], within: float = 5.0) -> None:
        """Wait for something that becomes so. TimeoutError when it does not."""
        async with asyncio.timeout(within):
            while not so():  # noqa: ASYNC110  anything at all may be waited for
                await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def api() -> AsyncIterator[BotApi]:
    """A Bot API server; at the end both libraries judge what it said and what was said to it."""
    async with BotApi() as server:
        yield server
    complaints = [c for update in server.emitted for c in judge_update(update)]
    complaints += [c for method, result in server.results for c in judge_result(method, result)]
    assert complaints + judge_calls(server.calls) == []


@pytest_asyncio.fixture
async def serve(api: BotApi, desk: Desk, content: Content, house: House) -> AsyncIterator[Serve]:
    """Start our bot on the server, as often as a test likes; `serve()` uses the real desk."""
    begun: list[Serving] = []

    def begin(
        with_desk: Desk | None = None,
        address: str = "",
        token: str = "",
        patience: Patience = QUICK,
        groups: Groups | None = None,
    ) -> Serving:
        groups = groups or house.groups()
        where = token or api.token, address or api.address
        telegram = Telegram(*where, with_desk or desk, content, patience, groups)
        begun.append(Serving(telegram, groups))
        return begun[-1]

    yield begin
    for serving in begun:
        await serving.stop()
