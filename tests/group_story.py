"""Runs a transcript of a group: what a teacher and members do on Telegram, and what each of them gets to see.

A transcript is a text file. `#` lines tell the story; `set: NAME LANGUAGE` gives somebody a phone. Then one
line a deed, `NAME: …`: `[label]` presses a button of the group's card that begins so (`[label] on the first
card` one of an older card), `(label)` taps one in their own chat, `adds the bot`, `takes the bot out`,
`joins`, `joins and is counted`, `becomes an admin`, `makes it a supergroup`; `alone: …` types in their own
chat, anything else is written in the group, `in topic 5: …` in a topic. `the time: is up` and `the bot:
restarts` are deeds too. All else is written by `pytest --accept` and reviewed by a reader: `group:` is a new
message, `card:` what changed on the newest one, `NAME <` what only that person reads, `kept:` what is
written down.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

from sqlalchemy import update

from bot.house import House
from storage import groups as kept
from storage.database import now
from tests.botapi import BotApi, Resident, Seen
from tests.botapi.fixtures import Serve
from tests.classroom import Classroom
from tests.test_desk import rows

# Random in each run.
RECEIPT = re.compile(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}\b")
DRAW = 49  # shows b first at growth
KEPT = ("group_session", "group_seat", "participant", "consent", "answer")


class GroupStory:
    """One group's talk as it goes."""

    def __init__(self, api: BotApi, serve: Serve, house: House) -> None:
        self.house, self.serve = house, serve
        self.room = Classroom(api, self._served(), house.content, members=0)
        self.people: dict[str, Resident] = {}
        self._seen: dict[str, int] = {}
        self._card: tuple[int, list[str]] = (0, [])
        self._first: Seen | None = None
        self._kept: list[str] = []

    def _served(self):  # type: ignore[no-untyped-def]
        groups = self.house.groups()
        groups.lot = lambda: DRAW
        return self.serve(groups=groups)

    def set(self, line: str) -> None:
        """Somebody with a phone in a language."""
        name, language = line.split()
        self.people[name] = Resident(self.room.api, 2001 + len(self.people), language)

    async def does(self, name: str, deed: str) -> list[str]:
        """What everybody sees after one deed; the transcript's lines."""
        alert = await self._do(name, deed)
        await self.room.settled()
        lines = [f"{name} < {alert}"] if alert else []
        return [*lines, *self._group(), *self._private(), *self._written()]

    # ---------------------------------------------------------------- deeds

    async def _do(self, name: str, deed: str) -> str:
        group = self.room.group
        if name == "the time":
            with self.house.engine.begin() as conn:
                conn.execute(update(kept.sessions).values(until=now() - timedelta(seconds=1)))
            await self.room.until(lambda: all(row["until"] is None or _later(row) for row in self._sessions()))
            # The screens look at the clock once a second; here at once.
            for row in self._sessions():
                self.room.serving.telegram.screens.nudge(str(row["code"]))
            return ""
        if name == "the bot":
            await self.room.serving.stop()
            self.room.serving = self._served()
            return ""
        who = self.people[name]
        if deed.startswith("["):
            label, _, old = deed[1:].partition("]")
            told = await group.alert(who, label, self._first if old.strip() else None)
            return "(their own chat with the bot opens)" if told.startswith("https://t.me/") else f"alert: {told}"
        if deed.startswith("("):
            await who.tap(deed[1:-1])
        elif deed in ("joins", "joins and is counted"):
            await self.room.joins(who, "talk" if deed == "joins" else "count")
        elif deed == "adds the bot":
            await group.add_bot(who)
        elif deed == "takes the bot out":
            await group.remove_bot(who)
        elif deed == "becomes an admin":
            group.chat.admins.add(who.person.id)
        elif deed == "makes it a supergroup":
            group.upgrade(who)
        elif deed.startswith("alone: "):
            await who.say(deed.removeprefix("alone: "))
        elif deed.startswith("anonymously: "):
            await group.say_anonymously(deed.removeprefix("anonymously: "))
        elif deed.startswith("in topic "):
            number, _, text = deed.removeprefix("in topic ").partition(": ")
            group.chat.type = "supergroup"
            await group.say(who, text, topic=int(number))
        else:
            await group.say(who, deed)
        return ""

    def _sessions(self) -> list[dict[str, object]]:
        return rows(self.house, "group_session")

    # ---------------------------------------------------------------- what is seen

    def _group(self) -> list[str]:
        lines: list[str] = []
        messages = self.room.group.messages
        known = self._seen.get(str(self.room.group.chat.id), 0)
        for message in messages[known:]:
            where = f"in topic {message.raw['message_thread_id']}: " if "message_thread_id" in message.raw else ""
            lines += _written(f"group:    {where}", message)
            if message.buttons:
                self._card = (message.id, _lines(message))
            if message.buttons and self._first is None and any(".position:" in data for data in message.data):
                self._first = message
        self._seen[str(self.room.group.chat.id)] = len(messages)
        newest = next((m for m in messages if m.id == self._card[0]), None)
        if newest and _lines(newest) != self._card[1]:
            changed = [line for line in _lines(newest) if line not in self._card[1]]
            gone = [line for line in self._card[1] if line not in _lines(newest)]
            lines += [f"card:     {line}" for line in changed] or [f"card:     (gone) {line}" for line in gone]
            self._card = (newest.id, _lines(newest))
        return lines

    def _private(self) -> list[str]:
        lines: list[str] = []
        for name, one in self.people.items():
            known = self._seen.get(name, 0)
            for message in one.messages[known:]:
                lines += _written(f"{name} < ", message)
            self._seen[name] = len(one.messages)
        return lines

    def _written(self) -> list[str]:
        """What is written down now and was not before; and what is not there any more."""
        found = [line for table in KEPT for line in _rows(table, rows(self.house, table))]
        new, gone = Counter(found) - Counter(self._kept), Counter(self._kept) - Counter(found)
        self._kept = found
        return [*(f"kept:     {one}" for one in new.elements()), *(f"gone:     {one}" for one in gone.elements())]


def _later(row: dict[str, object]) -> bool:
    return str(row["until"]) > str(now())


def _lines(message: Seen) -> list[str]:
    text = [line for line in message.text.split("\n") if line]
    return text + [f"[{label}]" for label in message.buttons]


def _written(start: str, message: Seen) -> list[str]:
    keys = message.raw.get("reply_markup", {}).get("inline_keyboard", [])
    buttons = "".join("\n" + " ".join(f"[{one['text']}]" for one in row) for row in keys)
    picture = "(a picture with the same in it)\n" if "photo" in message.raw else ""
    said = RECEIPT.sub("KW4P-7TRN", picture + message.text + buttons)
    first, *rest = said.split("\n")
    return [f"{start}{first}", *(f"          {line}".rstrip() for line in rest)]


def _rows(table: str, found: list[dict[str, object]]) -> list[str]:
    if table == "group_session":
        return ["group_session: the talk" + (", with its chat" if row["chat"] else "") for row in found]
    if table == "group_seat":
        return sorted(map(_seat, found))
    if table == "answer":
        return [_answer(row) for row in found]
    return [f"{table}: {row.get('purpose') or row['language']}" for row in found]


def _seat(row: dict[str, object]) -> str:
    who = "somebody who is counted" if row["participant"] else "somebody in the talk alone"
    chose = [f"{one} {row[one]}" for one in ("position", "position_after", "reason") if row[one]]
    return f"group_seat: {who}: {', '.join(chose) or 'nothing chosen'}"


def _answer(row: dict[str, object]) -> str:
    replaced = "" if row["current"] else ", replaced"
    return f"answer: {row['dilemma']}.{row['item']} = {row['code']} (setting {row['setting']}{replaced})"


async def run(text: str, api: BotApi, serve: Serve, house: House) -> str:
    """The whole transcript as it should read now."""
    story, out = GroupStory(api, serve, house), []
    for line in text.splitlines():
        name, colon, deed = line.partition(": ")
        if line.startswith("#"):
            out.append(line)
        elif line.startswith("set:"):
            story.set(line.removeprefix("set:").strip())
            out.append(line)
        elif colon and (name in story.people or name in ("the time", "the bot")):
            out += ["", line, *await story.does(name, deed)]
    return "\n".join(out) + "\n"
