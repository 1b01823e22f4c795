"""Whether the wide table of a bundle says of everybody what its long one says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from storage.exports.participants import FIXED, GENERALISED, MAY_BE_GENERALISED, NONRESPONSE, NOT_TICKED, TICKED

Row = Mapping[str, str]
Cell = tuple[str, str]


class Answers:
    """What everybody answered, as the cells of `participants.csv` should have it. `columns` are those of that table."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = frozenset(columns).difference(FIXED)
        self._reasons = [one for one in columns if "_reason_" in one]
        # Of all cells of a person only this sum is kept: a million answers fit.
        self._sums: Counter[str] = Counter()
        self._groups: dict[str, set[str]] = {}

    def through(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows of `answers.csv`, remembered as they go by."""
        for row in rows:
            if row["current"] == "1" and not row["argument"]:
                self._sums[row["participant"]] += _sum(self._cells(row))
                if row["setting"] == "group":
                    self._groups.setdefault(row["participant"], set()).add(row["group"])
            yield row

    def differences(self, people: Iterable[Row]) -> Iterator[str]:
        """What the rows of `participants.csv` say otherwise, as one line at most."""
        left, other = self._sums, list[str]()
        for row in people:
            name = row["participant"]
            groups = self._groups.get(name)
            where = row["setting"] == ("group" if groups else "private") and row["group"] in (groups or ("",))
            if left.pop(name, 0) != _sum((one, row[one]) for one in self._columns) or not where:
                other.append(name)
        other += [name for name, n in left.items() if n]
        if other:
            yield f"participants.csv: other answers than answers.csv, of {len(other)} people; the first is {min(other)}"

    def _cells(self, row: Row) -> Iterator[Cell]:
        """The cells that a live row of `answers.csv` fills."""
        answered, name = row["status"] == "answered", "_".join(filter(None, (row["dilemma"], row["item"])))
        if row["item"] == "reasons":
            ticked = row["code"].split()
            for column in self._reasons:
                dilemma, _, reason = column.partition("_reason_")
                if dilemma == row["dilemma"]:
                    seen = TICKED if reason in ticked else NOT_TICKED
                    yield column, seen if answered else NONRESPONSE[row["status"]]
        elif name in self._columns:
            told = {"text": "text", "scale5": "value"}.get(row["kind"], "code")
            left_out = GENERALISED if name in MAY_BE_GENERALISED else ""
            yield name, (row[told] or left_out) if answered else NONRESPONSE[row["status"]]
            if row["item"] == "position":
                yield f"{row['dilemma']}_shown_first", row["shown_first"]


def _sum(cells: Iterable[Cell]) -> int:
    return sum(hash(one) for one in cells if one[1])
