"""Every page of the desk in a real browser, on a phone and on a wide screen: how it looks, and what axe-core finds."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from sqlalchemy import Connection, update

from bot.house import House
from conversations.shapes import Corrected
from storage import audit, moderation, outbox
from storage.database import now
from storage.keeping import correct
from storage.staff_keys import Role
from tests import axe
from tests.browser import CHROMIUM, DRIVER, Phone
from tests.colleague import Colleague, at_the_desk, key_of
from tests.seeding import THEN, crowd, publish
from tests.test_audit import lines
from tests.test_staff_downloads import people, slow
from tests.test_staff_moderation import states, written
from tests.test_staff_preview import edited, says_another_title
from tests.test_staff_rounds import walked
from tests.test_stuffing import fast

MISSING = not (CHROMIUM and DRIVER)
AXE = axe.axe()
for absent, what in ((MISSING, "chromium and chromedriver"), (not AXE, f"axe-core: {axe.HOW}")):
    if absent and os.environ.get("CI"):
        raise RuntimeError(f"needed in CI: {what}")
    if absent:
        warnings.warn(f"the desk was not looked at with {what}", stacklevel=1)
__all__ = ["edited", "slow"]
pytestmark = pytest.mark.skipif(MISSING, reason="no chromium and chromedriver here")

WIDTHS = {"phone": (390, 844), "wide": (1280, 900)}
# Also where no test looks closer: the narrowest screen that WCAG asks for, and a small laptop.
BETWEEN = (320, 1024)
TOO_WIDE = """
const wide = document.documentElement.clientWidth;
const seen = [...document.querySelectorAll("body *:not(.unseen, thead, thead *, nav[popover]:not(:popover-open) *)")];
return seen.filter(e => {
  const r = e.getBoundingClientRect();
  return r.width && (r.right > wide + 0.5 || r.left < -0.5);
}).map(e => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`);
"""
# Cells that stand alone, without the head of their column in sight.
WITHOUT_HEADS = """
const cells = [...document.querySelectorAll(".blocks td[data-head]:not(:empty)")];
const seen = one => one.closest("table").tHead.getBoundingClientRect().height > 2;
return cells.filter(e => !seen(e) && !getComputedStyle(e, "::before").content.startsWith(`"${e.dataset.head}"`))
  .map(e => `${e.dataset.head}: ${e.textContent}`);
"""
# Lower than a thumb, on a phone.
LOW = """
return [...document.querySelectorAll("main :is(a, button, input:not([type=hidden]), select, summary)")].filter(e => {
  const r = e.getBoundingClientRect();
  return r.width && r.height < 43.9;
}).map(e => `${e.tagName} ${e.textContent.trim().slice(0, 40)}`);
"""
SMALL_TARGETS = """
const tap = [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")];
return tap.filter(e => {
  const r = e.getBoundingClientRect();
  // A link inside a sentence may be as low as its line.
  const inline = e.tagName === "A" && getComputedStyle(e).display === "inline";
  return r.width && r.height && (r.width < 23.9 || r.height < 23.9) && !inline;
}).map(e => `${e.tagName} ${e.textContent.trim().slice(0, 40)} ${JSON.stringify(e.getBoundingClientRect())}`);
"""


class Screen(Phone):
    """A colleague's browser."""

    def __init__(self, width: int, height: int, dark: bool = False) -> None:
        super().__init__(width, height, dark)
        self.screen = (width, height)

    def opens(self, url: str) -> None:
        self.size(*self.screen)
        self.driver.get(url)

    def faults(self) -> list[str]:
        """What is wrong with the page in sight: too wide, too small to tap, complaints of the console or of axe."""
        found = [f"too wide: {one}" for one in self.run(TOO_WIDE)]
        found += [f"too small: {one}" for one in self.run(SMALL_TARGETS)]
        if self.screen == WIDTHS["phone"]:
            found += [f"lower than a thumb: {one}" for one in self.run(LOW)]
        found += [f"without its head: {one}" for one in self.run(WITHOUT_HEADS)]
        if self.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append("the page itself can be moved sideways")
        found += self.complaints()
        if AXE:
            self.driver.execute_script(AXE)  # type: ignore[no-untyped-call]
            found += self.driver.execute_async_script(axe.RUN)  # type: ignore[no-untyped-call]
        return found

    def whole(self, path: Path) -> None:
        """A picture of the page from top to bottom."""
        width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        self.size(width, max(height, 400))
        self.shoots(path)
        self.size(*self.screen)

    def size(self, width: int, height: int) -> None:
        how = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", how)

    def signs_in(self, url: str, key: str) -> None:
        self.opens(f"{url}/sign-in")
        self.driver.find_element(By.ID, "key").send_keys(key)
        self.driver.find_element(By.CSS_SELECTOR, "form button").click()
        assert sooner_or_later(lambda: self.driver.find_elements(By.CLASS_NAME, "me")), "not signed in"


PAGES: dict[Role, tuple[str, ...]] = {
    "keeper": (
        *("/", "/nothing", "/corrections", "/keys", "/bursts", "/audit"),
        *(
            "/rounds/dreams",
            "/rounds/dreams/results",
            "/rounds/dreams/releases",
            "/deliveries",
            "/downloads",
            "/health",
        ),
    ),
    "moderator": ("/", "/moderation", "/moderation/apart", "/moderation/decided?state=passed", "/corrections"),
}
# What looks different once there is something to see.
SICK = {
    "database": True,
    "clock": {"ready": False, "jumped_seconds": -3600},
    "leading": {"ready": True, "leads": True},
    "telegram": {"ready": False, "trouble": "another bot polls with this token", "queued": 0, "parked": 3},
}
FULL = (
    *("/", "/rounds/dreams", "/rounds/dreams/results", "/rounds/dreams/releases", "/deliveries"),
    *("/downloads", "/health", "/audit", "/rounds/dreams/results/growth", "/rounds/dreams/results/care"),
)


def looks(url: str, keys: dict[Role, str], width: str, shots: Path) -> list[str]:
    """Open every page; what is wrong, by page."""
    found = []
    with Screen(*WIDTHS[width]) as screen:
        screen.opens(f"{url}/")
        screen.whole(shots / f"desk-{width}-sign-in.png")
        found += [f"sign-in: {fault}" for fault in screen.faults()]
        for role, key in keys.items():
            screen.fresh()
            screen.signs_in(url, key)
            for path in PAGES[role]:
                screen.opens(url + path)
                if path == "/keys":
                    # A key is shown once, on the page that the form leads to.
                    screen.driver.find_element(By.NAME, "name").send_keys("j.jansen")
                    screen.driver.find_element(By.CSS_SELECTOR, "form[action='/keys/add'] button").click()
                    assert sooner_or_later(lambda: screen.driver.find_elements(By.CSS_SELECTOR, "code.key"))
                    assert screen.run("return document.querySelector('code.key').getBoundingClientRect().height") < 60
                name = path.strip("/").replace("/", "-").replace("?", "-") or "start"
                screen.whole(shots / f"desk-{width}-{role}-{name}.png")
                found += [
                    f"{role} {path}: {fault}" for fault in screen.faults() if path != "/nothing" or "404" not in fault
                ]
    return found


@pytest.mark.parametrize("width", WIDTHS)
async def test_every_page_is_sound_for_everybody(house: House, width: str, tmp_path: Path) -> None:
    shots = Path(os.environ.get("STADSDIALOOG_SCREENSHOTS") or tmp_path)
    async with at_the_desk(house) as someone:
        await told(house)
        keys: dict[Role, str] = {role: await key_of(house, f"a.{role}", role) for role in PAGES}
        assert await asyncio.to_thread(looks, address(someone), keys, width, shots) == []


async def told(house: House) -> None:
    """Something of everything on the pages: texts that are alike, one with a number in it, a cry, a correction."""
    trees = "Meer bomen op het Vrijthof, en minder stenen. Bel me gerust op 06-12345678."
    cry, very_long = "ik wil niet meer leven", "eenheellangwoordzonderspatie" * 12
    await written(house, trees, trees.replace("Meer", "meer"), cry, very_long)
    with house.engine.begin() as conn:
        fast(conn, [THEN + timedelta(seconds=n) for n in range(20)], "script")
        moderation.look_for_alarms(conn, lambda text: "crisis" if text == cry else "", 100)
        last = moderation.queue(conn, 100)[-1]
        moderation.decide(conn, [last.id], "passed", "b.moderator", now(), theme="green")
    wrong = Corrected("li:growth.position", "het moet ‘stad’ zijn")
    await house.worker.run(lambda conn: correct(conn, wrong, None, now()))


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_round_full_of_people_looks_right(house: House, width: str, tmp_path: Path) -> None:
    shots = Path(os.environ.get("STADSDIALOOG_SCREENSHOTS") or tmp_path)
    await house.worker.run(lambda conn: walked(conn, house, 300))
    await house.worker.run(lambda conn: on_their_way(conn, house))
    async with at_the_desk(house, health=lambda: SICK) as someone:
        key = await key_of(house, "a.keeper", "keeper")
        assert await asyncio.to_thread(looks_full, address(someone), key, width, shots) == []


def on_their_way(conn: Connection, house: House) -> None:
    """A second release, of which one delivery waits, one was given up, and one arrived."""
    analyst = audit.Actor("b.analyst", "desk 10.0.0.7", "analyst")
    audit.note(conn, analyst, "download", "answers of dreams as xlsx", purpose="Voor het raadsvoorstel over de groei")
    crowd(conn, [{"growth": "ab"[n % 2]} for n in range(40)], "late")
    assert publish(conn, house.content, "dreams", 10, now(), "https://receiver.example/")
    crowd(conn, [{"growth": "ab"[n % 2]} for n in range(40)], "later")
    assert publish(conn, house.content, "dreams", 10, now(), "https://receiver.example/")
    file, *_ = outbox.due(conn, now(), ("file",))
    outbox.delivered(conn, file, now())
    slow, lost = outbox.due(conn, now(), ("url",))
    outbox.failed(conn, slow, now(), timedelta(hours=5), "503")
    conn.execute(
        update(outbox.outbox).where(outbox.outbox.c.id == lost.id).values(done_at=now(), last_error="given up")
    )


def looks_full(url: str, key: str, width: str, shots: Path) -> list[str]:
    found = []
    with Screen(*WIDTHS[width]) as screen:
        screen.signs_in(url, key)
        for path in FULL:
            screen.opens(url + path)
            # Every table of groups in sight.
            screen.run("for (const one of document.querySelectorAll('details')) one.open = true")
            screen.whole(shots / f"desk-{width}-full{path.replace('/', '-')}.png")
            found += [f"{path}: {fault}" for fault in screen.faults()]
            screen.media(**{"prefers-color-scheme": "dark"})
            found += [f"{path}, dark: {fault}" for fault in screen.faults()]
            screen.media(**{"prefers-color-scheme": "light"})
            for between in BETWEEN:
                screen.size(between, 800)
                found += [f"{path}, {between} wide: {one}" for one in screen.run(TOO_WIDE)]
            screen.size(*screen.screen)
    return found


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_large_file_comes_by_itself(house: House, width: str, tmp_path: Path, slow: threading.Event) -> None:
    shots = Path(os.environ.get("STADSDIALOOG_SCREENSHOTS") or tmp_path)
    await people(house)

    def waits(url: str, key: str) -> list[str]:
        with Screen(*WIDTHS[width]) as screen:
            screen.signs_in(url, key)
            screen.opens(f"{url}/rounds/dreams")
            form = screen.driver.find_element(By.CSS_SELECTOR, "form[action$=downloads]")
            form.find_element(By.NAME, "purpose").send_keys("een proef")
            form.find_element(By.TAG_NAME, "button").click()
            screen.whole(shots / f"desk-{width}-full-file.png")
            found = screen.faults()
            slow.set()
            assert sooner_or_later(lambda: [one for one in lines(house.engine) if one.action == "download"])
            return found

    async with at_the_desk(house) as someone:
        key = await key_of(house, "a.analyst", "analyst")
        assert await asyncio.to_thread(waits, address(someone), key) == []


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_trial_walk_looks_right(house: House, width: str, tmp_path: Path, edited: Path) -> None:
    shots = Path(os.environ.get("STADSDIALOOG_SCREENSHOTS") or tmp_path)
    says_another_title(edited, "Groeien, of blijven we even groot?")

    def walks(url: str, key: str) -> list[str]:
        with Screen(*WIDTHS[width]) as screen:
            screen.signs_in(url, key)
            screen.opens(f"{url}/preview")
            screen.whole(shots / f"desk-{width}-preview-begin.png")
            found = screen.faults()
            screen.run("document.getElementById('at').value = 'growth.position'")
            screen.driver.find_element(By.CSS_SELECTOR, "form[action$=begin] button").click()
            assert sooner_or_later(lambda: screen.driver.find_elements(By.ID, "talk"))
            screen.whole(shots / f"desk-{width}-preview.png")
            return found + screen.faults()

    async with at_the_desk(house) as someone:
        key = await key_of(house, "a.moderator", "moderator")
        assert await asyncio.to_thread(walks, address(someone), key) == []


@pytest.mark.soak
async def test_a_hundred_texts_are_moderated_with_keys_alone(house: House, request: pytest.FixtureRequest) -> None:
    """A hundred in a quarter of an hour leave nine seconds each, to read and decide: the desk takes few of them."""
    texts = 100 if "soak" in (request.config.getoption("markexpr") or "") else 10
    await written(house, *(f"{noun} {n}: graag meer daarvan in de buurt, zegt Sjeng" for n, noun in named(texts)))
    async with at_the_desk(house) as someone:
        key = await key_of(house, "a.moderator", "moderator")
        taken = await asyncio.to_thread(decides_by_keyboard, address(someone), key, texts)
    assert sorted(set(states(house).values())) == ["masked", "passed", "refused"]
    assert len(taken) == texts
    slowest, middle = max(taken), sorted(taken)[texts // 2]
    print(f"{texts} texts by keyboard: {middle * 1000:.0f} ms each from key to next text, {slowest * 1000:.0f} at most")
    assert middle < 2


def named(texts: int) -> list[tuple[int, str]]:
    """Words that are not alike, so that each text is a decision of its own."""
    nouns = [
        a + b
        for a in ("Boom", "Bank", "Plein", "Speel", "Fiets", "Zon", "Water", "Markt", "Muziek", "School")
        for b in ("pad", "huis", "dak", "tuin", "straat", "brug", "plek", "feest", "winkel", "kamer")
    ]
    return [(n * 7919 % 100_003, nouns[n % len(nouns)]) for n in range(texts)]


def decides_by_keyboard(url: str, key: str, texts: int) -> list[float]:
    """Pass most texts, hide a word in some, refuse some; the seconds from each last key to the next text."""
    taken: list[float] = []
    with Screen(*WIDTHS["wide"]) as screen:
        screen.signs_in(url, key)
        screen.opens(f"{url}/moderation")

        def press(*keys: str, alt: str = "") -> None:
            what = ActionChains(screen.driver)
            if alt:
                what.key_down(Keys.ALT).send_keys(alt).key_up(Keys.ALT)
            what.send_keys(*keys).perform()

        def text() -> str:
            # Which text is shown, once the next decision can be taken.
            return str(
                screen.run(
                    "const there = document.activeElement?.value === 'passed' || !document.getElementById('pass');"
                    "return there ? document.querySelector('#pass [name=text]')?.value ?? 'none' : ''"
                )
            )

        def decides(*keys: str, alt: str = "") -> None:
            before, (*first, last) = text(), keys
            assert before
            press(*first, alt=alt)
            began = time.monotonic()
            press(last)
            assert sooner_or_later(lambda: text() not in ("", before)), f"after {alt} {keys}"
            taken.append(time.monotonic() - began)

        for number in range(texts):
            if number % 10 == 3:
                decides("Sjeng", Keys.ENTER, alt="m")
            elif number % 10 == 6:
                # "i" is for insults, in the list of reasons; behind it stands the button.
                decides("i", Keys.TAB, Keys.ENTER, alt="r")
            else:
                decides(Keys.ENTER)
    return taken


def sooner_or_later(so: Callable[[], object], seconds: float = 15.0) -> bool:
    until = time.monotonic() + seconds
    while not so():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def address(someone: Colleague) -> str:
    return f"http://127.0.0.1:{someone.port}"
