"""Runs a transcript: the lines a resident says against the engine, with progress written and re-read between them.

A transcript is a text file. `#` lines tell the story; `set:` lines give the circumstances (channel,
language, open, results); `resident:` lines are what a person does: `[label]` taps a button of the
newest message that has it, `(voice)` sends something else, `/word` is a command, anything else is
typed. Everything below a `resident:` line is written by `pytest --accept` and reviewed by a reader.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from content import Content
from conversations import City, Progress, Say, Turn, answer
from conversations.shapes import Agreed, Answered, Arrived, Commanded, Fact, Heard, Sent, Tapped, Typed

DRAW = 49  # shows b first, except at space and care
CITY = City(web="https://praat.example/", receipt="KW4P-7TRN", reveal_at=10)


class Story:
    """One resident's dialogue, as it goes."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.progress = Progress("dreams", "telegram", "nl", DRAW)
        self.city = CITY
        self.shown: list[Say] = []

    def set(self, line: str) -> None:
        """A circumstance: `channel web`, `language en`, `round closed`, `results FILE`."""
        name, _, value = line.partition(" ")
        if name == "channel":
            self.progress = replace(self.progress, channel=value)
            if value == "web":
                self.city = replace(self.city, resume_code="ABCD-EFGH-2345")
        elif name == "language":
            self.progress = replace(self.progress, language=value)
        elif name == "round":
            self.city = replace(self.city, open=value == "open")
        elif name == "results":
            self.city = replace(self.city, results=json.loads(value))
        elif name == "asked_by":
            self.city = replace(self.city, asked_by=value, contact="stad@example.org", privacy_contact="fg@example.org")
        else:
            raise ValueError(f"set: {line}")

    def hear(self, line: str) -> list[str]:
        """What the bot does with one line of the resident; the transcript's lines."""
        turn = answer(self.progress, self._heard(line), self.content, self.city)
        self.progress = Progress.loads(turn.progress.dumps())
        assert self.progress == turn.progress, "progress is not the same when read again"
        self.shown += turn.says
        return _written(turn)

    def _heard(self, line: str) -> Heard:
        if line.startswith("["):
            return self._tap(line[1:-1])
        if line.startswith("("):
            return Arrived() if line == "(arrives)" else Sent(line[1:-1])
        if line.startswith("/"):
            name, _, payload = line[1:].partition(" ")
            return Commanded(name, payload)
        return Typed(line)

    def _tap(self, label: str) -> Tapped:
        for say in reversed(self.shown):
            for row in say.buttons:
                for button in row:
                    if button.label == label:
                        tapped = Tapped.read(button.data)
                        assert tapped
                        return tapped
        raise AssertionError(f"no button [{label}] was ever shown")


def _written(turn: Turn) -> list[str]:
    lines = [f"toast:    {turn.toast}"] if turn.toast else []
    for say in turn.says:
        text = "\n".join(part for part in (say.intro, f"** {say.head} **" if say.head else "", say.text) if part)
        text += "".join("\n" + " ".join(f"[{b.label}]" for b in row) for row in say.buttons)
        first, *rest = text.split("\n")
        lines.append(f"bot:      {first}")
        lines += [f"          {line}".rstrip() for line in rest]
    return lines + [f"kept:     {_fact(fact)}" for fact in turn.facts]


def _fact(fact: Fact) -> str:
    if isinstance(fact, Answered):
        at = f"{fact.dilemma}.{fact.item}" if fact.dilemma else fact.item
        said = fact.text or " ".join(fact.codes) if fact.status == "answered" else fact.status
        more = f", shown first: {fact.shown_first}" if fact.shown_first else ""
        return f"{at} = {said}   ({fact.method}, {fact.score}{more})"
    if isinstance(fact, Agreed):
        return f"consent {fact.purpose} = {'yes' if fact.yes else 'no'}   (text version {fact.version})"
    return repr(fact)


def run(path: Path, content: Content) -> str:
    """The whole transcript as it should read now."""
    story, out = Story(content), []
    for line in path.read_text("utf8").splitlines():
        if line.startswith("#"):
            out.append(line)
        elif line.startswith("set:"):
            story.set(line.removeprefix("set:").strip())
            out.append(line)
        elif line.startswith("resident:"):
            said = line.removeprefix("resident:").strip()
            out += ["", f"resident: {said}", *story.hear(said)]
    return "\n".join(out) + "\n"
