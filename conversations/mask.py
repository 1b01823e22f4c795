"""Finds what points at a person in own words: numbers, addresses and accounts. Names are not found.

Each find is hidden behind its kind in square brackets (`[phone]`), which needs no translation. Hiding
too much is the lesser fault, except for figures that the dialogue is about (years, amounts).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from phonenumbers import Leniency, PhoneNumberMatcher, PhoneNumberType, number_type
from stdnum import iban
from stdnum.nl import bsn

# The city lies on the border; numbers of other countries are found by their country code.
REGIONS = ("NL", "BE")
NOBODYS = (
    *(PhoneNumberType.UAN, PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE),
    *(PhoneNumberType.SHARED_COST, PhoneNumberType.VOICEMAIL),
)
MOST_TRIES = 65_535
# Stands where something was found already: no letter, no digit, no space.
TAKEN = "\0"

_UNTIL = r"""[^\s<>"\0]*[^\s<>".,;:!?)\0]"""
_HOST = r"(?<![\w.-])(?:[a-z0-9-]+\.)+[a-z]{2,10}"
# A host alone is mostly an organisation's; what stands behind it, or in front of two names, mostly a person's.
_LINK = re.compile(
    rf"\bhttps?://[^\s/<>\"\0]+[/?#]{_UNTIL}|{_HOST}[/?]{_UNTIL}|(?<![\w.-])(?!www\.)[a-z0-9-]+\.[a-z0-9-]+\.(?:nl|be|com|org|net|eu)\b",
    re.IGNORECASE,
)
_AT = r"(?:\s?[(\[](?:at|@|a)[)\]]\s?|\s(?:at|apen?staart(?:je)?)\s|\s@\s)"
_DOT = r"(?:\s?[(\[](?:dot|punt|\.)[)\]]\s?|\s(?:dot|punt)\s|\.)"
_EMAIL = re.compile(
    rf"""(?<![\w.+%'-])[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+
    |(?<![\w.+-])[\w+-]+(?:{_DOT}[\w+-]+)*{_AT}[\w-]+(?:{_DOT}[\w-]+)*{_DOT}(?:nl|be|de|com|org|net|eu|io|uk)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@/])@\w[\w.]*\w")
_IBAN_START = re.compile(r"\b[A-Z]{2}\d{2}(?=[ .-]?[A-Z0-9])", re.IGNORECASE)
_IBAN_RUN = re.compile(r"[A-Z0-9]+(?:[ .-][A-Z0-9]+)*", re.IGNORECASE)
_NINE_DIGITS = re.compile(r"(?<![\w.,-])(?:\d{9}|\d{3}([ .-])\d{3}\1\d{3}|\d{4}([ .-])\d{2}\2\d{3})(?![\w-]|[.,]\d)")
_NAMED_BSN = re.compile(
    r"\b(?:bsn|burger\s?service\s?n[uó]mmer|sofi-?\s?n[uó]mmer|citizen (?:service )?number)\b\D{0,6}"
    r"(\d(?:[ .-]?\d){7,8})(?!\d)",
    re.IGNORECASE,
)
_TEN = r"(?:twin|der|veer?|vijf|zes|zeven|tach|negen|vief|zeve|nege|twen|thir|for|fif|six|seven|eigh|nine)t(?:ig|eg|y)"
_DIGIT = (
    r"(?:nul|noel|zero|een|één|ein|one|twee|twie|two|drie|dreij|three|vier|veer|four|vijf|vief|five|zes|six"
    r"|zeven|zeve|seven|acht|ach|eight|negen|nege|nine|tien|tieen|ten|elf|eleven|twaalf|twelf|twelve"
    r"|\w{3,6}(?:tien|tieen|teen))"
)
_SPOKEN = re.compile(
    rf"\b(?:nul|noel|zero)(?:[ ,-]+(?:{_DIGIT}|(?:\w{{2,6}}(?:en|ën|e)?-?)?{_TEN})\b){{5,}}", re.IGNORECASE
)
_SUFFIX = r"(?:-?[A-Za-z]{1,2}|\s?-\s?[A-Za-z0-9]{1,4}|\s[A-Z])?\b"
_HOUSE = rf"(?:,?\s{{1,2}}\d{{1,5}}{_SUFFIX})"
_LETTERS = r"(?!SA|SD|SS)[A-Z]{2}"
_POSTCODE = re.compile(
    rf"""(?:\b\d{{1,5}}\s?[A-Za-z]?,?\s+)?(?:
     \b[1-9]\d{{3}}{_LETTERS}\b{_HOUSE}?                        # 6211AB, 6211AB 12
    |\b[1-9]\d{{3}}\s{_LETTERS}\b{_HOUSE}                       # 6211 AB 12
    |\b62\d\d\s{_LETTERS}\b                                     # 6211 AB, in this city; 1000 JA is no postcode
    |(?<=[Pp]ostcode\s)[1-9]\d{{3}}\s?[A-Za-z]{{2}}\b
    |\b(?!19|20|21)[1-9]\d{{3}}\s{_LETTERS}(?=,?\s[A-Z][a-z]{{3}})   # 1012 AB Amsterdam
    |\b[1-9]\d{{3}}[a-z]{{2}}\b{_HOUSE}                         # 6211ab 12
    )""",
    re.VERBOSE,
)

Span = tuple[int, int]


@dataclass(frozen=True)
class Find:
    """What points at a person: its kind, and where it stands in the text."""

    kind: str
    start: int
    end: int


def finds(text: str) -> list[Find]:
    """Everything that points at a person, in the order of the text; no two overlap."""
    found: list[Find] = []
    left = text.replace(TAKEN, " ")
    for kind, look in _STEPS:
        for start, end in look(left):
            found.append(Find(kind, start, end))
            left = f"{left[:start]}{TAKEN * (end - start)}{left[end:]}"
    return sorted(found, key=lambda one: one.start)


def mask(text: str) -> str:
    """`text` with what points at a person hidden. The same text when nothing was found."""
    for one in reversed(finds(text)):
        text = f"{text[: one.start]}[{one.kind}]{text[one.end :]}"
    return text


# ---------------------------------------------------------------- one function a kind


def _every(pattern: re.Pattern[str]) -> Callable[[str], list[Span]]:
    return lambda text: [match.span() for match in pattern.finditer(text)]


def _ibans(text: str) -> Iterator[Span]:
    at = 0
    while start := _IBAN_START.search(text, at):
        at = start.end()
        run = _IBAN_RUN.match(text, start.start())
        end = next((e for e in _ends(run) if _is_iban(text[start.start() : e])), None) if run else None
        if end is not None:
            yield start.start(), end
            at = end


def _ends(run: re.Match[str]) -> Iterator[int]:
    """Where an account number that starts here may end, the longest first: words may follow it."""
    stop = min(run.end(), run.start() + 50)
    for end in range(stop, run.start() + 14, -1):
        if end == run.end() or not run.string[end].isalnum():
            yield end


def _is_iban(text: str) -> bool:
    # A Dutch one with a slip in it is still somebody's account.
    bare = re.sub(r"[ .-]", "", text).upper()
    return bool(iban.is_valid(bare)) or bool(re.fullmatch(r"NL\d{2}[A-Z]{4}\d{10}", bare))


def _phones(text: str) -> list[Span]:
    spoken = [match.span() for match in _SPOKEN.finditer(text)]
    if sum(c.isdigit() for c in text) < 8:
        return spoken
    found: list[Span] = []
    for region in REGIONS:
        for match in PhoneNumberMatcher(text, region, Leniency.VALID, MOST_TRIES):
            if number_type(match.number) not in NOBODYS and not any(
                s < match.end and match.start < e for s, e in found
            ):
                found.append((match.start, match.end))
    return spoken + found


def _bsns(text: str) -> list[Span]:
    named = [match.span(1) for match in _NAMED_BSN.finditer(text)]
    alone = [match.span() for match in _NINE_DIGITS.finditer(text) if bsn.is_valid(re.sub(r"\D", "", match[0]))]
    return named + [span for span in alone if not any(s <= span[0] < e for s, e in named)]


# In this order: an e-mail address holds a domain, an IBAN holds digits that pass for a phone number,
# and a phone number without its first digits passes for a BSN.
_STEPS: tuple[tuple[str, Callable[[str], Iterator[Span] | list[Span]]], ...] = (
    ("email", _every(_EMAIL)),
    ("link", _every(_LINK)),
    ("iban", _ibans),
    ("phone", _phones),
    ("bsn", _bsns),
    ("address", _every(_POSTCODE)),
    ("handle", _every(_HANDLE)),
)
