"""What is kept about someone, in words and in their language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from content import Content
from conversations.goodbye import labels, title
from conversations.shapes import Progress


def describe(kept: Mapping[str, Any], progress: Progress, content: Content) -> str:
    """The lines under `/mydata`: the code, the channel, each consent and each answer with its revisions."""
    words, walk = content.words(progress.language), kept["dialogue"]
    lines = [
        words("mydata.code", value=kept["participant"]),
        words("mydata.about", language=walk["language"], channel=walk["channel"], started=walk["started_at"][:10]),
    ]
    for contact in kept["contact"]:
        lines.append(words("mydata.reach", value=contact["address"] or words("mydata.no_reach")))
    for consent in kept["consents"]:
        said = words("mydata.yes" if consent["yes"] else "mydata.no")
        lines.append(f"{title(consent['purpose'], content, progress.language)}: {said}")
    lines += [_answer(row, progress, content) for row in kept["answers"]]
    return "\n".join(lines)


def _answer(row: Mapping[str, Any], progress: Progress, content: Content) -> str:
    words = content.words(progress.language)
    item = row["item"].removesuffix("_text") if row["item"] != "reason_text" else "reasons"
    at = f"{row['dilemma']}.{item}" if row["dilemma"] else item
    if row["status"] != "answered":
        said = words(f"given.{row['status']}")
    elif row["text"]:
        said = f"“{row['text']}”"
    else:
        known = dict(labels(row["dilemma"], item, progress, content))
        said = ", ".join(known.get(code, code) for code in row["code"].split()) or words("given.own_words")
    if not row["current"]:
        said = words("mydata.earlier", value=said)
    return f"{title(at, content, progress.language)}: {said}"
