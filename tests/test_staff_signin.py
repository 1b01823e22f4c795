"""Signing in at the desk: with the right key only, in this browser only, and by our own forms only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.house import House
from bot.staff_roles import OPEN, PAGES
from bot.staff_session import COOKIE, SECONDS
from content.loader import LOCALES
from content.staff_words import LANGUAGES, faults, staff_words
from storage import staff_keys
from storage.audit import Actor
from storage.database import now
from tests.colleague import KEY, at_the_desk, key_of
from tests.test_staff_keys import lines

WRONG = "Deze sleutel past niet."


async def test_who_is_not_signed_in_sees_a_door_and_nothing_behind_it(house: House) -> None:
    async with at_the_desk(house) as someone:
        door = await someone.opens("/")
        assert (door.status, door.head) == (200, "Aanmelden")
        for path in set(PAGES) - set(OPEN):
            there = await someone.opens(path.replace("{round}", "dreams").replace("{dilemma}", "growth"))
            assert there.status in (200, 405)
            assert there.status == 405 or there.head == "Aanmelden"


async def test_a_named_key_opens_the_desk_and_signing_out_closes_it(house: House) -> None:
    key = await key_of(house, "jan", "reader")
    async with at_the_desk(house) as jan:
        page = await jan.signs_in(key)
        assert (page.status, page.path, page.head) == (200, "/", "Wat nu te doen")
        assert "Aangemeld: jan (lezer)" in page.text
        out = await jan.sends(page, "/sign-out")
        assert out.head == "Aanmelden"
        assert (await jan.opens("/")).head == "Aanmelden"
    told = [line for line in lines(house.engine) if line[1].startswith("sign")]
    assert told == [("jan", "sign_in", "desk", "done"), ("jan", "sign_out", "desk", "done")]


async def test_the_first_keeper_signs_in_with_the_key_of_the_settings(house: House) -> None:
    async with at_the_desk(house) as keeper:
        assert "first-keeper (beheerder)" in (await keeper.signs_in(KEY)).text


async def test_after_ten_wrong_keys_not_even_the_right_one_is_looked_at(house: House) -> None:
    async with at_the_desk(house) as guesser:
        for number in range(10):
            page = await guesser.signs_in(f"guess {number}")
            assert (page.status, WRONG in page.text) == (403, True)
        page = await guesser.signs_in(KEY)
        assert (page.status, int(page.headers["Retry-After"]) > 800) == (429, True)
    assert [line for line in lines(house.engine) if line[3] == "done"] == []


async def test_a_removed_key_ends_the_session_it_began(house: House) -> None:
    async with at_the_desk(house, "analyst") as jan:
        assert (await jan.opens("/")).head == "Wat nu te doen"
        gone = Actor("anna", "desk")
        await house.worker.run(lambda conn: staff_keys.remove(conn, "a.analyst", gone, now()))
        assert (await jan.opens("/")).head == "Aanmelden"


async def test_the_cookie_is_signed_closed_to_scripts_and_not_sent_from_elsewhere(house: House) -> None:
    key = await key_of(house, "jan", "reader")
    async with at_the_desk(house) as jan:
        await jan.signs_in(key)
        cookie = next(one for one in jan.session.cookie_jar if one.key == COOKIE)
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
        assert key not in cookie.value
        body, _, signature = cookie.value.partition(".")
        for forged in (f"{body}.{signature[1:]}{signature[0]}x", f"{body[:-2]}AA.{signature}", body, ".", "", "é.é"):
            async with at_the_desk(house) as thief:
                page = await thief.opens("/", Cookie=f"{COOKIE}={forged}")
                assert (page.status, page.head) == (200, "Aanmelden")


async def test_a_session_lasts_a_working_day(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_the_desk(house, "reader") as jan:
        import time

        late = time.time() + SECONDS + 1
        monkeypatch.setattr("bot.staff_session.time.time", lambda: late)
        assert (await jan.opens("/")).head == "Aanmelden"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_form_of_another_site_changes_nothing(house: House, origin: str) -> None:
    async with at_the_desk(house, "reader") as jan:
        page = await jan.opens("/")
        form = page.form("/sign-out")
        other = await jan.opens("/sign-out", "POST", form.fields, Origin=origin)
        assert (other.status, "andere site" in other.text) == (403, True)
        without = await jan.opens("/sign-out", "POST", {"token": "0" * 64})
        assert (without.status, "vorige aanmelding" in without.text) == (403, True)
        assert (await jan.opens("/")).head == "Wat nu te doen"


async def test_signing_in_leads_on_inside_the_desk_only(house: House) -> None:
    async with at_the_desk(house) as keeper:
        for there, leads in (
            ("/health", "/health"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\x", "/"),
        ):
            page = await keeper.opens(f"/sign-in?next={there}")
            assert page.form("/sign-in").fields["next"] == leads


async def test_every_page_is_closed_to_scripts_and_to_the_outside(house: House) -> None:
    async with at_the_desk(house, "keeper") as keeper:
        for path in ("/", "/sign-in", "/nothing"):
            page = await keeper.opens(path)
            policy = page.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src" not in policy
            assert "unsafe" not in policy
            assert page.headers["Cache-Control"] == "no-store"
            assert "<script" not in page.html
            assert "http://" not in page.html.replace("http://www.w3.org/2000/svg", "")
            assert "https://" not in page.html


async def test_the_language_is_chosen_once_and_kept(house: House) -> None:
    async with at_the_desk(house, "reader") as jan:
        assert '<html lang="nl">' in (await jan.opens("/")).html
        assert (await jan.opens("/?language=en")).head == "What to do next"
        assert (await jan.opens("/")).head == "What to do next"
        assert (await jan.opens("/?language=xx")).head == "What to do next"


async def test_a_page_that_is_not_there_says_so_in_words(house: House) -> None:
    async with at_the_desk(house, "reader") as jan:
        page = await jan.opens("/nothing")
        assert (page.status, page.head) == (404, "Dat ging niet")


def test_the_words_of_the_desk_are_there_in_both_languages() -> None:
    assert faults() == []
    assert tuple(staff_words()) == LANGUAGES


def test_words_of_the_desk_that_stand_twice_are_named(tmp_path: Path) -> None:
    locales = tmp_path / "locales"
    shutil.copytree(LOCALES, locales)
    with (locales / "staff/en.po").open("a", encoding="utf8") as file:
        file.write('\nmsgid "role.keeper"\nmsgstr "keeper of keys"\n')
    assert [str(one) for one in faults(locales)] == ["locales/staff/en.po: role.keeper: en: stands 2 times in the file"]


def test_open_pages_hold_nothing_of_anybody() -> None:
    # The state of the parts is what /v1/health tells without a key.
    assert set(OPEN) == {"/sign-in", "/health", "/static/desk.css", "/static/mark.svg"}
