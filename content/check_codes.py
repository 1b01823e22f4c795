"""The codes that never change meaning: there, unique, and their fingerprint kept with the content version."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from content.loader import Content
from content.model import Consent, Dilemma, Item, Versioned, offered
from content.places import Fault, files

DILEMMAS = ("growth", "inner_city", "space", "society", "digital", "care")
CONSENTS = ("count_me", "quote_me", "tell_me", "remind_me")
NONRESPONSE = ("skipped", "dont_know", "neither", "declined")
DISTRICTS = ("wijk_00", "wijk_01", "wijk_02", "wijk_03", "wijk_04", "wijk_05", "wijk_06")
NEIGHBOURHOODS = """
    binnenstad boschstraatkwartier jekerkwartier kommelkwartier sint_maartenspoort statenkwartier wyck belfort
    brusselsepoort caberg daalhof dousberg_hazendans malberg malpertuis mariaberg oud_caberg pottenberg belvedere
    boschpoort bosscherveld frontenkwartier lanakerveld amby heugemerveld limmel nazareth scharn wittevrouwenveld
    wyckerpoort beatrixhaven borgharen itteren meerssenhoven de_heeg heer heugem randwyck vroendaal biesland campagne
    jekerdal sint_pieter villapark wolder elsewhere
"""
ITEMS: dict[str, tuple[str, ...]] = {
    "dream": (),
    "worry": (),
    "weighs_most": (),
    "importance": ("1", "2", "3", "4", "5"),
    "values": ("justice", "sustainability", "solidarity", "diversity", "quality", "none"),
    "neighbourhood": tuple(NEIGHBOURHOODS.split()),
    "age": ("16_17", "18_24", "25_44", "45_64", "65_79", "80_plus"),
    "relation": ("resident", "student", "worker", "visitor", "entrepreneur", "organisation", "other"),
}


def faults(content: Content) -> Iterator[Fault]:
    """What is missing from the stable codes, stands twice, or changed without a new content version."""
    for code in DILEMMAS:
        if code not in content.dilemmas:
            yield Fault(f"content/dilemmas/{code}.yaml", "", "", "is missing: its code is stable")
    for code in CONSENTS:
        if code not in content.consents:
            yield Fault(f"content/consents/{code}.yaml", "", "", "is missing: its code is stable")
    for code, dilemma in content.dilemmas.items():
        yield from _dilemma(f"content/dilemmas/{code}.yaml", dilemma)
    numbers = Counter(dilemma.number for dilemma in content.dilemmas.values())
    for code, dilemma in content.dilemmas.items():
        if numbers[dilemma.number] > 1:
            yield Fault(f"content/dilemmas/{code}.yaml", "number", "", f"{dilemma.number} is another dilemma's too")
    yield from _items(content)
    yield from _commands(content)
    for code, consent in content.consents.items():
        yield from _locked(f"content/consents/{code}.yaml", consent)
    for code in NONRESPONSE:
        if code not in content.phrases.nonresponse:
            yield Fault("content/phrases.yaml", f"nonresponse.{code}", "", "is missing: its code is stable")
    yield from _versions(content)


def _dilemma(file: str, dilemma: Dilemma) -> Iterator[Fault]:
    for side in {"a", "b"} - set(dilemma.sides):
        yield Fault(file, f"sides.{side}", "", "is missing")
    for side, pole in dilemma.sides.items():
        codes = [reason.code for reason in pole.reasons]
        if codes != [f"{side}1", f"{side}2"]:
            yield Fault(file, f"sides.{side}.reasons", "", f"have the codes {' '.join(codes)}, not {side}1 {side}2")
        if pole.cost.code != f"{side}3":
            yield Fault(file, f"sides.{side}.cost.code", "", f"is {pole.cost.code}, not {side}3")


def _items(content: Content) -> Iterator[Fault]:
    for code, stable in ITEMS.items():
        file, item = f"content/items/{code}.yaml", content.items.get(code)
        if item is None:
            yield Fault(file, "", "", "is missing: its code is stable")
            continue
        yield from _missing(file, "options", stable, (option.code for option in item.options))
        if code == "neighbourhood":
            yield from _missing(file, "districts", DISTRICTS, (district.code for district in item.districts))
    for code, item in content.items.items():
        file = f"content/items/{code}.yaml"
        yield from _twice(file, "options", (option.code for option in item.options))
        yield from _twice(file, "districts", (district.code for district in item.districts))
        districts = {district.code for district in item.districts}
        for option in item.options:
            if option.district and option.district not in districts:
                yield Fault(file, f"options.{option.code}.district", "", f"{option.district} is no district here")


def _locked(file: str, consent: Consent) -> Iterator[Fault]:
    """Who agreed agreed to a text: one that changed is another version, and the old one is kept beside it."""
    texts = {one.version: one for one in (*consent.earlier, consent)}
    for version in sorted(texts.keys() | consent.locked.keys()):
        key, locked = f"locked.{version}", consent.locked.get(version)
        if version not in texts:
            yield Fault(file, key, "", f"has no text: keep that of version {version} under earlier")
        elif locked is None:
            yield Fault(file, key, "", f"is missing: it is {texts[version].digest()}")
        elif locked != texts[version].digest():
            what = (
                f"is {locked}, the text gives {texts[version].digest()}: keep the text of version {version} "
                f"under earlier, and make the new one version {max(texts) + 1}"
            )
            yield Fault(file, key, "", what)
    if consent.version != max(texts):
        yield Fault(file, "version", "", f"is {consent.version}, and {max(texts)} stands under earlier")


def _missing(file: str, key: str, stable: Iterable[str], have: Iterable[str]) -> Iterator[Fault]:
    for code in sorted(set(stable) - set(have)):
        yield Fault(file, f"{key}.{code}", "", "is missing: its code is stable")


def _twice(file: str, key: str, codes: Iterable[str]) -> Iterator[Fault]:
    for code, times in Counter(codes).items():
        if times > 1:
            yield Fault(file, f"{key}.{code}", "", f"stands {times} times")


def _commands(content: Content) -> Iterator[Fault]:
    owners: dict[str, str] = {}
    for command in content.commands:
        for name in (command.name, *command.also):
            if name in owners:
                what = f"{name} is a name of {owners[name]} already"
                yield Fault("content/commands.yaml", f"commands.{command.name}", "", what)
            owners.setdefault(name, command.name)


def _versions(content: Content) -> Iterator[Fault]:
    file, numbers = "content/versions.yaml", [version.version for version in content.versions]
    if not numbers:
        yield Fault(file, "versions", "", f"is empty: add version 1 with codes {content.fingerprint()}")
        return
    for earlier, later in pairwise(numbers):
        if later <= earlier:
            yield Fault(file, f"versions.{later}", "", f"comes after {earlier}: versions go up")
    last = content.versions[-1]
    if last.codes != content.fingerprint():
        what = (
            f"is {last.codes}, the codes in the files give {content.fingerprint()}: "
            f"add version {last.version + 1} with codes {content.fingerprint()}"
        )
        yield Fault(file, f"versions.{last.version}.codes", "", what)
    for name, one in files(content).items():
        if isinstance(one, Versioned):
            yield from _lifetime(name, "", one, last.version)
            for key, choices in _choices(one).items():
                for choice in choices:
                    yield from _lifetime(name, f"{key}.{choice.code}.", choice, last.version)
        if isinstance(one, Dilemma | Item):
            yield from _enough(name, one, last.version)


def _lifetime(file: str, key: str, one: Versioned, last: int) -> Iterator[Fault]:
    if one.since > last:
        yield Fault(file, f"{key}since", "", f"is version {one.since}, the last version is {last}")
    if one.until is not None and one.until < one.since:
        yield Fault(file, f"{key}until", "", f"is version {one.until}, before since ({one.since})")


def _choices(one: Versioned) -> dict[str, tuple[Versioned, ...]]:
    """What a question offers to choose from, by the key it stands under."""
    if isinstance(one, Dilemma):
        return {f"sides.{side}.reasons": pole.reasons for side, pole in one.sides.items()}
    return {"options": one.options} if isinstance(one, Item) and one.options else {}


def _enough(file: str, one: Dilemma | Item, last: int) -> Iterator[Fault]:
    """A side has an argument in every version that asks, a district a place, a scale all its steps."""
    versions = [version for version in range(1, last + 1) if one.asked_in(version)]
    least = len(one.options) if isinstance(one, Item) and one.kind == "scale5" else 1
    groups = defaultdict(list, {key: list(choices) for key, choices in _choices(one).items()})
    for option in one.options if isinstance(one, Item) else ():
        if option.district:
            groups[f"districts.{option.district}"].append(option)
    for key, choices in groups.items():
        for version in versions:
            if (left := len(offered(choices, version))) < least:
                yield Fault(file, key, "", f"version {version} offers {left} of these, it needs {least} or more")
