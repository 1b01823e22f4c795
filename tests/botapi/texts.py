"""What Telegram does to a text: HTML into entities, cleaning, limits. Lengths are in UTF-16 units."""

from __future__ import annotations

import html
import re
from typing import Any

from tests.botapi.errors import bad

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
}
_TOKEN = re.compile(r"<(/?)([a-zA-Z0-9-]*)((?:\s[^<>]*)?)>|&(lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);|<", re.S)
_HREF = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+))""", re.S)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x20]")
_DROPPED = re.compile("[\r\u202a-\u202e]")

Entity = dict[str, Any]


def units(text: str) -> int:
    """Length the way Telegram's entities count: UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _byte(source: str, index: int) -> int:
    return len(source[:index].encode())


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Text and entities of Telegram's HTML. Refuses as the server does."""
    said: list[str] = []
    entities: list[Entity] = []
    open_tags: list[tuple[str, Entity]] = []
    length = at = 0
    for token in _TOKEN.finditer(source):
        plain = source[at : token.start()]
        said.append(plain)
        length += units(plain)
        at = token.end()
        where = _byte(source, token.start())
        if token[4]:
            character = html.unescape(token[0])
            said.append(character)
            length += units(character)
        elif token[0] == "<":
            raise bad(f"can't parse entities: Unclosed start tag at byte offset {where}")
        elif token[1]:
            _close(open_tags, token[2].lower(), where, length, entities)
        else:
            tag = token[2].lower()
            if tag not in TAGS:
                raise bad(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {where}')
            entity: Entity = {"type": TAGS[tag], "offset": length}
            if tag == "a" and (href := _HREF.search(token[3])):
                entity["url"] = href[1] or href[2] or href[3]
            open_tags.append((tag, entity))
    said.append(source[at:])
    if open_tags:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{open_tags[-1][0]}\"")
    return "".join(said), sorted(entities, key=lambda entity: entity["offset"])


def _close(open_tags: list[tuple[str, Entity]], tag: str, where: int, length: int, into: list[Entity]) -> None:
    if not open_tags:
        raise bad(f"can't parse entities: Unexpected end tag at byte offset {where}")
    opened, entity = open_tags.pop()
    if tag and tag != opened:
        raise bad(
            f'can\'t parse entities: Unmatched end tag at byte offset {where}, expected "</{opened}>", found "</{tag}>"'
        )
    entity["length"] = length - entity["offset"]
    if entity["length"]:
        into.append(entity)


def read_text(source: str, parse_mode: str, most: int, empty: str, long: str) -> tuple[str, list[Entity]]:
    """A text as it is stored. `most` units after parsing; `empty` and `long` are the errors' words."""
    if any(0xD800 <= ord(c) <= 0xDFFF for c in source):
        raise bad("strings must be encoded in UTF-8")
    entities: list[Entity] = []
    if parse_mode.lower() == "html":
        source, entities = parse_html(source)
    elif parse_mode:
        raise bad("unsupported parse_mode")
    text = _CONTROL.sub(" ", _DROPPED.sub("", source)) if not entities else _CONTROL.sub(" ", source)
    lead = len(text) - len(text.lstrip())
    text = text.strip()
    if empty and not re.search(r"[^\s\u200b-\u200f\u2060\ufeff]", text):
        raise bad(empty)
    if units(text) > most:
        raise bad(long)
    return text, _within(entities, lead, units(text))


def _within(entities: list[Entity], lead: int, end: int) -> list[Entity]:
    """Entities moved along with a trimmed text; what fell outside is gone."""
    kept = []
    for entity in entities:
        start = max(entity["offset"] - lead, 0)
        stop = min(entity["offset"] - lead + entity["length"], end)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return kept


def commands_in(text: str) -> list[Entity]:
    """The `bot_command` entity of a text a resident typed, as clients find it."""
    found = re.match(r"/[A-Za-z0-9_]{1,32}(?:@\w+)?(?!\S)", text)
    return [{"type": "bot_command", "offset": 0, "length": found.end()}] if found else []
