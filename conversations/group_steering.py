"""The course of a group dialogue: what who leads it, or the clock, makes of it. No clock in here.

    setup → join → (silent → shown → talk → shown_again) for each question → ended

An order carries the step it was given at: two facilitators who tap together lead one step on, not two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from content import Content
from conversations.group_session import AFTER, BEFORE, Counts, GroupSession, Stage, Tally
from conversations.group_view import reasons, view

Why = Literal["asked", "time", "all"]


@dataclass(frozen=True)
class Room:
    """A session as it stands, what is known of its members, and how many answers a view takes."""

    session: GroupSession
    counts: Counts
    tally: Tally
    enough: int


@dataclass(frozen=True)
class Steered:
    """Where it leads. `posts` are sent to the group in this order; `seconds` is the new length of the stage
    (0: until somebody goes on; None: unchanged). `remark` is the key of what only who asked reads; without
    one the order was carried out. `clear`: what the seats hold about the question is erased. `removed`:
    nothing of the session stays.
    """

    session: GroupSession
    posts: tuple[str, ...] = ()
    seconds: int | None = None
    remark: str = ""
    clear: bool = False
    removed: bool = False


def steer(room: Room, order: str, step: int, left: int, content: Content) -> Steered:
    """Carry out an order given at `step`; `left` are the seconds this stage still has, 0 without an end."""
    session = room.session
    if session.stage == "ended":
        return Steered(session, remark="group.over")
    if step != session.step:
        return Steered(session, remark="group.done_already")
    name, _, what = order.partition(".")
    if name in ("on", "off", "speak", "mute"):
        return _set_up(session, name, what, content)
    does = ORDERS.get(order)
    return does(room, left, content) if does else Steered(session, remark="group.done_already")


def time_is_up(room: Room, content: Content) -> Steered:
    """The stage's time is over: on to the next, whatever there is."""
    return _forward(room, "time", content)


def everybody_answered(room: Room, content: Content) -> Steered | None:
    """The view, where all who joined have answered and they are enough; None when there is more to wait for."""
    session, answered = room.session, sum(room.tally.before.values())
    if session.stage != "silent" or session.paused or answered < max(room.enough, room.counts.joined):
        return None
    return _forward(room, "all", content)


# ---------------------------------------------------------------- before it begins


def _set_up(session: GroupSession, name: str, what: str, content: Content) -> Steered:
    if session.stage != "setup":
        return Steered(session, remark="group.done_already")
    if name in ("on", "off") and what in choices(session, content):
        wanted = {*session.dilemmas, what} if name == "on" else {*session.dilemmas} - {what}
        inorder = tuple(code for code in choices(session, content) if code in wanted)
        return Steered(replace(session, dilemmas=inorder)) if inorder else Steered(session, remark="group.one_question")
    if name in ("speak", "mute") and what in content.languages:
        spoken = {*session.languages, what} if name == "speak" else {*session.languages} - {what}
        return Steered(replace(session, languages=tuple(one for one in content.languages if one in spoken)))
    return Steered(session, remark="group.done_already")


def choices(session: GroupSession, content: Content) -> tuple[str, ...]:
    """The questions a group can choose from: those of the round, in the sketch's order."""
    here = content.rounds[session.round]
    return (*here.dilemmas, *here.after_goodbye)


def proposed(round_code: str, content: Content) -> tuple[str, ...]:
    """The questions proposed for 90 minutes: the first of the round, since number order is nobody's choice."""
    return content.rounds[round_code].dilemmas[: content.group.proposed]


# ---------------------------------------------------------------- the orders


def _next(room: Room, left: int, content: Content) -> Steered:
    return _forward(replace(room, session=replace(room.session, paused=False)), "asked", content)


def _pause(room: Room, left: int, content: Content) -> Steered:
    if room.session.stage == "setup":
        return Steered(room.session, remark="group.done_already")
    return Steered(replace(room.session, paused=True, left=left), seconds=0)


def _resume(room: Room, left: int, content: Content) -> Steered:
    if not room.session.paused:
        return Steered(room.session, remark="group.done_already")
    return Steered(replace(room.session, paused=False, left=0), seconds=room.session.left)


def _more(room: Room, left: int, content: Content) -> Steered:
    more = content.group.more * 60
    if room.session.paused:
        return Steered(replace(room.session, left=room.session.left + more))
    return Steered(room.session, seconds=left + more)


def _end(room: Room, left: int, content: Content) -> Steered:
    """Asks back: what is ended stays ended."""
    return Steered(replace(room.session, ending=True))


def _go_on(room: Room, left: int, content: Content) -> Steered:
    return Steered(replace(room.session, ending=False))


def _finish(room: Room, left: int, content: Content) -> Steered:
    return _ended(room.session)


def _remove(room: Room, left: int, content: Content) -> Steered:
    return Steered(replace(room.session, stage="ended", views={}, reasons={}), removed=True)


ORDERS: dict[str, Callable[[Room, int, Content], Steered]] = {
    "next": _next,
    "pause": _pause,
    "resume": _resume,
    "more": _more,
    "end": _end,
    "go_on": _go_on,
    "finish": _finish,
    "remove": _remove,
}


# ---------------------------------------------------------------- one step on


def _forward(room: Room, why: Why, content: Content) -> Steered:
    return FORWARD[room.session.stage](room, why, content)


def _to(session: GroupSession, stage: Stage, content: Content, *posts: str) -> Steered:
    there = replace(session, stage=stage, step=session.step + 1, paused=False, ending=False, left=0)
    return Steered(there, posts, content.group.minutes[stage] * 60)  # type: ignore[index]


def _from_setup(room: Room, why: Why, content: Content) -> Steered:
    return _to(room.session, "join", content, "card")


def _from_join(room: Room, why: Why, content: Content) -> Steered:
    if why == "time" and room.counts.joined < room.enough:
        return Steered(room.session, seconds=0)
    return _ask(room.session, room.counts, content)


def _ask(session: GroupSession, counts: Counts, content: Content) -> Steered:
    """The question, in the languages of who is there now."""
    spoken = session.languages or counts.languages or (session.opened_in,)
    return replace(_to(replace(session, shown=spoken), "silent", content, "card"), clear=True)


def _from_silent(room: Room, why: Why, content: Content) -> Steered:
    session = room.session
    shown = view(room.tally.before, room.enough)
    if shown is None and why == "asked":
        return Steered(session, remark="group.wait_for")
    # What is asked without a view tells nothing of anybody either.
    named = reasons(session, room.tally if shown else Tally(), content)
    asked = replace(session, reasons={**session.reasons, session.dilemma: named})
    if shown is None:
        return _to(asked, "talk", content, f"too_few.{session.dilemma}.{BEFORE}", "card")
    return _to(_saw(asked, BEFORE, room), "shown", content, f"view.{session.dilemma}.{BEFORE}", "card")


def _saw(session: GroupSession, moment: str, room: Room) -> GroupSession:
    shown = view(room.tally.before if moment == BEFORE else room.tally.after, room.enough)
    return replace(session, views={**session.views, f"{session.dilemma}.{moment}": shown}) if shown else session


def _from_shown(room: Room, why: Why, content: Content) -> Steered:
    return _to(room.session, "talk", content)


def _from_talk(room: Room, why: Why, content: Content) -> Steered:
    session = _saw(room.session, AFTER, room)
    what = "view" if f"{session.dilemma}.{AFTER}" in session.views else "too_few"
    return _to(session, "shown_again", content, f"{what}.{session.dilemma}.{AFTER}", "card")


def _from_shown_again(room: Room, why: Why, content: Content) -> Steered:
    session = room.session
    if session.at + 1 == len(session.dilemmas):
        return _ended(session)
    return _ask(replace(session, at=session.at + 1), room.counts, content)


def _ended(session: GroupSession) -> Steered:
    over = replace(session, stage="ended", step=session.step + 1, paused=False, ending=False)
    return Steered(over, ("sheet",) if session.stage not in ("setup", "join") else ("over",), 0, clear=True)


def _stays(room: Room, why: Why, content: Content) -> Steered:
    return Steered(room.session, remark="group.over")


FORWARD: dict[Stage, Callable[[Room, Why, Content], Steered]] = {
    "setup": _from_setup,
    "join": _from_join,
    "silent": _from_silent,
    "shown": _from_shown,
    "talk": _from_talk,
    "shown_again": _from_shown_again,
    "ended": _stays,
}
