"""`bot.py rotate-key`: another secret in the place of the one in use. See docs/operating.md for what changes."""

from __future__ import annotations

import os
import secrets
from typing import Annotated

import typer

from bot import logs
from bot.house import only_one, read_keys
from bot.office import here, office, plainly
from bot.settings import Settings, SettingsFault, read_settings
from storage import audit, keys, rotation
from storage.cache import erase_cached_exports
from storage.database import DatabaseFault, begin_write, migrate, now, open_engine
from storage.keys import Keys
from storage.locks import nobody_serves

SECRET_BYTES = 32


@office.command("rotate-key")
@plainly
def rotate_key(
    finish: Annotated[
        bool,
        typer.Option("--finish", help="let go of the earlier keys: who did not return is not known again"),
    ] = False,
) -> None:
    """Put a new secret in the place of the one in use; the earlier one still finds who is kept under it."""
    settings = read_settings()
    logs.configure(settings.telegram_token, settings.staff_token)
    os.umask(0o077)
    with only_one(settings):
        print(_finish(settings) if finish else _rotate(settings))


def _rotate(settings: Settings) -> str:
    current = read_keys(settings)
    engine = open_engine(settings.database_address)
    migrate(engine)
    with engine.connect() as conn:
        begin_write(conn)
        if not nobody_serves(conn):
            raise DatabaseFault("this database is being served: stop every process first")
        belongs_to = rotation.belongs_to(conn)
        if belongs_to == current.fingerprint():
            current = _new_secret(settings)
        elif belongs_to not in [one.fingerprint() for one in current.earlier]:
            raise DatabaseFault("STADSDIALOOG_PSEUDONYM_KEY: this database was made with another key")
        # A crash here leaves a key file with both, and a database that asks for this command.
        done = rotation.rotate(conn, current, here(), now())
        conn.commit()
    erase_cached_exports(settings.data)
    return f"the key was rotated; {done} addresses were hashed anew. Make the keys of staff again: staff add"


def _new_secret(settings: Settings) -> Keys:
    if settings.pseudonym_key:
        raise SettingsFault("STADSDIALOOG_PSEUDONYM_KEY: put the new key in front of this one, with a space between")
    in_use = keys.read_or_make(settings.data)
    keys.write(settings.data, [secrets.token_bytes(SECRET_BYTES), *in_use])
    return read_keys(settings)


def _finish(settings: Settings) -> str:
    if settings.pseudonym_key:
        raise SettingsFault("STADSDIALOOG_PSEUDONYM_KEY: leave only the first of its keys in the setting")
    first, *earlier = keys.read_or_make(settings.data)
    engine = open_engine(settings.database_address)
    with engine.connect() as conn:
        begin_write(conn)
        if rotation.belongs_to(conn) != Keys(first).fingerprint():
            raise DatabaseFault("the database is not under the new key yet: run rotate-key first")
        audit.note(conn, here(), "rotate_key", "earlier secrets let go")
        conn.commit()
    keys.write(settings.data, [first])
    return f"{len(earlier)} earlier keys were let go"
