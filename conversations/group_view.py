"""What a group is shown: three bins, and where one holds all or all but one, no numbers at all."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from content import Content
from content.model import Side, offered
from conversations.dilemma import inside
from conversations.group_session import BIN, BINS, Block, GroupSession, Tally, View

# A reason that only one member named is not asked about: its side may be theirs alone.
NAMED_BY = 2


def view(positions: Mapping[str, int], enough: int) -> View | None:
    """People by position, as the group may see them; None for fewer than `enough`."""
    counts = dict.fromkeys(BINS, 0)
    for code, people in positions.items():
        counts[BIN[code]] += people
    everybody = sum(counts.values())
    if everybody < enough:
        return None
    nearly = next((one for one in BINS if counts[one] >= everybody - 1), "")
    return View(nearly, {} if nearly else counts)


def reasons(session: GroupSession, tally: Tally, content: Content) -> tuple[str, str]:
    """The reason of each side the talk is about: the one most named here, or one drawn by lot."""
    return _reason("a", session, tally, content), _reason("b", session, tally, content)


def _reason(side: Side, session: GroupSession, tally: Tally, content: Content) -> str:
    pole = content.dilemmas[session.dilemma].sides[side]
    named = {one.code: tally.reasons.get(one.code, 0) for one in offered(pole.reasons, content.version)}
    most = max(named.values())
    best = [code for code, people in named.items() if people == most]
    if most >= NAMED_BY and len(best) == 1:
        return best[0]
    return tuple(named)[_lot(session, f"reason {side}") % len(named)]


def _lot(session: GroupSession, what: str) -> int:
    """0 or 1, drawn for this group and question."""
    return blake2b(f"{session.draw}:{session.dilemma}:{what}".encode(), digest_size=1).digest()[0] & 1


def sides(session: GroupSession, dilemma: str) -> tuple[str, str]:
    """Both sides in the order this group sees them."""
    return ("a", "b") if session.first(dilemma) == "a" else ("b", "a")


def bins(session: GroupSession, dilemma: str) -> tuple[str, str, str]:
    """The three bins in the order this group sees them."""
    first, second = sides(session, dilemma)
    return (first, "between", second)


def bin_label(one: str, dilemma: str, content: Content, language: str) -> str:
    """A bin in words: a side with *rather*, or in between."""
    words = content.words(language)
    if one == "between":
        return words("position.between")
    return words(f"results.side_{one}", **{one: content.dilemmas[dilemma].sides[one].label[language]})  # type: ignore[index]


def view_block(session: GroupSession, at: str, content: Content, language: str) -> Block:
    """A view in words; `at` is question and moment, as `growth.before`."""
    dilemma, _, moment = at.partition(".")
    words, shown = content.words(language), session.views[at]
    head = f"{words(f'group.{moment}')} · {content.dilemmas[dilemma].title[language]}"
    if shown.nearly:
        label = inside(bin_label(shown.nearly, dilemma, content, language))
        return Block(language, words("group.nearly", label=label), head)
    lines = [f"{bin_label(one, dilemma, content, language)}: {shown.counts[one]}" for one in bins(session, dilemma)]
    return Block(language, "\n".join(lines), head)


def question(session: GroupSession, content: Content, language: str) -> str:
    """What the talk may begin with: a reason of each side, the sides in the order of this group."""
    dilemma, words = content.dilemmas[session.dilemma], content.words(language)
    asked = dict(zip("ab", session.reasons[session.dilemma], strict=True))
    lines = []
    for side in sides(session, session.dilemma):
        pole = dilemma.sides[side]  # type: ignore[index]
        reason = next(one for one in pole.reasons if one.code == asked[side])
        lines.append(f"{pole.label[language]}: “{reason.text[language]}.”")
    return "\n".join([*lines, words("group.question")])
