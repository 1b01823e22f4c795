"""Looks every so often for a summary to release, and delivers what waits in the outbox.

A file in the drop folder always; a signed POST where an address is set. Nothing here is lost when
the process stops or the receiver is down: what waits stands in the database, under the same id.
"""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import logging
import os
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import aiohttp
from sqlalchemy import Connection, select
from standardwebhooks.webhooks import Webhook

from content import Content
from storage import audit, outbox
from storage.database import begin_read, now
from storage.outbox import Parcel
from storage.releases import Draft, draft
from storage.tables import RoundState
from storage.worker import NotKept, Worker

log = logging.getLogger(__name__)
T = TypeVar("T")

# Standard Webhooks' schedule: after the n-th failure, wait so many seconds; the last goes on.
WAITS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
LONGEST_WAIT = 86_400
PATIENCE = aiohttp.ClientTimeout(total=20)
# Something else may put an event in the outbox (an erasure): so often it is looked for.
IDLE_SECONDS = 5.0
BY_ITSELF = audit.Actor("stadsdialoog", "by itself")


class PushSettings(Protocol):
    """The settings that matter here; see the README's table."""

    @property
    def drop_folder(self) -> Path: ...
    @property
    def export_url(self) -> str: ...
    @property
    def export_secret(self) -> str: ...
    @property
    def export_every(self) -> int: ...
    @property
    def reveal_at(self) -> int: ...


class _Refused(Exception):
    """A delivery failed: what to write down, and how long the receiver asked to be left alone, in seconds."""

    def __init__(self, error: str, wait: float | None = None, gone: bool = False) -> None:
        super().__init__(error)
        self.error, self.wait, self.gone = error, wait, gone


class Push:
    """Start `run()` as a task and cancel it to stop; it survives whatever the receiver does."""

    def __init__(self, worker: Worker, content: Content, settings: PushSettings) -> None:
        self._worker, self._content, self._settings = worker, content, settings
        self._signers = [Webhook(secret) for secret in settings.export_secret.split()]
        if settings.export_url and not self._signers:
            raise ValueError("STADSDIALOOG_EXPORT_SECRET: expected whsec_… because EXPORT_URL is set")
        self._targets = ("file", "url") if settings.export_url else ("file",)

    async def run(self) -> None:
        """Release and deliver until cancelled."""
        loop = asyncio.get_running_loop()
        look_at = loop.time()
        async with aiohttp.ClientSession(timeout=PATIENCE, cookie_jar=aiohttp.DummyCookieJar()) as session:
            while True:
                try:
                    if loop.time() >= look_at:
                        look_at = loop.time() + self._settings.export_every
                        await self.release()
                    await self.deliver(session)
                    pause = await self._pause()
                except NotKept:
                    pause = IDLE_SECONDS
                except Exception as error:
                    # The type only: what a database says may hold what somebody wrote.
                    log.error("push: %s; going on", type(error).__name__)
                    pause = IDLE_SECONDS
                await asyncio.sleep(min(pause, max(look_at - loop.time(), 0.05)))

    async def release(self) -> None:
        """Release a summary of each open round in which enough changed, and give up what is too old."""
        for code in await self._read(_open_rounds):
            if code not in self._content.rounds:
                continue
            # Drafted from a snapshot: counting a large round would hold up everyone who is answering.
            made = await self._read(partial(self._draft, code))
            if made is None:
                continue
            announced: bool = await self._worker.run(partial(_announce, made, self._settings.export_url))
            if announced:
                log.info("released summary %d of round %s", made.number, code)
        if given_up := await self._worker.run(lambda conn: outbox.expire(conn, now())):
            log.warning("push: gave up %d events that could not be delivered for 30 days", given_up)

    def _draft(self, code: str, conn: Connection) -> Draft | None:
        return draft(conn, self._content, code, self._settings.reveal_at, now())

    async def deliver(self, session: aiohttp.ClientSession) -> None:
        """Try once everything that is due."""
        while parcels := await self._read(lambda conn: outbox.due(conn, now(), self._targets)):
            tries = (self._try(parcel, session) for parcel in parcels)
            for outcome in await asyncio.gather(*tries, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _try(self, parcel: Parcel, session: aiohttp.ClientSession) -> None:
        url = self._settings.export_url
        try:
            if parcel.target == "file":
                await asyncio.to_thread(drop, self._settings.drop_folder, outbox.file_name(parcel), parcel.payload)
            elif await self._read(lambda conn: outbox.is_gone(conn, url)):
                raise _Refused("410", gone=True)
            else:
                await self._post(parcel, session)
        except _Refused as refused:
            await self._put_off(parcel, refused)
        except NotKept:
            raise
        except Exception as error:
            await self._put_off(parcel, _Refused(type(error).__name__))
        else:
            await self._worker.run(partial(self._delivered, parcel))
            log.info("delivered %s to %s", parcel.id, parcel.target)

    def _delivered(self, parcel: Parcel, conn: Connection) -> None:
        outbox.delivered(conn, parcel, now())
        if parcel.type == outbox.ERASED:
            self._worker.erase_traces()

    async def _post(self, parcel: Parcel, session: aiohttp.ClientSession) -> None:
        headers = {"content-type": "application/cloudevents+json", **signed(self._signers, parcel)}
        try:
            async with session.post(
                self._settings.export_url, data=parcel.payload, headers=headers, allow_redirects=False
            ) as answer:
                if not 200 <= answer.status < 300:
                    wait = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
                    raise _Refused(str(answer.status), wait, gone=answer.status == 410)
        except (aiohttp.ClientError, TimeoutError) as error:
            # An error's text names the address: only its kind is written down.
            raise _Refused(type(error).__name__) from None

    async def _put_off(self, parcel: Parcel, refused: _Refused) -> None:
        if refused.gone:
            log.warning("the receiver is gone (410): nothing more is sent to this EXPORT_URL")
            await self._worker.run(lambda conn: outbox.gone(conn, self._settings.export_url, now()))
            return
        wait = refused.wait
        if wait is None:
            wait = WAITS[min(parcel.tries, len(WAITS) - 1)] * random.uniform(1.0, 1.1)
        again = timedelta(seconds=wait)
        await self._worker.run(lambda conn: outbox.failed(conn, parcel, now(), again, refused.error))
        log.warning("%s was not delivered to %s (%s); again in %d s", parcel.id, parcel.target, refused.error, wait)

    async def _pause(self) -> float:
        at = await self._read(lambda conn: outbox.next_due(conn, self._targets))
        return IDLE_SECONDS if at is None else min(max((at - now()).total_seconds(), 0.05), IDLE_SECONDS)

    async def _read(self, look: Callable[[Connection], T]) -> T:
        def snapshot() -> T:
            with self._worker.engine.connect() as conn:
                begin_read(conn)
                return look(conn)

        return await asyncio.to_thread(snapshot)


def signed(signers: Sequence[Webhook], parcel: Parcel) -> dict[str, str]:
    """The Standard Webhooks headers: one signature a secret, so that a secret can be replaced without a gap."""
    # The library misreads any zone but UTC.
    at = datetime.now(UTC)
    signatures = [signer.sign(parcel.id, at, parcel.payload.decode()) for signer in signers]
    return {
        "webhook-id": parcel.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def retry_after(value: str | None, at: datetime) -> float | None:
    """The seconds a Retry-After header asks for, from one to a day; None when it is absent or unreadable."""
    if not value:
        return None
    try:
        if value.strip().isdecimal():
            wait = float(value)
        else:
            moment = email.utils.parsedate_to_datetime(value)
            wait = (moment.replace(tzinfo=moment.tzinfo or UTC) - at).total_seconds()
    except (ValueError, OverflowError, TypeError):
        return None
    return min(max(wait, 1.0), float(LONGEST_WAIT))


def drop(folder: Path, name: str, content: bytes) -> None:
    """Put a whole file into the folder, then its checksum: who sees the checksum sees the finished file."""
    folder.mkdir(parents=True, exist_ok=True)
    checksum = f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()
    for final, data in ((name, content), (f"{name}.sha256", checksum)):
        temporary = folder / f".{final}.part"
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / final)
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _announce(made: Draft, url: str, conn: Connection) -> bool:
    if not outbox.announce(conn, made, url):
        return False
    audit.note(conn, BY_ITSELF, "release", f"{made.round} {made.number}")
    return True


def _open_rounds(conn: Connection) -> list[str]:
    rounds: Any = RoundState.__table__  # type: ignore[attr-defined]
    return list(conn.execute(select(rounds.c.round).where(rounds.c.state == "open").order_by(rounds.c.round)).scalars())
