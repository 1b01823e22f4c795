"""What a release says, question by question, for the desk: the split, how much people agree, and who differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.staff_council import COLOURS, FROM_A_TO_B, Sheet, bar
from conversations.goodbye import title
from conversations.shapes import POSITIONS
from storage.ladders import levels
from storage.statistics import agreement, polarisation

# What has a table of its own; how many responded, and how many chose in a group, stands beside how many chose.
BESIDES = ("reasons", "importance", "after_results", "shifts")


class Results(Sheet):
    """The questions of a release as the page shows them."""

    def dilemmas(self) -> Iterator[dict[str, Any]]:
        """Each question: its picture and table as on the council sheet, and in words what sets groups apart."""
        for code, figure in self._summary["dilemmas"].items():
            yield {"code": code, **self._dilemma(code, figure), "differences": list(self._differences(code))}

    def dilemma(self, code: str) -> dict[str, Any]:
        """One question with all that was released of it. Raises KeyError where it is not in the release."""
        figure = self._summary["dilemmas"][code]
        besides = [self._besides(code, item, figure[item]) for item in BESIDES if item in figure]
        return {
            "code": code,
            **self._dilemma(code, figure),
            "differences": list(self._differences(code)),
            "splits": list(self._tables(code, figure)),
            "besides": besides,
        }

    def items(self) -> Iterator[dict[str, Any]]:
        """What was asked about the city as a whole: what weighs most, and the values."""
        options = {one.code: one.label[self._language] for one in self._content.items["values"].options}
        labels = {code: one.short[self._language] for code, one in self._content.dilemmas.items()} | options
        for item, figure in self._summary["items"].items():
            name = title(item, self._content, self._language)
            yield self._table(name, figure, {**labels, "rest": self._words("council.rest")})

    def _besides(self, code: str, item: str, figure: Mapping[str, Any]) -> dict[str, Any]:
        """What is told of a question besides the positions: a row an answer."""
        dilemma, words = self._content.dilemmas[code], self._words
        labels = self._labels(dilemma)
        if item == "reasons":
            sides = {f"side_{side}": words("results.a_reason", side=labels[side]) for side in dilemma.sides}
            labels = {one.code: one.text[self._language] for one in dilemma.reasons()} | sides
        elif item == "importance":
            steps = {step: words(f"results.importance.{step}") for step in ("low", "middle", "high")}
            labels = {one.code: one.label[self._language] for one in self._content.items[item].options} | steps
        elif item == "shifts":
            moved = {f"towards_{side}": words("results.towards", side=labels[side]) for side in dilemma.sides}
            arrows = {f"{one}>{other}": f"{labels[one]} → {labels[other]}" for one in labels for other in labels}
            labels = {**arrows, **moved, "same": words("results.same")}
        return self._table(words(f"results.{item}"), figure, labels)

    def _table(self, name: str, figure: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
        """A figure as rows: the answer, how many people (None where that is hidden) and their share of the base.

        Of pairs nobody gave only the others are shown: there are too many.
        """
        base = figure["base"]
        counts = {code: n for code, n in figure["counts"].items() if n != 0 or ">" not in code}
        older = base is not None and figure["as_of"] != self._summary["release"]
        return {
            "title": name,
            "base": base,
            "as_of": self._words("council.as_of", number=figure["as_of"]) if older else "",
            "rows": [(labels[code], n, n / base if n is not None else None) for code, n in counts.items()],
            "hidden": None in counts.values(),
            "note": ""
            if counts
            else self._words("council.hidden" if base is None else "council.only_base", **self._few()),
        }

    def _few(self) -> dict[str, int]:
        return {"n": self._summary["reveal_at"]}

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

    def _spread(self, row: Mapping[str, Any]) -> str:
        """How much a group agrees and how polarised it is, out of what was released of it; empty where that is less
        than all five positions.
        """
        if not _all_five(row):
            return ""
        counts = [row["counts"][one] for one in POSITIONS]
        return "; ".join(self._number(one(counts), 2) for one in (agreement, polarisation))

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
                "labels": [(labels[one], COLOURS[one]) for one in there],
                "spread": any(_all_five(row) for row in rows.values()),
                "groups": [
                    (
                        self._group(by, group),
                        row["base"],
                        [row["counts"].get(one) for one in there],
                        list(bar(row["counts"])) if None not in row["counts"].values() else [],
                        self._spread(row),
                    )
                    for group, row in rows.items()
                ],
            }


def _all_five(row: Mapping[str, Any]) -> bool:
    return row["step"] == "five" and None not in row["counts"].values()
