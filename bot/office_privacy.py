"""What a keeper does about people's data: erase, retention, holds for the law, corrections to our texts."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Annotated

import typer

from bot.house import House
from bot.office import Round, here, known, noted, office, open_house, plainly, reading, writing
from bot.tidying import Tidying
from storage import audit, holds, keeping
from storage import bursts as storage_bursts
from storage.cache import erase_cached_exports
from storage.database import DatabaseFault, now
from storage.erasure import by_pseudonym, erase, new_receipt
from storage.rewriting import clean

CLEAN_TRIES, CLEAN_WAIT = 50, 0.1

hold = typer.Typer(add_completion=False, rich_markup_mode=None, help="Legal holds: they stop purge, never /forget.")
Name = Annotated[str, typer.Argument(help="what the hold is called, as in court-2026")]


@office.command("erase")
@plainly
def erase_participant(participant: Annotated[str, typer.Option(help="the pseudonym, as in the export")]) -> None:
    """Do what /forget does, for somebody who cannot."""
    house, receipt = open_house(), new_receipt()
    with writing(house) as connection:
        found = by_pseudonym(connection, participant, house.keys)
        if found is None:
            raise DatabaseFault(f"{participant}: there is no participant with this pseudonym")
        erase(connection, found, house.keys, now(), bool(house.settings.export_url))
        audit.note(connection, here(), "erase", f"receipt {receipt}")
    _wipe(house)
    print(f"erased; receipt {receipt}")


@office.command()
@plainly
def purge() -> None:
    """Let go what is over by the retention rules now. Serving does it every hour."""
    house = open_house()

    async def tidy() -> dict[str, int]:
        house.worker.start()
        try:
            return dict(await Tidying(house).purge())
        finally:
            await house.worker.stop()

    gone = asyncio.run(tidy())
    with writing(house) as connection:
        on_hold = holds.held(connection)
        told = ", ".join(f"{n} {name}" for name, n in gone.items()) or "nothing"
        audit.note(connection, here(), "purge", told)
    _wipe(house)
    print(f"purged: {told}")
    for name, since in on_hold.items():
        print(f"on hold since {since}: {name}")


@office.command()
@plainly
def corrections(
    done: Annotated[int | None, typer.Option(help="the id of one that was dealt with: it is deleted")] = None,
) -> None:
    """What residents wrote with /fout about our texts, one JSON object a line, oldest first."""
    house = open_house()
    if done is not None:
        with writing(house) as connection:
            if not keeping.corrected(connection, done):
                raise DatabaseFault(f"{done}: there is no such correction")
            audit.note(connection, here(), "correct", f"correction {done}")
        _wipe(house)
        print(f"{done} is dealt with")
        return
    noted(house, "read", "corrections")
    with reading(house) as connection:
        for line in keeping.corrections(connection):
            print(json.dumps(line, ensure_ascii=False))


@hold.command("add")
@plainly
def add(name: Name = "hold") -> None:
    """From now on nothing is purged, until this hold is removed. Residents can still erase what is theirs."""
    house = open_house()
    with writing(house) as connection:
        holds.add(connection, name, now().date())
        audit.note(connection, here(), "hold_add", name)
    print(f"on hold: {name}")


@hold.command("remove")
@plainly
def remove(name: Name = "hold") -> None:
    """End a hold. When it was the last one, what is over goes within the hour."""
    house = open_house()
    with writing(house) as connection:
        holds.remove(connection, name)
        audit.note(connection, here(), "hold_remove", name)
    print(f"no longer on hold: {name}")


@hold.command("list")
@plainly
def listed() -> None:
    """The holds in force, and since when."""
    house = open_house()
    noted(house, "read", "holds")
    with reading(house) as connection:
        for name, since in holds.held(connection).items():
            print(f"{since} {name}")


@office.command()
@plainly
def bursts(
    round: Round,
    leave_out: Annotated[str, typer.Option(help="the name of a burst: out of releases from the next one on")] = "",
    take_in: Annotated[str, typer.Option(help="the name of a burst that is to count again")] = "",
) -> None:
    """Many walks faster than anybody reads, begun within minutes: shown, and left out of releases or taken in."""
    house = open_house()
    known(house, round)
    for name, out in ((leave_out, True), (take_in, False)):
        if name:
            with writing(house) as connection:
                try:
                    people = storage_bursts.decide(connection, round, name, out)
                except LookupError:
                    raise DatabaseFault(f"{name}: there is no burst of this name in {round}") from None
                audit.note(connection, here(), "burst_out" if out else "burst_in", f"{name} of {round}")
            print(f"{people} people of {name} {'are left out' if out else 'count'}, from the next release on")
    noted(house, "read", f"bursts of {round}")
    with reading(house) as connection:
        found = storage_bursts.bursts(connection, round)
        everybody, out_now = storage_bursts.people(connection, round)
    for one in found:
        print(f"{one.name} to {one.until:%H:%M:%S} UTC: {one.people} fast walks, {one.left_out} left out")
    print(f"people with a position: {everybody} in all, {everybody - out_now} without those left out")


def _wipe(house: House) -> None:
    """Write over what was erased. Raises DatabaseFault while somebody reads an older snapshot."""
    erase_cached_exports(house.settings.data)
    for _ in range(CLEAN_TRIES):
        if clean(house.engine, now(), at_once=True):
            return
        time.sleep(CLEAN_WAIT)
    raise DatabaseFault("done, but the files still hold traces: somebody is reading. A serving process tries on")
