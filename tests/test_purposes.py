"""What somebody may still say yes or no to, on a real database: at once, everywhere, and back again."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, update

from bot.desk import Caller, Desk
from bot.house import House
from conversations.shapes import Agreed, Answered, Arrived, Commanded, Tapped, Typed
from storage import moderation, notices, releases
from storage.backups import backup, restore
from storage.database import begin_read, now
from storage.keeping import consents, find, keep, owed
from storage.overview import answers_now, walks_now
from storage.setting_apart import APART
from storage.tables import Notice
from tests.databases import BOTH
from tests.exporting import exported, moderated
from tests.seeding import crowd, position, quotable, resident
from tests.test_backups import told
from tests.test_desk import begin, pick, rows
from tests.test_group_keeping import begun, choose, join, member
from tests.test_retention import close, purge

WORDS = Answered("growth", "reason_text", "text", "answered", text="meer bomen", method="text")
TELL, REMIND = Agreed("tell_me", True, 1), Agreed("remind_me", True, 1)


def read(house: House, look):  # type: ignore[no-untyped-def]
    with house.engine.connect() as conn:
        begin_read(conn)
        return look(conn)


def table(house: House, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported(house, name, "csv").decode(), newline="")))


def agree(house: House, address: str, fact: Agreed) -> None:
    """The person at this address says yes or no to a purpose."""
    with house.engine.begin() as conn:
        person = find(conn, house.keys.address("telegram", address))
        assert person
        keep(conn, person, person.progress, [fact], 1, now())


def put(house: House, address: str, *facts: Answered | Agreed) -> str:
    with house.engine.begin() as conn:
        return resident(conn, house.keys, *facts, address=address)


def seen(house: House) -> dict[str, object]:
    """Everywhere a person shows: in a release made now, in exports, to moderators, in counts, in messages."""

    def look(conn: Connection) -> dict[str, object]:
        made = releases.draft(conn, house.content, "dreams", 2, now())
        return {
            "release": json.loads(made.summary)["dilemmas"]["growth"]["base"] if made else None,
            "waiting": len(moderation.queue(conn, 9)) + len(moderation.decided(conn, "passed", 9)),
            "walks": sum(walks_now(conn).values()),
            "rows": sum(answers_now(conn).values()),
            "notices": len(notices.due(conn, "telegram", 9)),
        }

    found: dict[str, object] = read(house, look)
    return {**found, "answers": len(table(house, "answers")), "participants": len(table(house, "participants"))}


@BOTH
def test_who_says_no_to_being_counted_counts_nowhere_from_then_on_and_can_come_back(house: House) -> None:
    with house.engine.begin() as conn:
        crowd(conn, [{"growth": "a"}] * 3, "others")
    without = seen(house)
    put(house, "700", Agreed("count_me", True, 1), position("growth", "b"), position("growth", "a"), WORDS, TELL)
    with house.engine.begin() as conn:
        moderation.look_for_alarms(conn, lambda text: "", 9)
        notices.announce(conn, "dreams", "closed")
    with_them = seen(house)
    assert [with_them[name] for name in ("release", "waiting", "walks", "notices")] == [4, 1, 4, 1]
    agree(house, "700", Agreed("count_me", False, 1))
    assert seen(house) == without
    agree(house, "700", Agreed("count_me", True, 1))
    assert {**seen(house), "notices": 1} == with_them


def test_a_text_that_was_read_before_is_not_read_by_number_either(house: House) -> None:
    put(house, "700", Agreed("count_me", True, 1), WORDS)
    (text,) = [int(str(row["id"])) for row in rows(house, "answer")]
    with house.engine.begin() as conn:
        moderated(conn)
    agree(house, "700", Agreed("count_me", False, 1))
    with house.engine.begin() as conn:
        assert moderation.original(conn, text) is None
        assert not moderation.doubt(conn, text, "mo", now())
        assert moderation.decide(conn, [text], "passed", "mo", now())[1] == 0


def test_nothing_asked_for_is_sent_any_more_and_no_new_message_is_planned(house: House) -> None:
    put(house, "700", Agreed("count_me", True, 1), REMIND)
    agree(house, "700", Agreed("count_me", False, 1))
    with house.engine.begin() as conn:
        notices.announce(conn, "deepening", "open")
    assert rows(house, "notice") == []


@pytest.mark.parametrize(("purpose", "kind"), [("tell_me", "results"), ("remind_me", "round")])
def test_a_message_on_its_way_stays_where_the_purpose_is_withdrawn(house: House, purpose: str, kind: str) -> None:
    one = put(house, "700", Agreed("count_me", True, 1), Agreed(purpose, True, 1))
    with house.engine.begin() as conn:
        conn.execute(insert(Notice.__table__).values(participant=one, kind=kind))  # type: ignore[attr-defined]
    assert len(read(house, lambda conn: notices.due(conn, "telegram", 9))) == 1
    agree(house, "700", Agreed(purpose, False, 1))
    assert read(house, lambda conn: notices.due(conn, "telegram", 9)) == []


@BOTH
def test_quoting_is_looked_up_when_it_is_shown(house: House) -> None:
    put(house, "700", Agreed("count_me", True, 1), WORDS, quotable())
    with house.engine.begin() as conn:
        moderated(conn)
    assert [(row["text"], row["may_quote"]) for row in table(house, "answers")] == [("meer bomen", "1")]
    agree(house, "700", quotable(False))
    assert [(row["text"], row["may_quote"]) for row in table(house, "answers")] == [("meer bomen", "0")]


def test_a_release_holds_nobody_s_words(house: House) -> None:
    with house.engine.begin() as conn:
        crowd(conn, [{"growth": "a"}] * 12, "others")
    put(house, "700", Agreed("count_me", True, 1), position("growth", "a"), WORDS, quotable())
    made = read(house, lambda conn: releases.draft(conn, house.content, "dreams", 10, now()))
    assert made
    assert "bomen" not in made.summary


@BOTH
def test_who_left_and_chose_nothing_is_erased_after_some_days_whatever_the_round_does(house: House) -> None:
    put(house, "700", Agreed("count_me", True, 1), position("growth", "a"))
    agree(house, "700", Agreed("count_me", False, 1))
    with house.engine.begin() as conn:
        conn.execute(owed.delete())
    assert purge(house) == {"addresses": 1}
    assert purge(house, house.settings.contact_days - 1) == {}
    assert purge(house, house.settings.contact_days + 1) == {"withdrawn": 1}
    assert rows(house, "participant") == rows(house, "answer") == []
    # They left once, not twice.
    assert [row["value"] for row in rows(house, "mark") if row["name"] == "left:dreams"] == ["1"]


def test_rows_that_are_over_go_also_where_they_stand_apart(house: House) -> None:
    one = put(house, "700", Agreed("count_me", True, 1), position("growth", "a"))
    agree(house, "700", Agreed("count_me", False, 1))
    close(house)
    with house.engine.begin() as conn:
        # As if said again and again: what was promised about the round holds all the same.
        later = now() + timedelta(days=house.settings.rows_days)
        conn.execute(update(consents).where(consents.c.participant == one).values(at=later))
    assert purge(house, house.settings.rows_days + 1)["people"] == 1


async def test_said_in_the_chat_it_is_kept_and_everything_can_still_be_seen_and_erased(
    house: House, desk: Desk
) -> None:
    caller = Caller("telegram", "7001004001", "nl")
    await begin(desk, caller)
    await desk.hear(caller, Typed("meer bomen"))
    reply = await desk.hear(caller, Commanded("privacy"))
    reply = await desk.hear(caller, pick(reply, "1 Meetellen"))
    assert "Na 30 dagen wissen wij alles" in reply.says[-1].text
    reply = await desk.hear(caller, pick(reply, "Nee, alleen kijken"))
    assert [row["round"] for row in rows(house, "participant")] == [f"{APART}dreams"]
    mine = await desk.hear(caller, Commanded("mydata"))
    assert "meer bomen" in mine.says[0].text
    asked = await desk.hear(caller, pick(reply, "Ja, wis alles"))
    gone = await desk.hear(caller, pick(asked, "Ja, wis alles"))
    assert gone.says[0].forgotten
    assert rows(house, "participant") == []


async def test_in_a_group_they_talk_on_uncounted_and_may_come_back_there(house: House, desk: Desk) -> None:
    groups, anna = house.groups(), member(1)
    await begin(desk, anna)
    code = await begun(groups, 0)
    await join(groups, code, anna, "yes")
    await choose(groups, code, anna, "b")
    reply = await desk.hear(anna, Commanded("privacy"))
    reply = await desk.hear(anna, pick(reply, "1 Meetellen"))
    await desk.hear(anna, pick(reply, "Nee, alleen kijken"))
    await choose(groups, code, anna, "between")
    kept = {(row["round"], row["code"]) for row in rows(house, "answer") if row["item"] == "position"}
    assert kept == {(f"{APART}dreams", "b")}
    assert [(row["participant"], row["position"]) for row in rows(house, "group_seat")] == [(None, "between")]
    await groups.tap(anna, Tapped("group.leave", "yes", code), private=True)
    await join(groups, code, anna, "count")
    assert [row["round"] for row in rows(house, "participant")] == ["dreams"]
    assert len([row for row in rows(house, "answer") if row["round"] == "dreams"]) == len(rows(house, "answer")) > 0


@BOTH
async def test_a_restore_brings_back_no_purpose_that_was_withdrawn_since(
    house: House, desk: Desk, tmp_path: Path
) -> None:
    leaves, stays = (Caller("telegram", f"700100500{n}", "nl") for n in (1, 2))
    for caller in (leaves, stays):
        await begin(desk, caller)
        await desk.hear(caller, Typed("meer bomen"))
        await desk.hear(caller, Typed("ja"))
    backup(house.engine, tmp_path / "before.db", told)
    for caller, number, no in (
        (leaves, "1 Meetellen", "Nee, alleen kijken"),
        (stays, "2 Uw woorden laten zien", "nee"),
    ):
        reply = await desk.hear(caller, Commanded("privacy"))
        reply = await desk.hear(caller, pick(reply, number))
        await desk.hear(caller, Typed(no))
    before = sorted((str(r["participant"]), str(r["purpose"]), bool(r["yes"])) for r in rows(house, "consent"))
    restore(tmp_path / "before.db", house.engine, house.keys, now(), True, tmp_path, told)
    after = sorted((str(r["participant"]), str(r["purpose"]), bool(r["yes"])) for r in rows(house, "consent"))
    assert after == before
    assert sorted(str(row["round"]) for row in rows(house, "participant")) == ["dreams", f"{APART}dreams"]
    again = house.desk()
    assert (await again.hear(leaves, Arrived())).says[-1].head == "U telt niet meer mee"
    assert [row["text"] for row in table(house, "answers") if row["may_quote"] == "1"] == []
