"""A view, or the sheet, as a picture: the same facts as the words beside it, in every language of the group.

Our own SVG; bot/drawing.py makes a PNG of it.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from textwrap import wrap

from conversations.group_screen import Bars, Panel

FAMILY = "Source Sans Pro"
WIDE, EDGE, BAR = 1080, 64, 30
PAPER, INK, SOFT, ACCENT, HAIR = "#fffefb", "#1c2220", "#47504c", "#0b5a52", "#ddd8cc"
# A letter of this font is at most so wide on average, in its own size: for where a line has to end.
LETTER = 0.48
HEAD, LINE = 44, 34


def svg(panels: Sequence[Panel]) -> str:
    """The panels as SVG, as high as it has to be: what is said in each language, then the views, once for all."""
    drawing = _Drawing()
    for panel in panels:
        drawing.panel(panel)
    for views in zip(*(panel.views for panel in panels), strict=False):
        drawing.view(views)
    return drawing.done()


class _Drawing:
    """What is drawn so far, and the height at which it goes on."""

    def __init__(self) -> None:
        self._drawn: list[str] = []
        self._y = EDGE

    def panel(self, panel: Panel) -> None:
        self._text(panel.head, HEAD, bold=True)
        for line in panel.lines:
            self._text(line, LINE)
        self._y += 16

    def view(self, views: Sequence[Bars]) -> None:
        """One view, labelled in every language: the numbers are the same."""
        self._y += 20
        self._text(_joined(view.head for view in views), LINE, SOFT)
        for view in views:
            self._text(view.text, LINE, bold=True)
        most = max((people for _, people in views[0].rows), default=0) or 1
        for same in zip(*(view.rows for view in views), strict=True):
            people = same[0][1]
            self._y += 6
            self._line(str(people), WIDE - EDGE, self._y + LINE, LINE, INK, bold=True, end=True)
            self._text(_joined(label for label, _ in same), LINE, room=WIDE - 2 * EDGE - 100)
            self._y += 6
            self._rect(WIDE - 2 * EDGE, BAR, HAIR)
            if people:
                self._rect(round((WIDE - 2 * EDGE) * people / most), BAR, ACCENT)
            self._y += BAR + 12

    def done(self) -> str:
        high = self._y + EDGE // 2
        paper = f'<rect width="{WIDE}" height="{high}" fill="{PAPER}"/>'
        start = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{high}" font-family="{FAMILY}">'
        return f"{start}{paper}{''.join(self._drawn)}</svg>"

    def _text(self, text: str, size: int, fill: str = INK, bold: bool = False, room: int = WIDE - 2 * EDGE) -> None:
        for line in wrap(text, int(room / (size * LETTER))):
            self._y += round(size * 1.25)
            self._line(line, EDGE, self._y - round(size * 0.25), size, fill, bold)

    def _line(self, text: str, x: int, y: int, size: int, fill: str, bold: bool = False, end: bool = False) -> None:
        weight = ' font-weight="700"' if bold else ""
        anchor = ' text-anchor="end"' if end else ""
        written = html.escape(text)
        self._drawn.append(f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{weight}{anchor}>{written}</text>')

    def _rect(self, wide: int, high: int, fill: str) -> None:
        round_ = ' rx="6"' if high > 6 else ""
        self._drawn.append(f'<rect x="{EDGE}" y="{self._y}" width="{wide}" height="{high}"{round_} fill="{fill}"/>')


def _joined(said: Iterable[str]) -> str:
    return " · ".join(dict.fromkeys(said))
