"""Exports: whole files compared with what was kept, codes pinned to meanings, and nothing that leads to a person."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.house import House
from content import Content
from conversations.mask import mask
from conversations.shapes import POSITIONS, Answered, Fact
from storage import codebook
from storage.database import begin_write
from storage.exports import NoSuchTable, NothingReleased
from storage.exports.text import csv_text
from tests.exporting import exported, moderated
from tests.machine import withdrawn, without_argument
from tests.seeding import crowd, position, quotable, resident

ANSWERS = [
    "answer_id",
    "participant",
    "round",
    "dilemma",
    "item",
    "kind",
    "status",
    "code",
    "value",
    "text",
    "text_masked",
    "language",
    "method",
    "score",
    "channel",
    "setting",
    "group",
    "revision",
    "current",
    "answered_at",
    "content_version",
    "argument",
    "shown_first",
    "after_results",
    "may_quote",
    "text_state",
]
CODEBOOK = [
    "table",
    "column",
    "type",
    "measure",
    "code",
    "label_nl",
    "label_en",
    "label_li",
    "question_nl",
    "question_en",
    "question_li",
    "version_first",
    "version_last",
    "review_nl",
    "review_en",
    "review_li",
]


@contextmanager
def writing(house: House) -> Iterator[Connection]:
    with house.engine.connect() as conn:
        begin_write(conn)
        yield conn
        conn.commit()


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf8"), newline="")))


ADA: tuple[Fact, ...] = (
    position("growth", "rather_a"),
    position("growth", "b"),
    Answered("growth", "reasons", "multi", "answered", ("b1", "a2"), method="typed_exact", shown_first="b"),
    Answered("space", "position", "scale5", "dont_know", shown_first="b"),
    Answered("", "worry", "text", "answered", text="Bel 06 12345678, zegt Ada", method="text"),
    Answered("", "age", "single", "answered", ("80_plus",), method="typed_fuzzy", score=93),
    Answered("growth", "importance", "scale5", "answered", ("4",), after_results=True),
    quotable(),
)


def test_a_whole_file_of_answers(house: House) -> None:
    with writing(house) as conn:
        ada = resident(conn, house.keys, *ADA, address="4711", language="li")
        moderated(conn, "masked")
    data = exported(house, "answers", "csv")
    assert data.startswith(",".join(ANSWERS).encode() + b"\r\n")
    assert data.endswith(b"\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    person = house.keys.pseudonym(ada)
    same = {
        "participant": person,
        "round": "dreams",
        "language": "li",
        "channel": "telegram",
        "setting": "private",
        "group": "",
        "answered_at": "2026-03-14T15:00:00Z",
        "content_version": "1",
        "argument": "",
        "may_quote": "1",
    }
    told = [
        "growth position scale5 answered rather_a 2 - 0 button 100 1 0 a 0 -",
        "growth position scale5 answered b 5 - 0 button 100 2 1 a 0 -",
        "growth reasons multi answered a2_b1 - - 0 typed_exact 100 1 1 b 0 -",
        "space position scale5 dont_know - - - 0 button 100 1 1 b 0 -",
        "- worry text answered - - Bel_[phone],_zegt_Ada 1 text 100 1 1 - 0 masked",
        "- age single answered 80_plus - - 0 typed_fuzzy 93 1 1 - 0 -",
        "growth importance scale5 answered 4 4 - 0 button 100 1 1 - 1 -",
    ]
    names = [
        "dilemma",
        "item",
        "kind",
        "status",
        "code",
        "value",
        "text",
        "text_masked",
        "method",
        "score",
        "revision",
        "current",
        "shown_first",
        "after_results",
        "text_state",
    ]
    rows = rows_of(data)
    assert all(row[name] == value for row in rows for name, value in same.items())
    found = {" ".join(row[name].replace(" ", "_") or "-" for name in names) for row in rows}
    assert found == set(told)
    assert [row["answer_id"] for row in rows] == sorted(row["answer_id"] for row in rows)
    assert all(re.fullmatch("[a-p]{20}", row["answer_id"]) for row in rows), "no spreadsheet takes it for a number"
    assert len({row["answer_id"] for row in rows}) == len(told)


def test_the_same_answers_line_by_line_as_json(house: House) -> None:
    with writing(house) as conn:
        resident(conn, house.keys, *ADA, address="4711")
    table = rows_of(exported(house, "answers", "csv"))
    lines = [json.loads(line) for line in exported(house, "answers", "jsonl").decode().splitlines()]
    assert [list(line) for line in lines] == [ANSWERS] * len(table)
    as_text = [{name: "" if value is None else str(value) for name, value in line.items()} for line in lines]
    assert as_text == table
    assert {type(line["score"]) for line in lines} == {int}
    assert {line["value"] for line in lines if line["item"] == "worry"} == {None}


def test_nothing_in_a_file_leads_to_a_person(house: House) -> None:
    with writing(house) as conn:
        people = [resident(conn, house.keys, *ADA, address=f"99887766{n:02}") for n in range(20)]
    for form in ("csv", "jsonl"):
        data = exported(house, "answers", form).decode()
        assert not [one for one in people if one in data]
        assert "99887766" not in data
        assert "12345678" not in data


def test_the_order_of_the_file_is_not_the_order_of_answering(house: House) -> None:
    with writing(house) as conn:
        people = crowd(conn, [{"growth": "a"}] * 200, "p")
    rows = rows_of(exported(house, "answers", "csv"))
    in_turn = [house.keys.pseudonym(one) for one in people]
    told = [row["participant"] for row in rows]
    assert sorted(told) == sorted(in_turn)
    assert told != in_turn
    assert [row["answer_id"] for row in rows] == sorted(row["answer_id"] for row in rows)


def test_words_may_be_quoted_only_where_the_person_said_so(house: House) -> None:
    dream = Answered("", "dream", "text", "answered", text="Meer bomen", method="text")
    with writing(house) as conn:
        for number, consent in enumerate([[], [quotable(False)], [quotable(False), quotable()]]):
            resident(conn, house.keys, dream, *consent, address=str(number))
        moderated(conn)
    rows = rows_of(exported(house, "answers", "csv"))
    assert sorted(row["may_quote"] for row in rows) == ["0", "0", "1"]
    assert {(row["text"], row["text_masked"], row["text_state"]) for row in rows} == {("Meer bomen", "0", "passed")}


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (datetime(2026, 3, 14, 15, 59, 59, 999_999, tzinfo=UTC), "2026-03-14T15:00:00Z"),
        (datetime(2026, 6, 1, 12, 0, tzinfo=UTC), "2026-06-01T12:00:00Z"),
    ],
)
def test_times_are_rounded_down_to_the_hour(house: House, moment: datetime, told: str) -> None:
    with writing(house) as conn:
        resident(conn, house.keys, position("growth", "a"), address="1", at=moment)
    assert {row["answered_at"] for row in rows_of(exported(house, "answers", "csv"))} == {told}


def test_own_words_leave_only_after_somebody_read_them(house: House) -> None:
    dream = Answered("", "dream", "text", "answered", text="Meer bomen op 06 12345678", method="text")
    with writing(house) as conn:
        resident(conn, house.keys, dream, address="1")
    (row,) = rows_of(exported(house, "answers", "csv"))
    assert (row["text"], row["text_masked"], row["text_state"]) == ("", "0", "waiting")
    (wide,) = rows_of(exported(house, "participants", "csv"))
    assert wide["dream"] == ""
    with writing(house) as conn:
        moderated(conn, "refused")
    assert rows_of(exported(house, "answers", "csv")) == []


# ---------------------------------------------------------------- nasty text

NASTY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.lists(st.tuples(NASTY, st.one_of(st.none(), st.integers()), NASTY), max_size=6))
def test_any_text_survives_a_small_csv(rows: list[tuple[str, int | None, str]]) -> None:
    columns = ("one", "two", "three")
    read = list(csv.reader(io.StringIO(csv_text(columns, rows), newline="")))
    assert read == [list(columns), *([a, "" if b is None else str(b), c] for a, b, c in rows)]


def test_nasty_words_come_back_from_the_database(house: House) -> None:
    words = [
        "=1+1",
        '"',
        '""',
        "a\r\nb",
        "a\rb",
        "\n",
        ";,\t",
        "’t Vriethof 🌳",
        "\u2028\u0085",
        "+31",
        "-",
        "e\u0301",
        "\ufeff",
    ]
    with writing(house) as conn:
        for number, text in enumerate(words):
            own = Answered("", "dream", "text", "answered", text=text, method="text")
            resident(conn, house.keys, own, address=str(number))
        moderated(conn)
    assert sorted(row["text"] for row in rows_of(exported(house, "answers", "csv"))) == sorted(words)
    lines = exported(house, "answers", "jsonl").decode().splitlines()
    assert sorted(json.loads(line)["text"] for line in lines) == sorted(words)


# ---------------------------------------------------------------- what points at a person


@pytest.mark.parametrize(
    ("told", "masked"),
    [
        ("Bel 06-12345678 of 043-3505050.", "Bel [phone] of [phone]."),
        ("+31 6 1234 5678, 0032 475 12 34 56", "[phone], [phone]"),
        ("mijn bsn is 111222333", "mijn bsn is [bsn]"),
        ("bsn 123.456.782!", "bsn [bsn]!"),
        ("NL91 ABNA 0417 1643 00 is van mij", "[iban] is van mij"),
        ("be71096123456769", "[iban]"),
        ("mail jan.jansen+x@gmail.com.", "mail [email]."),
        ("@jan_de_v op insta", "[handle] op insta"),
        ("zie https://t.me/x?y=1, of facebook.com/jan", "zie [link], of [link]"),
        ("Dorpsstraat 12, 6211 AB Maastricht", "Dorpsstraat [address] Maastricht"),
        ("6211ab 12", "[address]"),
    ],
)
def test_what_points_at_a_person_is_masked(told: str, masked: str) -> None:
    assert mask(told) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "told",
    [
        "120.000 tot 124.000 inwoners in 2040",
        "€ 1.250.000.000 voor 2030, 2040 en 2050",
        "IN 2040 IS ALLES GROEN",
        "tussen 1000 en 2000 huizen",
        "mooi.de stad",
        "100000000 keer",
        "A2 bij 6229, 9 van de 10",
        "",
    ],
)
def test_figures_of_the_dialogue_are_left_alone(told: str) -> None:
    assert mask(told) == told


@given(st.text(max_size=60))
def test_masking_twice_changes_nothing_more(told: str) -> None:
    assert mask(mask(told)) == mask(told)


def test_masking_stays_quick_on_text_made_to_be_slow() -> None:
    began = datetime.now(UTC)
    for piece in ("a-", "0 ", "a.b", "NL91 ", "@", "www.", "+31", "(043) ", "1-", "6211 AB "):
        mask(piece * (4096 // len(piece)))
    assert datetime.now(UTC) - began < timedelta(seconds=5)


# ---------------------------------------------------------------- the codebook


def book(content: Content) -> list[dict[str, object]]:
    columns = codebook.columns(content)
    return [dict(zip(columns, row, strict=True)) for row in codebook.rows(content, "dreams")]


def test_the_codebook_as_csv_and_json_is_the_same(house: House, content: Content) -> None:
    as_csv = rows_of(exported(house, "codebook", "csv"))
    as_json = json.loads(exported(house, "codebook", "json"))
    assert list(as_csv[0]) == CODEBOOK
    assert [{k: "" if v is None else str(v) for k, v in one.items()} for one in as_json] == as_csv
    assert as_json == book(content)


def test_a_withdrawn_choice_keeps_its_place_in_the_codebook_and_tells_its_last_version(content: Content) -> None:
    changed = without_argument(withdrawn(content, "values", "justice"), "growth", "a1")
    before, after = book(content), book(changed)
    places = [(one["table"], one["column"], one["code"], one["label_nl"]) for one in before]
    assert [(one["table"], one["column"], one["code"], one["label_nl"]) for one in after] == places
    ended = {(one["column"], one["code"]): one["version_last"] for one in after if one["version_last"]}
    assert {("code", "justice"): 1, ("values", "justice"): 1, ("code", "a1"): 2}.items() <= ended.items()
    assert ended["growth_reason_a1", "1"] == 2
    assert ("values", "quality") not in ended
    assert ("growth_reason_a2", "1") not in ended


def test_every_column_of_the_answers_is_in_the_codebook_in_order(content: Content) -> None:
    told = [str(one["column"]) for one in book(content) if one["table"] == "answers"]
    assert list(dict.fromkeys(told)) == ANSWERS


def test_the_columns_of_participants_follow_from_the_content(content: Content) -> None:
    told = list(dict.fromkeys(str(one["column"]) for one in book(content) if one["table"] == "participants"))
    fixed = "participant round status language channel setting group started_at finished_at content_version pace"
    items = "dream worry weighs_most values values_text neighbourhood age relation"
    each = "position shown_first reason_a1 reason_a2 reason_b1 reason_b2 importance position_after"
    dilemmas = "growth inner_city space society digital care"
    expected = f"{fixed} {items}".split()
    expected += [f"{dilemma}_{name}" for dilemma, name in product(dilemmas.split(), each.split())]
    assert told == expected


def test_every_row_of_the_codebook_has_words_in_every_language(content: Content) -> None:
    for one in book(content):
        for language in content.languages:
            assert one[f"question_{language}"], one
            assert one[f"label_{language}"] or not one["code"], one
        assert (one["review_nl"], one["review_en"]) == ("source", "translated")
        assert one["review_li"] in ("unreviewed", "reviewed")
        assert one["version_first"] == 1


def test_a_code_means_one_thing_for_ever(content: Content) -> None:
    """The signs that a reader of a file depends on, written out by hand."""
    rows = book(content)
    growth = {one["code"]: one["label_en"] for one in rows if one["column"] == "growth_position"}
    assert growth == {
        "1": "Grow",
        "2": "Rather grow",
        "3": "In between",
        "4": "Rather stay the same size",
        "5": "Stay the same size",
        "-1": "skipped",
        "-2": "don’t know",
        "-4": "neither",
        "-5": "rather not said",
    }
    title = content.dilemmas["growth"].title["en"]
    chosen = {one["code"]: one["label_en"] for one in rows if one["column"] == "code" and one["question_en"] == title}
    assert chosen == dict(zip(POSITIONS, list(growth.values())[:5], strict=True))
    ticked = {one["code"]: one["label_en"] for one in rows if one["column"] == "care_reason_a1"}
    assert {code: ticked[code] for code in ("1", "0", "-1")} == {
        "1": "ticked",
        "0": "seen and not ticked",
        "-1": "skipped",
    }
    age = [one["code"] for one in rows if (one["table"], one["column"]) == ("participants", "age")]
    assert age == ["16_17", "18_24", "25_44", "45_64", "65_79", "80_plus", "-1", "-2", "-4", "-5", "-6"]


def test_every_code_in_the_answers_is_explained(house: House, content: Content) -> None:
    facts: list[Fact] = [position(dilemma, code) for dilemma in content.dilemmas for code in POSITIONS]
    facts += [
        Answered(one.code, "reasons", "multi", "answered", tuple(reason.code for reason in one.reasons()))
        for one in content.dilemmas.values()
    ]
    facts += [
        Answered(code, "importance", "scale5", "answered", (str(n),)) for code in content.dilemmas for n in (1, 5)
    ]
    for item in content.items.values():
        facts += [
            Answered("", item.code, item.kind, "answered", (option.code,))
            for option in item.options
            if item.code != "importance"
        ]
    facts += [Answered("", "weighs_most", "single", "answered", (code,)) for code in content.rounds["dreams"].dilemmas]
    facts += [Answered("growth", "reason_text", "text", "answered", text="zo", method="text"), *ADA]
    with writing(house) as conn:
        resident(conn, house.keys, *facts, address="1")
    known = {(one["column"], one["code"]) for one in book(content) if one["table"] == "answers"}
    loose = (
        "answer_id",
        "participant",
        "value",
        "text",
        "score",
        "group",
        "revision",
        "answered_at",
        "content_version",
    )
    coded = [column for column in ANSWERS if column not in (*loose, "argument")]
    for row in rows_of(exported(house, "answers", "csv")):
        for column in coded:
            for code in row[column].split():
                assert (column, code) in known, (column, code)


# ---------------------------------------------------------------- what is not there


def test_what_is_not_there_is_said(house: House) -> None:
    with pytest.raises(NoSuchTable, match="there are answers, participants, codebook, summary"):
        exported(house, "votes", "csv")
    with pytest.raises(NoSuchTable, match="as csv, excel-csv, jsonl, xlsx, parquet, not as xml"):
        exported(house, "answers", "xml")
    for form in ("json", "csv"):
        with pytest.raises(NothingReleased):
            exported(house, "summary", form)


def test_a_round_without_answers_is_a_file_with_a_heading(house: House) -> None:
    assert exported(house, "answers", "csv") == ",".join(ANSWERS).encode() + b"\r\n"
    assert exported(house, "answers", "jsonl") == b""
