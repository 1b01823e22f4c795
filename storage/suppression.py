"""Which cells of a table are hidden, so that nobody can work out a small one from the others and the totals.

A table is rows of counts whose totals, of every row and column, are known. Cells of 1 to SMALL - 1 are
hidden, and others with them until each hidden cell may be any of a range of numbers at least SMALL wide.
That range is exact: in a table with its totals, what one cell gains must go round a cycle of hidden
cells, so the most it can gain or lose is a flow through them. `storage.interval` finds the same ranges
by linear programming, as a check that shares no code with this one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product

SMALL = 5
# A group of fewer than CROWD people in which one answer holds ALIKE of them tells what each of them said.
CROWD = 50
ALIKE = 0.9

Table = Sequence[Sequence[int]]
Cell = tuple[int, int]


def small(people: int, enough: int = SMALL) -> bool:
    """Whether a cell is about too few people to be shown. An empty one is about nobody."""
    return 0 < people < enough


def alike(cells: Collection[int], people: int | None = None) -> bool:
    """Whether so few people (the sum of the cells, where `people` is not given) gave nearly all one answer."""
    total = sum(abs(n) for n in cells) if people is None else people
    return 0 < total < CROWD and max((abs(n) for n in cells), default=0) >= ALIKE * total


def hide(table: Table, enough: int = SMALL, unprinted: Collection[int] = ()) -> frozenset[Cell] | None:
    """The cells to hide; None when the table cannot be protected, whatever is hidden: as where a row with a small
    cell holds fewer than `enough` people.

    `unprinted` are rows that are not shown, but follow from the totals: hiding a cell of those costs nothing.
    """
    first = {cell for cell in _cells(table) if small(table[cell[0]][cell[1]], enough)}
    hidden = set(first)
    while weak := [cell for cell in sorted(hidden) if _width(table, hidden, cell, enough) < enough]:
        more = _cheapest(table, hidden, weak[0], enough, unprinted)
        if not more:
            hidden = _everything(table, first, enough)
            break
        hidden |= more
    if not first <= hidden:
        return None
    # What a later step made superfluous is shown after all, the largest first.
    for cell in sorted(hidden - first, key=lambda cell: (-_cost(table, cell, unprinted), cell)):
        fewer = hidden - {cell}
        if all(_width(table, fewer, other, enough) >= enough for other in fewer):
            hidden = fewer
    return frozenset(hidden)


def interval(table: Table, hidden: Collection[Cell], cell: Cell) -> tuple[int, int]:
    """The least and the most a hidden cell can be, for who knows all that is shown."""
    here, most = table[cell[0]][cell[1]], sum(map(sum, table))
    return here - _loss(table, hidden, cell, most), here + _gain(table, hidden, cell, most)


# ---------------------------------------------------------------- inside


def _cells(table: Table) -> Iterator[Cell]:
    return product(range(len(table)), range(len(table[0]) if table else 0))


def _width(table: Table, hidden: Collection[Cell], cell: Cell, enough: int) -> int:
    """How wide the range of a cell is, counted up to `enough`."""
    loss = _loss(table, hidden, cell, enough)
    return loss + (_gain(table, hidden, cell, enough - loss) if loss < enough else 0)


def _gain(table: Table, hidden: Collection[Cell], cell: Cell, limit: int) -> int:
    """The row must lose elsewhere what this cell gains, and so must the column."""
    row, column = cell
    return _flow(table, hidden, cell, ("row", row), ("column", column), limit)


def _loss(table: Table, hidden: Collection[Cell], cell: Cell, limit: int) -> int:
    row, column = cell
    most = min(table[row][column], limit)
    return _flow(table, hidden, cell, ("column", column), ("row", row), most)


Node = tuple[str, int]


def _flow(table: Table, hidden: Collection[Cell], without: Cell, start: Node, end: Node, limit: int) -> int:
    """How much can go from one end to the other through hidden cells: from a row to a column a cell loses
    (at most what it holds), from a column to a row it gains (as much as one likes).
    """
    left = {cell: table[cell[0]][cell[1]] for cell in hidden if cell != without}
    beside: dict[Node, list[Cell]] = {}
    for cell in sorted(left):
        beside.setdefault(("row", cell[0]), []).append(cell)
        beside.setdefault(("column", cell[1]), []).append(cell)
    done = 0
    while done < limit and (path := _path(left, beside, start, end)):
        losing = [cell for cell, loses in path if loses]
        step = min([limit - done, *(left[cell] for cell in losing)])
        for cell, loses in path:
            left[cell] += -step if loses else step
        done += step
    return done


def _path(
    left: Mapping[Cell, int], beside: Mapping[Node, Sequence[Cell]], start: Node, end: Node
) -> list[tuple[Cell, bool]]:
    """The shortest way, as cells and whether each loses; empty when there is none."""
    came: dict[Node, tuple[Node, Cell, bool]] = {}
    waiting = deque([start])
    while waiting and end not in came:
        here = waiting.popleft()
        loses = here[0] == "row"
        for cell in beside.get(here, ()):
            there = ("column", cell[1]) if loses else ("row", cell[0])
            if there != start and there not in came and (left[cell] or not loses):
                came[there] = (here, cell, loses)
                waiting.append(there)
    path = []
    while end in came:
        end, cell, loses = came[end]
        path.append((cell, loses))
    return path


def _everything(table: Table, first: Collection[Cell], enough: int) -> set[Cell]:
    """All cells but those that can be worked out anyway; nothing when one of the first can."""
    hidden = set(_cells(table))
    while weak := {cell for cell in hidden if _width(table, hidden, cell, enough) < enough}:
        hidden = set() if weak.intersection(first) else hidden - weak
    return hidden


def _cheapest(
    table: Table, hidden: Collection[Cell], cell: Cell, enough: int, unprinted: Collection[int]
) -> set[Cell] | None:
    """The corners of the rectangle with this cell that protects it at the least cost; where none does, the
    one that protects it best.
    """
    row, column = cell
    found: tuple[tuple[bool, float], set[Cell]] | None = None
    for other_row, other_column in product(range(len(table)), range(len(table[0]))):
        if other_row == row or other_column == column:
            continue
        corners = {(row, other_column), (other_row, column), (other_row, other_column)}
        new = corners - set(hidden)
        if not new:
            continue
        gain = min(table[row][other_column], table[other_row][column])
        width = gain + min(table[row][column], table[other_row][other_column])
        cost = sum(_cost(table, one, unprinted) for one in new)
        rank = (width < enough, cost if width >= enough else cost - 1000 * width)
        if found is None or rank < found[0]:
            found = rank, new
    return found[1] if found else None


def _cost(table: Table, cell: Cell, unprinted: Collection[int]) -> int:
    """People hidden, and one for the cell; nothing where nobody would have seen it."""
    return 0 if cell[0] in unprinted else table[cell[0]][cell[1]] + 1
