"""The one door between the edges and the rest: something was heard, here is the reply.

Every edge (Telegram, web chat, terminal) speaks only to this. A reply exists only after the turn it
belongs to was committed: keep before say.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from bot.visits import Visit, Visits
from content import Content
from conversations import City, Progress, Say, Turn, answer
from conversations.commands import named
from conversations.mydata import describe, labelled
from conversations.shapes import Arrived, Commanded, Corrected, Forgot, Heard, Resumes
from conversations.typed import clean
from storage import addresses, groups, keeping, notices, rewriting, rotation, seats
from storage.database import now as clock
from storage.erasure import erase, new_receipt
from storage.keeping import Person
from storage.keys import Keys
from storage.mydata import everything
from storage.releases import latest
from storage.worker import NotKept, Together, Worker

__all__ = ["Caller", "Desk", "File", "NotKept", "Notice", "Reply"]

# Chosen for a guess at the language; whoever reads neither Dutch nor Limburgish is likelier to read English.
GUESS_OTHERWISE = "en"


@dataclass(frozen=True)
class Caller:
    """Who is speaking: a channel, its address there (chat id, web key), and a first guess at the language."""

    channel: str
    address: str = field(repr=False)
    language: str = ""


@dataclass(frozen=True)
class File:
    """A file that goes with a reply."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """What to say, after the commit.

    `toast` is a short remark for a tap (Telegram's answerCallbackQuery); may be empty. `turn` counts
    the turns of this person and only rises; `owed` names the row that `Desk.sent` takes away, None
    when nothing is kept. `counted` tells whether this person's answers are kept. `file` goes with
    the say that has `attach_mydata`. `again`: the question is shown once more, since it may not have arrived.
    """

    says: tuple[Say, ...]
    toast: str = ""
    turn: int = 0
    counted: bool = False
    owed: tuple[str, int] | None = None
    file: File | None = None
    again: bool = False


@dataclass(frozen=True)
class _Done:
    """What a turn leads to once it is committed: the reply, and what is remembered without being kept."""

    reply: Reply
    visit: Visit | None = None
    results: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Notice:
    """A message nobody asked for just now, but agreed to: to whom, what, and the key of its row."""

    caller: Caller
    say: Say
    key: tuple[str, str]


class Desk:
    """Hands what was heard to the storage worker, one at a time per person, in order."""

    def __init__(
        self, worker: Worker, content: Content, keys: Keys, city: City, round_code: str, tell_receiver: bool
    ) -> None:
        self._worker, self._content, self._keys, self._city = worker, content, keys, city
        self._round, self._tell_receiver = round_code, tell_receiver
        self._visits: Visits[Visit] = Visits()
        self._results: Mapping[str, Any] | None = None
        self._settling = Together(worker, keeping.settle)
        self._at_work: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def simulated(self) -> bool:
        """Whether the people whose answers are kept here were made up."""
        return self._city.simulated

    async def hear(self, caller: Caller, heard: Heard, update: str | None = None) -> Reply:
        """One thing heard. `update` is the channel's own id for it (unique in the channel): one that was
        handled before changes nothing and re-shows the current question. Returns after the commit.

        Raises NotKept when the database could not keep it: do not acknowledge, try later.
        """
        here = self._keys.address(caller.channel, caller.address)
        if isinstance(heard, Commanded):
            # What stands behind a command may be kept; what is typed the dialogue itself cleans.
            heard = Commanded(heard.name, clean(heard.payload))
        one_at_a_time = self._at_work.setdefault(here, asyncio.Lock())
        async with one_at_a_time:
            visit = self._visits.get(here) or self._visit(caller)
            done = await self._worker.run(lambda conn: self._turn(conn, caller, here, visit, heard, update), here)
            self._visits.put(here, done.visit)
            self._results = done.results or self._results
        return done.reply

    async def park(self, channel: str, update: str, kind: str) -> None:
        """An update nobody can read: remembered by id and type, without its content, and not met again."""
        await self._worker.run(lambda conn: keeping.first_time(conn, f"{channel}:{update}", clock(), kind))

    async def sent(self, reply: Reply) -> None:
        """The reply reached its channel: nothing is owed any more."""
        if reply.owed:
            await self._settling.add(reply.owed)

    async def overtaken(self, reply: Reply) -> bool:
        """Whether what is shown once more is an old question by now: another process heard this person go on."""
        if not (reply.again and reply.owed):
            return False
        person, number = reply.owed
        newest = await self._worker.run(lambda conn: keeping.newest_turn(conn, person))
        return newest is None or newest > number

    async def unreachable(self, caller: Caller) -> None:
        """The channel refuses to reach this person (blocked, deleted); answers stay."""
        here = self._keys.address(caller.channel, caller.address)
        await self._worker.run(lambda conn: keeping.reach(conn, here, False), here)

    async def moved(self, caller: Caller, to: str) -> None:
        """This chat has another address from now on: a group became a supergroup."""
        here, there = (self._keys.address(caller.channel, address) for address in (caller.address, to))

        def move(conn: Connection) -> None:
            keeping.move_address(conn, here, to, there)
            groups.move(conn, here, to, there)

        await self._worker.run(move, here)

    async def notices(self, channel: str, most: int, after: tuple[str, str] = ("", "")) -> list[Notice]:
        """What people of this channel asked to be told and were not told yet; `told` takes one away.

        At most `most` of them, behind the one whose key is `after`.
        """
        waiting = await self._worker.run(lambda conn: notices.due(conn, channel, most, after))
        return [
            Notice(
                Caller(one.channel, one.address),
                Say(self._content.words(one.language)(f"notice.{one.kind}"), one.language),
                (one.participant, one.kind),
            )
            for one in waiting
        ]

    async def told(self, notice: Notice) -> None:
        """This notice was sent."""
        await self._worker.run(lambda conn: notices.told(conn, *notice.key))

    async def owed(self, channel: str) -> list[tuple[Caller, Reply]]:
        """Replies that a crash kept from being sent, made again from progress."""
        return await self._worker.run(lambda conn: self._owed(conn, channel))

    # ------------------------------------------------------------ in the storage thread

    # Nothing here changes anything but the database: a batch that was not committed is run again.

    def _turn(
        self, conn: Connection, caller: Caller, here: str, visit: Visit, heard: Heard, update: str | None
    ) -> _Done:
        now = clock()
        again = update is not None and not keeping.first_time(conn, f"{caller.channel}:{update}", now)
        if again:
            heard = Arrived()
        person = keeping.find(conn, here) or rotation.find(conn, self._keys, caller.channel, caller.address)
        progress = person.progress if person else visit.progress
        city = self._snapshot(conn, progress, person)
        turn = answer(progress, heard, self._content, city)
        if _forgets(heard, turn, self._content):
            self._leave_groups(conn, caller)
        for fact in turn.facts:
            if isinstance(fact, Corrected):
                keeping.correct(conn, fact, person.id if person else None, now)
            elif isinstance(fact, Forgot) and person:
                erase(conn, person.id, self._keys, now, self._tell_receiver)
                self._worker.erase_traces()
                return _Done(Reply(turn.says, turn.toast, person.turn + 1))
            elif isinstance(fact, Resumes) and (found := self._resume(conn, fact, here)):
                turn = answer(found.progress, Arrived(), self._content, city)
                return _Done(self._kept(conn, found, turn, now))
        if person is None and turn.progress.counted:
            person = keeping.begin(conn, turn.progress, caller.address, here, self._keys, now)
        if person is None:
            number = visit.turn + 1
            return _Done(Reply(turn.says, turn.toast, number), Visit(turn.progress, number), city.results)
        kept = self._kept(conn, person, turn, now)
        if not person.at_hand and caller.channel == "telegram":
            addresses.keep(conn, person.id, caller.address, now, self._city.days)
        return _Done(replace(kept, again=again), None, city.results)

    def _leave_groups(self, conn: Connection, caller: Caller) -> None:
        """Also of who takes part in a talk alone, and is not counted, nothing stays."""
        left = [
            seats.leave(conn, code, self._keys.seat(key, caller.channel, caller.address))
            for code, key in seats.keys(conn)
        ]
        if any(left):
            rewriting.want(conn, clock())
            self._worker.erase_traces()

    def _resume(self, conn: Connection, fact: Resumes, here: str) -> Person | None:
        found = keeping.move_contact(conn, self._keys.resume_hash(fact.code), here)
        return found or rotation.resume(conn, self._keys, fact.code, here)

    def _kept(self, conn: Connection, person: Person, turn: Turn, now: datetime) -> Reply:
        if turn.progress == person.progress and not turn.says:
            return Reply((), turn.toast, person.turn, True)
        number = keeping.keep(conn, person, turn.progress, turn.facts, self._content.version, now)
        says, file = self._with_data(conn, person, turn)
        return Reply(says, turn.toast, number, True, (person.id, number), file)

    def _with_data(self, conn: Connection, person: Person, turn: Turn) -> tuple[tuple[Say, ...], File | None]:
        if not any(say.attach_mydata for say in turn.says):
            return turn.says, None
        kept = everything(conn, person.id, self._keys)
        lines = describe(kept, turn.progress, self._content)
        says = tuple(replace(s, text=f"{s.text}\n\n{lines}") if s.attach_mydata else s for s in turn.says)
        data = json.dumps(labelled(kept, turn.progress, self._content), ensure_ascii=False, indent=2).encode()
        return says, File("stadsdialoog.json", data)

    def _visit(self, caller: Caller) -> Visit:
        language = caller.language.split("-")[0].lower() or self._content.languages[0]
        known = language if language in self._content.languages else GUESS_OTHERWISE
        return Visit(Progress(self._round, caller.channel, known, secrets.randbits(62)))

    def _snapshot(self, conn: Connection, progress: Progress, person: Person | None) -> City:
        state, number = keeping.round_state(conn, progress.round)
        results = self._results
        if not number or not results or (results["round"], results["release"]) != (progress.round, number):
            results = latest(conn, progress.round) if number else None
        code = self._keys.resume_code(person.id) if person and progress.channel == "web" else ""
        known = replace(self._city, results=results, receipt=new_receipt(), resume_code=code, year=clock().year)
        return replace(known, open=state == "open")

    def _owed(self, conn: Connection, channel: str) -> list[tuple[Caller, Reply]]:
        found = []
        for participant, address, number, progress in keeping.still_owed(conn, channel):
            city = self._snapshot(conn, progress, Person(participant, number, progress))
            says = answer(progress, Arrived(), self._content, city).says
            reply = Reply(says, turn=number, counted=True, owed=(participant, number), again=True)
            found.append((Caller(channel, address), reply))
        return found


def _forgets(heard: Heard, turn: Turn, content: Content) -> bool:
    """Whether somebody wants to be forgotten: who is counted says so twice, of others there is little to erase."""
    asked = isinstance(heard, Commanded) and named(heard.name, content) == "forget" and not turn.progress.counted
    return asked or any(isinstance(fact, Forgot) for fact in turn.facts)
