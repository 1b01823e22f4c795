"""Downloads at the desk: at once where the file is there soon, else with a page that tells how far it is."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bot import staff_downloads
from bot.house import House
from storage.exports.maker import Maker
from storage.exports.text import Told
from tests.colleague import Colleague, Page, at_the_desk, key_of
from tests.seeding import crowd, mixed
from tests.test_audit import lines

BEGIN = "/rounds/dreams/downloads"
ROWS = {"table": "participants", "format": "csv", "language": "nl", "purpose": "een proef"}


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Files are half done, and finished once this is set."""
    go_on, really = threading.Event(), Maker.made

    def made(maker: Maker, told: Told) -> Mapping[str, Any]:
        told(7, 14)
        assert go_on.wait(20)
        return really(maker, lambda done, total: None)

    monkeypatch.setattr(Maker, "made", made)
    monkeypatch.setattr(staff_downloads, "SOON_SECONDS", 0.2)
    yield go_on
    go_on.set()


async def people(house: House, number: int = 14) -> None:
    await house.worker.run(lambda conn: crowd(conn, mixed("ab", number), "p"))


async def asks(someone: Colleague, **values: str) -> Page:
    page = await someone.opens("/rounds/dreams")
    token = page.form("/sign-out").fields["token"]
    return await someone.opens(BEGIN, "POST", {"token": token, **ROWS, **values})


def records(page: Page) -> int:
    return len(list(csv.DictReader(io.StringIO(page.html))))


async def test_a_file_that_is_there_soon_comes_at_once(house: House) -> None:
    await people(house)
    async with at_the_desk(house, "analyst") as someone:
        page = await someone.opens("/rounds/dreams")
        assert page.html.count(f'action="{BEGIN}"') == 3, "answers, participants, bundle"
        got = await asks(someone)
    assert (got.status, records(got)) == (200, 14)
    assert "attachment" in got.headers["Content-Disposition"]
    told = [(line.object, line.purpose) for line in lines(house.engine) if line.action == "download"]
    assert told == [("participants of dreams as csv", "een proef")]


async def test_one_sees_how_far_a_large_file_is_and_then_has_it(house: House, slow: threading.Event) -> None:
    await people(house)
    async with at_the_desk(house, "analyst") as someone:
        page = await asks(someone)
        assert (page.head, "7 van 14 regels" in page.text) == ("Een bestand maken", True)
        assert page.headers["Refresh"] == "2"
        still = await someone.opens(f"{page.path}&still=1")
        assert ("Refresh" in still.headers, "7 van 14 regels" in still.text) == (False, True)
        assert "7 van 14 regels" in (await someone.opens("/downloads")).text
        assert [line for line in lines(house.engine) if line.action == "download"] == [], "nothing left yet"
        slow.set()
        async with asyncio.timeout(20):
            while "Het bestand is klaar" not in (ready := await someone.opens(page.path)).text:
                pass
        after, _, address = ready.headers["Refresh"].partition("; url=")
        assert (after, address in ready.html.replace("&amp;", "&")) == ("1", True)
        assert records(await someone.opens(address)) == 14


async def test_a_file_that_is_gone_can_be_made_again(house: House) -> None:
    await people(house)
    async with at_the_desk(house, "analyst") as someone:
        page = await someone.opens("/downloads/file?round=dreams&table=answers&format=csv&language=nl&purpose=proef")
        assert ("niet meer" in page.text, "Refresh" in page.headers) == (True, False)
        assert records(await someone.sends(page, BEGIN)) == 14


async def test_a_file_that_cannot_be_made_is_one_clear_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.exports.maker.COMMAND", ("false",))
    async with at_the_desk(house, "keeper") as someone:
        page = await asks(someone)
    assert (page.status, "kon nu niet gemaakt worden" in page.text) == (503, True)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"purpose": ""}, 400),
        ({"purpose": "x" * 201}, 400),
        ({"purpose": "een\nregel"}, 400),
        ({"table": "summary", "format": "json"}, 404),
        ({"table": "votes"}, 404),
        ({"format": "exe"}, 404),
        ({"language": "fr"}, 404),
    ],
)
async def test_what_is_not_there_is_not_begun(house: House, values: dict[str, str], status: int) -> None:
    async with at_the_desk(house, "analyst") as someone:
        assert (await asks(someone, **values)).status == status


async def test_rows_are_for_who_may_have_them(house: House) -> None:
    for role in ("reader", "moderator"):
        async with at_the_desk(house, role) as someone:  # type: ignore[arg-type]
            assert (await asks(someone)).status == 403
            address = "/downloads/file?round=dreams&table=answers&format=csv&language=nl&purpose=proef"
            assert (await someone.opens(address)).status == 403
            assert BEGIN not in (await someone.opens("/rounds/dreams")).html


async def test_a_keeper_sees_what_everybody_downloaded_and_others_their_own(house: House) -> None:
    await people(house)
    async with at_the_desk(house, "analyst") as someone:
        assert "nog niets gedownload" in (await someone.opens("/downloads")).text
        await asks(someone, purpose="voor de raad")
    async with at_the_desk(house, "keeper") as keeper:
        await asks(keeper, purpose="voor mezelf", table="answers")
        everybody = (await keeper.opens("/downloads")).text
    assert "a.analyst (analist) Deelnemers · Dromen over Maastricht in 2040 · csv voor de raad" in everybody
    assert "a.keeper (beheerder) Antwoorden · Dromen over Maastricht in 2040 · csv voor mezelf" in everybody
    async with at_the_desk(house) as someone:
        await someone.signs_in(await key_of(house, "b.analyst", "analyst"))
        assert "voor de raad" not in (await someone.opens("/downloads")).text
