"""Own words are read before they leave: what a moderator decides, who may decide again, and what never leaves."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import Connection, select

from bot.house import House
from content import Content
from conversations.alarm import alarm
from conversations.alike import alike
from conversations.shapes import Answered
from storage import moderation
from storage.database import begin_read, now
from storage.erasure import erase
from storage.keeping import answers
from storage.moderation import HIDDEN, Own, Undecided, Waiting
from storage.mydata import everything
from tests.databases import BOTH
from tests.exporting import exported as the_file
from tests.seeding import resident

BEGIN = 100


def words(text: str, dilemma: str = "growth") -> Answered:
    return Answered(dilemma, "reason_text" if dilemma else "dream", "text", "answered", text=text, method="text")


async def say(house: House, *texts: str) -> list[str]:
    """Residents who each wrote one text; their ids."""

    def write(conn: Connection) -> list[str]:
        keys = house.keys
        return [resident(conn, keys, words(text), address=f"{BEGIN}{text}") for text in texts]

    people = await house.worker.run(write)
    await house.worker.run(lambda c: moderation.look_for_alarms(c, lambda t: alarm(t, house.content.phrases), 100))
    return people


def queue(house: House) -> list[Own]:
    with house.engine.connect() as conn:
        begin_read(conn)
        return moderation.queue(conn, 100)


def exported(house: House) -> dict[str, tuple[str, str, str]]:
    """Of every row of own words that leaves: its state, by what is shown; as (text, text_masked, text_state)."""
    file = the_file(house, "answers", "csv").decode()
    rows = csv.DictReader(io.StringIO(file, newline=""))
    return {row["answer_id"]: (row["text"], row["text_masked"], row["text_state"]) for row in rows}


def sure(house: House, verdict: str, by: str = "mo", **how: object):  # type: ignore[no-untyped-def]
    """What a moderator decides about everything in the queue."""

    def work(conn: Connection) -> tuple[str, int]:
        texts = [own.id for own in moderation.queue(conn, 100)]
        return moderation.decide(conn, texts, verdict, by, now(), **how)  # type: ignore[arg-type]

    return house.worker.run(work)


# ---------------------------------------------------------------- deciding


@BOTH
async def test_a_text_leaves_only_once_somebody_passed_it(house: House) -> None:
    await say(house, "Meer bomen op het Vrijthof, bel 06-12345678")
    assert list(exported(house).values()) == [("", "0", "waiting")]
    (own,) = queue(house)
    assert (own.shown, own.hidden) == ("Meer bomen op het Vrijthof, bel [phone]", True)
    assert await sure(house, "passed", theme="green") == (await batch_of(house), 1)
    assert list(exported(house).values()) == [("Meer bomen op het Vrijthof, bel [phone]", "1", "passed")]
    assert queue(house) == []


async def batch_of(house: House) -> str:
    with house.engine.connect() as conn:
        return str(conn.execute(select(moderation.decisions.c.batch)).scalars().all()[-1])


@BOTH
async def test_words_are_hidden_by_hand_and_no_other_word_is_changed(house: House) -> None:
    await say(house, "Vraag jan de Boer maar: Jan de Boer weet het, en Janneke ook")
    await sure(house, "masked", hide=["Jan de Boer", "Janneke"])
    shown = f"Vraag {HIDDEN} maar: {HIDDEN} weet het, en {HIDDEN} ook"
    assert list(exported(house).values()) == [(shown, "1", "masked")]


@BOTH
async def test_a_row_of_a_refused_text_never_leaves(house: House) -> None:
    await say(house, "Een scheldwoord", "Een goede zin")
    (first, _) = queue(house)
    await house.worker.run(lambda c: moderation.decide(c, [first.id], "refused", "mo", now(), reason="insult"))
    assert [row[2] for row in exported(house).values()] == ["waiting"]


@pytest.mark.parametrize(
    ("verdict", "how", "missing"),
    [
        ("refused", {}, "which_reason"),
        ("refused", {"reason": "mood"}, "which_reason"),
        ("passed", {"theme": "weather"}, "which_theme"),
        ("masked", {"hide": [" "]}, "which_words"),
        ("masked", {"hide": ["Piet"]}, "not_in_it"),
        ("set_apart", {}, "which_alarm"),
    ],
)
async def test_a_decision_that_is_not_complete_changes_nothing(
    house: House, verdict: str, how: dict[str, object], missing: str
) -> None:
    await say(house, "Meer bomen")
    with pytest.raises(Undecided, match=missing):
        await sure(house, verdict, **how)
    assert [own.state for own in queue(house)] == ["waiting"]
    assert await batches(house) == 0


async def batches(house: House) -> int:
    return len(await house.worker.run(lambda c: c.execute(select(moderation.decisions)).all()))


@BOTH
async def test_who_comes_second_decides_nothing(house: House) -> None:
    await say(house, "Meer bomen")
    (own,) = queue(house)
    await sure(house, "passed", "mo")
    late = await house.worker.run(lambda c: moderation.decide(c, [own.id], "refused", "li", now(), reason="empty"))
    assert late[1] == 0
    assert next(iter(exported(house).values()))[2] == "passed"


@BOTH
async def test_a_decision_is_taken_back_by_who_took_it(house: House) -> None:
    await say(house, "Vraag Jan maar, 06-12345678")
    batch, _ = await sure(house, "masked", hide=["Jan"])
    assert await house.worker.run(lambda c: moderation.take_back(c, batch, "li", now())) == 0
    assert await house.worker.run(lambda c: moderation.take_back(c, batch, "mo", now())) == 1
    assert [own.shown for own in queue(house)] == ["Vraag Jan maar, [phone]"]
    with house.engine.connect() as conn:
        assert moderation.done_by(conn, "mo", now().replace(year=2020)) == 0


@BOTH
async def test_a_text_that_is_answered_anew_waits_anew(house: House) -> None:
    await say(house, "Meer bomen")
    await sure(house, "passed")
    with house.engine.connect() as conn:
        assert moderation.waiting(conn) == Waiting(0, 0, 0)
    await say_again(house, "Nog meer bomen")
    assert [own.shown for own in queue(house)] == ["Nog meer bomen"]
    assert sorted(row[2] for row in exported(house).values()) == ["passed", "waiting"]


async def say_again(house: House, text: str) -> None:
    from conversations.shapes import Progress
    from storage.keeping import Person, keep

    def write(conn: Connection) -> None:
        person = conn.execute(select(answers.c.participant)).scalars().first()
        progress = Progress("dreams", "telegram", "nl", draw=7, counted=True)
        keep(conn, Person(str(person), 5, progress), progress, [words(text)], 1, now())

    await house.worker.run(write)
    await house.worker.run(lambda c: moderation.look_for_alarms(c, lambda t: "", 100))


# ---------------------------------------------------------------- doubt


@BOTH
async def test_a_doubted_decision_is_taken_by_a_second_moderator(house: House) -> None:
    await say(house, "Een scherpe mening")
    (own,) = queue(house)
    await sure(house, "refused", "mo", reason="insult")
    assert await house.worker.run(lambda c: moderation.doubt(c, own.id, "ka", now()))
    assert queue(house) == []
    with house.engine.connect() as conn:
        assert moderation.waiting(conn) == Waiting(0, 0, 1)
        assert moderation.doubted(conn, "mo", 10) == []
        assert [one.id for one in moderation.doubted(conn, "li", 10)] == [own.id]
    with pytest.raises(Undecided, match="second"):
        await house.worker.run(lambda c: moderation.decide(c, [own.id], "refused", "mo", now(), reason="insult"))
    batch, _ = await house.worker.run(lambda c: moderation.decide(c, [own.id], "passed", "li", now()))
    assert await house.worker.run(lambda c: moderation.take_back(c, batch, "li", now())) == 1
    with house.engine.connect() as conn:
        assert [one.id for one in moderation.doubted(conn, "li", 10)] == [own.id]
    await house.worker.run(lambda c: moderation.decide(c, [own.id], "passed", "li", now()))
    with house.engine.connect() as conn:
        assert [(one.verdict, one.moderator) for one in moderation.history(conn, own.id)] == [
            ("passed", "li"),
            ("taken_back", "li"),
            ("doubted", "ka"),
            ("refused", "mo"),
        ]


# ---------------------------------------------------------------- set apart

ALARMING = {
    "Ik wil niet meer leven en de stad helpt niet": "crisis",
    "i want to die in this city": "crisis",
    "Iech wèl neet mie leve": "crisis",
    "Wij weten waar je woont, wethouder": "threat",
    "There is a bomb under the bridge!": "threat",
    "Iech maak diech kepot": "threat",
    "Meer leven in de binnenstad": "",
    "Ik wil wel wonen waar het groen is": "",
    "De burgemeester moet weg": "",
    "Kill the car traffic": "",
    "Ik woon hier graag, dood gewone buurt": "",
}


@pytest.mark.parametrize("text", ALARMING)
def test_a_cry_for_help_and_a_threat_are_seen_in_every_language(text: str, content: Content) -> None:
    assert alarm(text, content.phrases) == ALARMING[text]


@BOTH
async def test_what_may_be_a_cry_for_help_is_set_apart(house: House) -> None:
    await say(house, "Meer bomen", "Ik wil niet meer leven", "Ik schiet je neer")
    assert [own.shown for own in queue(house)] == ["Meer bomen"]
    with house.engine.connect() as conn:
        assert moderation.waiting(conn) == Waiting(1, 2, 0)
        apart = moderation.apart(conn, 10)
    assert [own.alarm for own in apart] == ["crisis", "threat"]
    await house.worker.run(lambda c: moderation.decide(c, [apart[1].id], "put_back", "mo", now()))
    assert len(queue(house)) == 2
    await sure(house, "set_apart", alarm="crisis")
    with house.engine.connect() as conn:
        assert moderation.waiting(conn) == Waiting(0, 3, 0)


# ---------------------------------------------------------------- together, and gone


def test_nearly_the_same_texts_stand_together_and_others_do_not() -> None:
    texts = [
        "Meer bomen in de stad!",
        "minder bomen in de stad",
        "meer bomen in de stad",
        "Ik wil wel auto’s in het centrum",
        "Ik wil geen auto’s in het centrum",
        "Meer boomen in de stad",
        "",
        "🌳",
        "",
    ]
    assert alike(texts) == [[0, 2, 5], [1], [3], [4], [6], [7], [8]]


@BOTH
async def test_decisions_are_in_mydata_and_go_with_the_person(house: House) -> None:
    (person,) = await say(house, "Een scheldwoord")
    await sure(house, "refused", reason="insult")
    mine = await house.worker.run(lambda c: everything(c, person, house.keys))
    assert [(one["verdict"], one["reason"]) for one in mine["decisions"]] == [("refused", "insult")]
    assert "mo" not in mine["decisions"][0].values()
    await house.worker.run(lambda c: erase(c, person, house.keys, now(), False))
    assert await batches(house) == 0


@BOTH
async def test_a_search_finds_what_is_shown_and_not_what_is_hidden(house: House) -> None:
    await say(house, "Bel 06-12345678 voor 100% bomen", "Meer auto’s")
    await sure(house, "passed")
    with house.engine.connect() as conn:
        assert len(moderation.decided(conn, "passed", 10)) == 2
        assert [one.shown for one in moderation.decided(conn, "passed", 10, containing="100% BOM")] == [
            "Bel [phone] voor 100% bomen"
        ]
        assert moderation.decided(conn, "passed", 10, containing="12345678") == []
        assert moderation.decided(conn, "refused", 10) == []
