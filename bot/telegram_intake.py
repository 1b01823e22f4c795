"""A batch of updates, from Telegram's JSON to the desk: at once, in order, one broken one spoils no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from telegram import Bot, Update

from bot.desk import Caller, Desk, NotKept, Reply
from bot.telegram_group import GroupChats, Pressed
from bot.telegram_group_private import AtTable
from bot.telegram_reading import CHANNEL, Incoming, kind_of, light, read
from bot.telegram_sending import Sender
from content import Content
from conversations.shapes import Say

log = logging.getLogger(__name__)
ALBUMS = 1000


class Intake:
    """Hands updates over. `parked` counts those nobody could read; `met` holds the chats that lately got a reply."""

    def __init__(
        self,
        bot: Bot,
        desk: Desk,
        content: Content,
        sender: Sender,
        groups: GroupChats | None = None,
        table: AtTable | None = None,
    ) -> None:
        self.parked = 0
        self.met: set[str] = set()
        self._bot, self._desk, self._content, self._sender = bot, desk, content, sender
        self._groups, self._table = groups, table
        self._handled: set[int] = set()
        self._albums: dict[str, int] = {}
        self._told: set[str] = set()

    async def take(self, raw: list[Any]) -> int | None:
        """Everything in `raw` is handed to the desk, in order and without waiting in between.

        Returns the highest update id once all of it is kept; None when some was not: then the same
        batch must come again, and what was kept of it is passed over.
        """
        updates = [one for one in raw if isinstance(one, dict) and isinstance(one.get("update_id"), int)]
        done = await asyncio.gather(*(self._submit(self._read(one)) for one in updates), return_exceptions=True)
        if any(isinstance(one, BaseException) for one in done):
            return None
        self._handled.clear()
        self._told.clear()
        return max((one["update_id"] for one in updates), default=None)

    # ---------------------------------------------------------------- inside

    def _read(self, raw: Mapping[str, Any]) -> Incoming:
        kind = kind_of(raw)
        try:
            return read(Update.de_json(light(raw), self._bot), kind, self._bot.username)
        except Exception:
            # Whatever is wrong with it, the next ones must come through. Its words are not logged.
            self.parked += 1
            log.warning("an update could not be read and is parked: %s", kind)
            return Incoming(raw["update_id"], f"broken:{kind}")

    def _submit(self, incoming: Incoming) -> asyncio.Task[Reply | None]:
        task = asyncio.create_task(self._handle(incoming))
        if incoming.caller is not None and incoming.heard is not None:
            # The place in line is taken now, so that replies go out in the order of their updates.
            self._sender.put(incoming.caller, task)
        return task

    async def _handle(self, incoming: Incoming) -> Reply | None:
        """One update, until it is kept. Raises NotKept."""
        if incoming.id in self._handled:
            return None
        reply, pressed = None, Pressed()
        try:
            if incoming.group and self._groups:
                pressed = await self._groups.handle(incoming.group, str(incoming.id))
            reply = await self._kept(incoming)
        except NotKept:
            if incoming.caller and incoming.heard:
                self._apologise(incoming.caller)
            raise
        except Exception as error:
            reply = await self._failed(incoming, error)
        self._handled.add(incoming.id)
        if incoming.query:
            if pressed.alert or pressed.url:
                self._sender.answer(incoming.query, pressed.alert, alert=True, url=pressed.url)
            else:
                self._sender.answer(incoming.query, reply.toast if reply else "")
        return reply

    async def _kept(self, incoming: Incoming) -> Reply | None:
        caller, number = incoming.caller, str(incoming.id)
        if caller and incoming.heard and not self._seen_album(incoming):
            reply = await self._table.hear(caller, incoming.heard, number) if self._table else None
            reply = reply or await self._desk.hear(caller, incoming.heard, update=number)
            if reply.says:
                self.met.add(caller.address)
            return reply
        if caller and incoming.gone:
            await self._desk.unreachable(caller)
        if caller and incoming.moved:
            await self._desk.moved(caller, incoming.moved)
        await self._desk.park(CHANNEL, number, incoming.kind)
        return None

    async def _failed(self, incoming: Incoming, error: Exception) -> Reply | None:
        """A fault of ours with one update must not stop all that come after it."""
        log.error("an update failed and is parked: %s: %s", incoming.kind, type(error).__name__)
        self.parked += 1
        await self._desk.park(CHANNEL, str(incoming.id), f"failed:{incoming.kind}")
        return self._notice(incoming.caller, "error.later") if incoming.caller and incoming.heard else None

    def _seen_album(self, incoming: Incoming) -> bool:
        """Pictures sent together come as one update each; the first is answered for all."""
        if not incoming.album:
            return False
        first = self._albums.setdefault(incoming.album, incoming.id)
        while len(self._albums) > ALBUMS:
            self._albums.pop(next(iter(self._albums)))
        return first != incoming.id

    def _apologise(self, caller: Caller) -> None:
        """Say once in an outage that it will take a while."""
        if caller.address not in self._told:
            self._told.add(caller.address)
            self._sender.put_ready(caller, self._notice(caller, "telegram.later"))

    def _notice(self, caller: Caller, key: str) -> Reply:
        guess = caller.language.split("-")[0]
        language = guess if guess in self._content.languages else self._content.languages[0]
        return Reply((Say(self._content.words(language)(key), language),))
