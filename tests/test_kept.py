"""What is kept: the list that the privacy page is made from, beside the tables; and `/mydata`, in everybody's words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlmodel import SQLModel

import storage.tables  # noqa: F401
from bot.desk import Caller, Desk
from bot.house import House
from content import Content
from conversations import City, Progress, answer
from conversations.mydata import describe, labelled
from conversations.shapes import Agreed, Answered, Commanded, Corrected, Tapped, Typed
from storage import moderation, notices, seats
from storage.database import now
from storage.erasure import by_pseudonym, erase
from storage.keeping import correct
from storage.mydata import everything
from storage.outbox import KEEP_TRYING
from storage.retention import CORRECTION_DAYS, REMEMBER_UPDATES
from tests.databases import BOTH
from tests.seeding import position, resident
from tests.test_desk import begin, rows, settle
from tests.test_group_keeping import begun, join, member

ROOT = Path(__file__).parent.parent
LANGUAGES = ("nl", "en", "li")
TERMS = City(days=31, rows_days=366, backup_days=33, reveal_at=14)


def test_every_table_stands_in_the_list_once_and_nothing_else_does(content: Content) -> None:
    listed = [table for one in content.kept for table in one.tables]
    assert sorted(listed) == sorted(table.name for table in SQLModel.metadata.tables.values())


def test_the_terms_that_stand_as_numbers_are_those_of_the_code(content: Content) -> None:
    terms = {one.code: one.until for one in content.kept}
    for language in LANGUAGES:
        assert str(CORRECTION_DAYS) in terms["correction"][language]
        assert f"{REMEMBER_UPDATES.days * 24} " in terms["handled"][language]
        assert f"{KEEP_TRYING.days} " in terms["totals"][language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_privacy_in_the_chat_tells_all_of_it_with_the_settings_in_force(content: Content, language: str) -> None:
    text = answer(Progress("dreams", "telegram", language, 7), Commanded("privacy"), content, TERMS).says[0].text
    for one in content.kept:
        assert one.what[language].partition("{")[0] in text
        assert one.why[language] in text
    for term in ("31", "366", "33", "14"):
        assert re.search(rf"\b{term}\b", text), term
    assert "{" not in text


# ---------------------------------------------------------------- /mydata


async def somebody(house: House, desk: Desk) -> str:
    """A participant with a row in every table that leads to one."""
    anna, groups = member(1, "nl"), house.groups()
    with house.engine.begin() as conn:
        one = resident(
            conn,
            house.keys,
            Agreed("count_me", True, 1),
            Agreed("quote_me", False, 1),
            position("growth", "rather_a"),
            position("growth", "b"),
            Answered("growth", "position_after", "scale5", "answered", ("between",)),
            Answered("space", "reasons", "multi", "answered", ("a1", "b2")),
            Answered("", "neighbourhood", "single", "declined"),
            Answered("", "weighs_most", "single", "answered", ("digital",)),
            Answered("", "dream", "text", "answered", text="meer bomen", method="text"),
            Agreed("tell_me", True, 1),
            address=anna.address,
        )
        correct(conn, Corrected("nl:growth.position", "het moet stad zijn"), one, now())
        notices.announce(conn, "dreams", "closed")
        moderation.look_for_alarms(conn, lambda text: "", 9)
        (own,) = moderation.queue(conn, 9)
        moderation.decide(conn, [own.id], "refused", "mo", now(), reason="names")
    code = await begun(groups, 0)
    await join(groups, code, anna, "yes")
    return one


@BOTH
async def test_mydata_tells_every_row_of_every_table_by_its_labels(house: House, desk: Desk) -> None:
    one = await somebody(house, desk)
    with house.engine.connect() as conn:
        kept = everything(conn, one, house.keys)
        assert seats.seats.name == "group_seat"
    tables = [name for name, found in kept.items() if isinstance(found, list)]
    assert [name for name in tables if not kept[name]] == []
    for language in LANGUAGES:
        progress = Progress("dreams", "telegram", language, 7, counted=True)
        told = describe(kept, progress, house.content).split("\n")
        for name in set(tables) - {"decisions"}:
            fewer = {**kept, name: [], **({"decisions": []} if name == "answers" else {})}
            assert len(describe(fewer, progress, house.content).split("\n")) < len(told), name
        fewer = {**kept, "decisions": []}
        assert len(describe(fewer, progress, house.content).split("\n")) == len(told) - 1
        for line in told:
            assert not re.search(r"\w_\w|\d{4}-\d\d-\d\d|growth|declined|refused|telegram\b", line), line
    assert "Groei · keuze: eerder: Liever groeien (14 mrt 2026)" in describe(
        kept, Progress("dreams", "telegram", "nl", 7), house.content
    )


async def test_the_file_holds_every_column_and_the_words_beside_the_codes(house: House, desk: Desk) -> None:
    one = await somebody(house, desk)
    with house.engine.connect() as conn:
        kept = everything(conn, one, house.keys)
    told = labelled(kept, Progress("dreams", "telegram", "en", 7, counted=True), house.content)
    file = json.loads(json.dumps(told))
    (neighbourhood,) = [row for row in file["answers"] if row["item"] == "neighbourhood"]
    assert neighbourhood["status"] == "declined"
    assert neighbourhood["in_words"] == {"question": "Neighbourhood", "answer": "rather not said"}
    (agreed,) = [row for row in file["consents"] if row["purpose"] == "count_me"]
    assert agreed["in_words"]["text"] == house.content.consents["count_me"].text["nl"]
    for name, found in kept.items():
        for before, after in zip(found, file[name], strict=True) if isinstance(found, list) else ():
            assert {column: after[column] for column in before} == before


# ---------------------------------------------------------------- forgotten


@BOTH
async def test_who_starts_again_is_linked_by_nothing(house: House, desk: Desk) -> None:
    """Not one value that was derived from the person stands in both lives, but for their own chat and its hash."""
    caller = Caller("telegram", "7001005001", "nl")

    async def live() -> set[str]:
        reply = await begin(desk, caller)
        await desk.hear(caller, Typed("overslaan"))
        await desk.hear(caller, Typed("groeien"))
        await desk.sent(reply)
        (one,) = rows(house, "participant")
        told = await desk.hear(caller, Commanded("mydata"))
        assert told.file
        kept = [row for name in ("participant", "contact", "answer") for row in rows(house, name)]
        found = {str(value) for row in kept for value in row.values()}
        found |= {str(json.loads(str(one["progress"]))["draw"]), house.keys.pseudonym(str(one["id"]))}
        found |= set(re.findall(r"[A-Za-z0-9]{16,}", told.file.content.decode()))
        return {value for value in found if re.search(r"\d", value) and len(value) >= 8 and ":" not in value}

    first = await live()
    await desk.hear(caller, Commanded("wis"))
    receipt = await desk.hear(caller, Typed("ja"))
    await settle(house)
    ledger = {str(value) for row in rows(house, "erased") for value in row.values()}
    second = await live()
    mine = {caller.address, house.keys.address("telegram", caller.address)}
    assert first & second == mine
    assert not ledger & second
    code = receipt.says[0].text.partition("bewijs: ")[2][:9]
    assert not [row for row in rows(house, "participant") if code in str(row)]


async def test_forget_works_from_the_web_chat(house: House, desk: Desk) -> None:
    caller = Caller("web", "a-browser-key-of-22-ch", "nl")
    await begin(desk, caller)
    await desk.hear(caller, Typed("meer bomen"))
    reply = await desk.hear(caller, Commanded("forget"))
    tap = Tapped.read(reply.says[-1].buttons[0][0].data)
    assert tap
    gone = await desk.hear(caller, tap)
    assert (gone.counted, gone.says[0].forgotten) == (False, True)
    for table in ("participant", "contact", "answer", "consent", "owed"):
        assert rows(house, table) == []


async def test_staff_erase_somebody_who_blocked_the_bot(house: House, desk: Desk) -> None:
    caller = Caller("telegram", "7001005002", "nl")
    await begin(desk, caller)
    await desk.hear(caller, Typed("meer bomen"))
    await desk.unreachable(caller)
    (one,) = rows(house, "participant")
    with house.engine.begin() as conn:
        found = by_pseudonym(conn, house.keys.pseudonym(str(one["id"])), house.keys)
        assert found == one["id"]
        assert erase(conn, found, house.keys, now(), tell_receiver=False)
    for table in ("participant", "contact", "answer", "consent", "owed"):
        assert rows(house, table) == []
