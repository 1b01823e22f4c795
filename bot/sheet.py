"""The printable sheet: one A4 with the short address in large type and a QR code drawn here."""

from __future__ import annotations

import segno
from markupsafe import Markup

from bot.pages import page
from content import Content

# How many characters of the address fit on one line of the sheet, per size of type (see sheet.css).
SIZES = ((16, "largest"), (24, "large"), (34, "medium"))


def short(address: str) -> str:
    """An address as people read it aloud and type it: without the scheme and the last slash."""
    return address.partition("://")[2].rstrip("/") or address


def qr(address: str) -> Markup:
    """A QR code of `address` as inline SVG without styles or scripts, quiet zone included."""
    code = segno.make(address, error="m", micro=False)
    drawn = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None)
    return Markup(drawn)  # noqa: S704 - drawn by segno from the modules of the code, holds no text


def sheet(content: Content, address: str, simulated: bool = False) -> str:
    """The sheet as an HTML page, every language on it, the source language first."""
    shown = short(address)
    size = next((name for most, name in SIZES if len(shown) <= most), "small")
    languages = [(code, content.words(code)) for code in content.languages]
    drawn = qr(address)
    return page(
        "sheet.html", languages=languages, address=address, shown=shown, size=size, qr=drawn, simulated=simulated
    )
