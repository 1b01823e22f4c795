"""Everything staff can do writes its line in the audit log: every command, with no content and nobody's name in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from typer.testing import CliRunner, Result

from bot.house import House, build
from bot.main import cli
from bot.office import office
from bot.office_privacy import hold
from bot.office_staff import staff
from bot.settings import Settings
from bot.staff_log import Log
from bot.staff_roles import NEEDS, NOT_LOGGED
from content.staff_words import staff_words
from conversations.shapes import POSITIONS, Answered, Corrected
from storage import audit
from storage.audit import ACTIONS, Entry
from storage.database import now, open_engine
from storage.keeping import answers, correct
from tests.seeding import crowd, position, resident
from tests.test_stuffing import fast

WORDS = "bel Sjeng op 06-12345678 over de Maas"
ADDRESS = "7001007001"
# Commands that read or change nothing of anybody's, or are no staff's.
NOBODY_S = {"serve", "terminal", "check", "understand", "migrate", "simulate", "verify"}
# Actions of pages that are still to come, and those only the desk and the API have.
ELSEWHERE = {"sign_in", "sign_out", "deliver", "preview"}

# Of these the log has a name that somebody chose; what all others are about the desk says in Dutch.
A_NAME = {"key_remove", "hold_add", "hold_remove"}


@pytest.fixture
def city(settings: Settings) -> Iterator[House]:
    """A round with people in it, one of whom wrote something and corrected a text of ours; nobody serves."""
    house = build(settings)
    with house.engine.begin() as conn:
        text = Answered("growth", "reason_text", "text", "answered", text=WORDS, method="text")
        one = resident(conn, house.keys, position("growth", "a"), text, address=ADDRESS)
        correct(conn, Corrected("nl:growth.position", WORDS), one, now())
        crowd(conn, [{"growth": code} for code in POSITIONS] * 12, "people")
        fast(conn, [now()] * 20, "script")
    yield house
    house.engine.dispose()


def ran(house: House, *words: str) -> Result:
    settings = house.settings
    env = {"STADSDIALOOG_DATA": str(settings.data), "STADSDIALOOG_PSEUDONYM_KEY": settings.pseudonym_key}
    return CliRunner().invoke(cli, words, env={name: value for name, value in env.items() if value})


def lines(engine: Engine) -> list[Entry]:
    with engine.connect() as conn:
        return audit.entries(conn, 1000)[::-1]


def commands() -> set[str]:
    """Every command, as it is typed."""
    named = {"": (*cli.registered_commands, *office.registered_commands), "staff ": staff.registered_commands}
    named["hold "] = hold.registered_commands
    return {
        f"{group}{one.name or (one.callback.__name__ if one.callback else '')}"
        for group, some in named.items()
        for one in some
    }


def test_every_command_of_staff_writes_its_line(city: House, tmp_path: Path) -> None:
    with city.engine.connect() as conn:
        text = conn.execute(select(answers.c.id).where(answers.c.text == WORDS)).scalar_one()
        found = conn.execute(select(answers.c.participant).where(answers.c.text == WORDS)).scalar_one()
    pseudonym = city.keys.pseudonym(found)
    copy, other = str(tmp_path / "copy.db"), tmp_path / "other.db"
    dutch = Log(staff_words()["nl"], {"dreams": "Dromen"})
    burst = ran(city, "bursts", "--round", "dreams").output.split()[0]
    told = [
        (("bursts", "--round", "dreams", "--leave-out", burst), "burst_out", f"{burst} of dreams"),
        (("bursts", "--round", "dreams", "--take-in", burst), "burst_in", f"{burst} of dreams"),
        (("bursts", "--round", "dreams"), "read", "bursts of dreams"),
        (("texts",), "read", "own words that wait"),
        (("texts", "--original", str(text)), "original", "own words"),
        (("decide", str(text), "refused", "--reason", "names"), "moderate", "refused"),
        (("corrections",), "read", "corrections"),
        (("corrections", "--done", "1"), "correct", "correction 1"),
        (("release", "--round", "dreams"), "release", "dreams 1"),
        (("summary", "--round", "dreams"), "read", "summary of dreams"),
        (("attack", "--round", "dreams"), "read", "every summary of dreams"),
        (("export", "--round", "dreams", "--out", str(tmp_path / "a.csv")), "download", "answers of dreams as csv"),
        (("bundle", "--round", "dreams", "--out", str(tmp_path / "b.zip")), "download", "bundle of dreams as zip"),
        (("close", "dreams"), "round_close", "dreams"),
        (("open", "dreams"), "round_open", "dreams"),
        (("staff", "add", "m.jans", "--role", "reader"), "key_add", "m.jans as reader"),
        (("staff", "list"), "read", "keys of staff"),
        (("staff", "remove", "m.jans"), "key_remove", "m.jans"),
        (("hold", "add", "court"), "hold_add", "court"),
        (("hold", "list"), "read", "holds"),
        (("hold", "remove", "court"), "hold_remove", "court"),
        (("backup", copy), "backup", "the whole database"),
        (("purge",), "purge", None),
        (("erase", "--participant", pseudonym), "erase", None),
        (("restore", copy, "--force"), "restore", None),
        (("rotate-key",), "rotate_key", "the secret"),
        (("rotate-key", "--finish"), "rotate_key", "earlier secrets let go"),
        (("move", "--to", f"sqlite:///{other}"), "move", "from sqlite to sqlite"),
    ]
    there = commands()
    for words, action, what in told:
        if words[0] not in {one.partition(" ")[0] for one in there}:
            continue
        before = len(lines(city.engine))
        done = ran(city, *words)
        assert done.exit_code == 0, f"{words}: {done.output}"
        written = lines(open_engine(f"sqlite:///{other}") if action == "move" else city.engine)[before:]
        assert [(one.action, one.result, one.origin, one.role) for one in written if one.action == action] == [
            (action, "done", "command line", "server")
        ], words
        assert what in (None, *(one.object for one in written)), words
        assert action in A_NAME or all(dutch.object(one.action, one.object) != one.object for one in written), words
    tested = {" ".join(words[: 2 if words[0] in ("staff", "hold") else 1]) for words, _, _ in told}
    assert there - tested - NOBODY_S == set(), "a command that is in no line above"
    assert set(ACTIONS) - {action for _, action, _ in told} == ELSEWHERE
    log = str(lines(open_engine(f"sqlite:///{other}")))
    secrets = [WORDS, "Sjeng", "12345678", ADDRESS, pseudonym, found, city.keys.address("telegram", ADDRESS)]
    secrets += (city.settings.data / "pseudonym.key").read_text().split()
    assert [one for one in secrets if one in log] == []


def test_every_path_of_the_api_is_logged_or_named_as_about_nobody() -> None:
    rows = {path for path in NEEDS if "{" in path}
    assert set(NOT_LOGGED) < set(NEEDS)
    assert {path for path in NEEDS if path not in NOT_LOGGED} == {"/v1/rounds", *rows}


def test_reading_and_deciding_about_own_words_from_the_command_line(city: House) -> None:
    (told,) = [json.loads(line) for line in ran(city, "texts").output.splitlines()]
    assert told["text"] == "bel Sjeng op [phone] over de Maas"
    assert (told["at"], told["language"], told["alarm"]) == ("growth.reason_text", "nl", "")
    number = str(told["id"])
    assert json.loads(ran(city, "texts", "--original", number).output)["text"] == WORDS
    refused = ran(city, "decide", number, "refused")
    assert (refused.exit_code, "nothing was decided" in refused.output) == (1, True)
    assert ran(city, "decide", number, "approved").exit_code == 2
    before = len(lines(city.engine))
    assert ran(city, "decide", number, "masked", "--hide", "Sjeng").output == "masked\n"
    assert "does not wait" in ran(city, "decide", number, "passed").output
    assert [(one.action, one.object) for one in lines(city.engine)[before:]] == [("moderate", "masked")]
    with city.engine.connect() as conn:
        shown = conn.execute(select(answers.c.masked).where(answers.c.id == told["id"])).scalar_one()
    assert shown == "bel [hidden] op [phone] over de Maas"
    assert ran(city, "texts").output == ""
    assert "no such text" in ran(city, "texts", "--original", "999").output


async def test_what_a_key_does_is_noted_in_its_role(house: House) -> None:
    from aiohttp.test_utils import TestClient, TestServer

    from bot import staff as desk
    from tests.test_staff_keys import KEY, key_of

    key = await key_of(house, "jan", "analyst")
    async with TestClient(TestServer(desk.app(house, KEY, dict))) as client:
        for given in (KEY, key):
            await client.get("/v1/rounds", headers={"Authorization": f"Bearer {given}"})
    told = [(one.actor, one.role) for one in lines(house.engine) if one.object == "/v1/rounds"]
    assert told == [("first-keeper", "keeper"), ("jan", "analyst")]
