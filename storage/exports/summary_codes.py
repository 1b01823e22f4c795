"""What the codes of a summary mean, as a table for the read-me of a bundle.

The names of groups are those the dialogue uses; the other codes stand in summary_codes.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from content import Content
from content.groups import group_name
from storage import ladders

FILE = Path(__file__).with_name("summary_codes.yaml")


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
            yield f"group ({by})", group, group_name(content, by, group, language)
