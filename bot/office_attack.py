"""What a keeper does to check a promise: attack everything that was published."""

from __future__ import annotations

from bot.office import Round, known, noted, office, open_house, plainly, reading
from storage.attack import attack as learn
from storage.database import DatabaseFault
from storage.interval import NoSolver
from storage.ladders import levels
from storage.releases import published
from storage.suppression import SMALL


@office.command()
@plainly
def attack(round: Round) -> None:
    """Try to learn from all published numbers what a few people answered; exits 1 where something is found.

    Works out every hidden cell by linear programming and compares every release with every other. Needs
    the extra `science`. May take minutes after hundreds of releases.
    """
    house = open_house()
    noted(house, "read", f"every summary of {known(house, round)}")
    with reading(house) as connection:
        try:
            learned = learn(published(connection, round), levels(house.content), min(SMALL, house.settings.reveal_at))
        except NoSolver as fault:
            raise DatabaseFault(str(fault)) from None
    print(f"{learned.releases} releases, {learned.figures} figures, {learned.comparisons} comparisons")
    for line in learned.found:
        print(line)
    if learned.found:
        raise DatabaseFault(f"{round}: {len(learned.found)} numbers tell about too few people")
    print("no number tells about too few people")
