"""A group on Telegram: who calls the bot, who presses, who may lead; what comes of it goes to the door for groups."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace

from telegram import ChatMember
from telegram.error import TelegramError

from bot.desk import Caller
from bot.group_member import Told
from bot.groups import Groups, Place
from bot.telegram_calls import Calls, GaveUp, Moved, NobodyThere
from bot.telegram_group_reading import InGroup
from bot.telegram_group_screen import Screens
from bot.telegram_group_text import shown
from bot.telegram_raw import RawBot
from content import Content
from conversations.commands import named
from conversations.group_posts import introduction, said
from conversations.group_session import Block, Card

log = logging.getLogger(__name__)

LEADS = (ChatMember.OWNER, ChatMember.ADMINISTRATOR)
# So long it is believed that somebody is an admin, or is none.
BELIEVED_SECONDS = 60.0
MOST_BELIEVED = 5000


@dataclass(frozen=True)
class Pressed:
    """The answer to a press: an alert, or the private chat that opens."""

    alert: str = ""
    url: str = ""


class GroupChats:
    """What happens in groups, one thing at a time handed on and answered."""

    def __init__(self, bot: RawBot, groups: Groups, content: Content, calls: Calls, screens: Screens) -> None:
        self._bot, self._groups, self._content = bot, groups, content
        self._calls, self._screens = calls, screens
        self._admins: dict[tuple[str, str], tuple[bool, float]] = {}
        self._jobs: set[asyncio.Task[None]] = set()

    async def handle(self, it: InGroup, update: str) -> Pressed:
        """One thing that happened. Raises NotKept."""
        if it.what == "tap":
            return await self._tap(it, update)
        if it.what == "command":
            await self._command(it, update)
        elif it.what == "words" and self._groups.is_order(it.payload):
            await self._dialogue(it, update)
        elif it.what == "words":
            self._say(it.place, said("group.write_me", self._content))
        elif it.what == "added":
            await self._added(it)
        elif it.what == "removed":
            await self._groups.away(it.place)
        return Pressed()

    # ------------------------------------------------------------ taps

    async def _tap(self, it: InGroup, update: str) -> Pressed:
        if it.tap is None or not it.tap.at.startswith("group."):
            return Pressed()
        told = await self._groups.tap(it.person, it.tap, update)
        if told.lead and await self._may_lead(it.place.chat, it.person):
            told = await self._groups.tap(it.person, it.tap, update, leads=True)
        self._screens.nudge(told.code)
        return Pressed(told.alert, self._groups.private(it.tap.tag) if told.invited else "")

    async def _may_lead(self, chat: str, person: Caller) -> bool:
        """Whether this is an admin of the group. Where Telegram does not say, nobody is."""
        known, until = self._admins.get((chat, person.address), (False, 0.0))
        if until > time.monotonic():
            return known
        try:
            member = await self._bot.get_chat_member(chat, int(person.address))
        except TelegramError:
            return False
        if len(self._admins) >= MOST_BELIEVED:
            self._admins.clear()
        found = member.status in LEADS
        self._admins[chat, person.address] = (found, time.monotonic() + BELIEVED_SECONDS)
        return found

    # ------------------------------------------------------------ commands

    async def _command(self, it: InGroup, update: str) -> None:
        name = named(it.command, self._content)
        if name == "dialogue":
            await self._dialogue(it, update)
        elif name == "privacy":
            self._say(it.place, said("group.privacy", self._content))
        elif name in ("start", "help", "who", None):
            self._say(it.place, self._introduction(it.admin))
        else:
            # What is about oneself alone is not for everybody to read.
            self._say(it.place, said("group.write_me", self._content))

    async def _dialogue(self, it: InGroup, update: str) -> None:
        leads = it.anonymous
        told = await self._typed(it, update, leads)
        if told.lead and await self._may_lead(it.place.chat, it.person):
            told = await self._typed(it, update, leads=True)
        self._screens.nudge(told.code)
        if not told.code and told.alert:
            self._say(it.place, Card((Block("", told.alert),)))

    async def _typed(self, it: InGroup, update: str, leads: bool) -> Told:
        if it.payload:
            return await self._groups.order(it.person, it.place, it.payload, update, leads)
        return await self._groups.open(it.person, it.place, update, it.anonymous)

    # ------------------------------------------------------------ the bot itself

    async def _added(self, it: InGroup) -> None:
        code = await self._groups.back(it.place)
        said_first = said("group.back_again", self._content) if code else self._introduction(it.admin)
        # Nobody else's update waits until this was sent; the card comes after it.
        self._say(it.place, said_first, code)

    def _introduction(self, admin: bool) -> Card:
        sees_all = admin or bool(self._bot.bot.can_read_all_group_messages)
        return introduction(self._content, sees_all)

    def _say(self, place: Place, card: Card, then: str = "") -> None:
        async def say() -> None:
            await self._send(place, card)
            self._screens.nudge(then)

        job = asyncio.create_task(say())
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _send(self, place: Place, card: Card) -> None:
        """Say something once. Nothing hangs on it: who misses it asks again."""
        text = shown(card)
        try:
            await self._calls.do(place.chat, lambda: self._bot.post(place.chat, place.thread, text.html, text.keyboard))
        except Moved as moved:
            await self._groups.moved(place, moved.to)
            await self._send(replace(place, chat=moved.to), card)
        except (NobodyThere, GaveUp):
            log.info("something was not said in a group, which could not be reached")
