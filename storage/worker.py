"""The one writer of a process: a thread that gathers waiting work into one transaction (group commit).

Each piece of work is a function of the connection and changes nothing else, so that the batch can be run
again: where one fails it is, each in a savepoint of its own, and who fails takes nothing with it. Results
are handed over only after the commit.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from storage.cache import erase_cached_exports
from storage.checkpoints import Checkpoints
from storage.database import begin_write, check_it_is_there, now
from storage.faults import describe, disconnected, lost_a_race, of_the_database, prove, whatever_the_work
from storage.locks import lock_people
from storage.rewriting import clean, last

log = logging.getLogger(__name__)
T = TypeVar("T")
Work = Callable[[Connection], T]

# PostgreSQL keeps 64 savepoints of a transaction at hand; beyond that every reader gets slower.
MOST_AT_ONCE = 60
TRIES = 5
PROVE_SECONDS = 1.0
LONGEST_PATIENCE = 60.0
STOP_SECONDS = 4.0


class NotKept(Exception):
    """The database could not keep it: acknowledge nothing, and try again later."""


class _Signal(Enum):
    WAKE = "look what is to be done"
    STOP = "finish and end"


@dataclass(eq=False)
class _Job:
    work: Work[Any]
    key: str
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


@dataclass(frozen=True)
class _Fault:
    """A batch that was not committed; `job` is the one that may be to blame."""

    error: Exception
    job: _Job | None
    try_again: bool


class Together(Generic[T]):
    """Small work of one kind: what comes while some of it is being committed goes into the next commit, all at once."""

    def __init__(self, worker: Worker, work: Callable[[Connection, list[T]], None]) -> None:
        self._worker, self._work = worker, work
        self._waiting: list[T] = []
        self._next: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def add(self, one: T) -> None:
        """Returns after the commit. Raises NotKept."""
        self._waiting.append(one)
        if self._next is None:
            self._next = asyncio.create_task(self._commit())
        await asyncio.shield(self._next)

    async def _commit(self) -> None:
        async with self._one_at_a_time:
            some, self._waiting, self._next = self._waiting, [], None
            await self._worker.run(lambda conn: self._work(conn, some))


class Worker:
    """Start with `start()`, hand work to `run()`, end with `stop()`, which finishes what is waiting.

    `healthy` is False from the first batch that was not kept until something was written again.
    """

    def __init__(self, engine: Engine, data: Path | None = None) -> None:
        """`data` is the folder in which files made from rows are kept for a while (storage/cache.py)."""
        self.engine = engine
        self.healthy = True
        self._data = data
        self._clean_at, self._patience = 0.0, PROVE_SECONDS
        self._queue: queue.SimpleQueue[_Job | _Signal] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="storage", daemon=True)
        # What an earlier process erased, and was killed before it could wipe.
        self._wipe, self._cleaning = True, False
        # Up to which erasure nothing is left in the files made from rows.
        self._emptied: str | None = None
        self._stopped = False
        self._checkpoints = Checkpoints(engine)

    def start(self) -> None:
        self._empty_exports()
        self._thread.start()
        self._checkpoints.start()

    async def run(self, work: Work[T], key: str = "") -> T:
        """Run `work` in the writer's transaction; returns after the commit.

        `key` names whom it is about: of all processes, one at a time works for a key. `work` may be
        run more than once. Raises NotKept when it could not be committed, and whatever `work` raised.
        """
        if self._stopped:
            raise NotKept("the process is stopping")
        loop = asyncio.get_running_loop()
        job = _Job(work, key, loop, loop.create_future())
        self._queue.put(job)
        return await job.done  # type: ignore[no-any-return]

    def erase_traces(self) -> None:
        """Something was erased: its traces are wiped after the commit, retried until they are. From any thread."""
        self._wipe = True
        self._queue.put(_Signal.WAKE)

    @property
    def wiping(self) -> bool:
        """Whether traces of an erasure still wait to be wiped."""
        return self._wipe or self._cleaning

    async def stop(self) -> None:
        """Finish what is waiting; a database that holds it up longer than STOP_SECONDS is left alone."""
        self._stopped = True
        self._checkpoints.stop()
        self._queue.put(_Signal.STOP)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join, STOP_SECONDS)

    # ------------------------------------------------------------ in the thread

    def _serve(self) -> None:
        going = True
        while going:
            jobs, going = self._gather()
            if jobs or not self.healthy:
                self._keep(jobs)
                _hand_over(jobs)
            if self._wipe and time.monotonic() >= self._clean_at:
                self._clean()

    def _clean(self) -> None:
        """Wipe what was erased. Where that cannot be done now it is tried again, ever later; and it takes a
        twentieth of this thread's time at most, however many are erased.
        """
        began = time.monotonic()
        # In this order, here and below: whoever asks in between is told that it is not done.
        self._cleaning = True
        self._wipe = False
        self._empty_exports()
        with self._checkpoints.still:
            cleaned = clean(self.engine, now())
        if cleaned:
            self._patience, wait = PROVE_SECONDS, 20 * (time.monotonic() - began)
        else:
            self._wipe, wait = True, self._patience
            self._patience = min(2 * wait, LONGEST_PATIENCE)
        self._clean_at = time.monotonic() + wait
        self._cleaning = False

    def _empty_exports(self) -> None:
        """Once an erasure: what is made after it holds nobody who was erased."""
        if not self._data:
            return
        try:
            with self.engine.connect() as conn:
                erased: str | None = last(conn)
        except DBAPIError:
            erased = None
        if erased is None or erased != self._emptied:
            erase_cached_exports(self._data)
            self._emptied = erased

    def _gather(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        try:
            waiting = self._queue.get(timeout=PROVE_SECONDS if self._wipe or not self.healthy else None)
            while waiting is not _Signal.STOP:
                if isinstance(waiting, _Job):
                    jobs.append(waiting)
                if len(jobs) == MOST_AT_ONCE:
                    return jobs, True
                waiting = self._queue.get_nowait()
        except queue.Empty:
            return jobs, True
        return jobs, False

    def _keep(self, jobs: list[_Job]) -> None:
        """Commit these; where one brings the others down, they without it, and it alone."""
        suspects: list[_Job] = []
        while True:
            rest = [job for job in jobs if job not in suspects]
            # Once in doubt the database has to prove first that it still writes.
            fault = self._transact(rest, proving=bool(suspects) or not self.healthy)
            if fault is None or fault.job is None:
                break
            suspects.append(fault.job)
        if fault is None:
            for job in suspects:
                alone = self._transact([job], proving=False)
                if alone is not None:
                    job.error = alone.error if alone.job else NotKept("the database did not keep it")
        else:
            for job in jobs:
                job.error = NotKept("the database did not keep it")
        self._tell(fault)

    def _tell(self, fault: _Fault | None) -> None:
        if self.healthy and fault is not None:
            log.error("the database keeps nothing: %s; trying again until it does", describe(fault.error))
        elif not self.healthy and fault is None:
            log.warning("the database keeps again")
        self.healthy = fault is None

    def _transact(self, jobs: list[_Job], proving: bool) -> _Fault | None:
        for number in range(TRIES):
            fault = self._once(jobs, proving)
            if fault is None or not fault.try_again:
                return fault
            time.sleep(random.uniform(0, 0.02 * (number + 1)))
        return fault

    def _once(self, jobs: list[_Job], proving: bool) -> _Fault | None:
        at: _Job | None = None
        committing = False
        try:
            with self.engine.connect() as connection:
                for apart in (False, True):
                    for job in _each(jobs, connection, proving, apart):
                        at = job
                    at = None
                    if apart or not any(job.error for job in jobs):
                        break
                    connection.rollback()
                committing = True
                connection.commit()
                check_it_is_there(connection)
            return None
        except Exception as error:
            # A commit whose answer got lost may have gone through: only who asked can find out.
            again = lost_a_race(error) or (disconnected(error) and not committing)
            return _Fault(error, None if whatever_the_work(error) else at, again)


def _each(jobs: list[_Job], connection: Connection, proving: bool, apart: bool) -> Iterator[_Job]:
    """Run all of them in a new transaction, naming each before it is run; without `apart`, until one fails.

    A savepoint costs as much as what is done in it: without a failure none is set.
    """
    begin_write(connection)
    lock_people(connection, (job.key for job in jobs if job.key))
    if proving:
        prove(connection)
    for job in jobs:
        yield job
        _attempt(job, connection, apart)
        if job.error is not None and not apart:
            return


def _attempt(job: _Job, connection: Connection, apart: bool) -> None:
    """Run one job; with `apart` in a savepoint of its own. Raises what is the database's fault."""
    if apart:
        connection.exec_driver_sql("SAVEPOINT one")
    try:
        job.result, job.error = job.work(connection), None
    except BaseException as error:
        if of_the_database(error):
            raise
        # A future takes no other exceptions, and a thread that died would serve nobody.
        ordinary = isinstance(error, Exception) and not isinstance(error, StopIteration)
        job.error = error if ordinary else RuntimeError(type(error).__name__)  # type: ignore[assignment]
        if apart:
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT one")
    if apart:
        connection.exec_driver_sql("RELEASE SAVEPOINT one")


def _hand_over(jobs: Iterable[_Job]) -> None:
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
