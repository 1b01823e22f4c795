"""A clock the tests can push forward: queue lifetimes are told in it, never in the machine's own time."""

from __future__ import annotations

import time


class Clock:
    """Unix seconds that run with real time and jump when told to."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Jump ahead. Nothing sleeps; what is too old by then is gone at the next look."""
        self._ahead += seconds
