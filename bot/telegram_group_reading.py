"""One of Telegram's updates in a group, as what somebody did there. Telegram's quirks end here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from telegram import CallbackQuery, Chat, ChatMember, ChatMemberUpdated, Message, User

from bot.desk import Caller
from bot.groups import Place
from conversations.shapes import Tapped

CHANNEL = "telegram"
GONE = (ChatMember.BANNED, ChatMember.LEFT)
COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
What = Literal["tap", "command", "words", "added", "removed"]


@dataclass(frozen=True)
class InGroup:
    """What happened: a `tap` (None: no button of ours), a `command` with its `payload`, `words` for the bot alone,
    or the bot was `added` or `removed`. `anonymous`: an admin who speaks as the group. `admin`: the bot is one.
    """

    place: Place
    what: What
    person: Caller
    tap: Tapped | None = None
    command: str = ""
    payload: str = ""
    anonymous: bool = False
    admin: bool = False


def pressed(query: CallbackQuery, chat: Chat, data: str) -> InGroup:
    """A button was pressed; also an anonymous admin's press names a person."""
    return InGroup(place_of(chat, query.message), "tap", person_of(query.from_user), Tapped.read(data))


def said(message: Message, me: str) -> InGroup | None:
    """Something was written; None where it was not for the bot. `me` is its user name."""
    chat, person = message.chat, message.from_user
    anonymous = message.sender_chat is not None and message.sender_chat.id == chat.id
    if person is None or (not anonymous and (person.is_bot or message.sender_chat)):
        return None
    text = message.text or ""
    command = COMMAND.fullmatch(text)
    place = place_of(chat, message)
    if command and (not command[2] or command[2].lower() == me.lower()):
        name, payload = command[1].lower(), (command[3] or "").strip()
        return InGroup(place, "command", person_of(person), command=name, payload=payload, anonymous=anonymous)
    replied = message.reply_to_message
    ours = replied is not None and replied.from_user is not None and replied.from_user.username == me
    if not ours or not text or command:
        return None
    return InGroup(place, "words", person_of(person), payload=text, anonymous=anonymous)


def membership(change: ChatMemberUpdated) -> InGroup | None:
    """The bot came into a group, or had to leave; None where that is as before."""
    was, now = (one.status not in GONE for one in (change.old_chat_member, change.new_chat_member))
    if was == now or change.chat.type == Chat.CHANNEL:
        return None
    admin = change.new_chat_member.status == ChatMember.ADMINISTRATOR
    place = place_of(change.chat, None)
    return InGroup(place, "added" if now else "removed", person_of(change.from_user), admin=admin)


def place_of(chat: Chat, message: object) -> Place:
    """The group, and the topic of a forum it happened in."""
    topic = isinstance(message, Message) and message.is_accessible and message.is_topic_message
    thread = message.message_thread_id if topic and isinstance(message, Message) else None
    return Place(CHANNEL, str(chat.id), thread or 0)


def person_of(person: User) -> Caller:
    """Somebody in a group, by the address of their own chat."""
    return Caller(CHANNEL, str(person.id), person.language_code or "")
