"""What a member reads alone, in a private chat: what joining means, and the question with its whole text."""

from __future__ import annotations

from content import Content
from conversations import dilemma as dilemmas
from conversations import reasons
from conversations.dilemma import positions
from conversations.group_card import button, poles, title
from conversations.group_seat import ordered
from conversations.group_session import AFTER, BEFORE, GroupSession, Seat
from conversations.group_view import view_block
from conversations.question import Question, rows
from conversations.shapes import Button, City, Say


def invitation(session: GroupSession, language: str, counted: bool, enough: int, content: Content) -> Say:
    """Both facts about the views, and the consent, before anybody joins. `counted`: that was said before.

    The buttons carry the language: of who has not joined nothing is kept.
    """
    words = content.words(language)
    told = [words("group.invited"), words("group.private"), words("group.two_views", enough=enough)]
    told.append(words("group.difference"))
    if counted:
        choices = [button(session, "join", f"yes.{language}", words("button.group_join"))]
    else:
        told += [words("group.or_alone"), f"{words('group.count_me')} {content.consents['count_me'].text[language]}"]
        choices = [
            button(session, "join", f"count.{language}", words("button.group_count")),
            button(session, "join", f"talk.{language}", words("button.group_talk")),
        ]
    choices.append(button(session, "join", f"no.{language}", words("button.group_no")))
    keys = (*rows(choices, 1), _others(session, language, content))
    return Say("\n\n".join(told), language, words("group.head"), buttons=keys, question=True)


def at_the_table(session: GroupSession, seat: Seat, content: Content, remark: str = "") -> Say:
    """Where the group is now, for one member: the question with its whole text and what was chosen."""
    words = content.words(seat.language)
    away = (
        button(session, "now", "show", words("button.group_now")),
        button(session, "leave", "yes", words("button.group_leave")),
    )
    if not session.item:
        between = (away, _others(session, seat.language, content)) if session.stage != "ended" else ()
        return _between(session, seat, content, remark, between)
    dilemma = content.dilemmas[session.dilemma]
    told = [dilemma.fact[seat.language], *poles(session, content, seat.language)]
    if session.stage == "talk":
        told.append(words("group.again_here"))
    at = f"{session.dilemma}.{session.item}"
    labels = {o.code: o.label for o in positions(dilemma, session.reader(seat.language), content)}
    five = [
        button(session, at, code, f"{n} {labels[code]}") for n, code in enumerate(ordered(session, session.dilemma), 1)
    ]
    keys = (*rows(five, 1), away, _others(session, seat.language, content))
    return Say("\n\n".join(told), seat.language, title(session, content, seat.language), remark, keys, question=True)


def _others(session: GroupSession, language: str, content: Content) -> tuple[Button, ...]:
    """The other languages, each by its own name."""
    spoken = (one for one in content.languages if one != language)
    return tuple(button(session, "speak", one, content.words(one)("language.name")) for one in spoken)


def _between(
    session: GroupSession, seat: Seat, content: Content, remark: str, keys: tuple[tuple[Button, ...], ...]
) -> Say:
    """Nothing can be chosen now: what was shown last, or that one waits."""
    words, moment = content.words(seat.language), {"shown": BEFORE, "talk": BEFORE, "shown_again": AFTER}
    at = f"{session.dilemma}.{moment.get(session.stage, '')}" if session.dilemmas else ""
    if at in session.views:
        told = view_block(session, at, content, seat.language)
        return Say(told.text, seat.language, told.head, remark, keys)
    key = "over" if session.stage == "ended" else "paused" if session.paused else "wait"
    return Say(words(f"group.{key}"), seat.language, words("group.head"), remark, keys)


def why_say(session: GroupSession, seat: Seat, content: Content, remark: str) -> Say:
    """After a position: the reasons of both sides, for who wants to name one."""
    words, dilemma = content.words(seat.language), content.dilemmas[session.dilemma]
    at = f"{session.dilemma}.reasons"
    asked = reasons.ask(at, session.reader(seat.language), content, City())
    named = [button(session, at, option.code, f"{n} {option.label}") for n, option in enumerate(asked.options, 1)]
    more = (button(session, "now", "show", words("button.group_now")),)
    return Say(words("group.reason"), seat.language, dilemma.short[seat.language], remark, (*rows(named, 1), more))


def typed_question(session: GroupSession, language: str, content: Content) -> Question:
    """The question of now as typed answers are read against it, in the order of this group."""
    return dilemmas.ask(f"{session.dilemma}.position", session.reader(language), content, City())
