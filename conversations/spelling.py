"""How typed words are compared: in tokens, without case, accents and apostrophes, and folded over dialects.

A token keeps where it stood, so that what a person gave as a reason can be kept in their own spelling.
Only our own phrases are remembered between two calls, never what a resident typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

APOSTROPHES = "'’‘`´ʼ′"
FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
TOKEN = re.compile(
    rf"(?P<word>{FLAG}|\w+(?:[{APOSTROPHES}]\w+)*\+?)|(?P<mark>[,;:!?()…—–|\n]|\.(?!\w)|(?<=\s)-(?=\s))|(?P<sign>[^\w\s])"
)
MARKS = frozenset(",;:!?()…—–|\n.-")
KEPT_SIGNS = frozenset("&+>")  # besides emoji, which are signs of their own
RUN = re.compile(r"(.)\1{2,}")
# Said alike, spelt otherwise: in Dutch, in the villages around, on a phone. Order matters.
FOLDS = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"sj(?=[tplnwm])", "s"),
        (r"tsch|tsj", "ts"),
        (r"sch|sj", "s"),
        (r"oa", "ao"),
        (r"ieje|iee", "ie"),
        (r"lij[kc]|lyk|lik|lek", "lk"),
        (r"ij|y|ie|ii", "i"),
        (r"au", "ou"),
        (r"gk|ck|kk|qu|c(?![hei])", "k"),
        (r"cht\b", "ch"),
        (r"ch|gg", "g"),
        (r"(?:eg|ig)(?=$|e)", "ig"),
        (r"th|dt", "t"),
        (r"d\b", "t"),
        (r"ph|v", "f"),
        (r"z", "s"),
        (r"(.)\1", r"\1"),
        (r"(?<=e)n\b", ""),
    )
)


@dataclass(frozen=True)
class Token:
    """One word, emoji or mark: as compared, and where it stood in the text."""

    word: str
    start: int
    end: int

    @property
    def breaks(self) -> bool:
        """Whether it ends a clause."""
        return self.word in MARKS


def bare(word: str) -> str:
    """A word as it is compared: lower case, no accents, no apostrophes, nothing three times in a row."""
    decomposed = unicodedata.normalize("NFKD", word.casefold().translate(_NO_APOSTROPHES))
    return RUN.sub(r"\1\1", "".join(c for c in decomposed if not unicodedata.combining(c)))


_NO_APOSTROPHES = {ord(c): None for c in APOSTROPHES}


def tokens(text: str) -> tuple[Token, ...]:
    """The words, emoji and clause marks of a text, in order."""
    found = []
    for match in TOKEN.finditer(text):
        word = bare(match[0]) if match["word"] else match[0]
        if match["sign"] and word not in KEPT_SIGNS and unicodedata.category(word) != "So":
            continue
        if word == ">" and len(text) > 1 and not _between_words(text, match):
            continue
        if word and word not in "♀♂":
            found.append(Token(word, match.start(), match.end()))
    return tuple(found)


def _between_words(text: str, match: re.Match[str]) -> bool:
    """`app > desk` sets one before the other; an arrow does not."""
    return text[: match.start()].rstrip()[-1:].isalnum() and text[match.end() :].lstrip()[:1].isalnum()


def words(text: str) -> tuple[str, ...]:
    """The words of a phrase, without its clause marks; a phrase of one mark alone is that mark."""
    found = tokens(text)
    return tuple(t.word for t in found if not t.breaks) or tuple(t.word for t in found)


@lru_cache(maxsize=50_000)
def phrase_words(phrase: str) -> tuple[str, ...]:
    """`words` of a phrase of our own, remembered."""
    return words(phrase)


def fold(word: str) -> str:
    """What a word has in common with its spellings elsewhere. Only for words of four letters and more."""
    for pattern, to in FOLDS:
        word = pattern.sub(to, word)
    return word


@lru_cache(maxsize=100_000)
def phrase_fold(word: str) -> str:
    """`fold` of a word of our own, remembered."""
    return fold(word)


def slips(length: int) -> int:
    """How many letters may be wrong in one word of this length before it is another one."""
    return 0 if length < 4 else 1 if length < 10 else 2


def slips_in_phrase(length: int) -> int:
    """How many may be wrong in a whole phrase, counted without spaces."""
    return 0 if length < 6 else 1 if length < 9 else 2 if length < 14 else 3


Groups = dict[tuple[int, str, str], list[str]]


def near_to(word: str, groups: Groups, allowed: int) -> list[tuple[str, int]]:
    """The known words at most `allowed` letters away that begin or end alike, nearest first."""
    found: dict[str, int] = {}
    for length in range(len(word) - allowed, len(word) + allowed + 1):
        for end, letter in (("first", word[0]), ("last", word[-1])):
            if group := groups.get((length, end, letter)):
                near = process.extract(word, group, scorer=OSA.distance, score_cutoff=allowed, limit=4)
                found |= {known: int(far) for known, far, _ in near}
    return sorted(found.items(), key=lambda one: (one[1], one[0]))


def grouped(found: Iterable[str]) -> Groups:
    """Words in order, by their number of letters and their first and last letter."""
    groups: Groups = {}
    for word in sorted(found):
        groups.setdefault((len(word), "first", word[0]), []).append(word)
        groups.setdefault((len(word), "last", word[-1]), []).append(word)
    return groups


def swapped_or_missed(word: str, known: str) -> bool:
    """Whether only the order of letters differs, or their number."""
    return len(known) != len(word) or sorted(known) == sorted(word)


def figures_of(squash: str) -> str:
    """The figures in a phrase."""
    return "".join(c for c in squash if c.isdigit())
