"""What points at a person in own words is hidden from others, and little else is."""

from __future__ import annotations

import pytest

from bot.desk import Caller, Desk
from bot.house import House
from content import Content
from conversations.hiding import remark
from conversations.shapes import Commanded, Typed
from tests.hidden_examples import examples, measure, read
from tests.test_desk import begin, rows


@pytest.mark.parametrize("part", ["tune", "held"])
def test_nearly_everything_is_found_and_little_is_hidden_in_vain(part: str) -> None:
    found = measure([one for one in examples() if one.part == part])
    assert found.examples >= {"tune": 200, "held": 100}[part]
    assert found.recall >= 0.98
    assert found.false_alarms <= 0.03


@pytest.mark.parametrize("language", ["nl", "en", "li"])
def test_every_language_has_its_examples(language: str) -> None:
    assert measure([one for one in examples() if one.language == language]).recall >= 0.97


def test_an_example_that_is_missed_would_be_noticed() -> None:
    missed = measure([read("<phone>twaalf</phone> uur", "nl", "tune"), read("bel 06-12345678", "nl", "tune")])
    assert (missed.recall, missed.false_alarms) == (0.0, 0.5)


def test_each_kind_has_words_in_each_language(content: Content) -> None:
    for kind in {mark.kind for one in examples() for mark in one.marks}:
        for language in content.languages:
            assert content.words(language)(f"hidden.{kind}")


def test_the_author_is_told_once_which_kinds_are_hidden(content: Content) -> None:
    told = remark("06-12345678 of 06-87654321, jan@example.org", "en", content)
    assert told == "We hide this in your text: a phone number, an e-mail address."
    assert remark("120.000 inwoners in 2040", "en", content) == ""


async def test_the_hidden_text_is_kept_beside_the_original_and_a_correction_only_hidden(
    house: House, desk: Desk
) -> None:
    caller = Caller("telegram", "7001002400", "nl")
    await begin(desk, caller)
    reply = await desk.hear(caller, Typed("Bel 06-12345678"))
    assert "een telefoonnummer" in reply.says[0].intro
    (answer,) = rows(house, "answer")
    assert (answer["text"], answer["masked"]) == ("Bel 06-12345678", "Bel [phone]")
    await desk.hear(caller, Commanded("fout", "mail jan@example.org"))
    (correction,) = rows(house, "correction")
    assert (correction["text"], correction["participant"]) == ("mail [email]", answer["participant"])
