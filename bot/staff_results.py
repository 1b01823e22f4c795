"""What a release says, question by question, for the desk: the split, how much people agree, and who differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.staff_council import FROM_A_TO_B, Sheet
from storage.ladders import levels


class Results(Sheet):
    """The questions of a release as the page shows them."""

    def dilemmas(self) -> Iterator[dict[str, Any]]:
        """Each question: its picture and table as on the council sheet, and what sets groups apart."""
        for code, figure in self._summary["dilemmas"].items():
            yield {
                "code": code,
                **self._dilemma(code, figure),
                "differences": list(self._differences(code)),
                "splits": list(self._tables(code, figure)),
            }

    def _differences(self, code: str) -> Iterator[str]:
        """The splits in which groups differ by more than chance, clearest first; a line where there are none."""
        compared = self._compared(code)
        for one in compared:
            if one["clear"]:
                strict = one.get("design_effect", 1)
                more = f" {self._words('results.strict', n=self._number(strict, 1))}" if strict > 1 else ""
                yield self._words("council.differ", **self._differs(one)) + more
        if not any(one["clear"] for one in compared):
            yield self._words("results.no_differences" if compared else "council.nothing_to_compare")

    def _tables(self, code: str, figure: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Each split by groups as a table; an empty one where none of it may be shown."""
        labels = self._labels(self._content.dilemmas[code])
        for by in levels(self._content):
            rows = {
                group: row for group, row in figure.get("by", {}).get(by, {}).get("groups", {}).items() if row["base"]
            }
            there = [one for one in FROM_A_TO_B if any(one in row["counts"] for row in rows.values())]
            yield {
                "title": self._words(f"council.by.{by}"),
                "labels": [labels[one] for one in there],
                "groups": [
                    (self._group(by, group), row["base"], [row["counts"].get(one) for one in there])
                    for group, row in rows.items()
                ],
            }
