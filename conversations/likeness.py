"""How like a reason a text is: the words that matter, in their order, whatever form they have.

Only what is close to one reason and to no other is that reason; anything else is kept as own words.
"""

from __future__ import annotations

from rapidfuzz.distance import OSA, LCSseq

from conversations.clauses import Parsed
from conversations.lexicon import Lexicon
from conversations.question import Question
from conversations.spelling import fold, phrase_fold, phrase_words, slips

CLOSE, MARGIN = 0.74, 0.2
# Words a reason can do without.
MUTE = ("filler", "aside", "and", "because", "hedge", "strong", "rather", "compares", "yes", "place", "speaking")


def likely(parsed: Parsed, question: Question, lexicon: Lexicon) -> tuple[str, float] | None:
    """The one choice this text is close to, and how close from 0 to 1; None when it is close to none or two."""
    said = tuple(
        lexicon.corrected(word) or word
        for clause in parsed.clauses
        for item in clause.items
        for word in item.words
        if not _mute(word, lexicon)
    )
    if not 2 <= len(said) <= 12 or any(_turns(word, lexicon) for word in said):
        return None
    folded = tuple((word, fold(word)) for word in said)
    best = sorted(((_best(folded, (o.label, *o.heard), lexicon), o.code) for o in question.options), reverse=True)
    close = best and best[0][0] >= CLOSE and (len(best) < 2 or best[0][0] - best[1][0] >= MARGIN)
    return (best[0][1], best[0][0]) if close else None


def _mute(word: str, lexicon: Lexicon) -> bool:
    senses = lexicon.exact.get(word, ())
    return bool(senses) and senses[0].kind in MUTE


def _turns(word: str, lexicon: Lexicon) -> bool:
    return any(s.kind in ("negation", "no", "against", "others", "or") for s in lexicon.exact.get(word, ()))


Folded = tuple[tuple[str, str], ...]  # words, each with its fold


def _best(said: Folded, phrases: tuple[str, ...], lexicon: Lexicon) -> float:
    return max((_like(said, told) for told in _told(phrases, lexicon)), default=0.0)


def _told(phrases: tuple[str, ...], lexicon: Lexicon) -> tuple[Folded, ...]:
    """Our own phrases, without mute words: of two words and more, and without a "not". Remembered by their lexicon."""
    if phrases not in lexicon.compared:
        lexicon.compared[phrases] = _prepared(phrases, lexicon)
    return lexicon.compared[phrases]


def _prepared(phrases: tuple[str, ...], lexicon: Lexicon) -> tuple[Folded, ...]:
    told = (tuple(w for w in phrase_words(phrase) if not _mute(w, lexicon)) for phrase in phrases)
    kept = (one for one in told if len(one) > 1 and not any(_turns(w, lexicon) for w in one))
    return tuple(tuple((word, phrase_fold(word)) for word in one) for one in kept)


def _like(said: Folded, told: Folded) -> float:
    """Shared words in the same order, against all words of both."""
    if 4 * min(len(said), len(told)) < 2 * CLOSE * (len(said) + len(told)):
        return 0.0  # one has too few words, whatever they are
    same = [next((t[0] for t in told if _same(w, t)), w[0]) for w in said]
    shared = int(LCSseq.similarity(same, [word for word, _ in told]))
    return 2 * shared / (len(said) + len(told)) if shared > 1 else 0.0


def _same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """The same word, another form of it, or a slip; all of which begin or end alike."""
    if one[0][0] != other[0][0] and one[0][-1] != other[0][-1]:
        return False
    if one[0] == other[0] or one[1] == other[1]:
        return True
    shorter, longer = sorted((one[1], other[1]), key=len)
    if len(shorter) > 3 and longer.startswith(shorter[: max(4, len(shorter) - 1)]) and len(longer) - len(shorter) < 4:
        return True
    allowed = slips(min(len(one[0]), len(other[0])))
    return allowed > 0 and OSA.distance(one[0], other[0], score_cutoff=allowed) <= allowed
