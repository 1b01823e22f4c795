"""The picture of a view: the letters are there, it is as high as it has to be, and says what the words say."""

from __future__ import annotations

import html
import re
import struct
import zlib

import pytest

from bot.drawing import draw, drawn
from bot.group_picture import EDGE, WIDE, svg
from content import Content, shipped
from conversations.group_screen import Bars, Panel, pictured
from tests.test_group_engine import NAMES, begun

CONTENT = shipped()


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and rows of RGBA of a PNG without interlacing."""
    wide, high, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (depth, kind) == (8, 6)
    data, at = b"", 8
    while at < len(png):
        size = struct.unpack(">I", png[at : at + 4])[0]
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += size + 12
    raw, rows, above = zlib.decompress(data), [], bytes(4 * wide)
    for y in range(high):
        how, line = raw[y * (4 * wide + 1)], bytearray(raw[y * (4 * wide + 1) + 1 : (y + 1) * (4 * wide + 1)])
        for x in range(4 * wide):
            left, up = line[x - 4] if x >= 4 else 0, above[x]
            corner = above[x - 4] if x >= 4 else 0
            guess = left + up - corner
            paeth = min((left, up, corner), key=lambda one: abs(guess - one))
            line[x] = (line[x] + (0, left, up, (left + up) // 2, paeth)[how]) & 255
        above = bytes(line)
        rows.append(above)
    return wide, high, rows


def dark(rows: list[bytes], top: int, bottom: int) -> int:
    """How many pixels of ink there are between two heights."""
    return sum(row[x] < 90 and row[x + 1] < 90 for row in rows[top:bottom] for x in range(0, len(row), 4))


def small(*panels: Panel) -> tuple[int, int, list[bytes]]:
    """The picture at a quarter of its size: reading its pixels here takes long."""
    return pixels(drawn(svg(panels), zoom=0.25))


def test_the_letters_of_every_language_are_drawn() -> None:
    found = []
    for text in ("Groeien of even groot blijven?", "’n Gróp in Mestreech: ’t geit um ö en è", ""):
        _, high, rows = small(Panel("nl", text, ()))
        found.append(dark(rows, 0, high))
    assert found[0] > 80
    assert found[1] > 80
    assert found[2] == 0, "what was counted are the letters"


def test_a_bar_is_as_long_as_its_number() -> None:
    wide, _, rows = small(Panel("en", "Head", (), (Bars("Before", (("a", 4), ("b", 1), ("c", 0))),)))
    assert wide == WIDE // 4
    green = [sum(row[x : x + 3] == b"\x0b\x5a\x52" for x in range(0, len(row), 4)) for row in rows]
    lengths = sorted({n for n in green if n > 25})
    assert lengths[-1] == pytest.approx((WIDE - 2 * EDGE) / 4, abs=5)
    assert lengths[-1] / 4 == pytest.approx(max(n for n in lengths if n < 100), abs=5)


def words(content: Content, post: str, chosen: tuple[str, ...]) -> tuple[str, str]:
    """The text of the picture, and of what is said with it."""
    table = begun(len(chosen), dilemmas=("growth",))
    for name, code in zip(NAMES, chosen, strict=False):
        table.tap(name, code)
    said = table.screen[-2].blocks if post.startswith("view") else ()
    if post == "sheet":
        table.order("end")
        table.order("finish")
        said = table.screen[-2].blocks
    written = svg(pictured(table.session, post, content))
    return " ".join(re.findall(r">([^<]+)</text>", written)), " ".join(f"{one.head} {one.text}" for one in said)


@pytest.mark.parametrize("chosen", [("a", "a", "b", "b", "between", "a"), ("a", "a", "a", "a", "b")])
@pytest.mark.parametrize("post", ["view.growth.before", "sheet"])
def test_the_picture_shows_no_number_that_the_words_do_not(post: str, chosen: tuple[str, ...]) -> None:
    written, said = words(CONTENT, post, chosen)
    assert set(re.findall(r"\b\d+\b", html.unescape(written))) == set(re.findall(r"\b\d+\b", said))
    for language in ("nl", "en"):
        assert CONTENT.words(language)("group.before") in written


async def test_what_cannot_be_drawn_is_no_picture_and_holds_nobody_up() -> None:
    assert await draw("this is no SVG") is None


def test_nothing_else_is_drawn() -> None:
    table = begun(4)
    assert pictured(table.session, "card", CONTENT) == ()
    assert pictured(table.session, "too_few.growth.before", CONTENT) == ()


async def test_long_words_and_marks_stay_inside_and_break_nothing() -> None:
    panel = Panel("nl", "<b>woord</b> & meer " * 12, ("woord " * 60,), (Bars("x", (("heel lang " * 20, 3),)),))
    png = await draw(svg([panel]))
    assert png
    assert struct.unpack(">II", png[16:24])[0] == WIDE * 2 // 3
    wide, high, rows = small(panel)
    right = [row[4 * (wide - 5) :] for row in rows]
    assert not any(one[x] < 200 for one in right for x in range(0, len(one), 4)), "something reaches the edge"
    assert high > 150
