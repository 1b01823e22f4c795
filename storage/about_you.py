"""What the rows of an export may tell of age, neighbourhood and relation to the city: see storage/generalise.py."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, select

from content import Content
from storage.generalise import HIDDEN, AboutYou, generalise
from storage.tables import Answer

answers = Answer.__table__  # type: ignore[attr-defined]

FIELD = {"age": "age", "neighbourhood": "place", "relation": "relation"}


class ShownAbout:
    """What may be shown of everybody in a round, read from one snapshot."""

    def __init__(self, conn: Connection, content: Content, round_code: str, reveal_at: int) -> None:
        """KeyError for a round that is not in the content."""
        content.rounds[round_code]
        item = content.items.get("neighbourhood")
        self._district_of = {one.code: one.district for one in (item.options if item else ()) if one.district}
        self._shown = generalise(_people(conn, round_code), self._district_of, reveal_at)

    def of(self, participant: str) -> AboutYou:
        """Codes as a row of this person may show them; HIDDEN for an age or relation that is generalised away."""
        return self._shown.get(participant, AboutYou())

    def code(self, participant: str, item: str, code: str, current: bool) -> str:
        """The code of one answer as a row may show it; empty where it is generalised away.

        What somebody said earlier would make a combination of its own with what they say now: of that
        only the district is left.
        """
        if item not in FIELD or not code:
            return code
        if not current:
            return self._district_of.get(code, code) if item == "neighbourhood" else ""
        shown = str(getattr(self.of(participant), FIELD[item]))
        return "" if shown == HIDDEN else shown


def _people(conn: Connection, round_code: str) -> dict[str, AboutYou]:
    query = select(answers.c.participant, answers.c.item, answers.c.code).where(
        *(answers.c.round == round_code, answers.c.item.in_(FIELD), answers.c.dilemma == ""),
        *(answers.c.current, answers.c.status == "answered"),
    )
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for participant, item, code in conn.execute(query):
        found[participant][FIELD[item]] = code
    return {participant: AboutYou(**said) for participant, said in found.items()}
