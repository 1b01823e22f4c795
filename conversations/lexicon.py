"""Everything that means something at one question: its choices' phrases and the classes of words around them.

Built once for a question and content, then only looked up: a phrase by its letters without spaces, as
written or folded, so that `evengroot blijven` and `even groot blijve` are found where they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from content import Content
from content.model import Phrases
from conversations.particles import NOTS
from conversations.question import Option, Question
from conversations.spelling import (
    RUN,
    Groups,
    figures_of,
    fold,
    grouped,
    near_to,
    phrase_fold,
    phrase_words,
    slips,
    slips_in_phrase,
    swapped_or_missed,
)

# What one span can be, the first that fits counting most. Light ones never change a choice by themselves.
KINDS = (
    *("crisis", "distress", "unclear", "option", "not", "wish", "language", "indifferent", "nonresponse", "abuse"),
    *("irony", "others", "both", "depends", "instead", "because", "condition", "negation", "no", "yes", "against"),
    *("rather", "hedge", "strong", "asks", "but", "or", "and", "than", "compares", "partial", "too", "place"),
    *("speaking", "hence", "filler", "aside", "sincere", "then", "pointing"),
)
LIGHT = frozenset(
    (
        *("pointing", "filler", "aside", "and", "than", "compares", "partial", "too"),
        *("yes", "place", "speaking", "then", "hence"),
    )
)
LONGEST_SPAN = 9
ALIKE, MOST_RESEMBLING = 72, 2  # per cent; words of a phrase that is asked back for a likeness
MOST_KEPT = 64


@dataclass(frozen=True, order=True)
class Sense:
    """What a phrase means: a kind, and which choice, wish or nonresponse it is."""

    rank: int
    kind: str
    value: str = ""


@cache
def sense(kind: str, value: str = "") -> Sense:
    return Sense(KINDS.index(kind), kind, value)


class Lexicon:
    """The phrases of one question."""

    def __init__(
        self,
        phrases: Iterable[tuple[str, Sense]],
        labels: Iterable[str],
        ordinary: Iterable[str],
        everyday: Iterable[str],
    ) -> None:
        found: dict[str, set[Sense]] = {}
        stripped: dict[str, set[Sense]] = {}
        told = [(phrase_words(phrase), means) for phrase, means in phrases]
        # These are no words among others: they count only where they are all of a clause.
        self._alone = frozenset(phrase_fold("".join(said)) for said, means in told if means.kind == "distress")
        told = [(said, means) for said, means in told if means.kind != "distress"]
        self.fillers = frozenset(said[0] for said, means in told if means.kind == "filler" and len(said) == 1)
        self.ordinary = frozenset(word for phrase in ordinary for word in phrase_words(phrase))
        self._everyday = frozenset(everyday)
        # What `likeness` made of the choices' phrases: words with their folds.
        self.compared: dict[tuple[str, ...], tuple[tuple[tuple[str, str], ...], ...]] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        self._vocabulary: set[str] = set()
        self._telling: set[str] = set()
        for said, means in told:
            found.setdefault("".join(said), set()).add(means)
            self._words["".join(said)] = said
            self._vocabulary.update(said)
            if means.kind in ("option", "not"):
                self._telling.update(said)
            bare = tuple(word for word in said if word not in self.fillers)
            rather = means.kind == "option" and means.value.startswith("rather_")
            if 2 <= len(bare) < len(said) and means.kind not in ("filler", "aside") and not rather:
                stripped.setdefault("".join(bare), set()).add(means)
        self.exact = {squash: _settled(senses) for squash, senses in found.items()}
        self.stripped = {squash: _settled(senses) for squash, senses in stripped.items() if squash not in found}
        labelled = [phrase_words(label) for label in labels]
        self._labels = frozenset(labelled)
        self._bags = frozenset(tuple(sorted(said)) for said in labelled if len(said) > 1)
        folded: dict[str, set[Sense]] = {}
        for squash, senses in self.exact.items():
            if len(squash) > 3:
                folded.setdefault(phrase_fold(squash), set()).update(senses)
        self.folded = {squash: _settled(senses) for squash, senses in folded.items()}

    @cached_property
    def _by_fold(self) -> dict[str, str]:
        return {phrase_fold(word): word for word in sorted(self._vocabulary, reverse=True) if len(word) > 3}

    @cached_property
    def _grouped(self) -> Groups:
        return grouped(word for word in self._vocabulary if len(word) > 3 and not word.isdigit())

    @cached_property
    def _grouped_folds(self) -> Groups:
        return grouped(self._by_fold)

    @cached_property
    def _long(self) -> Groups:
        """What whole clauses are compared with: the phrases of choices and of nonresponse."""
        telling = ("option", "not", "unclear", "wish", "nonresponse", "indifferent", "both", "depends")
        return grouped(s for s, senses in self.exact.items() if len(s) > 5 and senses[0].kind in telling)

    def knows(self, word: str) -> bool:
        return word in self._vocabulary or word in self.ordinary or word in self._everyday

    def is_distress(self, said: Sequence[str]) -> bool:
        """Whether this is a cry for help and nothing else: `i cant go on`, and not `i cant go on parking here`."""
        kept = [word for word in said if word.isalnum()]
        ahead = next((n for n, word in enumerate(kept) if word not in self.fillers), 0)
        return any(fold("".join(kept[n:])) in self._alone for n in range(ahead + 1))

    def shuffles(self, said: tuple[str, ...]) -> bool:
        """Whether these are the words of a label in another order: perhaps not what it says."""
        return said not in self._labels and tuple(sorted(said)) in self._bags

    def corrected(self, word: str) -> str | None:
        """The known word this is a slip of; None when it is known, too short, or too far from all."""
        return None if self.knows(word) else self._nearest(word)

    def _nearest(self, word: str) -> str | None:
        if len(word) < 4 or not word.isalpha():
            return None
        for shorter in (RUN.sub(r"\1", word), *(word.rstrip(word[-1]) + word[-1] * n for n in (1, 2))):
            if shorter != word and shorter in self._vocabulary:
                return shorter
        folded = fold(word)
        alike = self._by_fold.get(folded)
        if alike and (self._weight(alike) < 2 or self.turns(alike)):
            return alike
        near = near_to(word, self._grouped, slips(len(word))) or [
            (self._by_fold[known], far) for known, far in near_to(folded, self._grouped_folds, slips(len(folded)))
        ]
        # Four letters with another one in place of one are another word: wait, want.
        near = [(known, far) for known, far in near if len(word) > 4 or swapped_or_missed(word, known)]
        # `onrechtvaardig` is no slip of `rechtvaardig`.
        near = [(known, far) for known, far in near if not word.endswith(known)]
        best = [known for known, far in near if far == near[0][1]]
        if alike and not any(self._weight(known) < 2 for known in best):
            return alike
        if not best:
            return None
        # What may be a "not" or something else, or one choice or another, is nothing sure.
        if len({self.turns(known) for known in best}) > 1 or len(self._meant(best)) > 1:
            return None
        return min(best, key=lambda known: (self._weight(known), known[0] != word[0], known))

    def _meant(self, known: list[str]) -> set[str]:
        """The choices these words are by themselves."""
        return {s.value for word in known for s in self.exact.get(word, ()) if s.kind in ("option", "not")}

    def _weight(self, word: str) -> int:
        """1 for a word that is a choice by itself, 2 for one of a choice's phrases, 3 for any other."""
        if any(s.kind in ("option", "not") for s in self.exact.get(word, ())):
            return 1
        return 2 if word in self._telling else 3

    def turns(self, word: str) -> bool:
        """Whether this word by itself is a \"not\"."""
        return any(s.kind == "negation" for s in self.exact.get(word, ()))

    def closest(self, said: tuple[str, ...]) -> tuple[tuple[Sense, ...], int] | None:
        """The one phrase a whole clause is a slip of, and how many letters differ; None when none or two are.

        Word for word no more than a slip: another word in place of one is another phrase.
        """
        squash = "".join(said)
        near = near_to(squash, self._long, slips_in_phrase(len(squash)))
        near = [(known, far) for known, far in near if _word_for_word(said, self._words[known], far)]
        # A figure is no slip of another one.
        figures = figures_of(squash)
        near = [(known, far) for known, far in near if figures_of(known) == figures]
        if not near:
            return None
        best = {self.exact[known] for known, far in near if far == near[0][1]}
        return (next(iter(best)), near[0][1]) if len({senses[0] for senses in best}) == 1 else None

    def but_for_a_slip(self, said: tuple[str, ...]) -> list[tuple[Sense, bool]]:
        """The choices' phrases that a text is but for a slip in one word, and whether that word is or was a "not"."""
        squash = "".join(said)
        found = []
        for near, _ in near_to(squash, self._long, min(2, slips_in_phrase(len(squash)))):
            sense, known = self.exact[near][0], self._words[near]
            other = [(a, b) for a, b in zip(said, known, strict=False) if a != b]
            if sense.kind not in ("option", "not") or len(known) != len(said) or len(other) != 1:
                continue
            word, meant = other[0]
            if len(meant) > 3 and OSA.distance(word, meant) <= max(1, slips(len(meant))):
                found.append((sense, self.turns(word) or self.turns(meant)))
        return found

    @cached_property
    def _choices(self) -> dict[str, str]:
        short = (s for s in self.exact if len(s) > 3 and len(self._words[s]) <= MOST_RESEMBLING)
        return {s: self.exact[s][0].value for s in short if self.exact[s][0].kind == "option"}

    def resembles(self, said: tuple[str, ...]) -> tuple[str, ...]:
        """The choices a text looks a little like, best first: enough to ask back, not to record."""
        near = process.extract("".join(said), list(self._choices), scorer=fuzz.ratio, score_cutoff=ALIKE, limit=12)
        return tuple(dict.fromkeys(self._choices[known] for known, _, _ in near))


def _word_for_word(said: tuple[str, ...], known: tuple[str, ...], far: int) -> bool:
    if NOTS.intersection(said) != NOTS.intersection(known):
        return False
    if len(said) != len(known):
        return far < (2 if len("".join(known)) < 14 else 3)
    return all(OSA.distance(a, b) <= max(1, slips(len(b))) for a, b in zip(said, known, strict=True))


def _settled(senses: set[Sense]) -> tuple[Sense, ...]:
    """The senses of one phrase in order; what means two choices, or refuses both sides, is unclear."""
    if len(senses) == 1:
        return tuple(senses)
    for kind in ("option", "not"):
        if len({s.value.removeprefix("rather_") for s in senses if s.kind == kind}) > 1:
            senses = {s for s in senses if s.kind not in ("option", "not")} | {sense("unclear")}
    return tuple(sorted(senses))


# ---------------------------------------------------------------- what a question's lexicon holds

_kept: dict[tuple[object, ...], tuple[Content, Lexicon]] = {}


def lexicon(question: Question, content: Content) -> Lexicon:
    """The lexicon of this question, made once."""
    # Labels are heard in every language and every order, and a release of new content changes few questions: one
    # lexicon serves all who are asked the same. What is named by its id lives as long as the lexicon.
    options = (*question.options, *question.on_screen, *question.doors)
    dilemmas = {question.dilemma, *(o.code for o in options if question.at == "weighs_most")} & content.dilemmas.keys()
    of = (content.phrases, content.catalogues, *(kind.get(question.item) for kind in (content.items, content.consents)))
    key = (
        *(question.at, question.kind, *map(id, of)),
        frozenset((o.code, len(o.heard), len(o.refuse)) for o in options),
        frozenset(id(content.dilemmas[code]) for code in dilemmas),
    )
    if key not in _kept:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = (content, Lexicon(*_of(question, content)))
    return _kept[key][1]


def _of(
    question: Question, content: Content
) -> tuple[Iterable[tuple[str, Sense]], Iterable[str], Iterable[str], Iterable[str]]:
    labels = _labels(question, content)
    return _phrases(question, content), labels, content.phrases.ordinary, content.phrases.everyday


def _labels(question: Question, content: Content) -> Iterator[str]:
    """Every label of the question's choices, in every language."""
    for option in (*question.options, *question.doors, *question.on_screen):
        yield from (option.label, *option.heard[: len(content.languages)])
    if question.item == "position":
        for words in (content.words(language) for language in content.languages):
            for side in content.dilemmas[question.dilemma].sides.values():
                yield from (words("position.rather", label=label) for label in side.label.by.values())


def _phrases(question: Question, content: Content) -> Iterator[tuple[str, Sense]]:
    for option in {o.code: o for o in (*question.on_screen, *question.options, *question.doors)}.values():
        yield from _option(option)
    for option in question.on_screen:
        yield option.label, sense("option", option.code)
    if question.item == "position":
        for side, pole in content.dilemmas[question.dilemma].sides.items():
            yield from ((text, sense("option", side)) for text in pole.statement.by.values())
    if question.at == "weighs_most":
        yield from _topics(question, content)
    yield from _everywhere(question, content.phrases)


def _option(option: Option) -> Iterator[tuple[str, Sense]]:
    for phrase in (option.label, *option.heard):
        yield phrase, sense("option", option.code)
    if not option.code.startswith("rather_"):
        yield from ((phrase, sense("not", option.code)) for phrase in option.refuse)


def _topics(question: Question, content: Content) -> Iterator[tuple[str, Sense]]:
    """A dilemma is also named by its sides, where that is no other one's name."""
    names = {o.code: {o.label, *o.heard, *content.dilemmas[o.code].heard.all()} for o in question.options}
    taken = {phrase_words(name) for heard in names.values() for name in heard}
    for code, heard in names.items():
        yield from ((phrase, sense("option", code)) for phrase in heard)
        for pole in content.dilemmas[code].sides.values():
            # By its side's own name; other words for a side say more than which question is meant.
            for phrase in pole.label.by.values():
                if phrase_words(phrase) not in taken:
                    yield phrase, sense("option", code)


def _everywhere(question: Question, phrases: Phrases) -> Iterator[tuple[str, Sense]]:
    for wish, heard in phrases.wishes.items():
        kind = wish if wish in ("crisis", "distress", "abuse") else "wish"
        yield from ((phrase, sense(kind, wish)) for phrase in heard.all())
    for code, heard in phrases.nonresponse.items():
        yield from ((phrase, sense("nonresponse", code)) for phrase in heard.all())
    for code, heard in phrases.languages.items():
        spoken = question.at == "language" and code != "other"
        yield from ((phrase, sense("option" if spoken else "language", code)) for phrase in heard.all())
    yield from ((phrase, sense("indifferent")) for phrase in phrases.indifferent.all())
    consent = question.kind == "consent" or question.at == "forget"
    for code, heard in (("yes", phrases.yes), ("no", phrases.no)):
        if consent:
            yield from ((phrase, sense("option", code)) for phrase in heard.all())
        yield from ((phrase, sense(code)) for phrase in heard.all())
    for kind, heard in phrases.words.items():
        if kind != "place" or question.item == "neighbourhood":
            yield from ((phrase, sense(kind)) for phrase in heard.all())
