"""The tests' own Bot API server, kept honest: two libraries read all it says, and its rules are Telegram's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import aiogram
import aiohttp
import pytest
import pytest_asyncio
import telegram
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from telegram import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from tests.botapi import TOKEN, BotApi, Group, Resident
from tests.botapi.fixtures import api
from tests.botapi.methods import METHODS
from tests.botapi.oracles import judge_calls, judge_result, judge_update
from tests.botapi.resident import MEDIA, PLAIN

__all__ = ["api"]

KEYS = InlineKeyboardMarkup(
    [[InlineKeyboardButton("A", callback_data="x:a:0"), InlineKeyboardButton("B", url="https://b.example")]]
)


@pytest_asyncio.fixture
async def ptb(api: BotApi, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[telegram.Bot]:
    """python-telegram-bot's own Bot, with its own HTTP."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    async with telegram.Bot(TOKEN, base_url=f"{api.address}/bot", base_file_url=f"{api.address}/file/bot") as bot:
        yield bot


@pytest_asyncio.fixture
async def resident(api: BotApi) -> Resident:
    """Somebody who wrote to the bot, which has read it."""
    someone = Resident(api, 1001, "en")
    await someone.say("/start")
    api.updates.waiting.clear()
    return someone


async def refused(call: object, error: type[Exception]) -> str:
    with pytest.raises(error) as caught:
        await call  # type: ignore[misc]
    return str(caught.value)


# ---------------------------------------------------------------- what it says


async def test_every_kind_of_update_is_read_by_both_libraries(api: BotApi, ptb: telegram.Bot) -> None:
    resident, other = Resident(api, 1001, "en"), Resident(api, 1002, None)
    await resident.say("/start payload")
    await other.say("ordinary <b> & words")
    await ptb.send_message(1001, "question", reply_markup=KEYS)
    shown = await resident.reply()
    await resident.tap("A")
    await ptb.delete_message(1001, shown.id)
    await resident.tap_stale(shown, "A")
    await resident.press(None, shown)
    for kind in (*MEDIA, *PLAIN, "photo"):
        await resident.send(kind)
    await resident.send_photo("look", album="1")
    await resident.edit("better words")
    await resident.block()
    await resident.unblock()
    group = Group(api, -55)
    await group.add_bot(resident)
    await group.say(resident, "/dialogue@stadsdialoog_test_bot", topic=4)
    await group.say_anonymously("/dialogue")
    await group.remove_bot(resident)
    await group.add_bot(resident)
    assert len(api.emitted) > len(MEDIA) + len(PLAIN) + 10
    assert [complaint for update in api.emitted for complaint in judge_update(update)] == []
    numbers = [update["update_id"] for update in api.emitted]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_every_result_is_read_by_both_libraries(api: BotApi, ptb: telegram.Bot, resident: Resident) -> None:
    message = await ptb.send_message(1001, "<b>Bold</b> &lt;3 <a href='https://x.example'>x</a>", parse_mode="HTML")
    assert message.text == "Bold <3 x"
    assert message.parse_entities()
    assert [e.type for e in message.entities] == ["bold", "text_link"]
    assert await ptb.edit_message_text("other", 1001, message.message_id, reply_markup=KEYS)
    assert await ptb.edit_message_reply_markup(1001, message.message_id)
    assert (await ptb.send_document(1001, b"a;b", "<i>c</i>", filename="a.csv", parse_mode="HTML")).caption == "c"
    assert (await ptb.send_photo(1001, b"png")).photo
    assert await ptb.send_chat_action(1001, "typing")
    assert await ptb.set_my_commands([BotCommand("start", "Begin")], language_code="en")
    assert await ptb.get_my_commands(language_code="en") == (BotCommand("start", "Begin"),)
    assert await ptb.get_my_commands() == ()
    assert await ptb.set_my_description("what it does")
    assert (await ptb.get_my_description("nl")).description
    assert await ptb.set_my_short_description("short")
    assert (await ptb.get_my_short_description()).short_description
    assert await ptb.set_my_name("name")
    assert (await ptb.get_my_name()).name == "name"
    assert await ptb.set_webhook("https://bot.example/")
    assert (await ptb.get_webhook_info()).url
    assert await ptb.delete_webhook()
    assert (await ptb.get_chat(1001)).type == "private"
    assert (await ptb.get_chat_member(1001, 5)).status == "member"
    assert await ptb.delete_message(1001, message.message_id)
    assert {method.lower() for method, _ in api.results} == set(METHODS) - {"answercallbackquery"}
    assert [complaint for method, result in api.results for complaint in judge_result(method, result)] == []


async def test_the_oracles_complain_where_something_is_wrong(api: BotApi, ptb: telegram.Bot) -> None:
    message = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "x"}
    assert judge_update({"update_id": 1, "message": message}) == []
    assert judge_update({"update_id": 1, "message": {**message, "txet": "x"}})
    assert judge_update({"update_id": 1, "message": {**message, "date": "yesterday"}})
    assert judge_result("getMe", {"id": 1, "first_name": "no is_bot"})
    async with aiohttp.ClientSession() as http:
        await http.post(f"{api.address}/bot{TOKEN}/sendMessage", json={"chat_id": 1, "txet": "x"})
    assert len(judge_calls(api.calls)) == 2
    api.calls.clear()


# ---------------------------------------------------------------- the queue


async def test_a_higher_offset_confirms_and_what_was_not_confirmed_comes_again(
    api: BotApi, ptb: telegram.Bot, resident: Resident
) -> None:
    for number in range(150):
        await resident.say(str(number))
    api.updates.damping = False
    first = await ptb.get_updates()
    assert len(first) == 100
    assert [u.update_id for u in await ptb.get_updates()] == [u.update_id for u in first]
    rest = await ptb.get_updates(offset=first[-1].update_id + 1)
    assert [u.message.text for u in rest if u.message] == [str(n) for n in range(100, 150)]
    assert len(api.updates.waiting) == 50
    assert [u.message.text for u in await ptb.get_updates(offset=-1) if u.message] == ["149"]
    assert len(api.updates.waiting) == 1
    assert await ptb.get_updates(offset=rest[-1].update_id + 1) == ()
    assert api.updates.redeliver(2) == [u.update_id for u in rest[-2:]]
    assert len(await ptb.get_updates()) == 2


async def test_asking_again_and_again_for_the_same_is_slowed(
    api: BotApi, ptb: telegram.Bot, resident: Resident
) -> None:
    await resident.say("one")
    await resident.say("two")
    assert len(await ptb.get_updates()) == 2
    assert len(await ptb.get_updates()) == 1


async def test_a_long_poll_ends_with_the_first_update(api: BotApi, ptb: telegram.Bot, resident: Resident) -> None:
    poll = asyncio.create_task(ptb.get_updates(timeout=30))
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    await resident.say("now")
    assert len(await poll) == 1
    assert time.monotonic() - begun < 0.25


async def test_presses_expire_after_150_seconds_and_messages_after_a_day(
    api: BotApi, ptb: telegram.Bot, resident: Resident
) -> None:
    await ptb.send_message(1001, "question", reply_markup=KEYS)
    await resident.tap("A")
    await resident.say("typed")
    api.clock.advance(151)
    assert [u.callback_query for u in await ptb.get_updates()] == [None]
    api.clock.advance(86_400)
    api.updates.damping = False
    assert await ptb.get_updates() == ()


async def test_two_pollers_and_a_webhook_are_conflicts(api: BotApi, ptb: telegram.Bot) -> None:
    api.updates.conflict_delay, api.updates.damping = 0.3, False
    poll = asyncio.create_task(ptb.get_updates(timeout=10))
    await asyncio.sleep(0.1)
    async with aiohttp.ClientSession() as http:
        second = asyncio.create_task(http.post(f"{api.address}/bot{TOKEN}/getUpdates", data={"timeout": "0"}))
        assert "terminated by other getUpdates request" in await refused(poll, Conflict)
        await second
    await ptb.set_webhook("https://bot.example/")
    begun = time.monotonic()
    assert "webhook is active" in await refused(ptb.get_updates(), Conflict)
    assert time.monotonic() - begun > 0.1, "the second conflict is answered late"


# ---------------------------------------------------------------- what it refuses


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Message text is empty"),
        (" \n\t ", "Message text is empty"),
        ("\u200b\u200d", "Message text is empty"),
        ("<b></b>", "Message text is empty"),
        ("x" * 4097, "Message is too long"),
        ("<b>open", 'can\'t find end tag corresponding to start tag "b"'),
        ("a < b", "unclosed start tag at byte offset 2"),
        ("<x>y</x>", 'unsupported start tag "x" at byte offset 0'),
        ("é</b>", "unexpected end tag at byte offset 2"),
        ("<b><i>x</b></i>", "unmatched end tag at byte offset 7"),
    ],
)
async def test_texts_it_refuses(ptb: telegram.Bot, resident: Resident, text: str, words: str) -> None:
    told = await refused(ptb.send_message(1001, text, parse_mode="HTML"), BadRequest)
    assert words.lower() in told.lower()


async def test_lengths_are_measured_after_parsing(ptb: telegram.Bot, resident: Resident) -> None:
    message = await ptb.send_message(1001, f"<b>{'&amp;' * 4096}</b>", parse_mode="HTML")
    assert message.text == "&" * 4096
    told = await refused(ptb.send_document(1001, b"x", "c" * 1025), BadRequest)
    assert told == "Message caption is too long"


async def test_buttons_it_refuses(ptb: telegram.Bot, resident: Resident) -> None:
    for data, fits in (("é" * 32, True), ("é" * 33, False)):
        call = ptb.send_message(
            1001, "x", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=data)]])
        )
        assert await call if fits else "Button_data_invalid" in await refused(call, BadRequest)


async def test_people_it_cannot_reach(api: BotApi, ptb: telegram.Bot, resident: Resident) -> None:
    Resident(api, 1002)
    assert await refused(ptb.send_message(9, "x"), BadRequest) == "Chat not found"
    assert "can't initiate conversation" in await refused(ptb.send_message(1002, "x"), Forbidden)
    await resident.block()
    assert await refused(ptb.send_message(1001, "x"), Forbidden) == "Forbidden: bot was blocked by the user"
    resident.chat.state = "deactivated"
    assert await refused(ptb.send_message(1001, "x"), Forbidden) == "Forbidden: user is deactivated"
    assert api.updates.waiting[-1].update["my_chat_member"]["new_chat_member"]["status"] == "kicked"


async def test_edits_and_deletions_it_refuses(api: BotApi, ptb: telegram.Bot, resident: Resident) -> None:
    message = await ptb.send_message(1001, "same", reply_markup=KEYS)
    same = ptb.edit_message_text("same", 1001, message.message_id, reply_markup=KEYS)
    assert await refused(same, BadRequest) == (
        "Message is not modified: specified new message content and reply markup are exactly the same "
        "as a current content and reply markup of the message"
    )
    assert await refused(ptb.edit_message_text("x", 1001, 999), BadRequest) == "Message to edit not found"
    assert await refused(ptb.delete_message(1001, 999), BadRequest) == "Message to delete not found"
    api.clock.advance(49 * 3600)
    assert await refused(ptb.delete_message(1001, message.message_id), BadRequest) == "Message can't be deleted"


async def test_presses_are_answered_once_and_in_time(api: BotApi, ptb: telegram.Bot, resident: Resident) -> None:
    await ptb.send_message(1001, "question", reply_markup=KEYS)
    await resident.tap("A", times=2)
    first, second = [u.callback_query for u in await ptb.get_updates() if u.callback_query]
    assert "Message_too_long" in await refused(first.answer("x" * 201), BadRequest)
    assert await first.answer("x" * 200)
    assert resident.toasts == ["x" * 200]
    api.clock.advance(151)
    too_old = "Query is too old and response timeout expired or query id is invalid"
    assert await refused(second.answer("late"), BadRequest) == too_old
    assert await refused(ptb.answer_callback_query("12345"), BadRequest) == too_old


@pytest.mark.parametrize("code", ["lim", "li-NL", "NL", "n"])
async def test_languages_it_refuses(api: BotApi, ptb: telegram.Bot, code: str) -> None:
    told = await refused(ptb.set_my_commands([BotCommand("start", "x")], language_code=code), BadRequest)
    assert told == "Invalid language code specified"
    api.calls.clear()


async def test_unknown_tokens_and_methods(api: BotApi) -> None:
    async with aiohttp.ClientSession() as http:
        for path, status in ((f"/bot{TOKEN}x/getMe", 401), (f"/bot{TOKEN}/noSuchThing", 404)):
            answer = await http.post(api.address + path)
            assert answer.status == status
            assert (await answer.json())["error_code"] == status
    api.calls.clear()


# ---------------------------------------------------------------- trouble on demand


async def test_a_429_says_how_long_in_words_parameters_and_header(api: BotApi) -> None:
    api.fault("getMe", retry_after=7)
    async with aiohttp.ClientSession() as http:
        answer = await http.get(f"{api.address}/bot{TOKEN}/getMe")
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
        told = await answer.json()
        assert told["description"] == "Too Many Requests: retry after 7"
        assert told["parameters"] == {"retry_after": 7}
        assert (await http.get(f"{api.address}/bot{TOKEN}/getMe")).status == 200


async def test_scripted_faults(api: BotApi, ptb: telegram.Bot, resident: Resident) -> None:
    other = Resident(api, 1002)
    await other.say("hello")
    api.fault("sendMessage", chat=1001, after=1, retry_after=3)
    assert await ptb.send_message(1001, "first goes well")
    assert await ptb.send_message(1002, "another chat")
    assert "Flood control exceeded" in await refused(ptb.send_message(1001, "second"), RetryAfter)
    api.fault("sendMessage", status=502, body="<html>Bad Gateway</html>")
    await refused(ptb.send_message(1001, "html"), NetworkError)
    api.fault("sendMessage", drop="before")
    await refused(ptb.send_message(1001, "lost"), NetworkError)
    api.fault("sendMessage", drop="after")
    await refused(ptb.send_message(1001, "applied"), NetworkError)
    api.fault("sendMessage", delay=1.0)
    await refused(ptb.send_message(1001, "slow", read_timeout=0.1), TimedOut)
    forever = api.fault("getMe", times=None, status=500)
    await refused(ptb.get_me(), NetworkError)
    forever.stop()
    assert await ptb.get_me()
    assert [m.text for m in resident.messages] == ["first goes well", "applied"]


async def test_a_wrong_token_is_refused(api: BotApi) -> None:
    bot = telegram.Bot("1:wrong", base_url=f"{api.address}/bot")
    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()


# ---------------------------------------------------------------- another library's bot


async def test_an_aiogram_bot_runs_on_it(api: BotApi) -> None:
    dispatcher = aiogram.Dispatcher()

    @dispatcher.message()
    async def echo(message: aiogram.types.Message) -> None:
        button = aiogram.types.InlineKeyboardButton(text="Again", callback_data="again")
        await message.answer(
            message.text or "?", reply_markup=aiogram.types.InlineKeyboardMarkup(inline_keyboard=[[button]])
        )

    @dispatcher.callback_query()
    async def pressed(query: aiogram.types.CallbackQuery) -> None:
        await query.answer(f"pressed {query.data}")

    session = AiohttpSession(api=TelegramAPIServer.from_base(api.address))
    bot = aiogram.Bot(TOKEN, session=session)
    polling = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False, polling_timeout=5))
    resident = Resident(api, 1001, "nl")
    await resident.say("hello there")
    assert (await resident.reply()).text == "hello there"
    await resident.tap("Again")
    assert await resident.toast() == "pressed again"
    await dispatcher.stop_polling()
    await polling
