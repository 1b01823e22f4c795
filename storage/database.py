"""Opening the database: SQLite in WAL with synchronous=FULL, or PostgreSQL; and its schema under alembic."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url

from storage.keys import Keys
from storage.tables import Mark, RoundState

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 10


class DatabaseFault(Exception):
    """The database cannot be used: one line that says why and what to do."""


def now() -> datetime:
    """The time as the tables keep it: UTC."""
    return datetime.now(UTC)


def open_engine(address: str) -> Engine:
    """An engine for a SQLAlchemy address. On SQLite each transaction is begun by `begin_write` or `begin_read`."""
    url = make_url(address)
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection, record):  # type: ignore[no-untyped-def]
        # The driver's own transactions begin too late: ours are begun by name, below.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def begin_write(connection: Connection) -> None:
    """Begin the transaction of a writer; on SQLite it holds the write lock from the start."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def begin_read(connection: Connection) -> None:
    """Begin a snapshot: everything read through this connection is of one moment."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def upsert(connection: Connection):  # type: ignore[no-untyped-def]
    """The dialect's `insert` with `on_conflict_do_…`."""
    return sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert


def migrate(engine: Engine) -> None:
    """Bring the schema to this version. Does nothing when it is there already."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        begin_write(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
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
    if known != keys.fingerprint():
        raise DatabaseFault("STADSDIALOOG_PSEUDONYM_KEY: this database was made with another key")


def wipe_traces(engine: Engine) -> bool:
    """After an erasure: move everything out of the write-ahead log and cut it to nothing.

    True when done; False while a reader still holds the log (try again later).
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        row = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    return int(row[0]) == 0
