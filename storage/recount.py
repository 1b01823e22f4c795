"""Figures of a release counted again from exported rows, and whether they agree with what was released.

Rows show less than was counted: whoever was erased since has none, and some rows leave out an age, a place
or a relation (storage/generalise.py). So a figure may stand above its recount by as many people, never below.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from content import Content
from storage.bases import at_least
from storage.clustering import GROUP, PRIVATE, of_split
from storage.counting import ABOUT, GAVE_NONE, Counted, Given, add, nothing
from storage.generalise import HIDDEN
from storage.ladders import IMPORTANCE, POSITION, SHIFTS, TOTAL, Figure, Ladder, choices, levels, ticked
from storage.reach import bears_out
from storage.releases import Summary, figures
from storage.response import NONRESPONSE, SUBSTANTIVE
from storage.succession import NOT_GIVEN

Row = Mapping[str, str]


def recounted(rows: Iterable[Row]) -> Counted:
    """The same as `counting.count` gives, out of rows of answers; of age, place and relation what they show."""
    given: dict[str, list[Given]] = defaultdict(list)
    for row in rows:
        answered = row["status"] == "answered"
        if row["current"] != "1" or not (answered or row["item"] == "position"):
            continue
        hidden = not row["dilemma"] and row["item"] in ABOUT.values() and not row["code"]
        code = HIDDEN if hidden else row["code"]
        told = (row["item"], code) if answered else (GAVE_NONE, row["status"])
        given[row["participant"]].append(
            (row["dilemma"], *told, row["language"], row["after_results"] == "1", row["group"])
        )
    counted = nothing()
    people = sum(add(counted, one) for one in given.values())
    return replace(counted, people=people)


def differences(
    content: Content, summary: Summary, rows: Iterable[Row], erased: int, before: Summary | None = None
) -> Iterator[str]:
    """What of a released summary the rows do not bear out, a line each; figures that are older are left out.

    `erased`: how many people left the round since that release; `before`: the one before it, if there was one.
    """
    counted, number = recounted(rows), summary["release"]
    bases = [*at_least(number, summary["dilemmas"], summary["items"]), before["base"] if before else None]
    if not 0 <= summary["base"] - counted.people <= erased and summary["base"] not in bases:
        yield f"{summary['base']} people gave a position, {counted.people} of them are in the rows"
    for dilemma, item, by, group, figure in figures(summary):
        if figure["as_of"] != number or figure["base"] is None:
            continue
        where = " ".join(one for one in (dilemma, item, by, group) if one)
        ladder = _ladder(content, summary, dilemma, item)
        if by:
            group_of = _group_of(content, by, summary["dilemmas"][dilemma]["by"][by]["step"])
            counts, unsure = _group(group_of, counted.by.get((dilemma, by), {}), group)
        else:
            counts, unsure = _counts(counted, dilemma, item), 0
        known = {code: n for code, n in counts.items() if ladder.several or code in ladder.codes}
        yield from (f"{where}: {fault}" for fault in _against(figure, known, ladder, erased + unsure))
    reach: Figure = summary.get("reach", {"as_of": None})
    if reach["as_of"] == number and not bears_out(content, reach, counted.lives, erased):
        yield f"reach: {' '.join(reach['counts'])} was released, which the rows do not bear out"
    if not erased:
        yield from _design_effects(content, summary, counted)


def _design_effects(content: Content, summary: Summary, counted: Counted) -> Iterator[str]:
    """Those that were reckoned for this release, where the rows tell of everybody in which group they are."""
    for dilemma, one in summary["dilemmas"].items():
        for by, parts in one["by"].items():
            if all(row["as_of"] != summary["release"] for row in parts["groups"].values()):
                continue
            group_of, given = _group_of(content, by, parts["step"]), counted.by.get((dilemma, by), {})
            together = counted.together.get((dilemma, by), {})
            found = of_split(parts, given, together, group_of, summary["reveal_at"])
            if not _unsure(group_of, given) and found != parts.get("design_effect", found):
                told = parts["design_effect"]
                yield f"{dilemma} by {by}: a design effect of {told} was released, the rows give {found}"


def _counts(counted: Counted, dilemma: str, item: str) -> Mapping[str, int]:
    if item == "response":
        chose, none = (sum(counted.before.get((dilemma, one), {}).values()) for one in ("position", GAVE_NONE))
        return {SUBSTANTIVE: chose, NONRESPONSE: none}
    if item == "setting":
        base = sum(counted.before.get((dilemma, "position"), {}).values())
        return {PRIVATE: base - counted.in_groups(dilemma), GROUP: counted.in_groups(dilemma)}
    if item == "shifts":
        return counted.shifts.get(dilemma, {})
    if item == "after_results":
        return counted.after.get((dilemma, "position"), {})
    return counted.before.get((dilemma, item), {})


def _ladder(content: Content, summary: Summary, dilemma: str, item: str) -> Ladder:
    if item == "reasons":
        return ticked(tuple(one.code for one in content.dilemmas[dilemma].reasons()), sides=True)
    if item == "weighs_most":
        return choices(content.rounds[summary["round"]].dilemmas)
    if item == "setting":
        return choices((PRIVATE, GROUP))
    if item == "response":
        return choices((SUBSTANTIVE, NONRESPONSE))
    if item == "values":
        return ticked(tuple(option.code for option in content.items[item].options))
    return {"importance": IMPORTANCE, "shifts": SHIFTS}.get(item, POSITION)


def _group_of(content: Content, by: str, step: str) -> Mapping[str, str]:
    """The group of everything a row may say: a row may show the district alone, where that is enough to know."""
    level = next(level for level in levels(content)[by] if level.name == step)
    group_of = dict(level.group_of)
    if by == "district":
        within: dict[str, set[str]] = defaultdict(set)
        for option in content.items["neighbourhood"].options:
            within[option.district or option.code].add(level.group_of[option.code])
        group_of |= {district: groups.pop() for district, groups in within.items() if len(groups) == 1}
    return group_of


def _group(
    group_of: Mapping[str, str], given: Mapping[str, Mapping[str, int]], group: str
) -> tuple[Mapping[str, int], int]:
    """Positions of a group, and how many people may be in it though their rows do not say so."""
    counts: Counter[str] = Counter()
    for code, positions in given.items():
        if group_of.get(code) == group:
            counts.update(positions)
    return counts, _unsure(group_of, given)


def _unsure(group_of: Mapping[str, str], given: Mapping[str, Mapping[str, int]]) -> int:
    """Of how many people the rows do not say in which group they are, though they told."""
    return sum(sum(one.values()) for code, one in given.items() if code not in group_of and code != NOT_GIVEN)


def _against(figure: Figure, counts: Mapping[str, int], ladder: Ladder, missing: int) -> Iterator[str]:
    base = sum(counts.values())
    if not 0 <= figure["base"] - base <= missing:
        yield f"{figure['base']} people were released, {base} are in the rows"
    if figure["step"] == TOTAL:
        return
    for code, n in _cells(figure, counts, ladder).items():
        released: Any = figure["counts"].get(code)
        if released is not None and not 0 <= released - n <= missing:
            yield f"{code} was released as {released}, the rows give {n}"


def _cells(figure: Figure, counts: Mapping[str, int], ladder: Ladder) -> Mapping[str, int]:
    if figure["step"] != "largest":
        return ladder.cells(counts, figure["step"])
    # Of the code that was largest then, whichever is now.
    finer = ladder.cells(counts, ladder.names[ladder.names.index("largest") - 1])
    (top,) = (code for code in figure["counts"] if code != "rest")
    return {top: finer[top], "rest": sum(finer.values()) - finer[top]}
