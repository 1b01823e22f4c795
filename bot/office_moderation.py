"""`bot.py texts` and `bot.py decide`: own words that wait for a moderator, from the command line."""

from __future__ import annotations

import json
from typing import Annotated, cast

import typer

from bot.house import House
from bot.office import here, office, open_house, plainly, writing
from conversations.alarm import alarm
from storage import audit, moderation
from storage.database import DatabaseFault, now

MOST = 10_000
VERDICTS = ("passed", "masked", "refused")


@office.command("texts")
@plainly
def texts(
    original: Annotated[int | None, typer.Option(help="the id of one text, as it was written: the log says so")] = None,
) -> None:
    """Own words that wait, masked, one JSON object a line; what may be a cry for help or a threat first."""
    house = open_house()
    if original is not None:
        print(json.dumps({"id": original, "text": _original(house, original)}, ensure_ascii=False))
        return
    with writing(house) as connection:
        audit.note(connection, here(), "read", "own words that wait")
        moderation.look_for_alarms(connection, lambda text: alarm(text, house.content.phrases), MOST)
        found = moderation.apart(connection, MOST) + moderation.queue(connection, MOST)
    for own in found:
        told = {"id": own.id, "at": f"{own.dilemma}.{own.item}".strip("."), "language": own.language}
        print(json.dumps({**told, "text": own.shown, "alarm": own.alarm}, ensure_ascii=False))


def _original(house: House, text: int) -> str:
    """The words as they were written; the line about it is committed before they are shown."""
    with writing(house) as connection:
        found = moderation.original(connection, text)
        if found is None:
            raise DatabaseFault(f"{text}: there is no such text")
        # Which one would lead to a person.
        audit.note(connection, here(), "original", "own words")
    return found


@office.command("decide")
@plainly
def decide(
    text: Annotated[int, typer.Argument(help="its id, as `texts` tells it")],
    verdict: Annotated[str, typer.Argument(help=", ".join(VERDICTS))],
    reason: Annotated[str, typer.Option(help=", ".join(moderation.REASONS))] = "",
    hide: Annotated[str, typer.Option(help="words to hide, with commas between")] = "",
) -> None:
    """Decide about a text: it may leave, leaves with words hidden, or never leaves."""
    if verdict not in VERDICTS:
        raise typer.BadParameter(f"is one of {', '.join(VERDICTS)}")
    house = open_house()
    with writing(house) as connection:
        try:
            wanted = cast(moderation.Verdict, verdict)
            words = hide.split(",")
            _, done = moderation.decide(connection, [text], wanted, here().name, now(), reason=reason, hide=words)
        except moderation.Undecided as fault:
            raise DatabaseFault(f"nothing was decided: {fault}") from None
        if done:
            audit.note(connection, here(), "moderate", verdict)
    print(f"{verdict}" if done else "nothing was decided: it does not wait")
