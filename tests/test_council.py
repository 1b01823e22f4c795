"""The council sheet: what stands on it was released, it says what it cannot, and it is one A4 in print."""

from __future__ import annotations

import html
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.city_figures import CityFault, city_figures
from bot.house import House
from bot.printing import browser, pdf
from bot.staff_council import council_sheet
from bot.staff_results import Results
from content import Content
from content.staff_words import LANGUAGES, staff_words
from conversations.shapes import POSITIONS
from storage import releases
from storage.database import begin_read
from storage.exports import NothingReleased
from tests.colleague import at_the_desk
from tests.exporting import exported
from tests.seeding import crowd
from tests.test_bundle import release, settle


def words_of(page: str) -> str:
    """The words of a page, as read aloud."""
    return " ".join(html.unescape(re.sub(r"<(style).*?</\1>|<[^>]+>", " ", page, flags=re.S)).split())


def summary_of(house: House) -> dict[str, Any]:
    with house.engine.connect() as conn:
        begin_read(conn)
        found = releases.latest(conn, "dreams")
    assert found
    return found


def sheet(content: Content, summary: dict[str, Any], language: str = "nl", **city: Any) -> str:
    return council_sheet(content, staff_words()[language], language, summary, **{"city": {}, **city})


CITY = {"centre": 10_000, "west": 50_000, "east": 40_000}


@pytest.fixture
def released(house: House) -> House:
    settle(house, 0, 120)
    assert release(house) == 1
    return house


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_of_the_release_is_on_it(released: House, content: Content, language: str) -> None:
    summary = summary_of(released)
    page = sheet(content, summary, language)
    said = words_of(page)
    for code, one in summary["dilemmas"].items():
        assert content.dilemmas[code].title[language] in said
        (part,) = [
            part
            for part in page.split("<section>")
            if f"<h2>{html.escape(content.dilemmas[code].title[language])}" in part
        ]
        cells = re.findall(r'</td><td class="n">(\d+)</td>', part.partition("</section>")[0])
        assert [int(n) for n in cells] == list(one["counts"].values())
        assert one["base"] is None or str(one["base"]) in words_of(part)
    assert content.rounds["dreams"].title[language] in said
    assert "{" not in said
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="', page)


def test_it_says_why_a_figure_shows_less(content: Content, released: House) -> None:
    def told(language: str = "en", **figure: Any) -> str:
        summary = json.loads(json.dumps(summary_of(released)))
        summary["dilemmas"]["growth"] |= figure
        return words_of(sheet(content, summary, language))

    assert "Fewer than 10 people: nothing to show." in told(base=None, step="total", counts={})
    assert "The split would point at too few people" in told(base=14, step="total", counts={})
    three = told(step="three", counts={"side_a": 20, "between": 30, "side_b": 50}, base=100)
    both = "‘Grow’ or ‘Rather grow’ 20 20% In between 30 30% ‘Stay the same size’ or ‘Rather stay the same size’ 50 50%"
    assert both in three
    assert "are added up" in three
    dutch = told("nl", step="three", counts={"side_a": 20, "between": 30, "side_b": 50}, base=100)
    assert "‘Groeien’ of ‘Liever groeien’ 20" in dutch
    largest = told(step="largest", counts={"side_b": 60, "rest": 40}, base=100)
    assert "Only the largest side stands apart" in largest
    summary = summary_of(released)
    later = json.loads(json.dumps({**summary, "release": 2}))
    assert "Of release 1." in words_of(sheet(content, later, "en"))


def test_it_says_how_many_responded_and_how_many_of_them_chose(content: Content, released: House) -> None:
    def told(language: str = "en", **response: Any) -> str:
        summary = json.loads(json.dumps(summary_of(released)))
        told = {"base": None, "step": "total", "counts": {}, "as_of": summary["release"], **response}
        summary["dilemmas"] = {"growth": {**summary["dilemmas"]["growth"], "base": 1200, "response": told}}
        return words_of(sheet(content, summary, language))

    response = {"base": 2234, "step": "each", "counts": {"substantive": 1200, "nonresponse": 1034}}
    assert "Of the 2,234 people who responded, 1,200 chose." in told(**response)
    assert "Van de 2.234 mensen die reageerden, kozen er 1.200." in told("nl", **response)
    before = {"base": 950, "step": "each", "counts": {"substantive": 900, "nonresponse": 50}, "as_of": 7}
    assert "1,200 people chose; in release 7 those were 900 of the 950 who responded." in told(**before)
    assert " 1,200 people chose. " in told()


def test_a_bar_is_as_long_as_its_people(content: Content, released: House) -> None:
    summary = summary_of(released)
    summary["dilemmas"]["growth"] |= {"base": 100, "step": "five"}
    summary["dilemmas"]["growth"]["counts"] = {"a": 50, "rather_a": 0, "between": 5, "rather_b": 3, "b": 42}
    part = sheet(content, summary).partition("</section>")[0]
    assert re.findall(r'<rect x="([\d.]+)" y="0" width="([\d.]+)"', part) == [
        ("0.0", "500.0"),
        ("500.0", "50.0"),
        ("550.0", "30.0"),
        ("580.0", "420.0"),
    ]
    # Too narrow for a number: the table has it.
    assert re.findall(r"<text[^>]*>(\d+)<", part) == ["50", "5", "42"]
    assert 'aria-label="Groeien: 50; Liever groeien: 0; Ertussenin: 5;' in part


def difference(dilemma: str, by: str, most: str, least: str, **more: Any) -> dict[str, Any]:
    """One of the statistics of a summary, a clear one unless `more` says otherwise."""
    told = {"effect": 0.0512, "p_adjusted": 0.0123, "clear": True, "design_effect": 1.0}
    return {"dilemma": dilemma, "by": by, "most_a": most, "least_a": least, **told, **more}


def after(said: str, heading: str) -> str:
    return said.partition(heading)[2]


@pytest.mark.parametrize(
    ("agreement", "said"),
    [
        (0.5, "Close together: agreement 0.50, polarisation 0.25."),
        (0.2, "Spread out: agreement 0.20, polarisation 0.40."),
        (-0.61, "Two camps: agreement −0.61, polarisation 0.80."),
        (None, ""),
    ],
)
def test_it_says_how_much_people_agree(content: Content, released: House, agreement: float | None, said: str) -> None:
    summary = summary_of(released)
    told = {"agreement": agreement, "polarisation": None if agreement is None else (1 - agreement) / 2}
    summary["statistics"]["dilemmas"] = {"growth": told}
    page = words_of(sheet(content, summary, "en"))
    assert [one for one in ("Close together", "Spread out", "Two camps") if one in page] == (
        [said.partition(":")[0]] if said else []
    )
    assert said in page
    assert "eensgezindheid −0,61, polarisatie 0,80" in words_of(sheet(content, summary)) or agreement != -0.61


def test_it_names_the_clear_differences_and_says_where_there_are_none(content: Content, released: House) -> None:
    summary = summary_of(released)

    def told(*differences: dict[str, Any], language: str = "en") -> str:
        summary["statistics"]["differences"] = list(differences)
        said = after(words_of(sheet(content, summary, language)), content_words(language, "council.differences"))
        return said.partition(content_words(language, "council.who"))[0].strip()

    chance = difference("growth", "age", "16_24", "65_plus", clear=False)
    assert told() == "No two groups can be named that could be compared."
    assert told(chance) == "No difference between groups was found that is more than chance."
    heads = "answer trait most often least often difference (effect) p"
    row = "Grow Age Aged 16–24 65 or older small (0.05) 0.012"
    assert told(difference("growth", "age", "16_24", "65_plus"), chance) == f"{heads} {row}"
    large = difference("space", "language", "nl_li", "en", effect=0.2, p_adjusted=0.0000004)
    assert told(large, language="nl").endswith(
        "In de stad Taal In het Nederlands of Mestreechs In het Engels groot (0,20) < 0,001"
    )
    six = told(*[difference("growth", "age", "16_24", "65_plus", effect=n) for n in (0.07, 0.005, 0.02, 0.2, 0.3, 0.3)])
    assert re.findall(r"older ([a-z ]+) \(", six) == ["medium", "very small", "small", "large"]
    assert six.endswith("There are 2 more differences; they are in the summary of this release.")


def content_words(language: str, key: str) -> str:
    return staff_words()[language](key)


def test_it_says_how_many_answered_in_a_group_where_that_is_released(content: Content, released: House) -> None:
    summary = summary_of(released)
    growth = summary["dilemmas"]["growth"]

    def told(**setting: Any) -> str:
        growth["setting"] = {"base": 100, "step": "each", "as_of": 1, **setting}
        return words_of(sheet(content, summary, "en")).partition("Grow or stay the same size?")[2]

    growth |= {"base": 100, "as_of": 1}
    del growth["response"]
    assert told(counts={"private": 60, "group": 40}).startswith(
        " 100 people chose. Of those who chose, 40 did so in a group."
    )
    assert told(counts={"private": 100, "group": 0}).startswith(" 100 people chose. ")
    assert told(base=None, step="total", counts={}).startswith(" 100 people chose. ")
    growth["as_of"] = 2
    earlier = told(base=80, counts={"private": 60, "group": 20})
    assert earlier.startswith(" 100 people chose. In a group, in release 1: 20 of 80.")
    del growth["setting"]
    assert " 100 people chose. " in words_of(sheet(content, summary, "en"))


def test_the_desk_says_of_each_question_what_differs_and_how_strictly_that_was_tested(
    content: Content, released: House
) -> None:
    summary = summary_of(released)
    summary["statistics"]["differences"] = [
        difference("growth", "age", "16_24", "65_plus", design_effect=2.1),
        difference("space", "age", "16_24", "65_plus", clear=False),
    ]
    shown = Results(content, staff_words()["en"], "en", summary, {}).dilemmas()
    growth, _, space, society, *_ = (one["differences"] for one in shown)
    assert growth == [
        "Age: for ‘Grow’ most often Aged 16–24, least often 65 or older (small difference, effect 0.05; p 0.012). "
        "Some answered together in a group: so this was tested 2.1 times as strictly."
    ]
    assert space == ["No difference between groups was found that is more than chance."]
    assert society == ["No two groups can be named that could be compared."]


def test_the_desk_says_how_much_a_group_agrees_where_all_its_positions_are_told(
    content: Content, released: House
) -> None:
    summary = summary_of(released)
    five, told = dict.fromkeys(POSITIONS, 0), {"step": "five", "as_of": 1}
    groups = {
        "nl": {**told, "base": 40, "counts": {**five, "a": 20, "b": 20}},
        "en": {**told, "base": 30, "counts": {**five, "between": 30}},
        "li": {**told, "base": 20, "counts": {**five, "a": None, "b": None}},
    }
    summary["dilemmas"]["growth"]["by"] = {"language": {"step": "each", "groups": groups}}
    growth = Results(content, staff_words()["nl"], "nl", summary, {}).dilemma("growth")
    (by_language,) = [one for one in growth["splits"] if one["groups"]]
    assert [spread for *_, spread in by_language["groups"]] == ["−1,00; 1,00", "1,00; 0,00", ""]


def test_it_says_how_far_the_seven_neighbourhoods_were_reached(content: Content, released: House) -> None:
    summary = summary_of(released)
    summary["reach"] = {"base": None, "step": "tenths", "counts": {"10_20": None}, "as_of": 1}
    said = words_of(sheet(content, summary, "en"))
    assert "Nazareth, Limmel. Of those who chose and said where they live, 10 to 20% live in these seven." in said
    summary["release"] = 2
    dutch = "Van wie koos en zei waar die woont, woont 10 tot 20 % in deze zeven. Van vrijgave 1."
    assert dutch in words_of(sheet(content, summary))
    for nothing in ({"reach": {"base": None, "step": "total", "counts": {}, "as_of": 1}}, {}):
        less = {name: one for name, one in summary.items() if name != "reach"} | nothing
        assert "has not been released yet" in words_of(sheet(content, less, "en"))


def test_no_share_is_told_of_the_groups_that_are_left(content: Content, released: House) -> None:
    """Residents would be all of those who took part, where everybody else is in groups too small to show."""
    summary = summary_of(released)
    row = {"step": "total", "counts": {}, "as_of": 1}
    for one in summary["dilemmas"].values():
        one["by"] = {"relation": {"step": "residents", "groups": {"resident": {**row, "base": 24}}}}
    said = words_of(sheet(content, summary, "en"))
    assert "Resident 24" in said
    assert "Resident 24 100%" not in said


def test_who_lives_elsewhere_is_in_no_share_beside_the_citys(content: Content, released: House, tmp_path: Path) -> None:
    summary = summary_of(released)
    row = {"step": "total", "counts": {}, "as_of": 1}
    people = {"centre": 20, "west": 60, "east": 20, "elsewhere": 25}
    groups = {group: {**row, "base": base} for group, base in people.items()}
    summary["dilemmas"]["growth"]["by"]["district"] = {"step": "parts", "groups": groups}
    lines = ["by,group,people,source,year", *(f"district,{one},{n},CBS,2025" for one, n in CITY.items())]
    (tmp_path / "city_figures.csv").write_text("\n".join(lines) + "\n")
    page = sheet(content, summary, city=city_figures(tmp_path, content))
    rows = [re.findall(r">([^<]*)</td>", one) for one in re.findall(r"<tr>(<td>.*?)</tr>", page)]
    assert [one[1:] for one in rows if len(one) == 4][:4] == [
        ["20", "20 %", "10 %"],
        ["60", "60 %", "50 %"],
        ["20", "20 %", "40 %"],
        ["25", "", ""],
    ]
    assert "Wie elders woont, telt niet mee in de aandelen." in words_of(page)


def test_the_citys_own_figures_stand_beside_who_took_part(content: Content, released: House, tmp_path: Path) -> None:
    summary = summary_of(released)
    row = {"step": "total", "counts": {}, "as_of": 1}
    groups = {"16_24": 30, "25_64": 60, "65_plus": 10}
    split = {"step": "three", "groups": {group: {**row, "base": n} for group, n in groups.items()}}
    for one in summary["dilemmas"].values():
        one["by"] = {"age": split}
    file = tmp_path / "city_figures.csv"
    head = "by,group,people,source,year\n"
    file.write_text(f"{head}age,16_24,20000,CBS,2025\nage,25_64,60000,CBS,2025\nage,65_plus,20000,CBS,2025\n")
    said = words_of(sheet(content, summary, "en", city=city_figures(tmp_path, content)))
    (row_of,) = re.findall(r"16–24.*? 30 30% 20%", said)
    assert len(row_of) < 40
    assert "City: CBS, 2025." in said
    # Without one group there is nothing to compare with.
    file.write_text(f"{head}age,16_24,20000,CBS,2025\n")
    said = words_of(sheet(content, summary, "en", city=city_figures(tmp_path, content)))
    assert "City:" not in said
    file.unlink()
    assert city_figures(tmp_path, content) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("group,people\n", "the first line must be by,group,people,source,year"),
        ("by,group,people,source,year\nage,teens,1,CBS,2025\n", "line 2: no such group"),
        ("by,group,people,source,year\nage,16_24,many,CBS,2025\n", "line 2: each group once, with a whole number"),
        (
            "by,group,people,source,year\nage,16_24,1,,2025\n",
            "line 2: each group once, with a whole number and a source",
        ),
        ("by,group,people,source,year\nage,16_24,1,CBS,\n", "line 2: the year"),
    ],
)
def test_a_fault_in_the_citys_figures_is_named(content: Content, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "city_figures.csv").write_text(text)
    with pytest.raises(CityFault, match=said):
        city_figures(tmp_path, content)


def test_without_a_release_there_is_no_sheet(house: House) -> None:
    with pytest.raises(NothingReleased):
        exported(house, "council", "html")


@pytest.mark.parametrize(("step", "codes"), [("five", POSITIONS), ("three", ("side_a", "between", "side_b"))])
def test_it_is_one_page_in_print(content: Content, released: House, step: str, codes: tuple[str, ...]) -> None:
    """Also with every group named, and the longest words: two answers in one have both their names."""
    if not browser():
        complain = pytest.fail if os.environ.get("CI") else pytest.skip
        complain("Chromium is not installed: nobody printed the council sheet")
    summary = summary_of(released)
    row = {"step": "total", "counts": {}, "as_of": 1, "base": 40}
    full = {"step": step, "base": 1000, "counts": dict.fromkeys(codes, 200)}
    by = {
        "district": {"step": "districts", "groups": {f"wijk_0{n}": row for n in range(7)}},
        "age": {"step": "six", "groups": {one.code: row for one in content.items["age"].options}},
        "relation": {"step": "each", "groups": {one.code: row for one in content.items["relation"].options}},
        "language": {"step": "each", "groups": dict.fromkeys(("nl", "en", "li"), row)},
    }
    setting = {"base": 1000, "step": "each", "counts": {"private": 800, "group": 200}, "as_of": 0}
    statistics = summary["statistics"]
    for code, one in summary["dilemmas"].items():
        response = {"base": 1100, "step": "each", "counts": {"substantive": 1000, "nonresponse": 100}, "as_of": 1}
        one |= {**full, "by": by, "as_of": 0, "setting": setting, "response": response}
        statistics["dilemmas"][code] = {"step": step, "agreement": -0.45, "polarisation": 0.725}
    statistics["differences"] = [difference("society", "district", "wijk_02", "wijk_05")] * 9
    for language in LANGUAGES:
        printed = pdf(sheet(content, summary, language))
        assert printed.startswith(b"%PDF")
        assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1


async def test_the_desk_shows_it_to_every_role_and_runs_nothing(house: House) -> None:
    async with at_the_desk(house, "reader") as anna:
        assert (await anna.opens("/v1/rounds/dreams/council")).status == 404
        await house.worker.run(enough)
        assert release(house) == 1
        page = await anna.opens("/v1/rounds/dreams/council?language=en")
        assert page.status == 200
        assert "What this does not say" in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'; style-src 'sha256-" in policy
        assert "unsafe" not in policy
        (house.settings.data / "city_figures.csv").write_text("nothing")
        wrong = await anna.opens("/v1/rounds/dreams/council")
        assert (wrong.status, "the first line must be" in wrong.html) == (409, True)


def enough(conn: Connection) -> None:
    crowd(conn, [{"growth": "a"}, {"growth": "b"}] * 10, "c")
