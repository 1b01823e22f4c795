"""Who goes first, where several processes share a PostgreSQL database; on SQLite there is one process.

Two numbers of an advisory lock name what concerns all processes, one number names a person.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from hashlib import blake2b

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)

OURS = 0x73746164
SCHEMA, LEADING, SERVING = 1, 2, 3
LOOK_SECONDS = 3.0
ANSWER_SECONDS = 10.0

LOCK_PEOPLE = text("SELECT count(pg_advisory_xact_lock(one)) FROM unnest(CAST(:people AS bigint[])) AS one")
LOCK_SCHEMA = text("SELECT set_config('lock_timeout', '0', true), pg_advisory_xact_lock(:ours, :what)")
TRY_LOCK = text("SELECT pg_try_advisory_lock(:ours, :what)")
TRY_LOCK_FOR_NOW = text("SELECT pg_try_advisory_xact_lock(:ours, :what)")
SHARE_LOCK = text("SELECT pg_try_advisory_lock_shared(:ours, :what)")
STILL_THERE = text("SELECT 1")


def lock_people(connection: Connection, keys: Iterable[str]) -> None:
    """Until the end of this transaction no other process works for these people.

    All at once and in one order for everybody, so that two batches never wait for each other.
    """
    people = sorted({int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), signed=True) for key in keys})
    if people and connection.dialect.name != "sqlite":
        connection.execute(LOCK_PEOPLE, {"people": people})


def lock_schema(connection: Connection) -> None:
    """Until the end of this transaction no other process migrates; waits as long as that takes."""
    if connection.dialect.name != "sqlite":
        connection.execute(LOCK_SCHEMA, {"ours": OURS, "what": SCHEMA})


def nobody_serves(connection: Connection) -> bool:
    """Whether no process serves this PostgreSQL database; on SQLite a file lock says so."""
    if connection.dialect.name == "sqlite":
        return True
    return bool(connection.execute(TRY_LOCK_FOR_NOW, {"ours": OURS, "what": SERVING}).scalar_one())


class Leader:
    """Of all processes on one database one leads: it polls, releases, pushes and tidies.

    Leading hangs on a connection of its own. Who loses it stops within about LOOK_SECONDS, and
    somebody else, or the same process, takes over. On SQLite this process always leads.
    """

    def __init__(self, engine: Engine, look_seconds: float = LOOK_SECONDS) -> None:
        self.held = False
        self._engine, self._look_seconds = engine, look_seconds
        self._connection: Connection | None = None

    async def lead(self, *duties: Callable[[], Awaitable[None]]) -> None:
        """Until cancelled: run these while this process leads. A duty that ends by itself is begun again."""
        tasks: list[asyncio.Task[None] | None] = [None] * len(duties)
        try:
            while True:
                await self._look()
                for number, duty in enumerate(duties):
                    task = tasks[number]
                    if self.held and (task is None or task.done()):
                        tasks[number] = asyncio.create_task(_do(duty))
                if not self.held:
                    await _end(tasks)
                await asyncio.sleep(self._look_seconds)
        finally:
            await _end(tasks)
            self.held = False
            await asyncio.to_thread(self._let_go)

    async def _look(self) -> None:
        before = self.held
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self.held = await asyncio.to_thread(self._hold)
        except TimeoutError:
            # The thread keeps what it waits for; a new connection is tried next time.
            self.held, self._connection = False, None
        if before != self.held and self._engine.dialect.name != "sqlite":
            log.info("this process %s", "leads: it polls, releases and pushes" if self.held else "no longer leads")

    # ------------------------------------------------------------ in a thread

    def _hold(self) -> bool:
        if self._engine.dialect.name == "sqlite":
            return True
        try:
            if self._connection is None:
                self._connection = self._connect()
            elif self.held:
                # A session keeps its lock for as long as it lives.
                self._connection.execute(STILL_THERE)
                return True
            return bool(self._connection.execute(TRY_LOCK, {"ours": OURS, "what": LEADING}).scalar_one())
        except SQLAlchemyError:
            self._let_go()
            return False

    def _connect(self) -> Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # Out of the pool: closing it has to end the session, and with it the lock.
        connection.detach()
        connection.execute(SHARE_LOCK, {"ours": OURS, "what": SERVING})
        return connection

    def _let_go(self) -> None:
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.close()
            self._connection = None


async def _do(duty: Callable[[], Awaitable[None]]) -> None:
    try:
        await duty()
    except Exception as error:
        # The type only: what a database says may hold what somebody wrote.
        log.error("%s ended: %s; it is begun again", getattr(duty, "__qualname__", "a duty"), type(error).__name__)


async def _end(tasks: list[asyncio.Task[None] | None]) -> None:
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)
    tasks[:] = [None] * len(tasks)
