"""The trial walk at the desk: the very dialogue, also of changed files, and nothing of it is kept anywhere."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from bot import staff_preview
from bot.house import House
from bot.visits import Visits
from content import load
from content.changes import Change, changes
from content.loader import HERE, LOCALES, Content
from tests.colleague import Colleague, Page, at_the_desk, key_of
from tests.databases import BOTH
from tests.test_audit import lines
from tests.test_desk import rows

WORDS = "een heel eigen zin over de Maas"
GOODBYE = "Bedankt"


def tables(house: House) -> dict[str, str]:
    """All that is kept, but for the keys of staff and what staff did."""
    kept = [name for name in SQLModel.metadata.tables if name not in ("audit", "staff_key")]
    return {name: json.dumps([str(row) for row in rows(house, name)]) for name in kept}


def labels(page: Page) -> list[str]:
    return re.findall(r'name="tap" value="[^"]*" class="[^"]*">([^<]*)</button>', page.html)


async def taps(one: Colleague, page: Page, label: str) -> Page:
    found = re.search(rf'name="tap" value="([^"]*)" class="[^"]*">{re.escape(label)}</button>', page.html)
    assert found, (label, labels(page))
    return await one.sends(page, "/preview/say", tap=found[1])


async def types(one: Colleague, page: Page, words: str) -> Page:
    return await one.sends(page, "/preview/say", words=words)


async def begins(one: Colleague, **values: str) -> Page:
    page = await one.opens("/preview")
    given = {"language": "nl", "channel": "telegram", "at": "language", "content": "", "first": ""}
    return await one.sends(page, "/preview/begin", **{**given, **values})


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files under another folder, where they can be changed."""
    for folder, ignored in ((HERE, "*.py"), (LOCALES, "staff")):
        shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns(ignored, "__pycache__"))
    monkeypatch.setattr(staff_preview, "load", lambda: load(tmp_path / HERE.name, tmp_path / LOCALES.name))
    return tmp_path


def says_another_title(edited: Path, words: str) -> None:
    path = edited / "content/dilemmas/growth.yaml"
    text = path.read_text("utf8")
    found = re.search(r"^title:\n  nl: (.*)$", text, re.M)
    assert found
    path.write_text(text.replace(found[0], f"title:\n  nl: {words}"), "utf8")


@BOTH
@pytest.mark.parametrize("channel", ["telegram", "web"])
async def test_a_whole_walk_keeps_nothing(house: House, channel: str) -> None:
    before = tables(house)
    async with at_the_desk(house, "moderator") as mo:
        page = await begins(mo, channel=channel)
        page = await taps(mo, page, "Nederlands")
        page = await taps(mo, page, "Ja, ik doe mee")
        page = await types(mo, page, WORDS)
        for _ in range(40):
            if not (said := labels(page)) or 'value="goodbye:' in page.html:
                break
            page = await taps(mo, page, said[0])
        assert 'value="goodbye:' in page.html
        for typed in ("/mydata", "/answers", "/fout dit klopt niet", "/back", "/forget"):
            page = await types(mo, page, typed)
        forgets = next(one for one in labels(page) if one.lower().startswith("ja"))
        page = await taps(mo, page, forgets)
        assert "XXXX-XXXX" in page.text
    assert tables(house) == before
    assert [line.object for line in lines(house.engine) if line.action == "preview"] == ["dreams nl"]
    everything = str(lines(house.engine))
    assert WORDS not in everything
    assert not [f for f in house.settings.data.rglob("*") if f.is_file() and WORDS.encode() in f.read_bytes()]


@pytest.mark.parametrize("language", ["nl", "en", "li"])
async def test_every_question_can_be_gone_to_in_every_language(house: House, content: Content, language: str) -> None:
    async with at_the_desk(house, "keeper") as keeper:
        page = await keeper.opens("/preview")
        questions = re.findall(r'<option value="([\w.]+)"', page.html.partition('id="at"')[2].partition("</select>")[0])
        assert {"count_me", "growth.position", "care.reasons", "values", "goodbye"} <= set(questions)
        for at in questions:
            page = await begins(keeper, language=language, at=at)
            assert (page.status, f'lang="{language}"' in page.html, "loopt" in page.text) == (200, True, False)
            if at not in ("language", "count_me"):
                assert f'value="{at}:' in page.html, at
            await keeper.sends(page, "/preview/end")


async def test_the_side_asked_for_stands_first(house: House, content: Content) -> None:
    poles = content.dilemmas["growth"].sides
    async with at_the_desk(house, "keeper") as keeper:
        for first, other in (("a", "b"), ("b", "a")):
            page = await begins(keeper, at="growth.position", first=first)
            said = " ".join(labels(page))
            assert said.index(poles[first].label["nl"]) < said.index(poles[other].label["nl"])
            await keeper.sends(page, "/preview/end")


async def test_changed_files_are_told_and_walked_while_residents_meet_what_is_in_use(
    house: House, content: Content, edited: Path
) -> None:
    new = "Wat pas net in het bestand staat?"
    async with at_the_desk(house, "keeper") as keeper:
        assert "Er is niets veranderd" in (await keeper.opens("/preview")).text
        says_another_title(edited, new)
        page = await keeper.opens("/preview")
        assert (new in page.text, "Sinds het programma begon: 1" in page.text) == (True, True)
        page = await begins(keeper, at="growth.position", content="files")
        assert (new in page.text, "zoals ze nu in de bestanden staan" in page.text) == (True, True)
        await keeper.sends(page, "/preview/end")
        page = await begins(keeper, at="growth.position")
        assert new not in page.text
    assert new not in content.dilemmas["growth"].title["nl"]


async def test_files_that_cannot_be_read_are_named(house: House, edited: Path) -> None:
    (edited / "content/dilemmas/growth.yaml").write_text("code: [growth", "utf8")
    async with at_the_desk(house, "keeper") as keeper:
        page = await keeper.opens("/preview")
        assert (page.status, "content/dilemmas/growth.yaml: is not readable YAML" in page.text) == (200, True)
        assert 'value="files"' not in page.html
        page = await begins(keeper, content="files")
        assert "content/dilemmas/growth.yaml" in page.text
        assert "wordt niets bewaard" in (await begins(keeper)).text, "what is in use can be walked"


async def test_what_the_dialogue_stumbles_over_is_told(house: House, edited: Path) -> None:
    path = edited / "locales/nl.po"
    for language in ("nl", "en", "li"):
        path = edited / f"locales/{language}.po"
        path.write_text(path.read_text("utf8").replace('msgid "note.stale"', 'msgid "note.gone"'), "utf8")
    async with at_the_desk(house, "keeper") as keeper:
        page = await begins(keeper, at="growth.position", content="files")
        page = await keeper.sends(page, "/preview/say", tap="space.position:a:nl")
        assert (page.status, "KeyError note.stale" in page.text) == (200, True)
        page = await types(keeper, page, "/help")
        assert "KeyError" not in page.text


async def test_each_colleague_walks_alone_and_a_form_from_elsewhere_says_nothing(house: House) -> None:
    async with at_the_desk(house, "moderator") as mo, at_the_desk(house) as other:
        await other.signs_in(await key_of(house, "b.moderator", "moderator"))
        page = await begins(mo, at="growth.position")
        assert (await other.opens("/preview")).text.count("Begin bij") == 1
        refused = await mo.sends(page, "/preview/say", words="x", token="x")
        assert refused.status == 403
        for strange in ("", "a:b", "growth.position:zz:00000", "x" * 80, "🌳:🌳:"):
            assert (await mo.sends(page, "/preview/say", tap=strange)).status == 200


async def test_only_who_reads_our_texts_may_walk(house: House) -> None:
    for role in ("reader", "analyst"):
        async with at_the_desk(house, role) as someone:  # type: ignore[arg-type]
            assert (await someone.opens("/preview")).status == 403


def test_no_more_trials_are_remembered_than_there_is_room_for() -> None:
    trials: Visits[int] = Visits(3)
    for number in range(5):
        trials.put(str(number), number)
    assert [trials.get(str(number)) for number in range(5)] == [None, None, 2, 3, 4]


def test_changes_name_file_key_and_language(edited: Path, content: Content) -> None:
    assert changes(content, content) == []
    says_another_title(edited, "Nieuw.")
    after = load(edited / HERE.name, edited / LOCALES.name)
    was = content.dilemmas["growth"].title["nl"]
    assert changes(content, after) == [Change("content/dilemmas/growth.yaml", "title", "nl", was, "Nieuw.")]
