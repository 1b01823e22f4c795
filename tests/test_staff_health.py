"""The page that says how the program is: every fault in words, with what to do, also while the database is gone."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from bot.house import House
from bot.staff_health import TROUBLES, Counts, Line, of_counts, of_parts
from bot.telegram import Telegram
from bot.telegram_webhook import Webhook
from content.staff_words import staff_words
from storage.database import now
from tests.colleague import HEALTHY, at_the_desk

WELL = {"ready": True, "reasons": [], **HEALTHY, "clock": {"ready": True, "jumped_seconds": 0}}
SILENT = {"ready": False, "trouble": "", "last_poll_seconds": 130.0, "queued": 0, "parked": 0}
STATES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["database", "clock", "telegram.off"]),
    ({"database": False}, ["database.wrong", "clock", "telegram.off"]),
    ({"reasons": ["the storage worker does not answer"]}, ["database", "worker", "clock", "telegram.off"]),
    ({"clock": {"ready": False, "jumped_seconds": -7200}}, ["database", "clock.wrong", "telegram.off"]),
    ({"leading": {"ready": True, "leads": True}}, ["database", "clock", "leading", "telegram.off"]),
    ({"leading": {"ready": True, "leads": False}}, ["database", "clock", "leading.elsewhere", "telegram.off"]),
    ({"telegram": {"ready": True, "polled_by": "another process"}}, ["database", "clock", "telegram.elsewhere"]),
    ({"telegram": {**SILENT, "ready": True}}, ["database", "clock", "telegram"]),
    ({"telegram": SILENT}, ["database", "clock", "telegram.silent"]),
    *(
        ({"telegram": {**SILENT, "trouble": trouble}}, ["database", "clock", f"telegram.{key}"])
        for trouble, key in {**TROUBLES, "not reachable (NetworkError)": "unreachable"}.items()
    ),
    (
        {"telegram": {**SILENT, "ready": True, "queued": 501, "parked": 2}},
        ["database", "clock", "telegram", "telegram.queued", "telegram.parked"],
    ),
]
COUNTS = (Counts(), Counts(3, 12), Counts(101, 0), Counts(oldest=now() - timedelta(hours=2)), Counts(free=0.1))


@pytest.mark.parametrize(("state", "keys"), STATES)
def test_every_state_has_its_line(state: dict[str, Any], keys: list[str]) -> None:
    assert [one.key for one in of_parts({**WELL, **state})] == keys


def test_every_line_has_its_words_and_what_to_do() -> None:
    found: list[Line] = [line for state, _ in STATES for line in of_parts({**WELL, **state})]
    found += [line for counts in COUNTS for line in of_counts(counts, now(), 10)]
    for line, words in product(found, staff_words().values()):
        said = words(f"health.{line.key}", **line.values)
        assert "{" not in said, line
        if line.mood != "well":
            assert words(f"health.{line.key}.do")


def test_every_trouble_telegram_can_have_is_known_here() -> None:
    told = {*Telegram.TROUBLES.values(), *Webhook.TROUBLES.values()}
    assert told <= set(TROUBLES)


def test_what_waits_for_few_people_is_not_counted_out() -> None:
    told = {n: next(of_counts(Counts(n, 0), now(), 10)).values.get("replies") for n in (0, 1, 9, 10, 101)}
    assert told == {0: None, 1: "< 10", 9: "< 10", 10: "10", 101: "101"}


async def test_the_page_says_what_is_wrong_and_what_to_do(house: House) -> None:
    state: dict[str, Any] = {**HEALTHY, "telegram": {**SILENT, "trouble": "the token is refused"}}
    async with at_the_desk(house, "reader", lambda: state) as someone:
        assert "Er werkt iets niet" in (await someone.opens("/")).text
        page = await someone.opens("/health")
        assert ("Telegram weigert het token" in page.text, "Vraag BotFather" in page.text) == (True, True)
        assert "Van de schijf" in page.text
        state["telegram"] = {**SILENT, "ready": True}
        assert "Er werkt iets niet" not in (await someone.opens("/health")).text


async def test_without_a_key_only_the_parts_are_told(house: House) -> None:
    async with at_the_desk(house) as someone:
        page = await someone.opens("/health")
    assert (page.status, page.head) == (200, "Toestand")
    assert ("bewaart antwoorden" in page.text, "Onderweg" in page.text, "schijf" in page.text) == (True, False, False)


async def test_it_is_seen_while_the_database_is_gone(house: House) -> None:
    async with at_the_desk(house, "keeper", lambda: {"database": False}) as someone:
        await house.worker.run(lambda conn: conn.exec_driver_sql("DROP TABLE staff_key"))
        page = await someone.opens("/health")
        assert (page.status, "bewaart nu niets" in page.text) == (200, True)
        other = await someone.opens("/keys")
        assert (other.status, "/health" in other.text) == (503, True)
