"""The card of a group: what everybody reads, in each language, and the buttons everybody sees.

A function of the session, of how many joined and answered, and of the minutes left; of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

from content import Content
from conversations.group_seat import ordered
from conversations.group_session import Block, Card, Counts, Door, Doors, GroupSession
from conversations.group_steering import choices
from conversations.group_view import question, sides
from conversations.shapes import Button

Rows = tuple[tuple[Button | Door, ...], ...]
BETWEEN = " · "
MOST_LABEL = 40
# What Telegram shows on one line of a phone without cutting it.
MOST_SHORT = 18


def languages(session: GroupSession, content: Content) -> tuple[str, ...]:
    """The languages of the card now: one while it is prepared, all until it is known who is there."""
    if session.stage == "setup":
        return (session.opened_in,)
    if session.stage == "join":
        return session.languages or content.languages
    return session.shown or session.languages or content.languages


def card(session: GroupSession, counts: Counts, enough: int, minutes: int, doors: Doors, content: Content) -> Card:
    """The card as it stands now. `enough`: answers a view takes; `minutes` left of this stage, 0 without an end."""
    spoken = languages(session, content)
    blocks = tuple(block(session, counts, enough, minutes, content, one) for one in spoken)
    return Card(blocks, (*_answers(session), *_ways_in(session, doors, content), *_steering(session, content)))


def block(session: GroupSession, counts: Counts, enough: int, minutes: int, content: Content, language: str) -> Block:
    """The card in one language."""
    words = content.words(language)
    head, told = TOLD[session.stage](session, counts, enough, content, language)
    if session.ending:
        told = [*told, words("group.really")]
    if session.paused:
        told = [*told, words("group.paused")]
    elif minutes:
        told = [*told, words("group.minutes", n=minutes)]
    return Block(language, "\n".join(told), head)


# ---------------------------------------------------------------- what it says


def _setup(s: GroupSession, counts: Counts, enough: int, content: Content, language: str) -> tuple[str, list[str]]:
    words = content.words(language)
    named = ", ".join(content.dilemmas[code].short[language] for code in s.dilemmas)
    spoken = ", ".join(words(f"language.{one}") for one in s.languages) or words("group.of_members")
    return words("group.head"), [
        words("group.setup"),
        words("group.setup_questions", names=named),
        words("group.setup_languages", names=spoken),
    ]


def _join(s: GroupSession, counts: Counts, enough: int, content: Content, language: str) -> tuple[str, list[str]]:
    words = content.words(language)
    return words("group.head"), [
        words("group.private"),
        words("group.two_views", enough=enough),
        words("group.difference"),
        words("group.joined", n=counts.joined),
    ]


def title(session: GroupSession, content: Content, language: str) -> str:
    """Which question of how many, and its name."""
    count = content.words(language)("dilemma.count", n=session.at + 1, total=len(session.dilemmas))
    return f"{count} · {content.dilemmas[session.dilemma].title[language]}"


def poles(session: GroupSession, content: Content, language: str) -> list[str]:
    """Both sides with what each costs, numbered as the buttons."""
    dilemma = content.dilemmas[session.dilemma]
    lines = []
    for number, side in zip((1, 5), sides(session, session.dilemma), strict=True):
        pole = dilemma.sides[side]  # type: ignore[index]
        lines.append(f"{number} = {pole.label[language]}: {pole.statement[language]} {pole.cost.text[language]}")
    return lines


def _silent(s: GroupSession, counts: Counts, enough: int, content: Content, language: str) -> tuple[str, list[str]]:
    words = content.words(language)
    return title(s, content, language), [
        content.dilemmas[s.dilemma].fact[language],
        *poles(s, content, language),
        words("group.how"),
        words("group.answered", n=counts.answered),
    ]


def _shown(s: GroupSession, counts: Counts, enough: int, content: Content, language: str) -> tuple[str, list[str]]:
    return title(s, content, language), [content.words(language)("group.look")]


def _talk(s: GroupSession, counts: Counts, enough: int, content: Content, language: str) -> tuple[str, list[str]]:
    words = content.words(language)
    first, second = (content.dilemmas[s.dilemma].sides[side].label[language] for side in sides(s, s.dilemma))  # type: ignore[index]
    return title(s, content, language), [
        words("group.talk"),
        question(s, content, language),
        words("group.again", first=first, second=second),
    ]


def _shown_again(
    s: GroupSession, counts: Counts, enough: int, content: Content, language: str
) -> tuple[str, list[str]]:
    last = s.at + 1 == len(s.dilemmas)
    return title(s, content, language), [content.words(language)("group.then_sheet" if last else "group.then_next")]


def _ended(s: GroupSession, counts: Counts, enough: int, content: Content, language: str) -> tuple[str, list[str]]:
    words = content.words(language)
    return words("group.head"), [words("group.over")]


TOLD: dict[str, Callable[[GroupSession, Counts, int, Content, str], tuple[str, list[str]]]] = {
    "setup": _setup,
    "join": _join,
    "silent": _silent,
    "shown": _shown,
    "talk": _talk,
    "shown_again": _shown_again,
    "ended": _ended,
}


# ---------------------------------------------------------------- its buttons


def button(session: GroupSession, at: str, choice: str, label: str) -> Button:
    """A button of this session; `at` says what it belongs to."""
    return Button(label, f"group.{at}:{choice}:{session.code}")


def in_all(session: GroupSession, key: str, content: Content, most: int = MOST_LABEL) -> str:
    """A label in the languages of the card, as many as fit; the same word is said once."""
    said = dict.fromkeys(content.words(one)(key) for one in languages(session, content))
    label, *others = said
    for other in others:
        if len(f"{label}{BETWEEN}{other}") <= most:
            label += BETWEEN + other
    return label


def _answers(session: GroupSession) -> Rows:
    if session.stage not in ("silent", "talk") or session.paused:
        return ()
    at = f"{session.dilemma}.{session.item}"
    five = enumerate(ordered(session, session.dilemma), 1)
    return (tuple(button(session, at, code, str(number)) for number, code in five),)


def _ways_in(session: GroupSession, doors: Doors, content: Content) -> Rows:
    if session.stage not in ("join", "silent", "talk"):
        return ()
    rows: list[tuple[Button | Door, ...]] = []
    rows.append((button(session, "join", "yes", in_all(session, "button.group_join", content)),))
    if session.stage != "join" and doors.private:
        rows.append((Door(in_all(session, "button.group_whole", content), doors.private),))
    if session.stage == "join" and doors.web:
        rows.append((Door(in_all(session, "button.group_web", content), doors.web),))
    return tuple(rows)


def _steering(session: GroupSession, content: Content) -> Rows:
    at = f"s{session.step}"

    def one(order: str, key: str) -> Button:
        return button(session, at, order, in_all(session, f"button.{key}", content, MOST_SHORT))

    if session.stage == "setup":
        return (*_set_up(session, at, content), (one("next", "group_begin"), one("remove", "group_remove")))
    if session.stage == "ended":
        return ()
    if session.ending:
        return ((one("finish", "group_finish"), one("remove", "group_remove")), (one("go_on", "group_go_on"),))
    going = one("resume", "group_resume") if session.paused else one("pause", "group_pause")
    forward = one("next", "group_show" if session.stage in ("silent", "talk") else "group_next")
    return ((forward, going), (one("more", "group_more"), one("end", "group_end")))


def _set_up(session: GroupSession, at: str, content: Content) -> Rows:
    """Each question and each language, with a tap to take it in or out."""
    words = content.words(session.opened_in)
    rows: list[tuple[Button | Door, ...]] = []
    for code in choices(session, content):
        on = code in session.dilemmas
        label = words("group.on" if on else "group.off", name=content.dilemmas[code].short[session.opened_in])
        rows.append((button(session, at, f"off.{code}" if on else f"on.{code}", label),))
    spoken = []
    for code in content.languages:
        on = code in session.languages
        label = words("group.on" if on else "group.off", name=content.words(code)("language.name"))
        spoken.append(button(session, at, f"mute.{code}" if on else f"speak.{code}", label))
    return (*rows, tuple(spoken))
