"""The words of the staff desk, in Dutch and English: catalogues apart from those residents read."""

from __future__ import annotations

from pathlib import Path

from content.catalogue import SOURCE, Catalogue, read_catalogues
from content.check_texts import named, twice
from content.loader import LOCALES, ContentFault
from content.places import Fault

LANGUAGES = ("nl", "en")


def staff_words(locales: Path = LOCALES) -> dict[str, Catalogue]:
    """A catalogue a language, the source first. Raises ContentFault when one is missing or unreadable."""
    faults: list[str] = []
    found = read_catalogues(locales / "staff", faults)
    faults += [f"locales/staff/{one}.po: the file is missing" for one in LANGUAGES if one not in found]
    if faults:
        raise ContentFault(faults)
    return found


def faults(locales: Path = LOCALES) -> list[Fault]:
    """What stands twice, is missing in one language, is nowhere else, or has other {placeholders}."""
    try:
        words = staff_words(locales)
    except ContentFault as fault:
        return [Fault("locales/staff", "", "", line) for line in fault.faults]
    found: list[Fault] = []
    source = words[SOURCE].messages
    for language, own in words.items():
        file = f"locales/staff/{language}.po"
        found += twice(locales / "staff" / f"{language}.po", file)
        found += [Fault(file, key, language, "is missing") for key in source if key not in own.messages]
        for key, text in own.messages.items():
            if key not in source:
                found.append(Fault(file, key, language, f"is not in {SOURCE}.po"))
            elif set(named(text)) != set(named(source[key])):
                found.append(Fault(file, key, language, f"has other placeholders than {SOURCE}"))
    return found
