"""Lengths: what fits on a button, in a message, in Telegram's fields."""

from __future__ import annotations

from collections.abc import Iterator

from content.loader import Content
from content.places import Fault, Place, places

TITLE, BUTTON, MESSAGE, CALLBACK, DESCRIPTION, TOAST = 60, 40, 4096, 64, 256, 200
SHORT_DESCRIPTION = 120
# What the dialogue puts around a label: "3 " before a choice, and a tag of five signs behind its callback.
NUMBER, TAG = "3 ", "00000"
# Buttons among the catalogues' messages, whatever their area; `button.*` all are.
BUTTONS = {
    *("language.name", "position.between", "forget.yes", "forget.no"),
    *("goodbye.values", "goodbye.importance", "goodbye.dream", "goodbye.results", "goodbye.share", "goodbye.leave"),
}


def faults(content: Content) -> Iterator[Fault]:
    """Every text, button and callback that is too long. Lengths are in characters, callbacks in bytes."""
    for place in places(content):
        for language, text in place.texts.items():
            yield from _too_long(place, language, text, content)
    yield from _callbacks(content)


def _too_long(place: Place, language: str, text: str, content: Content) -> Iterator[Fault]:
    what, length, most = "message", len(text), MESSAGE
    if (shown := _button(place, language, text, content)) is not None:
        what, length, most = f"button “{shown}”", len(shown), BUTTON
    elif place.key == "title":
        what, most = "title", TITLE
    elif place.file == "content/commands.yaml":
        what, most = "description", DESCRIPTION
    elif place.key in ("bot.description", "bot.short"):
        what, most = "description", DESCRIPTION * 2 if place.key == "bot.description" else SHORT_DESCRIPTION
    elif place.key.startswith("toast."):
        what, length, most = "toast", len(text.replace("{choice}", "x" * BUTTON)), TOAST
    if length > most:
        yield place.fault(language, f"the {what} is {length} characters long, at most {most} fit")


def _button(place: Place, language: str, text: str, content: Content) -> str | None:
    """The button this text becomes at its longest, as shown; None when it is no button."""
    words, key = content.words(language).messages if language in content.languages else {}, place.key
    if place.file == "locales/*.po":
        return text if key.startswith("button.") or key in BUTTONS else None
    if key.startswith("sides."):
        if key.endswith(".label"):
            rather = words.get("position.rather", "{label}").replace("{label}", text[:1].lower() + text[1:])
            return NUMBER + max(text, rather, key=len)
        return NUMBER + text if ".reasons." in key else None
    if key == "short":
        asked = words.get("goodbye.question", "").replace("{n}", "6").replace("{name}", text)
        named = [f"12 {text} · {words.get(f'name.{item}', '')}" for item in ("position", "reasons", "importance")]
        return max([NUMBER + text, asked, *named], key=len)
    if key.startswith(("options.", "districts.")):
        return NUMBER + text if place.file.endswith("importance.yaml") else text
    return text if key in ("yes", "no") else None


def _callbacks(content: Content) -> Iterator[Fault]:
    """Callback data is `question:choice:tag`."""
    for code in content.dilemmas:
        yield from _callback(f"content/dilemmas/{code}.yaml", "code", f"answers:{code}.importance:{TAG}")
    for code, item in content.items.items():
        for choice in [one.code for one in item.options] + [one.code for one in item.districts]:
            yield from _callback(f"content/items/{code}.yaml", f"options.{choice}", f"{code}:{choice}:{TAG}")


def _callback(file: str, key: str, data: str) -> Iterator[Fault]:
    if len(data.encode()) > CALLBACK:
        yield Fault(file, key, "", f"the callback {data} is {len(data.encode())} bytes long, at most {CALLBACK} fit")
