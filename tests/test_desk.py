"""The desk on a real database: nothing before consent, nothing lost, nothing doubled, nothing left behind."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from sqlalchemy import text
from sqlmodel import SQLModel

from bot.desk import Caller, Desk, Reply
from bot.house import House, build
from bot.settings import Settings
from conversations.shapes import Arrived, Commanded, Heard, Tapped, Typed
from tests.databases import BOTH, on_server

pytestmark = BOTH

SECRET_WORDS = "een heel eigen zin over de Maas"


def pick(reply: Reply, label: str) -> Tapped:
    """The tap on a button of this reply, by its label."""
    buttons = [b for say in reply.says for row in say.buttons for b in row]
    tapped = Tapped.read(next(b.data for b in buttons if b.label == label))
    assert tapped
    return tapped


async def begin(desk: Desk, caller: Caller) -> Reply:
    """As far as the dream, counted."""
    reply = await desk.hear(caller, Commanded("start"))
    reply = await desk.hear(caller, pick(reply, "Nederlands"))
    return await desk.hear(caller, pick(reply, "Ja, ik doe mee"))


def rows(house: House, table: str) -> list[dict[str, object]]:
    with house.engine.connect() as conn:
        return [dict(row) for row in conn.execute(text(f"select * from {table} order by 1")).mappings()]


async def test_nothing_about_the_chat_is_written_before_count_me(house: House, desk: Desk) -> None:
    caller = Caller("telegram", "7001002003", "nl")
    reply = await desk.hear(caller, Commanded("start"), "1")
    reply = await desk.hear(caller, pick(reply, "Nederlands"), "2")
    await desk.hear(caller, pick(reply, "Nee, alleen kijken"), "3")
    await desk.hear(caller, Typed(SECRET_WORDS), "4")
    for table in ("participant", "contact", "consent", "answer", "owed"):
        assert rows(house, table) == []
    assert sorted(str(row["id"]) for row in rows(house, "handled_update")) == [f"telegram:{n}" for n in range(1, 5)]


async def test_consent_buttons_carry_the_language_over_a_restart(house: House) -> None:
    caller = Caller("telegram", "7001002004", "nl")
    first = house.desk()
    reply = await first.hear(caller, Commanded("start"))
    reply = await first.hear(caller, pick(reply, "English"))
    after = await house.desk().hear(caller, pick(reply, "Yes, I take part"))
    assert after.counted
    assert after.says[-1].language == "en"


async def test_the_buttons_of_someone_not_counted_go_on_after_a_restart(house: House) -> None:
    caller = Caller("telegram", "7001002014", "nl")
    first = house.desk()
    reply = await first.hear(caller, Commanded("start"))
    reply = await first.hear(caller, pick(reply, "English"))
    reply = await first.hear(caller, pick(reply, "No, just look"))
    after = await house.desk().hear(caller, pick(reply, "Skip"))
    assert after.says[-1].head.startswith("1 of 5")
    assert rows(house, "participant") == []


async def test_typed_words_before_consent_meet_the_welcome_after_a_restart(house: House) -> None:
    caller = Caller("telegram", "7001002005", "nl")
    reply = await house.desk().hear(caller, Commanded("start"))
    await house.desk().hear(caller, pick(reply, "Nederlands"))
    after = await house.desk().hear(caller, Typed("ja"))
    assert not after.counted
    assert after.says[-1].head.startswith("Welkom")


async def test_a_redelivered_update_changes_nothing_and_shows_the_question_again(house: House, desk: Desk) -> None:
    caller = Caller("telegram", "7001002006", "nl")
    reply = await begin(desk, caller)
    tap = pick(reply, "Overslaan")
    once = await desk.hear(caller, tap, "77")
    again = await desk.hear(caller, tap, "77")
    assert once.says[-1].head == again.says[-1].head
    assert len(rows(house, "answer")) == 1


async def test_answers_survive_a_new_process_and_the_walk_goes_on(settings: Settings) -> None:
    caller = Caller("telegram", "7001002007", "nl")
    first = build(settings)
    first.worker.start()
    reply = await begin(first.desk(), caller)
    await first.worker.stop()
    second = build(settings)
    second.worker.start()
    after = await second.desk().hear(caller, pick(reply, "Overslaan"))
    assert after.says[-1].head.startswith("1 van 5")
    await second.worker.stop()


async def test_a_changed_answer_is_a_revision_and_one_is_current(house: House, desk: Desk) -> None:
    caller = Caller("telegram", "7001002008", "nl")
    reply = await begin(desk, caller)
    await desk.hear(caller, pick(reply, "Overslaan"))
    await desk.hear(caller, Typed("groeien"))
    await desk.hear(caller, Commanded("back"))
    await desk.hear(caller, Typed("even groot blijven"))
    kept = [(r["code"], r["revision"], bool(r["current"])) for r in rows(house, "answer") if r["item"] == "position"]
    assert kept == [("a", 1, False), ("b", 2, True)]


async def test_a_reply_is_owed_until_it_was_sent_and_is_made_again_after_a_crash(house: House, desk: Desk) -> None:
    caller = Caller("telegram", "7001002009", "nl")
    reply = await begin(desk, caller)
    owed = await house.desk().owed("telegram")
    assert [(c.address, r.says[-1].text) for c, r in owed] == [("7001002009", reply.says[-1].text)]
    await desk.sent(reply)
    assert await house.desk().owed("telegram") == []


async def test_someone_unreachable_is_owed_nothing_and_keeps_their_answers(house: House, desk: Desk) -> None:
    caller = Caller("telegram", "7001002010", "nl")
    reply = await begin(desk, caller)
    await desk.hear(caller, pick(reply, "Overslaan"))
    await desk.unreachable(caller)
    assert await desk.owed("telegram") == []
    assert len(rows(house, "answer")) == 1


async def test_mydata_shows_every_row_in_words_and_as_a_file(house: House, desk: Desk) -> None:
    caller = Caller("telegram", "7001002011", "nl")
    await begin(desk, caller)
    await desk.hear(caller, Typed(SECRET_WORDS))
    reply = await desk.hear(caller, Commanded("mijngegevens"))
    assert reply.file
    kept = json.loads(reply.file.content)
    assert SECRET_WORDS in reply.says[0].text
    assert [a["item"] for a in kept["answers"]] == ["dream"]
    assert kept["contact"][0]["address"] == "7001002011"
    tables = {table.name for table in SQLModel.metadata.tables.values() if "participant" in table.c}
    shown = {
        "participant": "dialogue",
        "consent": "consents",
        "answer": "answers",
        "contact": "contact",
        "owed": "owed_replies",
        "notice": "notices",
        "correction": "corrections",
        "group_seat": "group_seats",
    }
    assert tables | {"participant"} == set(shown)
    assert set(shown.values()) <= set(kept)


async def test_forget_leaves_nothing_in_any_file(house: House, desk: Desk, settings: Settings) -> None:
    caller, other = Caller("telegram", "7001002012", "nl"), Caller("telegram", "7001009999", "nl")
    for one in (other, *(Caller("telegram", f"700100{number}", "nl") for number in range(9990, 9995))):
        await begin(desk, one)
        await desk.hear(one, Typed(f"een zin van {one.address}"))
    reply = await begin(desk, caller)
    await desk.hear(caller, Typed(SECRET_WORDS))
    participant = next(str(r["participant"]) for r in rows(house, "answer") if r["text"] == SECRET_WORDS)
    hashed = house.keys.address("telegram", caller.address)
    with house.engine.begin() as conn:
        # What a planner keeps of a column's values is a trace too.
        conn.execute(text("analyze"))
    await desk.hear(caller, Commanded("wis"))
    reply = await desk.hear(caller, Typed("ja"))
    assert "bewijs" in reply.says[0].text
    await settle(house)
    traces = [SECRET_WORDS, participant, caller.address, hashed, house.keys.pseudonym(participant)]
    assert [found(settings.data, trace) for trace in traces] == [[]] * len(traces)
    assert in_tables(house, traces) == []
    assert found(settings.data, other.address) + in_tables(house, [other.address]) != []


async def test_who_forgets_and_returns_is_someone_new(house: House, desk: Desk) -> None:
    caller = Caller("telegram", "7001002013", "nl")
    await begin(desk, caller)
    before = {r["id"] for r in rows(house, "participant")}
    await desk.hear(caller, Commanded("wis"))
    await desk.hear(caller, Typed("ja"))
    await begin(desk, caller)
    assert {r["id"] for r in rows(house, "participant")}.isdisjoint(before)


async def test_a_resume_code_goes_on_from_another_browser(house: House, desk: Desk) -> None:
    here, there = Caller("web", "key-of-one-browser-1", "nl"), Caller("web", "key-of-another-one-2", "en")
    reply = await begin(desk, here)
    await desk.hear(here, pick(reply, "Overslaan"))
    paused = await desk.hear(here, Commanded("stop"))
    code = paused.says[-1].text.rsplit(" ", 1)[-1]
    assert (await desk.hear(there, Typed("AAAA-BBBB-CCCC"))).counted is False
    moved = await desk.hear(there, Typed(code.lower()))
    assert moved.counted
    assert len(rows(house, "participant")) == 1
    assert rows(house, "contact")[0]["address"] == ""


async def test_many_at_once_each_in_order(house: House, desk: Desk) -> None:
    callers = [Caller("telegram", str(8000 + n), "nl") for n in range(30)]
    await asyncio.gather(*(begin(desk, caller) for caller in callers))
    said: list[Heard] = [Typed("overslaan"), Typed("groeien"), Typed("overslaan"), Typed("rustig"), Arrived()]
    await asyncio.gather(*(desk.hear(caller, heard) for heard in said for caller in callers))
    kept = rows(house, "answer")
    assert len(kept) == len(callers) * 4
    assert {r["code"] for r in kept if r["dilemma"] == "inner_city"} == {"b"}


async def settle(house: House) -> None:
    """Let the worker finish what it does after a commit."""
    await house.worker.run(lambda conn: None)
    async with asyncio.timeout(60):
        while house.worker.wiping:  # noqa: ASYNC110  another thread's work
            await asyncio.sleep(0.05)


def found(folder: Path, trace: str) -> list[str]:
    """The files below `folder` whose raw bytes hold this text."""
    return [str(p) for p in folder.rglob("*") if p.is_file() and trace.encode() in p.read_bytes()]


def in_tables(house: House, traces: list[str]) -> list[str]:
    """On PostgreSQL: every file of this database, its own tables too, that holds one of these."""
    if house.engine.dialect.name == "sqlite":
        return []
    name = house.engine.url.database
    files = f"""
        SELECT file, pg_read_binary_file(folder || file, 0, 100000000, true)
        FROM (SELECT 'base/' || oid || '/' AS folder FROM pg_database WHERE datname = '{name}') AS ours,
        LATERAL pg_ls_dir(folder) AS file
    """
    on_server("CHECKPOINT")
    found = [(str(file), bytes(content or b"")) for file, content in on_server(files)]  # type: ignore[call-overload]
    return [file for file, content in found if any(trace.encode() in content for trace in traces)]
