"""What the server remembers: people, chats, messages and files."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from tests.botapi.clock import Clock
from tests.botapi.errors import BLOCKED, CANNOT_INITIATE, CHAT_NOT_FOUND, DEACTIVATED, UPGRADED, Refused, bad

Json = dict[str, Any]
State = Literal["unknown", "member", "blocked", "deactivated"]


@dataclass
class Person:
    """A Telegram account. `language_code` None leaves the field out, as many clients do."""

    id: int
    first_name: str
    language_code: str | None = None

    def json(self) -> Json:
        told: Json = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        if self.language_code is not None:
            told["language_code"] = self.language_code
        return told


@dataclass
class Chat:
    """A chat with its messages by id. `state` is what became of the bot in it."""

    id: int
    type: Literal["private", "group", "supergroup"]
    name: str
    state: State = "unknown"
    messages: dict[int, Json] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    edited: int = 0
    moved_to: int = 0
    admins: set[int] = field(default_factory=set)
    topics: set[int] = field(default_factory=set)

    def json(self) -> Json:
        title = {"first_name": self.name} if self.type == "private" else {"title": self.name}
        forum = {"is_forum": True} if self.topics else {}
        return {"id": self.id, "type": self.type, **title, **forum}


@dataclass
class Query:
    """A press that waits to be answered."""

    chat: int
    at: float
    answered: bool = False
    text: str = ""
    alert: bool = False
    url: str = ""
    pressed: float = 0.0
    told: float = 0.0


@dataclass
class Box:
    """What reached one chat: messages of the bot in order, and the toasts of its presses."""

    messages: list[Json] = field(default_factory=list)
    toasts: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Store:
    """Everything the server knows, in memory."""

    def __init__(self, clock: Clock, bot: Json) -> None:
        self.clock = clock
        self.bot = bot
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, bytes] = {}
        self._message_ids = count(1)
        self._file_ids = count(1)

    def chat(self, chat_id: int, type: Literal["private", "group", "supergroup"] = "private", name: str = "") -> Chat:
        """The chat with this id, made when it is not there yet."""
        return self.chats.setdefault(chat_id, Chat(chat_id, type, name or f"Somebody {chat_id}"))

    def reachable(self, chat_id: Any) -> Chat:
        """The chat a bot wants to write to. Refuses the way the server does when it cannot."""
        try:
            chat = self.chats.get(int(chat_id))
        except (TypeError, ValueError):
            chat = None
        if chat is None:
            raise bad("chat_id is empty") if chat_id in (None, "") else Refused(400, CHAT_NOT_FOUND)
        if chat.moved_to:
            raise Refused(400, UPGRADED, migrate_to=chat.moved_to)
        if chat.state == "blocked":
            raise Refused(403, BLOCKED if chat.type == "private" else "Forbidden: bot was kicked from the group chat")
        if chat.state == "deactivated":
            raise Refused(403, DEACTIVATED)
        if chat.state == "unknown":
            raise Refused(403, CANNOT_INITIATE)
        return chat

    def add(self, chat: Chat, sender: Json | None, content: Json) -> Json:
        """A new message in the chat; the bot's own when no sender is given."""
        message: Json = {
            "message_id": next(self._message_ids),
            "from": sender or self.bot,
            "chat": chat.json(),
            "date": int(self.clock.now()),
            **content,
        }
        chat.messages[message["message_id"]] = message
        return message

    def own(self, chat: Chat, message_id: Any, what: str) -> Json:
        """The bot's own message that is to be edited; refuses as the server does."""
        message = chat.messages.get(int(message_id)) if str(message_id).isdigit() else None
        if message is None:
            raise bad(f"message to {what} not found")
        if message["from"]["id"] != self.bot["id"]:
            raise bad("message can't be edited")
        return message

    def keep_file(self, content: bytes) -> Json:
        """A file's ids and size, the way they stand in every kind of media."""
        number = next(self._file_ids)
        file_id = f"BQACAgQAAxkD{number:06d}"
        self.files[file_id] = content
        return {"file_id": file_id, "file_unique_id": f"AgAD{number:06d}", "file_size": len(content)}
