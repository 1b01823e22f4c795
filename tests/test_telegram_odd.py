"""Whatever may come from Telegram: every type of update, giant and odd texts, a long queue, an outage.

`pytest` lets some hundreds of updates wait at the start, `pytest -m soak` several thousand.
"""

from __future__ import annotations

import asyncio
import logging
import time
import unicodedata
from collections import Counter

import pytest

from bot.house import House
from storage.keeping import owed
from storage.tables import Answer, HandledUpdate, Owed, Participant
from tests.botapi import BotApi, Resident
from tests.botapi.everything import contents, updates
from tests.botapi.fixtures import Serve, api, serve
from tests.botapi.updates import Waiting
from tests.test_desk import rows
from tests.test_telegram import answers, begin, choice, kept, to_first_dilemma

__all__ = ["api", "serve"]

# What somebody sends, as against what Telegram itself tells in a chat.
SENT = {
    *("animation", "audio", "document", "live_photo", "paid_media", "photo", "sticker", "story", "video"),
    *("video_note", "voice", "checklist", "contact", "dice", "game", "poll", "venue", "location", "rich_message"),
}
SAMPLE, SOAK = 300, 6000
EMOJI = "😀"
ODD = {
    "4,096 emoji": EMOJI * 2048,
    "4,096 letters": "a" * 4096,
    "families of emoji": "👩‍👩‍👧‍👦" * 300,
    "flags": "🇳🇱" * 500,
    "stacked accents": "n" + "\u0301\u0323" * 1500,
    "right to left": "\u202egroeien\u202c \u2067مرحبا\u2069",
    "arabic": "مدينة خضراء على النهر",
    "zero width": "\u200b\u200c\u200d\ufeff\u2060",
    "with a nul": "veel\0groen",
    "half a pair": "groen\ud83d",
    "a pair in halves": "\ud83d\ude00 groen",
    "lines": "een\r\ntwee\r\rdrie\u2028vier",
    "blank": " \t\n\u00a0\u3000 ",
    "markup": "<b>vet</b> & <script>alert(1)</script> </b>",
    "markdown": "*vet* _schuin_ [x](http://127.0.0.1/) `code`",
    "a formula": '=HYPERLINK("http://127.0.0.1")',
    "tags": "\U000e0067\U000e0062 groen",
    "control": "".join(map(chr, range(1, 32))) + "\x7f\x85",
    "one letter": "x",
    "nothing but marks": "?!…",
}


async def test_every_type_of_update_is_taken_and_nobody_is_held_up(
    api: BotApi, serve: Serve, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    serving = serve()
    resident = Resident(api, 1001)
    shown = await to_first_dilemma(resident)
    kinds = dict(updates())
    first = 50_000_000
    for number, (kind, payload) in enumerate(kinds.items(), first):
        api.updates.waiting.append(Waiting({"update_id": number, kind: payload}, time.time() + 60))
    api.updates._next = first + len(kinds)
    await resident.tap(choice(shown, "a"))
    assert "growth.reasons" in (await resident.reply()).data[0]
    await serving.until(lambda: not api.updates.waiting)
    assert len(kinds) > 25
    assert serving.telegram.health()["parked"] == 0
    assert answers(house) == [("growth", "a", 1, True)]
    marked = {row.parked for row in kept(house, HandledUpdate)}
    assert {"inline_query", "poll_answer", "chat_boost", "message_reaction"} <= marked
    assert "ERROR" not in caplog.text


async def test_everything_a_message_may_hold_is_taken_and_what_was_sent_is_answered(
    api: BotApi, serve: Serve, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    serving = serve()
    resident = Resident(api, 1001)
    now = await to_first_dilemma(resident)
    hints = {house.content.words("nl")(key) for key in ("sent.voice", "sent.other")}
    silent = 0
    for name, content in contents():
        if name == "text":
            continue
        # Past the judges: aiogram knows more of the Bot API than python-telegram-bot does.
        api.updates.put("message", api.store.add(resident.chat, resident.person.json(), content))
        if name in SENT:
            again = await resident.reply()
            assert any(again.text.startswith(hint) for hint in hints), name
            assert again.data == now.data, name
        silent += name not in SENT
    await serving.until(lambda: not api.updates.waiting and not serving.telegram.health()["queued"])
    assert silent > 60
    assert serving.telegram.health()["parked"] == 0
    assert answers(house) == []
    await resident.tap_stale(now, choice(now, "b"))
    await serving.until(lambda: answers(house) == [("growth", "b", 1, True)])
    assert "ERROR" not in caplog.text


async def test_giant_and_odd_texts_are_answered_kept_clean_and_shown_again(
    api: BotApi, serve: Serve, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    serving = serve()
    people = {name: Resident(api, 2000 + number) for number, name in enumerate(ODD)}
    for one in people.values():
        await begin(one)
    for name, one in people.items():
        await one.say(ODD[name])
        assert (await one.reply()).text.strip(), f"silent at {name}"
        await one.say("/antwoorden")
        assert (await one.reply()).text.strip(), f"no answers shown after {name}"
        await one.say("/mijngegevens")
        # Long words go before the file, in messages of their own.
        while not (said := await one.reply()).document:
            assert said.text.strip()
    await serving.until(lambda: not api.updates.waiting)
    texts = [row.text for row in kept(house, Answer) if row.item == "dream" and row.text]
    assert len(texts) >= len(ODD) - 6
    for text in texts:
        odd = {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")}
        assert not odd, ascii(text[:60])
    assert EMOJI * 2048 in texts
    assert serving.telegram.health()["parked"] == 0
    assert "ERROR" not in caplog.text


FORGED = [
    *(
        "growth.position:a",
        "growth.position",
        ":::",
        "growth.position:a:",
        "growth.position:z:{tag}",
        "nowhere:a:{tag}",
    ),
    *("growth.reasons:a1:{tag}", "goodbye:results:{tag}", "forget:yes:{tag}", "answers:growth.position:{tag}"),
    *("language:nl", "count_me:no:{tag}", "growth.position:a:{other}", "\0", "🌳" * 16, "growth.position:a\0:{tag}"),
    *("__class__:a:{tag}", "growth.position:b:{tag}:x", "care.position:a:{tag}", "age:skip_all:{tag}"),
]


async def test_no_forged_or_borrowed_button_is_an_answer(
    api: BotApi, serve: Serve, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    serving = serve()
    resident, other = Resident(api, 1001), Resident(api, 1002)
    shown, borrowed = await to_first_dilemma(resident), await to_first_dilemma(other)
    tags = {"tag": shown.data[0].split(":")[2], "other": borrowed.data[0].split(":")[2]}
    for data in FORGED:
        await resident.press(data.format(**tags))
    for data in borrowed.data:
        await resident.press(data)
    await serving.until(lambda: not api.updates.waiting and not serving.telegram.health()["queued"])
    assert answers(house) == []
    assert len(kept(house, Participant)) == 2, "nobody was erased"
    await asyncio.sleep(0.05)
    assert all(query.answered for query in api.queries.values())
    await resident.say("/start")
    await serving.until(lambda: resident.last.data == shown.data)
    assert "ERROR" not in caplog.text


# ---------------------------------------------------------------- a long queue, an outage


@pytest.mark.soak
async def test_thousands_that_wait_at_the_start_are_all_kept_and_each_is_answered(
    request: pytest.FixtureRequest, api: BotApi, serve: Serve, house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "soak" in request.config.getoption("markexpr")
    many = SOAK if long else SAMPLE
    people = [Resident(api, 10_000 + number) for number in range(many // 6)]
    first = serve()
    known = people[: len(people) // 10]
    screens = [await to_first_dilemma(one) for one in known]
    await first.stop()
    already = {one.chat.id: len(one.messages) for one in people}
    for one, screen in zip(known, screens, strict=True):
        await one.tap(choice(screen, "a"))
    for _ in range(6):
        for one in people:
            await one.say("/start")
    waiting = len(api.updates.waiting)
    assert waiting >= many
    begun = time.monotonic()
    serving = serve()
    late = Resident(api, 9_999)
    await late.say("/start")
    await serving.until(lambda: not api.updates.waiting and not serving.telegram.health()["queued"], within=300)
    took = time.monotonic() - begun
    await late.reply()
    told = Counter({one.chat.id: len(one.messages) - already[one.chat.id] for one in people})
    assert min(told.values()) >= 1, "somebody was not answered"
    assert max(told.values()) <= 6 + 1
    assert all(one.last.data for one in people), "the last thing said is a question"
    assert answers(house) == [("growth", "a", 1, True)] * len(known)
    assert len(kept(house, HandledUpdate)) >= waiting
    assert not kept(house, Owed)
    assert rows(house, owed.name) == []
    if long:
        with capsys.disabled():
            print(
                f"\n{waiting} updates waited, all kept and answered in {took:.0f} s, at most {max(told.values())} each"
            )


async def test_after_an_outage_in_which_presses_expire_old_keyboards_and_words_go_on(
    api: BotApi, serve: Serve, house: House
) -> None:
    first = serve()
    taps, types, returns = (Resident(api, 1001 + number) for number in range(3))
    screens = [await to_first_dilemma(one) for one in (taps, types, returns)]
    await first.stop()
    for one, screen in zip((taps, types, returns), screens, strict=True):
        await one.tap(choice(screen, "a"))
    api.clock.advance(151)
    serve()
    await asyncio.sleep(0.2)
    assert answers(house) == [], "the presses are gone"
    await taps.tap_stale(screens[0], choice(screens[0], "b"))
    await types.say("groeien")
    await returns.say("/start")
    assert "growth.reasons" in (await taps.reply()).data[0]
    assert "growth.reasons" in (await types.reply()).data[0]
    assert (await returns.reply()).data == screens[2].data
    assert sorted(code for _, code, _, _ in answers(house)) == ["a", "b"]
