"""A resident's browser (Debian's Chromium, a phone's size) and the server it talks to, a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
HERE = Path(__file__).parent.parent
PATIENCE = 15.0
MISSING = not (CHROMIUM and DRIVER)
if MISSING and os.environ.get("CI"):
    raise RuntimeError("chromium and chromedriver are needed in CI: apt-get install chromium chromium-driver")
if MISSING:
    warnings.warn("no chromium and chromedriver here: no page is looked at in a browser", stacklevel=1)
# For a file of tests that look at pages: its `pytestmark`.
IN_A_BROWSER = pytest.mark.skipif(MISSING, reason="no chromium and chromedriver here")

TOO_WIDE = """
const wide = document.documentElement.clientWidth;
const seen = [...document.querySelectorAll("body *:not(.unseen, [hidden], [hidden] *, noscript, noscript *)")];
const out = seen.filter(e => {
  const r = e.getBoundingClientRect();
  return r.width && (r.right > wide + 0.5 || r.left < -0.5);
});
const cut = seen.filter(e =>
  e.clientWidth && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible");
if (document.documentElement.scrollWidth > wide) out.push(document.documentElement);
return [...out, ...cut].map(e => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`);
"""
TOO_SMALL = """
const tap = [...document.querySelectorAll("button:not(.command), a.download, textarea")];
const small = tap.filter(e => {
  const r = e.getBoundingClientRect();
  return r.width && (r.width < 43.9 || r.height < 43.9);
});
return small.map(e => `${e.className}: ${e.textContent}`);
"""
NEWEST_BUTTON = """
const all = [...document.querySelectorAll("button:enabled")];
const found = all.filter(b => b.offsetParent && b.textContent === arguments[0]).at(-1);
found?.scrollIntoView({block: "nearest", behavior: "instant"});
return found;
"""


class Serving:
    """`bot.py serve` on a data folder and a port that it keeps when it is killed and started again."""

    def __init__(self, data: Path) -> None:
        self.data, self.port, self._staff = data, _free_port(), _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith("STADSDIALOOG_")}
        env |= {
            "STADSDIALOOG_DATA": str(self.data),
            "STADSDIALOOG_WEB": f"127.0.0.1:{self.port}",
            "STADSDIALOOG_STAFF": f"127.0.0.1:{self._staff}",
        }
        command = [sys.executable, str(HERE / "bot.py")]
        # Not in the project: a developer's .env is no part of the test.
        self._process = subprocess.Popen(command, cwd=self.data.parent, env=env, stdout=subprocess.DEVNULL)
        until(self._answers, "the server does not start")

    def kill(self) -> None:
        """As a power cut does it: no goodbye, nothing finished."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(how)
            self._process.wait(timeout=10)
        self._process = None

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise AssertionError("the server ended by itself")
        try:
            with urllib.request.urlopen(f"{self.url}healthz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Phone:
    """One browser with a profile of its own, and what a resident does with it."""

    def __init__(self, width: int = 390, height: int = 844, dark: bool = False) -> None:
        if not (CHROMIUM and DRIVER):
            raise FileNotFoundError("chromium, chromedriver")
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--hide-scrollbars",
        ):
            options.add_argument(argument)
        metrics = {"width": width, "height": height, "pixelRatio": 2, "touch": True}
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self._media = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        self.media(**self._media)

    def __enter__(self) -> Phone:
        return self

    def __exit__(self, *error: object) -> None:
        self.driver.quit()

    def fresh(self) -> None:
        """One empty tab, and nothing kept: as a browser of its own, without the second it takes to start one."""
        clear = {"origin": "*", "storageTypes": "all"}
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", clear)
        old = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        new = self.driver.current_window_handle
        for one in old:
            self.driver.switch_to.window(one)
            self.driver.close()
        self.driver.switch_to.window(new)
        self.driver.delete_all_cookies()
        self.media(**self._media)
        self.complaints()

    def media(self, **features: str) -> None:
        found = [{"name": name, "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": found})

    def opens(self, url: str) -> None:
        self.driver.get(url)
        self.waits(lambda: self.choices(), "no welcome")

    def run(self, script: str, *values: object) -> Any:
        return self.driver.execute_script(script, *values)

    def waits(self, happened: Callable[[], Any], otherwise: str) -> Any:
        return until(happened, otherwise)

    # ------------------------------------------------------------ reading

    def messages(self) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, "#messages > li")

    def text(self) -> str:
        return str(self.run("return document.getElementById('messages').innerText"))

    def head(self) -> str:
        """The title of the newest message that has one."""
        return str(self.run("return [...document.querySelectorAll('#messages h2')].at(-1)?.textContent ?? ''"))

    def said(self) -> str:
        """What the resident said last, as it stands on the page."""
        return str(self.run("return [...document.querySelectorAll('#messages > .own p')].at(-1).textContent"))

    def choices(self) -> list[str]:
        """The labels that can be tapped now."""
        script = (
            "return [...document.querySelectorAll('.choice:enabled:not([aria-disabled=true])')].map(b => b.textContent)"
        )
        return list(self.run(script))

    def at(self) -> int:
        """How many messages the bot has said."""
        return int(self.run("return document.querySelectorAll('#messages > .bot').length"))

    def active(self) -> str:
        return str(self.run("return document.activeElement.textContent"))

    def complaints(self) -> list[str]:
        """What the browser's console says went wrong."""
        entries: list[dict[str, str]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def too_wide(self) -> list[str]:
        """What stands outside the screen, or is cut, sideways."""
        return list(self.run(TOO_WIDE))

    def too_small(self) -> list[str]:
        """What can be tapped and is smaller than a fingertip (44 CSS pixels)."""
        return list(self.run(TOO_SMALL))

    # ------------------------------------------------------------ doing

    def button(self, label: str) -> WebElement:
        """The newest button that says `label`, in sight."""
        found: WebElement | None = self.run(NEWEST_BUTTON, label)
        assert found, f"no button {label!r} among {self.choices()}"
        return found

    def taps(self, label: str) -> None:
        """Tap the newest button that says `label`, and wait for what the bot says to it."""
        said = self.at()
        self.button(label).click()
        self.hears(said)

    def types(self, text: str) -> None:
        said = self.at()
        self.driver.find_element(By.ID, "text").send_keys(text + Keys.ENTER)
        self.hears(said)

    def hears(self, already: int) -> None:
        """Wait until the bot has said more than `already` messages."""
        self.waits(lambda: self.at() > already, f"no reply; the last is {self.choices()}")

    def network(self, there: bool) -> None:
        """Switch the network off or on, as in a tunnel."""
        how = {"offline": not there, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", how)

    def saves_to(self, folder: Path) -> None:
        """Where this browser saves files."""
        how = {"behavior": "allow", "downloadPath": str(folder)}
        self.driver.execute_cdp_cmd("Browser.setDownloadBehavior", how)

    def presses(self, *keys: str) -> None:
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def tabs_to(self, label: str, most: int = 25) -> None:
        """Press Tab until the element that says `label` has the focus."""
        for _ in range(most):
            self.presses(Keys.TAB)
            if self.active() == label:
                return
        raise AssertionError(f"Tab does not get to {label!r}")

    def shoots(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        assert self.driver.save_screenshot(str(path))


def until(happened: Callable[[], Any], otherwise: str) -> Any:
    """What `happened` returns once that is something."""
    end = time.monotonic() + PATIENCE
    while not (found := happened()):
        assert time.monotonic() < end, otherwise
        time.sleep(0.03)
    return found


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server for the tests of one file."""
    one = Serving(tmp_path_factory.mktemp("browser") / "data")
    one.start()
    yield one
    one.stop()


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where screenshots go, to be looked at."""
    return Path(os.environ.get("STADSDIALOOG_SCREENSHOTS") or tmp_path)
