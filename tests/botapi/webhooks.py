"""Webhooks, by the rules of the official server: a line for each chat, one at a time in it, until a 2xx comes.

Behind the public https address stands what a proxy would pass on to: `behind`, one address a process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from itertools import count
from urllib.parse import urlsplit

import aiohttp

from tests.botapi.updates import Updates, Waiting

# The first retry comes at once, then after 2, 4, … seconds.
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
LONGEST_RETRY_AFTER = 3600.0
ANSWER_SECONDS = 60.0
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Webhooks:
    """Delivers what waits. `pace` shortens its own pauses (not a Retry-After); `told` is (update id, status).

    `watch` is told of each `update posted` and `update taken`; where it says True, the 200 got lost.
    """

    def __init__(self, updates: Updates) -> None:
        self.behind: list[str] = []
        self.pace = 0.02
        self.watch: Callable[[str], Awaitable[bool]] | None = None
        self.told: list[tuple[int, int]] = []
        self._updates = updates
        self._turn = count()
        self._task: asyncio.Task[None] | None = None
        self._lines: dict[Hashable, asyncio.Task[None]] = {}

    def begin(self, url: str, secret: str, connections: int) -> None:
        """Deliver to this address from now on."""
        self.end()
        if url:
            self._task = asyncio.create_task(self._deliver(urlsplit(url).path, secret, connections))

    def end(self) -> None:
        """Deliver nothing more; what was not taken stays."""
        for task in (self._task, *self._lines.values()):
            if task:
                task.cancel()
        self._task = None
        self._lines = {}

    # ---------------------------------------------------------------- inside

    async def _deliver(self, path: str, secret: str, connections: int) -> None:
        headers = {SECRET_HEADER: secret} if secret else {}
        connector = aiohttp.TCPConnector(limit=connections)
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as client:
            while True:
                for one in self._updates.ready():
                    key = key_of(one)
                    if key not in self._lines:
                        line = asyncio.create_task(self._line(client, path, key))
                        self._lines[key] = line
                        line.add_done_callback(lambda task, key=key: self._ended(key, task))
                await self._updates.news()

    def _ended(self, key: Hashable, task: asyncio.Task[None]) -> None:
        if self._lines.get(key) is task:
            del self._lines[key]

    async def _line(self, client: aiohttp.ClientSession, path: str, key: Hashable) -> None:
        """Everything of one key, the next only after a 2xx or when this one is too old."""
        failures = 0
        while one := next((one for one in self._updates.ready() if key_of(one) == key), None):
            status, retry_after = await self._post(client, path, one)
            self.told.append((one.id, status))
            if 200 <= status < 300:
                self._updates.delivered(one)
                failures = 0
                continue
            pause = min(FIRST_PAUSE * 2**failures / 2, LONGEST_PAUSE) * self.pace if failures else 0.0
            failures += 1
            await asyncio.sleep(max(pause, min(retry_after, LONGEST_RETRY_AFTER)))

    async def _post(self, client: aiohttp.ClientSession, path: str, one: Waiting) -> tuple[int, float]:
        """Status and Retry-After; 502 when nobody listens, as a proxy would say."""
        for _ in self.behind:
            address = self.behind[next(self._turn) % len(self.behind)]
            with suppress(aiohttp.ClientConnectorError):
                try:
                    if self.watch:
                        await self.watch("update posted")
                    async with client.post(f"{address}{path}", json=one.update) as response:
                        if response.status == 200 and self.watch and await self.watch("update taken"):
                            return 502, 0.0
                        return response.status, float(response.headers.get("Retry-After", 0))
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                    if isinstance(error, aiohttp.ClientConnectorError):
                        raise
                    return 502, 0.0
        return 502, 0.0


def key_of(one: Waiting) -> Hashable:
    """Messages stand in their chat's line, presses in their person's: the two may overtake each other."""
    kind = next(name for name in one.update if name != "update_id")
    payload = one.update[kind]
    return ("person", payload["from"]["id"]) if kind == "callback_query" else ("chat", payload["chat"]["id"])
