"""A member of a group: what a tap on the card leads to, and what only this member reads."""

from __future__ import annotations

from content import Content
from content.model import offered
from conversations.dilemma import inside, positions
from conversations.group_session import GroupSession, Seat, SeatTurn
from conversations.shapes import POSITIONS, Answered


def ordered(session: GroupSession, dilemma: str) -> tuple[str, ...]:
    """The five positions in the order of the buttons 1 to 5: one order for the whole group."""
    return POSITIONS if session.first(dilemma) == "a" else POSITIONS[::-1]


def position_label(session: GroupSession, dilemma: str, code: str, content: Content, language: str) -> str:
    """A position in words, as it stands inside a sentence."""
    labels = {o.code: o.label for o in positions(content.dilemmas[dilemma], session.reader(language), content)}
    return inside(labels[code])


def answer(
    session: GroupSession, seat: Seat, at: str, code: str, content: Content, method: str = "button", score: int = 100
) -> SeatTurn:
    """A tap at `at` (`growth.position`, `growth.position_after`, `growth.reasons`), or the same typed.

    One for another question than the group is at changes nothing, and says so.
    """
    dilemma, _, item = at.partition(".")
    words = content.words(seat.language)
    if session.stage == "ended":
        return SeatTurn(seat, words("group.over"))
    if session.paused:
        return SeatTurn(seat, words("group.paused_alert"))
    if not session.item or dilemma != session.dilemma or item not in (session.item, "reasons"):
        return SeatTurn(seat, words("group.question_over"))
    if item == "reasons":
        return _reason(session, seat, code, content)
    if code not in POSITIONS:
        return SeatTurn(seat, words("group.question_over"))
    number = ordered(session, dilemma).index(code) + 1
    label = position_label(session, dilemma, code, content, seat.language)
    fact = Answered(
        dilemma, item, "scale5", "answered", (code,), method=method, score=score, shown_first=session.first(dilemma)
    )
    return SeatTurn(seat.gave(item, code), words("group.kept", n=number, label=label), (fact,))


def _reason(session: GroupSession, seat: Seat, code: str, content: Content) -> SeatTurn:
    dilemma, words = content.dilemmas[session.dilemma], content.words(seat.language)
    now = offered(dilemma.reasons(), content.version)
    named = {reason.code: reason.text[seat.language] for reason in now}
    if code not in named:
        return SeatTurn(seat, words("group.question_over"))
    fact = Answered(
        session.dilemma, "reasons", "multi", "answered", (code,), shown_first=session.first(session.dilemma)
    )
    return SeatTurn(seat.gave("reason", code), words("group.reason_kept", label=inside(named[code])), (fact,))
