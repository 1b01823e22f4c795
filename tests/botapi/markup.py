"""Inline keyboards: read, checked, and told apart by their buttons."""

from __future__ import annotations

import json
from typing import Any

from tests.botapi.errors import bad

Json = dict[str, Any]
ACTIONS = ("callback_data", "url", "web_app", "login_url", "switch_inline_query", "copy_text")


def read_markup(raw: Any) -> Json | None:
    """The reply markup of a call: an inline keyboard, or None. Refuses what the server refuses."""
    if raw in (None, ""):
        return None
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError:
            raise bad("can't parse reply keyboard markup JSON object") from None
    if not isinstance(raw, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" not in raw:
        return None
    rows = [[_button(one) for one in row] for row in raw["inline_keyboard"]]
    if sum(map(len, rows)) > 100:
        raise bad("reply markup is too long")
    rows = [row for row in rows if row]
    return {"inline_keyboard": rows} if rows else None


def _button(raw: Json) -> Json:
    text = raw.get("text")
    if not isinstance(text, str) or not text.strip():
        raise bad('can\'t parse inline keyboard button: Field "text" must be non-empty')
    if sum(action in raw for action in ACTIONS) != 1:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in raw and not 1 <= len(str(raw["callback_data"]).encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    return raw


def buttons_of(message: Json) -> list[Json]:
    """All buttons under a message, row by row."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]
