"""Every text in every language: there, with the same {placeholders}, and nothing in it that is not words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Message
from babel.messages.pofile import PoFileError, read_po

from content.catalogue import SOURCE
from content.loader import Content
from content.places import Fault, Place, places

LANGUAGES = ("nl", "en", "li")
MARKUP = re.compile(r"</?[a-zA-Z][^>]*>|&\w+;|&#\d+;|[*`]|__|(?<!\w)_\w|\]\(|^#", re.MULTILINE)
REVIEWS = ("review: unreviewed", "review: reviewed")


def faults(content: Content) -> Iterator[Fault]:
    """What is missing, unequal or untidy in the texts of the content files and the catalogues."""
    for place in places(content):
        yield from _missing(place, content)
        yield from _placeholders(place)
        for language, text in place.texts.items():
            yield from (place.fault(language, what) for what in _untidy(text, language))


def _missing(place: Place, content: Content) -> Iterator[Fault]:
    for language in content.languages:
        if not place.texts.get(language, "").strip():
            yield place.fault(language, "is missing")
    for language in place.texts:
        if language not in content.languages:
            yield place.fault(language, f"is no language: there is no locales/{language}.po")


def named(text: str) -> Counter[str]:
    """The {placeholders} of a text and how often each stands in it. ValueError when a brace is left open."""
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def _placeholders(place: Place) -> Iterator[Fault]:
    found: dict[str, set[str]] = {}
    for language, text in place.texts.items():
        try:
            found[language] = set(named(text))
        except ValueError as error:
            yield place.fault(language, f"has a broken placeholder: {error}")
            continue
        for name in sorted(found[language]):
            if not name.isidentifier():
                yield place.fault(language, f"has a placeholder without a plain name: {{{name}}}")
    wanted = found.get(SOURCE, set())
    for language, have in found.items():
        for name in sorted(wanted - have):
            yield place.fault(language, f"lacks the placeholder {{{name}}} that {SOURCE} has")
        for name in sorted(have - wanted):
            yield place.fault(language, f"has the placeholder {{{name}}} that {SOURCE} lacks")


def _untidy(text: str, language: str) -> Iterator[str]:
    if found := MARKUP.search(text):
        yield f"has markup: {found[0]}"
    if re.search(r"[ \t]{2,}|\t|\u00a0", text):
        yield "has a double space, a tab or a hard space"
    if text != text.strip() or re.search(r" \n|\n ", text):
        yield "has a space at the edge of a line"
    if language == "li" and re.search("['‘`´]", text):
        yield "has an apostrophe that is not ’ (U+2019)"


def catalogue_faults(locales: Path) -> Iterator[Fault]:
    """What the loaded catalogues no longer tell: a key written twice, one marked fuzzy, no review state."""
    for language in LANGUAGES:
        if not (locales / f"{language}.po").exists():
            yield Fault(f"locales/{language}.po", "", language, "the file is missing")
    for path in sorted(locales.glob("*.po")):
        file, language = f"locales/{path.name}", path.stem
        try:
            with path.open("rb") as opened:
                messages: list[Message] = [m for m in read_po(opened, abort_invalid=True) if m.id]
        except (PoFileError, UnicodeDecodeError, ValueError):
            continue  # the loader names it
        yield from twice(path, file)
        for message in messages:
            yield from (Fault(file, str(message.id), language, what) for what in _state(message, language))


def twice(catalogue: Path, file: str) -> Iterator[Fault]:
    """Keys that a catalogue has more than once: of these only the last is ever said. `file` is what it is called."""
    written = re.findall(r'^msgid "(.+)"$', catalogue.read_text("utf8"), re.MULTILINE)
    for key, times in Counter(written).items():
        if times > 1:
            yield Fault(file, key, catalogue.stem, f"stands {times} times in the file")


def _state(message: Message, language: str) -> Iterator[str]:
    if not str(message.string).strip():
        yield "is empty"
    if message.fuzzy:
        yield "is marked fuzzy"
    if language == "li" and not any(comment in REVIEWS for comment in message.user_comments):
        yield "lacks the comment `# review: unreviewed` (or reviewed)"
