"""A class on Telegram: a teacher, members in three languages, and the group's chat, as tests lead them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from content import Content
from tests.botapi import BotApi, Group, Resident, Seen
from tests.botapi.fixtures import Serving

PATIENCE = 30.0
LANGUAGES = ("nl", "en", "li")


class Classroom:
    """`members` have a phone in the language beside their number; the first of `teacher`'s taps opens the talk."""

    def __init__(self, api: BotApi, serving: Serving, content: Content, chat: int = -7001, members: int = 6) -> None:
        self.api, self.serving, self.content = api, serving, content
        # How often it is looked whether something is so (seconds).
        self.beat = 0.01
        self.group = Group(api, chat)
        first = 100_000 - 1000 * chat
        self.teacher = Resident(api, first, "nl")
        self.members = [Resident(api, first + 1 + n, LANGUAGES[n % 3]) for n in range(members)]

    # ---------------------------------------------------------------- what is there

    async def until(self, so: Callable[[], object], otherwise: str = "") -> None:
        async with asyncio.timeout(PATIENCE):
            while not so():  # noqa: ASYNC110  anything at all may be waited for
                await asyncio.sleep(self.beat)

    async def settled(self) -> None:
        """All that happened was taken in, and the group sees what is so."""
        screens = self.serving.telegram.screens
        assert screens
        quiet = 0
        async with asyncio.timeout(PATIENCE):
            while quiet < 3:
                waits = self.api.updates.waiting or not screens.idle or self.serving.telegram.health()["queued"]
                open_presses = any(not q.answered for q in self.group.queries[-20:])
                quiet = 0 if waits or open_presses else quiet + 1
                await asyncio.sleep(2 * self.beat)

    def says(self, key: str, language: str = "nl", **values: object) -> str:
        return self.content.words(language)(key, **values)

    @property
    def text(self) -> str:
        """The card as it stands."""
        return self.group.card.text

    async def shows(self, part: str) -> Seen:
        """Wait until the card has this in it."""
        await self.until(lambda: self.group.messages and any(m.buttons for m in self.group.messages))
        await self.until(lambda: part in self.text)
        return self.group.card

    async def posted(self, part: str) -> Seen:
        """Wait until a message of the bot in the group has this in it."""
        await self.until(lambda: any(part in m.text for m in self.group.messages))
        return next(m for m in reversed(self.group.messages) if part in m.text)

    # ---------------------------------------------------------------- what is done

    async def opens(self) -> None:
        """The bot is added, and the teacher asks for a dialogue."""
        await self.group.add_bot(self.teacher)
        await self.group.say(self.teacher, "/dialogue")
        await self.shows(self.says("group.setup"))

    async def leads(self, key: str) -> str:
        """The teacher presses a button of the card; what the alert says."""
        await self.settled()
        return await self.group.alert(self.teacher, self.label(key))

    def label(self, key: str) -> str:
        """How a button of the card begins, in the first language it is shown in."""
        labels = {self.content.words(one)(f"button.{key}") for one in self.content.languages}
        return next(b.split(" · ")[0] for b in self.group.card.buttons if b.split(" · ")[0] in labels)

    async def joins(self, one: Resident, how: str = "talk") -> None:
        """By the card's button, and the private chat it opens."""
        opened = await self.group.alert(one, self.label("group_join"))
        await one.say(f"/start {opened.partition('?start=')[2]}")
        await self.until(lambda: one.messages and one.messages[-1].buttons)
        choice = f"group.join:{how}."
        await one.press(next(d for d in one.last.data if d.startswith(choice)), one.last)
        await self.until(lambda: not any(d.startswith("group.join") for d in one.last.data))

    async def begins(self, how: str = "talk") -> None:
        """As far as the first question, everybody in."""
        await self.opens()
        await self.leads("group_begin")
        await self.shows(self.says("group.private"))
        for one in self.members:
            await self.joins(one, how)
        await self.leads("group_next")
        await self.shows(self.says("group.how"))

    async def choose(self, one: Resident, number: int) -> str:
        """Press 1 to 5; the alert."""
        await self.until(lambda: str(number) in self.group.card.buttons)
        return await self.group.alert(one, str(number))
