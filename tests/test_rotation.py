"""Another secret: what changes (names in exports, keys of staff), and what must not (people, answers, erasure)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.desk import Caller
from bot.house import STAFF_TOKEN_FILE, House, build, staff_token
from bot.main import cli
from bot.settings import Settings
from conversations.shapes import Arrived, Commanded, Typed
from storage import staff_keys
from storage.audit import Actor, entries
from storage.backups import backup, restore
from storage.database import DatabaseFault, now
from storage.erasure import by_pseudonym
from storage.keys import KEY_FILE, KeyFault, Keys, read_or_make, write
from storage.rotation import rotate
from tests.databases import BOTH
from tests.exporting import exported
from tests.test_backups import told
from tests.test_desk import begin, rows
from tests.test_group_keeping import begun

ANNA = Caller("telegram", "7001006001", "nl")
BEA, CAS, ELSEWHERE = (Caller("web", f"a-browser-key-of-{name}", "nl") for name in ("bea", "cas", "cas-too"))
DORA = Caller("telegram", "7001006002", "nl")
NEW, ME = "7e" * 32, Actor("ada", "test")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    house = build(settings)
    house.worker.start()
    try:
        yield house
    finally:
        await house.worker.stop()
        house.engine.dispose()


def rotated(settings: Settings, *more: str) -> Settings:
    """Run the command as a keeper does; the settings afterwards."""
    key = f"{NEW} {settings.pseudonym_key}" if settings.pseudonym_key else ""
    after = settings.model_copy(update={"pseudonym_key": key})
    ran = command(after, *more)
    assert ran.exit_code == 0, ran.output
    return after


def command(settings: Settings, *more: str):  # type: ignore[no-untyped-def]
    given = {"DATA": str(settings.data), "DATABASE": settings.database, "PSEUDONYM_KEY": settings.pseudonym_key}
    env = {f"STADSDIALOOG_{name}": value for name, value in given.items() if value}
    return CliRunner().invoke(cli, ["rotate-key", *more], env=env)


def pseudonyms(house: House) -> list[str]:
    table = csv.DictReader(io.StringIO(exported(house, "participants", "csv").decode(), newline=""))
    return [row["participant"] for row in table]


def answers(house: House) -> list[tuple[object, ...]]:
    """All that was answered, without what names the person."""
    return sorted((str(r["item"]), str(r["code"]), str(r["text"]), r["revision"]) for r in rows(house, "answer"))


@BOTH
async def test_people_are_found_and_only_names_in_exports_change(settings: Settings, tmp_path: Path) -> None:
    async with opened(settings) as house:
        desk = house.desk()
        for one in (ANNA, BEA, CAS, DORA):
            await begin(desk, one)
            await desk.hear(one, Typed(f"een zin van {one.address}"))
        paused = await desk.hear(CAS, Commanded("stop"))
        code = paused.says[-1].text.rsplit(" ", 1)[-1]
        backup(house.engine, tmp_path / "before.db", told)
        before, kept = pseudonyms(house), answers(house)
        people = sorted(str(row["id"]) for row in rows(house, "participant"))
        with house.engine.begin() as conn:
            staff_key = staff_keys.add(conn, house.keys, "m.oud", "analyst", ME, now())
    settings = rotated(settings)
    async with opened(settings) as house:
        desk = house.desk()
        # What must not change.
        assert sorted(str(row["id"]) for row in rows(house, "participant")) == people
        assert answers(house) == kept
        for one in (ANNA, BEA):
            assert (await desk.hear(one, Arrived())).counted
            assert f"zin van {one.address}" in (await desk.hear(one, Commanded("mydata"))).says[0].text
        assert (await desk.hear(ELSEWHERE, Typed(code))).counted, "a code written down before"
        assert sorted(str(row["id"]) for row in rows(house, "participant")) == people
        # What does.
        assert len(pseudonyms(house)) == len(before)
        assert not set(pseudonyms(house)) & set(before)
        with house.engine.begin() as conn:
            assert staff_keys.Staff(house.keys, "first").holder(conn, staff_key) is None
            assert staff_keys.listed(conn) == []
            found = [(one.action, one.object) for one in entries(conn, 9, actions=["rotate_key", "key_remove"])]
            assert sorted(found) == [("key_remove", "m.oud"), ("rotate_key", "the secret")]
            # A request that names somebody as an older export did.
            assert {by_pseudonym(conn, name, house.keys) for name in before} == set(people)
        # Dora is erased now; a backup from before the rotation does not bring her back.
        await desk.hear(DORA, Commanded("wis"))
        await desk.hear(DORA, Typed("ja"))
        restored = restore(tmp_path / "before.db", house.engine, house.keys, now(), True, tmp_path, told)
        assert (restored.people, restored.erased_again) == (4, 1)
        assert (await house.desk().hear(ANNA, Arrived())).counted
        assert (await house.desk().hear(CAS, Arrived())).counted, "found under the earlier key"


@BOTH
async def test_once_back_they_stand_under_the_new_key_alone(settings: Settings) -> None:
    async with opened(settings) as house:
        desk, earlier = house.desk(), house.keys
        for one in (ANNA, BEA, CAS):
            await begin(desk, one)
    settings = rotated(settings)
    async with opened(settings) as house:
        desk = house.desk()
        await desk.hear(BEA, Arrived())
        hashes = {row["address_hash"] for row in rows(house, "contact")}
        keys = (house.keys, house.keys, earlier)
        assert hashes == {
            key.address(one.channel, one.address) for key, one in zip(keys, (ANNA, BEA, CAS), strict=True)
        }
        paused = await desk.hear(BEA, Commanded("stop"))
        code = paused.says[-1].text.rsplit(" ", 1)[-1]
        assert (await desk.hear(ELSEWHERE, Typed(code))).counted, "the code shown now is one of the new key"


async def test_the_earlier_key_is_let_go_in_the_end(settings: Settings) -> None:
    async with opened(settings) as house:
        for one in (ANNA, BEA, CAS):
            await begin(house.desk(), one)
    file = settings.data / KEY_FILE
    assert "rotate-key first" not in command(settings, "--finish").output
    rotated(settings)
    assert (len(file.read_text().split()), file.stat().st_mode & 0o777) == (2, 0o600)
    async with opened(settings) as house:
        await house.desk().hear(BEA, Arrived())
    assert "1 earlier keys" in command(settings, "--finish").output
    assert (len(file.read_text().split()), file.stat().st_mode & 0o777) == (1, 0o600)
    async with opened(settings) as house:
        counted = [(await house.desk().hear(one, Arrived())).counted for one in (ANNA, BEA, CAS)]
        assert counted == [True, True, False], "a browser that did not come back in time is not known any more"


async def test_a_rotation_that_broke_off_is_finished_by_the_same_command(settings: Settings) -> None:
    async with opened(settings) as house:
        await begin(house.desk(), ANNA)
    # Where a crash leaves things: the file is written, the database is not.
    write(settings.data, [bytes.fromhex(NEW), *read_or_make(settings.data)])
    with pytest.raises(DatabaseFault, match="run rotate-key"):
        build(settings)
    rotated(settings)
    assert len((settings.data / KEY_FILE).read_text().split()) == 2
    async with opened(settings) as house:
        assert (await house.desk().hear(ANNA, Arrived())).counted


async def test_the_receiver_of_exports_is_told_both_names_of_who_is_erased(settings: Settings) -> None:
    async with opened(settings) as house:
        await begin(house.desk(), ANNA)
        (before,) = pseudonyms(house)
    told_to = settings.model_copy(update={"export_url": "http://127.0.0.1:9/"})
    rotated(settings)
    async with opened(told_to) as house:
        (after,) = pseudonyms(house)
        await house.desk().hear(ANNA, Commanded("wis"))
        await house.desk().hear(ANNA, Typed("ja"))
        events = [json.loads(bytes(row["payload"]))["data"]["participant"] for row in rows(house, "outbox")]  # type: ignore[call-overload]
        assert sorted(events) == sorted([before, after])


async def test_it_waits_for_a_talk_in_a_group(house: House) -> None:
    await begun(house.groups())
    with house.engine.begin() as conn, pytest.raises(DatabaseFault, match="in a group"):
        rotate(conn, Keys(b"n" * 32, earlier=[b"o" * 32]), ME, now())


def test_a_key_in_the_setting_is_rotated_there(settings: Settings) -> None:
    given = settings.model_copy(update={"pseudonym_key": "5d" * 32})
    build(given).engine.dispose()
    assert "put the new key in front" in command(given).output
    other = settings.model_copy(update={"pseudonym_key": f"{NEW} {'6f' * 32}"})
    assert "made with another key" in command(other).output
    rotated(given)


def test_secrets_are_read_whole_or_not_at_all(tmp_path: Path) -> None:
    assert read_or_make(tmp_path, f"{NEW}  {'5d' * 32}\n") == [bytes.fromhex(NEW), bytes.fromhex("5d" * 32)]
    for wrong in (f"{NEW} 5d", f"{NEW} zz", "5d"):
        with pytest.raises(KeyFault, match="PSEUDONYM_KEY"):
            read_or_make(tmp_path, wrong)
    (tmp_path / KEY_FILE).touch(0o600)
    with pytest.raises(KeyFault, match="is empty"):
        read_or_make(tmp_path)


async def test_nobody_else_on_the_machine_can_read_a_key_or_the_database(settings: Settings) -> None:
    async with opened(settings) as house:
        staff_token(settings)
        await begin(house.desk(), ANNA)
        modes = {one.name: one.stat().st_mode & 0o777 for one in settings.data.rglob("*") if one.is_file()}
    assert {KEY_FILE, STAFF_TOKEN_FILE, "stadsdialoog.db", "stadsdialoog.db-wal"} <= set(modes)
    assert set(modes.values()) == {0o600}
    assert settings.data.stat().st_mode & 0o777 == 0o700
