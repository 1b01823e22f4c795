"""The web chat as a page's script meets it: a real client on a real port, the real desk and database."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from sqlalchemy import text

from bot import webchat
from bot.house import House
from bot.pages import STATIC
from content import Content

Frame = dict[str, Any]
ADDRESS = "https://praat.example/"


class Tab:
    """One tab of a browser: says hello, then sends frames with ids of its own and waits for their ack."""

    def __init__(self, client: aiohttp.ClientSession, base: str) -> None:
        self._client, self._base = client, base
        self.visit, self.turn = "", 0
        self.last: Frame = {}

    async def open(self, visit: str = "", seen: int = 0, language: str = "nl-NL", **options: Any) -> Frame:
        """Connect and say hello; the server's answer, and with `last` the reply that shows the question."""
        self.socket = await self._client.ws_connect(f"{self._base}/chat", **options)
        await self.socket.send_json({"hello": {"visit": visit, "seen": seen, "language": language}})
        answer = await self.hears()
        self.visit, self.turn = answer.get("visit", visit), answer["turn"]
        if answer["missed"]:
            self.last = answer["missed"][-1]
        return answer

    async def hears(self) -> Frame:
        frame: Frame = await self.socket.receive_json(timeout=5)
        return frame

    async def sends(self, update: str = "", **what: str) -> Frame:
        """Send one thing and wait for its reply."""
        # As a browser writes it: letters stay letters, so that 4,000 of them fit in a frame.
        await self.socket.send_str(json.dumps({"id": update or secrets.token_urlsafe(16), **what}, ensure_ascii=False))
        self.last = await self.hears()
        self.turn = self.last.get("turn", self.turn)
        return self.last

    async def taps(self, label: str, update: str = "") -> Frame:
        return await self.sends(update, tap=self.data(label))

    async def types(self, said: str, update: str = "") -> Frame:
        return await self.sends(update, text=said)

    def data(self, label: str) -> str:
        found = [b["data"] for s in self.last["says"] for row in s["buttons"] for b in row if b["label"] == label]
        assert found, f"no button {label!r} in {labels(self.last)}"
        return str(found[0])

    async def begins(self) -> Frame:
        """As far as the dream, counted."""
        await self.open()
        await self.taps("Nederlands")
        return await self.taps("Ja, ik doe mee")


def labels(frame: Frame) -> list[str]:
    return [button["label"] for say in frame["says"] for row in say["buttons"] for button in row]


def at(frame: Frame) -> str:
    """The question that the frame's last buttons belong to."""
    return str([b["data"] for s in frame["says"] for row in s["buttons"] for b in row][-1]).partition(":")[0]


class Served:
    """The web chat on a port of its own, which it keeps over a restart."""

    def __init__(self, house: House) -> None:
        self.house, self.port = house, 0
        self.runner: web.AppRunner | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, secure: bool = False) -> None:
        """Serve with a new desk: what was held in memory is gone, as after a crash."""
        application = webchat.app(self.house.desk(), self.house.content, ADDRESS, secure)
        self.runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        if self.runner:
            await self.runner.cleanup()
        self.runner = None


@pytest_asyncio.fixture
async def served(house: House) -> AsyncIterator[Served]:
    served = Served(house)
    await served.start()
    yield served
    await served.stop()


@asynccontextmanager
async def browser(served: Served) -> AsyncIterator[tuple[aiohttp.ClientSession, Tab]]:
    """A browser with a cookie jar of its own, and one tab in it."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        yield client, Tab(client, served.base)


@pytest_asyncio.fixture
async def tab(served: Served) -> AsyncIterator[Tab]:
    async with browser(served) as (_, one):
        yield one


def rows(house: House, table: str) -> list[dict[str, Any]]:
    with house.engine.connect() as conn:
        return [dict(row) for row in conn.execute(text(f"select * from {table}")).mappings()]


# ---------------------------------------------------------------- the conversation


async def test_a_fresh_page_is_welcomed_in_the_browser_s_language(served: Served) -> None:
    for tag, language in (("nl-BE", "nl"), ("en-US", "en"), ("li", "li"), ("lim", "li"), ("fr", "en"), ("", "nl")):
        async with browser(served) as (_, one):
            answer = await one.open(language=tag)
            assert [say["language"] for say in answer["missed"][0]["says"]] == [language], tag
            assert re.fullmatch(r"[A-Za-z0-9_-]{22}", answer["visit"])
            assert answer["counted"] is False


async def test_a_reply_comes_with_the_ack_after_the_answer_was_kept(house: House, tab: Tab) -> None:
    reply = await tab.begins()
    assert reply["counted"] is True
    assert len(rows(house, "participant")) == 1
    update = secrets.token_urlsafe(16)
    reply = await tab.taps("Overslaan", update)
    assert reply["ack"] == update
    assert at(reply) == "growth.position"
    assert [(a["item"], a["status"]) for a in rows(house, "answer")] == [("dream", "skipped")]
    assert rows(house, "owed") == [] or await settled(house)


async def settled(house: House) -> bool:
    """Whether nothing is owed, a moment later: the row goes with the next batch."""
    for _ in range(50):
        if not rows(house, "owed"):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_the_same_id_again_counts_once_and_gets_the_same_reply(house: House, tab: Tab) -> None:
    await tab.begins()
    update, data = secrets.token_urlsafe(16), tab.data("Overslaan")
    first = await tab.sends(update, tap=data)
    second = await tab.sends(update, tap=data)
    assert first == second
    assert len(rows(house, "answer")) == 1


async def test_the_same_id_after_a_restart_changes_nothing_and_shows_the_question(house: House, served: Served) -> None:
    async with browser(served) as (_, one):
        await one.begins()
        update, data = secrets.token_urlsafe(16), one.data("Overslaan")
        await one.sends(update, tap=data)
        await served.stop()
        await served.start()
        answer = await one.open(one.visit, one.turn)
        assert "visit" not in answer
        assert at(answer["missed"][0]) == "growth.position"
        again = await one.sends(update, tap=data)
        assert (again["ack"], at(again)) == (update, "growth.position")
        assert len(rows(house, "answer")) == 1


async def test_a_reconnect_gets_exactly_what_it_missed(served: Served) -> None:
    async with browser(served) as (client, one):
        await one.begins()
        seen, visit = one.turn, one.visit
        update = secrets.token_urlsafe(16)
        # The tab sends and is gone before the reply; another look at the line says when it was handled.
        await one.socket.send_json({"id": update, "tap": one.data("Overslaan")})
        await one.hears()
        await one.socket.close()
        back = Tab(client, served.base)
        answer = await back.open(visit, seen)
        assert [frame["ack"] for frame in answer["missed"]] == [update]
        assert at(back.last) == "growth.position"
        nothing = await Tab(client, served.base).open(visit, answer["turn"])
        assert nothing["missed"] == []


async def test_things_said_in_a_row_are_heard_in_that_order(house: House, tab: Tab) -> None:
    await tab.begins()
    said = [f"droom nummer {n}" for n in range(6)]
    updates = [secrets.token_urlsafe(16) for _ in said]
    await tab.socket.send_json({"id": updates[0], "text": "/fout"})
    for update, words in zip(updates[1:], said[1:], strict=True):
        await tab.socket.send_json({"id": update, "text": f"/fout {words}"})
    assert [(await tab.hears())["ack"] for _ in updates] == updates
    assert [row["text"] for row in rows(house, "correction")] == said[1:]


async def test_two_people_at_once_do_not_mix_even_with_the_same_ids(house: House, served: Served) -> None:
    async with browser(served) as (_, one), browser(served) as (_, other):
        await asyncio.gather(one.begins(), other.begins())
        await asyncio.gather(one.taps("Overslaan", "1"), other.taps("Overslaan", "1"))
        assert one.visit != other.visit
        assert len(rows(house, "participant")) == len(rows(house, "answer")) == 2


async def test_every_tab_of_the_same_person_gets_the_reply(served: Served) -> None:
    async with browser(served) as (client, one):
        await one.begins()
        other = Tab(client, served.base)
        await other.open(one.visit)
        reply = await one.taps("Overslaan")
        assert await other.hears() == reply


async def test_commands_are_read_by_any_of_their_names(tab: Tab) -> None:
    await tab.begins()
    assert "typt" in (await tab.types("/hulp"))["says"][0]["text"] or at(tab.last) == "dream"
    assert at(await tab.types("/antwoorden")) == "answers"
    assert at(await tab.types("/terug")) == "dream"
    reply = await tab.types("/language en")
    assert reply["says"][-1]["language"] == "en"
    assert at(await tab.types("/ niet groeien")) == "dream" or tab.last["says"]


async def test_my_data_comes_as_a_file_and_is_not_held_for_a_second_look(served: Served) -> None:
    async with browser(served) as (client, one):
        await one.begins()
        reply = await one.types("/mijngegevens")
        files = [say["file"] for say in reply["says"] if "file" in say]
        assert [file["name"] for file in files] == ["stadsdialoog.json"]
        assert json.loads(base64.b64decode(files[0]["data"]))
        answer = await Tab(client, served.base).open(one.visit, one.turn - 1)
        assert not any("file" in say for frame in answer["missed"] for say in frame["says"])


async def test_a_text_that_is_too_long_gets_a_kind_answer_and_is_not_kept(
    content: Content, house: House, tab: Tab
) -> None:
    await tab.begins()
    turn = tab.turn
    reply = await tab.types("x" * 4_001)
    assert [say["text"] for say in reply["says"]] == [content.words("nl")("typed.too_long")]
    assert reply["turn"] == turn
    assert rows(house, "answer") == []
    assert at(await tab.types("é" * 4_000)) in ("quote_me", "growth.position")


async def test_a_forged_or_garbled_button_only_shows_the_question_again(tab: Tab) -> None:
    await tab.begins()
    for data in ("growth.position:a:zzzzz", "::", "x" * 200, "dream:" + "y" * 40 + ":1"):
        assert at(await tab.sends(tap=data)) == "dream"


async def test_when_the_database_cannot_keep_it_the_page_is_told_to_try_later(house: House, tab: Tab) -> None:
    await tab.begins()
    update, data = secrets.token_urlsafe(16), tab.data("Overslaan")
    assert await settled(house)
    file = house.settings.data / "stadsdialoog.db"
    file.rename(file.with_suffix(".away"))
    assert await tab.sends(update, tap=data) == {"error": "later", "id": update}
    file.with_suffix(".away").rename(file)
    reply = await tab.sends(update, tap=data)
    assert (reply.get("ack"), at(reply)) == (update, "growth.position")
    assert len(rows(house, "answer")) == 1


async def test_a_fault_of_ours_ends_nobody_s_conversation(content: Content, house: House, tab: Tab) -> None:
    await tab.begins()
    with house.engine.begin() as conn:
        conn.execute(text("alter table answer rename to away"))
    reply = await tab.taps("Overslaan")
    assert [say["text"] for say in reply["says"]] == [content.words("nl")("error.later")]
    with house.engine.begin() as conn:
        conn.execute(text("alter table away rename to answer"))
    assert at(await tab.types("sla over")) == "growth.position"


@pytest.mark.parametrize(
    "frame",
    ["no json", "[]", '{"id": 3, "tap": "a:b:c"}', '{"id": "no spaces", "text": "x"}', '{"id": "a"}', "[" * 9000],
)
async def test_what_is_no_frame_ends_the_connection(tab: Tab, frame: str) -> None:
    await tab.begins()
    await tab.socket.send_str(frame)
    assert (await tab.socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    assert tab.socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_frame_over_sixteen_kilobytes_ends_the_connection(tab: Tab) -> None:
    await tab.begins()
    await tab.socket.send_json({"id": secrets.token_urlsafe(16), "text": "x" * 17_000})
    await tab.socket.receive(timeout=5)
    assert tab.socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_one_socket_cannot_ask_faster_than_the_pace(tab: Tab) -> None:
    await tab.open()
    started = asyncio.get_running_loop().time()
    for _ in range(26):
        await tab.types("/hulp")
    assert asyncio.get_running_loop().time() - started > 1.0


async def test_stopping_ends_within_seconds_while_pages_are_open(served: Served) -> None:
    async with browser(served) as (client, one):
        tabs = [Tab(client, served.base) for _ in range(20)]
        await asyncio.gather(one.open(), *(t.open() for t in tabs))
        readers = [asyncio.create_task(t.socket.receive()) for t in tabs]
        started = asyncio.get_running_loop().time()
        await served.stop()
        assert asyncio.get_running_loop().time() - started < 3
        await asyncio.gather(*readers)


# ---------------------------------------------------------------- who is it


async def test_before_consent_the_browser_keeps_nothing(served: Served) -> None:
    async with browser(served) as (client, one):
        await one.open()
        await one.taps("Nederlands")
        refused = await client.post(f"{served.base}/keep", json={"visit": one.visit})
        assert refused.status == 409
        assert len(client.cookie_jar) == 0


async def test_the_cookie_is_set_once_counted_and_lets_a_reloaded_page_go_on(served: Served) -> None:
    async with browser(served) as (client, one):
        await one.begins()
        kept = await client.post(f"{served.base}/keep", json={"visit": one.visit})
        assert kept.status == 204
        cookie = kept.headers["Set-Cookie"]
        assert cookie.startswith(f"stadsdialoog={one.visit};")
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Max-Age" not in cookie
        assert "Secure" not in cookie
        answer = await Tab(client, served.base).open()
        assert at(answer["missed"][0]) == "dream"
        assert "visit" not in answer, "the key never goes to a script that did not have it"


async def test_my_own_device_keeps_the_cookie_for_long_and_https_makes_it_secure(served: Served) -> None:
    await served.stop()
    await served.start(secure=True)
    async with browser(served) as (client, one):
        await one.begins()
        kept = await client.post(f"{served.base}/keep", json={"visit": one.visit, "own": True})
        assert "Max-Age=34560000" in kept.headers["Set-Cookie"]
        assert "Secure" in kept.headers["Set-Cookie"].split("; ")


async def test_leaving_throws_the_cookie_away_and_keeps_the_answers(house: House, served: Served) -> None:
    async with browser(served) as (client, one):
        await one.begins()
        await client.post(f"{served.base}/keep", json={"visit": one.visit})
        left = await client.post(f"{served.base}/leave")
        assert left.status == 204
        assert len(client.cookie_jar) == 0
        answer = await Tab(client, served.base).open()
        assert answer["visit"] != one.visit
        assert answer["counted"] is False
        assert len(rows(house, "participant")) == 1


async def test_a_tab_with_a_key_of_its_own_never_takes_the_cookie_s(served: Served) -> None:
    async with browser(served) as (client, one):
        other = Tab(client, served.base)
        await other.open()
        await one.begins()
        await client.post(f"{served.base}/keep", json={"visit": one.visit})
        await other.socket.close()
        answer = await other.open(other.visit, other.turn)
        assert answer["counted"] is False
        await served.stop()
        await served.start()
        answer = await other.open(other.visit, other.turn)
        assert answer["counted"] is False, "nor after a restart, when its own key is gone"


@pytest.mark.parametrize("visit", ["A" * 22, "", "x", "../../../etc", "é" * 22, "B" * 4000])
async def test_a_key_that_was_not_given_out_here_is_replaced(served: Served, visit: str) -> None:
    async with browser(served) as (_, one):
        answer = await one.open(visit)
        assert answer["visit"] != visit
        assert len(answer["visit"]) == 22


async def test_a_resume_code_goes_on_in_another_browser(served: Served) -> None:
    async with browser(served) as (_, one), browser(served) as (client, other):
        await one.begins()
        paused = await one.types("/pauze")
        code = re.search(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}\b", paused["says"][0]["text"])
        assert code
        await other.open()
        reply = await other.types(code[0].lower())
        assert reply["counted"] is True
        kept = await client.post(f"{served.base}/keep", json={"visit": other.visit})
        assert kept.status == 204
        await one.socket.close()
        assert (await one.open(one.visit))["counted"] is False


async def test_forgetting_leaves_nothing_under_the_key(house: House, served: Served) -> None:
    async with browser(served) as (client, one):
        await one.begins()
        await one.types("/wis")
        reply = await one.taps("Ja, wis alles")
        assert [say["forgotten"] for say in reply["says"]] == [True]
        assert rows(house, "participant") == []
        refused = await client.post(f"{served.base}/keep", json={"visit": one.visit})
        assert refused.status == 409


async def test_a_receipt_that_did_not_arrive_is_given_after_the_reconnect(served: Served) -> None:
    async with browser(served) as (client, one):
        await one.begins()
        await one.types("/wis")
        seen = one.turn
        receipt = await one.taps("Ja, wis alles")
        await one.socket.close()
        answer = await Tab(client, served.base).open(one.visit, seen)
        assert answer["missed"] == [receipt]


# ---------------------------------------------------------------- other sites, and other pages


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1.evil.example"]
)
async def test_another_site_can_neither_talk_nor_keep_nor_leave(served: Served, origin: str) -> None:
    async with browser(served) as (client, one):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await one.open(origin=origin)
        assert refused.value.status == 403
        for path in ("/keep", "/leave"):
            answer = await client.post(f"{served.base}{path}", json={}, headers={"Origin": origin})
            assert answer.status == 403


async def test_our_own_page_may_talk_also_behind_a_proxy_that_changes_the_host(served: Served) -> None:
    async with browser(served) as (_, one):
        for origin in (served.base, ADDRESS.rstrip("/")):
            assert (await one.open(origin=origin))["visit"]


@pytest.mark.parametrize("path", ["/", "/sheet", "/privacy", "/static/chat.js", "/healthz", "/nothing"])
async def test_every_answer_has_the_strict_headers(served: Served, path: str) -> None:
    async with browser(served) as (client, _):
        answer = await client.get(f"{served.base}{path}")
        assert answer.status == (404 if path == "/nothing" else 200)
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert policy.pop("default-src") == "'none'"
        assert policy.pop("frame-ancestors") == "'none'"
        assert policy.pop("require-trusted-types-for") == "'script'"
        assert set(policy.values()) <= {"'self'", "'none'"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "microphone=()" in answer.headers["Permissions-Policy"]


async def test_pages_hold_no_inline_script_or_style_and_nothing_from_outside(served: Served) -> None:
    async with browser(served) as (client, _):
        for path in ("/", "/sheet", "/privacy"):
            page = await (await client.get(f"{served.base}{path}")).text()
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page), path
            named = re.findall(r'(?:src|href)="([^"]+)"', page)
            assert [one for one in named if not one.startswith(("/", ADDRESS))] == []
    for file in STATIC.iterdir():
        if file.suffix in (".js", ".css"):
            assert not re.search(r"url\(|@import|https?://[a-z]", file.read_text("utf8")), file.name


async def test_the_page_comes_in_the_reader_s_language_with_all_its_words(content: Content, served: Served) -> None:
    async with browser(served) as (client, _):
        for header, language in (("li,nl;q=0.8", "li"), ("en-GB", "en"), ("fr, nl;q=0.5", "nl"), ("", "nl")):
            page = await (await client.get(served.base, headers={"Accept-Language": header})).text()
            assert f'<html lang="{language}">' in page, header
            for code in content.languages:
                assert content.words(code)("web.noscript") in page
    for code in content.languages:
        missing = [key for key in webchat.WORDS if not content.words(code).messages.get(key)]
        assert missing == [], code


async def test_the_sheet_has_the_short_address_and_a_code_in_three_languages(content: Content, served: Served) -> None:
    async with browser(served) as (client, _):
        page = await (await client.get(f"{served.base}/sheet")).text()
        assert ">praat.example</a>" in page
        assert "<svg" in page
        for code in content.languages:
            assert f'<section lang="{code}"' in page
            assert content.words(code)("sheet.head") in page


async def test_the_privacy_page_says_what_the_chat_says(content: Content, served: Served) -> None:
    async with browser(served) as (client, one):
        await one.open()
        said = (await one.types("/privacy"))["says"][0]
        page = await (await client.get(f"{served.base}/privacy")).text()
        for paragraph in said["text"].split("\n\n"):
            assert f"<p>{paragraph}</p>" in page
        assert "{" not in page
        for code in content.languages:
            assert content.words(code)("kept.head") in page
            assert [one.code for one in content.kept if one.why[code] not in page] == []


async def test_no_address_and_no_words_get_into_the_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "een eigen zin over de Maas"
    async with browser(served) as (_, one):
        await one.begins()
        await one.types(secret)
        await one.types(f"/fout {secret}")
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET / HTTP/1.1\r\nbroken header " + secret.encode() + b"\r\n\r\n")
        await writer.drain()
        writer.close()
        await asyncio.sleep(0.2)
        ours = [r for r in caplog.records if not r.name.startswith(("asyncio", "sqlalchemy"))]
        written = "\n".join(record.getMessage() + str(record.exc_text or "") for record in ours)
        assert "a request failed" in written
        for never in (secret, one.visit, "127.0.0.1", "Maas"):
            assert never not in written


def test_the_modules_of_the_page_are_all_there() -> None:
    page = Path(STATIC.parent / "chat.html").read_text("utf8")
    named = set(re.findall(r'/static/([\w.]+)"', page))
    for script in STATIC.glob("*.js"):
        named |= set(re.findall(r'from "\./([\w.]+)"', script.read_text("utf8")))
    assert named - {file.name for file in STATIC.iterdir()} == set()
