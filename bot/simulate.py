"""The command `simulate`: makes the folder, the database and its mark, and lets the residents walk."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bot.house import FIRST_ROUND, House, build
from bot.office import plainly
from bot.settings import Settings
from bot.simulation import VIEWS, batches, residents, settle_in, write_views
from storage.database import DatabaseFault, begin_write, now
from storage.simulated import declare

AT_ONCE = 200


@plainly
def simulate(
    data: Annotated[Path, typer.Option(help="the new data folder")],
    people: Annotated[int, typer.Option(min=1, help="how many residents")] = 400,
    seed: Annotated[int, typer.Option(help="the same seed makes the same residents")] = 1,
    round: Annotated[str, typer.Option("--round", help="the round's code, as in dreams")] = FIRST_ROUND,
) -> None:
    """Make a new data folder with residents of known views; it says simulated for ever."""
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise DatabaseFault(f"{data}: is there already; simulated residents never stand beside real ones")
    house = _begin(data, seed)
    if round not in house.content.rounds:
        raise DatabaseFault(f"{round}: no such round; there are {', '.join(house.content.rounds)}")
    until = now()
    views: list[list[str]] = []
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as shown:
        bar = shown.add_task("residents", total=people)
        for some in batches(residents(house.content, people, seed), AT_ONCE):
            with house.engine.connect() as connection:
                begin_write(connection)
                views += settle_in(connection, house.content, house.keys, some, round, until)
                connection.commit()
            shown.update(bar, advance=len(some))
    house.engine.dispose()
    write_views(data / VIEWS, house.content, views)
    print(f"{people} simulated residents in {data}; what they think is in {data / VIEWS}")
    print(f"serve them with STADSDIALOOG_DATA={data}")


def _begin(data: Path, seed: int) -> House:
    """A house in a new folder, marked before anybody is in it."""
    # Its own database and key, and no channel, whatever the settings in force name.
    settings = Settings(_env_file=None, data=data, database="", telegram_token="", pseudonym_key="")
    house = build(settings)
    with house.engine.connect() as connection:
        begin_write(connection)
        declare(connection, seed)
        connection.commit()
    return replace(house, keys=house.keys.marked(), simulated=True)
