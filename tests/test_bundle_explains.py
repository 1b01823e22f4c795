"""What a bundle says of itself, to whoever has nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import frictionless

from bot.house import House
from storage import ladders
from tests.test_bundle import bundled, release, rows_of, settle, unpacked


def test_what_was_left_out_is_true_before_a_release_as_after_it(house: House, tmp_path: Path) -> None:
    settle(house, 0, 30)
    before = json.loads((unpacked(bundled(house, tmp_path)) / "manifest.json").read_text("utf8"))
    assert before["release"] is None
    assert not any("tot en met de uitgave" in one for one in before["filters"])
    assert any("nog niets uitgegeven" in one for one in before["filters"])
    settle(house, 30, 30)
    release(house)
    after = json.loads((unpacked(bundled(house, tmp_path)) / "manifest.json").read_text("utf8"))
    assert any("tot en met de uitgave" in one for one in after["filters"])
    assert not any("nog niets uitgegeven" in one for one in after["filters"])


def test_both_halves_of_what_to_read_first_name_the_same(house: House, tmp_path: Path) -> None:
    text = (unpacked(bundled(house, tmp_path)) / "README.md").read_text("utf8")
    _, english, dutch = text.replace("**Nederlands.**", "**English.**").split("**English.**")
    for told in ("`setting` = `group`", "bot.py verify", "`'`", "`xid`", "`author-id` 0", "RFC 4180", "`weighs_not`"):
        assert told in english, told
        assert told in dutch, told


def test_what_is_missing_in_spss_is_told_as_it_is() -> None:
    told = Path("docs/exports.md").read_text("utf8")
    assert "every nonresponse is declared missing; what was not" not in told
    assert "SELECT IF" in told


def test_every_field_of_every_table_is_told_with_its_type(house: House, tmp_path: Path) -> None:
    settle(house, 0, 60)
    release(house)
    package = unpacked(bundled(house, tmp_path)) / "datapackage.json"
    report = frictionless.validate(str(package))
    assert report.valid, report.flatten(["title", "message"])
    fields = {
        (table["name"], field["name"]): field
        for table in json.loads(package.read_text("utf8"))["resources"]
        for field in table["schema"]["fields"]
    }
    assert len({table for table, _ in fields}) == 11
    assert [name for name, field in fields.items() if not field.get("title") or "{" in field["title"]] == []
    whole = (
        "summary count",
        "summary base",
        "polis-votes vote",
        "polis-participants-votes 0",
        "codebook version_first",
    )
    for table, name in (one.split() for one in whole):
        assert fields[table, name]["type"] == "integer", name
    assert fields["summary", "released_at"]["type"] == "datetime"
    assert fields["dilemmas", "side_a_en"]["title"] == "Naam van kant a, in de taal en"
    assert "het codeboek" in fields["answers", "code"]["title"].lower(), "it is no title of one question"


def test_every_code_of_the_figures_is_explained_in_both_halves(house: House, tmp_path: Path) -> None:
    settle(house, 0, 60)
    release(house)
    folder = unpacked(bundled(house, tmp_path))
    text = (folder / "README.md").read_text("utf8")
    _, english, dutch = text.replace("**Nederlands.**", "**English.**").split("**English.**")
    book = {row["code"] for row in rows_of(folder / "codebook.csv")}
    rows = rows_of(folder / "summary.csv")
    there = {("step", row["step"]) for row in rows} | {("item", row["item"]) for row in rows if row["item"]}
    there |= {("code", row["code"]) for row in rows if row["code"] and row["code"] not in book}
    there |= {("code", one) for one in ("side_a", "rest", "low", "high", "towards_b")}
    for by, steps in ladders.levels(house.content).items():
        there |= {(f"group ({by})", group) for step in steps for group in step.groups}
    for half in (english, dutch):
        assert [one for one in sorted(there) if f"| `{one[0]}` | `{one[1]}` | " not in half] == []
    assert "| `group (age)` | `under_65` | jonger dan 65 |" in dutch
    assert "| `group (relation)` | `not_resident` | geen bewoner |" in dutch
