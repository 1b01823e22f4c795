"""Summaries that may leave the house: computed once, by this function, frozen, numbered.

The rules, in the order they are applied:

1. a figure about fewer than `reveal_at` people shows nothing, not even how many there were;
2. figures are coarsened before anything is hidden (`ladders`, `splits`): the finest step is taken in which
   every cell is empty or has ENOUGH people; what is hidden then cannot be worked out (`suppression`);
3. a figure in a later release changes only when its own base changed by at least `reveal_at` people since
   every earlier one, and not when nearly all who came gave one answer (`succession`); otherwise the earlier
   one is carried on, and where no figure changes there is no release;
4. a step once taken never gets coarser: then too the earlier figure is carried on;
5. each figure names the release it is `as_of`; nothing that was released is computed again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from content import Content
from storage import clustering
from storage.bases import at_least, base
from storage.counting import GAVE_NONE, Counted, count
from storage.database import stand_still
from storage.ladders import (
    IMPORTANCE,
    POSITION,
    SHIFTS,
    TOTAL,
    Counts,
    Figure,
    Ladder,
    choices,
    figure,
    levels,
    ticked,
)
from storage.reach import reach
from storage.response import response
from storage.splits import NO_GROUPS, Asked, shot_of, split
from storage.statistics import described
from storage.succession import Shot, may_follow
from storage.suppression import SMALL, small
from storage.tables import Answer, Mark, Participant, Release
from storage.uncounted import remember, uncounted

answers = Answer.__table__  # type: ignore[attr-defined]
participants = Participant.__table__  # type: ignore[attr-defined]
marks = Mark.__table__  # type: ignore[attr-defined]
releases = Release.__table__  # type: ignore[attr-defined]

Summary = Mapping[str, Any]
# A dilemma ("" for the whole round) and an item.
Place = tuple[str, str]
CSV_COLUMNS = (
    *("round", "release", "released_at", "dilemma", "item", "by", "group", "as_of", "base", "step", "code", "count"),
)
# What is told of a dilemma besides its positions.
BESIDES = ("response", "after_results", "reasons", "importance", "shifts", "setting")
ITEMS = ("weighs_most", "values")


@dataclass(frozen=True)
class Draft:
    """A release that is not kept yet, column by column, and who is not counted in it (storage/uncounted.py).

    `joined` and `left` are how many people had ever joined and left by then, `through` is the last answer of all.
    """

    round: str
    number: int
    made_at: datetime
    summary: str
    joined: int
    left: int
    through: int
    uncounted: Mapping[str, str] = field(repr=False)


def release(conn: Connection, content: Content, round_code: str, reveal_at: int, now: datetime) -> Draft | None:
    """Make the next release of a round and keep it; None when the rules above allow nothing new.

    Raises KeyError for a round that is not in the content.
    """
    made = draft(conn, content, round_code, reveal_at, now)
    return made if made and keep(conn, made) else None


def draft(conn: Connection, content: Content, round_code: str, reveal_at: int, now: datetime) -> Draft | None:
    """What the next release of a round would be, not kept yet. Only reads, so that nobody waits for it.

    The caller has begun a snapshot (`begin_read`) and read nothing yet. Raises DatabaseFault where somebody has
    been writing an answer all the while, so that it cannot be told whether it is counted.
    """
    stand_still(conn)
    through = conn.execute(select(func.max(answers.c.id))).scalar_one() or 0
    summary = compute(content, round_code, count(conn, round_code), published(conn, round_code), reveal_at, now)
    if summary is None:
        return None
    text, people = json.dumps(summary, separators=(",", ":")), uncounted(conn, round_code)
    return Draft(round_code, summary["release"], now, text, *_came_and_went(conn, round_code), through, people)


def compute(
    content: Content, round_code: str, counted: Counted, before: Iterable[Summary], reveal_at: int, now: datetime
) -> dict[str, Any] | None:
    """The summary of the next release, out of what is counted now and what was released before, oldest first;
    None when the rules allow nothing new. Pure, and the only place where figures for others come from.
    """
    asked, past = content.rounds[round_code], _Past(content, before)
    if not past.last and counted.people < reveal_at:
        return None
    making = _Making(content, counted, past, reveal_at)
    dilemmas = {code: making.dilemma(code) for code in (*asked.dilemmas, *asked.after_goodbye)}
    ladders = {"weighs_most": choices(asked.dilemmas), "values": ticked(_codes(content, "values"))}
    items = {item: making.figure(("", item), counted.before.get(("", item)), ladders[item]) for item in ITEMS}
    if past.last and not making.something_new:
        return None
    return {
        "round": round_code,
        "release": making.number,
        "as_of": f"{now.replace(microsecond=0, tzinfo=None).isoformat()}Z",
        "base": base(counted.people, past.bases, at_least(making.number, dilemmas, items), reveal_at),
        "left_out": _left_out(counted.left_out, past, reveal_at),
        "reveal_at": reveal_at,
        "dilemmas": dilemmas,
        "items": items,
        "reach": making.reach(past.last, dilemmas),
        "statistics": described(dilemmas, reveal_at),
    }


def keep(conn: Connection, made: Draft) -> bool:
    """Keep a drafted release. False when another one was kept meanwhile: then this one never was."""
    last = conn.execute(newest(made.round)).first()
    if made.number != (last.number + 1 if last else 1):
        return False
    row = {one.name: getattr(made, one.name) for one in fields(made) if one.name != "uncounted"}
    conn.execute(insert(releases).values(**row))
    remember(conn, made.round, made.uncounted)
    return True


def latest(conn: Connection, round_code: str) -> dict[str, Any] | None:
    """The newest released summary of a round; None when nothing was released yet."""
    row = conn.execute(newest(round_code)).first()
    return json.loads(row.summary) if row else None


def published(conn: Connection, round_code: str) -> Iterator[dict[str, Any]]:
    """Every summary that was released of a round, oldest first: all that anybody outside can know."""
    query = select(releases.c.summary).where(releases.c.round == round_code).order_by(releases.c.number)
    for text in conn.execute(query).scalars():
        yield json.loads(text)


def numbered(conn: Connection, round_code: str, number: int) -> dict[str, Any] | None:
    """The summary that was released of a round under this number."""
    query = select(releases.c.summary).where(releases.c.round == round_code, releases.c.number == number)
    text = conn.execute(query).scalar_one_or_none()
    return json.loads(text) if text else None


def newest_first(conn: Connection, round_code: str, most: int, before: int = 0) -> list[dict[str, Any]]:
    """At most so many summaries of a round, the newest first, those with a number under `before` where that is set."""
    query = select(releases.c.summary).where(releases.c.round == round_code)
    if before:
        query = query.where(releases.c.number < before)
    return [json.loads(text) for text in conn.execute(query.order_by(releases.c.number.desc()).limit(most)).scalars()]


def figures(summary: Summary) -> Iterator[tuple[str, str, str, str, Figure]]:
    """Every figure of a summary: dilemma, item, what it is split by, group, figure. Empty where it does not apply."""
    for dilemma, one in summary["dilemmas"].items():
        yield dilemma, "position", "", "", _only(one)
        for item in BESIDES:
            if item in one:
                yield dilemma, item, "", "", one[item]
        for by, parts in one.get("by", {}).items():
            for group, row in parts["groups"].items():
                yield dilemma, "position", by, group, row
    for item, one in summary["items"].items():
        yield "", item, "", "", one
    if "reach" in summary:
        yield "", "reach", "", "", summary["reach"]


def csv_rows(summary: Summary) -> Iterator[tuple[Any, ...]]:
    """The same figures under CSV_COLUMNS: one row a cell; a row without a code where only a base is shown, a cell
    without a count where it is hidden.
    """
    head = (summary["round"], summary["release"], summary["as_of"])
    yield (*head, "", "", "", "", summary["release"], summary["base"], TOTAL, "", None)
    for dilemma, item, by, group, one in figures(summary):
        for code, n in (one["counts"] or {"": None}).items():
            yield (*head, dilemma, item, by, group, one["as_of"], one["base"], one["step"], code, n)


# ---------------------------------------------------------------- inside


class _Past:
    """What was released of a round before: each figure once, at its place in a summary, and the newest summary."""

    def __init__(self, content: Content, summaries: Iterable[Summary]) -> None:
        self.last: Summary = {}
        self.bases: list[int] = []
        self.left_out: set[int] = set()
        self.figures: dict[Place, list[Figure]] = defaultdict(list)
        self.shots: dict[tuple[str, str], list[Shot]] = defaultdict(list)
        for summary in summaries:
            self.last = summary
            self.bases += [summary["base"]] if summary["base"] is not None else []
            self.left_out.add(summary.get("left_out", 0))
            for dilemma, item, by, _, one in figures(summary):
                if not by and one["as_of"] == summary["release"] and one["base"] is not None:
                    self.figures[dilemma, item].append(one)
            for dilemma, one in summary["dilemmas"].items():
                for by, found in one.get("by", {}).items():
                    shot = shot_of(summary["release"], one, found, levels(content).get(by, ()))
                    self.shots[dilemma, by] += [shot] if shot else []


class _Making:
    """One release in the making: each figure anew where the rules allow it, otherwise as it was."""

    def __init__(self, content: Content, counted: Counted, past: _Past, reveal_at: int) -> None:
        self._content, self._counted, self._past, self._reveal_at = content, counted, past, reveal_at
        self.number = past.last["release"] + 1 if past.last else 1
        self._enough = min(SMALL, reveal_at)
        self.something_new = False

    def figure(self, place: Place, counted: Counts | None, ladder: Ladder, finest: str = "") -> Figure:
        """The figure that stands at this place of a summary, in no finer step than `finest`."""
        counts = {code: n for code, n in (counted or {}).items() if ladder.several or code in ladder.codes}
        past = self._past.figures.get(place, ())
        new = {**figure(counts, ladder, self._reveal_at, self._enough, finest), "as_of": self.number}
        if past:
            coarser = ladder.names.index(new["step"]) > ladder.names.index(past[-1]["step"])
            if new["base"] is None or coarser or not may_follow(past, counts, ladder, self._reveal_at):
                return past[-1]
        self.something_new |= new["base"] is not None
        return new

    def dilemma(self, code: str) -> Figure:
        """The positions on a dilemma, and all that is told besides."""
        before, after = self._counted.before, self._counted.after
        whole = self.figure((code, "position"), before.get((code, "position")), POSITION)
        arguments = tuple(one.code for one in self._content.dilemmas[code].reasons())
        besides: dict[str, tuple[Counts | None, Ladder]] = {
            "after_results": (after.get((code, "position")), POSITION),
            "reasons": (before.get((code, "reasons")), ticked(arguments, sides=True)),
            "importance": (before.get((code, "importance")), IMPORTANCE),
        }
        # Beside all positions, the first positions of who gave a second one tell of who did not.
        positions, shifts = before.get((code, "position"), {}), self._counted.shifts.get(code, {})
        first = {one: sum(n for shift, n in shifts.items() if shift.split(">")[0] == one) for one in POSITION.codes}
        left_over = any(small(abs(positions.get(one, 0) - n), self._enough) for one, n in first.items())
        return {
            **whole,
            "by": {by: self._split(code, by, whole) for by in levels(self._content)},
            **{item: self.figure((code, item), *what) for item, what in besides.items()},
            "shifts": self.figure((code, "shifts"), shifts, SHIFTS, "moved" if left_over else ""),
            "response": self._response(code, whole),
            "setting": self._setting(code, whole),
        }

    def reach(self, last: Summary, dilemmas: Mapping[str, Figure]) -> Figure:
        """How far the round reaches, beside all that is told of `dilemmas`; the same while few people came or left."""
        before: Figure | None = last.get("reach")
        people = self._counted.people
        if before and before["counts"] and abs(people - self._past.bases[before["as_of"] - 1]) < self._reveal_at:
            return before
        splits = [one["by"]["district"] for one in dilemmas.values()]
        return reach(
            self._counted.lives, splits, levels(self._content)["district"], before, self._reveal_at, self.number
        )

    def _response(self, code: str, whole: Figure) -> Figure:
        past = self._past.figures.get((code, "response"), ())
        none = sum(self._counted.before.get((code, GAVE_NONE), {}).values())
        return response(whole, none, self._counted.people, past, self._reveal_at, self.number)

    def _setting(self, code: str, whole: Figure) -> Figure:
        past = self._past.figures.get((code, "setting"), ())
        return clustering.setting(whole, self._counted.in_groups(code), past, self._reveal_at, self.number)

    def _split(self, code: str, by: str, whole: Figure) -> Figure:
        last = self._past.last.get("dilemmas", {}).get(code, {}).get("by", {}).get(by, NO_GROUPS)
        counts = self._counted.by.get((code, by), {})
        past = self._past.shots.get((code, by), ())
        asked = Asked(levels(self._content)[by], counts, whole, past, self._reveal_at, self._enough)
        made = split(asked, last, self.number)
        if not any(row["as_of"] == self.number for row in made["groups"].values()):
            return made
        group_of = next(level.group_of for level in asked.levels if level.name == made["step"])
        together = self._counted.together.get((code, by), {})
        return {**made, "design_effect": clustering.of_split(made, counts, together, group_of, self._reveal_at)}


def _only(one: Figure) -> Figure:
    return {name: one[name] for name in ("base", "step", "counts", "as_of")}


def _codes(content: Content, item: str) -> tuple[str, ...]:
    return tuple(option.code for option in content.items[item].options)


def _left_out(people: int, past: _Past, reveal_at: int) -> int:
    """How many are left out of what is counted, as far as that may be told: it too changes by many at once."""
    told = people if people >= reveal_at else 0
    near = any(0 < abs(told - other) < reveal_at for other in past.left_out)
    return int(past.last.get("left_out", 0)) if near else told


def _came_and_went(conn: Connection, round_code: str) -> tuple[int, int]:
    """How many people ever joined this round, and how many of them left."""
    here = conn.execute(select(func.count()).where(participants.c.round == round_code)).scalar_one()
    left = conn.execute(select(marks.c.value).where(marks.c.name == f"left:{round_code}")).scalar_one_or_none()
    gone = int(left or 0)
    return here + gone, gone


def newest(round_code: str) -> Select[Any]:
    """The row of the newest release of a round, if there is one."""
    return select(releases).where(releases.c.round == round_code).order_by(releases.c.number.desc()).limit(1)
