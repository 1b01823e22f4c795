"""Opening the database: SQLite in WAL with synchronous=FULL, or PostgreSQL; and its schema under alembic."""

from __future__ import annotations

import os
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from storage.changes import watch
from storage.keys import Keys
from storage.locks import lock_schema
from storage.tables import Mark, RoundState

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 10.0
# A commit that makes the log longer than 12 MB moves it into the database; before that, storage/checkpoints.py does.
CHECKPOINT = "wal_autocheckpoint=3000"
# How often, and with what pause, a moment is sought in which nobody writes an answer.
STAND_STILL_TRIES, STAND_STILL_SECONDS = 10, 0.2
SHORT_WAIT = text("SET LOCAL lock_timeout = '300ms'")
LOCK_ANSWERS = text("LOCK TABLE answer IN SHARE MODE")
# For every connection to PostgreSQL. A machine that vanished, or hangs, lets its locks go; an answer
# that was acknowledged is on disk, whatever the server's own default.
POSTGRESQL = (
    "timezone=UTC",
    "synchronous_commit=on",
    "idle_in_transaction_session_timeout=120000",
    "tcp_keepalives_idle=20",
    "tcp_keepalives_interval=5",
    "tcp_keepalives_count=3",
)


class DatabaseFault(Exception):
    """The database cannot be used: one line that says why and what to do."""


def now() -> datetime:
    """The time as the tables keep it: UTC."""
    return datetime.now(UTC)


def open_engine(address: str | URL, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine for a SQLAlchemy address. On SQLite each transaction is begun by `begin_write` or `begin_read`.

    `busy_seconds`: how long a writer waits for another's lock.
    """
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url, busy_seconds)
    options = " ".join(f"-c {one}" for one in (*POSTGRESQL, f"lock_timeout={int(busy_seconds * 1000)}"))
    given = {"options": options, "connect_timeout": 5, "tcp_user_timeout": 10_000}
    arguments = {name: value for name, value in given.items() if name not in url.query}
    return create_engine(url, pool_pre_ping=True, connect_args=arguments, hide_parameters=True)


def _open_sqlite(url: URL, busy_seconds: float) -> Engine:
    file = Path(url.database or "")
    if not url.database or url.database == ":memory:":
        raise DatabaseFault("STADSDIALOOG_DATABASE: expected a file, as in sqlite:///data/stadsdialoog.db")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    # Never created by opening it: a file that vanished must not be taken for a new and empty one.
    path = f"file:{quote(str(file.absolute()))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, uri=True, timeout=busy_seconds, check_same_thread=False)

    engine = create_engine(url, creator=connect, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection, record):  # type: ignore[no-untyped-def]
        # The driver's own transactions begin too late: ours are begun by name, below.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", CHECKPOINT):
            connection.execute(f"PRAGMA {pragma}")
        record.info["file"] = _which(file)

    return engine


def _which(file: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def check_it_is_there(connection: Connection) -> None:
    """Raises DatabaseFault when a SQLite file was taken away: SQLite would go on writing into nothing."""
    if "file" in connection.info and connection.info["file"] != _which(Path(connection.engine.url.database or "")):
        connection.engine.dispose()
        connection.invalidate()
        raise DatabaseFault("its file is gone, or another file is in its place")


def begin_write(connection: Connection) -> None:
    """Begin the transaction of a writer; on SQLite it holds the write lock from the start."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def begin_read(connection: Connection) -> None:
    """Begin a snapshot: everything read through this connection is of one moment."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
        # The moment is that of the first look, so there is one.
        connection.exec_driver_sql("SELECT 1 FROM sqlite_schema LIMIT 1")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def stand_still(connection: Connection) -> None:
    """Begin a snapshot at a moment when no answer is half-way written.

    An answer has its number before it is committed, so that of two answers the later may be seen first. Who
    writes down the last number seen has to know that nothing below it comes after. SQLite has one writer. On
    PostgreSQL writers are waited for, and kept waiting as long: a moment, since the lock goes and the snapshot
    stays. Nothing was read yet in this transaction. Raises DatabaseFault where a writer takes too long.
    """
    if connection.dialect.name == "sqlite":
        return
    for _ in range(STAND_STILL_TRIES):
        moment = connection.begin_nested()
        try:
            connection.execute(SHORT_WAIT)
            connection.execute(LOCK_ANSWERS)
            connection.execute(text("SELECT 1"))
        except OperationalError:
            time.sleep(STAND_STILL_SECONDS)
        else:
            return
        finally:
            moment.rollback()
    raise DatabaseFault("somebody has been writing an answer all the while, so nothing was released; try again")


def upsert(connection: Connection):  # type: ignore[no-untyped-def]
    """The dialect's `insert` with `on_conflict_do_…`."""
    return sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert


def migrate(engine: Engine) -> None:
    """Bring the schema to this version. Does nothing when it is there already."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        begin_write(connection)
        lock_schema(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        watch(connection)
        connection.commit()


def prepare(engine: Engine, keys: Keys, rounds: dict[str, str]) -> None:
    """Migrate, check that this database belongs to this key, and make the rows that must exist.

    `rounds` maps a round to the state it has on a new database. Raises DatabaseFault.
    """
    migrate(engine)
    with engine.connect() as connection:
        begin_write(connection)
        insert = upsert(connection)
        connection.execute(insert(Mark).values(name="key", value=keys.fingerprint()).on_conflict_do_nothing())
        for code, state in rounds.items():
            connection.execute(insert(RoundState).values(round=code, state=state).on_conflict_do_nothing())
        known = connection.execute(select(Mark.value).where(Mark.name == "key")).scalar_one()  # type: ignore[call-overload]
        connection.commit()
    if known in [one.fingerprint() for one in keys.earlier]:
        raise DatabaseFault("STADSDIALOOG_PSEUDONYM_KEY: there is a new key: run rotate-key")
    if known != keys.fingerprint():
        raise DatabaseFault("STADSDIALOOG_PSEUDONYM_KEY: this database was made with another key")


def wipe_traces(engine: Engine) -> bool:
    """After an erasure: move everything out of the write-ahead log and cut it to nothing.

    True when done; False while a reader still holds the log, or the disk fails (try again later).
    """
    if engine.dialect.name != "sqlite":
        return True
    try:
        with engine.connect() as connection:
            patience = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            # Nobody's answer waits for a reader to be done.
            connection.exec_driver_sql("PRAGMA busy_timeout=0")
            try:
                row = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={patience}")
    except DBAPIError:
        return False
    return int(row[0]) == 0
