"""The web chat's frames: what a page may send, read strictly, and a reply as the page gets it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from bot.desk import Reply
from conversations.shapes import Arrived, Commanded, Heard, Tapped, Typed
from conversations.typed import clean

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
COMMAND = re.compile(r"/(\w{1,32})(?:@\w+)?(?:\s+(.*))?", re.DOTALL)
MOST_CHARACTERS = 4_000

Frame = dict[str, Any]


class BadFrame(Exception):
    """Not a frame of ours; the connection is closed."""


@dataclass(frozen=True)
class Hello:
    """How a page introduces itself: the key it holds (if any), the last turn it showed, its language."""

    visit: str
    seen: int
    language: str


def read_hello(data: str) -> Hello:
    """The first frame of a tab. Raises BadFrame."""
    hello = _object(data).get("hello")
    if not isinstance(hello, dict):
        raise BadFrame
    visit, seen, language = hello.get("visit") or "", hello.get("seen") or 0, hello.get("language") or ""
    if not isinstance(visit, str) or not isinstance(language, str) or not isinstance(seen, int):
        raise BadFrame
    return Hello(visit, seen, language[:35])


def read(data: str) -> tuple[str, Heard | None]:
    """A frame's id and what was heard; None for a text that is too long. Raises BadFrame."""
    frame = _object(data)
    update, tap, text = frame.get("id"), frame.get("tap"), frame.get("text")
    if not isinstance(update, str) or not ID.fullmatch(update):
        raise BadFrame
    if isinstance(tap, str):
        # A button that is not ours (garbled, forged) shows the question that counts.
        return update, Tapped.read(tap) or Arrived()
    if not isinstance(text, str):
        raise BadFrame
    return update, None if len(text) > MOST_CHARACTERS else heard_in(clean(text))


def heard_in(text: str) -> Heard:
    """Typed text, or a command when it begins with a slash."""
    command = COMMAND.fullmatch(text)
    return Commanded(command[1].lower(), (command[2] or "").strip()) if command else Typed(text)


def frame_of(reply: Reply, turn: int) -> Frame:
    """A reply as the page gets it; the file goes with the say it belongs to."""
    says = [asdict(say) for say in reply.says]
    if reply.file:
        file = {"name": reply.file.name, "data": base64.b64encode(reply.file.content).decode("ascii")}
        says = [{**say, "file": file} if say["attach_mydata"] else say for say in says]
    return {"turn": turn, "counted": reply.counted, "says": says, "toast": reply.toast}


def guess(tag: str, languages: tuple[str, ...]) -> str:
    """The dialogue's language nearest to a browser's tag, as in `nl-BE`; the tag itself when none is."""
    first = tag.replace("_", "-").partition("-")[0].lower()
    first = {"lim": "li"}.get(first, first)
    return first if first in languages else "en" if first and "en" in languages else languages[0]


def _object(data: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise BadFrame from None
    if not isinstance(found, dict):
        raise BadFrame
    return found
