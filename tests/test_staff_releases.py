"""The desk's pages about releases and their deliveries: what is new, what waits, and trying again what failed."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from sqlalchemy import Connection, select, update

from bot.house import House
from bot.push import Push
from storage import outbox
from storage.database import now
from storage.deliveries import deliveries, failing
from storage.erasure import erase
from storage.outbox import outbox as table
from tests.colleague import at_the_desk
from tests.databases import BOTH
from tests.receiver import Receiver
from tests.seeding import crowd, publish
from tests.test_audit import lines
from tests.test_push import SECRET, Settings, once, people

URL = "https://ontvanger.example/in?sleutel=zeer-geheim"

pytestmark = BOTH


@pytest_asyncio.fixture
async def reached(house: House) -> AsyncIterator[House]:
    """A house with a receiver, and two releases: the second has something new on one question only."""
    one = replace(house, settings=house.settings.model_copy(update={"export_url": URL}))

    def seed(conn: Connection) -> None:
        for number, dilemma in enumerate(("growth", "space")):
            crowd(conn, [{dilemma: "ab"[n % 2]} for n in range(30)], f"p{number}")
            assert publish(conn, one.content, "dreams", 10, now(), URL)

    await one.worker.run(seed)
    yield one


def fail(house: House, error: str, tries: int, over: bool, which: str = "url") -> None:
    """What goes to this target did not arrive, so many times, and was given up where it is over."""
    with house.engine.begin() as conn:
        values = {"tries": tries, "last_error": error, "next_at": now() + timedelta(hours=20)}
        done = {"done_at": now()} if over else {}
        conn.execute(update(table).where(table.c.target == which).values(**values, **done))


async def test_releases_tell_what_is_new_and_each_can_be_looked_at(reached: House) -> None:
    async with at_the_desk(reached, "reader") as someone:
        page = await someone.opens("/rounds/dreams/releases?language=en")
        rows = [row.partition("</tr>")[0] for row in page.html.split("<tr role")[2:]]
        short = {code: one.short["en"] for code, one in reached.content.dilemmas.items()}
        assert [(short["growth"] in row, short["space"] in row) for row in rows] == [(False, True), (True, False)]
        first = await someone.opens("/rounds/dreams/results?release=1&language=en")
        assert "Release 1, with 30 people" in first.text
        assert "Release 2, with 60 people" in (await someone.opens("/rounds/dreams/results?language=en")).text
        assert (await someone.opens("/rounds/dreams/results?release=3")).status == 404
        assert (await someone.opens("/rounds/nothing/releases")).status == 404
        older = await someone.opens("/rounds/dreams/releases?before=2")
        assert older.html.count("<tr role") == 2


async def test_that_the_reach_is_new_is_told_too(house: House) -> None:
    def seed(conn: Connection) -> None:
        places = [one.code for one in house.content.items["neighbourhood"].options]
        crowd(conn, [{"growth": "ab"[n // 3 % 2], "neighbourhood": places[n % len(places)]} for n in range(150)], "p")
        assert publish(conn, house.content, "dreams", 10, now(), URL)

    await house.worker.run(seed)
    async with at_the_desk(house, "reader") as someone:
        page = await someone.opens("/rounds/dreams/releases?language=en")
    assert "The seven neighbourhoods of the sketch" in page.text


async def test_before_the_first_release_the_page_says_when_it_comes(house: House) -> None:
    async with at_the_desk(house, "reader") as someone:
        assert "nog niets vrijgegeven" in (await someone.opens("/rounds/dreams/releases")).text


async def test_what_failed_for_good_is_on_the_first_page_and_is_tried_again(reached: House) -> None:
    fail(reached, "given up", 12, over=True)
    async with at_the_desk(reached, "analyst") as someone:
        assert "Kijk wat niet aankomt" in (await someone.opens("/")).text
        page = await someone.opens("/deliveries")
        assert page.text.count("opgegeven na 30 dagen") == 2
        assert "zeer-geheim" not in page.html
        assert "ontvanger.example" not in page.html
        event = page.form("/deliveries/again").fields["event"]
        after = await someone.sends(page, "/deliveries/again")
        assert ("wordt nu opnieuw geprobeerd" in after.text, after.text.count("opgegeven na 30 dagen")) == (True, 1)
        assert event
        rest = await someone.opens("/deliveries/again", "POST", {**after.form("/deliveries/again").fields, "event": ""})
        assert "opgegeven" not in rest.text
        assert "Kijk wat niet aankomt" not in (await someone.opens("/")).text
    with reached.engine.connect() as conn:
        assert all(one.tries == 0 for one in outbox.due(conn, now(), ("url",)))
        assert len(outbox.due(conn, now(), ("url",))) == 2
    told = [line.object for line in lines(reached.engine) if line.action == "deliver"]
    assert told == [event, "everything that waits"]


async def test_what_waits_for_hours_can_be_tried_now(reached: House) -> None:
    fail(reached, "503", 9, over=False)
    with reached.engine.connect() as conn:
        assert failing(conn), "the whole schedule was in vain"
    async with at_the_desk(reached, "keeper") as someone:
        page = await someone.opens("/deliveries")
        assert page.text.count("de ontvanger antwoordde 503") == 2
        with reached.engine.connect() as conn:
            assert outbox.due(conn, now(), ("url",)) == []
        await someone.sends(page, "/deliveries/again")
    with reached.engine.connect() as conn:
        assert [one.tries for one in outbox.due(conn, now(), ("url",))] == [9, 9], "the schedule goes on"


async def test_a_receiver_that_was_gone_is_asked_again(reached: House) -> None:
    with reached.engine.begin() as conn:
        outbox.gone(conn, URL, now())
    async with at_the_desk(reached, "keeper") as someone:
        page = await someone.opens("/deliveries?language=en")
        assert "said that this address is gone (410)" in page.text
        await someone.sends(page, "/deliveries/again", event="")
    with reached.engine.connect() as conn:
        assert not outbox.is_gone(conn, URL)
        assert len(outbox.due(conn, now(), ("url",))) == 2


async def test_a_receiver_that_is_back_gets_all_that_was_released_meanwhile(house: House, tmp_path: Path) -> None:
    async with Receiver(SECRET, deque([(410, {})])) as receiver:
        push = Push(house.worker, house.content, Settings(tmp_path / "drop", receiver.address, SECRET))
        for prefix in "pq":
            await people(house, prefix)
            await push.release()
            await once(push)
        assert receiver.events == {}
        one = replace(house, settings=house.settings.model_copy(update={"export_url": receiver.address}))
        async with at_the_desk(one, "keeper") as keeper:
            page = await keeper.opens("/deliveries")
            await keeper.sends(page, "/deliveries/again", event="")
            await once(push)
            assert sorted(event["data"]["release"] for event in receiver.events.values()) == [1, 2]
            dropped = {path.name.split("-")[2] for path in (tmp_path / "drop").glob("*.json")}
            assert dropped == {"0001", "0002"}
            assert "Niet aangekomen" not in (await keeper.opens("/deliveries")).text
        await people(house, "r")
        await push.release()
        await once(push)
        assert (len(receiver.events), receiver.again) == (3, [])


async def test_erasures_on_their_way_tell_of_nobody(reached: House) -> None:
    def seed(conn: Connection) -> list[str]:
        people = crowd(conn, [{"growth": "a"}] * 2, "gone")
        for one in people:
            erase(conn, one, reached.keys, now(), tell_receiver=True)
        return [reached.keys.pseudonym(one) for one in people]

    pseudonyms = await reached.worker.run(seed)
    with reached.engine.connect() as conn:
        events = conn.execute(select(table.c.id).where(table.c.type == outbox.ERASED)).scalars().all()
    async with at_the_desk(reached, "keeper") as someone:
        page = await someone.opens("/deliveries")
    assert page.html.count("berichten dat iemand is gewist") == 1
    assert not [one for one in (*pseudonyms, *events) if one in page.html]


async def test_nothing_on_its_way_is_one_clear_line(house: House) -> None:
    async with at_the_desk(house, "keeper") as someone:
        page = await someone.opens("/deliveries")
        assert ("Er is nu geen ontvanger" in page.text, "Er wacht niets" in page.text) == (True, True)
        assert "/deliveries/again" not in page.html
        form = {**(await someone.opens("/keys")).form("/keys/add").fields, "event": "evt_x"}
        assert "niets om opnieuw te proberen" in (await someone.opens("/deliveries/again", "POST", form)).text
    with house.engine.connect() as conn:
        assert not failing(conn)
        assert deliveries(conn, "").waiting == []


async def test_only_who_may_have_rows_sees_deliveries(house: House) -> None:
    for role in ("reader", "moderator"):
        async with at_the_desk(house, role) as someone:  # type: ignore[arg-type]
            assert (await someone.opens("/deliveries")).status == 403
            assert (await someone.opens("/deliveries/again", "POST", {"event": ""})).status == 403
