"""The other end of the push: a real HTTP server that checks signatures and takes each event once."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

REQUIRED = ("specversion", "id", "source", "type")


@dataclass
class Receiver:
    """Listens on loopback while entered. `answers` are statuses and headers for the next requests, then 204.

    `knocks` holds the webhook-id of every request, `events` each accepted event once by its id, and
    `refused` why a request was not believed. With `forgets_to_answer`, an event is taken and the
    answer is still the scripted one: as when the connection breaks behind it.
    """

    secret: str
    answers: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    forgets_to_answer: bool = False
    port: int = 0
    knocks: list[str] = field(default_factory=list)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/in?token=of-the-address"

    async def __aenter__(self) -> Receiver:
        app = web.Application()
        app.add_routes([web.post("/in", self._take)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.headers.append(headers)
        self.knocks.append(headers["webhook-id"])
        status, extra = self.answers.popleft() if self.answers else (204, {})
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError as error:
            self.refused.append(str(error))
            return web.Response(status=401)
        if status < 300 or self.forgets_to_answer:
            self._keep(headers, body)
        return web.Response(status=status, headers=extra)

    def _keep(self, headers: dict[str, str], body: bytes) -> None:
        event = json.loads(body)
        wrong = [name for name in REQUIRED if not event.get(name)]
        if wrong or headers["content-type"] != "application/cloudevents+json" or event["id"] != headers["webhook-id"]:
            self.refused.append(f"no CloudEvent: {wrong}")
        elif event["id"] in self.events:
            self.again.append(event["id"])
        else:
            self.events[event["id"]] = event
