"""Everything that must hold of the content and the catalogues, one line a fault.

What only the running dialogue can show (taps and words of the walk, messages as shown) is
`conversations.measure`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from content import (
    check_codes,
    check_lengths,
    check_sides,
    check_texts,
    hard_words,
    mestreechs,
    plain_language,
    staff_words,
)
from content.loader import HERE, LOCALES, Content, ContentFault, load
from content.mestreechs import words_not_attested
from content.places import Fault

__all__ = ["Fault", "faults", "words_not_attested"]

CHECKS: tuple[Callable[[Content], Iterable[Fault]], ...] = (
    check_texts.faults,
    check_codes.faults,
    check_lengths.faults,
    check_sides.faults,
    plain_language.faults,
    hard_words.faults,
    mestreechs.faults,
)
LOADER_LINE = re.compile(r"(?P<file>(?:content|locales)/?[^:]*): (?:(?P<key>[\w.()]+): )?(?P<what>.*)", re.DOTALL)


def faults(content_folder: Path = HERE, locales_folder: Path = LOCALES) -> list[Fault]:
    """Every fault found, by file and key; empty when all is well.

    Files that cannot be loaded are named first, all of them; the deeper checks wait until they can.
    """
    found = [*check_texts.catalogue_faults(Path(locales_folder)), *staff_words.faults(Path(locales_folder))]
    try:
        content = load(Path(content_folder), Path(locales_folder))
    except ContentFault as fault:
        found += [_told(line) for line in fault.faults]
    else:
        for check in CHECKS:
            found += check(content)
    return sorted(set(found))


def _told(line: str) -> Fault:
    """A line of the loader as a fault: a text's language is the last part of its key."""
    match = LOADER_LINE.fullmatch(line)
    if match is None:
        return Fault("content", "", "", line)
    file, key, what = match["file"], match["key"] or "", match["what"]
    path, by, language = key.rpartition(".by.")
    if key.endswith("review"):
        return Fault(file, key, mestreechs.LANGUAGE, f"the review state of the Mestreechs: {what}")
    if file.endswith(".po"):
        return Fault(file, key, Path(file).stem, what)
    return Fault(file, path, language, what) if by else Fault(file, key, "", what)
