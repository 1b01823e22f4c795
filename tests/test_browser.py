"""The page in a real browser: the whole walk tapped in each language, on a phone's screen and by keyboard."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from bot.pages import STATIC
from content import Content
from tests.browser import IN_A_BROWSER, Phone, Serving, serving, shots

__all__ = ["serving", "shots"]

pytestmark = IN_A_BROWSER

# What the walk may take: 22 taps after /start, the web's own last message not counted.
MOST_TAPS = 22


@pytest.fixture(scope="module")
def one_phone() -> Iterator[Phone]:
    with Phone() as phone:
        yield phone


@pytest.fixture
def phone(one_phone: Phone) -> Phone:
    one_phone.fresh()
    return one_phone


def begins(phone: Phone, serving: Serving, content: Content, language: str = "nl") -> None:
    """As far as the dream, counted."""
    phone.opens(serving.url)
    phone.taps(content.words(language)("language.name"))
    phone.taps(content.consents["count_me"].yes[language])


def walks(phone: Phone, content: Content, language: str, until: str) -> Iterator[int]:
    """Tap the first choice of every question until the title `until`; after each, the number of taps so far."""
    taps = 2
    while phone.head() != until:
        label = phone.choices()[0]
        phone.taps(label)
        assert label.endswith(phone.said())
        taps += 1
        yield taps
        assert taps <= MOST_TAPS, f"more than {MOST_TAPS} taps, now at {phone.choices()}"


def sound(phone: Phone) -> None:
    """Nothing wrong in the console, nothing wider than the screen, nothing too small to tap."""
    assert phone.complaints() == []
    assert phone.too_wide() == []
    assert phone.too_small() == []


# ---------------------------------------------------------------- the walk


@pytest.mark.parametrize("language", ["nl", "en", "li"])
def test_the_whole_walk_is_tapped_to_the_goodbye(
    language: str, phone: Phone, serving: Serving, content: Content, shots: Path
) -> None:
    words = content.words(language)
    phone.opens(serving.url)
    phone.shoots(shots / f"{language}-00-welcome.png")
    begins(phone, serving, content, language)
    assert phone.run("return document.documentElement.lang") == language
    assert phone.driver.title == words("web.title")
    phone.run(WATCH)
    already = len(phone.messages())
    for taps in walks(phone, content, language, words("goodbye.head")):
        phone.shoots(shots / f"{language}-{taps:02d}.png")
        sound(phone)
    added, unread = phone.run("return [window.added, document.querySelectorAll('#messages > li:not([lang])').length]")
    assert added == len(phone.messages()) - already, "every message is put in once, so that it is spoken once"
    assert unread == 0, "every message has its language"
    for label in (content.words(language)("goodbye.results"), content.words(language)("goodbye.share")):
        phone.taps(label)
        sound(phone)
    phone.shoots(shots / f"{language}-99-shared.png")
    assert phone.choices(), "after a remark the goodbye can still be tapped"


WATCH = """
window.added = 0;
new MutationObserver(changes => changes.forEach(c => { window.added += c.addedNodes.length; }))
    .observe(document.getElementById("messages"), {childList: true});
"""


def test_used_buttons_stay_disabled_and_the_chosen_one_is_marked(
    phone: Phone, serving: Serving, content: Content
) -> None:
    begins(phone, serving, content)
    asked = phone.driver.find_elements(By.CSS_SELECTOR, "#messages > .bot")[1]
    buttons = asked.find_elements(By.CSS_SELECTOR, ".choice")
    assert [b.is_enabled() for b in buttons] == [False, False]
    assert [b.get_attribute("aria-pressed") for b in buttons] == ["true", None]
    tick = phone.run("return getComputedStyle(arguments[0], '::after').content", buttons[0])
    assert "✓" in tick
    assert [li.text for li in phone.driver.find_elements(By.CSS_SELECTOR, ".own")][-1].endswith(buttons[0].text)


def test_the_language_is_switched_in_the_header_without_losing_the_place(
    phone: Phone, serving: Serving, content: Content, shots: Path
) -> None:
    begins(phone, serving, content)
    phone.taps(content.words("nl")("button.skipped"))
    number = phone.head().split(" · ")[0]
    phone.driver.find_element(By.ID, "languages-open").click()
    phone.shoots(shots / "languages.png")
    phone.taps("English")
    assert phone.run("return document.documentElement.lang") == "en"
    assert number.split()[0] == phone.head().split()[0]
    assert phone.driver.find_element(By.ID, "text").get_attribute("placeholder") == content.words("en")(
        "web.placeholder"
    )
    phone.driver.find_element(By.ID, "menu-open").click()
    phone.shoots(shots / "menu.png")
    phone.taps(content.words("en")("web.answers"))
    assert phone.head() == content.words("en")("answers.head")
    assert phone.driver.find_element(By.ID, "menu").is_displayed() is False
    sound(phone)


def test_typed_answers_and_commands_in_the_text_work(
    phone: Phone, serving: Serving, content: Content, tmp_path: Path
) -> None:
    begins(phone, serving, content)
    phone.types("Meer bomen, <b>minder</b> auto's")
    assert "Meer bomen, <b>minder</b> auto's" in phone.text()
    phone.types("/mijngegevens")
    phone.saves_to(tmp_path)
    phone.driver.find_element(By.CSS_SELECTOR, "a.download").click()
    file = tmp_path / "stadsdialoog.json"
    phone.waits(file.exists, "the file was not saved")
    assert "Meer bomen" in str(json.loads(file.read_text("utf8")))
    phone.taps("/wis")
    assert phone.head() == content.words("nl")("forget.head")
    sound(phone)


def test_a_text_that_is_too_long_stays_in_the_box_with_a_kind_word(
    phone: Phone, serving: Serving, content: Content
) -> None:
    begins(phone, serving, content)
    phone.run("document.getElementById('text').value = 'x'.repeat(4001)")
    phone.presses()
    phone.driver.find_element(By.CSS_SELECTOR, "#composer button").click()
    status = phone.driver.find_element(By.ID, "status")
    phone.waits(lambda: status.text == content.words("nl")("typed.too_long"), "no kind word")
    assert len(phone.driver.find_element(By.ID, "text").get_attribute("value") or "") == 4001


# ---------------------------------------------------------------- by keyboard, for every eye


def test_the_first_steps_by_keyboard_alone_and_focus_is_never_moved(
    phone: Phone, serving: Serving, content: Content
) -> None:
    phone.opens(serving.url)
    for label in ("Nederlands", content.consents["count_me"].yes["nl"], content.words("nl")("button.skipped")):
        said = phone.at()
        phone.tabs_to(label)
        phone.presses(Keys.ENTER if label == "Nederlands" else Keys.SPACE)
        phone.hears(said)
        assert phone.active() == label, "the focus stays where the resident left it"
        outline = phone.run("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", "the focus can be seen"
    first = phone.choices()[0]
    phone.tabs_to(first, most=3)
    assert phone.complaints() == []


def test_menus_open_and_close_by_keyboard(phone: Phone, serving: Serving) -> None:
    phone.opens(serving.url)
    phone.run("document.getElementById('menu-open').focus()")
    phone.presses(Keys.ENTER)
    assert phone.driver.find_element(By.ID, "menu").is_displayed()
    phone.presses(Keys.TAB)
    assert phone.run("return document.getElementById('menu').contains(document.activeElement)")
    phone.presses(Keys.ESCAPE)
    assert not phone.driver.find_element(By.ID, "menu").is_displayed()
    assert phone.run("return document.activeElement.id") == "menu-open"


@pytest.mark.parametrize(
    ("width", "height", "percent"), [(320, 640, 100), (320, 640, 200), (390, 844, 200), (844, 390, 100)]
)
def test_nothing_is_cut_on_a_small_screen_or_in_large_type(
    width: int, height: int, percent: int, serving: Serving, content: Content, shots: Path
) -> None:
    with Phone(width, height) as phone:
        phone.opens(serving.url)
        phone.run(f"document.documentElement.style.fontSize = '{percent}%'")
        assert phone.too_wide() == []
        for label in ("Mestreechs", content.consents["count_me"].yes["li"], content.words("li")("button.skipped")):
            phone.taps(label)
            sound(phone)
        phone.shoots(shots / f"small-{width}-{percent}.png")
        phone.taps(phone.choices()[0])
        phone.types("/antwoorde")
        phone.run("scrollTo(0, 0)")
        phone.driver.find_element(By.ID, "menu-open").click()
        sound(phone)
        phone.shoots(shots / f"small-{width}-{percent}-menu.png")


def test_it_can_be_read_in_the_dark(serving: Serving, content: Content, shots: Path) -> None:
    with Phone(dark=True) as phone:
        begins(phone, serving, content)
        phone.taps(content.words("nl")("button.skipped"))
        phone.shoots(shots / "dark.png")
        phone.taps(phone.choices()[1])
        phone.shoots(shots / "dark-reasons.png")
        paper = phone.run("return getComputedStyle(document.body).backgroundColor")
        assert max(int(n) for n in re.findall(r"\d+", paper)) < 64
        sound(phone)


def test_colours_contrast_enough_by_day_and_by_night() -> None:
    day, night = re.findall(r":root \{(.*?)\}", (STATIC / "chat.css").read_text("utf8"), re.DOTALL)[:2]
    for block in (day, night):
        colour = {name: _luminance(value) for name, value in re.findall(r"--([\w-]+): #(\w{6});", block)}
        for text, behind in (("ink", "paper"), ("ink", "card"), ("ink", "tint"), ("soft", "paper"), ("soft", "card")):
            assert _contrast(colour[text], colour[behind]) >= 7, (text, behind)
        for text, behind in (("accent", "paper"), ("accent", "card"), ("accent", "tint"), ("on-accent", "accent")):
            assert _contrast(colour[text], colour[behind]) >= 4.5, (text, behind)
        for edge, behind in (("line", "paper"), ("line", "card")):
            assert _contrast(colour[edge], colour[behind]) >= 3, (edge, behind)


def _luminance(hexadecimal: str) -> float:
    parts = [int(hexadecimal[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_the_page_scrolls_along_only_for_who_is_at_the_end(phone: Phone, serving: Serving, content: Content) -> None:
    begins(phone, serving, content)
    phone.taps(content.words("nl")("button.skipped"))
    title = phone.run("return [...document.querySelectorAll('#messages h2')].at(-1).getBoundingClientRect().top")
    assert 0 < title < 300, "a long question is shown from its beginning"
    phone.taps(phone.choices()[0])
    phone.run("scrollTo(0, 0)")
    phone.types("/hulp")
    assert phone.run("return scrollY") == 0
    newest = phone.driver.find_element(By.ID, "newest")
    assert newest.is_displayed()
    newest.click()
    phone.waits(lambda: not newest.is_displayed(), "the way down does not go away")


def test_every_remark_is_shown(phone: Phone, serving: Serving, content: Content) -> None:
    """What is said above a question: that no speaker read the texts, that it counts, that it was not understood."""
    words = content.words("li")
    phone.opens(serving.url)
    phone.taps("Mestreechs")
    assert words("language.draft").split("/")[0] in phone.run("return document.querySelector('#messages').innerText")
    phone.taps(content.consents["count_me"].yes["li"])
    phone.taps(words("button.skipped"))
    phone.types("xyzzy")
    phone.waits(lambda: words("typed.not_understood") in remarks(phone), "not understood, and nothing said")
    phone.taps(phone.choices()[0])
    phone.taps(phone.choices()[0])
    phone.waits(lambda: words("note.counts") in remarks(phone), "nothing said about counting")


def remarks(phone: Phone) -> list[str]:
    return phone.run("return [...document.querySelectorAll('#messages .remark')].map(e => e.textContent)")


# ---------------------------------------------------------------- away and back


def test_a_reloaded_page_goes_on_and_a_fresh_browser_is_welcomed(
    phone: Phone, serving: Serving, content: Content
) -> None:
    begins(phone, serving, content)
    phone.taps(content.words("nl")("button.skipped"))
    before = phone.head()
    cookie = phone.waits(lambda: phone.driver.get_cookie("stadsdialoog"), "no cookie")
    assert (cookie["httpOnly"], cookie["sameSite"], "expiry" in cookie) == (True, "Lax", False)
    phone.waits(lambda: phone.run("return sessionStorage.length") == 1, "no mark")
    phone.opens(serving.url)
    assert phone.head() == before
    assert phone.run("return localStorage.length") == 0
    with Phone() as other:
        other.opens(serving.url)
        assert other.head() in {content.words(code)("welcome.head") for code in content.languages}


def test_a_new_tab_at_a_shared_computer_is_welcomed_as_a_stranger(
    phone: Phone, serving: Serving, content: Content
) -> None:
    begins(phone, serving, content)
    phone.waits(lambda: phone.run("return sessionStorage.length") == 1, "no mark")
    phone.driver.switch_to.new_window("tab")
    phone.opens(serving.url)
    assert phone.head() in {content.words(code)("welcome.head") for code in content.languages}
    assert phone.driver.get_cookie("stadsdialoog") is None


def test_my_own_device_is_remembered_in_a_new_tab(
    phone: Phone, serving: Serving, content: Content, shots: Path
) -> None:
    words = content.words("nl")
    begins(phone, serving, content)
    for _ in walks(phone, content, "nl", words("goodbye.head")):
        pass
    own = phone.driver.find_element(By.CSS_SELECTOR, "#messages .own-device")
    assert own.text == words("web.own_device")
    phone.run("arguments[0].scrollIntoView({block: 'center'})", own)
    own.click()
    phone.waits(lambda: own.get_attribute("aria-pressed") == "true", "own device is not kept")
    assert own.text == words("web.own_device_done")
    phone.shoots(shots / "own-device.png")
    assert "expiry" in (phone.driver.get_cookie("stadsdialoog") or {})
    phone.driver.switch_to.new_window("tab")
    phone.opens(serving.url)
    assert words("goodbye.leave") in phone.choices()
    phone.taps(words("goodbye.leave"))
    phone.waits(lambda: phone.choices(), "the next person is not welcomed")
    assert phone.driver.get_cookie("stadsdialoog") is None
    assert phone.run("return localStorage.length + sessionStorage.length") == 0
    assert words("leave.done") in phone.text()
    assert words("goodbye.leave") not in phone.text()
    phone.shoots(shots / "left.png")


def test_forgetting_leaves_the_receipt_and_nothing_else(
    phone: Phone, serving: Serving, content: Content, shots: Path
) -> None:
    words = content.words("nl")
    begins(phone, serving, content)
    phone.types("Een heel eigen droom")
    phone.types("/wis")
    phone.run("arguments[0].click()", phone.button(words("forget.yes")))
    phone.waits(lambda: "Een heel eigen droom" not in phone.text(), "the words still stand there")
    assert re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", phone.text())
    phone.waits(lambda: phone.driver.get_cookie("stadsdialoog") is None, "the cookie is still there")
    phone.shoots(shots / "forgotten.png")
    phone.taps("/start")
    assert phone.head() in {content.words(code)("welcome.head") for code in content.languages}
    assert phone.complaints() == []


def test_a_killed_server_is_waited_for_and_nothing_is_lost(
    phone: Phone, serving: Serving, content: Content, shots: Path
) -> None:
    words = content.words("nl")
    begins(phone, serving, content)
    phone.taps(words("button.skipped"))
    phone.complaints()
    before, messages = phone.head(), phone.at()
    serving.kill()
    status = phone.driver.find_element(By.ID, "status")
    phone.waits(lambda: status.text == words("web.reconnecting"), "nobody says that the line is down")
    phone.button(phone.choices()[2]).click()
    phone.shoots(shots / "reconnecting.png")
    serving.start()
    phone.waits(lambda: phone.at() > messages, "the tap was lost")
    phone.waits(lambda: not status.text, "the notice stays")
    assert phone.at() == messages + 1, "the question that was tapped is not asked again"
    assert words("reasons.question") in phone.text()
    assert phone.head() != before


def test_without_a_network_the_page_waits_and_goes_on_by_itself(
    phone: Phone, serving: Serving, content: Content
) -> None:
    words = content.words("nl")
    begins(phone, serving, content)
    phone.network(False)
    status = phone.driver.find_element(By.ID, "status")
    phone.waits(lambda: status.text == words("web.reconnecting"), "nobody says that there is no network")
    messages = phone.at()
    phone.button(words("button.skipped")).click()
    phone.network(True)
    phone.hears(messages)
    assert phone.at() == messages + 1
    assert phone.head().startswith("1 ")


# ---------------------------------------------------------------- other pages


@pytest.mark.parametrize("path", ["sheet", "privacy"])
def test_the_plain_pages_are_sound(path: str, phone: Phone, serving: Serving, shots: Path) -> None:
    phone.driver.get(serving.url + path)
    phone.shoots(shots / f"{path}.png")
    assert phone.complaints() == []
    assert phone.too_wide() == []


def test_the_sheet_prints_on_one_page(phone: Phone, serving: Serving, shots: Path) -> None:
    phone.driver.get(serving.url + "sheet")
    printed = base64.b64decode(phone.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    (shots / "sheet.pdf").write_bytes(printed)
    assert printed.count(b"/Type /Page\n") == 1
