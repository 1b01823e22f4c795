"""A script that answers for a thousand people: slowed at the door, recognised by its pace, left out in one decision."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from sqlalchemy import Connection, update
from typer.testing import CliRunner

from bot import webchat
from bot.desk import Caller, Desk
from bot.house import House
from bot.main import cli
from bot.webchat_networks import AT_ONCE, LONGEST_WAIT, MOST_NETWORKS, PER_MINUTE, REMEMBER_SECONDS, Networks
from conversations.shapes import Commanded, Heard, Tapped
from storage import bursts, releases
from storage.audit import entries
from storage.bursts import BURST, ENOUGH_TURNS, FAST_SECONDS, WITHIN, pace
from storage.database import begin_read, now
from storage.keeping import participants
from tests.databases import BOTH
from tests.exporting import exported
from tests.seeding import THEN, crowd
from tests.test_desk import pick, rows

ROOT = Path(__file__).parent.parent
ADDRESS = "https://praat.example/"
DIRECT = "203.0.113.7"


@pytest.fixture
def walks(request: pytest.FixtureRequest) -> int:
    """A thousand in the long run, enough for a burst in the short one."""
    long = "soak" in (request.config.getoption("markexpr") or "")
    return 1000 if long else 25


async def stuff(desk: Desk, number: int) -> None:
    """One walk of the script: always the second button of a question, as fast as it is answered."""
    caller = Caller("web", f"a-key-of-the-script-{number}", "nl")
    reply = await desk.hear(caller, Commanded("start"))
    reply = await desk.hear(caller, pick(reply, "Nederlands"))
    reply = await desk.hear(caller, pick(reply, "Ja, ik doe mee"))
    for _ in range(40):
        buttons = [button for row in reply.says[-1].buttons for button in row]
        tap = Tapped.read(buttons[min(1, len(buttons) - 1)].data)
        assert tap
        if tap.at == "goodbye":
            return
        heard: Heard = Tapped(tap.at, "skipped", tap.tag) if tap.at in ("dream", "worry") else tap
        reply = await desk.hear(caller, heard)
    raise AssertionError("the script did not reach the goodbye")


async def thousand(desk: Desk, walks: int) -> None:
    at_once = asyncio.Semaphore(250)

    async def one(number: int) -> None:
        async with at_once:
            await stuff(desk, number)

    await asyncio.gather(*(one(number) for number in range(walks)))


def draft(house: House) -> dict[str, object]:
    with house.engine.connect() as conn:
        begin_read(conn)
        made = releases.draft(conn, house.content, "dreams", 10, now())
        assert made
        return dict(json.loads(made.summary))


@pytest.mark.soak
@BOTH
async def test_a_script_s_walks_are_a_burst_that_one_decision_leaves_out(house: House, desk: Desk, walks: int) -> None:
    with house.engine.begin() as conn:
        crowd(conn, [{"growth": "a"}] * 30, "people")
    alone = draft(house)
    await thousand(desk, walks)
    by_pace = Counter(row["pace"] for row in rows(house, "participant"))
    assert by_pace == {"fast": walks, "normal": 30}
    with house.engine.begin() as conn:
        (burst,) = bursts.bursts(conn, "dreams")
        assert (burst.people, burst.left_out) == (walks, 0)
        assert bursts.people(conn, "dreams") == (walks + 30, 0)
    assert draft(house)["base"] == walks + 30
    with house.engine.begin() as conn:
        assert bursts.decide(conn, "dreams", burst.name, True) == walks
        assert bursts.people(conn, "dreams") == (walks + 30, walks)
    without = draft(house)
    # Both figures: who counts, and how many are left out.
    assert (without["base"], without["left_out"]) == (30, walks)
    assert without["dilemmas"] == alone["dilemmas"]
    exports = csv.DictReader(io.StringIO(exported(house, "participants", "csv").decode(), newline=""))
    assert Counter(row["pace"] for row in exports) == by_pace, "rows stay, and say what they are"
    with house.engine.begin() as conn:
        assert bursts.decide(conn, "dreams", burst.name, False) == walks
    assert (draft(house)["base"], draft(house)["left_out"]) == (walks + 30, 0)


def test_too_few_to_be_told_of_are_not_told_of(house: House) -> None:
    with house.engine.begin() as conn:
        people = crowd(conn, [{"growth": "a"}] * 39, "people")
        conn.execute(update(participants).where(participants.c.id.in_(people[:9])).values(left_out=True))
    assert (draft(house)["base"], draft(house)["left_out"]) == (30, 0)


# ---------------------------------------------------------------- what is fast, what is a burst


@pytest.mark.parametrize(
    ("seconds", "turns", "told"),
    [
        (FAST_SECONDS * 18 - 0.1, 18, "fast"),
        (FAST_SECONDS * 18, 18, "normal"),
        (0.0, ENOUGH_TURNS - 1, "normal"),
        (0.0, ENOUGH_TURNS, "fast"),
        (7 * 60, 18, "normal"),
    ],
)
def test_fast_is_faster_than_anybody_reads(seconds: float, turns: int, told: str) -> None:
    assert pace(THEN, THEN + timedelta(seconds=seconds), turns) == told
    assert pace(THEN.replace(tzinfo=None), THEN + timedelta(seconds=seconds), turns) == told


async def test_who_takes_a_pause_is_not_fast_and_once_done_it_stays_as_it_is(house: House, desk: Desk) -> None:
    await stuff(desk, 1)
    with house.engine.begin() as conn:
        conn.execute(update(participants).values(started_at=now() - timedelta(days=1)))
    caller = Caller("web", "a-key-of-the-script-1", "nl")
    await desk.hear(caller, Commanded("answers"))
    assert rows(house, "participant")[0]["pace"] == "fast"


def fast(conn: Connection, starts: list[datetime], prefix: str) -> None:
    for number, at in enumerate(starts):
        (one,) = crowd(conn, [{"growth": "a"}], f"{prefix}{number}-")
        conn.execute(update(participants).where(participants.c.id == one).values(pace="fast", started_at=at))


def test_bursts_are_many_within_minutes_and_each_stands_by_itself(house: House) -> None:
    with house.engine.begin() as conn:
        gap = WITHIN / BURST
        fast(conn, [THEN + n * gap for n in range(3 * BURST)], "steady")
        fast(conn, [THEN + timedelta(hours=2) + n * gap for n in range(BURST)], "later")
        fast(conn, [THEN + timedelta(hours=5) + n * gap for n in range(BURST - 1)], "few")
        fast(conn, [THEN + timedelta(hours=9) + n * 2 * gap for n in range(2 * BURST)], "spread")
        crowd(conn, [{"growth": "a"}] * 2 * BURST, "people")
        found = bursts.bursts(conn, "dreams")
        assert [one.people for one in found] == [3 * BURST, BURST]
        assert bursts.bursts(conn, "deepening") == []
        with pytest.raises(LookupError):
            bursts.decide(conn, "dreams", "2026-01-01T00:00:00", True)


def test_staff_see_bursts_and_decide_and_the_log_says_so(tmp_path: Path, house: House) -> None:
    env = {"STADSDIALOOG_DATA": str(house.settings.data)}
    with house.engine.begin() as conn:
        fast(conn, [THEN + timedelta(seconds=n) for n in range(BURST)], "script")
        crowd(conn, [{"growth": "a"}] * 12, "people")

    def run(*words: str) -> str:
        return CliRunner().invoke(cli, ["bursts", "--round", "dreams", *words], env=env).output

    name = "2026-03-14T15:59:59"
    assert run().splitlines() == [
        f"{name} to 16:00:18 UTC: 20 fast walks, 0 left out",
        "people with a position: 32 in all, 32 without those left out",
    ]
    assert run("--leave-out", name).splitlines() == [
        f"20 people of {name} are left out, from the next release on",
        f"{name} to 16:00:18 UTC: 20 fast walks, 20 left out",
        "people with a position: 32 in all, 12 without those left out",
    ]
    assert "0 left out" in run("--take-in", name)
    assert "no burst of this name" in run("--leave-out", "2026")
    with house.engine.connect() as conn:
        told = [(one.action, one.object) for one in entries(conn, 9, actions=["burst_out", "burst_in"])]
    assert sorted(told) == [("burst_in", f"{name} of dreams"), ("burst_out", f"{name} of dreams")]


# ---------------------------------------------------------------- the door


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_class_is_let_in_at_once_and_a_thousand_walks_take_their_time() -> None:
    clock = Clock()
    networks = Networks(at_once=60, per_minute=10, now=clock)
    assert [networks.wait_from(DIRECT) for _ in range(60)] == [0.0] * 60
    assert networks.wait_from(DIRECT) == pytest.approx(6.0)
    # The same household of addresses, and another one.
    assert networks.wait_from("203.0.113.200") == pytest.approx(12.0)
    assert networks.wait_from("203.0.114.7") == 0.0
    begun, let_in = clock.at, 62
    while let_in < 1000:
        if networks.wait_from(DIRECT) > LONGEST_WAIT:
            clock.at += 1.0
        else:
            let_in += 1
    assert clock.at - begun > 1.5 * 3600 - 60 * 6
    clock.at += 3600
    assert networks.wait_from(DIRECT) == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.1", "203.0.113.254", True),
        ("203.0.113.1", "203.0.112.1", False),
        ("2001:db8:1:200::1", "2001:db8:1:2ff::9", True),
        ("2001:db8:1:200::1", "2001:db8:1:300::1", False),
        ("::ffff:203.0.113.1", "203.0.113.9", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("nonsense", "", True),
    ],
)
def test_a_network_is_what_a_household_keeps(one: str, other: str, same: bool) -> None:
    networks = Networks(at_once=1, per_minute=1, now=Clock())
    networks.wait_from(one)
    assert (networks.wait_from(other) > 0) is same


def test_this_machine_itself_is_not_limited() -> None:
    networks = Networks(at_once=1)
    assert [networks.wait_from(one) for one in ("127.0.0.1", "127.0.0.1", "::1", "::1")] == [0.0] * 4


def test_no_address_is_held_and_what_is_held_is_gone_after_an_hour() -> None:
    clock = Clock()
    networks = Networks(now=clock)
    networks.wait_from(DIRECT)
    held = repr(vars(networks))
    assert DIRECT not in held
    assert "203.0.113" not in held
    assert DIRECT.encode() not in b"".join(networks._left)
    assert networks.remembered() == 1
    clock.at += REMEMBER_SECONDS
    assert networks.remembered() == 0
    for number in range(MOST_NETWORKS + 10):
        networks.wait_from(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert networks.remembered() <= MOST_NETWORKS
    other = Networks(now=clock)
    networks.wait_from(DIRECT)
    other.wait_from(DIRECT)
    assert not set(networks._left) & set(other._left), "another process has another key"


@pytest.mark.parametrize(
    ("proxy", "remote", "forwarded", "counts_as"),
    [
        ("", "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.2", "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.2", "10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.0/24", "10.0.0.9", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "10.0.0.2", None, "10.0.0.2"),
    ],
)
def test_only_the_configured_proxy_is_believed(proxy: str, remote: str, forwarded: str | None, counts_as: str) -> None:
    networks = Networks(proxy, at_once=1, per_minute=1, now=Clock())
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/chat", headers=headers).clone(remote=remote)
    assert networks.wait(request) == 0.0
    assert networks.wait_from(counts_as) > 0


async def test_a_page_that_has_to_wait_comes_again_and_nobody_who_is_known_waits(house: House) -> None:
    """Behind a proxy: two are let in, the third is asked to come again, the first comes back at once."""
    networks = Networks("127.0.0.1", at_once=2, per_minute=0.1)
    runner = web.AppRunner(webchat.app(house.desk(), house.content, ADDRESS, False, networks), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    header = {"X-Forwarded-For": DIRECT}
    async with aiohttp.ClientSession() as client:

        async def hello(visit: str = "") -> aiohttp.WSMessage:
            socket = await client.ws_connect(f"{base}/chat", headers=header)
            await socket.send_json({"hello": {"visit": visit, "seen": 0, "language": "nl"}})
            return await socket.receive(timeout=10)

        first = json.loads((await hello()).data)
        assert json.loads((await hello()).data)["missed"]
        begun = time.monotonic()
        refused = await hello()
        assert (refused.type, refused.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.TRY_AGAIN_LATER)
        assert time.monotonic() - begun < 10
        assert json.loads((await hello(first["visit"])).data)["missed"]
    await runner.cleanup()


def test_the_method_page_says_what_is_done_and_what_cannot_be_seen() -> None:
    page = (ROOT / "docs" / "method.md").read_text("utf8")
    for figure in (
        f"{FAST_SECONDS:.0f} seconds",
        f"{ENOUGH_TURNS} answers",
        f"{BURST} or more",
        f"{WITHIN.seconds // 60} minutes",
        f"{AT_ONCE} new walks",
        f"{PER_MINUTE:.0f} a minute",
        f"{REMEMBER_SECONDS / 3600:.0f} hour",
    ):
        assert figure in page, figure
    assert "on Telegram and again on the web" in page
