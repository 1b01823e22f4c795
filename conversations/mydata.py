"""What is kept about someone, in words and in their language: every table, each row by its labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from content import Content, formats
from conversations.goodbye import labels, title
from conversations.shapes import Progress

Row = Mapping[str, Any]


def describe(kept: Mapping[str, Any], progress: Progress, content: Content) -> str:
    """The lines under `/mydata`. `kept` is everything, table by table; its times are UTC, ISO 8601."""
    words = content.words(progress.language)
    lines = [words("mydata.code", value=kept["participant"]), *_walk(kept["dialogue"], progress, content)]
    for contact in kept["contact"]:
        lines.append(words("mydata.reach", value=contact["address"] or words("mydata.no_reach")))
    lines += [_consent(row, progress, content) for row in kept["consents"]]
    for row in kept["answers"]:
        question, said = _question(row, progress, content), _said(row, progress, content)
        lines.append(f"{question}: {said} ({_day(row['answered_at'], progress)})")
    of = {row["id"]: row for row in kept["answers"]}
    lines += [_decision(row, of[row["answer"]], progress, content) for row in kept["decisions"]]
    lines += [words("mydata.correction", text=row["text"]) for row in kept["corrections"]]
    lines += [words("mydata.group_seat") for _ in kept["group_seats"]]
    lines += [words("mydata.owed")] if kept["owed_replies"] else []
    lines += [words(f"mydata.notice.{row['kind']}") for row in kept["notices"]]
    return "\n".join(lines)


def labelled(kept: Mapping[str, Any], progress: Progress, content: Content) -> dict[str, Any]:
    """The same data for the file, with what was asked and answered, and the texts agreed to, in words beside it."""
    answers = [
        {**row, "in_words": {"question": _question(row, progress, content), "answer": _said(row, progress, content)}}
        for row in kept["answers"]
    ]
    consents = [
        {**row, "in_words": {"purpose": title(row["purpose"], content, progress.language), **_read(row, content)}}
        for row in kept["consents"]
    ]
    about = content.words(progress.language)("mydata.head")
    return {"about": about, **kept, "consents": consents, "answers": answers}


# ---------------------------------------------------------------- inside


def _walk(row: Row, progress: Progress, content: Content) -> Iterator[str]:
    words = content.words(progress.language)
    yield words(
        "mydata.about",
        language=words(f"language.{row['language']}"),
        channel=words(f"mydata.channel.{row['channel']}"),
        started=_day(row["started_at"], progress),
    )
    if row["finished_at"]:
        yield words("mydata.finished", day=_day(row["finished_at"], progress))
    if row["pace"] == "fast":
        yield words("mydata.fast")
    if row["left_out"]:
        yield words("mydata.left_out")
    if progress.withdrawn:
        yield words("withdrawn.head")


def _consent(row: Row, progress: Progress, content: Content) -> str:
    words = content.words(progress.language)
    return words(
        "mydata.agreed",
        what=title(row["purpose"], content, progress.language),
        said=words("mydata.yes" if row["yes"] else "mydata.no"),
        version=row["version"],
        day=_day(row["at"], progress),
    )


def _read(row: Row, content: Content) -> dict[str, str]:
    """The text that was agreed to, in the language in which it was read."""
    read = content.consents[row["purpose"]].read_in(row["version"])
    return {"text": read.text[row["language"]]}


def _question(row: Row, progress: Progress, content: Content) -> str:
    return title(_at(row), content, progress.language)


def _at(row: Row) -> str:
    item = row["item"].removesuffix("_text") if row["item"] != "reason_text" else "reasons"
    return f"{row['dilemma']}.{item}" if row["dilemma"] else item


def _said(row: Row, progress: Progress, content: Content) -> str:
    words, item = content.words(progress.language), _at(row).rpartition(".")[2]
    if row["status"] != "answered":
        said = words(f"given.{row['status']}")
    elif row["text"]:
        said = f"“{row['text']}”"
    else:
        known = dict(labels(row["dilemma"], item, progress, content))
        said = ", ".join(known.get(code, code) for code in row["code"].split()) or words("given.own_words")
    if row["setting"] == "group":
        said = words("mydata.in_group", said=said)
    return said if row["current"] else words("mydata.earlier", value=said)


def _decision(row: Row, answer: Row, progress: Progress, content: Content) -> str:
    words = content.words(progress.language)
    said = words(f"mydata.{row['verdict']}")
    if row["reason"]:
        said += f", {words('mydata.reason.' + row['reason'])}"
    what = _question(answer, progress, content)
    return words("mydata.decided", what=what, day=_day(row["at"], progress), said=said)


def _day(at: str, progress: Progress) -> str:
    return formats.day(formats.in_the_city(datetime.fromisoformat(at)).date(), progress.language)
