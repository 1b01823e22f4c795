"""Hides what points at a person in own words: numbers, addresses and accounts. Names are not found.

Each find is replaced by its kind in square brackets (`[phone]`), which needs no translation. Hiding
too much is the lesser fault, except for figures that the dialogue is about (years, amounts).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from phonenumbers import Leniency, PhoneNumberMatcher
from stdnum import iban
from stdnum.nl import bsn

REGION = "NL"
MOST_TRIES = 65_535

_DOMAIN = r"(?<![\w.-])[a-z0-9-]+(?:\.[a-z0-9-]+)*"
_UNTIL = r"""[^\s<>"]*[^\s<>".,;:!?)]"""
_LINK = re.compile(
    rf"\b(?:https?://|www\.){_UNTIL}|{_DOMAIN}\.[a-z]{{2,10}}/(?:{_UNTIL})?|{_DOMAIN}\.(?:nl|com|org|net|eu|info)\b",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"(?<![\w.+%'-])[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_HANDLE = re.compile(r"(?<![\w@/])@\w[\w.]*\w")
_IBAN_START = re.compile(r"\b[A-Z]{2}\d{2}(?=[ .-]?[A-Z0-9])", re.IGNORECASE)
_IBAN_RUN = re.compile(r"[A-Z0-9]+(?:[ .-][A-Z0-9]+)*", re.IGNORECASE)
_NINE_DIGITS = re.compile(r"(?<![\w.,-])(?:\d{9}|\d{3}([ .-])\d{3}\1\d{3}|\d{4}([ .-])\d{2}\2\d{3})(?![\w-]|[.,]\d)")
_HOUSE = r"(?:,?\s{1,2}\d{1,5}(?:\s?-?\s?[A-Za-z0-9]{1,4}\b)?)"
_LETTERS = r"(?!SA|SD|SS)[A-Z]{2}"
_POSTCODE = re.compile(
    rf"""\b[1-9]\d{{3}}{_LETTERS}\b{_HOUSE}?            # 6211AB, 6211AB 12
    |\b[1-9]\d{{3}}\s{_LETTERS}\b{_HOUSE}               # 6211 AB 12
    |\b(?!19|20|21)[1-9]\d{{3}}\s{_LETTERS}\b           # 6211 AB, but not a year and a shouted word
    |\b[1-9]\d{{3}}[a-z]{{2}}\b{_HOUSE}                 # 6211ab 12
    """,
    re.VERBOSE,
)
_HOUSE_BEFORE = re.compile(r"\b\d{1,5}\s?[A-Za-z]?,?\s+(?=\[address\])")


def mask(text: str) -> str:
    """`text` with what points at a person replaced. The same text when nothing was found."""
    if not text:
        return text
    for hide in _STEPS:
        text = hide(text)
    return text


def _plain(pattern: re.Pattern[str], kind: str) -> Callable[[str], str]:
    return lambda text: pattern.sub(f"[{kind}]", text)


def _addresses(text: str) -> str:
    found = _POSTCODE.sub("[address]", text)
    return _HOUSE_BEFORE.sub("", found) if found != text else text


def _ibans(text: str) -> str:
    at = 0
    while start := _IBAN_START.search(text, at):
        run = _IBAN_RUN.match(text, start.start())
        end = next((e for e in _ends(run) if _is_iban(text[start.start() : e])), None) if run else None
        if end is None:
            at = start.end()
        else:
            text = f"{text[: start.start()]}[iban]{text[end:]}"
            at = start.start()
    return text


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


def _phones(text: str) -> str:
    if sum(c.isdigit() for c in text) < 8:
        return text
    for match in reversed(list(PhoneNumberMatcher(text, REGION, Leniency.VALID, MOST_TRIES))):
        text = f"{text[: match.start]}[phone]{text[match.end :]}"
    return text


def _bsns(text: str) -> str:
    return _NINE_DIGITS.sub(lambda m: "[bsn]" if bsn.is_valid(re.sub(r"\D", "", m[0])) else m[0], text)


# In this order: an e-mail address holds a domain, an IBAN holds digits that pass for a phone number,
# and a phone number without its first digits passes for a BSN.
_STEPS: tuple[Callable[[str], str], ...] = (
    _plain(_EMAIL, "email"),
    _plain(_LINK, "link"),
    _ibans,
    _phones,
    _bsns,
    _addresses,
    _plain(_HANDLE, "handle"),
)
