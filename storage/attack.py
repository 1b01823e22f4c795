"""What somebody learns who has every published number of a round: the audit of each release, and all differences.

Of each split it is known what every named group said, and with the figure of all what the others said
together; so two releases are compared for every set of groups that is known in both. Written apart from
`storage.succession`, which is meant to leave nothing to find here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from conversations.shapes import POSITIONS
from storage.interval import audit
from storage.ladders import Figure, Level, three

Block = frozenset[str]
Cells = dict[str, int]


@dataclass(frozen=True)
class Known:
    """What one release tells anew of a split: cells by set of groups; the groups in what their members answered."""

    release: int
    blocks: dict[Block, Cells]
    bases: dict[Block, int]


@dataclass
class Learned:
    """How much was looked at, and what was found, a line each; nothing where nothing is given away."""

    releases: int = 0
    figures: int = 0
    comparisons: int = 0
    found: list[str] = field(default_factory=list)


def attack(summaries: Iterable[Mapping[str, Any]], levels: Mapping[str, Sequence[Level]], enough: int) -> Learned:
    """Everything that tells about too few people. `levels` are those of the splits (`ladders.levels`); a hidden cell
    must be anything in a range of `enough`. Raises interval.NoSolver.
    """
    learned = Learned()
    splits: dict[tuple[str, str], list[Known]] = defaultdict(list)
    plain: dict[tuple[str, str], dict[int, Figure]] = defaultdict(dict)
    reveal_at = 0
    for summary in summaries:
        learned.releases, reveal_at = learned.releases + 1, max(reveal_at, summary["reveal_at"])
        for narrow in audit(summary, enough):
            where = f"{narrow.dilemma} by {narrow.by}, {narrow.group} {narrow.code}"
            learned.found.append(f"release {summary['release']}: {where} is between {narrow.low:g} and {narrow.high:g}")
        for dilemma, whole in summary["dilemmas"].items():
            plain[dilemma, "position"][whole["as_of"]] = whole
            for by, parts in whole.get("by", {}).items():
                learned.figures += len(parts["groups"])
                if found := known(summary["release"], whole, parts, levels[by]):
                    splits[dilemma, by].append(found)
            for item in ("response", "after_results", "reasons", "importance", "shifts", "setting"):
                plain[dilemma, item].update({whole[item]["as_of"]: whole[item]} if item in whole else {})
        for item, one in summary["items"].items():
            plain["", item][one["as_of"]] = one
    for (dilemma, item), figures in plain.items():
        learned.figures += len(figures)
        learned.found += _plain(f"{dilemma} {item}".strip(), figures, reveal_at, learned)
    for (dilemma, by), moments in splits.items():
        learned.found += _split(f"{dilemma} by {by}", moments, reveal_at, learned)
    return learned


def known(release: int, whole: Figure, split: Figure, levels: Sequence[Level]) -> Known | None:
    """What a release tells anew of a split and what follows from it; None when it tells nothing."""
    level = next((level for level in levels if level.name == split["step"]), None)
    if level is None or whole["as_of"] != release or whole["base"] is None:
        return None
    rows = {level.members(group): row for group, row in split["groups"].items() if row["as_of"] == release}
    rows = {block: row for block, row in rows.items() if row["base"] is not None}
    if not rows:
        return None
    rest = frozenset({"", *level.group_of}).difference(*rows)
    bases = {block: row["base"] for block, row in rows.items()}
    bases[rest] = whole["base"] - sum(bases.values())
    cells = {block: _all_cells(row) for block, row in rows.items()}
    blocks = {block: one for block, one in cells.items() if one}
    if (everything := _all_cells(whole)) and len(blocks) == len(rows):
        coarse = any(len(one) < len(everything) for one in blocks.values())
        left = Counter(three(everything) if coarse else everything)
        for one in blocks.values():
            left.subtract(one)
        blocks[rest] = dict(left)
    return Known(release, blocks, bases)


def at_both(one: Mapping[Block, Any], other: Mapping[Block, Any]) -> Iterator[Block]:
    """The smallest sets of groups that are made of whole blocks of both."""
    everywhere = {*one, *other}
    while everywhere:
        block = everywhere.pop()
        while touching := {other for other in everywhere if other & block}:
            everywhere -= touching
            block = block.union(*touching)
        yield block


def cells_of(known: Known, block: Block) -> Cells | None:
    """The cells of a set of groups, where all of it is known: of three bins, unless every part has all five."""
    parts = {part: cells for part, cells in known.blocks.items() if part <= block}
    if not parts or frozenset().union(*parts) != block:
        return None
    coarse = len({len(cells) for cells in parts.values()}) > 1
    added: Counter[str] = Counter()
    for cells in parts.values():
        added.update(binned(cells) if coarse else cells)
    return dict(added)


def binned(cells: Cells) -> Cells:
    """The same in three bins."""
    return cells if "side_a" in cells else three({code: cells.get(code, 0) for code in POSITIONS})


def change(then: Cells, now: Cells) -> Cells:
    """The difference of two sets of cells, in the coarser step of the two."""
    if ("side_a" in then) != ("side_a" in now):
        then, now = binned(then), binned(now)
    return {code: now.get(code, 0) - then.get(code, 0) for code in {*then, *now}}


# ---------------------------------------------------------------- inside


def _all_cells(row: Figure) -> Cells | None:
    if row["step"] not in ("five", "three") or None in row["counts"].values():
        return None
    return dict(row["counts"])


def _plain(name: str, figures: Mapping[int, Figure], reveal_at: int, learned: Learned) -> Iterator[str]:
    told = [(release, one) for release, one in sorted(figures.items()) if one["base"] is not None]
    for (first, one), (second, other) in combinations(told, 2):
        learned.comparisons += 1
        came = other["base"] - one["base"]
        if abs(came) < reveal_at:
            yield f"{name}: releases {first} and {second} differ by {abs(came)} people"
        if one["step"] == other["step"] and one["counts"].keys() == other["counts"].keys():
            cells = {c: other["counts"][c] - n for c, n in one["counts"].items() if None not in (n, other["counts"][c])}
            if name.endswith(("reasons", "values")):
                yield from (f"{name}: all who came ticked {c}" for c, n in cells.items() if n and abs(n) == abs(came))
            elif name.endswith(("setting", "response")):
                # All who came may have answered alone, or have chosen: that is no answer of theirs.
                yield from (f"{name}: {abs(n)} more or fewer {c}" for c, n in cells.items() if 0 < abs(n) < reveal_at)
            else:
                yield from _tells(f"{name}: releases {first} and {second}", cells, reveal_at)


def _split(name: str, moments: Sequence[Known], reveal_at: int, learned: Learned) -> Iterator[str]:
    for one, other in combinations(moments, 2):
        for block in at_both(one.bases, other.bases):
            learned.comparisons += 1
            here = f"{name}: releases {one.release} and {other.release}, {len(block)} groups"
            before, after = (sum(n for part, n in known.bases.items() if part <= block) for known in (one, other))
            if abs(after - before) < reveal_at and (before or after):
                yield f"{here} differ by {abs(after - before)} people"
            then, now = cells_of(one, block), cells_of(other, block)
            if then and now:
                yield from _tells(here, change(then, now), reveal_at)


def _tells(where: str, cells: Cells, reveal_at: int) -> Iterator[str]:
    for sign, verb in ((1, "came"), (-1, "left")):
        moved = {code: sign * n for code, n in cells.items() if sign * n > 0}
        if 0 < sum(moved.values()) < reveal_at:
            yield f"{where}: {sum(moved.values())} {verb} or changed their mind"
        elif len(moved) == 1:
            yield f"{where}: all who {verb} chose {next(iter(moved))}"
