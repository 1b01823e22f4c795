"""Residents on Telegram: whole walks, what they type and send, what they see. Against a real Bot API on loopback."""

from __future__ import annotations

import asyncio
import json
from typing import TypeVar

import pytest
from sqlmodel import Session, SQLModel, select

from bot.house import House
from storage.tables import Answer, Contact, HandledUpdate, Participant
from tests.botapi import BotApi, Resident, Seen
from tests.botapi.fixtures import Serve, api, serve

__all__ = ["api", "serve"]

T = TypeVar("T", bound=SQLModel)
NAMES = {"nl": "Nederlands", "en": "English", "li": "Mestreechs"}


def kept(house: House, table: type[T]) -> list[T]:
    """All rows of a table."""
    with Session(house.engine) as db:
        return list(db.exec(select(table)))


def answers(house: House, item: str = "position") -> list[tuple[str, str, int, bool]]:
    """Dilemma, code, revision, current of every answer to an item, oldest first."""
    rows = sorted(kept(house, Answer), key=lambda answer: answer.id or 0)
    return [(row.dilemma, row.code, row.revision, row.current) for row in rows if row.item == item]


def choice(message: Seen, code: str) -> int:
    """The number of the button with this code."""
    return next(n for n, data in enumerate(message.data) if data.split(":")[1] == code)


async def begin(resident: Resident, language: str = "nl") -> Seen:
    """From /start to the question about the dream: language chosen, counted."""
    await resident.say("/start")
    await resident.reply()
    await resident.tap(NAMES[language])
    await resident.reply()
    await resident.tap(0)
    return await resident.reply()


async def to_first_dilemma(resident: Resident, language: str = "nl") -> Seen:
    await begin(resident, language)
    await resident.tap(0)
    return await resident.reply()


# ---------------------------------------------------------------- walks


@pytest.mark.parametrize("language", NAMES)
async def test_a_whole_walk_by_taps(api: BotApi, serve: Serve, house: House, language: str) -> None:
    serve()
    resident = Resident(api, 1001, language)
    shown = await begin(resident, language)
    for _ in range(30):
        if any(data.startswith("goodbye:") for data in shown.data):
            break
        await resident.tap(0)
        shown = await resident.reply()
    assert [(d, r, c) for d, _, r, c in answers(house)] == [
        (code, 1, True) for code in ("growth", "inner_city", "space", "society", "digital")
    ]
    (participant,) = kept(house, Participant)
    assert (participant.status, participant.language) == ("finished", language)
    assert len(api.calls_of("answerCallbackQuery")) == len(api.queries)
    assert api.calls_of("editMessageText") == [], "a question is a new message, never an edit"


async def test_the_head_is_bold_and_texts_are_escaped(api: BotApi, serve: Serve) -> None:
    serve()
    resident = Resident(api, 1001, "en")
    shown = await to_first_dilemma(resident, "en")
    head = shown.text.splitlines()[0]
    assert shown.raw["entities"] == [{"type": "bold", "offset": 0, "length": len(head.encode("utf-16-le")) // 2}]
    sent = api.calls_of("sendMessage")[-1].params
    assert sent["link_preview_options"] == {"is_disabled": True}


async def test_a_button_tapped_three_times_counts_once(api: BotApi, serve: Serve, house: House) -> None:
    serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    await resident.tap(choice(shown, "a"), times=3)
    reasons = await resident.reply()
    assert reasons.data[0].startswith("growth.reasons:")
    await resident.toast(4)
    await resident.quiet()
    assert answers(house) == [("growth", "a", 1, True)]
    assert all(query.answered for query in api.queries.values())


async def test_an_old_button_changes_nothing_and_the_question_is_shown_again(
    api: BotApi, serve: Serve, house: House
) -> None:
    serve()
    resident = Resident(api, 1001)
    first = await to_first_dilemma(resident)
    await resident.tap(choice(first, "rather_a"))
    await resident.reply()
    await resident.tap(0)
    now = await resident.reply()
    await resident.tap_stale(first, choice(first, "b"))
    again = await resident.reply()
    assert again.data == now.data
    assert answers(house) == [("growth", "rather_a", 1, True)]


@pytest.mark.parametrize("data", ["", "nonsense", "growth.position:b:ffffff", "a:b:c:d", "é" * 32, "language:xx:nl"])
async def test_a_forged_button_is_answered_and_changes_nothing(
    api: BotApi, serve: Serve, house: House, data: str
) -> None:
    serve()
    resident = Resident(api, 1001)
    now = await to_first_dilemma(resident)
    await resident.press(data or None)
    assert (await resident.reply()).data == now.data
    await asyncio.sleep(0.05)
    assert all(query.answered for query in api.queries.values())
    assert answers(house) == []


async def test_a_button_on_a_deleted_message_still_works(api: BotApi, serve: Serve, house: House) -> None:
    serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    del resident.chat.messages[shown.id]
    await resident.tap_stale(shown, choice(shown, "between"))
    await resident.reply()
    assert answers(house) == [("growth", "between", 1, True)]


async def test_typed_answers_and_commands(api: BotApi, serve: Serve, house: House) -> None:
    serve()
    resident = Resident(api, 1001, "en")
    await to_first_dilemma(resident, "en")
    await resident.say("grow")
    await resident.reply()
    await resident.say("/TERUG@stadsdialoog_test_bot")
    assert "1 of 5" in (await resident.reply()).text
    await resident.say("/taal li")
    assert (await resident.reply()).buttons
    assert [(dilemma, code) for dilemma, code, _, _ in answers(house)] == [("growth", "a")]


@pytest.mark.parametrize("kind", ["voice", "audio", "video_note"])
async def test_a_voice_note_gets_a_kind_answer_and_the_question(
    api: BotApi, serve: Serve, house: House, kind: str
) -> None:
    serve()
    resident = Resident(api, 1001)
    now = await to_first_dilemma(resident)
    await resident.send(kind)
    again = await resident.reply()
    assert again.text.startswith(house.content.words("nl")("sent.voice"))
    assert again.data == now.data


async def test_pictures_and_all_the_rest_get_a_kind_answer(api: BotApi, serve: Serve, house: House) -> None:
    serve()
    resident = Resident(api, 1001)
    now = await to_first_dilemma(resident)
    for kind in ("photo", "sticker", "location", "document", "contact", "dice", "poll", "video"):
        await resident.send(kind)
        again = await resident.reply()
        assert again.text.startswith(house.content.words("nl")("sent.other")), kind
        assert again.data == now.data


async def test_an_album_is_answered_once(api: BotApi, serve: Serve) -> None:
    serve()
    resident = Resident(api, 1001)
    await to_first_dilemma(resident)
    for _ in range(4):
        await resident.send_photo(album="77")
    await resident.reply()
    await resident.quiet()


async def test_what_asks_for_no_answer_is_only_marked_as_seen(api: BotApi, serve: Serve, house: House) -> None:
    resident = Resident(api, 1001)
    await resident.say("before we started")
    await resident.edit("changed before we started")
    api.updates.put("something_new", {"id": 1})
    api.updates.put(
        "channel_post", {"message_id": 1, "date": 1, "chat": {"id": -1009, "type": "channel", "title": "x"}}
    )
    serving = serve()
    await resident.reply()
    resident._message({"pinned_message": resident.last.raw})
    await resident.quiet(0.1)
    await serving.until(lambda: len(kept(house, HandledUpdate)) == 5)
    kinds = [row.parked for row in sorted(kept(house, HandledUpdate), key=lambda row: row.id)]
    assert kinds == ["", "edited_message", "something_new", "channel_post", "message"]
    assert serving.telegram.health()["parked"] == 0


async def test_my_data_comes_as_a_file_and_forget_erases(api: BotApi, serve: Serve, house: House) -> None:
    serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    await resident.tap(choice(shown, "b"))
    await resident.reply()
    await resident.say("/mijngegevens")
    mine = await resident.reply()
    assert mine.document.endswith(".json")
    content = api.store.files[mine.raw["document"]["file_id"]]
    assert "growth" in json.dumps(json.loads(content))
    await resident.reply()
    await resident.say("/wis")
    asked = await resident.reply()
    await resident.tap(choice(asked, "yes"))
    await resident.reply()
    assert [kept(house, table) for table in (Answer, Participant, Contact)] == [[], [], []]


async def test_commands_and_descriptions_are_set_in_each_language_and_only_once(
    api: BotApi, serve: Serve, house: House
) -> None:
    first = serve()
    await first.until(lambda: ("short_description", "li") in api.profile)
    scope = '{"type": "default"}'
    for code, language in (("", "nl"), ("nl", "nl"), ("en", "en"), ("li", "li")):
        told = {c["command"]: c["description"] for c in api.commands[scope, code]}
        listed = [c for c in house.content.commands if c.listed]
        assert told == {c.shown.get(language, c.name): c.about[language] for c in listed}
    await first.stop()
    before = len(api.calls_of("setMyCommands"))
    second = serve()
    await second.until(lambda: len(api.calls_of("getMyShortDescription")) == 8)
    await asyncio.sleep(0.05)
    assert len(api.calls_of("setMyCommands")) == before


async def test_a_language_telegram_does_not_know_is_passed_over(api: BotApi, serve: Serve) -> None:
    api.refused_languages.add("li")
    serving = serve()
    resident = Resident(api, 1001, "li")
    await begin(resident, "li")
    await serving.until(lambda: ("short_description", "en") in api.profile)
    assert not any(code == "li" for _, code in api.commands)
