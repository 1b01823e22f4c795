"""How much Telegram takes before it says 429, for tests that want to know whether a bot keeps to it."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.botapi.errors import Refused, too_many

SPEAKS = ("sendMessage", "sendDocument", "sendPhoto", "editMessageText", "editMessageReplyMarkup")


@dataclass
class Flood:
    """Sends and edits that are taken: in all and in a chat a second, in a group in `group_seconds`.

    `refused` counts the 429s. Moments are monotonic seconds.
    """

    in_all: int = 30
    in_a_chat: int = 1
    in_a_group: int = 20
    group_seconds: float = 60.0
    refused: int = 0
    _taken: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque), repr=False)

    def meets(self, method: str, chat: int | None, at: float) -> Refused | None:
        """Whether this call is too much; what is taken counts."""
        if method not in SPEAKS or chat is None:
            return None
        in_this = (f"{chat}", self.in_a_group, self.group_seconds) if chat < 0 else (f"{chat}", self.in_a_chat, 1.0)
        buckets = [("all", self.in_all, 1.0), in_this]
        waits = [self._wait(name, most, seconds, at) for name, most, seconds in buckets]
        if max(waits) > 0:
            self.refused += 1
            return too_many(max(1, math.ceil(max(waits))))
        for name, _, _ in buckets:
            self._taken[name].append(at)
        return None

    def _wait(self, name: str, most: int, seconds: float, at: float) -> float:
        taken = self._taken[name]
        while taken and taken[0] <= at - seconds:
            taken.popleft()
        return taken[0] + seconds - at if len(taken) >= most else 0.0
