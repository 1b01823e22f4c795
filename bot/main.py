"""The command line. Every command exits 0, or 1 with one clear line, or 2 on wrong usage."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from datetime import datetime
from typing import Annotated

import typer

from bot import logs, office_attack, office_bundle, office_keys, office_moderation  # noqa: F401 - add their commands
from bot.house import build, only_one
from bot.office import office, open_house, plainly
from bot.office_privacy import hold
from bot.office_staff import staff
from bot.settings import read_settings
from bot.simulate import simulate
from content import load

cli = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False, rich_markup_mode=None)
cli.add_typer(office)
cli.add_typer(staff, name="staff")
cli.add_typer(hold, name="hold")
cli.command()(simulate)


@cli.callback(invoke_without_command=True)
def _default(context: typer.Context) -> None:
    """A city dialogue: Telegram, web chat, staff desk and push. Without a command it serves."""
    if context.invoked_subcommand is None:
        serve()


@cli.command()
@plainly
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
@plainly
def terminal(language: Annotated[str, typer.Option(help="nl, en or li")] = "nl") -> None:
    """The same dialogue in a terminal."""
    from rich.console import Console

    from bot.terminal import talk

    async def converse() -> None:
        house.worker.start()
        await talk(house.desk(), language, Console())
        await house.worker.stop()

    house = open_house()
    asyncio.run(converse())


@cli.command()
@plainly
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
@plainly
def understand(
    text: str,
    at: Annotated[str, typer.Option(help="DILEMMA.ITEM, or a round-level item, a consent, or language")],
    language: Annotated[str, typer.Option(help="nl, en or li")] = "nl",
    first: Annotated[str, typer.Option(help="a or b: the side shown first")] = "",
) -> None:
    """How a typed answer would be read, as JSON."""
    from conversations.understand import understand as read

    try:
        print(json.dumps(read(text, at, language, first, load(), datetime.now().year), ensure_ascii=False))
    except KeyError as error:
        raise typer.BadParameter(str(error.args[0])) from None


@cli.command()
@plainly
def migrate() -> None:
    """Bring the database to this version (serve does it on its own)."""
    open_house()
    print("the database is at this version")


def main() -> None:
    """The console script."""
    cli()


if __name__ == "__main__":
    main()
