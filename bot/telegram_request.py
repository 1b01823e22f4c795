"""python-telegram-bot's HTTP, on aiohttp: fast with many chats, and without the token in any log or error."""

from __future__ import annotations

import json
import logging
import os
from typing import Any, cast

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

# httpx logs every address at INFO, and the address holds the token; telegram.Bot logs it at DEBUG,
# and with each call what was said to whom.
TOO_TALKATIVE = ("telegram", "httpx", "httpcore")
CONNECT_SECONDS = 10.0
READ_SECONDS = 15.0


def hush() -> None:
    """Keep libraries that would log the token, a name or a text from doing so, whatever the log level."""
    for name in TOO_TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Else every 429 prints a warning that this will once be the default.
    os.environ.setdefault("PTB_TIMEDELTA", "true")


class AiohttpRequest(BaseRequest):
    """One pool of connections. No limit on a call's whole time, which would cut off long polls."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return READ_SECONDS

    async def initialize(self) -> None:
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=self._connections, ttl_dns_cache=300)
            self._session = aiohttp.ClientSession(connector=connector, headers={"User-Agent": self.USER_AGENT})

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Status and body. Raises TimedOut or NetworkError, which name the kind of trouble and no address."""
        if self._session is None:
            raise NetworkError("not initialized")
        read = READ_SECONDS if read_timeout is BaseRequest.DEFAULT_NONE else read_timeout
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=read)
        body = _body(request_data)
        try:
            async with self._session.request(method, url, timeout=limits, **body) as response:
                return response.status, await response.read()
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The error's own words may hold the address.
            raise NetworkError(type(error).__name__) from None

    async def call(self, url: str, parameters: dict[str, Any]) -> Any:
        """A method of the Bot API: its result. Raises TelegramError."""
        return await self.post(url, cast(RequestData, Plain(parameters)))

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """As in the base class, which on a broken answer logs all of it: residents' words included."""
        try:
            parsed = json.loads(payload.decode("utf-8", "replace"))
        except ValueError:
            raise NetworkError("the answer is not JSON") from None
        if not isinstance(parsed, dict):
            raise NetworkError("the answer is not an object")
        return parsed


class Plain:
    """In the place of RequestData: parameters ready for JSON, of which none has to be looked at by itself."""

    contains_files = False

    def __init__(self, parameters: dict[str, Any]) -> None:
        self.parameters = parameters


def _body(data: RequestData | None) -> dict[str, Any]:
    """A JSON body, or multipart where files go along."""
    if data is None:
        return {}
    if not data.contains_files:
        return {"json": data.parameters}
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return {"data": form}
