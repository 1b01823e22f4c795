"""A dialogue in a group on Telegram, through the library's own objects: three languages, one card, no names."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import update

from bot.house import House
from bot.telegram_calls import PATIENCE
from storage import groups as kept
from storage.database import now
from tests.botapi import BotApi, Group, Resident
from tests.botapi.fixtures import QUICK, Serve, api, serve
from tests.botapi.store import Query
from tests.classroom import Classroom
from tests.test_desk import rows

__all__ = ["api", "serve"]

CHOSEN = (1, 2, 3, 4, 5, 5)


@pytest_asyncio.fixture
async def room(api: BotApi, serve: Serve, house: House) -> Classroom:
    return Classroom(api, serve(), house.content)


def make_due(house: House) -> None:
    """The stage is over now."""
    with house.engine.begin() as conn:
        conn.execute(update(kept.sessions).values(until=now() - timedelta(seconds=1)))


async def test_six_members_in_three_languages_from_the_first_card_to_the_sheet(room: Classroom, house: House) -> None:
    await room.begins()
    assert rows(house, "participant") == [], "for the talk alone nobody is a participant"
    for one, number in zip(room.members, CHOSEN, strict=True):
        alert = await room.choose(one, number)
        assert alert.startswith(f"{number}: ")
        assert len(alert) <= 200
        language = one.person.language_code
        assert alert.endswith(room.says("group.kept", str(language), n="", label="").split(".", 1)[1].strip()[-20:])
    view = await room.posted(room.says("group.before"))
    for language in ("nl", "en", "li"):
        assert room.says("group.before", language) in view.text
    assert view.raw["photo"], "as a picture, with the same in words under it"
    await room.leads("group_next")
    await room.shows(room.says("group.talk"))
    await room.choose(room.members[0], 5)
    await room.leads("group_show")
    await room.posted(room.says("group.after"))
    await room.leads("group_end")
    await room.leads("group_finish")
    sheet = await room.posted(room.says("group.sheet_head"))
    assert room.says("group.sheet_head", "li") in sheet.text
    await room.until(lambda: all(not row["chat"] for row in rows(house, "group_session")))
    assert rows(house, "group_seat") == []
    names = [one.person.first_name for one in room.members]
    assert not any(name in message.text for name in names for message in room.group.messages)


async def test_an_old_card_tapped_after_the_end_says_so(room: Classroom) -> None:
    await room.begins()
    old = room.group.card
    await room.leads("group_end")
    await room.leads("group_finish")
    await room.posted(room.says("group.sheet_head"))
    await room.settled()
    assert await room.group.alert(room.members[1], 0, old) == room.says("group.over", "en")
    assert not room.group.messages[-2].buttons, "the last card says it is over, and has no buttons"


async def test_who_is_counted_joins_with_one_tap_and_counts_once(room: Classroom, house: House) -> None:
    anna, bob = room.members[:2]
    await room.opens()
    await room.leads("group_begin")
    await room.shows(room.says("group.private"))
    await room.joins(anna, "count")
    await room.joins(bob, "talk")
    assert len(rows(house, "participant")) == 1
    assert {row["purpose"]: bool(row["yes"]) for row in rows(house, "consent")} == {"count_me": True}
    await room.leads("group_next")
    await room.shows(room.says("group.how"))
    for one in (anna, anna, bob):
        await room.choose(one, 2)
    (answer,) = [row for row in rows(house, "answer") if row["item"] == "position"]
    assert (answer["setting"], bool(answer["current"])) == ("group", True)
    await room.leads("group_end")
    await room.leads("group_remove")
    await room.until(lambda: rows(house, "group_session") == [])
    await room.group.say(room.teacher, "/dialogue")
    await room.shows(room.says("group.setup"))
    await room.leads("group_begin")
    await room.shows(room.says("group.private"))
    assert await room.group.alert(anna, room.label("group_join")) == room.says("group.you_join")


async def test_the_question_is_answered_in_the_private_chat_too_tapped_or_typed(room: Classroom, house: House) -> None:
    await room.begins()
    one = room.members[1]
    await one.tap(room.says("button.group_now", "en"))
    await room.until(lambda: any("growth.position" in d for d in one.last.data))
    before = len(one.messages)
    await one.say("stay the same size")
    await room.until(lambda: len(one.messages) > before)
    (chosen,) = [row["position"] for row in rows(house, "group_seat") if row["position"]]
    assert chosen == "b"
    assert any("growth.reasons" in d for d in one.last.data), "and then, for who wants to, why"
    before = len(one.messages)
    await one.press(next(d for d in one.last.data if "growth.reasons:b1" in d), one.last)
    await room.until(lambda: len(one.messages) > before)
    assert [row["reason"] for row in rows(house, "group_seat") if row["reason"]] == ["b1"]


async def test_a_language_switched_in_the_middle_is_spoken_from_then_on(room: Classroom) -> None:
    await room.opens()
    await room.leads("group_begin")
    await room.shows(room.says("group.private"))
    one = room.members[0]
    opened = await room.group.alert(one, room.label("group_join"))
    await one.say(f"/start {opened.partition('?start=')[2]}")
    await room.until(lambda: one.messages)
    await one.tap(room.says("language.name", "en"))
    await room.until(lambda: room.says("group.invited", "en") in one.last.text)
    await one.tap(room.says("button.group_talk", "en"))
    await room.until(lambda: room.says("group.you_talk", "en") in one.last.text)
    await room.leads("group_next")
    await room.shows(room.says("group.how", "en"))
    assert (await room.choose(one, 3)).startswith("3: ")


# ---------------------------------------------------------------- who leads, and where


async def test_who_did_not_begin_leads_only_as_an_admin(room: Classroom) -> None:
    await room.opens()
    begin = room.label("group_begin")
    other, admin = room.members[1], room.members[0]
    assert await room.group.alert(other, begin) == room.says("group.not_yours", "en")
    room.group.chat.admins.add(admin.person.id)
    assert await room.group.alert(admin, begin) == room.says("group.noted")
    await room.shows(room.says("group.private"))


async def test_where_telegram_does_not_say_who_is_an_admin_who_began_still_leads(room: Classroom) -> None:
    await room.opens()
    room.api.fault("getChatMember", times=None, status=400, description="Bad Request: CHAT_ADMIN_REQUIRED")
    begin = room.label("group_begin")
    assert await room.group.alert(room.members[0], begin) == room.says("group.not_yours")
    assert await room.group.alert(room.teacher, begin) == room.says("group.noted")


async def test_two_facilitators_who_press_at_once_lead_one_step_on(room: Classroom) -> None:
    await room.opens()
    room.group.chat.admins.add(room.members[0].person.id)
    card, begin = room.group.card, room.label("group_begin")
    alerts = await asyncio.gather(*(room.group.alert(who, begin, card) for who in (room.teacher, room.members[0])))
    assert sorted(alerts) == sorted([room.says("group.noted"), room.says("group.done_already")])
    await room.shows(room.says("group.joined", n=0))


async def test_an_anonymous_admin_leads_by_command(room: Classroom) -> None:
    await room.group.add_bot(room.teacher)
    await room.group.say_anonymously("/dialogue")
    await room.shows(room.says("group.setup"))
    await room.group.say_anonymously("/dialoog verder")
    await room.shows(room.says("group.private"))
    assert room.group.messages[-1].text


async def test_commands_and_replies_in_a_group_are_answered_for_everybody(room: Classroom, house: House) -> None:
    await room.group.add_bot(room.teacher)
    intro = await room.posted(room.says("group.intro"))
    assert room.says("group.sees_little") in intro.text
    assert room.says("group.intro", "li") in intro.text
    await room.group.say(room.teacher, "just talking")
    await room.group.say(room.teacher, "/start@another_bot")
    await room.group.say(room.teacher, "/privacy@stadsdialoog_test_bot")
    await room.posted(room.says("group.privacy"))
    await room.group.say(room.teacher, "/wis")
    await room.posted(room.says("group.write_me"))
    await room.group.say(room.teacher, "I choose 4", to=intro)
    await room.until(lambda: len(room.group.messages) == 4)
    await room.settled()
    assert len(room.group.messages) == 4
    assert rows(house, "answer") == rows(house, "group_session") == []


async def test_a_reply_to_the_card_leads_on_and_an_answer_in_one_is_not_taken(room: Classroom, house: House) -> None:
    await room.opens()
    await room.group.say(room.teacher, "Verder!", to=room.group.card)
    await room.shows(room.says("group.private"))
    await room.group.say(room.members[0], "next", to=room.group.card)
    await room.posted(room.says("group.not_yours"))
    await room.group.say(room.members[1], "4", to=room.group.messages[-2])
    await room.posted(room.says("group.write_me"))
    assert json.loads(str(rows(house, "group_session")[0]["state"]))["stage"] == "join"
    assert rows(house, "group_seat") == []


async def test_alone_dialogue_says_where_one_can_begin(room: Classroom) -> None:
    await room.teacher.say("/dialoog")
    assert "https://praat.example/room" in (await room.teacher.reply()).text


async def test_a_forum_is_answered_in_its_topic_and_where_that_closed_in_the_group(room: Classroom) -> None:
    room.group.chat.type = "supergroup"
    await room.group.add_bot(room.teacher)
    await room.group.say(room.teacher, "/dialogue", topic=17)
    card = await room.shows(room.says("group.setup"))
    assert card.raw["message_thread_id"] == 17
    await room.leads("group_begin")
    await room.shows(room.says("group.private"))
    assert room.group.card.raw["message_thread_id"] == 17
    room.group.chat.topics.clear()
    await room.group.say(room.teacher, "/dialogue next")
    await room.shows(room.says("group.how"))
    assert "message_thread_id" not in room.group.card.raw


async def test_only_who_leads_takes_the_talk_to_another_topic(room: Classroom) -> None:
    room.group.chat.type = "supergroup"
    await room.group.add_bot(room.teacher)
    await room.group.say(room.teacher, "/dialogue", topic=17)
    await room.shows(room.says("group.setup"))
    await room.group.say(room.members[0], "/dialogue", topic=18)
    await room.settled()
    assert room.group.card.raw["message_thread_id"] == 17
    await room.group.say(room.teacher, "/dialogue", topic=18)
    await room.until(lambda: room.group.card.raw["message_thread_id"] == 18)


async def test_a_group_that_becomes_a_supergroup_in_the_middle_goes_on(room: Classroom) -> None:
    await room.begins()
    await room.choose(room.members[0], 1)
    await room.settled()
    room.group.upgrade(room.teacher)
    await room.group.say(room.teacher, "/dialogue")
    await room.until(lambda: room.group.messages and room.says("group.answered", n=1) in room.group.messages[-1].text)
    await room.choose(room.members[1], 2)
    await room.shows(room.says("group.answered", n=2))


async def test_a_bot_taken_out_and_put_back_goes_on_and_no_answer_is_lost(room: Classroom, house: House) -> None:
    await room.begins()
    await room.choose(room.members[0], 1)
    await room.settled()
    await room.group.remove_bot(room.teacher)
    await room.until(lambda: rows(house, "group_session")[0]["away"] == "going")
    await room.group.add_bot(room.teacher)
    await room.posted(room.says("group.back_again"))
    await room.shows(room.says("group.answered", n=1))
    for one in room.members[1:]:
        await room.choose(one, 5)
    await room.posted(room.says("group.before"))


async def test_a_bot_that_finds_itself_outside_waits_there(room: Classroom, house: House) -> None:
    await room.begins()
    await room.settled()
    room.group.chat.state = "blocked"
    await room.choose(room.members[0], 1)
    await room.until(lambda: rows(house, "group_session")[0]["away"] == "going")


async def test_where_pictures_are_forbidden_the_words_come_alone(room: Classroom) -> None:
    await room.begins()
    room.api.fault("sendPhoto", status=400, description="Bad Request: not enough rights to send photos to the chat")
    for one in room.members:
        await room.choose(one, 5)
    assert "photo" not in (await room.posted(room.says("group.before"))).raw


async def test_a_deleted_card_is_sent_again(room: Classroom) -> None:
    await room.begins()
    await room.settled()
    card = room.group.card
    del room.group.chat.messages[card.id]
    await room.group.alert(room.members[0], "2", card)
    await room.until(lambda: room.group.card.id != card.id)
    await room.shows(room.says("group.answered", n=1))


# ---------------------------------------------------------------- time, pause, restart


async def test_pause_takes_no_answers_and_the_time_leads_on(room: Classroom, house: House) -> None:
    await room.begins()
    card = room.group.card
    await room.leads("group_pause")
    await room.shows(room.says("group.paused"))
    assert await room.group.alert(room.members[0], "1", card) == room.says("group.paused_alert")
    await room.leads("group_resume")
    for one in room.members[:3]:
        await room.choose(one, 1)
    make_due(house)
    await room.posted(room.says("group.too_few", enough=4))
    await room.shows(room.says("group.talk"))


async def test_a_restart_in_the_middle_loses_no_time_and_no_answer(api: BotApi, serve: Serve, house: House) -> None:
    room = Classroom(api, serve(), house.content)
    await room.begins()
    for one in room.members[:4]:
        await room.choose(one, 1)
    await room.serving.stop()
    make_due(house)
    room.serving = serve()
    view = await room.posted(room.says("group.before"))
    assert room.says("group.nearly", label="").split(":")[0] in view.text
    await room.shows(room.says("group.look"))


# ---------------------------------------------------------------- how much, and how fast


async def test_what_telegram_refuses_for_a_while_arrives_in_the_end(room: Classroom) -> None:
    await room.begins()
    await room.settled()
    room.api.fault("editMessageText", retry_after=1)
    room.api.fault("editMessageText", status=502, after=1)
    for one in room.members[:3]:
        await room.choose(one, 4)
    await room.shows(room.says("group.answered", n=3))


@pytest.mark.soak
async def test_two_hundred_members_tap_and_the_group_sees_few_edits_and_the_exact_tally(
    request: pytest.FixtureRequest, api: BotApi, serve: Serve, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "soak" in request.config.getoption("markexpr")
    serving = serve(patience=replace(QUICK, edits=PATIENCE.edits, minute=PATIENCE.minute))
    room = Classroom(api, serving, house.content, members=200)
    await room.opens()
    await room.leads("group_begin")
    await room.shows(room.says("group.private"))
    session = json.loads(str(rows(house, "group_session")[0]["state"]))["code"]
    with house.engine.begin() as conn:
        (row,) = conn.execute(kept.sessions.select()).all()
        conn.execute(
            kept.seats.seats.insert(),
            [
                {
                    "session": session,
                    "seat": house.keys.seat(row.key, "telegram", str(one.person.id)),
                    "language": one.person.language_code,
                }
                for one in room.members
            ],
        )
    await room.leads("group_next")
    await room.shows(room.says("group.how"))
    card = room.group.card
    queries = []
    for n, one in enumerate(room.members):
        queries.append(await room.group.press(one, str(n % 5 + 1), card))
        # All within ten seconds, or all at once.
        await asyncio.sleep(10 / len(room.members) if long else 0)
    await room.posted(room.says("group.before"))
    await room.until(lambda: all(query.answered for query in queries))
    views = json.loads(str(rows(house, "group_session")[0]["state"]))["views"]
    assert sorted(views["growth.before"]["counts"].values()) == [40, 80, 80]
    if long:
        with capsys.disabled():
            print(f"\n200 members within 10 s: {_alerts(queries)}")
    told = [c.at for m in ("sendMessage", "editMessageText") for c in api.calls_of(m, room.group.chat.id)]
    assert len([at for at in told if at > max(told) - 60]) <= 20


def _alerts(queries: Iterable[Query]) -> str:
    waits = sorted(1000 * (q.told - q.pressed) for q in queries if q.told and q.pressed)
    return f"an alert took {waits[len(waits) // 2]:.0f} ms, p99 {waits[int(0.99 * len(waits))]:.0f} ms"


@pytest.mark.soak
async def test_many_groups_at_once(
    request: pytest.FixtureRequest, api: BotApi, serve: Serve, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "soak" in request.config.getoption("markexpr")
    # As often as a group is shown something in earnest, four times as fast.
    serving = serve(patience=replace(QUICK, edits=1.0, minute=15.0)) if long else serve()
    chance = random.Random(7)
    rooms = [Classroom(api, serving, house.content, -8001 - n, 6) for n in range(40 if long else 3)]

    async def whole(room: Classroom) -> None:
        room.beat = 0.1 if long else 0.01
        await asyncio.sleep(chance.uniform(0, 10) if long else 0)
        await room.begins()
        for one, number in zip(room.members, CHOSEN, strict=True):
            await asyncio.sleep(chance.uniform(0, 2) if long else 0)
            await room.choose(one, number)
        await room.posted(room.says("group.before"))
        await room.leads("group_end")
        await room.leads("group_finish")
        await room.posted(room.says("group.sheet_head"))

    await asyncio.gather(*(whole(room) for room in rooms))
    if long:
        with capsys.disabled():
            print(f"\n{len(rooms)} groups of six: {_alerts(api.queries.values())}")
    views = {json.dumps(json.loads(str(row["state"]))["views"]) for row in rows(house, "group_session")}
    assert len(views) <= 2, "the same choices, with either side first"


async def test_a_group_and_a_resident_are_no_matter_to_each_other(room: Classroom) -> None:
    other = Group(room.api, -7777)
    await room.opens()
    stranger = Resident(room.api, 55, "en")
    await other.add_bot(stranger)
    await room.until(lambda: other.messages)
    assert room.says("group.intro", "en") in other.messages[-1].text


async def test_a_bot_that_is_an_admin_says_that_it_gets_everything(room: Classroom) -> None:
    await room.group.add_bot(room.teacher, admin=True)
    assert room.says("group.sees_all") in (await room.posted(room.says("group.intro"))).text
