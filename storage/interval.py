"""An audit of what is released: within which interval can somebody work out what is not shown?

By linear programming (HiGHS), over all tables of a dilemma at once, from the published figures alone: who
attacks knows what is shown, every total, and that people are not negative in number. Shares no code with
`storage.suppression`, which it checks. Needs the extra `science`; nothing that serves imports it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from storage.ladders import POSITION, TOTAL, Figure, side

# Codes of one group: what cannot be split further.
Part = Hashable
REST = "the rest"


class NoSolver(Exception):
    """The extra `science` is not installed, or what was published contradicts itself."""


@dataclass(frozen=True)
class Narrow:
    """A hidden cell that can be worked out too well: where, and between which numbers of people it must be."""

    dilemma: str
    by: str
    group: str
    code: str
    low: float
    high: float


def ranges(
    sums: Sequence[tuple[Collection[Part], int]], wanted: Sequence[Collection[Part]]
) -> list[tuple[float, float]]:
    """The least and the most each wanted sum of parts can be, where every one of `sums` is known.

    Raises NoSolver.
    """
    try:
        from scipy.optimize import linprog
        from scipy.sparse import lil_matrix
    except ImportError:
        raise NoSolver("this needs the extra `science`: pip install -e '.[science]'") from None
    places = {part: n for n, part in enumerate(dict.fromkeys(part for parts, _ in sums for part in parts))}
    known = lil_matrix((len(sums), len(places)))
    for row, (parts, _) in enumerate(sums):
        for part in parts:
            known[row, places[part]] = 1
    matrix, totals = known.tocsr(), [total for _, total in sums]
    found = []
    for parts in wanted:
        aim = [0.0] * len(places)
        for part in parts:
            aim[places[part]] = 1.0
        ends = []
        for sign in (1, -1):
            solved = linprog([sign * one for one in aim], A_eq=matrix, b_eq=totals, bounds=(0, None), method="highs")
            if solved.status != 0:
                raise NoSolver(f"no numbers of people fit what was published: {solved.message}")
            ends.append(sign * solved.fun)
        found.append((round(ends[0], 6), round(ends[1], 6)))
    return found


def table_ranges(
    table: Sequence[Sequence[int]], hidden: Collection[tuple[int, int]]
) -> dict[tuple[int, int], tuple[float, float]]:
    """The interval of each hidden cell of one table with the totals of its rows and columns."""
    rows, columns = range(len(table)), range(len(table[0]))
    sums: list[tuple[Collection[Part], int]] = [([(r, c) for c in columns], sum(table[r])) for r in rows]
    sums += [([(r, c) for r in rows], sum(table[r][c] for r in rows)) for c in columns]
    sums += [([(r, c)], table[r][c]) for r in rows for c in columns if (r, c) not in hidden]
    cells = sorted(hidden)
    return dict(zip(cells, ranges(sums, [[cell] for cell in cells]), strict=True))


def audit(summary: Mapping[str, object], enough: int) -> Iterator[Narrow]:
    """What a release tells too well of itself: hidden cells within an interval narrower than `enough`, and what the
    named groups leave over where it must be of 1 to `enough` - 1 people. Raises NoSolver.
    """
    dilemmas: Mapping[str, Figure] = summary["dilemmas"]  # type: ignore[assignment]
    for dilemma, whole in dilemmas.items():
        if whole["as_of"] == summary["release"] and whole["base"] is not None:
            yield from _audit(dilemma, whole, enough)


def _audit(dilemma: str, whole: Figure, enough: int) -> Iterator[Narrow]:
    step = whole["step"] if whole["step"] in ("five", "three") else TOTAL
    codes = tuple(POSITION.cells({}, step)) or (TOTAL,)
    sums: list[tuple[Collection[Part], int]] = []
    wanted: list[tuple[str, str, str, Collection[Part]]] = []
    for by, parts in whole.get("by", {}).items():
        new = {
            group: row
            for group, row in parts["groups"].items()
            if row["as_of"] == whole["as_of"] and row["base"] is not None
        }
        if not new:
            continue
        for code in codes:
            column = [(by, group, code) for group in (*new, REST)]
            sums.append((column, whole["counts"].get(code, whole["base"]) if step != TOTAL else whole["base"]))
        for group, row in new.items():
            sums.append(([(by, group, code) for code in codes], row["base"]))
            unseen = {} if step == TOTAL else dict.fromkeys(codes)
            for name, n in (row["counts"] or unseen).items():
                cells = [(by, group, code) for code in codes if name in (code, side(code))]
                if n is not None:
                    sums.append((cells, n))
                else:
                    wanted.append((by, group, name, cells))
        wanted += [(by, REST, code, [(by, REST, code)]) for code in codes if step != TOTAL]
    for (by, group, name, _), (low, high) in zip(wanted, ranges(sums, [one[3] for one in wanted]), strict=True):
        narrow = high - low < enough
        if narrow and (group != REST or (low > 0 and high < enough)):
            yield Narrow(dilemma, by, group, name, low, high)
