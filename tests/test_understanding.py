"""Typed answers: how many examples are read right, and that what answers nothing chooses nothing."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from content import Content
from conversations.ages import age_band
from conversations.lexicon import lexicon
from conversations.spelling import words
from conversations.typed import clean, read
from conversations.understand import understand
from tests.strange_texts import questions, slipped, strange
from tests.typed_examples import LANGUAGES, PARTS, examples, judge, share

STRANGE = 2_000
ALL_STRANGE = 10_000
SLIPS = 50  # phrases of each question in each language, with one letter swapped, dropped or doubled
# Never-record errors at most; right or acceptable, and right without asking, at least.
# Rounds of examples that go through each kind of answer; the others are whole sentences, and harder.
EACH_KIND = (1, 6)
GOALS = {"tune": (0, 0.97, 0.86), "hard": (8, 0.93, 0.5), "held": (0, 0.94, 0.73)}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_typed_examples_are_read_right(content: Content, language: str, part: str) -> None:
    judged = [judge(one, content) for one in examples(part) if one.language == language]
    wrong, acceptable, plain = share(judged)

    most_wrong, least_acceptable, least_plain = GOALS[part]
    assert wrong <= most_wrong
    assert acceptable >= least_acceptable
    assert plain >= least_plain


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_kind_of_answer_kept_aside_reaches_the_goals(content: Content, language: str) -> None:
    kept = [one for one in examples("held") if one.language == language and one.round in EACH_KIND]
    judged = [judge(one, content) for one in kept]
    wrong, acceptable, plain = share(judged)

    assert wrong == 0
    assert acceptable >= 0.97
    assert plain >= 0.88


def test_there_are_enough_examples_of_each_language() -> None:
    for language in LANGUAGES:
        told = [one for one in examples() if one.language == language]
        assert len(told) >= 300
        assert sum(one.part == "held" for one in told) * 3 >= sum(one.part != "hard" for one in told) * 0.9


def _chosen(content: Content, texts: int, seed: int) -> float:
    """The share of texts that answer nothing and yet choose something, over all questions."""
    dice, asked = random.Random(seed), questions(content)
    each = texts // len(asked) + 1
    read_as = [
        read(clean(text), question, content)
        for question in asked
        for text in islice(strange(question, content, dice), each)
    ]
    return sum(bool(one.choices or one.nonresponse) for one in read_as) / len(read_as)


@pytest.mark.soak
def test_what_answers_nothing_chooses_nothing(content: Content, request: pytest.FixtureRequest) -> None:
    long = "soak" in request.config.getoption("markexpr")

    for seed in range(10 if long else 1):
        assert _chosen(content, ALL_STRANGE if long else STRANGE, seed) <= 0.01


@pytest.mark.parametrize(
    ("text", "year", "code"),
    [
        ("geboren in 1952", 2026, "65_79"),
        ("'08", 2032, "18_24"),
        ("'58", 2026, "65_79"),
        ("bouwjaor 1941", 2026, "80_plus"),
        ("1981", 2026, None),  # 44 or 45: two bands
        ("1981", 2030, "45_64"),
        ("born in 1998", 0, None),  # nobody knows what year it is
        ("zit in 5 havo, ben 16", 2026, "16_17"),
        ("born in 84", 2026, "25_44"),
        ("lichting 06", 2026, "18_24"),
        ("ik ben van 84", 2026, None),  # born in 1984, or 84 years old
        ("student van 20", 2026, "18_24"),
    ],
)
def test_a_year_of_birth_tells_an_age_where_it_is_sure(
    content: Content, text: str, year: int, code: str | None
) -> None:
    assert age_band(text, content.phrases.ages, year) == code


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("tis meschien beter es 't get rösteger is", "rather_b"),
        ("als het moet dan liever rustig", "rather_b"),
        ("beter dan rustig", None),
        ("liever rustig dan levendig", "rather_b"),
        ("I'd prefer a quiet centre to a lively one", "rather_b"),
        ("I prefer quiet to be honest", "b"),
        ("I prefer a lively centre to go to", "a"),
    ],
)
def test_an_if_is_no_than_and_a_to_is_one_behind_prefer(content: Content, text: str, choice: str | None) -> None:
    assert understand(text, "inner_city.position", "nl", "a", content)["choice"] == choice


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Groeien? Nee.", "b"),
        ("mijn vrouw wil groeien, ik niet", "b"),
        ("mijn vrouw wil groeien, ik ook", None),
        ("groeien maar weet niet zeker", "rather_a"),
        ("even groot, maar een beetje groei", "rather_b"),
        ("geen groei meer, de huren zijn belachelijk", "b"),
        ("groei, de huren zijn belachelijk", None),
        ("allebei, er zijn huizen nodig en rust", "between"),
        ("allebei, maar groei", None),
    ],
)
def test_what_stands_behind_an_answer_weakens_turns_or_explains_it(
    content: Content, text: str, choice: str | None
) -> None:
    assert understand(text, "growth.position", "nl", "a", content)["choice"] == choice


def test_a_slip_is_never_read_as_another_choice(content: Content) -> None:
    dice, wrong, seen = random.Random(3), [], 0
    for question in (one for one in questions(content) if one.options):
        known = lexicon(question, content).exact
        told = [(option.code, phrase) for option in question.options for phrase in (option.label, *option.heard)]
        for code, phrase in dice.sample(told, min(SLIPS, len(told))):
            text = slipped(phrase, dice)
            if "".join(words(text)) in known:
                continue
            sides = {one.removeprefix("rather_") for one in read(clean(text), question, content).choices}
            seen += 1
            if sides and code.removeprefix("rather_") not in sides:
                wrong.append((question.at, phrase, text, sides))
    assert len(wrong) <= seen / 1_000, wrong


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("vaste regels. Mijn scooter is geweigerd door een ambtenaar zonder hart", "b"),
        ("vaste regels, dat is voor mijn zoon een ramp gebleken", None),
        ("per persoon, maar wel snelle beslissingen", "rather_a"),
        ("per persoon, maar dat kost te veel", None),
    ],
)
def test_a_sentence_behind_an_answer_is_its_reason_unless_it_points_back(
    content: Content, text: str, choice: str | None
) -> None:
    assert understand(text, "care.position", "nl", "a", content)["choice"] == choice


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("I don't want to live in a big city", None),
        ("I don't want to live next to a highway", None),
        ("I don't want to live in this world", "crisis"),
        ("I don't want to live in a world like this", "crisis"),
        ("I don't want to live", "crisis"),
    ],
)
def test_where_somebody_does_not_want_to_live_is_no_cry(content: Content, text: str, wish: str | None) -> None:
    assert understand(text, "growth.position", "en", "a", content)["wish"] == wish


@pytest.mark.parametrize(("text", "choice"), [("de tweede", "en"), ("nómmer drei", "li"), ("3", None)])
def test_a_language_may_be_told_by_its_rank(content: Content, text: str, choice: str | None) -> None:
    assert understand(text, "language", "nl", "", content)["choice"] == choice


def test_a_second_sentence_for_the_same_side_is_kept_as_the_reason(content: Content) -> None:
    question = next(one for one in questions(content) if one.at == "growth.position")
    text = "Groeien. Meer mensen zijn nodig voor de winkels."

    assert text[read(text, question, content).reason_at :] == "Meer mensen zijn nodig voor de winkels."
