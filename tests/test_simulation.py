"""Made-up residents: they walk the real dialogue, are the same for the same seed, and never pass for real ones."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from bot import webchat
from bot.desk import Caller
from bot.house import House, build
from bot.settings import Settings, SettingsFault
from bot.simulate import AT_ONCE
from bot.simulation import VIEWS, batches, residents, settle_in
from content import Content
from conversations.shapes import Arrived
from storage.database import now
from storage.keeping import answers, participants
from tests.exporting import exported
from tests.test_commands import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with 12 residents, made by the command."""
    data = tmp_path_factory.mktemp("made") / "data"
    made = run(data, "simulate", "--data", str(data), "--people", "12", "--seed", "5")
    assert made.returncode == 0, made.stderr
    assert "12 simulated residents" in made.stdout
    return data


def opened(data: Path, **more: str) -> House:
    return build(Settings(_env_file=None, data=data, **more))


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Iterator[House]:
    house = opened(folder)
    yield house
    house.engine.dispose()


def test_what_they_think_is_what_they_answered(folder: Path, theirs: House, content: Content) -> None:
    house = theirs
    with house.engine.connect() as conn:
        people = {house.keys.pseudonym(row.id): row.id for row in conn.execute(select(participants))}
        given = conn.execute(select(answers).where(answers.c.current, answers.c.item == "position")).all()
    with (folder / VIEWS).open(encoding="utf8", newline="") as file:
        views = {row["participant"]: row for row in csv.DictReader(file)}
    assert len(views) == 12
    assert views.keys() == people.keys()
    answered = [row for row in given if row.status == "answered"]
    assert len(answered) > 30
    by_id = {people[name]: view for name, view in views.items()}
    for row in answered:
        assert by_id[row.participant][row.dilemma] == row.code
    assert {row.channel for row in answered} == {"telegram", "web"}


def test_every_row_of_theirs_says_that_they_are_simulated(theirs: House) -> None:
    house = theirs
    told = exported(house, "answers", "csv").decode()
    rows = list(csv.DictReader(told.splitlines()))
    assert len(rows) > 100
    assert all(row["participant"].startswith("simulated_") for row in rows)


async def test_the_welcome_and_the_pages_say_so_in_three_languages(theirs: House, content: Content) -> None:
    house = theirs
    house.worker.start()
    desk = house.desk()
    for language in content.languages:
        reply = await desk.hear(Caller("web", f"visitor {language}", language), Arrived())
        assert content.words(language)("welcome.simulated") in reply.says[0].text
    async with TestClient(TestServer(webchat.app(desk, content, "http://127.0.0.1:1/", False))) as client:
        for path in ("/", "/sheet", "/privacy"):
            assert content.words("nl")("web.simulated") in await (await client.get(path)).text()
    await house.worker.stop()


async def test_real_residents_are_not_called_simulated(house: House, content: Content) -> None:
    reply = await house.desk().hear(Caller("web", "somebody", "nl"), Arrived())
    assert content.words("nl")("welcome.simulated") not in reply.says[0].text
    assert content.words("nl")("welcome.trial") in reply.says[0].text


def test_no_telegram_for_people_who_do_not_exist(folder: Path) -> None:
    with pytest.raises(SettingsFault, match="STADSDIALOOG_TELEGRAM_TOKEN"):
        opened(folder, telegram_token="123456:" + "A" * 35)


def test_simulated_residents_never_stand_beside_others(folder: Path) -> None:
    again = run(folder, "simulate", "--data", str(folder), "--people", "2")
    assert again.returncode == 1
    assert "is there already" in again.stderr


def test_the_same_seed_makes_the_same_residents_and_another_seed_others(content: Content) -> None:
    first, again, other = (list(residents(content, 300, seed)) for seed in (5, 5, 6))
    assert first == again
    assert first != other
    assert [len(some) for some in batches(iter(first), AT_ONCE)] == [200, 100]
    camps = Counter(one.camp for one in first)
    assert set(camps) == {"builders", "keepers", "seekers"}
    grow = {camp: sum(r.positions["growth"] == "a" for r in first if r.camp == camp) / n for camp, n in camps.items()}
    assert grow["builders"] > 2 * grow["keepers"]


def test_nobody_answers_later_than_now(house: House) -> None:
    """Otherwise a bundle, which ends where its release does, lacks answers that the release counted."""
    until = now()
    some = list(islice(residents(house.content, 40, 1), 40))
    with house.engine.begin() as conn:
        settle_in(
            conn, house.content, house.keys, [replace(one, random=Last(one.number)) for one in some], "dreams", until
        )
        newest = conn.execute(select(func.max(answers.c.answered_at))).scalar_one()
    assert timedelta(0) <= until - newest < timedelta(days=1)


class Last(Random):
    """Whoever begins as late as can be."""

    _began = False

    def random(self) -> float:
        if self._began:
            return super().random()
        self._began = True
        return 0.0
