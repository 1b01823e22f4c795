"""What every column and every code of the exports means, in all content versions and languages.

One row a code; a column without codes has one row with an empty `code`. Made from the content files
alone, never from the data, so that it does not change with who answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from content import Content
from content.catalogue import SOURCE
from content.model import Dilemma, Strict, Text, Versioned
from conversations.dilemma import inside
from conversations.shapes import POSITIONS

FILE = Path(__file__).with_suffix(".yaml")
ROUND_ITEMS = ("dream", "worry", "weighs_most", "values", "values_text", "neighbourhood", "age", "relation")
GENERALISED = ("age", "relation")

Row = tuple[str | int | None, ...]


class _Column(Strict):
    type: Literal["string", "integer", "datetime"]
    measure: Literal["nominal", "ordinal", "scale", "text"]
    codes: str = ""
    question: Text


class _Book(Strict):
    answers: Mapping[str, _Column]
    participants: Mapping[str, _Column]
    per_dilemma: Mapping[str, _Column]
    codes: Mapping[str, Mapping[str, Text]]


@dataclass(frozen=True)
class _Meaning:
    """A code, its label, and the question it answers where that is not the column's own."""

    code: str
    label: Text | None
    question: Text | None = None
    since: int = 1
    until: int | None = None


@cache
def _book() -> _Book:
    return _Book.model_validate(yaml.safe_load(FILE.read_text("utf8")))


def answer_columns() -> tuple[str, ...]:
    """The columns of the table of answers, in the order of every export."""
    return tuple(_book().answers)


def columns(content: Content) -> tuple[str, ...]:
    """The codebook's own columns."""
    by_language = [f"{what}_{language}" for what in ("label", "question") for language in content.languages]
    reviews = [f"review_{language}" for language in content.languages]
    return ("table", "column", "type", "measure", "code", *by_language, "version_first", "version_last", *reviews)


def rows(content: Content, round_code: str) -> Iterator[Row]:
    """The codebook of one round, under `columns`. KeyError for a round that is not in the content."""
    book, languages = _book(), content.languages
    asked = [content.dilemmas[code] for code in _asked(content, round_code)]
    made = {
        "rounds": [_Meaning(code, one.title, since=one.since, until=one.until) for code, one in content.rounds.items()],
        "dilemmas": [_Meaning(one.code, one.short, since=one.since, until=one.until) for one in asked],
        "items": _items(content),
        "languages": [_Meaning(code, _words(content, f"language.{code}")) for code in languages],
        "choices": [one for dilemma in asked for one in _choices(dilemma, content)],
    }

    made["choices"] += _round_choices(content, round_code)

    def listed(name: str) -> list[_Meaning]:
        return made[name] if name in made else _fixed(name) if name else []

    for name, column in book.answers.items():
        yield from _rows("answers", name, column, listed(column.codes), languages)
    for name, column in book.participants.items():
        yield from _rows("participants", name, column, listed(column.codes), languages)
    for name, column, meanings in _item_columns(content, round_code):
        yield from _rows("participants", name, column, meanings, languages)
    for dilemma in asked:
        for name, column, meanings in _dilemma_columns(dilemma, content):
            yield from _rows("participants", f"{dilemma.code}_{name}", column, meanings, languages)


def code_order(content: Content) -> Callable[[str, str, str], str]:
    """A function from (dilemma, item, codes separated by spaces) to the same codes in codebook order."""
    order: dict[tuple[str, str], dict[str, int]] = {}
    for dilemma in content.dilemmas.values():
        order[dilemma.code, "reasons"] = {reason.code: place for place, reason in enumerate(dilemma.reasons())}
    for item in content.items.values():
        order["", item.code] = {option.code: place for place, option in enumerate(item.options)}

    def sort(dilemma: str, item: str, codes: str) -> str:
        if " " not in codes:
            return codes
        place = order.get((dilemma, item), {})
        return " ".join(sorted(codes.split(" "), key=lambda one: (place.get(one, len(place)), one)))

    return sort


# ---------------------------------------------------------------- the columns of questions


def _asked(content: Content, round_code: str) -> tuple[str, ...]:
    here = content.rounds[round_code]
    return (*here.dilemmas, *here.after_goodbye)


def _item_columns(content: Content, round_code: str) -> Iterator[tuple[str, _Column, list[_Meaning]]]:
    known = [*content.items, "values_text"]
    later = [name for name in known if name not in ROUND_ITEMS and name != "importance"]
    for name in (*(one for one in ROUND_ITEMS if one in known), *later):
        item = content.items.get(name)
        kind = item.kind if item else "text"
        question = item.question if item else _book().codes["items"][name]
        column = _Column(
            type="string",
            measure="text" if kind == "text" else "ordinal" if name == "age" else "nominal",
            question=question,
        )
        codes = [replace(one, question=None) for one in _round_choices(content, round_code, only=name)]
        within = (item,) if item else ()
        codes += _fixed("nonresponse", *within) + (_fixed("generalised", *within) if name in GENERALISED else [])
        yield name, column, ([] if codes and kind != "text" else [_Meaning("", None)]) + codes


def _dilemma_columns(dilemma: Dilemma, content: Content) -> Iterator[tuple[str, _Column, list[_Meaning]]]:
    def column(question: Text, measure: Literal["nominal", "ordinal"] = "ordinal") -> _Column:
        return _Column(type="integer", measure=measure, question=question)

    def numbered(meanings: Iterable[_Meaning]) -> list[_Meaning]:
        scale = [replace(one, code=str(number), question=None) for number, one in enumerate(meanings, 1)]
        return scale + _fixed("nonresponse", dilemma)

    positions = numbered(_positions(dilemma, content))
    yield "position", column(dilemma.title), positions
    for name, fixed in _book().per_dilemma.items():
        yield name, fixed, _fixed(fixed.codes, dilemma)
    for reason in dilemma.reasons():
        ticked = _fixed("ticked", dilemma, reason) + _fixed("nonresponse", dilemma, reason)
        yield f"reason_{reason.code}", column(reason.text, "nominal"), ticked
    if "importance" in content.items:
        yield "importance", column(_importance(dilemma, content)), numbered(_importances(dilemma, content))
    title, after = dilemma.title, _book().codes["items"]["position_after"]
    later = _each(content, lambda language: f"{title[language]} ({after[language]})", based_on=after)
    yield "position_after", column(later), positions


# ---------------------------------------------------------------- the codes of questions


def _choices(dilemma: Dilemma, content: Content) -> list[_Meaning]:
    key, title = "reasons.question", dilemma.title
    asked = _each(content, lambda language: f"{title[language]} {content.words(language)(key)}", key, title)
    reasons = [_Meaning(one.code, one.text, asked, *_span(dilemma, one)) for one in dilemma.reasons()]
    return [*_positions(dilemma, content), *reasons, *_importances(dilemma, content)]


def _positions(dilemma: Dilemma, content: Content) -> list[_Meaning]:
    def rather(side: Literal["a", "b"]) -> Text:
        key, pole = "position.rather", dilemma.sides[side].label
        return _each(content, lambda one: content.words(one)(key, label=inside(pole[one])), key, pole)

    between = _words(content, "position.between")
    labels = (dilemma.sides["a"].label, rather("a"), between, rather("b"), dilemma.sides["b"].label)
    return [
        _Meaning(code, label, dilemma.title, dilemma.since, dilemma.until)
        for code, label in zip(POSITIONS, labels, strict=True)
    ]


def _importance(dilemma: Dilemma, content: Content) -> Text:
    question = content.items["importance"].question
    return _each(content, lambda one: question[one].format(dilemma=dilemma.short[one]), based_on=question)


def _importances(dilemma: Dilemma, content: Content) -> list[_Meaning]:
    if "importance" not in content.items:
        return []
    question, item = _importance(dilemma, content), content.items["importance"]
    return [_Meaning(one.code, one.label, question, *_span(item, one)) for one in item.options]


def _span(*within: Versioned) -> tuple[int, int | None]:
    """The first and the last content version that held all of these: a question and a choice of it."""
    ends = [one.until for one in within if one.until is not None]
    return max((one.since for one in within), default=1), min(ends, default=None)


def _round_choices(content: Content, round_code: str, only: str = "") -> list[_Meaning]:
    found: list[_Meaning] = []
    for name, item in content.items.items():
        if name == "importance" or only not in ("", name):
            continue
        choices = [(one.code, one.label, _span(item)) for one in item.districts]
        choices += [(one.code, one.label, _span(item, one)) for one in item.options]
        if name == "weighs_most":
            asked = [content.dilemmas[code] for code in content.rounds[round_code].dilemmas]
            choices = [(one.code, one.short, _span(item, one)) for one in asked]
        found += [_Meaning(code, label, item.question, *span) for code, label, span in choices]
    return found


def _items(content: Content) -> list[_Meaning]:
    fixed = _fixed("items")
    own = [_Meaning(name, one.question, since=one.since, until=one.until) for name, one in content.items.items()]
    return fixed + [one for one in own if one.code != "importance"]


def _fixed(name: str, *within: Versioned) -> list[_Meaning]:
    return [_Meaning(code, label, None, *_span(*within)) for code, label in _book().codes[name].items()]


# ---------------------------------------------------------------- words


def _each(content: Content, say: Callable[[str], str], key: str = "", based_on: Text | None = None) -> Text:
    """A text put together in every language; it is as little reviewed as what it is made of."""
    waiting = any(key in content.words(language).unreviewed for language in content.languages)
    waiting = waiting or (based_on is not None and based_on.review == "unreviewed")
    by = {language: say(language) for language in content.languages}
    return Text(by=by, review="unreviewed" if waiting else "reviewed")


def _words(content: Content, key: str) -> Text:
    return _each(content, lambda language: content.words(language)(key), key)


def _review(texts: Iterable[Text | None], language: str) -> str:
    if language == SOURCE:
        return "source"
    if language == "en":
        return "translated"
    return "unreviewed" if any(one is not None and one.review == "unreviewed" for one in texts) else "reviewed"


def _rows(
    table: str, name: str, column: _Column, meanings: list[_Meaning], languages: tuple[str, ...]
) -> Iterator[Row]:
    for one in meanings or [_Meaning("", None)]:
        question = one.question or column.question
        labels = [one.label.by.get(language, "") if one.label else "" for language in languages]
        questions = [question.by.get(language, "") for language in languages]
        reviews = [_review((one.label, question), language) for language in languages]
        yield (table, name, column.type, column.measure, one.code, *labels, *questions, one.since, one.until, *reviews)
