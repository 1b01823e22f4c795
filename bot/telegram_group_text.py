"""A message to a group as it stands on Telegram: every language under the other, and the buttons all see."""

from __future__ import annotations

import html
from dataclasses import dataclass

from bot.telegram_raw import Keyboard
from bot.telegram_screen import MOST_CAPTION, units
from conversations.group_session import Card, Door


@dataclass(frozen=True)
class Shown:
    """The text as HTML, and the rows of buttons. `plain` is the text as a reader meets it."""

    html: str
    keyboard: Keyboard
    plain: str = ""

    @property
    def is_caption(self) -> bool:
        """Whether it fits under a picture."""
        return units(self.plain) <= MOST_CAPTION


def shown(card: Card) -> Shown:
    """The card as one message."""
    written, plain = [], []
    for block in card.blocks:
        head = f"<b>{html.escape(block.head, quote=False)}</b>\n" if block.head else ""
        written.append(head + html.escape(block.text, quote=False))
        plain.append(f"{block.head}\n{block.text}" if block.head else block.text)
    rows = [
        [
            {"text": one.label, "url": one.url}
            if isinstance(one, Door)
            else {"text": one.label, "callback_data": one.data}
            for one in row
        ]
        for row in card.buttons
    ]
    return Shown("\n\n".join(written), rows, "\n\n".join(plain))
