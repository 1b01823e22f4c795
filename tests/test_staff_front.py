"""What the desk's first page advises, by who is there and what waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.staff_front import Facts, next_steps
from storage.moderation import Waiting
from storage.staff_keys import Role

QUIET = Facts(
    ready=True,
    people=0,
    holders=frozenset({"keeper", "moderator"}),
    corrections=0,
    waiting=Waiting(0, 0, 0),
    open_rounds=1,
    released=False,
    moderators=1,
    reveal_at=10,
    first="dreams",
)


def keys(facts: Facts, role: Role) -> list[str]:
    return [step.key for step in next_steps(facts, role)]


@pytest.mark.parametrize(
    ("moderators", "role", "advised"),
    [(0, "keeper", True), (1, "keeper", False), (0, "moderator", False)],
)
def test_a_keeper_is_told_that_nobody_reads_own_words(moderators: int, role: Role, advised: bool) -> None:
    facts = replace(QUIET, waiting=Waiting(267, 0, 0), moderators=moderators)

    assert ("no_moderator" in keys(facts, role)) == advised


def test_before_the_first_release_it_says_from_how_many_people_on_there_is_one() -> None:
    few = next(step for step in next_steps(replace(QUIET, people=9), "reader") if step.key == "not_released")

    assert (few.n, few.href) == (10, "/rounds/dreams")
    assert "not_released" not in keys(replace(QUIET, people=9, released=True, newest="dreams"), "reader")
    assert "not_released" not in keys(QUIET, "reader")
