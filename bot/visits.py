"""Dialogues with people who are not counted, and staff's trials: in memory only, and not for long."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

from conversations import Progress

VISIT_SECONDS = 30 * 60
MOST_VISITS = 50_000
T = TypeVar("T")


@dataclass(frozen=True)
class Visit:
    """Where somebody stands, and how many turns that took."""

    progress: Progress
    turn: int = 0


class Visits(Generic[T]):
    """Who is here now, by the keyed hash of their address; whoever was silent longest goes first."""

    def __init__(self, most: int = MOST_VISITS) -> None:
        self._here: OrderedDict[str, tuple[T, float]] = OrderedDict()
        self._most = most

    def get(self, here: str) -> T | None:
        """The visit at this address, if it is not over."""
        self._expire()
        found = self._here.get(here)
        return found[0] if found else None

    def put(self, here: str, visit: T | None) -> None:
        """Remember a visit; None ends it."""
        self._here.pop(here, None)
        if visit is not None:
            self._here[here] = (visit, time.monotonic() + VISIT_SECONDS)
            self._expire()

    def _expire(self) -> None:
        while self._here:
            until = next(iter(self._here.values()))[1]
            if until > time.monotonic() and len(self._here) <= self._most:
                return
            self._here.popitem(last=False)
