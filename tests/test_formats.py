"""Every format read by a program of others, and equal to what was kept; a whole row of participants by hand."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import frictionless
import openpyxl
import pandas
import pyarrow as pa
import pyarrow.parquet
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.house import House
from conversations.shapes import Answered, Fact
from conversations.typed import clean
from storage.database import begin_write
from tests.exporting import exported, moderated
from tests.seeding import position, quotable, resident

# How LibreOffice is told to write CSV: commas, quotes, UTF-8, and cells as they are shown.
AS_CSV = "Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
NASTY = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.lists(
        st.sampled_from(["=1+1", "@x", "-2", "'", '"', ";", ",", "\n", "\r\n", "é", "e\u0301", "🌳", "\u2028"])
    ).map("".join),
).map(lambda text: clean(text) or "?")


def people(house: House, *all_facts: list[Fact]) -> list[str]:
    with house.engine.connect() as conn:
        begin_write(conn)
        ids = [resident(conn, house.keys, *facts, address=f"a{n}") for n, facts in enumerate(all_facts)]
        moderated(conn)
        conn.commit()
    return ids


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf8"), newline="")))


def own(item: str, text: str) -> Answered:
    return Answered("", item, "text", "answered", text=text, method="text")


ADA: list[Fact] = [
    position("growth", "rather_b"),
    Answered("growth", "reasons", "multi", "answered", ("b1",), shown_first="a"),
    Answered("growth", "importance", "scale5", "dont_know"),
    Answered("growth", "position_after", "scale5", "answered", ("a",), after_results=True),
    Answered("space", "position", "scale5", "neither", shown_first="b"),
    Answered("space", "reasons", "multi", "skipped"),
    Answered("", "values", "multi", "answered", ("diversity", "justice")),
    Answered("", "weighs_most", "single", "declined"),
    own("dream", "=SOM(A1); ’t Vriethof"),
    quotable(),
]


def test_a_whole_row_of_a_participant(house: House) -> None:
    (ada,) = people(house, ADA)
    (row,) = rows_of(exported(house, "participants", "csv"))
    told = {
        "participant": house.keys.pseudonym(ada),
        "round": "dreams",
        "status": "started",
        "language": "nl",
        "channel": "telegram",
        "setting": "private",
        "started_at": "2026-03-14T15:00:00Z",
        "content_version": "1",
        "pace": "normal",
        "dream": "=SOM(A1); ’t Vriethof",
        "weighs_most": "-5",
        "values": "justice diversity",
        "growth_position": "4",
        "growth_shown_first": "a",
        "growth_reason_a1": "0",
        "growth_reason_a2": "0",
        "growth_reason_b1": "1",
        "growth_reason_b2": "0",
        "growth_importance": "-2",
        "growth_position_after": "1",
        "space_position": "-4",
        "space_shown_first": "b",
        **{f"space_reason_{one}": "-1" for one in ("a1", "a2", "b1", "b2")},
    }
    assert {name: value for name, value in row.items() if value} == told


def test_what_was_not_asked_is_empty_and_in_spss_minus_three(house: House, tmp_path: Path) -> None:
    people(house, ADA)
    table, about = sav(exported(house, "participants", "sav", "en"), tmp_path)
    assert (table["growth_position"], table["space_position"], table["society_position"]) == ([4], [-4], [-3])
    assert (table["growth_reason_a1"], table["growth_reason_b1"], table["digital_reason_a1"]) == ([0], [1], [-3])
    assert about.variable_value_labels["growth_position"] == {
        1.0: "Grow",
        2.0: "Rather grow",
        3.0: "In between",
        4.0: "Rather stay the same size",
        5.0: "Stay the same size",
        -1.0: "skipped",
        -2.0: "don’t know",
        -4.0: "neither",
        -5.0: "rather not said",
        -3.0: "not asked",
    }
    assert about.column_names_to_labels["growth_position"] == house.content.dilemmas["growth"].title["en"]
    assert about.column_names_to_labels["growth_position_after"].endswith("? (position after talking about it)")
    assert about.missing_ranges["growth_position"] == [{"lo": -6.0, "hi": -1.0}]
    assert about.variable_measure["growth_position"] == "ordinal"


def sav(data: bytes, folder: Path) -> tuple[dict[str, list[Any]], Any]:
    file = folder / "table.sav"
    file.write_bytes(data)
    table, about = pyreadstat.read_sav(file, user_missing=True, output_format="dict")
    return {name: list(column) for name, column in table.items()}, about


def test_a_code_that_nobody_chose_fits_into_spss(house: House, tmp_path: Path) -> None:
    """A place that takes more than the eight bytes of a short text, and less than the longest code."""
    names = [one.code for one in house.content.items["neighbourhood"].options]
    chosen = next(one for one in names if 8 < len(one) < max(map(len, names)))
    people(house, *[[Answered("", "neighbourhood", "single", "answered", (chosen,))] for _ in range(10)])
    table, _ = sav(exported(house, "participants", "sav"), tmp_path)
    assert table["neighbourhood"] == [chosen] * 10


@pytest.mark.soak
def test_nasty_words_come_back_equal_through_every_format(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    size, examples = (1_000, 20) if "soak" in request.config.getoption("markexpr") else (40, 2)

    @settings(max_examples=examples, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(texts=st.lists(NASTY, min_size=size, max_size=size))
    def check(texts: list[str]) -> None:
        come_back(tmp_path_factory.mktemp("nasty"), texts)

    check()


def come_back(folder: Path, texts: list[str]) -> None:
    """Every text, masked as it is when it is given, in every format of both tables."""
    from bot.house import build
    from bot.settings import Settings
    from conversations.mask import mask

    house = build(Settings(_env_file=None, data=folder / "data"))  # type: ignore[call-arg]
    ids = people(house, *([own("dream", text), quotable()] for text in texts))
    kept = {house.keys.pseudonym(one): mask(text) for one, text in zip(ids, texts, strict=True)}
    for form, read in {
        "csv": rows_of,
        "jsonl": json_lines,
        "excel-csv": excel_csv,
        "xlsx": xlsx,
        "parquet": parquet,
    }.items():
        for table, column in (("answers", "text"), ("participants", "dream")):
            if (table, form) == ("participants", "jsonl"):
                continue
            found = {row["participant"]: row[column] for row in read(exported(house, table, form))}
            assert found == kept, (table, form)
    table, _ = sav(exported(house, "participants", "sav"), folder)
    assert dict(zip(table["participant"], table["dream"], strict=True)) == kept
    assert by_pandas(house) == [kept] * 3
    bundle = folder / "bundle"
    with zipfile.ZipFile(io.BytesIO(exported(house, "bundle", "zip"))) as packed:
        packed.extractall(bundle)
    assert (bundle / "answers.csv").read_bytes() == exported(house, "answers", "csv")
    quotes = rows_of((bundle / "t3c.csv").read_bytes())
    assert {row["interview"]: row["comment"].removeprefix("'") for row in quotes} == kept
    report = frictionless.validate(str(bundle / "datapackage.json"))
    assert report.valid, report.flatten(["title", "message"])
    house.engine.dispose()


def by_pandas(house: House) -> list[dict[str, str]]:
    """Dreams by person as another program reads them: CSV, Excel-CSV without its guard, Parquet."""
    as_it_stands = {"dtype": str, "keep_default_na": False, "encoding": "utf-8-sig"}
    plain = pandas.read_csv(io.BytesIO(exported(house, "participants", "csv")), **as_it_stands)
    excel = pandas.read_csv(io.BytesIO(exported(house, "participants", "excel-csv")), sep=";", **as_it_stands)
    excel["dream"] = excel["dream"].str.removeprefix("'")
    typed = pandas.read_parquet(io.BytesIO(exported(house, "participants", "parquet")))
    return [dict(zip(one["participant"], one["dream"], strict=True)) for one in (plain, excel, typed)]


def json_lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


def excel_csv(data: bytes) -> list[dict[str, str]]:
    """Read as a spreadsheet does, with the guard taken away."""
    assert data.startswith(b"\xef\xbb\xbf")
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";")
    return [{name: text.removeprefix("'") for name, text in row.items()} for row in rows]


def parquet(data: bytes) -> list[dict[str, Any]]:
    return list(pyarrow.parquet.read_table(pa.BufferReader(data)).to_pylist())


def xlsx(data: bytes) -> Iterator[dict[str, Any]]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    heads, *rows = book["gegevens"].values
    for row in rows:
        yield {str(head): text for head, text in zip(heads, row, strict=True)}


def test_a_workbook_has_data_a_codebook_and_a_page_to_read(house: House) -> None:
    people(house, ADA)
    data = exported(house, "answers", "xlsx", "en")
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["data", "codebook", "read me"]
    heads = [cell.value for cell in book["data"][1]]
    at = heads.index("answered_at (UTC)")
    assert {row[at] for row in book["data"].iter_rows(min_row=2, values_only=True)} == {datetime(2026, 3, 14, 15)}
    formulas = [cell for row in book["data"].iter_rows() for cell in row if cell.data_type == "f"]
    assert formulas == []
    assert "=SOM(A1); ’t Vriethof" in {row[heads.index("text")] for row in book["data"].values}
    meanings = list(book["codebook"].values)
    assert meanings[0] == ("column", "question", "code", "meaning", "type", "measure")
    assert ("status", "Was there an answer?", "dont_know", "don’t know", "string", "nominal") in meanings
    asked = {row[heads.index("item")] for row in book["data"].iter_rows(min_row=2, values_only=True)}
    assert asked <= {code for column, _, code, *_ in meanings if column == "item"}
    sides = {question: label for column, question, code, label, *_ in meanings if (column, code) == ("code", "a")}
    assert sides["Grow or stay the same size?"] == "Grow"
    assert sides["More online or more personal?"] == "More online", "a side is another one at every dilemma"
    first = str(list(book["read me"].values))
    assert "This is no random sample" in first
    assert "current = 1" in first
    assert "-4 neither" not in first, "a row of answers says so in its status"
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert not [name for name in parts.namelist() if "hyperlink" in name.lower()]
    assert exported(house, "answers", "xlsx", "en") == data


def test_a_workbook_can_be_filtered_and_read_without_dragging(house: House) -> None:
    people(house, ADA)
    book = openpyxl.load_workbook(io.BytesIO(exported(house, "answers", "xlsx", "en")))
    assert book.properties.title == f"stadsdialoog: table answers of round dreams, {book['data'].max_row - 1} rows."
    for name in ("data", "codebook"):
        assert book[name].auto_filter.ref == book[name].dimensions
        assert book[name].freeze_panes == "A2"
    for name in ("codebook", "read me"):
        assert book[name]["A2"].alignment.wrap_text


def test_a_text_too_long_for_a_cell_is_cut_and_marked(house: House, tmp_path: Path) -> None:
    people(house, [own("dream", "🌳" * 20_000)])
    (row,) = xlsx(exported(house, "participants", "xlsx"))
    assert row["dream"].endswith("🌳 […]")
    assert 32_700 < len(row["dream"].encode("utf-16-le")) // 2 <= 32_767
    table, _ = sav(exported(house, "participants", "sav"), tmp_path)
    assert table["dream"][0].endswith("🌳 […]")
    assert rows_of(exported(house, "participants", "csv"))[0]["dream"] == "🌳" * 20_000


def test_parquet_has_types(house: House) -> None:
    people(house, ADA)
    schema = pyarrow.parquet.read_schema(pa.BufferReader(exported(house, "answers", "parquet")))
    assert (schema.field("value").type, schema.field("answered_at").type) == (pa.int32(), pa.timestamp("ms", "UTC"))
    assert schema.field("status").metadata[b"question"]
    assert schema.field("status").metadata[b"code skipped"].decode() == "overgeslagen"
    sides = schema.field("code").metadata[b"code a"].decode()
    assert "Groeien (Groeien of even groot blijven?) | Levendig (De binnenstad: levendig of rustig?)" in sides


def test_a_spreadsheet_opens_both_files(house: House, tmp_path: Path) -> None:
    if not shutil.which("soffice"):
        complain = pytest.fail if os.environ.get("CI") else pytest.skip
        complain("LibreOffice is not installed: nobody opened the workbook and the Excel-CSV")
    like_values = ("1-2", "2040", "1 mei", "waar", "TRUE", "86530674531871852e49", "-5")
    people(house, ADA, *([own("dream", text)] for text in like_values))
    kept = rows_of(exported(house, "answers", "csv"))
    (tmp_path / "book.xlsx").write_bytes(exported(house, "answers", "xlsx"))
    (tmp_path / "sheet.csv").write_bytes(exported(house, "answers", "excel-csv"))
    for file, how in (("book.xlsx", ()), ("sheet.csv", ("--infilter=CSV:59,34,76,1,,1043,false,true",))):
        out = tmp_path / file.partition(".")[2]
        command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/office", "--headless", *how]
        command += [
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false",
            "--outdir",
            str(out),
        ]
        subprocess.run([*command, str(tmp_path / file)], check=True, timeout=120, capture_output=True)
        text = (out / f"{file.partition('.')[0]}.csv").read_text("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert len(rows) == 9 + len(like_values)
        assert {row["text"].removeprefix("'") for row in rows} == {"", "=SOM(A1); ’t Vriethof", *like_values}
        assert {row["answer_id"] for row in rows} == {row["answer_id"] for row in kept}
