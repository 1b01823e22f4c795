"""Slows down guessing: after so many wrong keys from one address, none is looked at for a while.

The address is held in memory only, as long as the window lasts.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque

MOST_ADDRESSES = 10_000


class Lockout:
    """At most `most` wrong keys an address in `seconds`."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """How many seconds nothing from this address is looked at; 0 when it may try."""
        wrong = self._recent(address)
        return wrong[0] + self._seconds - time.monotonic() if len(wrong) >= self._most else 0.0

    def failed(self, address: str) -> None:
        """A wrong key came from here."""
        wrong = self._recent(address)
        wrong.append(time.monotonic())
        self._wrong[address] = wrong
        self._wrong.move_to_end(address)
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def passed(self, address: str) -> None:
        """A right key came from here."""
        self._wrong.pop(address, None)

    def _recent(self, address: str) -> deque[float]:
        wrong = self._wrong.get(address, deque())
        while wrong and wrong[0] < time.monotonic() - self._seconds:
            wrong.popleft()
        return wrong
