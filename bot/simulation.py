"""`simulate`: a new data folder with residents of known views, who walk through the real dialogue.

What they think is drawn from bot/simulation.yaml with the seed given, and written beside the database,
so that whoever tests a figure or a picture can compare it with what is true. The database is marked as
simulated for ever.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from types import MappingProxyType

import yaml
from sqlalchemy import Connection

from content import Content
from content.model import Strict, offered
from conversations import City, Progress, answer
from conversations.shapes import NONRESPONSE, POSITIONS, Arrived, Commanded, Heard, Tapped, Turn, Typed
from storage.keeping import Person, begin, keep, settle
from storage.keys import Keys

FILE = Path(__file__).with_suffix(".yaml")
VIEWS = "views.csv"
MOST_TURNS, SLOWEST = 120, 40.0
LONGEST = timedelta(seconds=MOST_TURNS * SLOWEST)
CONSENTS = ("quote_me", "tell_me", "remind_me")
OWN_WORDS = ("dream", "worry")
BESIDE = ("results", "share", "leave")
KEEPS_TO_A_SIDE = 0.9
Chances = Mapping[str, float]
NOBODY: Chances = MappingProxyType({})


class Camp(Strict):
    """One way to see the city: how common it is, where and at what age it is likelier, and what it leans to."""

    share: float
    live: Chances = NOBODY
    age: Chances = NOBODY
    positions: Mapping[str, tuple[float, ...]]


class Population(Strict):
    """What bot/simulation.yaml holds."""

    language: Chances
    channel: Chances
    age: Chances
    relation: Chances
    district: Chances
    camps: Mapping[str, Camp]
    walk: Chances
    days: int
    words: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Resident:
    """One made-up person: who they are, and their true position at every dilemma, whether they tell it or not."""

    number: int
    camp: str
    language: str
    channel: str
    about: Mapping[str, str]
    positions: Mapping[str, str]
    draw: int
    random: Random = field(repr=False, compare=False)


def population() -> Population:
    """The residents' make-up, as the file beside this one says."""
    return Population.model_validate(yaml.safe_load(FILE.read_text("utf8")))


def residents(content: Content, people: int, seed: int) -> Iterator[Resident]:
    """So many residents; the same ones for the same seed and content."""
    made_up, homes = population(), offered(content.items["neighbourhood"].options, content.version)
    for number in range(people):
        random = Random(f"{seed}:{number}")
        district, age = _drawn(made_up.district, random), _drawn(made_up.age, random)
        shares = {
            name: camp.share * camp.live.get(district, 1) * camp.age.get(age, 1) for name, camp in made_up.camps.items()
        }
        camp = _drawn(shares, random)
        places = [o.code for o in homes if o.district == district] or [district]
        about = {"age": age, "neighbourhood": random.choice(places), "relation": _drawn(made_up.relation, random)}
        leans = made_up.camps[camp].positions
        positions = {
            code: random.choices(POSITIONS, leans[code])[0] if code in leans else random.choice(POSITIONS)
            for code in content.dilemmas
        }
        language, channel = _drawn(made_up.language, random), _drawn(made_up.channel, random)
        yield Resident(number, camp, language, channel, about, positions, random.getrandbits(62), random)


def settle_in(
    conn: Connection, content: Content, keys: Keys, some: Sequence[Resident], round_code: str, until: datetime
) -> list[list[str]]:
    """Let these residents walk and keep what they answer; a line of their true views each, under `heads`."""
    made_up, lines = population(), []
    for one in some:
        # Whoever came last is done by now too: an answer of later is in no bundle, but in the figures beside it.
        started = until - LONGEST - timedelta(days=made_up.days) * one.random.random()
        known = _walk(conn, content, keys, one, made_up, Progress(round_code, one.channel, "nl", one.draw), started)
        told = [keys.pseudonym(known), one.camp, one.language, *one.about.values(), *one.positions.values()]
        lines.append(told)
    return lines


def heads(content: Content) -> list[str]:
    """The columns of the file of true views: positions as codes, also where they were never told."""
    return ["participant", "camp", "language", "age", "neighbourhood", "relation", *content.dilemmas]


def write_views(file: Path, content: Content, lines: Iterable[list[str]]) -> None:
    """The true views as CSV, sorted, so that nothing tells who came first."""
    with file.open("w", encoding="utf8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(heads(content))
        writer.writerows(sorted(lines))


# ---------------------------------------------------------------- one walk


def _walk(
    conn: Connection, content: Content, keys: Keys, one: Resident, made_up: Population, progress: Progress, at: datetime
) -> str:
    """From the first button to the goodbye, or until they stop; the id of the participant."""
    city, person, address = City(), None, f"simulated {one.number}"
    heard: Heard | None = Arrived()
    for _ in range(MOST_TURNS):
        if heard is None:
            break
        turn = answer(progress, heard, content, city)
        at += timedelta(seconds=one.random.uniform(4, SLOWEST))
        person = _kept(conn, keys, person, turn, address, content.version, at)
        progress = turn.progress
        heard = _says(one, progress, _choices(turn), content, made_up)
    if person is None:
        raise RuntimeError(f"resident {one.number} never took part: the dialogue has changed")
    settle(conn, [(person.id, person.turn)])
    return person.id


def _kept(
    conn: Connection, keys: Keys, person: Person | None, turn: Turn, address: str, version: int, at: datetime
) -> Person | None:
    if person is None:
        if not turn.progress.counted:
            return None
        channel = turn.progress.channel
        person = begin(conn, turn.progress, address, keys.address(channel, address), keys, at)
    return Person(person.id, keep(conn, person, turn.progress, turn.facts, version, at), turn.progress)


def _choices(turn: Turn) -> dict[str, Tapped]:
    """The buttons under the newest message, by what they choose."""
    found = (Tapped.read(button.data) for row in turn.says[-1].buttons for button in row)
    return {tap.choice: tap for tap in found if tap}


def _says(
    one: Resident, progress: Progress, choices: Mapping[str, Tapped], content: Content, made_up: Population
) -> Heard | None:
    """What this resident does at a question; None: they leave."""
    chance, walk, at = one.random.random, made_up.walk, progress.now
    fixed = {"language": one.language, "count_me": "yes"}
    if at in fixed:
        return choices[fixed[at]]
    if chance() < walk["stops"]:
        return None
    if at == "goodbye":
        offered = [tap for choice, tap in choices.items() if choice not in BESIDE]
        return offered[0] if offered and chance() < walk["goes_on"] else None
    if at in CONSENTS:
        return choices["yes" if chance() < walk["agrees"] else "no"]
    dilemma, _, item = at.rpartition(".")
    if item == "reasons" and chance() < walk["changes"]:
        return Commanded("back")
    if at in OWN_WORDS or (item == "reasons" and chance() < walk["own_reason"]):
        tells = item == "reasons" or chance() < walk["tells"]
        return Typed(one.random.choice(made_up.words[one.language])) if tells else choices["skipped"]
    for nonresponse in ("skipped", "dont_know"):
        if nonresponse in choices and chance() < walk[nonresponse]:
            return choices[nonresponse]
    return choices[_wanted(one, dilemma, item, choices, content)]


def _wanted(one: Resident, dilemma: str, item: str, choices: Mapping[str, Tapped], content: Content) -> str:
    """The choice that is this resident's own; where they have none, any."""
    if item == "position":
        return one.positions[dilemma]
    if item == "neighbourhood":
        home = one.about[item]
        found = next(o for o in content.items[item].options if o.code == home)
        return home if home in choices else str(found.district)
    if item in one.about:
        return one.about[item]
    others = [choice for choice in choices if choice not in (*NONRESPONSE, "skip_all")]
    if item != "reasons":
        return one.random.choice(others)
    side = one.positions[dilemma].removeprefix("rather_")
    own = [choice for choice in others if choice.startswith(side)]
    return one.random.choice(own if own and one.random.random() < KEEPS_TO_A_SIDE else others)


def _drawn(chances: Chances, random: Random) -> str:
    return random.choices(list(chances), list(chances.values()))[0]


def batches(some: Iterator[Resident], size: int) -> Iterator[list[Resident]]:
    """The residents, so many at a time."""
    while batch := list(itertools.islice(some, size)):
        yield batch
