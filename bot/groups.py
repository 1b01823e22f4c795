"""The door for dialogues in groups: a tap on a card, an order, the time; what the group sees, what one member reads.

As at bot/desk.py an answer comes only after the commit, and nothing in the storage thread changes anything
but the database.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.desk import Caller
from bot.group_member import Member, Told
from content import Content
from conversations import City, Say
from conversations.group_card import card
from conversations.group_posts import post
from conversations.group_screen import Panel, panels, pictured
from conversations.group_session import Card, Counts, Doors, GroupSession
from conversations.group_steering import Steered, proposed, time_is_up
from conversations.shapes import Tapped
from storage import groups, keeping, rotation
from storage.database import now as clock
from storage.groups import GOING, PAUSED, Group
from storage.keys import Keys
from storage.worker import Worker

CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
CODE = re.compile(f"[{CODE_LETTERS}]{{10}}")
ROOM = "room-"
GUESS_OTHERWISE = "en"


@dataclass(frozen=True)
class Place:
    """A chat that holds a group: its channel, its address there, and the topic of a forum (0: none)."""

    channel: str
    chat: str = field(default="", repr=False)
    thread: int = 0


@dataclass(frozen=True)
class Scene:
    """What a group is shown now: the card, and before it the posts that are still owed, by their names.

    `pictured`: what is drawn beside the first of them; nothing where that is not a view or the sheet.
    """

    code: str
    session: GroupSession
    card: Card
    posts: tuple[tuple[str, Card], ...]
    pictured: tuple[Panel, ...]
    message: str
    chat: str = field(repr=False)
    thread: int
    left: int
    panels: tuple[Panel, ...]

    @property
    def over(self) -> bool:
        """Nothing more comes, once the posts were sent."""
        return self.session.stage == "ended"


class Groups:
    """Hands what happens in groups to the storage worker. `enough`: answers a group's view takes.

    `bot`, the bot's name on Telegram, is known once it runs there. `lot` draws which side stands first.
    """

    def __init__(
        self,
        worker: Worker,
        content: Content,
        keys: Keys,
        city: City,
        round_code: str,
        enough: int,
        lot: Callable[[], int] = lambda: secrets.randbits(62),
    ) -> None:
        self.bot = ""
        self.enough = enough
        self.content = content
        self.web, self.simulated = city.web, city.simulated
        self.lot = lot
        self._worker, self._keys, self._city, self._round = worker, keys, city, round_code

    # ------------------------------------------------------------ begin, steer, tap

    async def open(self, caller: Caller, place: Place, update: str = "", anonymous: bool = False) -> Told:
        """Somebody wants a dialogue here: a new one, or the card of the one that goes on once more.

        `anonymous`: they speak as the group itself. Without a chat there is always a new one.
        """
        return await self._worker.run(lambda conn: self._open(conn, caller, place, update, anonymous), place.chat)

    async def order(self, caller: Caller, place: Place, text: str, update: str = "", leads: bool = False) -> Told:
        """What was typed behind /dialogue. `leads`: this is known to be an admin of the group."""
        return await self._worker.run(lambda conn: self._typed(conn, caller, place, text, update, leads), place.chat)

    async def tap(
        self, caller: Caller, tap: Tapped, update: str = "", private: bool = False, leads: bool = False
    ) -> Told:
        """A button of a session, on the group's card or, `private`, where only this member reads."""
        here = self._keys.address(caller.channel, caller.address)
        return await self._worker.run(lambda conn: self._tap(conn, caller, here, tap, update, private, leads), here)

    async def enter(self, caller: Caller, code: str, update: str = "") -> Told:
        """Somebody came by the session's link: what joining means, or where the group is now."""
        return await self.tap(caller, Tapped("group.now", "show", code), update, private=True)

    async def typed(self, caller: Caller, code: str, text: str, update: str = "") -> Told | None:
        """Something a member typed at the group's question; None where it is meant for somebody else."""
        here = self._keys.address(caller.channel, caller.address)
        return await self._worker.run(lambda conn: self._typed_at_table(conn, caller, here, code, text, update), here)

    # ------------------------------------------------------------ what is shown

    async def look(self, code: str) -> Scene | None:
        """What the group is shown now; None where there is no such session."""
        found = await self._worker.run(lambda conn: self._look(conn, code))
        if found is None:
            return None
        group, counts, now = found
        left = group.session.left if group.session.paused else group.left(now)
        doors = Doors(self.private(code), f"{self.web}room/{code}" if self.web else "")
        shown = card(group.session, counts, self.enough, -(-left // 60), doors, self.content)
        posts = tuple(
            (name, shown if name == "card" else post(group.session, name, self.enough, self.content))
            for name in (group.posts if group.chat else ())
        )
        drawn = pictured(group.session, posts[0][0], self.content) if posts else ()
        screen = panels(group.session, counts, self.enough, self.content)
        return Scene(code, group.session, shown, posts, drawn, group.card, group.chat, group.thread, left, screen)

    async def leads(self, caller: Caller, code: str) -> bool:
        """Whether this is who began the session."""

        def began(conn: Connection) -> bool:
            group = groups.find(conn, code)
            mine = self._keys.seat(group.key, caller.channel, caller.address) if group and group.key else ""
            return bool(group and mine and mine == group.opened_by)

        return await self._worker.run(began)

    def private(self, code: str) -> str:
        """The link that opens the session in a private chat; empty without Telegram."""
        return f"https://t.me/{self.bot}?start={ROOM}{code}" if self.bot else ""

    async def live(self, channel: str) -> dict[str, tuple[int, int]]:
        """The sessions somebody has to show now, each with what changes when it has to be shown again."""
        found, now = await self._worker.run(lambda conn: groups.live(conn, channel)), clock()
        return {code: (version, _minutes(until, now)) for code, version, until in found}

    async def posted(self, code: str, name: str, message: str = "") -> None:
        """The first post owed was sent, as this message."""
        await self._worker.run(lambda conn: groups.posted(conn, code, name, message if name == "card" else ""))

    async def again(self, code: str) -> None:
        """The card is gone from the chat: it is sent once more."""

        def owe(conn: Connection) -> None:
            group = groups.find(conn, code)
            if group is not None and group.session.stage != "ended":
                groups.write(conn, replace(group, posts=(*group.posts, "card"), card=""))
            elif group is not None:
                groups.write(conn, replace(group, card=""))

        await self._worker.run(owe)

    async def let_go(self, code: str) -> None:
        """The session is over and all of it was said."""
        await self._worker.run(lambda conn: groups.let_go(conn, code, clock()))
        self._worker.erase_traces()

    # ------------------------------------------------------------ the time, and what becomes of a chat

    async def keep_time(self) -> list[str]:
        """Lead every session on whose stage is over; their codes. One process does this for all."""
        codes = await self._worker.run(lambda conn: groups.due(conn, clock()))
        for code in codes:
            await self._worker.run(lambda conn, code=code: self._time(conn, code))  # type: ignore[misc]
        return codes

    async def away(self, place: Place) -> None:
        """The bot cannot speak in this chat any more. What goes on there waits."""
        await self._worker.run(lambda conn: self._away(conn, place))

    async def back(self, place: Place) -> str:
        """The bot is in this chat (again): the code of the session that goes on there, or empty."""
        return await self._worker.run(lambda conn: self._back(conn, place))

    async def moved(self, place: Place, to: str) -> None:
        """The group became a supergroup: from now on it is the chat `to`."""
        hashes = self._hash(place), self._hash(replace(place, chat=to))
        await self._worker.run(lambda conn: groups.move(conn, hashes[0], to, hashes[1]))

    # ------------------------------------------------------------ in the storage thread

    def _hash(self, place: Place) -> str:
        return self._keys.address(place.channel, place.chat)

    def _language(self, caller: Caller) -> str:
        guess = caller.language.split("-")[0].lower() or self.content.languages[0]
        return guess if guess in self.content.languages else GUESS_OTHERWISE

    def _open(self, conn: Connection, caller: Caller, place: Place, update: str, anonymous: bool) -> Told:
        now = clock()
        chat_hash = self._hash(place) if place.chat else None
        group = groups.at(conn, chat_hash) if chat_hash else None
        first = not update or keeping.first_time(conn, f"{caller.channel}:{update}", now)
        if group is not None and group.away:
            # Whoever is heard here can be answered here: it was let back in without a word.
            self._back(conn, place)
            group = groups.at(conn, self._hash(place))
        if group is not None and (not first or group.session.stage != "ended"):
            # At the bottom of the chat, where it is seen; in another topic only for who leads.
            leads = anonymous or group.opened_by == self._keys.seat(group.key, caller.channel, caller.address)
            thread = place.thread if leads else group.thread
            again = ("card",) if first and "card" not in group.posts else ()
            return Told(code=groups.write(conn, replace(group, posts=(*group.posts, *again), thread=thread)).code)
        if keeping.round_state(conn, self._round)[0] != "open":
            return Told(alert=self.content.words(self._language(caller))("round.closed"))
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(10))
        session = GroupSession(code, self._round, self.lot(), self._language(caller))
        session = replace(session, dilemmas=proposed(self._round, self.content))
        key = secrets.token_hex(16)
        mine = "" if anonymous else self._keys.seat(key, caller.channel, caller.address)
        posts = ("card",) if place.chat else ()
        group = Group(code, key, place.channel, session, now, place.chat, chat_hash, place.thread, mine, posts)
        groups.begin(conn, group)
        return Told(code=code)

    def _typed(self, conn: Connection, caller: Caller, place: Place, text: str, update: str, leads: bool) -> Told:
        group, order = groups.at(conn, self._hash(place)), self._order(text)
        if group is None or not order or group.session.stage == "ended":
            return self._open(conn, caller, place, update, leads)
        tap = Tapped(f"group.s{group.session.step}", order, group.code)
        return self._tap(conn, caller, "", tap, update, False, leads)

    def is_order(self, text: str) -> bool:
        """Whether this leads a talk on, as behind /dialogue."""
        return bool(self._order(text))

    def _order(self, text: str) -> str:
        said = " ".join(text.lower().split()).rstrip(".!")
        orders = self.content.group.orders.items()
        return next((order for order, heard in orders if said in heard.all()), "")

    def _tap(
        self, conn: Connection, caller: Caller, here: str, tap: Tapped, update: str, private: bool, leads: bool
    ) -> Told:
        member = self._member(conn, caller, here, tap.tag)
        if member is None:
            language = self._language(caller)
            over = self.content.words(language)("group.over")
            return Told(over, Say(over, language) if private else None)
        return member.tap(tap, update, private, leads)

    def _typed_at_table(
        self, conn: Connection, caller: Caller, here: str, code: str, text: str, update: str
    ) -> Told | None:
        member = self._member(conn, caller, here, code)
        return member.typed(text, update) if member else None

    def _member(self, conn: Connection, caller: Caller, here: str, code: str) -> Member | None:
        group = groups.find(conn, code)
        if group is None or not group.key:
            return None
        person = keeping.find(conn, here) if here else None
        if person is None and here:
            person = rotation.find(conn, self._keys, caller.channel, caller.address)
        language = person.progress.language if person else self._language(caller)
        open_now = keeping.round_state(conn, group.session.round)[0] == "open"
        shared = (self.content, self._keys, self._city, self.enough, self.follow)
        return Member(conn, *shared, caller, here, group, person, open_now, language)

    def _look(self, conn: Connection, code: str) -> tuple[Group, Counts, datetime] | None:
        group = groups.find(conn, code)
        if group is None:
            return None
        return group, groups.room(conn, group, self.content.languages, self.enough).counts, clock()

    def _time(self, conn: Connection, code: str) -> None:
        group, now = groups.find(conn, code), clock()
        if group is None or group.until is None or group.until > now:
            return
        room = groups.room(conn, group, self.content.languages, self.enough)
        self.follow(conn, group, time_is_up(room, self.content), now)

    def follow(self, conn: Connection, group: Group, steered: Steered, now: datetime) -> Group:
        """Keep what became of a session."""
        if steered.session.stage == "ended":
            self._worker.erase_traces()
        return groups.follow(conn, group, steered, now)

    def _away(self, conn: Connection, place: Place) -> None:
        group = groups.at(conn, self._hash(place))
        if group is None or group.away:
            return
        if group.session.paused or group.session.stage in ("setup", "ended"):
            groups.write(conn, replace(group, away=PAUSED))
            return
        paused = replace(group.session, paused=True, left=group.left(clock()))
        groups.write(conn, replace(group, session=paused, until=None, away=GOING))

    def _back(self, conn: Connection, place: Place) -> str:
        group = groups.at(conn, self._hash(place))
        if group is None or not group.away:
            return group.code if group else ""
        session, until = group.session, group.until
        if group.away == GOING:
            until = clock() + timedelta(seconds=session.left) if session.left else None
            session = replace(session, paused=False, left=0)
        posts = (*(one for one in group.posts if one != "card"), "card")
        groups.write(conn, replace(group, session=session, until=until, away="", posts=posts))
        return group.code


def _minutes(until: datetime | None, now: datetime) -> int:
    """The minutes a card shows."""
    return -(-max(0, round((until - now).total_seconds())) // 60) if until else 0
