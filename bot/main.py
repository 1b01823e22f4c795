"""The command line. Every command exits 0, or 1 with one clear line, or 2 on wrong usage."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import logs
from bot.house import House, build, only_one
from bot.settings import SettingsFault, read_settings
from content import ContentFault, load
from storage.database import DatabaseFault
from storage.keys import KeyFault

FAULTS = (SettingsFault, KeyFault, ContentFault, DatabaseFault, OSError)

cli = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False, rich_markup_mode=None)
Round = Annotated[str, typer.Option("--round", help="The round's code, as in `dreams`.")]


def _plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """A fault becomes one line on stderr and exit 1; a traceback helps nobody who runs this."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except FAULTS as fault:
            print(f"stadsdialoog: {fault}", file=sys.stderr)
            raise typer.Exit(1) from None

    return run


def _house() -> House:
    settings = read_settings()
    logs.configure(settings.telegram_token, settings.staff_token)
    return build(settings)


def _write(data: bytes, out: str) -> None:
    if out == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        Path(out).write_bytes(data)


@cli.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    """A city dialogue: Telegram, web chat, staff desk and push. Without a command it serves."""
    if context.invoked_subcommand is None:
        serve()


@cli.command()
@_plainly
def serve() -> None:
    """All channels, the staff desk and the push (the default)."""
    from bot.serving import run

    settings = read_settings()
    logs.configure(settings.telegram_token, settings.staff_token)
    with only_one(settings), suppress(KeyboardInterrupt):
        try:
            import uvloop

            uvloop.run(run(build(settings)))
        except ImportError:
            asyncio.run(run(build(settings)))


@cli.command()
@_plainly
def terminal(language: Annotated[str, typer.Option(help="nl, en or li")] = "nl") -> None:
    """The same dialogue in a terminal."""
    from rich.console import Console

    from bot.terminal import talk

    async def converse() -> None:
        house.worker.start()
        await talk(house.desk(), language, Console())
        await house.worker.stop()

    house = _house()
    asyncio.run(converse())


@cli.command()
@_plainly
def check(words: Annotated[str, typer.Option(help="li: list the words no source has")] = "") -> None:
    """Validate content and catalogues; names file, key and language of every fault."""
    from content.check import faults, words_not_attested
    from conversations.measure import measure

    if words:
        for word in words_not_attested(load()):
            print(word)
        return
    found = [str(fault) for fault in faults()]
    if not found:
        measured = measure(load())
        found += [str(fault) for fault in measured.faults]
        print(measured)
    for line in found:
        print(line, file=sys.stderr)
    if found:
        raise typer.Exit(1)
    print("content is clean")


@cli.command()
@_plainly
def understand(
    text: str,
    at: Annotated[str, typer.Option(help="DILEMMA.ITEM, or a round-level item, a consent, or language")],
    language: Annotated[str, typer.Option(help="nl, en or li")] = "nl",
    first: Annotated[str, typer.Option(help="a or b: the side shown first")] = "",
) -> None:
    """How a typed answer would be read, as JSON."""
    from conversations.understand import understand as read

    try:
        print(json.dumps(read(text, at, language, first, load()), ensure_ascii=False))
    except KeyError as error:
        raise typer.BadParameter(str(error.args[0])) from None


@cli.command()
@_plainly
def migrate() -> None:
    """Bring the database to this version (serve does it on its own)."""
    _house()
    print("the database is at this version")


@cli.command("open")
@_plainly
def open_round(round: Annotated[str, typer.Argument()]) -> None:
    """Open a round: residents may answer."""
    _set_state(_house(), round, "open")


@cli.command("close")
@_plainly
def close_round(round: Annotated[str, typer.Argument()]) -> None:
    """Close a round: one may look and forget, not answer."""
    _set_state(_house(), round, "closed")


def _set_state(house: House, round_code: str, state: str) -> None:
    from storage.database import begin_write
    from storage.keeping import set_round_state

    if round_code not in house.content.rounds:
        raise DatabaseFault(f"{round_code}: no such round; known are {', '.join(house.content.rounds)}")
    with house.engine.connect() as connection:
        begin_write(connection)
        set_round_state(connection, round_code, state)
        connection.commit()
    print(f"{round_code} is {state}")


def main() -> None:
    """The console script."""
    cli()


if __name__ == "__main__":
    main()
