"""A place on the screen instead of words: a code, `2`, `optie 3`, `de eerste`, `laatste twee`, `alle vier`."""

from __future__ import annotations

import re

from content.model import Phrases
from conversations.question import Question
from conversations.spelling import phrase_words, tokens, words

ALL = frozenset({"alle", "all", "allen", "alleveer", "allemaol"})
LAST = -1
# Their buttons stand in the same order for everybody.
IN_ORDER = ("language", "relation")
BEHIND = re.compile(r"(\d{1,3})(?:e|ste|de|st|nd|rd|th)?")


def code(text: str, question: Question, phrases: Phrases) -> tuple[str, ...]:
    """The codes typed, whatever the order on the screen: `b`, `rather_a`, `optie b`, `b1 b2`; empty when in doubt."""
    known = {o.code.casefold(): o.code for o in (*question.options, *question.on_screen, *question.doors)}
    if text.strip().casefold() in known:
        return (known[text.strip().casefold()],)
    if "?" in text or question.item == "neighbourhood":
        return ()
    beside = _beside(phrases)
    said = [w for w in words(text) if w not in ("en", "and", "&", "+")]
    named = [w for w in said if w in known or w not in beside] if len(said) > 1 else said
    for joined in ("_".join(named), "".join(named)):
        if joined in known:
            return (known[joined],)
    if 1 < len(named) <= question.several and all(w in known for w in named):
        return tuple(dict.fromkeys(known[w] for w in named))
    return ()


def place(text: str, question: Question, phrases: Phrases) -> tuple[str, ...]:
    """The choices that stand at the places typed; empty when it is no place, or one too many."""
    # These bear no numbers: "the second" is one, a bare figure may be anything.
    ranked = question.at in IN_ORDER and not text.strip().isdecimal()
    if not (question.numbered or ranked) or text.lstrip().startswith("-"):
        return ()
    named, shown = _numbers(phrases), [o.code for o in question.on_screen]
    said = [t.word for t in tokens(text) if not t.breaks]
    # "For me that is number one" is no place on the screen.
    if not said or len(said) > (2 if question.item == "importance" else 6):
        return ()
    counted: list[int] = []
    for word in said:
        figure = BEHIND.fullmatch(word)
        number = int(figure[1]) if figure else named.get(word)
        if number is not None and not (word in ("one", "een", "ein", "no") and len(said) > 1 and word != said[-1]):
            counted.append(number)
        elif word not in _beside(phrases) and word not in ("en", "and", "&", "+", "t", "d", *ALL):
            return ()
    if said[-1] in ("one", "ones") and len(counted) > 1:
        counted.pop()
    return _at(counted, said, shown, question, named)


def _at(
    counted: list[int], said: list[str], shown: list[str], question: Question, named: dict[str, int]
) -> tuple[str, ...]:
    if said[0] in ALL and counted == [len(shown)] and question.several >= len(shown):
        return tuple(shown)
    if not counted or any(n == 0 or n > len(shown) for n in counted) or any(w in ALL for w in said):
        return ()
    if question.several > 1 and len(counted) == 2 and len(said) < 5:
        rank, many = _first_or_last(said, named)
        if rank:
            return tuple(shown[:many]) if rank > 0 else tuple(shown[-many:])
    if len(counted) > question.several:
        return ()
    return tuple(dict.fromkeys(shown[n - 1 if n > 0 else n] for n in counted))


def _first_or_last(said: list[str], named: dict[str, int]) -> tuple[int, int]:
    """`eerste twee`, `de twie ierste`: 1 or -1, and how many."""
    ranks = [named[w] for w in said if w in named and w in _RANKS]
    many = [int(w) if w.isdecimal() else named[w] for w in said if w.isdecimal() or (w in named and w not in _RANKS)]
    return (ranks[0], many[0]) if len(ranks) == 1 and len(many) == 1 and many[0] > 1 else (0, 0)


_RANKS = frozenset(("eerste", "first", "ierste", "laatste", "last", "leste", "bovenste", "onderste"))
_by_phrases: dict[int, tuple[Phrases, frozenset[str], dict[str, int]]] = {}


def _tables(phrases: Phrases) -> tuple[Phrases, frozenset[str], dict[str, int]]:
    if id(phrases) not in _by_phrases:
        _by_phrases.clear()
        # Fillers that are codes or numbers too are looked up as those first.
        fillers = (p for p in phrases.words["filler"].all() if len(phrase_words(p)) == 1)
        beside = frozenset(w for phrase in (*phrases.counting.all(), *fillers) for w in phrase_words(phrase))
        numbers = {"".join(phrase_words(word)): n for word, n in phrases.numbers.items()}
        _by_phrases[id(phrases)] = (phrases, beside, numbers)
    return _by_phrases[id(phrases)]


def _beside(phrases: Phrases) -> frozenset[str]:
    return _tables(phrases)[1]


def _numbers(phrases: Phrases) -> dict[str, int]:
    return _tables(phrases)[2]
