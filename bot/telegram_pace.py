"""How fast a bot may speak on Telegram: what it starts itself, and all it says in a group.

What somebody just asked for goes out at once, and is slowed by Telegram's own refusals only. All is told
on a clock that never jumps.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

# Telegram takes about 30 messages a second that nobody asked for just now: a few are left for replies. In a
# chat it takes one a second.
A_SECOND = 28
CHAT_SECONDS = 1.0
# In a group 20 messages and edits a minute.
IN_A_GROUP, GROUP_SECONDS = 20, 60.0
# So many chats are remembered before those that wait for nothing are let go.
MANY = 1000


class Pace:
    """Each method waits until it is this chat's turn, and takes the turn. `chat` is the chat's id, as text."""

    def __init__(self, a_second: float = A_SECOND, group_seconds: float = GROUP_SECONDS) -> None:
        self._gap, self._group_seconds = 1 / a_second, group_seconds
        self._next = 0.0
        self._chats: dict[str, float] = {}
        self._groups: dict[str, deque[float]] = {}

    async def free(self) -> None:
        """Wait until the next message that nobody asked for may go out. Takes no turn."""
        await asyncio.sleep(max(self._next - time.monotonic(), 0.0))

    async def started(self, chat: str) -> None:
        """A message, or one piece of it, that nobody asked for just now."""
        now = time.monotonic()
        own = max(now, self._chats.get(chat, 0.0))
        self._chats[chat] = own + CHAT_SECONDS
        await asyncio.sleep(own - now)
        now = time.monotonic()
        turn = max(now, self._next)
        self._next = turn + self._gap
        if len(self._chats) > MANY:
            self._chats = {one: at for one, at in self._chats.items() if at > now}
        await asyncio.sleep(turn - now)

    def full(self, chat: str) -> float:
        """Seconds until a group takes something again; 0 where it does now. Takes no turn."""
        turns = self._groups.get(chat) or deque()
        return max(turns[0] + self._group_seconds - time.monotonic(), 0.0) if len(turns) == IN_A_GROUP else 0.0

    async def group(self, chat: str) -> None:
        """Anything sent or edited in a group; in other chats there is nothing to wait for."""
        if not chat.startswith("-"):
            return
        turns = self._groups.setdefault(chat, deque())
        now = time.monotonic()
        turn = max(now, turns[0] + self._group_seconds) if len(turns) == IN_A_GROUP else now
        turns.append(turn)
        while len(turns) > IN_A_GROUP or (turns[0] < now - self._group_seconds):
            turns.popleft()
        if len(self._groups) > MANY:
            since = now - self._group_seconds
            self._groups = {one: some for one, some in self._groups.items() if some[-1] > since}
        await asyncio.sleep(turn - now)
