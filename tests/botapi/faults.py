"""Scripted trouble: which call goes wrong, how, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.botapi.errors import Refused, too_many


@dataclass
class Fault:
    """One kind of trouble for calls of `method` (`*` is any) in `chat` (None is any).

    The first `after` matching calls go well, the next `times` go wrong (None: until `stop()`).
    `retry_after` is a 429. `status` alone is an error of the API; with `body` that text comes back
    instead of JSON. `applied` says whether the call was carried out all the same. `delay` is in
    seconds. `drop` closes the connection before or after the call was carried out.
    """

    method: str = "*"
    chat: int | None = None
    after: int = 0
    times: int | None = 1
    status: int = 0
    description: str = "Internal Server Error"
    retry_after: int | None = None
    body: str | None = None
    applied: bool = False
    delay: float = 0.0
    drop: Literal["", "before", "after"] = ""
    hits: int = 0
    _met: int = field(default=0, repr=False)

    def meets(self, method: str, params: Mapping[str, Any]) -> bool:
        """Whether this call is the one that goes wrong; counts it."""
        if self.method not in ("*", method):
            return False
        if self.chat is not None and str(params.get("chat_id")) != str(self.chat):
            return False
        self._met += 1
        if self._met <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True

    def stop(self) -> None:
        """No more of this trouble."""
        self.times = 0

    def refusal(self) -> Refused | None:
        """The API's own error for this fault; None when it is of another kind."""
        if self.retry_after is not None:
            return too_many(self.retry_after)
        return Refused(self.status, self.description) if self.status and self.body is None else None
