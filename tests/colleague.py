"""A colleague at the desk, over real HTTP and without a browser: reads pages, fills in forms, follows links."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import aiohttp
from aiohttp import web

from bot import staff
from bot.house import House
from storage import staff_keys
from storage.audit import Actor
from storage.database import now
from storage.staff_keys import Role

KEY = "the-key-of-the-staff-0123456789"
HEALTHY: dict[str, Any] = {"database": True}


@dataclass
class Form:
    """A form of a page: where it goes, and what stands in its fields."""

    action: str
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._button: tuple[str, str] | None = None
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        if not self.forms or "name" not in given:
            return
        name, fields = given["name"], self.forms[-1].fields
        if tag == "input" and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            fields[name] = given.get("value", "")
        elif tag == "textarea":
            fields[name], self._area = "", name
        elif tag == "select":
            fields[name] = ""
        elif tag == "button":
            self._button = (name, given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("button", "textarea"):
            self._button, self._area = None, ""

    def handle_data(self, data: str) -> None:
        if self._button and data.strip():
            self.forms[-1].buttons[data.strip()] = self._button
        elif self._area:
            self.forms[-1].fields[self._area] += data


@dataclass(frozen=True)
class Page:
    """What came back."""

    status: int
    path: str
    headers: dict[str, str]
    html: str

    @property
    def text(self) -> str:
        """The words of the page, as read aloud."""
        return " ".join(html.unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", self.html, flags=re.S)).split())

    @property
    def head(self) -> str:
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.html, re.S)
        return html.unescape(re.sub(r"<[^>]+>", "", found[1])).strip() if found else ""

    def form(self, action: str) -> Form:
        reader = _Reader()
        reader.feed(self.html)
        found = [one for one in reader.forms if one.action == action]
        assert found, f"no form {action} among {[one.action for one in reader.forms]}"
        return found[0]


class Colleague:
    """Keeps cookies as a browser does."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self.port, self.session = port, session

    async def opens(self, path: str, method: str = "GET", data: Any = None, **headers: str) -> Page:
        address = f"http://127.0.0.1:{self.port}{path}"
        sent = {"Accept": "text/html", "Accept-Language": "nl", **{n.replace("_", "-"): v for n, v in headers.items()}}
        async with self.session.request(method, address, data=data, headers=sent) as answer:
            body = await answer.read()
            return Page(answer.status, answer.url.path_qs, dict(answer.headers), body.decode("utf8", "replace"))

    async def sends(self, page: Page, action: str, **values: str) -> Page:
        """Fill in the form of a page that goes to `action`, and send it."""
        form = page.form(action)
        return await self.opens(action, form.method.upper(), {**form.fields, **values})

    async def signs_in(self, key: str) -> Page:
        return await self.sends(await self.opens("/sign-in"), "/sign-in", key=key)


@asynccontextmanager
async def at_the_desk(
    house: House, role: Role | None = None, health: Callable[[], dict[str, Any]] = lambda: HEALTHY
) -> AsyncIterator[Colleague]:
    """A colleague signed in with a key of this role; without a role, one who has not signed in."""
    runner = web.AppRunner(staff.app(house, KEY, health), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    # An address of numbers keeps cookies too.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        one = Colleague(runner.addresses[0][1], session)
        if role:
            await one.signs_in(await key_of(house, f"a.{role}", role))
        yield one
    await runner.cleanup()


async def key_of(house: House, name: str, role: Role) -> str:
    """A new key for somebody."""
    actor = Actor("anna", "command line")
    return await house.worker.run(lambda conn: staff_keys.add(conn, house.keys, name, role, actor, now()))
