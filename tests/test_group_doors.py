"""One room, two doors: a Telegram group and pages on the web, against the real desk, database and sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from bot import webchat
from bot.groups import Groups
from bot.house import House
from bot.webchat_networks import Networks
from bot.webchat_room import Rooms
from conversations.shapes import Tapped
from storage.groups import find
from tests.test_desk import begin, rows
from tests.test_group_keeping import CHAT, TEACHER, choose, join, member, order, scene

Frame = dict[str, Any]


class Page:
    """A page of a room; what it shows is what the server sent last."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.visit, self.say, self.scene, self.alert = "", Frame(), Frame(), ""

    async def until(self, so: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not so():
                frame: Frame = await self._socket.receive_json()
                self.visit = frame.get("visit", self.visit)
                self.say, self.scene = frame.get("say", self.say), frame.get("scene", self.scene)
                self.alert = frame.get("alert") or self.alert

    def buttons(self) -> dict[str, str]:
        rows = self.say.get("buttons", ()) if self.say else self.scene["buttons"]
        return {one["data"]: one["label"] for row in rows for one in row}

    async def taps(self, start: str) -> None:
        """Tap the button whose data begins so."""
        data = next(one for one in self.buttons() if one.startswith(start))
        before = self.say
        await self._socket.send_json({"tap": data})
        await self.until(lambda: self.say is not before or not before)

    async def sends(self, data: str) -> aiohttp.WSMessage:
        """Send anything at all; what comes back first after what was on its way."""
        await self._socket.send_json({"tap": data})
        async with asyncio.timeout(30):
            while (message := await self._socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
            return message


class Building:
    """The web port, and the pages that were opened on it."""

    def __init__(self, address: str, client: aiohttp.ClientSession) -> None:
        self.address, self.client = address, client

    async def page(self, code: str, role: str = "phone", visit: str = "", language: str = "en") -> Page:
        socket = await self.client.ws_connect(f"{self.address}/room/{code}/socket")
        await socket.send_json({"hello": {"visit": visit, "role": role, "language": language}})
        page = Page(socket)
        await page.until(lambda: page.say or page.scene)
        return page


@pytest_asyncio.fixture
async def groups(house: House) -> Groups:
    return house.groups()


@pytest_asyncio.fixture
async def building(house: House, groups: Groups) -> AsyncIterator[Building]:
    app = webchat.app(house.desk(), house.content, "https://praat.example/", False)
    Rooms(groups, house.content, "https://praat.example/").join(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as client:
        yield Building(f"http://127.0.0.1:{runner.addresses[0][1]}", client)
    await runner.cleanup()


async def test_members_of_both_doors_sit_in_one_room_and_see_one_view(
    house: House, groups: Groups, building: Building
) -> None:
    code = (await groups.open(TEACHER, CHAT)).code
    await order(groups, code, "next")
    for number in range(2):
        await join(groups, code, member(number))
    pages = [await building.page(code, language=language) for language in ("en", "li")]
    for page in pages:
        await page.taps("group.join:talk.")
    screen = await building.page(code, "screen")
    assert screen.scene["buttons"] == [], "who only looks leads nothing"
    words = house.content.words("en")
    await screen.until(lambda: words("group.joined", n=4) in str(screen.scene["panels"]))
    await order(groups, code, "next")
    for number, choice in ((0, "a"), (1, "b")):
        await choose(groups, code, member(number), choice)
    await screen.until(lambda: words("group.answered", n=2) in str(screen.scene["panels"]))
    for page in pages:
        await page.until(lambda page=page: any("growth.position:" in one for one in page.buttons()))
        await page.taps("group.growth.position:b:")
    assert (await scene(groups, code)).session.views["growth.before"].nearly == "b"
    await screen.until(lambda: screen.scene["stage"] == "shown")
    nearly = words("group.nearly", label="").partition(":")[0]
    assert any(nearly in panel["views"][0]["text"] for panel in screen.scene["panels"])
    assert not any(panel["views"][0]["rows"] for panel in screen.scene["panels"]), "no numbers beside nearly all"
    assert rows(house, "participant") == []


async def test_who_is_counted_on_the_web_has_one_live_answer_there_and_in_the_group(
    house: House, groups: Groups, building: Building
) -> None:
    code = (await groups.open(TEACHER, CHAT)).code
    await order(groups, code, "next")
    page = await building.page(code)
    await page.taps("group.join:count.")
    await order(groups, code, "next")
    await page.until(lambda: any("growth.position:" in one for one in page.buttons()))
    await page.taps("group.growth.position:a:")
    (answer,) = [row for row in rows(house, "answer") if row["item"] == "position"]
    assert (answer["channel"], answer["setting"]) == ("web", "group")
    kept = await building.client.post(f"{building.address}/keep", json={"visit": page.visit})
    assert kept.status == 204
    again = await building.page(code)
    await again.until(lambda: any("growth.position:" in one for one in again.buttons()))
    assert len(rows(house, "group_seat")) == 1, "found again by the cookie: the same seat"


async def test_who_began_a_room_leads_it_and_no_phone_does(groups: Groups, building: Building, house: House) -> None:
    begun = await (await building.client.post(f"{building.address}/room", headers={"Accept-Language": "en"})).json()
    screen = await building.page(begun["code"], "screen", begun["visit"])
    assert any("group.s0:next" in one for one in screen.buttons())
    await screen._socket.send_json({"tap": next(one for one in screen.buttons() if ":next:" in one)})
    await screen.until(lambda: screen.scene["stage"] == "join")
    other = await building.page(begun["code"], "screen")
    await other._socket.send_json({"tap": f"group.s1:pause:{begun['code']}"})
    await other.until(lambda: other.alert == house.content.words("en")("group.not_yours"))
    assert not (await scene(groups, begun["code"])).session.paused
    phone = await building.page(begun["code"])
    assert (await phone.sends(f"group.s1:pause:{begun['code']}")).type is aiohttp.WSMsgType.CLOSE
    answering = await building.page(begun["code"], "screen", begun["visit"])
    assert (await answering.sends(f"group.join:talk.en:{begun['code']}")).type is aiohttp.WSMsgType.CLOSE
    with house.engine.connect() as conn:
        assert find(conn, begun["code"]) is not None


async def test_who_begins_or_counts_too_often_from_one_network_has_to_wait(house: House, groups: Groups) -> None:
    networks = Networks("127.0.0.1", at_once=2, per_minute=0.5)
    app = webchat.app(house.desk(), house.content, "https://praat.example/", False, networks)
    Rooms(groups, house.content, "https://praat.example/", networks).join(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there = {"X-Forwarded-For": "203.0.113.9"}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}", headers=there) as client:
        statuses = [(await client.post("/room")).status for _ in range(3)]
        code = (await groups.open(TEACHER, CHAT)).code
        await order(groups, code, "next")
        page = await Building("", client).page(code)
        await page._socket.send_json({"tap": f"group.join:count.en:{code}"})
        await page.until(lambda: page.alert)
        assert page.alert == house.content.words("en")("error.later")
        await page.taps("group.join:talk.")
    await runner.cleanup()
    assert statuses == [200, 200, 503]
    assert rows(house, "participant") == []


@pytest.mark.parametrize("data", ["", "nonsense", "group.join:talk.en:another123", "growth.position:a:x", "{}" * 40])
async def test_what_is_no_button_of_this_room_ends_the_line(building: Building, groups: Groups, data: str) -> None:
    code = (await groups.open(TEACHER, CHAT)).code
    page = await building.page(code)
    assert (await page.sends(data)).type is aiohttp.WSMsgType.CLOSE


async def test_a_room_that_is_not_there_says_that_it_is_over(building: Building, house: House) -> None:
    page = await building.page("abcdefghjk")
    assert page.say["text"] == house.content.words("en")("group.over")
    for path in ("/room/short", "/room/abcdefghjk%00", "/room/ABCDEFGHJK/screen"):
        assert (await building.client.get(f"{building.address}{path}")).status == 404
    strange = {"Origin": "https://elsewhere.example"}
    assert (await building.client.post(f"{building.address}/room", headers=strange)).status == 403
    answer = await building.client.get(f"{building.address}/room/abcdefghjk/screen")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_somebody_who_came_by_both_doors_takes_one_seat(house: House, groups: Groups, building: Building) -> None:
    desk = house.desk()
    anna = member(1)
    await begin(desk, anna)
    code = (await groups.open(TEACHER, CHAT)).code
    await order(groups, code, "next")
    await groups.tap(anna, Tapped("group.join", "yes", code))
    await groups.tap(anna, Tapped("group.join", "yes", code))
    assert len(rows(house, "group_seat")) == 1
