"""Answers of one group chat lean on each other: the design effect, by hand, against copies, and in simulations."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.house import House
from content import Content
from conversations.shapes import POSITIONS
from storage.attack import attack
from storage.clustering import at_worst, compared, design_effect, rounded_up, setting
from storage.database import begin_write, now
from storage.erasure import erase
from storage.ladders import levels
from storage.releases import latest, release
from storage.statistics import described, kruskal_wallis
from storage.verifying import verify
from tests.seeding import crowd
from tests.test_bundle import bundled, rewritten

Clusters = list[dict[int, list[int]]]


def test_without_groups_nothing_changes() -> None:
    groups = [[9, 4, 2, 3, 1], [2, 2, 5, 8, 7]]
    assert design_effect(groups, []) == 1
    # Whoever is alone in a chat is no more than somebody who answered alone.
    assert design_effect(groups, [{0: [1, 0, 0, 0, 0]}, {1: [0, 0, 1, 0, 0]}]) == 1
    assert kruskal_wallis(groups) == kruskal_wallis(groups, 1)
    assert design_effect([[5, 0, 0]], []) == design_effect([[0, 5, 0], [0, 5, 0]], [{0: [0, 2, 0]}]) == 1


def test_it_is_what_one_reckons_by_hand() -> None:
    """Four of one side against four of the other, two of them in one chat: ranks 1.5, 4.5 and 7.5 of eight people.

    Scores -3, 0 and 3, a variance of (2 x 9 + 4 x 0 + 2 x 9) / 7 = 36 / 7. The pair, both in the first
    group and both -3, adds 2 x 9 to the square of their sum: 18 x (1 / 4 - 1 / 8), over that variance.
    """
    groups, pair = [[2, 2, 0], [0, 2, 2]], [{0: [2, 0, 0]}]
    assert design_effect(groups, pair) == pytest.approx(1 + 18 * (1 / 4 - 1 / 8) / (36 / 7))
    # A pair apart, in both groups: 2 x 3 x 3 / 8.
    assert design_effect(groups, [{0: [1, 0, 0], 1: [0, 0, 1]}]) == pytest.approx(1 + 18 / 8 / (36 / 7))
    # One that is alike in both makes a comparison more certain: that is not reckoned with.
    assert design_effect([[2, 2, 0], [2, 0, 2]], [{0: [1, 0, 0], 1: [1, 0, 0]}]) == 1


def test_it_is_the_variance_of_sums_of_chats_over_that_of_independent_answers() -> None:
    """Rao and Scott's mean of the generalised effects, tr(V0⁻ V) / (k - 1), from single people and their chats."""
    draw = random.Random(5)
    for _ in range(20):
        k = draw.randint(2, 4)
        people = [(draw.randrange(k), draw.randrange(5), draw.randrange(9)) for _ in range(60)]
        groups = [[sum((g, x) == (one, code) for g, x, _ in people) for code in range(5)] for one in range(k)]
        sizes, ranked = [sum(group) for group in groups], sorted(x for _, x, _ in people)
        mean = {x: sum(n for n, one in enumerate(ranked, 1) if one == x) / ranked.count(x) for x in ranked}
        score = [mean[x] - 30.5 for _, x, _ in people]
        variance = sum(one**2 for one in score) / 59

        chats = [[n for n, one in enumerate(people) if one[2] == chat] for chat in range(9)]
        clusters: Clusters = [{} for _ in chats]
        for chat, cluster in zip(chats, clusters, strict=True):
            for n in chat:
                cluster.setdefault(people[n][0], [0] * 5)[people[n][1]] += 1
        # By group and person: what it adds to the sum of that group, over what is due to it.
        adds = [
            [
                ((g == one) - size / 60) * own / (size * (k - 1) * variance) ** 0.5
                for (g, *_), own in zip(people, score, strict=True)
            ]
            for one, size in enumerate(sizes)
        ]
        by_chat = sum(sum(row[n] for n in chat) ** 2 for row in adds for chat in chats)
        alone = sum(one**2 for row in adds for one in row)
        assert design_effect(groups, clusters) == pytest.approx(max(1, 1 + by_chat - alone))


@pytest.mark.parametrize("copies", [2, 5, 12])
def test_answers_copied_by_whole_chats_tell_no_more_than_once(copies: int) -> None:
    once = [[9, 4, 2, 3, 1], [2, 2, 5, 8, 7], [3, 3, 3, 3, 3]]
    groups = [[n * copies for n in row] for row in once]
    one = [[0] * at + [copies] + [0] * (4 - at) for at in range(5)]
    clusters: Clusters = [{g: one[at]} for g, row in enumerate(once) for at, n in enumerate(row) for _ in range(n)]
    effect = design_effect(groups, clusters)
    assert effect == pytest.approx(copies, rel=0.02)
    assert kruskal_wallis(groups, effect)[1] == pytest.approx(kruskal_wallis(once)[1], rel=0.15)
    assert kruskal_wallis(groups)[1] < kruskal_wallis(once)[1] / 10


def answers_of(draw: random.Random, mind: float) -> int:
    """A position of somebody, in a chat that leans that way."""
    felt = draw.gauss(mind, 1)
    return sum(felt > edge for edge in (-1, -0.3, 0.3, 1))


def city(draw: random.Random, groups: int, chats: int, members: int, alone: int, lean: float, mixed: bool) -> Any:
    """A round in which groups of people think alike: its groups and its chats, each of one group, or `mixed`."""
    rows, clusters = [[0] * 5 for _ in range(groups)], []
    for chat in range(chats):
        mind, cluster = draw.gauss(0, lean), dict[int, list[int]]()
        for _ in range(members):
            at, code = draw.randrange(groups) if mixed else chat % groups, answers_of(draw, mind)
            cluster.setdefault(at, [0] * 5)[code] += 1
            rows[at][code] += 1
        clusters.append(cluster)
    for _ in range(alone):
        rows[draw.randrange(groups)][answers_of(draw, draw.gauss(0, lean))] += 1
    return rows, clusters


@pytest.mark.parametrize(
    ("shape", "naive"),
    [
        # Groups, chats, members of each, people alone, how much a chat leans (as part of the spread), mixed.
        ((2, 20, 12, 0, 0.65, False), 0.25),
        ((2, 6, 12, 60, 0.65, False), 0.15),
        ((4, 8, 12, 200, 0.65, False), 0.2),
        ((6, 12, 10, 100, 0.65, False), 0.35),
        ((3, 10, 12, 100, 0.65, True), 0),
        ((3, 10, 12, 100, 0, False), 0),
    ],
)
def test_where_nothing_differs_few_differences_are_found(shape: Any, naive: float) -> None:
    """Where chats lean, taking all as independent finds a difference far more often than 1 in 20; this does not."""
    draw, rounds = random.Random(11), 400
    plain = careful = 0
    for _ in range(rounds):
        groups, clusters = city(draw, *shape)
        plain += kruskal_wallis(groups)[1] <= 0.05
        careful += kruskal_wallis(groups, rounded_up(design_effect(groups, clusters)))[1] <= 0.05
    assert plain / rounds >= naive
    # Three standard errors of a share of 1 in 20.
    assert careful / rounds <= 0.05 + 3 * (0.05 * 0.95 / rounds) ** 0.5


def test_a_real_difference_is_still_found() -> None:
    draw, found = random.Random(3), 0
    for _ in range(60):
        (first, second), clusters = city(draw, 2, 10, 12, 160, 0.4, False)
        moved = [0, first[0], first[1], first[2], first[3] + first[4]]
        shifted = [{0: [0, *one[0][:3], one[0][3] + one[0][4]]} if 0 in one else one for one in clusters]
        found += kruskal_wallis([moved, second], design_effect([moved, second], shifted))[1] <= 0.05
    assert found >= 55


def test_where_few_were_in_chats_the_worst_is_taken() -> None:
    """Nine in one chat and of one mind, in the smaller group: at most as bad as this on average."""
    assert at_worst([30, 90], 10) == 1 + 72 * (1 / 30 - 1 / 120)
    assert at_worst([30, 90, 60], 10) == 1 + 72 * (1 / 30 - 1 / 180) / 2
    draw, effects = random.Random(6), []
    for _ in range(300):
        groups = [[6] * 5, [18] * 5]
        effects.append(design_effect(groups, [{0: [9 if at == draw.randrange(5) else 0 for at in range(5)]}]))
    assert sum(effects) / 300 < at_worst([30, 90], 10)
    assert [rounded_up(one) for one in (1, 1.0000000001, 1.01, 2.3, 2.31)] == [1, 1, 1.1, 2.3, 2.4]


# ---------------------------------------------------------------- what is released


def chatted(draw: random.Random, number: int, chat: str, lean: Sequence[float], **about: str) -> list[dict[str, str]]:
    return [{"growth": draw.choices(POSITIONS, lean)[0], "group": chat, **about} for _ in range(number)]


@pytest.fixture
def conn(house: House) -> Iterator[Connection]:
    with house.engine.connect() as conn:
        begin_write(conn)
        yield conn


def made(conn: Connection, content: Content) -> Mapping[str, Any]:
    release(conn, content, "dreams", 10, now())
    found = latest(conn, "dreams")
    assert found
    return found


EVEN, LEFT, RIGHT = (1, 1, 1, 1, 1), (6, 4, 1, 1, 1), (1, 1, 1, 4, 6)


def test_it_is_told_how_many_answered_in_groups_and_a_comparison_reckons_with_it(
    conn: Connection, content: Content
) -> None:
    draw = random.Random(4)
    crowd(conn, chatted(draw, 120, "", EVEN, language="nl") + chatted(draw, 60, "", EVEN, language="en"), "p")
    for n in range(3):
        crowd(conn, chatted(draw, 14, f"chat{n}", RIGHT, language="en"), f"g{n}")
    summary = made(conn, content)
    growth = summary["dilemmas"]["growth"]
    assert growth["setting"] == {"base": 222, "step": "each", "counts": {"private": 180, "group": 42}, "as_of": 1}
    told = growth["by"]["language"]["design_effect"]
    (one,) = [one for one in summary["statistics"]["differences"] if one["by"] == "language"]
    assert one["design_effect"] == told >= 2
    rows, _ = compared(growth["by"]["language"])
    assert one["p"] == round(kruskal_wallis(list(rows.values()), told)[1], 6)
    assert one["p"] > 5 * kruskal_wallis(list(rows.values()))[1]
    # A question nobody answered in a group.
    assert summary["dilemmas"]["space"]["setting"]["base"] is None


def test_nothing_is_told_of_few_in_groups_and_the_worst_is_taken(conn: Connection, content: Content) -> None:
    draw = random.Random(4)
    crowd(conn, chatted(draw, 60, "", LEFT, language="nl") + chatted(draw, 60, "", RIGHT, language="en"), "p")
    crowd(conn, chatted(draw, 9, "chat", RIGHT, language="en"), "g")
    summary = made(conn, content)
    growth = summary["dilemmas"]["growth"]
    assert growth["setting"] == {"base": None, "step": "total", "counts": {}, "as_of": 1}
    assert growth["by"]["language"]["design_effect"] is None
    (one,) = summary["statistics"]["differences"]
    assert one["design_effect"] == rounded_up(at_worst([60, 69], 10))
    assert one["clear"]


def test_without_groups_the_figures_are_as_they_were(conn: Connection, content: Content) -> None:
    draw = random.Random(4)
    crowd(conn, chatted(draw, 60, "", LEFT, language="nl") + chatted(draw, 60, "", RIGHT, language="en"), "p")
    summary = made(conn, content)
    assert summary["dilemmas"]["growth"]["setting"]["counts"] == {"private": 120, "group": 0}
    (one,) = summary["statistics"]["differences"]
    assert one.pop("design_effect") == 1
    before = json.loads(json.dumps(summary["dilemmas"]))
    del before["growth"]["by"]["language"]["design_effect"]
    assert described(before, 10)["differences"] == [one]


def test_how_many_were_in_groups_changes_by_many_at_once(conn: Connection, content: Content) -> None:
    """Both numbers, from every release to every other; and the strong attacker of `attack` agrees."""
    draw, seen = random.Random(9), []
    crowd(conn, chatted(draw, 40, "", EVEN) + chatted(draw, 20, "chat", EVEN), "p")
    for n, (alone, together) in enumerate([(0, 0), (30, 4), (14, 1), (2, 9), (12, 40), (30, 0)]):
        crowd(conn, chatted(draw, alone, "", EVEN) + chatted(draw, together, f"chat{n}", EVEN), f"q{n}")
        summary = made(conn, content)
        seen.append((summary["release"], summary["dilemmas"]["growth"]["setting"]["counts"]))
    assert [counts["group"] for _, counts in seen] == [20, 20, 20, 34, 74, 74]
    assert seen[-1] == (seen[-2][0] + 1, {"private": 128, "group": 74})
    rows = [json.loads(text) for (text,) in conn.exec_driver_sql("SELECT summary FROM release ORDER BY number")]
    assert attack(rows, levels(content), 5).found == []
    for code in ("private", "group"):
        rows[-1]["dilemmas"]["growth"]["setting"]["counts"][code] += 3
    found = attack(rows, levels(content), 5).found
    assert any("more or fewer" in line for line in found)


def test_the_figure_of_groups_keeps_to_that_of_all() -> None:
    whole = {"base": 50, "as_of": 2}
    none = {"base": None, "step": "total", "counts": {}, "as_of": 2}
    assert setting(whole, 9, (), 10, 2) == setting(whole, 41, (), 10, 2) == none
    first = {"base": 30, "step": "each", "counts": {"private": 15, "group": 15}, "as_of": 1}
    assert setting(whole, 20, [first], 10, 2) == first
    assert setting({**whole, "as_of": 1}, 30, [first], 10, 2) == first
    assert setting(whole, 25, [first], 10, 2)["counts"] == {"private": 25, "group": 25}
    assert setting(whole, 15, [first], 10, 2)["counts"] == {"private": 35, "group": 15}


def another_effect(summary: dict[str, Any]) -> None:
    summary["dilemmas"]["growth"]["by"]["language"]["design_effect"] = 1
    summary["statistics"] = described(summary["dilemmas"], 10)


def fewer_in_groups(summary: dict[str, Any]) -> None:
    summary["dilemmas"]["growth"]["setting"]["counts"] = {"private": 134, "group": 28}


def more_without_a_choice(summary: dict[str, Any]) -> None:
    summary["dilemmas"]["growth"]["response"]["counts"]["nonresponse"] += 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (more_without_a_choice, "growth response: nonresponse was released as 25, the rows give 24"),
        (another_effect, "growth by language: a design effect of 1 was released, the rows give"),
        (fewer_in_groups, "growth setting: private was released as 134, the rows give 120"),
    ],
)
def test_verify_reckons_it_again(
    house: House, content: Content, tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    draw = random.Random(4)
    with house.engine.connect() as conn:
        begin_write(conn)
        alone = chatted(draw, 60, "", EVEN, language="nl") + chatted(draw, 60, "", EVEN, language="en")
        alone += [{"growth": status} for status in ("dont_know", "declined") for _ in range(12)]
        people = crowd(conn, [*alone, *chatted(draw, 42, "chat", RIGHT, language="en")], "p")
        release(conn, content, "dreams", 10, now())
        conn.commit()
    file = bundled(house, tmp_path)
    assert verify(file, content)[0] == []

    def changed(held: dict[str, bytes]) -> None:
        summary = json.loads(held["summary.json"])
        change(summary)
        held["summary.json"] = held["releases/1.json"] = (
            json.dumps(summary, ensure_ascii=False, indent=1) + "\n"
        ).encode()

    faults = verify(rewritten(file, changed, True), content)[0]
    assert said in "\n".join(faults)
    # Of who was erased since nothing is left to reckon with.
    with house.engine.connect() as conn:
        begin_write(conn)
        erase(conn, people[130], house.keys, now(), False)
        conn.commit()
    assert verify(bundled(house, tmp_path), content)[0] == []
