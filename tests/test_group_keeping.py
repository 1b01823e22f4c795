"""What is kept of a dialogue in a group: one live answer a person, a row under a key of the session, and no more."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.desk import Caller, Desk
from bot.groups import Groups, Place, Scene
from bot.house import House
from conversations.group_session import GroupSession
from conversations.shapes import Commanded, Tapped
from storage import groups as kept
from storage.database import begin_write, now
from tests.databases import BOTH
from tests.exporting import exported
from tests.test_desk import begin, pick, rows
from tests.test_exports import rows_of
from tests.test_retention import purge

pytestmark = BOTH
CHAT = Place("telegram", "-100200300")
TEACHER = Caller("telegram", "5000", "nl")
CHOSEN = ("a", "rather_a", "between", "b")


@pytest.fixture
def groups(house: House) -> Groups:
    return house.groups()


def member(number: int, language: str = "en") -> Caller:
    return Caller("telegram", str(6000 + number), language)


async def order(groups: Groups, code: str, choice: str, leader: Caller = TEACHER) -> str:
    scene = await groups.look(code)
    assert scene
    return (await groups.tap(leader, Tapped(f"group.s{scene.session.step}", choice, code))).alert


async def join(groups: Groups, code: str, one: Caller, how: str = "talk") -> None:
    told = await groups.tap(one, Tapped("group.join", how, code), private=True)
    assert told.say


async def choose(groups: Groups, code: str, one: Caller, choice: str, at: str = "growth.position") -> str:
    return (await groups.tap(one, Tapped(f"group.{at}", choice, code))).alert


async def scene(groups: Groups, code: str) -> Scene:
    found = await groups.look(code)
    assert found
    return found


async def begun(groups: Groups, members: int = 4, how: str = "talk") -> str:
    """A session at its first question, with so many members."""
    code = (await groups.open(TEACHER, CHAT)).code
    await order(groups, code, "next")
    for number in range(members):
        await join(groups, code, member(number), how)
    await order(groups, code, "next")
    return code


async def to_the_end(groups: Groups, code: str) -> None:
    await order(groups, code, "end")
    await order(groups, code, "finish")


# ---------------------------------------------------------------- one live answer


async def test_private_and_group_answers_of_one_person_are_one_live_answer(
    house: House, desk: Desk, groups: Groups
) -> None:
    anna = member(1)
    await begin(desk, anna)
    code = (await groups.open(TEACHER, CHAT)).code
    await order(groups, code, "next")
    assert (await groups.tap(anna, Tapped("group.join", "yes", code))).alert, "she said *count me* before"
    await order(groups, code, "next")
    await choose(groups, code, anna, "b")
    skipped = await desk.hear(anna, Commanded("start"))
    asked = await desk.hear(anna, pick(skipped, skipped.says[-1].buttons[-1][-1].label))
    await desk.hear(anna, pick(asked, asked.says[-1].buttons[0][0].label))
    await choose(groups, code, anna, "between")
    positions = [row for row in rows(house, "answer") if row["item"] == "position"]
    assert [(row["setting"], bool(row["current"])) for row in positions] == [
        ("group", False),
        ("private", False),
        ("group", True),
    ]
    assert {str(row["group"]) for row in positions} == {"", house.keys.group(code)}
    progress = json.loads(str(rows(house, "participant")[0]["progress"]))
    assert progress["given"]["growth.position"]["codes"] == ["between"], "her own dialogue knows it too"


async def test_an_answer_of_the_group_leaves_under_a_keyed_name_without_title_or_chat(
    house: House, groups: Groups
) -> None:
    code = await begun(groups, 1, "count")
    await choose(groups, code, member(0), "a")
    (row,) = [one for one in rows_of(exported(house, "answers", "csv")) if one["item"] == "position"]
    assert (row["setting"], row["group"]) == ("group", house.keys.group(code))
    assert row["language"] == "en"
    for secret in (CHAT.chat.removeprefix("-"), code, member(0).address):
        assert not any(secret in str(value) for value in row.values())


async def test_the_table_of_participants_says_who_took_part_in_a_group(house: House, groups: Groups) -> None:
    code = await begun(groups, 2, "count")
    await choose(groups, code, member(0), "a")
    rows = rows_of(exported(house, "participants", "csv"))
    assert sorted((row["setting"], row["group"], row["growth_position"]) for row in rows) == [
        ("group", house.keys.group(code), "1"),
        ("private", "", ""),
    ]


async def test_who_joins_for_the_talk_alone_is_no_participant_and_nothing_of_theirs_stays(
    house: House, groups: Groups
) -> None:
    code = await begun(groups)
    for number, choice in enumerate(CHOSEN):
        await choose(groups, code, member(number), choice)
    assert rows(house, "participant") == rows(house, "answer") == []
    seats = rows(house, "group_seat")
    assert sorted(str(row["position"]) for row in seats) == sorted(CHOSEN)
    assert all(row["participant"] is None for row in seats)
    await to_the_end(groups, code)
    assert rows(house, "group_seat") == []
    (left,) = rows(house, "group_session")
    assert (left["key"], left["opened_by"]) == ("", "")
    await groups.let_go(code)
    (left,) = rows(house, "group_session")
    assert (left["chat"], left["chat_hash"]) == ("", None)
    assert (await choose(groups, code, member(0), "a")) == house.content.words("en")("group.over")


async def test_a_new_talk_in_the_same_chat_takes_nothing_from_the_sheet_of_the_last(groups: Groups) -> None:
    code = await begun(groups)
    await to_the_end(groups, code)
    new = (await groups.open(TEACHER, CHAT)).code
    assert new != code
    old = await scene(groups, code)
    assert (old.chat, [name for name, _ in old.posts][-1]) == (CHAT.chat, "sheet")
    assert set(await groups.live("telegram")) == {code, new}
    assert (await groups.open(TEACHER, CHAT)).code == new


async def test_nobody_is_known_by_the_same_code_in_two_sessions(house: House, groups: Groups) -> None:
    first = await begun(groups, 2)
    await order(groups, first, "end")
    await order(groups, first, "finish")
    other = (await groups.open(TEACHER, replace(CHAT, chat="-42"))).code
    another = (await groups.open(TEACHER, replace(CHAT, chat="-43"))).code
    for code in (other, another):
        await order(groups, code, "next")
        await join(groups, code, member(0))
    codes = [row["seat"] for row in rows(house, "group_seat")]
    assert len(set(codes)) == len(codes) == 2, "a member in two groups sits in both"


# ---------------------------------------------------------------- leaving and forgetting


@pytest.mark.parametrize("how", ["leave", "forget", "erase"])
async def test_leaving_or_forgetting_changes_no_shown_view_and_no_count(
    house: House, desk: Desk, groups: Groups, how: str
) -> None:
    code = await begun(groups, 5, "count" if how == "erase" else "talk")
    for number, choice in enumerate(("a", "a", "b")):
        await choose(groups, code, member(number), choice)
    before = await scene(groups, code)

    async def leaves(number: int) -> None:
        if how == "leave":
            await groups.tap(member(number), Tapped("group.leave", "yes", code), private=True)
            return
        asked = await desk.hear(member(number), Commanded("forget"))
        if how == "erase":
            await desk.hear(member(number), pick(asked, asked.says[-1].buttons[0][0].label))

    await leaves(2)
    assert len(rows(house, "group_seat")) == 4
    assert (await scene(groups, code)).card == before.card, "who watches cannot tell"
    for number in (3, 4):
        await choose(groups, code, member(number), "b")
    frozen = (await scene(groups, code)).session
    assert frozen.views["growth.before"].counts == {"a": 2, "between": 0, "b": 2}
    await leaves(0)
    assert (await scene(groups, code)).session == frozen
    if how == "erase":
        assert [row["participant"] for row in rows(house, "answer") if row["item"] == "position"].count(None) == 0
        assert len(rows(house, "participant")) == 3


# ---------------------------------------------------------------- the chat


async def test_a_group_that_becomes_a_supergroup_goes_on(house: House, desk: Desk, groups: Groups) -> None:
    code = await begun(groups)
    await desk.moved(Caller("telegram", CHAT.chat), "-1009")
    assert (await scene(groups, code)).chat == "-1009"
    assert (await groups.open(TEACHER, replace(CHAT, chat="-1009"))).code == code
    assert (await groups.open(TEACHER, CHAT)).code != code


async def test_a_bot_that_is_taken_out_and_put_back_goes_on_where_it_was(groups: Groups) -> None:
    code = await begun(groups)
    await groups.away(CHAT)
    paused = await scene(groups, code)
    assert paused.session.paused
    assert await groups.live("telegram") == {}
    assert await groups.back(CHAT) == code
    going = await scene(groups, code)
    assert not going.session.paused
    assert abs(going.left - paused.left) <= 2
    assert [name for name, _ in going.posts] == ["card"]


async def test_a_bot_that_is_heard_again_without_being_put_back_goes_on_too(groups: Groups) -> None:
    code = await begun(groups)
    await groups.away(CHAT)
    assert (await groups.open(TEACHER, CHAT)).code == code
    going = await scene(groups, code)
    assert not going.session.paused
    assert [name for name, _ in going.posts] == ["card"]
    assert code in await groups.live("telegram")


async def test_two_facilitators_who_begin_at_once_lead_one_talk(groups: Groups) -> None:
    told = await asyncio.gather(*(groups.open(member(n), CHAT) for n in range(4)))
    assert len({one.code for one in told}) == 1


async def test_only_who_began_it_or_an_admin_leads(house: House, groups: Groups) -> None:
    code = (await groups.open(TEACHER, CHAT)).code
    tap = Tapped("group.s0", "next", code)
    refused = await groups.tap(member(1), tap, "77")
    assert (refused.lead, refused.alert) == (True, house.content.words("en")("group.not_yours"))
    assert (await scene(groups, code)).session.stage == "setup"
    assert (await groups.tap(member(1), tap, "77", leads=True)).code == code
    assert (await groups.tap(member(1), tap, "77", leads=True)).code == "", "the same update came again"
    assert (await scene(groups, code)).session.stage == "join"


# ---------------------------------------------------------------- the time


async def make_due(house: House, code: str) -> None:
    with house.engine.begin() as conn:
        begin_write(conn) if house.engine.dialect.name != "sqlite" else None
        past = now() - timedelta(seconds=1)
        conn.execute(update(kept.sessions).where(kept.sessions.c.code == code).values(until=past))


async def test_time_leads_on_also_after_a_restart(house: House, groups: Groups) -> None:
    code = await begun(groups)
    for number, choice in enumerate(CHOSEN):
        await choose(groups, code, member(number), choice)
    again = house.groups()
    stages = []
    for _ in range(3):
        await make_due(house, code)
        assert await again.keep_time() == [code]
        stages.append((await scene(again, code)).session.stage)
    assert stages == ["talk", "shown_again", "silent"]
    assert await again.keep_time() == []


async def test_after_a_day_nothing_of_a_session_is_left(house: House, groups: Groups) -> None:
    code = await begun(groups, 3, "count")
    await choose(groups, code, member(0), "a")
    assert purge(house, 0.9)["groups"] == 0
    assert purge(house, 1.1)["groups"] == 1
    assert rows(house, "group_session") == rows(house, "group_seat") == []
    assert len([row for row in rows(house, "answer") if row["item"] == "position"]) == 1, "their own answer stays"


async def test_an_exact_tally_of_two_hundred_who_tap_at_once(house: House, groups: Groups) -> None:
    code = await begun(groups, 0)
    many = 200 if house.engine.dialect.name == "sqlite" else 40
    await asyncio.gather(*(join(groups, code, member(n)) for n in range(many)))
    await asyncio.gather(*(choose(groups, code, member(n), CHOSEN[n % 4]) for n in range(many - 1)))
    await asyncio.gather(*(choose(groups, code, member(n), "b") for n in range(0, many - 1, 4)))
    await choose(groups, code, member(many - 1), "b")
    session: GroupSession = (await scene(groups, code)).session
    assert session.views["growth.before"].counts == {"a": many // 4, "between": many // 4, "b": many // 2}
