"""A group chat: the bot comes and goes, members press and write, the group becomes a supergroup or a forum."""

from __future__ import annotations

import asyncio
import time
from itertools import count

from tests.botapi.resident import Resident, Seen
from tests.botapi.server import BotApi
from tests.botapi.store import Chat, Json, Query
from tests.botapi.texts import commands_in

_queries = count(9_000_000_000_001)
# Who an admin that stays anonymous speaks as.
ANONYMOUS: Json = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


class Group:
    """A basic group, until `upgrade`. Group ids are negative."""

    def __init__(self, server: BotApi, chat_id: int, title: str = "Class 4b") -> None:
        self.server = server
        self.queries: list[Query] = []
        self.chat: Chat = server.store.chat(chat_id, "group", title)

    @property
    def messages(self) -> list[Seen]:
        """Every message of the bot in this group in order, as it was edited since."""
        now = self.chat.messages
        return [Seen(now.get(m["message_id"], m)) for m in self.server.box(self.chat.id).messages]

    @property
    def card(self) -> Seen:
        """The newest message with buttons."""
        return next(m for m in reversed(self.messages) if m.buttons)

    async def add_bot(self, by: Resident, admin: bool = False) -> int:
        """Somebody adds the bot: it hears so twice, as a change of membership and as a service message."""
        self.chat.state = "member"
        self._became("left", "administrator" if admin else "member", by)
        return self._message(by, {"new_chat_members": [self.server.bot]})

    async def remove_bot(self, by: Resident) -> int:
        """Somebody takes the bot out: it hears so, and cannot write any more."""
        self.chat.state = "blocked"
        return self._became("member", "kicked", by)

    async def say(self, by: Resident, text: str, topic: int = 0, to: Seen | None = None) -> int:
        """Write something, in a topic of a forum, or as a reply to a message of the bot."""
        return self._message(by, {**self._text(text), **self._where(topic), **self._reply(to)})

    async def say_anonymously(self, text: str) -> int:
        """What an admin writes who speaks as the group itself."""
        content = {**self._text(text), "sender_chat": self.chat.json()}
        return self.server.put("message", self.server.store.add(self.chat, ANONYMOUS, content))

    async def press(self, by: Resident, button: str | int, on: Seen | None = None) -> Query:
        """Press a button of the card (or of another message), by its label, how it begins, or its number."""
        message = on or self.card
        label = button if isinstance(button, str) else message.buttons[button]
        named = {b.split(" · ")[0]: d for b, d in zip(message.buttons, message.data, strict=True)}
        if isinstance(button, str) and label not in named:
            raise AssertionError(f"no button {label!r} among {message.buttons}")
        data = named[label.split(" · ")[0]]
        return self.send_press(by, data, message)

    def send_press(self, by: Resident, data: str, message: Seen) -> Query:
        """A press with any data at all."""
        number = str(next(_queries))
        query = Query(self.chat.id, self.server.clock.now(), pressed=time.monotonic())
        self.server.queries[number] = query
        self.queries.append(query)
        there: Json = self.chat.messages.get(message.id) or {
            "chat": self.chat.json(),
            "message_id": message.id,
            "date": 0,
        }
        told = {
            "id": number,
            "from": by.person.json(),
            "message": there,
            "chat_instance": str(-7_000_000_000 + self.chat.id),
            "data": data,
        }
        self.server.put("callback_query", told)
        return query

    async def alert(self, by: Resident, button: str | int, on: Seen | None = None) -> str:
        """Press, and wait for what only this member reads: the alert, or the address that opens."""
        query = await self.press(by, button, on)
        async with asyncio.timeout(30):
            while not query.answered:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        return query.url or query.text

    def upgrade(self, by: Resident) -> int:
        """The group becomes a supergroup with an id of its own, and both chats tell so. Returns the new id."""
        old, title = self.chat, self.chat.name
        new = self.server.store.chat(-(10**12) + old.id, "supergroup", title)
        new.state, new.admins = old.state, old.admins
        self._message(by, {"migrate_to_chat_id": new.id})
        old.moved_to, self.chat = new.id, new
        self._message(by, {"migrate_from_chat_id": old.id})
        return new.id

    # ---------------------------------------------------------------- inside

    def _text(self, text: str) -> Json:
        entities = commands_in(text)
        return {"text": text, **({"entities": entities} if entities else {})}

    def _where(self, topic: int) -> Json:
        if not topic:
            return {}
        self.chat.topics.add(topic)
        return {"message_thread_id": topic, "is_topic_message": True}

    def _reply(self, to: Seen | None) -> Json:
        if to is None:
            return {}
        return {"reply_to_message": {k: v for k, v in to.raw.items() if k != "reply_markup"}}

    def _became(self, before: str, after: str, by: Resident) -> int:
        bot = self.server.bot

        def member(status: str) -> Json:
            rights = ADMIN_RIGHTS if status == "administrator" else {}
            return {"user": bot, "status": status, **({"until_date": 0} if status == "kicked" else {}), **rights}

        told: Json = {
            "chat": self.chat.json(),
            "from": by.person.json(),
            "date": int(self.server.clock.now()),
            "old_chat_member": member(before),
            "new_chat_member": member(after),
        }
        if after == "administrator":
            # Past the judges: the two libraries do not agree on which rights an administrator must have.
            return self.server.updates.put("my_chat_member", told)
        return self.server.put("my_chat_member", told)

    def _message(self, by: Resident, content: Json) -> int:
        return self.server.put("message", self.server.store.add(self.chat, by.person.json(), content))


ADMIN_RIGHTS: Json = dict.fromkeys(
    (
        *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
        *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories"),
        *(
            "can_edit_stories",
            "can_delete_stories",
        ),
    ),
    False,
)
