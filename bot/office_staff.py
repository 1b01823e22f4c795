"""`bot.py staff`: named keys to the desk and the API, each with a role."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bot.house import staff_token
from bot.office import here, noted, open_house, plainly, reading, writing
from storage import staff_keys
from storage.database import DatabaseFault, now

staff = typer.Typer(add_completion=False, rich_markup_mode=None, help="Keys for staff: add, list, remove.")

Name = Annotated[str, typer.Argument(help="whose key it is, as in j.janssen")]


@staff.command("add")
@plainly
def add_key(name: Name, role: Annotated[str, typer.Option(help=", ".join(staff_keys.ROLES))]) -> None:
    """Make a key and print it, this once: only a hash is kept."""
    if role not in staff_keys.ROLES:
        raise typer.BadParameter(f"is one of {', '.join(staff_keys.ROLES)}", param_hint="--role")
    house = open_house()
    with writing(house) as connection:
        try:
            key = staff_keys.add(connection, house.keys, name, role, here(), now())
        except staff_keys.NoKey as fault:
            raise DatabaseFault(str(fault)) from None
    print(f"{name} has the role {role}. This key is shown only now:", file=sys.stderr)
    print(key)


@staff.command("list")
@plainly
def list_keys() -> None:
    """Who has a key, with which role, since when (UTC) and made by whom."""
    house = open_house()
    noted(house, "read", "keys of staff")
    with reading(house) as connection:
        found = staff_keys.listed(connection)
    _, file = staff_token(house.settings)
    print(f"{staff_keys.FIRST:40} {'keeper':10} {file or 'STADSDIALOOG_STAFF_TOKEN'}")
    for one in found:
        print(f"{one.name:40} {one.role:10} {one.made_at:%Y-%m-%d %H:%M} {one.made_by}")


@staff.command("remove")
@plainly
def remove_key(name: Name) -> None:
    """From now on this key opens nothing."""
    house = open_house()
    with writing(house) as connection:
        try:
            staff_keys.remove(connection, name, here(), now())
        except staff_keys.NoKey as fault:
            raise DatabaseFault(str(fault)) from None
    print(f"the key of {name} is removed")
