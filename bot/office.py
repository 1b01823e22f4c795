"""What staff do from the command line: export, release, open and close a round, erase, back up."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot import logs
from bot.house import House, build
from bot.settings import SettingsFault, read_settings
from content import ContentFault
from storage import exports, keeping, outbox, releases
from storage.database import DatabaseFault, begin_read, begin_write, now, wipe_traces
from storage.erasure import by_pseudonym, erase, new_receipt
from storage.keys import KeyFault

FAULTS = (SettingsFault, KeyFault, ContentFault, DatabaseFault, exports.NoSuchTable, OSError)
WIPE_TRIES = 50

office = typer.Typer(add_completion=False, rich_markup_mode=None)
Round = Annotated[str, typer.Option("--round", help="the round's code, as in dreams")]


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """A fault becomes one line on stderr and exit 1; a traceback helps nobody who runs this."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except FAULTS as fault:
            print(f"stadsdialoog: {fault}", file=sys.stderr)
            raise typer.Exit(1) from None

    return run


def open_house() -> House:
    """Everything a command works with, from the settings in force."""
    settings = read_settings()
    logs.configure(settings.telegram_token, settings.staff_token)
    return build(settings)


@contextmanager
def _reading(house: House) -> Iterator[Connection]:
    with house.engine.connect() as connection:
        begin_read(connection)
        yield connection
        connection.rollback()


@contextmanager
def _writing(house: House) -> Iterator[Connection]:
    with house.engine.connect() as connection:
        begin_write(connection)
        yield connection
        connection.commit()


def _known(house: House, round_code: str) -> str:
    if round_code not in house.content.rounds:
        raise DatabaseFault(f"{round_code}: no such round; there are {', '.join(house.content.rounds)}")
    return round_code


@office.command()
@plainly
def export(
    round: Round,
    out: Annotated[str, typer.Option(help="a file, or - for standard output")],
    table: Annotated[str, typer.Option(help="answers, codebook or summary")] = "answers",
    format: Annotated[str, typer.Option(help="csv, jsonl or json")] = "csv",
) -> None:
    """Write a table of a round to a file."""
    house = open_house()
    _known(house, round)
    with _reading(house) as connection:
        try:
            pieces = exports.export(connection, house.content, house.keys, round, table, format)
        except exports.NothingReleased:
            raise DatabaseFault(f"{round}: no summary was released yet") from None
        if out == "-":
            sys.stdout.buffer.writelines(pieces)
            return
        with Path(out).open("wb") as file:
            file.writelines(pieces)


@office.command()
@plainly
def summary(round: Round) -> None:
    """The latest released summary, as JSON."""
    house = open_house()
    with _reading(house) as connection:
        found = releases.latest(connection, _known(house, round))
    if found is None:
        raise DatabaseFault(f"{round}: no summary was released yet")
    print(json.dumps(found, indent=1))


@office.command()
@plainly
def release(round: Round) -> None:
    """Release a summary now, under the disclosure rules."""
    house = open_house()
    settings = house.settings
    with _writing(house) as connection:
        made = outbox.publish(
            connection, house.content, _known(house, round), settings.reveal_at, now(), settings.export_url
        )
        number = made.number if made else None
    if number is None:
        raise DatabaseFault(f"{round}: fewer than {settings.reveal_at} people joined or left; nothing can be released")
    print(f"released summary {number} of {round}")


@office.command("open")
@plainly
def open_round(round: str) -> None:
    """Open a round: residents may answer."""
    _set_state(round, "open")


@office.command("close")
@plainly
def close_round(round: str) -> None:
    """Close a round: one may look and forget, not answer."""
    _set_state(round, "closed")


def _set_state(round_code: str, state: str) -> None:
    house = open_house()
    with _writing(house) as connection:
        keeping.set_round_state(connection, _known(house, round_code), state)
    print(f"{round_code} is {state}")


@office.command("erase")
@plainly
def erase_participant(participant: Annotated[str, typer.Option(help="the pseudonym, as in the export")]) -> None:
    """Do what /forget does, for somebody who cannot."""
    house = open_house()
    with _writing(house) as connection:
        found = by_pseudonym(connection, participant, house.keys)
        if found is None:
            raise DatabaseFault(f"{participant}: there is no participant with this pseudonym")
        erase(connection, found, house.keys, now(), bool(house.settings.export_url))
    if not any(wipe_traces(house.engine) for _ in range(WIPE_TRIES)):
        raise DatabaseFault("erased, but the journal still holds traces: somebody is reading; run backup or restart")
    print(f"erased; receipt {new_receipt()}")


@office.command()
@plainly
def backup(file: Path) -> None:
    """Write a consistent copy of the database while serving. It expires: see docs/operating.md."""
    house = open_house()
    if house.engine.dialect.name != "sqlite":
        raise DatabaseFault("STADSDIALOOG_DATABASE: is PostgreSQL; use pg_dump for a backup")
    if file.exists():
        raise DatabaseFault(f"{file}: is there already")
    file.touch(mode=0o600)
    with house.engine.connect() as connection:
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        with sqlite3.connect(file) as copy:
            source.backup(copy)
    print(f"wrote {file}")
