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
                "agreement": self._agreement(code),
                "differences": " ".join(self._differences(code)),
                "splits": list(self._tables(code, figure)),
            }

    def _agreement(self, code: str) -> str:
        """In words what Van der Eijk's A says, with the figure behind it."""
        found = self._summary.get("statistics", {}).get("dilemmas", {}).get(code, {}).get("agreement")
        if found is None:
            return ""
        how = "agree" if found > 1 / 3 else "apart" if found < -1 / 3 else "spread"
        return self._words(f"results.{how}", a=f"{found:.2f}")

    def _differences(self, code: str) -> Iterator[str]:
        """The splits in which groups differ by more than chance, clearest first."""
        sides = {side: pole.label[self._language] for side, pole in self._content.dilemmas[code].sides.items()}
        for one in self._summary.get("statistics", {}).get("differences", ()):
            if one["dilemma"] == code and one["clear"]:
                most, least = (self._group(one["by"], one[name]) for name in ("most_a", "least_a"))
                by = self._words(f"council.by.{one['by']}")
                yield self._words("results.differ", by=by, side=sides["a"], most=most, least=least)

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
