"""The audit log at the desk: in the language of the page, and in the database as it was written."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from bot.house import House
from bot.staff_log import OBJECTS, ORIGINS, Log
from content.staff_words import LANGUAGES, staff_words
from storage import audit
from storage.audit import Action, Actor
from storage.retention import DUTIES
from tests.colleague import at_the_desk
from tests.test_audit import lines

TITLES = {"dreams": "Dromen"}
DUTCH = Log(staff_words()["nl"], TITLES)
WRITTEN: tuple[tuple[Action, str, str], ...] = (
    ("read", "own words that wait", "eigen woorden die wachten"),
    ("read", "summary of dreams", "samenvatting · Dromen"),
    ("download", "answers of dreams as csv", "Antwoorden · Dromen · csv"),
    ("download", "answers of dreams as excel-csv", "Antwoorden · Dromen · excel-csv"),
    ("backup", "the whole database", "de hele database"),
    ("deliver", "everything that waits", "alles wat wacht"),
    ("moderate", "refused", "geweigerd"),
    ("moderate", "set_apart 3", "apart gezet: 3"),
    ("release", "dreams 12", "Dromen, vrijgave 12"),
    ("round_open", "dreams", "Dromen"),
    ("key_add", "j.jansen as analyst", "j.jansen als analist"),
    ("preview", "dreams li", "Dromen · Mestreechs"),
    ("burst_out", "2026-03-14T15:09:26 of dreams", "golf van 14 mrt 2026 16:09 · Dromen"),
    ("purge", "2 addresses, 31 updates", "adressen: 2, nummers van berichten: 31"),
    ("move", "from sqlite to postgresql", "van sqlite naar postgresql"),
    ("sign_in", "desk", "bureau"),
)


@pytest.mark.parametrize(("action", "written", "said"), WRITTEN)
def test_what_is_known_is_said_in_dutch(action: str, written: str, said: str) -> None:
    assert DUTCH.object(action, written) == said


@pytest.mark.parametrize(
    ("action", "written"),
    [
        ("read", "/v1/rounds/{round}/answers"),
        ("download", "votes of dreams as csv"),
        ("download", "answers of nightmares as csv"),
        ("release", "dreams twelve"),
        ("burst_out", "yesterday of dreams"),
        ("purge", "2 addresses, 3 cats"),
        ("deliver", "0c7f6d"),
        # The names of a key and of a hold, not the desk and not a list.
        ("key_remove", "desk"),
        ("hold_add", "nothing"),
    ],
)
def test_what_is_not_known_is_shown_as_it_is(action: str, written: str) -> None:
    assert DUTCH.object(action, written) == written


def test_every_shape_and_everything_that_is_purged_has_words() -> None:
    keys = {f"log.{key}" for key, *_ in (*OBJECTS, *ORIGINS)} | {f"log.gone.{one.name}" for one in DUTIES}
    for language in LANGUAGES:
        assert keys - set(staff_words()[language].messages) == set()
    assert {action for *_, actions in OBJECTS for action in actions} <= set(audit.ACTIONS)


async def test_the_log_is_in_the_language_of_the_page_and_stays_as_it_was_written(house: House) -> None:
    def work(conn: Connection) -> None:
        for origin in ("api 10.0.0.7", "command line", "by itself", "somewhere else"):
            audit.note(conn, Actor("b.analyst", origin, "analyst"), "download", "answers of dreams as csv")

    await house.worker.run(work)
    async with at_the_desk(house, "keeper") as keeper:
        dutch = (await keeper.opens("/audit")).text
        english = (await keeper.opens("/audit?language=en")).text
    title = house.content.rounds["dreams"].title
    for origin in ("API, 10.0.0.7", "opdrachtregel", "vanzelf", "somewhere else"):
        assert f"downloaden Antwoorden · {title['nl']} · csv gedaan {origin}" in dutch
    for origin in ("API, 10.0.0.7", "command line", "by itself", "somewhere else"):
        assert f"download Answers · {title['en']} · csv done {origin}" in english
    assert "lezen logboek gedaan bureau, 127.0.0.1" in dutch
    kept = [(one.object, one.origin) for one in lines(house.engine) if one.action == "download"]
    assert kept[0] == ("answers of dreams as csv", "api 10.0.0.7")
