"""The positions on a dilemma, split by groups: which groups are named, in which step, and what is hidden.

What the named groups leave over follows from the figure of all, so it is held to the same rules as they
are, though nobody prints it: large enough, not all alike, no small cell that can be worked out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from storage.ladders import POSITION, TOTAL, Counts, Figure, Level
from storage.succession import NOT_GIVEN, Block, Shot, added, too_near
from storage.suppression import Cell, alike, hide

# People in groups too small to name, as a share of all who told their group, that a step may leave out.
LEFT_OUT = 0.1
# By the step of the figure of all: in which steps a group may be shown beside it.
BESIDE = {"five": ("five", "three"), "three": ("three",)}
NO_GROUPS: Figure = {"step": None, "groups": {}}


@dataclass(frozen=True)
class Asked:
    """What a split is made from: its levels from fine to coarse, positions by what people gave (NOT_GIVEN
    included), the figure of all as it is released with it, what was released of it before, and how many
    people and how large a cell may be shown.
    """

    levels: Sequence[Level]
    counts: Mapping[str, Counts]
    whole: Figure
    past: Sequence[Shot]
    reveal_at: int
    enough: int


@dataclass(frozen=True)
class _Plan:
    """A way to show the split; `clean` when nothing had to be hidden in it."""

    rows: Mapping[str, Figure]
    clean: bool


def split(asked: Asked, last: Figure, number: int) -> Figure:
    """`step` (the level) and `groups`: a figure by group, with a base of None where nothing is shown of it.

    `last` is the split of the release before (NO_GROUPS at first); it is carried on where nothing may be told
    anew, and its level never gets coarser. `number` is that of the release being made.
    """
    if asked.whole["as_of"] != number or asked.whole["base"] is None:
        return last
    names = [level.name for level in asked.levels]
    allowed = asked.levels[: names.index(last["step"]) + 1] if last["step"] in names else asked.levels
    steps = BESIDE.get(asked.whole["step"], ())
    best: tuple[Level, Mapping[str, Figure]] | None = None
    for level in allowed:
        for step in steps:
            plan = _plan(asked, level, step, last)
            if plan and plan.rows:
                best = level, plan.rows
                if plan.clean:
                    return _with(last, *best, number)
    if best is None and (plan := _plan(asked, allowed[-1], TOTAL, last)) and plan.rows:
        best = allowed[-1], plan.rows
    return _with(last, *best, number) if best else last


def shot_of(number: int, whole: Figure, split: Figure, levels: Sequence[Level]) -> Shot | None:
    """What a release told anew of a split, out of its number, its figure of all and its split; None for nothing."""
    level = next((level for level in levels if level.name == split["step"]), None)
    if level is None or whole["as_of"] != number or whole["base"] is None:
        return None
    new = {group: row for group, row in split["groups"].items() if row["as_of"] == number and row["base"] is not None}
    return Shot(whole, {level.members(group): row for group, row in new.items()}) if new else None


# ---------------------------------------------------------------- inside


def _with(last: Figure, level: Level, rows: Mapping[str, Figure], number: int) -> Figure:
    before = last["groups"] if last["step"] == level.name else {}
    nothing: Figure = {"base": None, "step": TOTAL, "counts": {}, "as_of": number}
    groups = {}
    for group in level.groups:
        new = rows.get(group)
        groups[group] = {**new, "as_of": number} if new else before.get(group, nothing)
    return {"step": level.name, "groups": groups}


def _plan(asked: Asked, level: Level, step: str, last: Figure) -> _Plan | None:
    """The groups of this level that may be shown in this step; None where that is not possible."""
    before = {group: row for group, row in last["groups"].items() if row["base"] is not None}
    earlier = before if last["step"] == level.name else {}
    members = {group: level.members(group) for group in level.groups}
    people = {group: added(asked.counts, block) for group, block in members.items()}
    shown = [
        group
        for group, counts in people.items()
        if sum(counts.values()) >= asked.reveal_at
        and not _alike(counts, step)
        and not (group in earlier and _coarser(step, earlier[group]["step"]))
    ]
    rows: dict[str, Figure] = {}
    hidden: frozenset[Cell] | None = frozenset()
    while shown := _kept(asked, shown, members, people, step):
        table = _table(asked, shown, members, people, step)
        hidden = frozenset() if step == TOTAL else hide(table, asked.enough, (len(shown),))
        if hidden is None:
            shown.remove(_smallest(shown, people))
            continue
        rows = {
            group: _row(table[n], step, {column for r, column in hidden if r == n}) for n, group in enumerate(shown)
        }
        # A row that would lose what was shown of it stays as it was.
        worse = [group for group in shown if group in earlier and _coarser(rows[group]["step"], earlier[group]["step"])]
        if not worse:
            break
        shown = [group for group in shown if group not in worse]
    if not shown or not (earlier or _replaces(asked.levels, last["step"], before, members, shown)):
        return None
    for group in shown:
        rows[group]["base"] = sum(people[group].values())
    told = sum(sum(counts.values()) for counts in people.values())
    out = sum(sum(people[group].values()) for group in people if group not in shown and group not in earlier)
    return _Plan({group: rows[group] for group in shown}, not hidden and out <= LEFT_OUT * told)


def _row(cells: Sequence[int], step: str, hidden: Collection[int]) -> Figure:
    codes = tuple(POSITION.cells({}, step))
    counts = {code: None if column in hidden else cells[column] for column, code in enumerate(codes)}
    nothing = all(n is None for n in counts.values())
    return {"base": 0, "step": TOTAL if nothing else step, "counts": {} if nothing else counts}


def _kept(
    asked: Asked, shown: list[str], members: Mapping[str, Block], people: Mapping[str, Counts], step: str
) -> list[str]:
    """Without the groups that would make known too little about too few: the smallest first."""
    shown = list(shown)
    while shown:
        near = too_near(asked.past, asked.counts, [members[group] for group in shown], asked.reveal_at)
        inside = [group for group in shown if near and members[group] <= near]
        if near is None and _may_be_known(_rest(asked, shown, members), step, asked.reveal_at):
            break
        shown.remove(_smallest(inside or shown, people))
    return shown


def _rest(asked: Asked, shown: Sequence[str], members: Mapping[str, Block]) -> Counts:
    named = frozenset().union(*(members[group] for group in shown))
    return added(asked.counts, frozenset({NOT_GIVEN, *asked.counts}) - named)


def _may_be_known(rest: Counts, step: str, reveal_at: int) -> bool:
    base = sum(rest.values())
    return base == 0 or (base >= reveal_at and not _alike(rest, step))


def _alike(counts: Counts, step: str) -> bool:
    """Whether a group is nearly of one side: whoever sees all five positions adds them up."""
    return step != TOTAL and alike(POSITION.cells(counts, "three").values())


def _table(
    asked: Asked, shown: Sequence[str], members: Mapping[str, Block], people: Mapping[str, Counts], step: str
) -> list[list[int]]:
    rows = [people[group] for group in shown]
    return [list(POSITION.cells(row, step).values()) for row in (*rows, _rest(asked, shown, members))]


def _smallest(groups: Sequence[str], people: Mapping[str, Counts]) -> str:
    return min(groups, key=lambda group: (sum(people[group].values()), group))


def _coarser(step: str, than: str) -> bool:
    return POSITION.names.index(step) > POSITION.names.index(than)


def _replaces(
    levels: Sequence[Level],
    name: str | None,
    before: Mapping[str, Figure],
    members: Mapping[str, Block],
    shown: Sequence[str],
) -> bool:
    """Whether all who are in a group that was shown at a coarser level are in one that is shown now."""
    coarser = next((level for level in levels if level.name == name), None)
    if coarser is None:
        return True
    named = frozenset().union(*(members[group] for group in shown))
    return all(coarser.members(group) <= named for group in before)
