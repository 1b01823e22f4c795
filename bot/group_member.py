"""A member of a group's dialogue: what a tap of theirs leads to. All of it runs in the storage thread."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from bot.desk import Caller
from content import Content
from conversations import City, Progress, Say
from conversations import answer as heard
from conversations.group_private import at_the_table, invitation, typed_question, why_say
from conversations.group_seat import answer
from conversations.group_session import Seat
from conversations.group_steering import Steered, everybody_answered, steer
from conversations.purposes import UNDER
from conversations.shapes import POSITIONS, Agreed, Tapped
from conversations.typed import clean, read
from storage import groups, keeping, seats
from storage.database import now as clock
from storage.groups import Group
from storage.keeping import Person
from storage.keys import Keys

STEP = re.compile(r"s(\d{1,6})")
Follow = Callable[[Connection, Group, Steered, datetime], Group]


@dataclass(frozen=True)
class Told:
    """What one member reads after a tap, and nobody else. `code` names a session that has changed by it.

    `invited`: they have to read first what joining means, in the private chat. `lead`: only who leads the
    talk may do this, and the edge has to find out whether this is an admin of the group.
    """

    alert: str = ""
    say: Say | None = None
    code: str = ""
    invited: bool = False
    lead: bool = False


@dataclass
class Member:
    """Somebody with a seat, or who may take one. `open_now`: answers for the city are taken."""

    conn: Connection
    content: Content
    keys: Keys
    city: City
    enough: int
    follow: Follow
    caller: Caller
    here: str = field(repr=False)
    group: Group
    person: Person | None
    open_now: bool
    language: str

    def __post_init__(self) -> None:
        self.now = clock()
        self.seat_hash = self.keys.seat(self.group.key, self.caller.channel, self.caller.address)
        self.seat = self._seated(self.seat_hash)
        if self.seat:
            self.language = self.seat.language
        self.words = self.content.words(self.language)

    def tap(self, tap: Tapped, update: str, private: bool, leads: bool) -> Told:
        """One tap. Where `lead` comes back nothing was done, and it may come again for an admin."""
        at = tap.at.removeprefix("group.")
        step = STEP.fullmatch(at)
        if step and not leads and self.seat_hash != self.group.opened_by:
            return Told(self.words("group.not_yours"), lead=True)
        if self._came_again(update):
            return self._here(private)
        if step:
            return self._order(tap.choice, int(step[1]))
        if at == "join":
            choice, _, spoken = tap.choice.partition(".")
            if spoken in self.content.languages and self.seat is None:
                self.language, self.words = spoken, self.content.words(spoken)
            return self._join(choice, private)
        if at == "speak" and tap.choice in self.content.languages:
            return self._speak(tap.choice, private)
        if at == "leave":
            return self._leave(private)
        if at == "now":
            return self._here(private)
        return self._answer(at, tap.choice, private)

    def typed(self, text: str, update: str) -> Told | None:
        """Something typed in a chat of their own. A wish, or what is none of the group's, is not for here."""
        session = self.group.session
        if self.seat is None or not session.item:
            return None
        heard_as = read(clean(text), typed_question(session, self.language, self.content), self.content)
        if heard_as.wish:
            return None
        if self._came_again(update):
            return self._here(True)
        if len(heard_as.choices) == 1 and heard_as.choices[0] in POSITIONS:
            at = f"{session.dilemma}.{session.item}"
            return self._answer(at, heard_as.choices[0], True, heard_as.method, heard_as.score)
        return self._here(True, self.words("typed.not_understood"))

    def _came_again(self, update: str) -> bool:
        return bool(update) and not keeping.first_time(self.conn, f"{self.caller.channel}:{update}", self.now)

    # ------------------------------------------------------------ who is this

    @property
    def counted(self) -> bool:
        progress = self.person.progress if self.person else None
        return progress is not None and progress.counted and not progress.withdrawn

    def _seated(self, mine: str) -> Seat | None:
        seat = seats.find(self.conn, self.group.code, mine)
        if seat is None and self.person and (other := seats.seat_of(self.conn, self.group.code, self.person.id)):
            # The same person through the other door.
            seat = seats.find(self.conn, self.group.code, other)
            if seat:
                seats.put(self.conn, self.group.code, mine, seat, self.person.id)
        return seat

    def _here(self, private: bool, remark: str = "", code: str = "") -> Told:
        """Where the group is now; for who has not joined, what that means."""
        if not private:
            return Told(remark, code=code)
        if self.seat:
            say = at_the_table(self.group.session, self.seat, self.content, remark)
        elif self.group.session.stage == "setup":
            say = Say(self.words("group.wait"), self.language, self.words("group.head"), remark)
        else:
            asked = invitation(self.group.session, self.language, self.counted, self.enough, self.content)
            say = replace(asked, intro=remark)
        return Told(remark, say, code)

    # ------------------------------------------------------------ joining, leaving, speaking

    def _join(self, choice: str, private: bool) -> Told:
        if choice == "no":
            said = self.words("group.no_join")
            return Told(said, Say(said, self.language) if private else None)
        if self.seat:
            return self._here(private, self._joined(self.seat))
        if choice == "count" and not self.counted and self.open_now and private:
            self._count()
        if not self.counted and not (private and choice in ("talk", "count")):
            return Told(invited=True) if not private else self._here(private)
        counted = self.counted and choice != "talk"
        self.seat = Seat(self.language, counted)
        participant = self.person.id if self.person and counted else None
        seats.put(self.conn, self.group.code, self.seat_hash, self.seat, participant)
        self.group = groups.write(self.conn, self.group)
        return self._here(private, self._joined(self.seat), self.group.code)

    def _joined(self, seat: Seat) -> str:
        return self.words("group.you_join" if seat.counted else "group.you_talk")

    def _count(self) -> None:
        """They agree to be counted: from now on, or again, they are a participant like any other."""
        asked = Progress(self.group.session.round, self.caller.channel, self.language, secrets.randbits(62), "count_me")
        if self.person:
            asked = replace(self.person.progress, over=f"{UNDER}count_me")
        turn = heard(asked, Tapped(asked.now, "yes", asked.tag), self.content, replace(self.city, open=True))
        agreed = [fact for fact in turn.facts if isinstance(fact, Agreed)]
        here = self.person
        if here is None:
            here = keeping.begin(self.conn, turn.progress, self.caller.address, self.here, self.keys, self.now)
        number = keeping.keep(self.conn, here, turn.progress, agreed, self.content.version, self.now)
        # What comes next in a dialogue of their own they have not asked for now.
        keeping.settle(self.conn, [(here.id, number)])
        self.person = replace(here, turn=number, progress=turn.progress)

    def _leave(self, private: bool) -> Told:
        counted = self.seat is not None and self.seat.counted
        left = seats.leave(self.conn, self.group.code, self.seat_hash)
        said = self.words("group.left") + (f" {self.words('group.left_counted')}" if counted else "")
        return Told(said, Say(said, self.language) if private else None, self.group.code if left else "")

    def _speak(self, language: str, private: bool) -> Told:
        self.language, self.words = language, self.content.words(language)
        if self.seat:
            self.seat = replace(self.seat, language=language)
            seats.gave(self.conn, self.group.code, self.seat_hash, self.seat)
        return self._here(private)

    # ------------------------------------------------------------ orders and answers

    def _order(self, order: str, step: int) -> Told:
        room = groups.room(self.conn, self.group, self.content.languages, self.enough)
        steered = steer(room, order, step, self.group.left(self.now), self.content)
        if steered.remark:
            return Told(self.words(steered.remark, enough=self.enough))
        self.group = self.follow(self.conn, self.group, steered, self.now)
        return Told(self.words("group.noted"), code=self.group.code)

    def _answer(self, at: str, code: str, private: bool, method: str = "button", score: int = 100) -> Told:
        if self.seat is None:
            return Told(self.words("group.join_first")) if not private else self._here(private)
        turn = answer(self.group.session, self.seat, at, code, self.content, method, score)
        changed = ""
        if turn.facts:
            changed = self.group.code
            seats.gave(self.conn, self.group.code, self.seat_hash, turn.seat)
            if self.person and turn.seat.counted and self.counted and self.open_now:
                name, version = self.keys.group(self.group.code), self.content.version
                speaks = (self.language, self.caller.channel)
                seats.keep(self.conn, self.person, turn.facts, *speaks, name, version, self.now)
            self.seat = turn.seat
            self._after_answer()
        if not private:
            return Told(turn.alert, code=changed)
        if turn.facts and at.endswith((".position", ".position_after")) and self.group.session.item:
            return Told(turn.alert, why_say(self.group.session, self.seat, self.content, turn.alert), changed)
        return self._here(private, turn.alert, changed)

    def _after_answer(self) -> None:
        """Kept: the card counts on, and with the last answer the view is there."""
        room = groups.room(self.conn, self.group, self.content.languages, self.enough)
        steered = everybody_answered(room, self.content)
        if steered:
            self.group = self.follow(self.conn, self.group, steered, self.now)
        else:
            self.group = groups.write(self.conn, self.group)
