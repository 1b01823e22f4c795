"""One of Telegram's updates, as what a resident did. Telegram's quirks end here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from telegram import CallbackQuery, Chat, ChatMemberUpdated, Message, Update, User

from bot import telegram_group_reading as in_group
from bot.desk import Caller
from bot.telegram_group_reading import COMMAND, GONE, InGroup
from conversations.shapes import Arrived, Commanded, Heard, Sent, Tapped, Typed

CHANNEL = in_group.CHANNEL
# What we ask Telegram for. It remembers the list, so it is sent with every call.
WANTED = [Update.MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER]
_KIND = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class Incoming:
    """What an update comes down to.

    `heard` is None where there is nothing to answer: it is only marked as seen, by its `kind`.
    `query` is the id of a press that waits for an answer. `album` is the same for pictures sent
    together. `gone`: the resident blocked the bot. `group`: it happened in a group. `moved`: the group
    became a supergroup, and this is its new id.
    """

    id: int
    kind: str
    caller: Caller | None = None
    heard: Heard | None = None
    query: str = ""
    album: str = ""
    gone: bool = False
    group: InGroup | None = None
    moved: str = ""


def kind_of(raw: Mapping[str, Any]) -> str:
    """The type of a raw update, without anything it holds."""
    names = [name for name in raw if name != "update_id"]
    return names[0] if len(names) == 1 and _KIND.fullmatch(names[0]) else "unknown"


def light(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A raw update without the message a button was pressed on, which comes with it whole: its chat is enough."""
    query: Any = raw.get("callback_query")
    message = query.get("message") if isinstance(query, dict) else None
    if not isinstance(message, dict):
        return dict(raw)
    kept = {name: message[name] for name in ("message_id", "date", "chat") if name in message}
    return {**raw, "callback_query": {**query, "message": kept}}


def chat_of(raw: Mapping[str, Any]) -> str:
    """The chat a raw update is about, where it is one a resident made; else empty."""
    about: Any = raw.get("message") or raw.get("callback_query")
    message = about.get("message", about) if isinstance(about, dict) else None
    chat = message.get("chat") if isinstance(message, dict) else None
    return str(chat.get("id", "")) if isinstance(chat, dict) else ""


def read(update: Update, kind: str, me: str) -> Incoming:
    """What happened; `me` is the bot's own user name. Raises on updates that lack what they must have."""
    seen = Incoming(update.update_id, kind)
    if update.callback_query:
        return _pressed(seen, update.callback_query)
    if update.my_chat_member:
        return _membership(seen, update.my_chat_member)
    message = update.message
    if message is not None and message.migrate_to_chat_id:
        return Incoming(seen.id, kind, Caller(CHANNEL, str(message.chat.id)), moved=str(message.migrate_to_chat_id))
    if message is None or message.from_user is None:
        return seen
    if message.chat.type in (Chat.GROUP, Chat.SUPERGROUP):
        return Incoming(seen.id, kind, group=in_group.said(message, me))
    if message.from_user.is_bot or message.chat.type != Chat.PRIVATE:
        return seen
    caller = _caller(message.chat, message.from_user)
    return Incoming(seen.id, kind, caller, _said(message), album=message.media_group_id or "")


def whole(text: str) -> str:
    """Surrogate pairs joined, lone surrogates replaced: they break databases and network libraries alike."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# ---------------------------------------------------------------- inside


def _caller(chat: Chat, person: User) -> Caller:
    return Caller(CHANNEL, str(chat.id), person.language_code or "")


def _said(message: Message) -> Heard | None:
    """None for what Telegram itself tells in a chat (a pinned message, a changed timer)."""
    if message.text:
        text = whole(message.text)
        command = COMMAND.fullmatch(text)
        return Commanded(command[1].lower(), command[3] or "") if command else Typed(text)
    if message.voice or message.video_note or message.audio:
        return Sent("voice")
    # What the library does not know by name is newer than it, and somebody sent it.
    if message.successful_payment is None and (message.effective_attachment or message.checklist or message.api_kwargs):
        return Sent("other")
    return None


def _pressed(seen: Incoming, query: CallbackQuery) -> Incoming:
    """A press; also on a message that is gone or too old, of which Telegram still names the chat."""
    chat = query.message.chat if query.message else None
    if chat is None or chat.type == Chat.CHANNEL:
        return Incoming(seen.id, seen.kind, query=query.id)
    if chat.type != Chat.PRIVATE:
        told = in_group.pressed(query, chat, whole(query.data or ""))
        return Incoming(seen.id, seen.kind, query=query.id, group=told)
    heard = Tapped.read(whole(query.data)) if query.data else None
    return Incoming(seen.id, seen.kind, _caller(chat, query.from_user), heard or Arrived(), query.id)


def _membership(seen: Incoming, change: ChatMemberUpdated) -> Incoming:
    if change.chat.type != Chat.PRIVATE:
        return Incoming(seen.id, seen.kind, group=in_group.membership(change))
    caller = _caller(change.chat, change.from_user)
    return Incoming(seen.id, seen.kind, caller, gone=change.new_chat_member.status in GONE)
