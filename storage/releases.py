"""Summaries that may leave the house: computed once, frozen, numbered.

The rules, in the order they are applied:

1. a figure about fewer than `reveal_at` people shows nothing, not even how many there were;
2. figures are coarsened before anything is hidden: the finest step of a ladder is taken in which
   every cell is 0 or at least `reveal_at`;
3. a figure in a later release changes only when its own base changed by at least `reveal_at` people;
   otherwise the earlier one is carried on, and where no figure changes there is no release;
4. a step once taken never gets coarser: then too the earlier figure is carried on;
5. each figure names the release it is `as_of`; nothing that was released is computed again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, distinct, func, insert, select

from content import Content
from conversations.shapes import POSITIONS
from storage.tables import Answer, Mark, Participant, Release

answers = Answer.__table__  # type: ignore[attr-defined]
participants = Participant.__table__  # type: ignore[attr-defined]
marks = Mark.__table__  # type: ignore[attr-defined]
releases = Release.__table__  # type: ignore[attr-defined]

Counts = dict[str, int]
Figure = dict[str, Any]
TOTAL = "total"


@dataclass(frozen=True)
class Ladder:
    """The codes of a question, and the steps in which its counts are coarsened, from fine to coarse."""

    codes: tuple[str, ...]
    steps: tuple[tuple[str, Callable[[Counts], Counts]], ...]


CSV_COLUMNS = ("round", "release", "released_at", "dilemma", "item", "as_of", "base", "step", "code", "count")


def _same(counts: Counts) -> Counts:
    return counts


def _three(counts: Counts) -> Counts:
    return {
        "side_a": counts["a"] + counts["rather_a"],
        "between": counts["between"],
        "side_b": counts["rather_b"] + counts["b"],
    }


def _largest(counts: Counts) -> Counts:
    top = max(counts, key=lambda code: counts[code])
    return {top: counts[top], "rest": sum(counts.values()) - counts[top]}


def _largest_side(counts: Counts) -> Counts:
    return _largest(_three(counts))


def _nothing(counts: Counts) -> Counts:
    return {}


# The last step shows the base alone, and is always possible.
POSITION = Ladder(POSITIONS, (("five", _same), ("three", _three), ("largest", _largest_side), (TOTAL, _nothing)))
CHOICE_STEPS = (("each", _same), ("largest", _largest), (TOTAL, _nothing))
CHOICES = ("weighs_most",)


def figure(counts: Counts, ladder: Ladder, reveal_at: int) -> Figure:
    """What may be shown of these counts: `base` (people; None when too few), `step`, and `counts` by code.

    `counts` holds every code of the ladder, also those nobody chose.
    """
    base = sum(counts.values())
    if base >= reveal_at:
        for step, coarsen in ladder.steps:
            cells = coarsen(counts)
            if all(_enough(n, reveal_at) for n in cells.values()):
                return {"base": base, "step": step, "counts": cells}
    return {"base": None, "step": TOTAL, "counts": {}}


def release(conn: Connection, content: Content, round_code: str, reveal_at: int, now: datetime) -> Release | None:
    """Make the next release of a round and keep it; None when the rules above allow nothing new.

    Raises KeyError for a round that is not in the content.
    """
    made = draft(conn, content, round_code, reveal_at, now)
    return made if made and keep(conn, made) else None


def draft(conn: Connection, content: Content, round_code: str, reveal_at: int, now: datetime) -> Release | None:
    """What the next release of a round would be, not kept yet. Only reads, so that nobody waits for it.

    The columns `joined` and `left` hold how many people had ever joined and left by then.
    """
    asked = content.rounds[round_code]
    last = conn.execute(_newest(round_code)).first()
    joined, left = _came_and_went(conn, round_code)
    people = _people(conn, round_code)
    if not last and people < reveal_at:
        return None
    number = last.number + 1 if last else 1
    before = json.loads(last.summary) if last else {"base": None, "dilemmas": {}, "items": {}}
    counted = _count(conn, round_code)
    dilemmas = {
        code: _next(before["dilemmas"].get(code), counted.get((code, "position")), POSITION, number, reveal_at)
        for code in (*asked.dilemmas, *asked.after_goodbye)
    }
    weighs = Ladder(asked.dilemmas, CHOICE_STEPS)
    items = {
        item: _next(before["items"].get(item), counted.get(("", item)), weighs, number, reveal_at) for item in CHOICES
    }
    figures = [*dilemmas.values(), *items.values()]
    if last and not any(one["as_of"] == number and one["base"] is not None for one in figures):
        return None
    summary = {
        "round": round_code,
        "release": number,
        "as_of": f"{now.replace(microsecond=0, tzinfo=None).isoformat()}Z",
        "base": _base(people, before["base"], figures, reveal_at),
        "reveal_at": reveal_at,
        "dilemmas": dilemmas,
        "items": items,
    }
    text = json.dumps(summary, separators=(",", ":"))
    return Release(round=round_code, number=number, made_at=now, summary=text, joined=joined, left=left)


def keep(conn: Connection, made: Release) -> bool:
    """Keep a drafted release. False when another one was kept meanwhile: then this one never was."""
    last = conn.execute(_newest(made.round)).first()
    if made.number != (last.number + 1 if last else 1):
        return False
    conn.execute(insert(releases).values(made.model_dump(exclude={"id"})))
    return True


def latest(conn: Connection, round_code: str) -> dict[str, Any] | None:
    """The newest released summary of a round; None when nothing was released yet."""
    row = conn.execute(_newest(round_code)).first()
    return json.loads(row.summary) if row else None


def csv_rows(summary: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The same figures under CSV_COLUMNS: one row a cell; a row without a code where only a base is shown."""
    head = (summary["round"], summary["release"], summary["as_of"])
    yield (*head, "", "", summary["release"], summary["base"], "total", "", None)
    placed = [(code, "position", one) for code, one in summary["dilemmas"].items()]
    placed += [("", item, one) for item, one in summary["items"].items()]
    for dilemma, item, one in placed:
        for code, count in (one["counts"] or {"": None}).items():
            yield (*head, dilemma, item, one["as_of"], one["base"], one["step"], code, count)


# ---------------------------------------------------------------- inside


def _enough(people: int, reveal_at: int) -> bool:
    return people == 0 or abs(people) >= reveal_at


def _next(old: Figure | None, counted: Counts | None, ladder: Ladder, number: int, reveal_at: int) -> Figure:
    """The figure of this release, or the earlier one where the new would tell too little or too much."""
    counts = {code: (counted or {}).get(code, 0) for code in ladder.codes}
    new = {**figure(counts, ladder, reveal_at), "as_of": number}
    if old is None or old["base"] is None:
        return new
    if new["base"] is None or abs(new["base"] - old["base"]) < reveal_at:
        return old
    steps = [step for step, _ in ladder.steps]
    return new if steps.index(new["step"]) <= steps.index(old["step"]) else old


def _base(people: int, before: int | None, figures: list[Figure], reveal_at: int) -> int:
    """How many people gave a position; where that number, set beside another one shown, would tell
    about fewer than `reveal_at` of them, the largest base of the figures instead (at least so many).
    """
    shown = [one["base"] for one in figures if one["base"] is not None]
    others = shown if before is None else [*shown, before]
    if all(_enough(people - other, reveal_at) for other in others):
        return people
    return max(shown, default=people if before is None else before)


def _came_and_went(conn: Connection, round_code: str) -> tuple[int, int]:
    """How many people ever joined this round, and how many of them left."""
    here = conn.execute(select(func.count()).where(participants.c.round == round_code)).scalar_one()
    left = conn.execute(select(marks.c.value).where(marks.c.name == f"left:{round_code}")).scalar_one_or_none()
    gone = int(left or 0)
    return here + gone, gone


def _people(conn: Connection, round_code: str) -> int:
    substantive = (answers.c.item == "position", answers.c.status == "answered", answers.c.current)
    query = select(func.count(distinct(answers.c.participant))).where(answers.c.round == round_code, *substantive)
    return int(conn.execute(query).scalar_one())


def _count(conn: Connection, round_code: str) -> dict[tuple[str, str], Counts]:
    """People by dilemma and item, then by code: live answers, given before the person saw results."""
    query = (
        select(answers.c.dilemma, answers.c.item, answers.c.code, func.count())
        .where(answers.c.round == round_code, answers.c.item.in_(("position", *CHOICES)))
        .where(answers.c.status == "answered", answers.c.current, answers.c.after_results.is_(False))
        .group_by(answers.c.dilemma, answers.c.item, answers.c.code)
    )
    found: dict[tuple[str, str], Counts] = defaultdict(dict)
    for dilemma, item, code, people in conn.execute(query):
        found[dilemma, item][code] = people
    return found


def _newest(round_code: str) -> Select[Any]:
    return select(releases).where(releases.c.round == round_code).order_by(releases.c.number.desc()).limit(1)
