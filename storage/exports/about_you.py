"""What rows may tell of age, neighbourhood and relation to the city, put into the copy: see storage/generalise.py."""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter

from storage.exports.job import Job
from storage.generalise import HIDDEN, AboutYou, generalise_alike

FIELD = {"age": "age", "neighbourhood": "place", "relation": "relation"}
_HERE = f"item IN {tuple(FIELD)} AND dilemma = '' AND code <> ''"


def hide(job: Job, copy: sqlite3.Connection) -> None:
    """Write into the copy's rows what they may show; an age or relation that is generalised away is empty.

    What somebody said earlier would make a combination of its own with what they say now: of that only
    the district is left.
    """
    numbers: dict[AboutYou, int] = {AboutYou(): 0}
    # By the person's number: the number of what they said. A hundred thousand mappings would fill the memory.
    said = array("q", bytes(8 * (1 + int(copy.execute("SELECT coalesce(max(rowid), 0) FROM person").fetchone()[0]))))
    each = ", ".join(f"max(CASE item WHEN '{item}' THEN code ELSE '' END)" for item in FIELD)
    for person, *codes in copy.execute(
        f"SELECT person, {each} FROM answer WHERE current AND status = 'answered' AND {_HERE} GROUP BY person"
    ):
        said[person] = numbers.setdefault(AboutYou(*codes), len(numbers))
    of_all = list(numbers)
    shown = generalise_alike({of_all[n]: people for n, people in Counter(said).items()}, job.districts, job.reveal_at)

    def may_show(person: int, item: str, code: str, current: int) -> str:
        if not current:
            return job.districts.get(code, code) if item == "neighbourhood" else ""
        one = str(getattr(shown[of_all[said[person]]], FIELD[item]))
        return "" if one == HIDDEN else one

    copy.create_function("may_show", 4, may_show)
    copy.execute(f"UPDATE answer SET code = may_show(person, item, code, current) WHERE {_HERE}")
