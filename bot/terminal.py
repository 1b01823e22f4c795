"""The dialogue in a terminal, for authors: the same desk, the same database, channel `terminal`."""

from __future__ import annotations

import asyncio
import textwrap

from rich.console import Console

from bot.desk import Caller, Desk, Reply
from conversations.shapes import Arrived, Commanded, Heard, Say, Tapped, Typed

WIDTH = 76


async def talk(desk: Desk, language: str, console: Console) -> None:
    """Talk until end of input. A button is chosen by its number in brackets; anything else is typed."""
    caller = Caller("terminal", "local", language)
    reply = await desk.hear(caller, Arrived())
    while True:
        _show(reply, console)
        await desk.sent(reply)
        try:
            line = (await asyncio.to_thread(console.input, "> ")).strip()
        except (EOFError, KeyboardInterrupt):
            return
        reply = await desk.hear(caller, _read(line, reply))


def _read(line: str, reply: Reply) -> Heard:
    if line.startswith("[") and line.rstrip("]")[1:].isdigit():
        buttons = _buttons(reply)
        place = int(line.rstrip("]")[1:])
        tapped = Tapped.read(buttons[place - 1]) if 0 < place <= len(buttons) else None
        return tapped or Arrived()
    return typed(line)


def typed(line: str) -> Heard:
    """What was typed: a command, words, or nothing at all, which shows again where one stands."""
    if line.startswith("/"):
        name, _, payload = line[1:].partition(" ")
        return Commanded(name.lower(), payload.strip())
    return Typed(line) if line else Arrived()


def _buttons(reply: Reply) -> list[str]:
    return [button.data for say in reply.says for row in say.buttons for button in row]


def _show(reply: Reply, console: Console) -> None:
    place = 0
    if reply.toast:
        console.print(reply.toast, style="dim", markup=False)
    for say in reply.says:
        console.print()
        _tell(say, console)
        for row in say.buttons:
            for button in row:
                place += 1
                console.print(f"  [{place}] {button.label}", markup=False, highlight=False)


def _tell(say: Say, console: Console) -> None:
    if say.intro:
        console.print(textwrap.fill(say.intro, WIDTH), style="italic", markup=False, highlight=False)
    if say.head:
        console.print(say.head, style="bold", markup=False, highlight=False)
    for paragraph in say.text.split("\n"):
        console.print(textwrap.fill(paragraph, WIDTH), markup=False, highlight=False)
