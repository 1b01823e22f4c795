"""A group chat: the bot is added, somebody calls it, the group becomes a supergroup."""

from __future__ import annotations

from tests.botapi.resident import Resident, Seen
from tests.botapi.server import BotApi
from tests.botapi.store import Chat, Json
from tests.botapi.texts import commands_in


class Group:
    """A basic group, until `upgrade`. Group ids are negative."""

    def __init__(self, server: BotApi, chat_id: int, title: str = "Class 4b") -> None:
        self.server = server
        self.chat: Chat = server.store.chat(chat_id, "group", title)

    @property
    def messages(self) -> list[Seen]:
        return [Seen(m) for m in self.server.box(self.chat.id).messages]

    async def add_bot(self, by: Resident) -> int:
        """Somebody adds the bot: it hears so twice, as a change of membership and as a service message."""
        self.chat.state = "member"
        bot = self.server.bot
        told: Json = {
            "chat": self.chat.json(),
            "from": by.person.json(),
            "date": int(self.server.clock.now()),
            "old_chat_member": {"user": bot, "status": "left"},
            "new_chat_member": {"user": bot, "status": "member"},
        }
        self.server.put("my_chat_member", told)
        return self._message(by, {"new_chat_members": [bot]})

    async def say(self, by: Resident, text: str) -> int:
        entities = commands_in(text)
        return self._message(by, {"text": text, **({"entities": entities} if entities else {})})

    def upgrade(self, by: Resident) -> int:
        """The group becomes a supergroup with an id of its own, and both chats tell so. Returns the new id."""
        old, title = self.chat, self.chat.name
        new = self.server.store.chat(-(10**12) + old.id, "supergroup", title)
        new.state = old.state
        self._message(by, {"migrate_to_chat_id": new.id})
        old.moved_to, self.chat = new.id, new
        self._message(by, {"migrate_from_chat_id": old.id})
        return new.id

    def _message(self, by: Resident, content: Json) -> int:
        return self.server.put("message", self.server.store.add(self.chat, by.person.json(), content))
