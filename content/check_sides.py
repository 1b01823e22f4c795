"""Both sides of a dilemma get the same room, and nothing that is typed can mean two things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from rapidfuzz import fuzz

from content.loader import Content
from content.model import Consent, Dilemma, Heard, Item, Phrases, Text
from content.places import Fault
from content.spelling import plain

MOST_MORE = 0.35
ALIKE = 85

# What means one choice: the choice's code, the key and language where it is written, and the phrase.
Phrase = tuple[str, str, str, str]


def faults(content: Content) -> Iterator[Fault]:
    """Sides out of balance, reasons too alike, and phrases heard as two choices of one question."""
    for code, dilemma in content.dilemmas.items():
        file = f"content/dilemmas/{code}.yaml"
        if set(dilemma.sides) != {"a", "b"}:
            continue
        yield from _balance(file, dilemma, content.languages)
        yield from _alike(file, dilemma, content.languages)
        heard = f"content/heard/{code}.yaml"
        yield from _two_meanings(heard, _positions(dilemma, content))
        yield from _two_meanings(heard, _reasons(dilemma))
        yield from _refused(heard, dilemma)
    for code, item in content.items.items():
        yield from _two_meanings(f"content/items/{code}.yaml", _options(item))
    for code, consent in content.consents.items():
        yield from _two_meanings(f"content/consents/{code}.yaml", _yes_no(consent, content.phrases))
    phrases = content.phrases
    kinds = {f"nonresponse.{code}": heard for code, heard in phrases.nonresponse.items()}
    yield from _two_meanings("content/phrases.yaml", _heard_by(kinds))
    yield from _two_meanings("content/phrases.yaml", _heard_by({"yes": phrases.yes, "no": phrases.no}))
    yield from _two_meanings("content/phrases.yaml", _heard_by({f"wishes.{w}": h for w, h in phrases.wishes.items()}))


def _balance(file: str, dilemma: Dilemma, languages: Iterable[str]) -> Iterator[Fault]:
    """The longer side has at most 35 % more words than the shorter: label, statement and cost taken
    together, and the background on its own; in each language apart, words as split at white space."""
    poles = (dilemma.sides["a"], dilemma.sides["b"])
    for language in languages:
        told: dict[str, tuple[int, ...]] = {
            "label, statement and cost": tuple(_words(language, p.label, p.statement, p.cost.text) for p in poles),
            "background": tuple(_words(language, p.background) for p in poles),
        }
        for what, counts in told.items():
            a, b = counts
            if max(a, b) > min(a, b) * (1 + MOST_MORE):
                longer = max(a, b) / max(1, min(a, b)) - 1
                text = f"{what} of side a has {a} words and of side b {b}: {longer:.0%} more, at most {MOST_MORE:.0%}"
                yield Fault(file, "sides", language, text)


def _words(language: str, *texts: Text) -> int:
    return sum(len(text.by.get(language, "").split()) for text in texts)


def _alike(file: str, dilemma: Dilemma, languages: Iterable[str]) -> Iterator[Fault]:
    for language in languages:
        for one, other in combinations(dilemma.reasons(), 2):
            said = (one.text.by.get(language, ""), other.text.by.get(language, ""))
            if all(said) and (ratio := fuzz.ratio(*map(plain, said))) >= ALIKE:
                text = f"reasons {one.code} and {other.code} are too alike ({ratio:.0f} of 100): {' / '.join(said)}"
                yield Fault(file, "sides", language, text)


# ---------------------------------------------------------------- what is heard


def _two_meanings(file: str, phrases: Iterable[Phrase]) -> Iterator[Fault]:
    owners: dict[str, tuple[str, str]] = {}
    for choice, key, language, phrase in phrases:
        owner, where = owners.setdefault(plain(phrase), (choice, key))
        if owner != choice:
            yield Fault(file, key, language, f"“{phrase}” is heard at {where} already")


def _of(choice: str, key: str, text: Text | None, heard: Heard | None) -> Iterator[Phrase]:
    if text is not None:
        yield from ((choice, key, language, said) for language, said in text.by.items() if said.strip())
    if heard is not None:
        where = key.rpartition(".")[0] + ".heard" if text is not None else key
        yield from ((choice, where.lstrip("."), language, p) for language, said in heard.by.items() for p in said)


def _heard_by(choices: Mapping[str, Heard]) -> Iterator[Phrase]:
    for code, heard in choices.items():
        yield from _of(code, code, None, heard)


def _positions(dilemma: Dilemma, content: Content) -> Iterator[Phrase]:
    """Both sides, and "rather" either: made of every phrase of a side by the catalogue's own words."""
    for language, catalogue in content.catalogues.items():
        yield "between", "position.between", language, catalogue.messages.get("position.between", "")
    for side, pole in dilemma.sides.items():
        said = list(_of(side, f"sides.{side}.label", pole.label, pole.heard))
        yield from said
        for _, key, language, phrase in said:
            if language in content.catalogues and (
                rather := content.catalogues[language].messages.get("position.rather")
            ):
                yield f"rather_{side}", key, language, rather.replace("{label}", phrase)


def _reasons(dilemma: Dilemma) -> Iterator[Phrase]:
    for reason in dilemma.reasons():
        yield from _of(reason.code, f"sides.{reason.code[0]}.reasons.{reason.code}.text", reason.text, reason.heard)


def _options(item: Item) -> Iterator[Phrase]:
    for option in item.options:
        yield from _of(option.code, f"options.{option.code}.label", option.label, option.heard)


def _yes_no(consent: Consent, phrases: Phrases) -> Iterator[Phrase]:
    """The consent's own words, after the plain yes and no that are heard everywhere."""
    yield from _of("yes", "yes in content/phrases.yaml", None, phrases.yes)
    yield from _of("no", "no in content/phrases.yaml", None, phrases.no)
    for choice, label in (("yes", consent.yes), ("no", consent.no)):
        yield from _of(choice, choice, label, None)
        yield from _of(choice, f"heard.{choice}", None, consent.heard.get(choice))  # type: ignore[call-overload]


def _refused(file: str, dilemma: Dilemma) -> Iterator[Fault]:
    """A phrase that refuses a side must not choose one: what is heard comes first."""
    heard = {
        plain(phrase): key
        for side, pole in dilemma.sides.items()
        for _, key, _, phrase in _of(side, f"sides.{side}.label", pole.label, pole.heard)
    }
    for side, pole in dilemma.sides.items():
        for language, phrases in pole.refuse.by.items():
            for phrase in phrases:
                if where := heard.get(plain(phrase)):
                    yield Fault(file, f"sides.{side}.refuse", language, f"“{phrase}” is heard at {where} too")
