"""A room on the web in real browsers: one large screen and four phones, in three languages."""

from __future__ import annotations

from pathlib import Path

from selenium.webdriver.common.by import By

from content import Content
from tests.axe import RUN, axe
from tests.browser import IN_A_BROWSER, Phone, Serving, serving, shots, until

__all__ = ["serving", "shots"]

pytestmark = IN_A_BROWSER

LANGUAGES = ("nl", "en", "li", "en")
CHOSEN = (1, 2, 5, 5)


class Tabs:
    """Four phones as four tabs of one browser, each with a key of its own; one is looked at at a time."""

    def __init__(self, phone: Phone, content: Content) -> None:
        self.phone, self.content = phone, content
        self._tabs: list[str] = []

    def opens(self, url: str) -> None:
        driver = self.phone.driver
        driver.switch_to.new_window("tab")
        self._tabs.append(driver.current_window_handle)
        driver.get(url)
        self.waits(lambda: self.choices())

    def at(self, number: int) -> None:
        self.phone.driver.switch_to.window(self._tabs[number])

    def text(self) -> str:
        return str(self.phone.run("return document.body.innerText"))

    def choices(self) -> list[str]:
        return list(self.phone.run("return [...document.querySelectorAll('.choice')].map(b => b.textContent)"))

    def waits(self, happened: object) -> None:
        until(happened, f"not there; the choices are {self.choices()}")  # type: ignore[arg-type]

    def taps(self, label: str) -> None:
        self.waits(lambda: label in self.choices())
        found = self.phone.driver.find_elements(By.CSS_SELECTOR, ".choice")
        next(one for one in found if one.text == label).click()


def sound(phone: Phone) -> None:
    """Nothing wrong in the console, nothing wider than the screen, nothing too small to tap."""
    assert phone.complaints() == []
    assert phone.too_wide() == []
    assert phone.too_small() == []
    if script := axe():
        # The page's own policy lets no script in: the browser is told to run it.
        phone.driver.execute_script(script)
        assert phone.driver.execute_async_script(RUN) == []


def test_a_class_with_one_screen_and_four_phones(serving: Serving, content: Content, shots: Path) -> None:
    with Phone(1280, 720) as screen, Phone() as phone:
        leads = Tabs(screen, content)
        screen.driver.get(f"{serving.url}room")
        sound(screen)
        screen.shoots(shots / "room_begin.png")
        screen.driver.find_element(By.CSS_SELECTOR, "button.begin[data-language=en]").click()
        words = content.words("en")
        leads.taps(words("button.group_begin"))
        leads.waits(lambda: words("group.joined", n=0) in leads.text())
        address = screen.driver.current_url.removesuffix("/screen")
        assert screen.driver.find_element(By.CSS_SELECTOR, "svg.qr").is_displayed()
        screen.shoots(shots / "room_join.png")
        members = Tabs(phone, content)
        for number, language in enumerate(LANGUAGES):
            members.opens(address)
            own = content.words(language)
            if own("language.name") in members.choices():
                members.taps(own("language.name"))
                members.waits(lambda own=own: own("group.invited") in members.text())
            if not number:
                sound(phone)
                phone.shoots(shots / "room_phone_joins.png")
            members.taps(own("button.group_count" if number == 3 else "button.group_talk"))
            members.waits(lambda own=own: own("button.group_leave") in members.choices())
        leads.waits(lambda: words("group.joined", n=4) in leads.text())
        leads.taps(leads.choices()[0])
        leads.waits(lambda: words("group.answered", n=0) in leads.text())
        sound(screen)
        screen.shoots(shots / "room_question.png")
        for number, chosen in enumerate(CHOSEN):
            members.at(number)
            members.waits(lambda: any(one.startswith("5 ") for one in members.choices()))
            if not number:
                sound(phone)
                phone.shoots(shots / "room_phone_question.png")
            members.taps(next(one for one in members.choices() if one.startswith(f"{chosen} ")))
            members.waits(lambda chosen=chosen: f"{chosen}: " in members.text() or "2020" not in members.text())
            if number == 2:
                phone.shoots(shots / "room_phone_answered.png")
                assert words("group.answered", n=4) not in leads.text()
        leads.waits(lambda: words("group.before") in leads.text())
        rows = screen.run("return [...document.querySelectorAll('.view')].map(v => v.innerText)")
        assert len(rows) == 3, "in each language of those who joined"
        assert all("2" in one and "0" in one for one in rows)
        sound(screen)
        screen.shoots(shots / "room_view.png")
        members.at(0)
        members.waits(lambda: content.words("nl")("group.before") in members.text())
        sound(phone)
        phone.shoots(shots / "room_phone_view.png")
        leads.taps(leads.choices()[0])
        leads.waits(lambda: words("group.talk") in leads.text())
        screen.shoots(shots / "room_talk.png")
        screen.driver.refresh()
        leads.waits(lambda: words("group.talk") in leads.text())
        leads.taps(_named(leads, words("button.group_end")))
        leads.taps(_named(leads, words("button.group_finish")))
        leads.waits(lambda: words("group.sheet_head") in leads.text())
        sound(screen)
        screen.shoots(shots / "room_sheet.png")
        members.at(3)
        members.waits(lambda: words("group.sheet_head") in members.text())
        phone.shoots(shots / "room_phone_sheet.png")
        assert phone.driver.get_cookie("stadsdialoog"), "who is counted is found again in this browser"


def _named(tabs: Tabs, part: str) -> str:
    tabs.waits(lambda: any(part in one for one in tabs.choices()))
    return next(one for one in tabs.choices() if part in one)
