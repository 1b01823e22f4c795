"""What the codes of a summary mean, as a table for the read-me of a bundle.

The names of groups are those the dialogue uses; the other codes stand in summary_codes.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from content import Content
from storage import ladders

FILE = Path(__file__).with_name("summary_codes.yaml")
# Where the answers a split is by come from.
ITEMS = {"district": "neighbourhood"}


def table(content: Content, language: str) -> str:
    """Rows of Markdown: the column, the code, and what it means."""
    told: Mapping[str, Mapping[str, Mapping[str, str]]] = yaml.safe_load(FILE.read_text("utf8"))
    fixed = ((column, code, one[language]) for column, codes in told.items() for code, one in codes.items())
    rows = (*fixed, *_groups(content, language))
    return "\n".join(f"| `{column}` | `{code}` | {meaning} |" for column, code, meaning in rows)


def _groups(content: Content, language: str) -> Iterator[tuple[str, str, str]]:
    """Every group of every step, with what it adds up; a code that is in two steps stands there once."""
    for by, steps in ladders.levels(content).items():
        groups = dict.fromkeys(group for step in steps for group in step.groups)
        for group in groups:
            yield f"group ({by})", group, name(content, by, group, language)


def name(content: Content, by: str, group: str, language: str) -> str:
    """A group in words: as its answer or district is called, or what groups are called when they are added up."""
    item = content.items.get(ITEMS.get(by, by))
    named = {one.code: one.label for one in item.options} if item else {}
    named |= {one.code: one.label for one in item.districts} if item else {}
    return named[group][language] if group in named else content.words(language)(f"group.{group}")
