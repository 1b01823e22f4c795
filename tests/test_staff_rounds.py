"""The desk's pages about a round: how it goes, what it says, downloads, and opening and closing it."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from sqlalchemy import Connection, select

from bot.house import House
from bot.simulation import residents, settle_in
from bot.staff_results import BESIDES
from bot.staff_rounds import DAYS, chart
from conversations.goodbye import title
from storage.audit import audit
from storage.database import now
from storage.keeping import answers, rounds
from storage.participation import Participation, participation
from storage.releases import latest, release
from tests.colleague import Page, at_the_desk
from tests.seeding import crowd, position, resident

PEOPLE = 150
SEED = 7
NIGHT = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)


def walked(conn: Connection, house: House, people: int = PEOPLE) -> None:
    """A round in which so many made-up people took part, and its first release."""
    some = list(islice(residents(house.content, people, SEED), people))
    settle_in(conn, house.content, house.keys, some, "dreams", now())
    assert release(conn, house.content, "dreams", house.settings.reveal_at, now())


async def test_a_round_tells_how_it_goes_and_nothing_of_small_groups(house: House) -> None:
    def seed(conn: Connection) -> None:
        for number in range(12):
            resident(conn, house.keys, position("growth", "a"), address=f"1{number}", at=NIGHT)
        for number in range(3):
            resident(conn, house.keys, address=f"2{number}", language="li", channel="web", at=NIGHT)

    await house.worker.run(seed)
    with house.engine.connect() as conn:
        found = participation(conn, "dreams", 10)
    assert (found.people, found.finished) == (15, 0)
    assert found.days == [(datetime(2026, 3, 15).date(), 15, 0)], "a day is one of the city's"
    assert found.reached == {("growth", "position"): 12}
    few = "of fifteen, twelve on Telegram leave three who are not"
    assert found.by == {"channel": {}, "language": {}, "setting": {"private": 15}}, few
    async with at_the_desk(house, "reader") as someone:
        page = await someone.opens("/rounds/dreams")
    assert "15 mensen doen mee" in page.text
    assert "De hoogste staaf: 15 15 mrt 2026" in page.text
    assert "Mestreechs" not in page.html.partition("In welke taal")[2].partition("Downloaden")[0]


@pytest.mark.parametrize(("days", "first", "bars"), [(3, 1, [(25, 0), (0, 0), (100, 50)]), (40, 13, [(100, 50)])])
def test_the_picture_of_days_says_which_and_how_many(days: int, first: int, bars: list[tuple[float, float]]) -> None:
    begin = date(2026, 3, 1)
    told = [(begin, 10, 0), (begin + timedelta(days=days - 1), 40, 20)]
    found = chart(Participation(50, 20, told, {}, {}))
    assert (found["first"], found["last"], found["most"]) == (begin + timedelta(days=first - 1), told[-1][0], 40)
    assert [(bar["began"], bar["ended"]) for bar in found["bars"]][-len(bars) :] == bars
    assert len(found["bars"]) == min(days, DAYS)
    assert chart(Participation(0, 0, [], {}, {})) == {}


async def test_what_was_said_is_what_was_released(house: House) -> None:
    await house.worker.run(lambda conn: walked(conn, house))
    async with at_the_desk(house, "reader") as someone:
        page = await someone.opens("/rounds/dreams/results?language=en")
    with house.engine.connect() as conn:
        summary = latest(conn, "dreams")
    assert summary
    for code, one in summary["dilemmas"].items():
        shown = page.html.partition(f'id="d-{code}"')[2].partition("</section>")[0]
        counts = [int(n) for n in re.findall(r'<td class="n">(\d+)</td><td class="n">', shown)]
        assert counts == list(one["counts"].values())
    assert "no margin of error" in page.text


async def test_nothing_is_offered_that_is_not_there_yet(house: House) -> None:
    """The sheet and the summary are of a release; before one, their links led to a page of JSON."""
    async with at_the_desk(house, "reader") as someone:
        for there in (False, True):
            if there:
                await house.worker.run(lambda conn: walked(conn, house))
            html = (await someone.opens("/rounds/dreams?language=nl")).html
            assert ("/v1/rounds/dreams/council" in html, "/v1/rounds/dreams/summary" in html) == (there, there)
            assert ("Er is nog niets vrijgegeven" in html) == (not there)
            assert "/v1/rounds/dreams/codebook" in html


def cells(page: Page, head: str) -> list[int]:
    """The numbers of people in the table under this heading."""
    table = re.split(r"<h[23][^>]*>", page.html.partition(f">{head}</h")[2])[0]
    return [int(n) for n in re.findall(r'</th><td [^>]*class="n"[^>]*>(\d+)</td>', table)]


async def test_a_question_has_a_page_with_all_that_was_released_of_it(house: House) -> None:
    await house.worker.run(lambda conn: walked(conn, house))
    with house.engine.connect() as conn:
        summary = latest(conn, "dreams")
    assert summary
    async with at_the_desk(house, "reader") as someone:
        overview = await someone.opens("/rounds/dreams/results?language=en")
        assert cells(overview, "Matters most") == [n for n in summary["items"]["weighs_most"]["counts"].values() if n]
        for code, one in summary["dilemmas"].items():
            page = await someone.opens(f"/rounds/dreams/results/{code}?language=en")
            assert page.head == house.content.dilemmas[code].title["en"]
            assert cells(page, "What mattered") == [n for n in one["reasons"]["counts"].values() if n is not None]
            for by, title in (("age", "Age"), ("district", "Where they live")):
                groups = one["by"][by]["groups"]
                shown = page.html.partition(f"<h3>{title}</h3>")[2].partition("<h3>")[0]
                assert shown.count('<th scope="row"') == sum(row["base"] is not None for row in groups.values())
        for wrong in ("nothing", "growth?release=9"):
            assert (await someone.opens(f"/rounds/dreams/results/{wrong}")).status == 404
        older = await someone.opens("/rounds/dreams/results?release=1")
        assert "/rounds/dreams/results/growth?release=1" in older.html


async def test_what_is_about_too_few_people_says_so_and_shows_nothing(house: House) -> None:
    def seed(conn: Connection) -> None:
        crowd(conn, [{"growth": "ab"[n % 2], "age": "25_44"} for n in range(30)], "p")
        crowd(conn, [{"space": "a"} for _ in range(9)], "q")
        assert release(conn, house.content, "dreams", 10, now())

    await house.worker.run(seed)
    async with at_the_desk(house, "reader") as someone:
        overview = await someone.opens("/rounds/dreams/results?language=en")
        page = await someone.opens("/rounds/dreams/results/space?language=en")
    hidden = "Fewer than 10 people: nothing to show."
    assert (hidden in overview.text, page.text.count(hidden)) == (True, 1 + len(BESIDES))
    assert not re.search(r'<td [^>]*class="n"[^>]*>\d', page.html)


async def test_before_the_first_release_it_says_when_that_comes(house: House) -> None:
    async with at_the_desk(house, "reader") as someone:
        page = await someone.opens("/rounds/dreams/results")
    assert page.status == 200
    assert "nog niets vrijgegeven" in page.text
    assert "Nothing" not in page.text


async def test_a_download_says_what_it_is_for_and_stands_in_the_log(house: House) -> None:
    await house.worker.run(lambda conn: walked(conn, house))
    async with at_the_desk(house, "analyst") as someone:
        page = await someone.opens("/rounds/dreams")
        form = page.form("/v1/rounds/dreams/codebook")
        assert set(form.fields) == {"format", "language", "purpose"}
        got = await someone.opens("/v1/rounds/dreams/participants?format=csv&language=nl&purpose=een+proef")
    assert got.status == 200
    assert len(list(csv.DictReader(io.StringIO(got.html)))) == PEOPLE
    with house.engine.connect() as conn:
        logged = conn.execute(select(audit.c.object, audit.c.purpose).where(audit.c.action == "download")).all()
    assert [tuple(row) for row in logged] == [("participants of dreams as csv", "een proef")]


async def test_only_a_keeper_opens_and_closes_a_round(house: House) -> None:
    def state(conn: Connection) -> str:
        return str(conn.execute(select(rounds.c.state).where(rounds.c.round == "dreams")).scalar_one())

    async with at_the_desk(house, "reader") as someone:
        page = await someone.opens("/rounds/dreams")
        assert "/state" not in page.html
        refused = await someone.opens("/rounds/dreams/state", "POST", {"state": "closed"})
        assert refused.status == 403
    async with at_the_desk(house, "keeper") as someone:
        page = await someone.opens("/rounds/dreams")
        page = await someone.sends(page, "/rounds/dreams/state", state="closed")
        assert "De ronde is gesloten" in page.text
        with house.engine.connect() as conn:
            assert state(conn) == "closed"
        page = await someone.sends(page, "/rounds/dreams/state", state="open")
        assert "De ronde is open" in page.text
        wrong = await someone.sends(page, "/rounds/dreams/state", state="burnt")
        assert wrong.status == 400
    with house.engine.connect() as conn:
        assert state(conn) == "open"
        logged = conn.execute(select(audit.c.action).where(audit.c.object == "dreams")).scalars().all()
    assert [one for one in logged if one.startswith("round")] == ["round_close", "round_open"]


async def test_a_round_that_is_not_there_is_one_clear_page(house: House) -> None:
    async with at_the_desk(house, "reader") as someone:
        assert (await someone.opens("/rounds/nothing")).status == 404


def test_a_small_rest_takes_the_next_larger_group_with_it(house: House) -> None:
    channels = {"telegram": 20, "web": 12, "terminal": 1}
    with house.engine.begin() as conn:
        for channel, many in channels.items():
            for number in range(many):
                resident(conn, house.keys, channel=channel, address=f"{channel}{number}", at=NIGHT)
        assert participation(conn, "dreams", 10).by == {
            "channel": {"telegram": 20, "": 13},
            "language": {"nl": 33},
            "setting": {"private": 33},
        }


def test_who_answered_in_a_group_chat_is_told_where_both_are_many(house: House) -> None:
    with house.engine.begin() as conn:
        people = [
            resident(conn, house.keys, position("growth", "a"), address=str(number), at=NIGHT) for number in range(30)
        ]
        assert participation(conn, "dreams", 10).by["setting"] == {"private": 30}
        for some, told in ((9, {}), (12, {"private": 18, "group": 12}), (25, {})):
            chosen = answers.update().where(answers.c.participant.in_(people[:some]))
            conn.execute(answers.update().values(setting="private"))
            conn.execute(chosen.values(setting="group"))
            assert participation(conn, "dreams", 10).by["setting"] == told


async def test_how_far_people_come_is_told_in_the_order_of_the_walk(house: House) -> None:
    """`weighs_most` and what people say of themselves were left out, and care stood before the worry."""
    await house.worker.run(lambda conn: walked(conn, house))
    with house.engine.connect() as conn:
        gone = participation(conn, "dreams", 10)
    async with at_the_desk(house, "reader") as someone:
        html = (await someone.opens("/rounds/dreams?language=en")).html

    def names(head: str) -> list[str]:
        return re.findall(
            r'<th [^>]*scope="row"[^>]*>([^<]+)</th>', html.partition(f"<h2>{head}</h2>")[2].partition("<h2>")[0]
        )

    content, here = house.content, house.content.rounds["dreams"]
    dilemmas = [content.dilemmas[code].short["en"] for code in here.dilemmas]
    about = ["weighs_most", "worry", "age", "neighbourhood", "relation"]
    assert names("How far people come") == [title(at, content, "en") for at in ("dream",)] + dilemmas + [
        title(at, content, "en") for at in about
    ]
    assert names("After the goodbye")[:2] == [content.dilemmas["care"].short["en"], title("values", content, "en")]
    assert f"The share is of the {gone.finished} who finished" in html
