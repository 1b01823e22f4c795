"""Thirty residents at once, in three languages, each in their own way: every answer is in the export exactly once."""

from __future__ import annotations

import asyncio
import csv
import io
import random
from collections import Counter

from bot.house import House
from content import Content
from conversations.shapes import POSITIONS, Tapped
from tests.botapi import BotApi, Resident, Seen
from tests.botapi.fixtures import Serve, api, serve
from tests.exporting import exported

__all__ = ["api", "serve"]

SEED = 20401
PEOPLE = 30


class Walker:
    """One resident with a manner, who remembers what they meant."""

    def __init__(self, api: BotApi, content: Content, number: int) -> None:
        self.language = content.languages[number % 3]
        self.manner = ["taps", "types", "goes back", "switches", "taps three times"][number % 5]
        self.blocks = number == 29
        self.resident = Resident(api, 500_000 + number, self.language)
        self.content, self.random = content, random.Random(SEED + number)
        self.meant: dict[tuple[str, str], str] = {}

    async def walk(self) -> None:
        """From /start to the goodbye, choosing by chance."""
        words = self.content.words(self.language)
        seen = await self._do(self.resident.say("/start"))
        seen = await self._do(self.resident.tap(words("language.name")))
        consent = self.content.consents["count_me"]
        seen = await self._do(self.resident.tap(consent.yes[self.language]))
        seen = await self._do(self.resident.tap(words("button.skipped")))
        while True:
            at = Tapped.read(seen.data[0])
            assert at
            if at.at == "goodbye":
                return
            if self.blocks and at.at == "space.position":
                await self.resident.block()
                return
            seen = await self._answer(at.at, seen)

    async def _answer(self, at: str, seen: Seen) -> Seen:
        dilemma, _, item = at.rpartition(".")
        if item == "position":
            return await self._position(dilemma, seen)
        if item == "reasons":
            return await self._choose(dilemma, item, seen, self.random.randrange(4))
        if at == "age":
            return await self._do(self.resident.tap(self.content.words(self.language)("button.skip_all")))
        place = self.random.randrange(len(self.content.rounds["dreams"].dilemmas)) if at == "weighs_most" else 0
        return await self._choose("", at, seen, place) if at == "weighs_most" else await self._do(self.resident.tap(0))

    async def _position(self, dilemma: str, seen: Seen) -> Seen:
        if self.manner == "switches" and dilemma == "space":
            self.language = "en" if self.language != "en" else "nl"
            name = self.content.words(self.language)("language.name")
            await self._do(self.resident.say("/language"))
            seen = await self._do(self.resident.tap(name))
        after = await self._choose(dilemma, "position", seen, self.random.randrange(5))
        if self.manner == "goes back" and dilemma in ("growth", "society"):
            again = await self._do(self.resident.say("/back"))
            return await self._choose(dilemma, "position", again, self.random.randrange(5))
        return after

    async def _choose(self, dilemma: str, item: str, seen: Seen, place: int) -> Seen:
        tapped = Tapped.read(seen.data[place])
        assert tapped
        self.meant[dilemma, item] = tapped.choice
        if self.manner == "types" and item == "position":
            return await self._do(self.resident.say(seen.buttons[place].split(" ", 1)[1].lower()))
        return await self._do(self.resident.tap(place, times=3 if self.manner == "taps three times" else 1))

    async def _do(self, done: object) -> Seen:
        await done  # type: ignore[misc]
        return await self.resident.reply(within=20)


async def test_every_answer_is_in_the_export_exactly_once(
    api: BotApi, serve: Serve, house: House, content: Content
) -> None:
    serve()
    walkers = [Walker(api, content, number) for number in range(PEOPLE)]
    await asyncio.gather(*(walker.walk() for walker in walkers))
    rows = list(csv.DictReader(io.StringIO(exported(house, "answers", "csv").decode(), newline="")))
    current = [row for row in rows if row["current"] == "1"]
    places = [(row["participant"], row["dilemma"], row["item"], row["argument"]) for row in current]
    assert len(places) == len(set(places))
    assert len({row["participant"] for row in rows}) == PEOPLE
    kept = Counter((r["dilemma"], r["item"], r["code"], r["language"]) for r in current if r["status"] == "answered")
    meant = Counter(
        (dilemma, item, code, _language(walker, dilemma, item))
        for walker in walkers
        for (dilemma, item), code in walker.meant.items()
    )
    assert kept == meant
    for row in current:
        if row["item"] == "position":
            assert int(row["value"]) == POSITIONS.index(row["code"]) + 1
            assert row["shown_first"] in ("a", "b")


def _language(walker: Walker, dilemma: str, item: str) -> str:
    """The language an answer was given in: who switches does so at the third dilemma."""
    asked = walker.content.rounds["dreams"].dilemmas
    if walker.manner == "switches" and dilemma in asked and asked.index(dilemma) < asked.index("space"):
        return walker.resident.person.language_code or ""
    return walker.language
