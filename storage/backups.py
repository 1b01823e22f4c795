"""A backup is one SQLite file, whatever the database; and restoring one repeats the erasures since."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from alembic.util.exc import CommandError
from sqlalchemy import Engine, delete, select
from sqlalchemy.engine import URL

from storage import holds, rotation
from storage.backup_files import MADE_AT, RESTORING, made_at, stamp
from storage.database import DatabaseFault, begin_read, begin_write, migrate, open_engine
from storage.database import now as clock
from storage.erasure import remember, remembered, repeat
from storage.holds import held
from storage.keeping import participants
from storage.keys import Keys
from storage.moving import Told, copy, marks, take_over
from storage.rewriting import clean
from storage.said_no import withdraw_again, withdrawn
from storage.staff_keys import repeat_removals


@dataclass(frozen=True)
class Restored:
    """How many people the backup held, and how many of them were erased again."""

    people: int
    erased_again: int


def backup(engine: Engine, file: Path, told: Told) -> None:
    """Write a consistent copy of one moment while others go on writing; whole, or not there at all.

    Raises DatabaseFault when the file is there already.
    """
    if file.exists():
        raise DatabaseFault(f"{file}: is there already")
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        if engine.dialect.name == "sqlite":
            _copy_file(Path(engine.url.database or ""), part)
        else:
            _copy_rows(engine, part, told)
        with closing(sqlite3.connect(part)) as one:
            # A file by itself, without a journal beside it.
            one.execute("PRAGMA journal_mode=DELETE")
        stamp(part, clock())
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)


def restore(
    file: Path,
    engine: Engine,
    keys: Keys,
    now: datetime,
    force: bool,
    folder: Path,
    told: Told,
    backup_days: int | None = None,
) -> Restored:
    """Put a backup into an empty database, or with `force` in place of what is there; all of it or nothing.

    Who was erased since, as far as this database knows, is erased again, a purpose withdrawn since is
    withdrawn again, and a staff key removed since stays removed; a legal hold goes on. `folder` takes a
    temporary copy, on which an older backup is brought to this version. One older than `backup_days` is
    refused: who was erased since is not remembered so long.
    Raises DatabaseFault.
    """
    if not file.is_file():
        raise DatabaseFault(f"{file}: is not there")
    with engine.connect() as target:
        on_hold = held(target)
    _check_age(file, now, None if on_hold else backup_days)
    with tempfile.TemporaryDirectory(dir=folder, prefix=RESTORING) as temporary:
        opened = _open(file, Path(temporary) / "backup.db", keys)
        try:
            with opened.connect() as source, engine.connect() as target:
                begin_read(source)
                take_over(target, force)
                since, said_no = remembered(target), withdrawn(target)
                people = copy(source, target, told)[participants.name]
                remember(target, since)
                again = repeat(target, keys, now)
                withdraw_again(target, said_no)
                rotation.rekey(target, keys)
                repeat_removals(target)
                for name, day in on_hold.items():
                    holds.add(target, name, date.fromisoformat(day))
                target.execute(delete(marks).where(marks.c.name == MADE_AT))
                target.commit()
        finally:
            opened.dispose()
    clean(engine, now, at_once=True)
    return Restored(people, again)


# ---------------------------------------------------------------- inside


def _check_age(file: Path, now: datetime, backup_days: int | None) -> None:
    if backup_days is not None and made_at(file) < now - timedelta(days=backup_days):
        raise DatabaseFault(f"{file}: is older than BACKUP_DAYS ({backup_days}); who was erased since is not known")


def _copy_file(source: Path, target: Path) -> None:
    """SQLite's own online copy, in one step: in several it would begin anew with each write."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def _copy_rows(engine: Engine, target: Path, told: Told) -> None:
    made = open_engine(URL.create("sqlite", database=str(target)))
    try:
        migrate(made)
        with engine.connect() as here, made.connect() as there:
            begin_read(here)
            begin_write(there)
            copy(here, there, told)
            there.commit()
    finally:
        made.dispose()


def _open(file: Path, temporary: Path, keys: Keys) -> Engine:
    """A copy of the backup, at this version. Raises DatabaseFault when it is none, or another house's."""
    try:
        shutil.copyfile(file, temporary)
        with closing(sqlite3.connect(temporary)) as one:
            sound = one.execute("PRAGMA quick_check").fetchone()[0] == "ok"
            sound = sound and bool(one.execute("SELECT count(*) FROM alembic_version").fetchone()[0])
    except sqlite3.DatabaseError:
        sound = False
    if not sound:
        raise DatabaseFault(f"{file}: is no backup of stadsdialoog, or a damaged one")
    opened = open_engine(URL.create("sqlite", database=str(temporary)))
    try:
        migrate(opened)
    except CommandError:
        raise DatabaseFault(f"{file}: was made by a newer version than this one") from None
    with opened.connect() as conn:
        made_with = conn.execute(select(marks.c.value).where(marks.c.name == "key")).scalar_one_or_none()
    if made_with not in [one.fingerprint() for one in keys.all]:
        raise DatabaseFault("STADSDIALOOG_PSEUDONYM_KEY: this backup was made with another key")
    return opened
