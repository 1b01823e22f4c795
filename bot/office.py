"""What staff do from the command line: export, release, open and close a round, erase, back up."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress, TaskID
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot import logs, printing, staff_council
from bot.city_figures import CityFault
from bot.house import House, build, only_one, open_database
from bot.settings import Settings, SettingsFault, read_settings
from content import ContentFault
from storage import audit, backup_files, backups, exports, keeping, moving, notices, outbox, releases
from storage.audit import Action, Actor
from storage.cache import FOLDER, erase_cached_exports
from storage.database import DatabaseFault, begin_read, begin_write, now
from storage.exports import asking
from storage.exports.maker import Maker, NotMade
from storage.exports.shelf import Shelf
from storage.exports.steadily import let_go
from storage.faults import describe
from storage.keys import KeyFault
from storage.releases import draft

FAULTS = (
    *(SettingsFault, KeyFault, ContentFault, DatabaseFault, OSError),
    *(exports.NoSuchTable, NotMade, CityFault, printing.NoPrinter),
)

# Whoever may run a command on the server may do everything.
SERVER = "server"

office = typer.Typer(add_completion=False, rich_markup_mode=None)
Round = Annotated[str, typer.Option("--round", help="the round's code, as in dreams")]


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """A fault becomes one line on stderr and exit 1; a traceback helps nobody who runs this."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except BrokenPipeError:
            # Whoever read along has seen enough, as `head` has. What is still to be written goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except FAULTS as fault:
            print(f"stadsdialoog: {fault}", file=sys.stderr)
            raise typer.Exit(1) from None
        except DBAPIError as fault:
            print(f"stadsdialoog: the database: {describe(fault)}", file=sys.stderr)
            raise typer.Exit(1) from None

    return run


def open_house() -> House:
    """Everything a command works with, from the settings in force."""
    settings = read_settings()
    logs.configure(settings.telegram_token, settings.staff_token)
    return build(settings)


def here() -> Actor:
    """Whoever runs this command: an account of the server."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "somebody"
    return Actor(name, "command line", SERVER)


@contextmanager
def reading(house: House) -> Iterator[Connection]:
    """A snapshot of the database."""
    with house.engine.connect() as connection:
        begin_read(connection)
        yield connection
        connection.rollback()


@contextmanager
def writing(house: House) -> Iterator[Connection]:
    """A transaction, committed at the end."""
    with house.engine.connect() as connection:
        begin_write(connection)
        yield connection
        connection.commit()


def noted(house: House, action: Action, what: str, purpose: str = "") -> None:
    """A line in the audit log, committed before anything is handed out."""
    with writing(house) as connection:
        audit.note(connection, here(), action, what, purpose=purpose)


def known(house: House, round_code: str) -> str:
    if round_code not in house.content.rounds:
        raise DatabaseFault(f"{round_code}: no such round; there are {', '.join(house.content.rounds)}")
    return round_code


@office.command()
@plainly
def export(
    round: Round,
    out: Annotated[str, typer.Option(help="a file, or - for standard output")],
    table: Annotated[str, typer.Option(help=", ".join(exports.TABLES))] = "answers",
    format: Annotated[str, typer.Option(help=", ".join(exports.FORMATS))] = "csv",
    language: Annotated[str, typer.Option(help="of labels in xlsx and sav: nl, en or li")] = exports.LANGUAGE,
    purpose: Annotated[str, typer.Option(help="what it is for, for the audit log")] = audit.NOT_STATED,
) -> None:
    """Write a table of a round to a file."""
    house = open_house()
    noted(house, "download", f"{table} of {known(house, round)} as {format}", purpose)
    exports.check(table, format)
    if language not in house.content.languages:
        raise typer.BadParameter(f"{language}: there are {', '.join(house.content.languages)}")
    shelf = Shelf(house.settings.data / FOLDER)
    with reading(house) as connection:
        shelf.ready(asking.state(connection).erased)
    made = shelf.folder / f"part-{os.getpid()}"
    try:
        _make(house, round, table, format, language, made)
        if out == "-":
            with made.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
        else:
            shutil.copyfile(made, out)
    finally:
        let_go(made)


def _make(house: House, round_code: str, table: str, form: str, language: str, made: Path) -> None:
    """Make the file of a table."""
    if asking.is_small(table):
        with reading(house) as connection:
            try:
                if table == exports.COUNCIL:
                    html = staff_council.of_round(connection, house, round_code, language)
                    made.write_bytes(html.encode() if form == "html" else printing.pdf(html))
                else:
                    made.write_bytes(asking.small(connection, house.content, round_code, table, form))
            except exports.NothingReleased:
                raise DatabaseFault(f"{round_code}: no summary was released yet") from None
        return
    about = (house.engine, house.content, house.keys, round_code, table, form)
    asked = asking.job(*about, made.parent, made, house.settings.reveal_at, language)
    with _progress() as told:
        maker = Maker(asked)
        maker.made(lambda done, total: told(table, done, total))
        maker.over()


@office.command()
@plainly
def summary(round: Round) -> None:
    """The latest released summary, as JSON."""
    house = open_house()
    noted(house, "read", f"summary of {known(house, round)}")
    with reading(house) as connection:
        found = releases.latest(connection, round)
    if found is None:
        raise DatabaseFault(f"{round}: no summary was released yet")
    print(json.dumps(found, indent=1))


@office.command()
@plainly
def release(round: Round) -> None:
    """Release a summary now, under the disclosure rules."""
    house = open_house()
    settings = house.settings
    with reading(house) as connection:
        made = draft(connection, house.content, known(house, round), settings.reveal_at, now())
    if made is None:
        raise DatabaseFault(f"{round}: fewer than {settings.reveal_at} people joined or left; nothing can be released")
    with writing(house) as connection:
        if not outbox.announce(connection, made, settings.export_url):
            raise DatabaseFault(f"{round}: another release was made meanwhile; nothing is lost")
        audit.note(connection, here(), "release", f"{round} {made.number}")
    print(f"released summary {made.number} of {round}")


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
    with writing(house) as connection:
        keeping.set_round_state(connection, known(house, round_code), state, now())
        notices.announce(connection, round_code, state)
        audit.note(connection, here(), "round_open" if state == "open" else "round_close", round_code)
    print(f"{round_code} is {state}")


@office.command()
@plainly
def backup(file: Path) -> None:
    """Write a consistent copy of the database while serving. It expires: see docs/operating.md."""
    house = open_house()
    noted(house, "backup", "the whole database")
    backup_files.note(house.settings.data, file, now())
    with _progress() as told:
        backups.backup(house.engine, file, told)
    print(f"wrote {file}")


@office.command()
@plainly
def restore(
    file: Path,
    force: Annotated[bool, typer.Option("--force", help="overwrite what is in the database")] = False,
) -> None:
    """Put a backup back, into SQLite or PostgreSQL; whoever was erased since is erased again."""
    house = open_house()
    days = house.settings.backup_days
    with only_one(house.settings), _progress() as told:
        done = backups.restore(file, house.engine, house.keys, now(), force, house.settings.data, told, days)
        erase_cached_exports(house.settings.data)
        noted(house, "restore", f"{done.people} people")
    print(f"restored {done.people} people; {done.erased_again} of them were erased since, and are again")


@office.command()
@plainly
def move(
    to: Annotated[str, typer.Option(help="an empty database, as in postgresql+psycopg://host/name")],
) -> None:
    """Copy everything into another, empty database, and count it there. What is here stays as it is."""
    house = open_house()
    try:
        Settings(database=to)
    except ValidationError:
        raise DatabaseFault("--to: expected sqlite:///FILE or postgresql+psycopg://…") from None
    target = open_database(to, house.content, house.keys)
    with only_one(house.settings), _progress() as told:
        counts = moving.move(house.engine, target, told)
    # There, where the log goes on: here nothing changes.
    noted(replace(house, engine=target), "move", f"from {house.engine.dialect.name} to {target.dialect.name}")
    for name, number in counts.items():
        print(f"{name:16}{number:10}")
    print("moved. Now set STADSDIALOOG_DATABASE, and STADSDIALOOG_PSEUDONYM_KEY to the key of this database")


@contextmanager
def _progress() -> Iterator[moving.Told]:
    """On a terminal a bar for each table; elsewhere nothing."""
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        bars: dict[str, TaskID] = {}

        def told(table: str, done: int, total: int) -> None:
            if table not in bars:
                bars[table] = bar.add_task(table, total=total)
            bar.update(bars[table], completed=done)

        yield told
