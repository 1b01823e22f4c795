"""What a release is made from: people by answer, counted from live answers in the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, TextClause, func, select, text

from storage.bursts import left_out
from storage.ladders import Counts
from storage.succession import NOT_GIVEN
from storage.tables import NO_POSITION, Answer

answers = Answer.__table__  # type: ignore[attr-defined]

# The round-level answer each split is made of; a language is that of the answer itself.
ABOUT = {"district": "neighbourhood", "age": "age", "relation": "relation"}
ITEMS = ("position", "reasons", "importance", "weighs_most", "values")
# Who was asked for a position and gave none: counted like an item, whose codes are the statuses.
GAVE_NONE = "nonresponse"
LATER = "position_after"

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
    a group, by group. `lives` are `people` by the neighbourhood they gave.
    """

    people: int
    before: dict[tuple[str, str], Counts]
    after: dict[tuple[str, str], Counts]
    by: dict[tuple[str, str], dict[str, Counts]]
    shifts: dict[str, Counts]
    left_out: int = 0
    together: dict[tuple[str, str], dict[str, dict[str, Counts]]] = field(default_factory=dict)
    lives: Counter[str] = field(default_factory=Counter)

    def in_groups(self, dilemma: str) -> int:
        """How many positions of before were given in a group."""
        groups = self.together.get((dilemma, "language"), {})
        return sum(n for group in groups.values() for cells in group.values() for n in cells.values())


def count(conn: Connection, round_code: str) -> Counted:
    """Everything a release of this round may tell, of this moment; the same as `add` makes of one person after another.

    The database groups, by the index `counted_answers` and without going to the rows; where an answer meets what
    its person said about themselves, it gives the people of each answer in one piece.
    """
    out = set(conn.execute(left_out()).scalars())
    live: Where = [answers.c.round == round_code, _live("answer")]
    counts: Where = [*live, answers.c.participant.not_in(left_out())] if out else live
    counted, gave = nothing(), set[str]()
    _alone(conn, counts, counted)
    _gave_none(conn, round_code, out, counted)
    about = {by: _by_dilemma(conn, counts, asked)[""] for by, asked in ABOUT.items()}
    later = _by_dilemma(conn, counts, LATER)
    for (dilemma, code, late, language), people in _blocks(conn, live, "position", *PLACE, "language"):
        gave.update(people)
        there = [one for one in people if one not in out] if out else people
        (counted.after if late else counted.before)[dilemma, "position"][code] += len(there)
        if afterwards := later.get(dilemma):
            for after, n in Counter(afterwards[one] for one in there if one in afterwards).items():
                counted.shifts[dilemma][f"{code}>{after}"] += n
        if not late and there:
            counted.by[dilemma, "language"][language][code] += len(there)
            for by, said in about.items():
                for what, n in Counter(map(said.get, there)).items():
                    counted.by[dilemma, by][what or NOT_GIVEN][code] += n
    _together(conn, counts, counted, about)
    counted.lives.update(place for one, place in about["district"].items() if place and one in gave)
    return replace(counted, people=len(gave - out), left_out=len(gave & out))


def add(counted: Counted, given: Sequence[Given]) -> bool:
    """Count one person's live answers in; whether there was a position among them."""
    about = {item: code for dilemma, item, code, *_ in given if not dilemma}
    later = {dilemma: code for dilemma, item, code, *_ in given if item == LATER}
    positions = 0
    for dilemma, item, code, language, late, group in given:
        if item in (*ITEMS, GAVE_NONE):
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
    if positions and (place := about.get("neighbourhood")):
        counted.lives[place] += 1
    return positions > 0


def nothing() -> Counted:
    """Nobody counted yet."""
    together: Any = defaultdict(lambda: defaultdict(_cells))
    return Counted(0, _cells(), _cells(), defaultdict(_cells), defaultdict(Counter), together=together)


# ---------------------------------------------------------------- inside


# Within an item: what an answer is about.
PLACE = ("dilemma", "code", "after_results")
Where = Sequence[ColumnElement[bool] | TextClause]


def _cells() -> Any:
    return defaultdict(Counter)


def _live(table: str) -> TextClause:
    """As the condition of the index is written: otherwise SQLite does not see that they are the same."""
    return text(f"{table}.current AND {table}.status = 'answered'")


def _alone(conn: Connection, counts: Where, counted: Counted) -> None:
    """The items that are not split by groups."""
    columns = [answers.c[one] for one in ("item", *PLACE)]
    items = [item for item in ITEMS if item != "position"]
    query = select(func.count(), *columns).where(*counts, answers.c.item.in_(items)).group_by(*columns)
    for n, *(item, dilemma, code, late) in conn.execute(query):
        (counted.after if late else counted.before)[dilemma, item][code] += n


def _gave_none(conn: Connection, round_code: str, out: Collection[str], counted: Counted) -> None:
    """Who was asked for a position and gave none, by how."""
    columns = [answers.c[one] for one in ("dilemma", "status", "after_results")]
    here: Where = [answers.c.round == round_code, text(f"current AND {NO_POSITION}")]
    here = [*here, answers.c.participant.not_in(left_out())] if out else here
    for n, dilemma, status, late in conn.execute(select(func.count(), *columns).where(*here).group_by(*columns)):
        (counted.after if late else counted.before)[dilemma, GAVE_NONE][status] += n


def _by_dilemma(conn: Connection, counts: Where, item: str) -> dict[str, dict[str, str]]:
    """What each person answered to an item."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for (dilemma, code), people in _blocks(conn, counts, item, "dilemma", "code"):
        found[dilemma].update(dict.fromkeys(people, code))
    return found


def _blocks(conn: Connection, where: Where, item: str, *names: str) -> Iterator[tuple[Sequence[Any], list[str]]]:
    """The people (ids) of each answer to an item."""
    columns = [answers.c[one] for one in names]
    people = func.aggregate_strings(answers.c.participant, ",")
    query = select(people, *columns).where(*where, answers.c.item == item).group_by(*columns)
    for ids, *answer in conn.execute(query):
        yield answer, ids.split(",")


def _together(conn: Connection, counts: Where, counted: Counted, about: Mapping[str, Mapping[str, str]]) -> None:
    """What was given in groups, person by person: they are never many."""
    columns = [answers.c[one] for one in ("participant", "dilemma", "code", "language", "group")]
    here = (answers.c.item == "position", answers.c.group != "", answers.c.after_results.is_(False))
    for person, dilemma, code, language, group in conn.execute(select(*columns).where(*counts, *here)):
        counted.together[dilemma, "language"][group][language][code] += 1
        for by, said in about.items():
            counted.together[dilemma, by][group][said.get(person, NOT_GIVEN)][code] += 1
