"""What rows may tell of age, neighbourhood and relation to the city, put into the copy: see storage/generalise.py."""

from __future__ import annotations

import sqlite3
from collections import defaultdict

from storage.exports.job import Job
from storage.generalise import HIDDEN, AboutYou, generalise

FIELD = {"age": "age", "neighbourhood": "place", "relation": "relation"}
_HERE = f"dilemma = '' AND code <> '' AND item IN {tuple(FIELD)}"


def hide(job: Job, copy: sqlite3.Connection) -> None:
    """Write into the copy's rows what they may show; an age or relation that is generalised away is empty.

    What somebody said earlier would make a combination of its own with what they say now: of that only
    the district is left.
    """
    said: dict[str, dict[str, str]] = defaultdict(dict)
    for person, item, code in copy.execute(
        f"SELECT person, item, code FROM answer WHERE current AND status = 'answered' AND {_HERE}"
    ):
        said[str(person)][FIELD[item]] = code
    shown = generalise({person: AboutYou(**one) for person, one in said.items()}, job.districts, job.reveal_at)

    def may_show(person: int, item: str, code: str, current: int) -> str:
        if not current:
            return job.districts.get(code, code) if item == "neighbourhood" else ""
        one = str(getattr(shown.get(str(person), AboutYou()), FIELD[item]))
        return "" if one == HIDDEN else one

    copy.create_function("may_show", 4, may_show)
    copy.execute(f"UPDATE answer SET code = may_show(person, item, code, current) WHERE {_HERE}")
