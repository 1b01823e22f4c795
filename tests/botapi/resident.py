"""A resident with a phone: types, taps what is really on the screen, sends pictures, blocks the bot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.botapi.markup import buttons_of
from tests.botapi.server import BotApi
from tests.botapi.store import Json, Person, Query
from tests.botapi.texts import commands_in

_queries = count(4_000_000_000_001)

MEDIA: dict[str, Json] = {
    "voice": {"duration": 3, "mime_type": "audio/ogg"},
    "audio": {"duration": 3},
    "video_note": {"length": 240, "duration": 3},
    "video": {"width": 9, "height": 9, "duration": 3},
    "document": {"file_name": "plan.pdf"},
    "sticker": {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False},
}
PLAIN: dict[str, Json] = {
    "location": {"latitude": 50.8514, "longitude": 5.691},
    "contact": {"phone_number": "000", "first_name": "Somebody"},
    "dice": {"emoji": "🎲", "value": 4},
    "poll": {
        "id": "1",
        "question": "?",
        "options": [{"persistent_id": "1", "text": "yes", "voter_count": 0}],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": False,
        "members_only": False,
    },
}


@dataclass(frozen=True)
class Seen:
    """A message of the bot as it stands on the screen."""

    raw: Json

    @property
    def id(self) -> int:
        return int(self.raw["message_id"])

    @property
    def text(self) -> str:
        return str(self.raw.get("text") or self.raw.get("caption") or "")

    @property
    def buttons(self) -> list[str]:
        return [str(button["text"]) for button in buttons_of(self.raw)]

    @property
    def data(self) -> list[str]:
        return [str(button.get("callback_data", "")) for button in buttons_of(self.raw)]

    @property
    def document(self) -> str:
        """The name of the file that came with it; empty without one."""
        return str(self.raw.get("document", {}).get("file_name", ""))


class Resident:
    """One person in a private chat with the bot. What arrives is read in order with `reply()`."""

    def __init__(self, server: BotApi, chat_id: int, language_code: str | None = "nl") -> None:
        self.server = server
        self.person = Person(chat_id, f"Resident {chat_id}", language_code)
        self.chat = server.store.chat(chat_id, "private", self.person.first_name)
        self._read = 0

    # ---------------------------------------------------------------- what stands on the screen

    @property
    def messages(self) -> list[Seen]:
        """Every message of the bot in this chat in order, as it was edited since."""
        now = self.chat.messages
        return [Seen(now.get(m["message_id"], m)) for m in self.server.box(self.chat.id).messages]

    @property
    def last(self) -> Seen:
        return self.messages[-1]

    @property
    def toasts(self) -> list[str]:
        return self.server.box(self.chat.id).toasts

    async def reply(self, within: float = 5.0) -> Seen:
        """The next message of the bot that was not read yet. TimeoutError when none comes."""
        await self._until(lambda: len(self.messages) > self._read, within, "no message came")
        self._read += 1
        return self.messages[self._read - 1]

    async def toast(self, number: int = 1, within: float = 5.0) -> str:
        """Wait until there were `number` toasts; the last of them."""
        await self._until(lambda: len(self.toasts) >= number, within, f"no toast number {number}")
        return self.toasts[number - 1]

    async def quiet(self, seconds: float = 0.2) -> None:
        """Nothing more may come for this long. AssertionError when something does."""
        await asyncio.sleep(seconds)
        unread = [m.text for m in self.messages[self._read :]]
        assert not unread, f"unexpected: {unread}"

    # ---------------------------------------------------------------- what a resident does

    async def say(self, text: str, **more: Any) -> int:
        """Type something; the id of the update, 0 where the bot did not ask for messages."""
        entities = commands_in(text)
        return self._message({"text": text, **({"entities": entities} if entities else {}), **more})

    async def tap(self, button: str | int = 0, times: int = 1) -> list[int]:
        """Press a button on the newest message that has any, by its label (or how it ends) or number."""
        message = next((m for m in reversed(self.messages) if m.buttons), None)
        if message is None:
            raise AssertionError("there is no button to press")
        return await self.tap_stale(message, button, times)

    async def tap_stale(self, message: Seen, button: str | int = 0, times: int = 1) -> list[int]:
        """Press a button on any message that was ever there, also on a deleted one."""
        return [self._press(message, _data(message, button)) for _ in range(times)]

    async def press(self, data: str | None, message: Seen | None = None) -> int:
        """Send a press with any data at all, as a forged client could."""
        return self._press(message or self.last, data)

    async def send(self, kind: str, **more: Any) -> int:
        """Send something that is not text: a key of MEDIA or PLAIN, or `photo`."""
        return self._message({**self._media(kind), **more})

    async def send_voice(self) -> int:
        return await self.send("voice")

    async def send_photo(self, caption: str = "", album: str = "") -> int:
        more = {"caption": caption} if caption else {}
        return await self.send("photo", **more, **({"media_group_id": album} if album else {}))

    async def send_sticker(self) -> int:
        return await self.send("sticker")

    async def edit(self, text: str) -> int:
        """Change the newest message of one's own."""
        mine = [m for m in self.chat.messages.values() if m["from"]["id"] == self.person.id][-1]
        changed = {**mine, "text": text, "edit_date": int(self.server.clock.now())}
        return self.server.put("edited_message", changed)

    async def block(self) -> int:
        """Block the bot: it hears so, and cannot write any more."""
        self.chat.state = "blocked"
        return self._became("member", "kicked")

    async def unblock(self) -> int:
        self.chat.state = "member"
        return self._became("kicked", "member")

    # ---------------------------------------------------------------- inside

    async def _until(self, so: Callable[[], bool], within: float, otherwise: str) -> None:
        news, end = self.server.box(self.chat.id).news, time.monotonic() + within
        while not so():
            news.clear()
            try:
                await asyncio.wait_for(news.wait(), max(end - time.monotonic(), 0.001))
            except TimeoutError:
                if not so():
                    raise TimeoutError(f"{otherwise} in {within} s") from None

    def _message(self, content: Json) -> int:
        if self.chat.state == "unknown":
            self.chat.state = "member"
        message = self.server.store.add(self.chat, self.person.json(), content)
        return self.server.put("message", message)

    def _media(self, kind: str) -> Json:
        if kind in PLAIN:
            return {kind: PLAIN[kind]}
        file = self.server.store.keep_file(b"not really media")
        if kind == "photo":
            return {"photo": [{**file, "width": 90, "height": 67}]}
        return {kind: {**file, **MEDIA[kind]}}

    def _press(self, message: Seen, data: str | None) -> int:
        number = str(next(_queries))
        self.server.queries[number] = Query(self.chat.id, self.server.clock.now())
        there: Json = self.chat.messages.get(message.id) or {
            "chat": self.chat.json(),
            "message_id": message.id,
            "date": 0,
        }
        query = {
            "id": number,
            "from": self.person.json(),
            "message": there,
            "chat_instance": str(-5_000_000_000 - self.chat.id),
            **({"data": data} if data is not None else {"game_short_name": "none"}),
        }
        return self.server.put("callback_query", query)

    def _became(self, before: str, after: str) -> int:
        bot = self.server.bot

        def member(status: str) -> Json:
            return {"user": bot, "status": status, **({"until_date": 0} if status == "kicked" else {})}

        told = {
            "chat": self.chat.json(),
            "from": self.person.json(),
            "date": int(self.server.clock.now()),
            "old_chat_member": member(before),
            "new_chat_member": member(after),
        }
        return self.server.put("my_chat_member", told)


def _data(message: Seen, button: str | int) -> str:
    if isinstance(button, int):
        return message.data[button]
    labels = [label for label in message.buttons if label == button or label.endswith(f" {button}")]
    if labels:
        return message.data[message.buttons.index(labels[0])]
    raise AssertionError(f"no button {button!r} among {message.buttons}")
