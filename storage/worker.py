"""The one writer: a thread that gathers waiting work into one transaction (group commit).

Each piece of work is a function of the connection, run in a savepoint of its own: one that fails
takes nothing with it. Results are handed over only after the commit of the whole batch.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from storage.database import begin_write, wipe_traces

log = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[Connection], T]
MOST_AT_ONCE = 200


class NotKept(Exception):
    """The database could not keep it: acknowledge nothing, and try again later."""


@dataclass
class _Job:
    work: Work[Any]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Worker:
    """Start with `start()`, hand work to `run()`, end with `stop()`, which finishes what is waiting."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.healthy = True
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="storage", daemon=True)
        self._wipe = False

    def start(self) -> None:
        self._thread.start()

    async def run(self, work: Work[T]) -> T:
        """Run `work` in the writer's transaction; returns after the commit.

        Raises NotKept when it could not be committed, and whatever `work` itself raised.
        """
        loop = asyncio.get_running_loop()
        job = _Job(work, loop, loop.create_future())
        self._queue.put(job)
        return await job.done  # type: ignore[no-any-return]

    def erase_traces(self) -> None:
        """Called by work that erased something: the log is cut after its commit, retried until it is."""
        self._wipe = True

    @property
    def wiping(self) -> bool:
        """Whether traces of an erasure still wait to be wiped from the log."""
        return self._wipe

    async def stop(self) -> None:
        self._queue.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    # ------------------------------------------------------------ in the thread

    def _serve(self) -> None:
        going = True
        while going:
            jobs, going = self._gather()
            if jobs:
                self._commit(jobs)
                _hand_over(jobs)
            if self._wipe:
                self._wipe = not wipe_traces(self.engine)

    def _gather(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        try:
            first = self._queue.get(timeout=1.0 if self._wipe else None)
        except queue.Empty:
            return [], True
        waiting: _Job | None = first
        while waiting is not None:
            jobs.append(waiting)
            if len(jobs) == MOST_AT_ONCE:
                return jobs, True
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                return jobs, True
        return jobs, False

    def _commit(self, jobs: list[_Job]) -> None:
        try:
            with self.engine.connect() as connection:
                begin_write(connection)
                for job in jobs:
                    _attempt(job, connection)
                connection.commit()
            self.healthy = True
        except (SQLAlchemyError, OSError) as error:
            self.healthy = False
            # The type only: a statement's parameters are what somebody wrote.
            log.error("the database did not keep a batch of %d: %s", len(jobs), _short(error))
            for job in jobs:
                job.error = NotKept("the database did not keep it")


def _attempt(job: _Job, connection: Connection) -> None:
    connection.exec_driver_sql("SAVEPOINT one")
    try:
        job.result = job.work(connection)
    except SQLAlchemyError:
        raise
    except Exception as error:
        job.error = error
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
    connection.exec_driver_sql("RELEASE SAVEPOINT one")


def _hand_over(jobs: list[_Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, own in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, own)


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.done.done():
            continue
        if job.error is not None:
            job.done.set_exception(job.error)
        else:
            job.done.set_result(job.result)


def _short(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return f"{type(error).__name__}: {cause}" if type(cause).__module__ == "sqlite3" else type(error).__name__
