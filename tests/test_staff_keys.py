"""Named keys and their roles, and the log of what staff did, which nobody can change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner, Result

from bot import staff
from bot.house import House
from bot.lockout import Lockout
from bot.main import cli
from bot.staff_roles import HOLDERS, NAVIGATION, NEEDS, NO_KEY, OPEN, PAGES, may
from storage import audit, staff_keys
from storage.audit import Actor, Entry
from storage.backups import backup, restore
from storage.database import begin_read, now
from storage.staff_keys import FIRST, ROLES, NoKey, Role
from tests.colleague import KEY, key_of
from tests.databases import BOTH
from tests.test_backups import told
from tests.test_staff import Api, api, people, problem

__all__ = ["api"]
ANNA = Actor("anna", "desk 10.0.0.7")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(data: Path, *words: str, typed: str = "") -> Result:
    """`bot.py` with these words, on a data folder of its own and in this process."""
    return CliRunner().invoke(cli, words, input=typed, env={"STADSDIALOOG_DATA": str(data)})


def log(engine: Engine) -> list[Entry]:
    """The whole log, oldest first."""
    with engine.connect() as conn:
        begin_read(conn)
        return audit.entries(conn, 1000)[::-1]


def lines(engine: Engine) -> list[tuple[str, str, str, str]]:
    return [(one.actor, one.action, one.object, one.result) for one in log(engine)]


# ---------------------------------------------------------------- roles


PATHS = {
    "/v1/rounds": "releases",
    "/v1/rounds/dreams/codebook": "releases",
    "/v1/metrics": "releases",
    "/v1/rounds/dreams/answers": "rows",
}


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_gets_what_is_its_own_and_is_told_whose_the_rest_is(api: Api, house: House, role: Role) -> None:
    key = await key_of(house, f"someone.{role}", role)
    for path, right in PATHS.items():
        status, headers, body = await api.get(path, key)
        if may(role, right):  # type: ignore[arg-type]
            assert (path, status) == (path, 200)
        else:
            assert (path, status) == (path, 403)
            says = problem(status, headers, body)["detail"]
            assert "analyst or keeper" in says
            assert role in says


async def test_every_path_stands_in_the_table_of_rights(house: House) -> None:
    app = staff.app(house, KEY, dict)
    paths = {route.resource.canonical for route in app.router.routes() if route.resource}
    assert paths == {*NO_KEY, *OPEN, *PAGES, *NEEDS} & paths
    assert {*PAGES, *OPEN} <= paths
    assert set(NAVIGATION.values()) <= set(PAGES)


def test_originals_are_for_moderators_alone_and_the_house_for_keepers() -> None:
    assert HOLDERS["originals"] == ("moderator",)
    assert HOLDERS["house"] == ("keeper",)
    assert all(may(role, "releases") for role in ROLES)


async def test_a_removed_key_opens_nothing_from_that_moment(api: Api, house: House) -> None:
    key = await key_of(house, "jan", "analyst")
    assert (await api.get("/v1/rounds", key))[0] == 200
    await house.worker.run(lambda conn: staff_keys.remove(conn, "jan", ANNA, now()))
    assert (await api.get("/v1/rounds", key))[0] == 401
    assert (await api.get("/v1/rounds", KEY))[0] == 200


# ---------------------------------------------------------------- keys


@BOTH
async def test_only_a_hash_of_a_key_is_kept(house: House) -> None:
    key = await key_of(house, "jan", "reader")
    with house.engine.connect() as conn:
        kept = str(conn.execute(select(staff_keys.staff_keys)).all()) + str(conn.execute(select(audit.audit)).all())
        found = staff_keys.Staff(house.keys, KEY).holder(conn, key)
        assert found == staff_keys.Holder("jan", "reader")
        assert staff_keys.Staff(house.keys, KEY).holder(conn, key[:-1]) is None
    assert "jan" in kept
    assert key not in kept
    assert KEY not in kept


@pytest.mark.parametrize("name", ["", "Jan", "j j", "-j", "x" * 41, FIRST, "jan"])
async def test_a_name_is_plain_and_nobody_elses(house: House, name: str) -> None:
    await key_of(house, "jan", "reader")
    with pytest.raises(NoKey):
        await key_of(house, name, "reader")


def test_keys_are_made_listed_and_removed_by_command(data: Path) -> None:
    made = run(data, "staff", "add", "j.janssen", "--role", "analyst")
    key = made.stdout.strip()
    assert made.exit_code == 0
    assert len(key) >= 40
    listed = run(data, "staff", "list").stdout
    assert [line.split()[:2] for line in listed.splitlines()] == [[FIRST, "keeper"], ["j.janssen", "analyst"]]
    assert key not in listed
    again = run(data, "staff", "add", "j.janssen", "--role", "reader")
    assert (again.exit_code, again.stderr.count("\n")) == (1, 1)
    assert run(data, "staff", "add", "p", "--role", "boss").exit_code == 2
    assert run(data, "staff", "remove", "j.janssen").exit_code == 0
    assert run(data, "staff", "remove", "j.janssen").exit_code == 1
    assert run(data, "staff", "remove", FIRST).exit_code == 1


# ---------------------------------------------------------------- the log


async def test_what_staff_do_over_the_api_is_in_the_log(api: Api, house: House) -> None:
    await people(house, 3)
    key = await key_of(house, "jan", "analyst")
    reader = await key_of(house, "piet", "reader")
    await api.get("/v1/rounds", key)
    await api.get("/v1/rounds/dreams/answers?purpose=bel+0612345678+over+de+raad", key)
    await api.get("/v1/rounds/dreams/answers?format=jsonl", key)
    await api.get("/v1/rounds/a-typed-secret/answers", reader)
    await api.get("/v1/rounds", "not-a-key-at-all")
    assert lines(house.engine)[2:] == [
        ("jan", "read", "/v1/rounds", "done"),
        ("jan", "download", "answers of dreams as csv", "done"),
        ("jan", "download", "answers of dreams as jsonl", "done"),
        ("piet", "read", "/v1/rounds/{round}/answers", "refused"),
        ("nobody", "sign_in", "api", "refused"),
    ]
    kept = log(house.engine)[2:]
    assert [one.purpose for one in kept] == ["", "bel [phone] over de raad", "not stated", "", ""]
    assert {one.origin for one in kept} == {"api 127.0.0.1"}
    assert all(secret not in str(kept) for secret in (key, reader, "not-a-key", "a-typed-secret"))


async def test_nothing_leaves_where_the_log_cannot_be_written(api: Api, house: House) -> None:
    await people(house, 3)
    refuse = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
    await house.worker.run(lambda conn: conn.exec_driver_sql(refuse))
    status, headers, body = await api.get("/v1/rounds/dreams/answers")
    assert status in (500, 503)
    assert problem(status, headers, body)
    assert b"growth" not in body


STATEMENTS = (
    "UPDATE audit SET actor = 'somebody else'",
    "DELETE FROM audit",
    "INSERT INTO audit SELECT * FROM audit",
)
ONE_DIALECT = {
    "sqlite": ("REPLACE INTO audit SELECT id, at, 'x', origin, action, object, result, purpose, role FROM audit",),
    "postgresql": ("TRUNCATE audit",),
}


@BOTH
async def test_no_line_of_the_log_is_changed_or_taken_out(house: House) -> None:
    await key_of(house, "jan", "reader")
    before = log(house.engine)
    for statement in (*STATEMENTS, *ONE_DIALECT[house.engine.dialect.name]):
        with house.engine.connect() as conn, pytest.raises(DBAPIError):
            conn.execute(text(statement))
        assert log(house.engine) == before


@BOTH
async def test_the_log_is_read_from_the_newest_on_page_by_page(house: House) -> None:
    for number in range(25):
        await house.worker.run(lambda conn, n=number: audit.note(conn, ANNA, "read", f"{n}"))  # type: ignore[misc]
    seen: list[str] = []
    after: Any = None
    with house.engine.connect() as conn:
        while page := audit.entries(conn, 10, after):
            seen += [one.object for one in page]
            after = (page[-1].at, page[-1].id)
        assert audit.entries(conn, 10, actions=["erase"]) == []
    assert seen == [str(n) for n in range(24, -1, -1)]


@BOTH
async def test_a_restore_loses_no_line_and_brings_no_removed_key_back(house: House, tmp_path: Path) -> None:
    await key_of(house, "jan", "analyst")
    await key_of(house, "piet", "reader")
    file = tmp_path / "backup.db"
    backup(house.engine, file, told)
    await house.worker.run(lambda conn: staff_keys.remove(conn, "jan", ANNA, now()))
    before = lines(house.engine)
    restore(file, house.engine, house.keys, now(), True, tmp_path, told)
    assert lines(house.engine) == before
    with house.engine.connect() as conn:
        assert [one.name for one in staff_keys.listed(conn)] == ["piet"]


def test_commands_of_staff_are_in_the_log(data: Path, tmp_path: Path) -> None:
    run(data, "terminal", typed="[1]\n[1]\noverslaan\ngroeien\n")
    run(data, "export", "--round", "dreams", "--out", str(tmp_path / "a.csv"), "--purpose", "raadsvoorstel")
    run(data, "close", "dreams")
    run(data, "open", "dreams")
    participant = (tmp_path / "a.csv").read_text("utf8").splitlines()[1].split(",")[1]
    receipt = run(data, "erase", "--participant", participant).stdout.split()[-1]
    from storage.database import open_engine

    kept = log(open_engine(f"sqlite:///{data / 'stadsdialoog.db'}"))
    assert [(one.action, one.object, one.purpose) for one in kept] == [
        ("download", "answers of dreams as csv", "raadsvoorstel"),
        ("round_close", "dreams", ""),
        ("round_open", "dreams", ""),
        ("erase", f"receipt {receipt}", ""),
    ]
    assert {one.origin for one in kept} == {"command line"}
    assert participant not in str(kept)


# ---------------------------------------------------------------- guessing


def test_after_too_many_wrong_keys_an_address_waits_and_others_do_not() -> None:
    lockout = Lockout(3, 0.2)
    for _ in range(3):
        assert lockout.wait("10.0.0.1") == 0
        lockout.failed("10.0.0.1")
    assert 0 < lockout.wait("10.0.0.1") <= 0.2
    assert lockout.wait("10.0.0.2") == 0
    lockout.passed("10.0.0.1")
    assert lockout.wait("10.0.0.1") == 0


async def test_guessing_at_the_api_is_stopped(api: Api) -> None:
    found = [(await api.get("/v1/rounds", f"guess {n}"))[0] for n in range(101)]
    assert set(found[:100]) == {401}
    status, headers, body = await api.get("/v1/rounds", KEY)
    assert (found[100], status) == (429, 429)
    assert 0 < int(headers["Retry-After"]) <= 900
    assert "Retry-After" in problem(status, headers, body)["detail"]
