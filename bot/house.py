"""Puts the parts together: settings, keys, database, worker and desk, for whichever command needs them."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from bot.desk import Desk
from bot.groups import Groups
from bot.settings import Settings, SettingsFault
from content import Content, shipped
from conversations import City
from storage.database import DatabaseFault, begin_read, open_engine, prepare
from storage.faults import describe
from storage.keys import Keys, read_or_make
from storage.rewriting import keep_no_examples
from storage.simulated import simulated
from storage.worker import Worker

FIRST_ROUND = "dreams"
STAFF_TOKEN_FILE = "staff.token"


@dataclass(frozen=True)
class House:
    """What every command that touches the database works with."""

    settings: Settings
    content: Content
    keys: Keys
    engine: Engine
    worker: Worker
    simulated: bool = False

    def city(self) -> City:
        """What the settings say of who asks, and where."""
        settings = self.settings
        return City(
            settings.asked_by,
            settings.contact,
            settings.privacy_contact,
            settings.public_web,
            settings.contact_days,
            settings.rows_days,
            settings.backup_days,
            settings.reveal_at,
            simulated=self.simulated,
        )

    def desk(self, round_code: str = FIRST_ROUND) -> Desk:
        tell_receiver = bool(self.settings.export_url)
        return Desk(self.worker, self.content, self.keys, self.city(), round_code, tell_receiver)

    def groups(self, round_code: str = FIRST_ROUND) -> Groups:
        enough = self.settings.group_reveal_at
        return Groups(self.worker, self.content, self.keys, self.city(), round_code, enough)


def build(settings: Settings) -> House:
    """Open everything. Raises SettingsFault, KeyFault, ContentFault or DatabaseFault, each one clear line."""
    # Whatever is written from here on is nobody else's to read.
    os.umask(0o077)
    content = shipped()
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if settings.database.startswith("postgresql") and not settings.pseudonym_key:
        # Made here, it would be another one on every machine.
        raise SettingsFault("STADSDIALOOG_PSEUDONYM_KEY: expected, because DATABASE is PostgreSQL")
    keys = read_keys(settings)
    engine = open_database(settings.database_address, content, keys)
    with engine.connect() as conn:
        begin_read(conn)
        made_up = simulated(conn)
    if made_up and settings.telegram_token:
        raise SettingsFault("STADSDIALOOG_TELEGRAM_TOKEN: not with this database: the people in it are simulated")
    return House(settings, content, keys.marked() if made_up else keys, engine, Worker(engine, settings.data), made_up)


def read_keys(settings: Settings) -> Keys:
    """The keys in use, and those before. Raises KeyFault."""
    secret, *earlier = read_or_make(settings.data, settings.pseudonym_key)
    return Keys(secret, earlier=earlier)


def open_database(address: str, content: Content, keys: Keys) -> Engine:
    """A database of this house, at this version. Raises DatabaseFault."""
    states = {code: "open" if code == FIRST_ROUND else "planned" for code in content.rounds}
    try:
        engine = open_engine(address)
        prepare(engine, keys, states)
        keep_no_examples(engine)
    except (DBAPIError, OSError) as error:
        raise DatabaseFault(f"STADSDIALOOG_DATABASE: cannot be opened: {describe(error)}") from None
    return engine


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """On SQLite one process serves a data folder. Raises DatabaseFault when another one does."""
    if not settings.database_address.startswith("sqlite"):
        yield
        return
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.data / "serve.lock").open("w") as lock:
        _take(lock, settings.data)
        yield


def _take(lock: IO[str], folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DatabaseFault(f"{folder}: another stadsdialoog is serving this folder") from None


def staff_token(settings: Settings) -> tuple[str, Path | None]:
    """The first keeper's key, and the file that holds it when it was made here."""
    if settings.staff_token:
        return settings.staff_token, None
    path = settings.data / STAFF_TOKEN_FILE
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text("ascii").strip(), path
    with os.fdopen(made, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    return path.read_text("ascii").strip(), path
