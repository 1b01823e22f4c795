"""Own words, corrections, keys and the log at the desk, over real HTTP, with forms alone: no script is ever needed."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import aiohttp
import pytest
from sqlalchemy import Connection

from bot.house import House
from conversations import Progress, answer
from conversations.alarm import alarm
from conversations.shapes import Commanded, Corrected
from storage import moderation
from storage.database import now
from storage.keeping import correct
from storage.moderation import REASONS
from tests.colleague import Colleague, Page, at_the_desk, key_of
from tests.seeding import THEN, crowd, resident
from tests.test_audit import lines
from tests.test_desk import rows, settle
from tests.test_moderation import words
from tests.test_stuffing import fast

TREES = "Meer bomen op het Vrijthof"


async def written(house: House, *texts: str) -> None:
    """Residents who wrote these, one each."""

    def write(conn: Connection) -> None:
        for number, text in enumerate(texts):
            resident(conn, house.keys, words(text), address=f"{number} {text}")

    await house.worker.run(write)


async def decides(one: Colleague, page: Page, **values: str) -> Page:
    """Send the form of a decision about all texts of the page."""
    form = aiohttp.FormData()
    shown = page.html.partition('id="pass"')[2].partition("</form>")[0]
    for number in shown.split('name="text" value="')[1:]:
        form.add_field("text", number.partition('"')[0])
    for name, value in {"token": page.form("/moderation/decide").fields["token"], **values}.items():
        form.add_field(name, value)
    return await one.opens("/moderation/decide", "POST", form)


def states(house: House) -> dict[str, str]:
    return {str(row["masked"]): str(row["text_state"]) for row in rows(house, "answer")}


def did(house: House) -> list[tuple[str, str, str]]:
    return [
        (line.action, line.object, line.role) for line in lines(house.engine) if line.action in ("moderate", "original")
    ]


async def test_a_moderator_decides_and_takes_back_one_text_after_the_other(house: House) -> None:
    await written(house, TREES, "Bel Sjeng op 06-12345678", "Wat een onzin van die lui")
    async with at_the_desk(house, "moderator") as mo:
        first = await mo.opens("/moderation")
        assert (first.head, TREES in first.text) == ("Eigen woorden", True)
        assert "Wachten nog: 3" in first.text
        second = await decides(mo, first, verdict="passed", theme="green")
        assert ("Besloten: 1" in second.text, "Bel Sjeng op [phone]" in second.text) == (True, True)
        shown = await mo.sends(second, "/moderation/original")
        assert "06-12345678" in shown.text
        wrong = await decides(mo, second, verdict="masked", hide="Jan")
        assert (wrong.status, "staat er niet in" in wrong.text) == (400, True)
        assert re.search(r'<input [^>]*id="hide"[^>]* autofocus', wrong.html), "one types on where it went wrong"
        assert wrong.html.count("autofocus") == 1
        third = await decides(mo, second, verdict="masked", hide="Sjeng")
        again = await decides(mo, third, verdict="refused")
        assert (again.status, "Kies waarom u weigert" in again.text) == (400, True)
        last = await decides(mo, third, verdict="refused", reason="insult")
        assert "Er wacht niets" in last.text
        assert states(house) == {
            TREES: "passed",
            "Bel [hidden] op [phone]": "masked",
            "Wat een onzin van die lui": "refused",
        }
        back = await mo.sends(last, "/moderation/undo")
        assert ("Wacht weer: 1" in back.text, "onzin" in back.text) == (True, True)
    assert did(house) == [
        ("moderate", "passed 1", "moderator"),
        ("original", "own words", "moderator"),
        ("moderate", "masked 1", "moderator"),
        ("moderate", "refused 1", "moderator"),
        ("moderate", "taken_back 1", "moderator"),
    ]
    assert "bomen" not in str(lines(house.engine))


async def test_texts_that_say_nearly_the_same_are_decided_together(house: House) -> None:
    await written(house, TREES, "iets anders", "meer bomen op het vrijthof!", "Meer boomen op het Vrijthof")
    async with at_the_desk(house, "moderator") as mo:
        page = await mo.opens("/moderation")
        assert "Bijna hetzelfde: 2" in page.text
        after = await decides(mo, page, verdict="passed")
        assert ("Besloten: 3" in after.text, "iets anders" in after.text) == (True, True)
    assert sorted(states(house).values()) == ["passed", "passed", "passed", "waiting"]


async def test_a_cry_for_help_stands_apart_with_the_steps_to_take(house: House) -> None:
    cry = "ik wil niet meer leven"
    assert alarm(cry, house.content.phrases) == "crisis"
    await written(house, TREES, cry)
    async with at_the_desk(house, "moderator") as mo:
        start = await mo.opens("/")
        assert "Kijk eerst naar wat apart staat: 1" in start.text
        assert cry not in (await mo.opens("/moderation")).text
        apart = await mo.opens("/moderation/apart")
        assert (cry in apart.text, "Bel 112" in apart.text) == (True, True)
        assert "Herkend door de dialoog, die meteen 113 en 112 liet zien." in apart.text
        missing = await mo.sends(apart, "/moderation/decide", verdict="refused", reason="")
        assert missing.status == 400
        put_back = await mo.sends(apart, "/moderation/decide", verdict="put_back")
        assert "Er staat niets apart" in put_back.text
        # One that a moderator finds worrying in the queue goes there by hand.
        page = await mo.opens("/moderation")
        await decides(mo, page, verdict="set_apart", alarm="threat")
        by_hand = (await mo.opens("/moderation/apart")).text
        assert TREES in by_hand
        assert "Apart gezet door a.moderator; wie dit schreef, zag geen nummer." in by_hand


async def test_a_doubted_decision_is_somebody_else_s(house: House) -> None:
    await written(house, TREES)
    async with at_the_desk(house, "moderator") as mo:
        await decides(mo, await mo.opens("/moderation"), verdict="passed")
        (text,) = [int(str(row["id"])) for row in rows(house, "answer")]
        await house.worker.run(lambda conn: moderation.doubt(conn, text, "a.moderator", now()))
        assert "Er wacht niets" in (await mo.opens("/moderation")).text, "not the same person again"
    key = await key_of(house, "b.moderator", "moderator")
    async with at_the_desk(house) as other:
        await other.signs_in(key)
        page = await other.opens("/moderation")
        assert ("wordt getwijfeld" in page.text, TREES in page.text) == (True, True)
        await decides(other, page, verdict="refused", reason="names")
    assert states(house) == {TREES: "refused"}


async def test_a_form_without_the_session_s_token_decides_nothing(house: House) -> None:
    await written(house, TREES)
    async with at_the_desk(house, "moderator") as mo:
        page = await mo.opens("/moderation")
        for values in ({"token": "x"}, {"token": ""}):
            refused = await decides(mo, page, verdict="passed", **values)
            assert refused.status == 403
        for strange in ("approved", ""):
            assert (await decides(mo, page, verdict=strange)).status == 400
    assert states(house) == {TREES: "waiting"}


@pytest.mark.parametrize("role", ["reader", "analyst", "keeper"])
async def test_nobody_else_reads_own_words(house: House, role: str) -> None:
    await written(house, TREES)
    async with at_the_desk(house, role) as one:  # type: ignore[arg-type]
        for path in ("/moderation", "/moderation/apart"):
            page = await one.opens(path)
            assert (page.status, TREES in page.text) == (403, False)


@pytest.mark.soak
async def test_a_hundred_texts_by_keyboard_leave_time_to_read(house: House, request: pytest.FixtureRequest) -> None:
    """What the desk itself takes of the nine seconds a text that a hundred in a quarter of an hour leaves."""
    long = "soak" in (request.config.getoption("markexpr") or "")
    texts = 100 if long else 12
    await written(house, *(f"Tekst {'abcdefghij'[n % 10]}{n} {'zo' * (n % 7)} over de wijk" for n in range(texts)))
    async with at_the_desk(house, "moderator") as mo:
        page, began, taken = await mo.opens("/moderation"), time.monotonic(), 0
        while "Er wacht niets" not in page.text:
            # The button that passes has the focus: one key a text.
            assert page.html.index("autofocus") > page.html.index('value="passed"')
            assert page.html.count("autofocus") == 1
            page, taken = await decides(mo, page, verdict="passed"), taken + 1
        spent = time.monotonic() - began
    assert taken <= texts
    print(f"{taken} decisions about {texts} texts: {spent / taken:.3f} s each")


# ---------------------------------------------------------------- corrections, keys, the log


async def test_corrections_are_read_and_dealt_with(house: House) -> None:
    told = Corrected("li:growth.position", "het moet ‘stad’ zijn, bel 06-12345678")
    await house.worker.run(lambda conn: correct(conn, told, None, now()))
    async with at_the_desk(house, "keeper") as keeper:
        page = await keeper.opens("/corrections")
        assert "het moet ‘stad’ zijn, bel [phone]" in page.text
        assert "growth.position · li" in page.text
        done = await keeper.sends(page, "/corrections/done")
        assert ("afgehandeld" in done.text, "Niemand schreef iets" in done.text) == (True, True)
    await settle(house)
    assert rows(house, "correction") == []
    assert not [
        f for f in house.settings.data.rglob("*") if f.is_file() and "het moet ‘stad’".encode() in f.read_bytes()
    ]


async def test_a_great_many_corrections_are_shown_a_hundred_at_a_time(house: House) -> None:
    def seed(conn: Connection) -> None:
        for number in range(103):
            correct(conn, Corrected("nl:growth.position", f"fout nummer {number:03}"), None, now())

    await house.worker.run(seed)
    async with at_the_desk(house, "keeper") as keeper:
        page = await keeper.opens("/corrections")
        assert ("fout nummer 099" in page.text, "fout nummer 100" in page.text) == (True, False)
        assert "Hierna nog 3" in page.text
        after = await keeper.sends(page, "/corrections/done")
        assert ("fout nummer 100" in after.text, "Hierna nog 2" in after.text) == (True, True)


async def test_a_keeper_makes_and_removes_keys_and_sees_each_once(house: House) -> None:
    async with at_the_desk(house, "keeper") as keeper:
        page = await keeper.opens("/keys")
        made = await keeper.sends(page, "/keys/add", name="j.jans", role="reader")
        key = made.html.partition('<code class="key">')[2].partition("</code>")[0]
        assert (len(key) > 30, "De sleutel van j.jans" in made.text) == (True, True)
        assert key not in (await keeper.opens("/keys")).html
        again = await keeper.sends(page, "/keys/add", name="j.jans", role="reader")
        assert (again.status, "andere naam" in again.text) == (400, True)
        async with at_the_desk(house) as jan:
            assert "j.jans (lezer)" in (await jan.signs_in(key)).text
            form = {**page.form("/keys/add").fields, "name": "j.jans"}
            assert "opent niets meer" in (await keeper.opens("/keys/remove", "POST", form)).text
            assert (await jan.opens("/")).head == "Aanmelden"
        assert (await keeper.opens("/keys/remove", "POST", form)).status == 404
    assert key not in str(lines(house.engine))


async def test_the_log_is_read_from_the_newest_on(house: House) -> None:
    async with at_the_desk(house, "keeper") as keeper:
        for number in range(130):
            await keeper.opens("/keys" if number % 2 else "/corrections")
        page = await keeper.opens("/audit")
        assert page.html.count("<tr role") == 101
        older = await keeper.opens(
            "/audit" + page.html.partition('<p><a href="')[2].partition('"')[0].replace("&amp;", "&")
        )
        assert 30 <= older.html.count("<tr role") - 1 <= 40
        only = await keeper.opens("/audit?action=key_add")
        assert only.html.count("<tr role") == 2
        for strange in ("?action=x", "?after=2026-99-99T00:00:00.0000 aaaaaaaaaaaaaaaaaaaa", "?after=x"):
            assert (await keeper.opens(f"/audit{strange}")).status == 200


async def test_who_complains_about_a_decision_is_read_by_somebody_else(house: House) -> None:
    await written(house, TREES, "iets anders")
    async with at_the_desk(house, "moderator") as mo:
        for _ in range(2):
            await decides(mo, await mo.opens("/moderation"), verdict="refused", reason="insult")
        page = await mo.opens("/moderation/decided")
        assert (TREES in page.text, "iets anders" in page.text) == (True, True)
        assert "geweigerd : scheldwoorden · a.moderator" in page.text.replace("geweigerd:", "geweigerd :")
        assert TREES not in (await mo.opens("/moderation/decided?state=passed")).text
        looked = await mo.opens("/moderation/decided?state=refused&words=vrijthof")
        assert (TREES in looked.text, "iets anders" in looked.text) == (True, False)
        after = await mo.sends(looked, "/moderation/doubt")
        assert ("nog eens" in after.text, TREES in after.text) == (True, False)
    assert sorted(states(house).values()) == ["refused", "waiting"]


# What each reason to refuse is called in the English house rule.
RULED = {
    "names": "names",
    "insult": "insults",
    "hate": "hatred",
    "threat": "threats",
    "advert": "advertising",
    "empty": "says nothing",
}


async def test_the_house_rule_is_what_residents_read_and_names_every_reason(house: House) -> None:
    told = {}
    for language in house.content.languages:
        progress = Progress("dreams", "telegram", language, 1)
        turn = answer(progress, Commanded("privacy"), house.content, house.city())
        told[language] = turn.says[0].text.split("\n\n")[1]
    assert set(RULED) == set(REASONS)
    refused = told["en"].partition("Refused is only")[2].partition(".")[0]
    assert [word for word in RULED.values() if word not in refused] == []
    for language, command in {"nl": "/mijngegevens", "en": "/mydata", "li": "/miengegeves"}.items():
        assert command in told[language]
    await written(house, TREES)
    async with at_the_desk(house, "moderator") as mo:
        assert told["nl"] in (await mo.opens("/moderation")).text
        assert told["en"] in (await mo.opens("/moderation?language=en")).text


async def test_a_keeper_is_told_when_a_doubted_text_has_nobody_to_read_it(house: House) -> None:
    await written(house, TREES)
    async with at_the_desk(house, "moderator") as mo:
        await decides(mo, await mo.opens("/moderation"), verdict="refused", reason="insult")
        await mo.sends(await mo.opens("/moderation/decided"), "/moderation/doubt")
    async with at_the_desk(house, "keeper") as keeper:
        assert "tweede moderator" in (await keeper.opens("/")).text
        await key_of(house, "b.moderator", "moderator")
        assert "tweede moderator" not in (await keeper.opens("/")).text


async def test_a_keeper_leaves_a_burst_out_and_takes_it_in(house: House) -> None:
    with house.engine.begin() as conn:
        fast(conn, [THEN + timedelta(seconds=n) for n in range(20)], "script")
        crowd(conn, [{"growth": "a"}] * 12, "people")
    async with at_the_desk(house, "keeper") as keeper:
        page = await keeper.opens("/bursts")
        assert "Mensen met een keuze: 32. Zonder wie buiten de telling is: 32." in page.text
        out = await keeper.sends(page, "/bursts/decide", out="1")
        assert ("volgende vrijgave: 20" in out.text, "buiten de telling is: 12." in out.text) == (True, True)
        assert "buiten de telling is: 32." in (await keeper.sends(out, "/bursts/decide", out="0")).text
        assert (await keeper.sends(page, "/bursts/decide", burst="2026")).status == 404
    told = [line.action for line in lines(house.engine) if line.action.startswith("burst")]
    assert told == ["burst_out", "burst_in"]
