"""Watches the clock: while it jumps, nothing may be deleted for its age.

Pace, patience and visits are told on a clock that never jumps. What is kept carries the time of day, and what
is deleted after so many days goes by it: a wrong clock would delete too much, and for ever.
"""

from __future__ import annotations

import asyncio
import logging
import time

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
# More than a clock is set right by, little by little.
JUMP_SECONDS = 60.0
# A new time that holds for so long is believed.
BELIEVED_SECONDS = 900.0


class Clock:
    """`run()` until cancelled; `steady` tells whether the time of day may be believed."""

    def __init__(self, believed: float = BELIEVED_SECONDS) -> None:
        self._believed = believed
        self._offset = self._newest = _offset()
        self._since = 0.0

    @property
    def steady(self) -> bool:
        """False from a jump on, until the clock is back, or the new time has held for long."""
        return not self._since

    def health(self) -> dict[str, object]:
        """Whether the clock is steady, and by how many seconds it jumped."""
        return {"ready": self.steady, "jumped_seconds": 0 if self.steady else round(self._newest - self._offset)}

    async def run(self) -> None:
        """Look every few seconds."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Compare the time of day with the time that passed."""
        offset = _offset()
        jumped, since_jump = offset - self._offset, _passed() - self._since
        if abs(jumped) < JUMP_SECONDS:
            if not self.steady:
                log.warning("the clock is back")
            self._offset, self._since = offset, 0.0
        elif self.steady or abs(offset - self._newest) >= JUMP_SECONDS:
            log.error("the clock jumped by %+d seconds; nothing is deleted for its age meanwhile", round(jumped))
            self._since = _passed()
        elif since_jump >= self._believed:
            log.warning("the clock has been steady for %d seconds: its new time is believed", since_jump)
            self._offset, self._since = offset, 0.0
        self._newest = offset


def _passed() -> float:
    """Seconds since this machine was started, also those it slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _offset() -> float:
    return time.time() - _passed()
