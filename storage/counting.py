"""What a release is made from: people by answer, counted from live answers in the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select

from storage.bursts import left_out, people
from storage.ladders import Counts
from storage.succession import NOT_GIVEN
from storage.tables import Answer

answers = Answer.__table__  # type: ignore[attr-defined]

# The round-level answer each split is made of; a language is that of the answer itself.
ABOUT = {"district": "neighbourhood", "age": "age", "relation": "relation"}
ITEMS = ("position", "reasons", "importance", "weighs_most", "values")
LATER = "position_after"
AT_ONCE = 2_000

# A dilemma, an item, a code, the language it was given in, whether that was after results were seen, and the
# dialogue in a group it was given in.
Given = tuple[str, str, str, str, bool, str]


@dataclass(frozen=True)
class Counted:
    """People of one round, all by dilemma ("" for the whole round).

    `people` gave at least one position. `before` and `after` are answers by item and code, given before and
    after the person had seen results of that dilemma; `by` are positions of before, by what people said
    about themselves; `shifts` are `position>position_after`. `left_out`: people with a position who are
    not among all these, since staff leave them out as a burst. `together`: those of `by` that were given in
    a group, by group.
    """

    people: int
    before: dict[tuple[str, str], Counts]
    after: dict[tuple[str, str], Counts]
    by: dict[tuple[str, str], dict[str, Counts]]
    shifts: dict[str, Counts]
    left_out: int = 0
    together: dict[tuple[str, str], dict[str, dict[str, Counts]]] = field(default_factory=dict)

    def in_groups(self, dilemma: str) -> int:
        """How many positions of before were given in a group."""
        groups = self.together.get((dilemma, "language"), {})
        return sum(n for group in groups.values() for cells in group.values() for n in cells.values())


def count(conn: Connection, round_code: str) -> Counted:
    """Everything a release of this round may tell, of this moment: every live answer is read once, person by person."""
    columns = [answers.c[one] for one in ("dilemma", "item", "code", "language", "after_results", "group")]
    query = (
        select(answers.c.participant, *columns)
        .where(answers.c.round == round_code, answers.c.item.in_((*ITEMS, *ABOUT.values(), LATER)))
        .where(answers.c.status == "answered", answers.c.current, answers.c.participant.not_in(left_out()))
        .order_by(answers.c.participant)
    )
    rows = conn.execute(query, execution_options={"yield_per": AT_ONCE})
    counted = nothing()
    people_there = 0
    for _, person in groupby(rows, itemgetter(0)):
        people_there += add(counted, [row[1:] for row in person])
    return replace(counted, people=people_there, left_out=people(conn, round_code)[1])


def add(counted: Counted, given: Sequence[Given]) -> bool:
    """Count one person's live answers in; whether there was a position among them."""
    about = {item: code for dilemma, item, code, *_ in given if not dilemma}
    later = {dilemma: code for dilemma, item, code, *_ in given if item == LATER}
    positions = 0
    for dilemma, item, code, language, late, group in given:
        if item in ITEMS:
            (counted.after if late else counted.before)[dilemma, item][code] += 1
        if item != "position":
            continue
        positions += 1
        if dilemma in later:
            counted.shifts[dilemma][f"{code}>{later[dilemma]}"] += 1
        if not late:
            said = {by: about.get(asked) or NOT_GIVEN for by, asked in ABOUT.items()} | {"language": language}
            for by, what in said.items():
                counted.by[dilemma, by][what][code] += 1
                if group:
                    counted.together[dilemma, by][group][what][code] += 1
    return positions > 0


def nothing() -> Counted:
    """Nobody counted yet."""
    together: Any = defaultdict(lambda: defaultdict(_cells))
    return Counted(0, _cells(), _cells(), defaultdict(_cells), defaultdict(Counter), together=together)


# ---------------------------------------------------------------- inside


def _cells() -> Any:
    return defaultdict(Counter)
