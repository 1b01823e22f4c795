"""What is said, as it stands on a Telegram screen: HTML, the keyboard, parts that fit."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

from bot.desk import File
from bot.telegram_raw import Keyboard
from conversations.shapes import Say

# Telegram's limits, after parsing, in UTF-16 units.
MOST_TEXT = 4096
MOST_CAPTION = 1024
MOST_TOAST = 200
BORDERS = ("\n\n", "\n", " ")


@dataclass(frozen=True)
class Part:
    """One message: a say, or a piece of one that is too long. The keyboard goes under the last piece."""

    say: Say
    html: str
    last: bool
    file: File | None = None


def parts(say: Say, file: File | None = None) -> Iterator[Part]:
    """The messages a say becomes, in order: usually one. None at all for a say without a word."""
    attached = file if say.attach_mydata else None
    intro, head, text = say.intro.strip(), say.head.strip(), say.text.strip()
    plain = "\n\n".join(piece for piece in (intro, head, text) if piece)
    bold = (len(intro) + 2 if intro else 0, len(head))
    # A file carries its text as a caption where that fits; else the text goes before it.
    if attached is not None and units(plain) <= MOST_CAPTION:
        yield Part(say, _html(plain, 0, bold), True, attached)
        return
    pieces = list(_cut(plain)) if plain else []
    for number, (start, piece) in enumerate(pieces, 1):
        yield Part(say, _html(piece, start, bold), number == len(pieces) and attached is None)
    if attached is not None:
        yield Part(say, "", True, attached)


def keyboard(say: Say) -> Keyboard | None:
    """The buttons under a message, or None."""
    return [[{"text": one.label, "callback_data": one.data} for one in row] for row in say.buttons] or None


def short(toast: str) -> str:
    """A toast that fits."""
    return toast if len(toast) <= MOST_TOAST else toast[: MOST_TOAST - 1] + "…"


def units(text: str) -> int:
    """Length as Telegram counts: UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str) -> Iterator[tuple[int, str]]:
    """Pieces that fit, each with where it starts, cut between paragraphs where that is possible."""
    start = 0
    while units(text[start:]) > MOST_TEXT:
        fits = text[start:].encode("utf-16-le", "surrogatepass")[: 2 * MOST_TEXT].decode("utf-16-le", "ignore")
        at = next((found for border in BORDERS if (found := fits.rfind(border)) > 0), len(fits))
        yield start, fits[:at].rstrip()
        rest = text[start + at :]
        start += at + len(rest) - len(rest.lstrip())
    yield start, text[start:]


def _html(piece: str, start: int, bold: tuple[int, int]) -> str:
    """A piece as HTML; `bold` says where in the whole text the head begins, and how long it is."""
    first = min(max(bold[0] - start, 0), len(piece))
    last = min(max(bold[0] + bold[1] - start, 0), len(piece))
    before, head, after = (html.escape(part, quote=False) for part in (piece[:first], piece[first:last], piece[last:]))
    return f"{before}<b>{head}</b>{after}" if head else before + after
