"""A download, read from one snapshot by a thread of its own, so that the event loop never waits for the database."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator

from aiohttp import web
from sqlalchemy import Connection, Engine

from storage.database import begin_read

log = logging.getLogger(__name__)

WAITING_PIECES = 4
# A snapshot that stays open holds up the database's housekeeping: a stalled reader loses it.
STALL_SECONDS = 60.0
LONGEST_SECONDS = 1_800.0


class Pieces:
    """The pieces of a file, read ahead by at most WAITING_PIECES. Close it when done, also half-way."""

    def __init__(self, engine: Engine, make: Callable[[Connection], Iterator[bytes]]) -> None:
        self._engine, self._make = engine, make
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue(WAITING_PIECES)
        self._closed = False
        # A daemon, so that a long read cannot keep the process from ending.
        threading.Thread(target=self._read, name="download", daemon=True).start()

    async def next(self) -> bytes | None:
        """The next piece; None behind the last. Raises what reading raised."""
        piece = await self._queue.get()
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self) -> None:
        """Let the thread end and its snapshot go."""
        self._closed = True
        while not self._queue.empty():
            self._queue.get_nowait()

    def _read(self) -> None:
        try:
            with self._engine.connect() as connection:
                begin_read(connection)
                for piece in self._make(connection):
                    if not self._hand_over(piece):
                        return
            self._hand_over(None)
        except Exception as error:
            self._hand_over(error)

    def _hand_over(self, piece: bytes | Exception | None) -> bool:
        if self._closed or self._loop.is_closed():
            return False
        asyncio.run_coroutine_threadsafe(self._queue.put(piece), self._loop).result()
        return not self._closed


async def send(request: web.Request, pieces: Pieces, headers: dict[str, str]) -> web.StreamResponse:
    """Answer with these pieces. What goes wrong before the first is raised; later the connection is cut,
    so that nobody takes half a file for a whole one.
    """
    try:
        piece = await pieces.next()
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                while piece is not None and request.method != "HEAD":
                    await asyncio.wait_for(response.write(piece), STALL_SECONDS)
                    piece = await pieces.next()
                await response.write_eof()
        except Exception as error:
            log.warning("a download broke off: %s", type(error).__name__)
            if request.transport is not None:
                request.transport.abort()
        return response
    finally:
        pieces.close()
