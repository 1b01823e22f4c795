"""An age in figures or words: `37`, `midden veertig`, `student van 20`, `mid forties`, `veerenviefteg`."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from content.model import Ages
from conversations.spelling import fold, phrase_words, slips, words

STARTS = ((16, "16_17"), (18, "18_24"), (25, "25_44"), (45, "45_64"), (65, "65_79"), (80, "80_plus"))
OLDEST = 120
BEHIND = re.compile(r"[,.;(]|\b(?:en|and|sinds|since|sins|but|maar|mer|meh)\b")
FIGURES = re.compile(r"(\d{1,3})(?:e|ste|de|yo|y|j|jr|jaar|jaor|ish|s|th|\+)?")
YEAR_OF_BIRTH = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
TWO_FIGURES = re.compile(r"(?<![\w'’‘`´])\d\d(?!\w)")
SHORT_YEAR = re.compile(r"(?<!\w)['’‘`´](\d\d)(?!\w)")


def age_band(text: str, ages: Ages, year: int = 0) -> str | None:
    """The band of the age a text gives; None when it gives none, two, or one that may lie in two bands.

    `year` is the year it is: where it is known, a year of birth tells the age too.
    """
    text = _with_its_mark(text, ages)
    if SHORT_YEAR.search(text):
        return _of_birth(text, ages, year)
    if _may_be_a_year(text, ages):
        return None
    if code := _band(text, ages) or _of_birth(text, ages, year):
        return code
    # `83, and still on my feet`: what stands behind it gives no other age, or the one that is to come.
    for found in BEHIND.finditer(text):
        left, years = _years(list(words(text[found.end() :])), ages)
        silent = years is None and not any(_number(left, n, ages)[1] for n in range(len(left)))
        if (silent or _phrase(left, ages.not_yet)) and (code := _band(text[: found.start()], ages)):
            return code
    return None


def _with_its_mark(text: str, ages: Ages) -> str:
    """`born in 84` as `born in '84`."""
    for found in TWO_FIGURES.finditer(text):
        said = " ".join(words(text[: found.start()]))
        if any(f" {said}".endswith(f" {' '.join(phrase_words(phrase))}") for phrase in ages.born_in):
            return f"{text[: found.start()]}'{text[found.start() :]}"
    return text


def _may_be_a_year(text: str, ages: Ages) -> bool:
    """`Ik ben van 84`, with nobody named who is of that age: somebody born in 1984, or 84 years old."""
    for found in TWO_FIGURES.finditer(text):
        said, behind = words(text[: found.start()]), words(text[found.end() :])
        if said and not behind and said[-1] in ages.out_of and set(said[:-1]) <= set(ages.oneself):
            return True
    return False


def _band(text: str, ages: Ages) -> str | None:
    said = _without_class(list(words(text)), ages)
    left, found = _years(said, ages)
    if found is None:
        return None
    low, high = found
    if _phrase(left, ages.not_yet):
        low, high = low - 1, high - 1
    elif any(word.endswith("ish") for word in said) or _phrase(left, ages.about):
        low, high = low - 2, high + 2
    elif low == high and (_phrase(left, ages.above) or "+" in text):
        # "Over 65" is said up to 70, "over the eighty" up to 90.
        high = low + (4 if low % 10 else 9)
    beside = (*ages.above,) if low != high else ()
    beside = (*beside, *ages.beside, *ages.some, *ages.not_yet, *ages.about, *ages.inside, *ages.joins)
    known = {word for phrase in beside for word in phrase_words(phrase)}
    rest = [word for word in left if word not in known and word not in _LEFT_OUT]
    bands = {band(low), band(high)}
    return bands.pop() if not rest and len(bands) == 1 else None


def _without_class(said: list[str], ages: Ages) -> list[str]:
    """The words without a school and the number beside it: `5 havo`, `klas 4`."""
    at = [n for n, word in enumerate(said) if word in ages.schools]
    beside = {n + step for n in at for step in (-1, 0, 1)}
    return [word for n, word in enumerate(said) if n not in beside or not (n in at or word[0].isdigit())]


def _of_birth(text: str, ages: Ages, year: int) -> str | None:
    """`1999`, `born in 1952`, `'58`: the birthday may still be to come, so both ages must lie in one band."""
    written = SHORT_YEAR.sub(lambda found: f" {_in_full(int(found[1]), year)} ", text)
    years = YEAR_OF_BIRTH.findall(written)
    if not year or len(years) != 1:
        return None
    known = {word for phrase in (*ages.beside, *ages.born, *ages.born_in) for word in phrase_words(phrase)}
    rest = [w for w in words(YEAR_OF_BIRTH.sub(" ", written)) if w not in known and w not in _LEFT_OUT]
    oldest = year - int(years[0])
    bands = {band(oldest), band(oldest - 1)}
    return bands.pop() if not rest and len(bands) == 1 else None


def _in_full(short: int, year: int) -> int:
    """The year that two figures stand for: the newest one in which whoever may take part can be born."""
    newest = year - STARTS[0][0]
    return newest - (newest - short) % 100


def is_rough(text: str, ages: Ages) -> bool:
    """Whether an age is not plain: `about 65` may lie in two bands, `ik ben van 84` is a year or an age."""
    marked = _with_its_mark(text, ages)
    return marked != text or _may_be_a_year(text, ages) or _phrase(list(words(text)), ages.about)


def band(years: int) -> str | None:
    """The code of the band these years lie in; None under 16 and over 120."""
    return next((code for start, code in reversed(STARTS) if start <= years <= OLDEST), None)


_LEFT_OUT = frozenset({"ish", "", "+", "👵", "👴"})


def _phrase(left: list[str], phrases: tuple[str, ...]) -> bool:
    joined = f" {' '.join(left)} "
    return any(f" {' '.join(phrase_words(phrase))} " in joined for phrase in phrases)


def _years(said: list[str], ages: Ages) -> tuple[list[str], tuple[int, int] | None]:
    """The words that are no number, and the lowest and highest age the others give."""
    numbers: list[tuple[int, int]] = []
    left: list[str] = []
    n = 0
    while n < len(said):
        taken, years = _number(said, n, ages)
        if years is None:
            left.append(said[n])
        else:
            low, high = years, years
            decade = _decade(said[n], ages) is not None or (years % 10 == 0 and _phrase(said[:n], ages.inside))
            part = _part(left, ages) if years % 10 == 0 else None
            if part:
                low, high = years + part[0], years + part[1]
                left.pop()
            elif decade or (years % 10 == 0 and said[n + taken : n + taken + 1] in ([w] for w in ages.some)):
                high = years + 9
            numbers.append((low, high))
        n += taken
    return left, numbers[0] if len(numbers) == 1 else None


def _part(left: list[str], ages: Ages) -> tuple[int, int] | None:
    """Early, middle or late in a decade: the word right before it."""
    parts = ((ages.early, (0, 3)), (ages.middle, (5, 5)), (ages.late, (7, 9)))
    while left and left[-1] in _SMALL:
        left.pop()
    return next((years for names, years in parts if left and left[-1] in names), None)


_SMALL = frozenset({"de", "in", "van", "the", "my", "mijn", "mien", "vaan"})


def _number(said: list[str], n: int, ages: Ages) -> tuple[int, int | None]:
    """How many words from the n-th are one number, and which."""
    if match := FIGURES.fullmatch(said[n]):
        return 1, int(match[1])
    if (years := _decade(said[n], ages)) is not None:
        return 1, years
    for taken in (3, 2, 1):
        if n + taken <= len(said) and (years := _table(ages).get(_key("".join(said[n : n + taken])))) is not None:
            return taken, years
    return 1, _with_a_slip(said[n], ages)


def _with_a_slip(word: str, ages: Ages) -> int | None:
    """A number word with a letter wrong; None when it may be two numbers, or an ordinary word."""
    if len(word) < 5 or not word.isalpha() or word in ages.beside:
        return None
    table = _table(ages)
    near = process.extract(_key(word), list(table), scorer=OSA.distance, score_cutoff=slips(len(word) - 1))
    years = {table[key] for key, far, _ in near if far == near[0][1]}
    return years.pop() if len(years) == 1 else None


def _decade(word: str, ages: Ages) -> int | None:
    return ages.decades.get(word)


def _key(word: str) -> str:
    return fold(word) if len(word) > 4 else word


def _table(ages: Ages) -> dict[str, int]:
    return _numbers(tuple(ages.units.items()), tuple(ages.tens.items()), ages.joins)


@lru_cache(maxsize=4)
def _numbers(
    units: tuple[tuple[str, int], ...], tens: tuple[tuple[str, int], ...], joins: tuple[str, ...]
) -> dict[str, int]:
    """Every number from 10 to 99 as one word, whatever order the language says it in."""
    told = {_key("".join(phrase_words(name))): n for name, n in units if n > 9}
    for ten, tenfold in tens:
        told[_key("".join(phrase_words(ten)))] = tenfold
        for unit, n in units:
            if 0 < n < 10:
                one, many = "".join(phrase_words(unit)), "".join(phrase_words(ten))
                for join in (*joins, ""):
                    told.setdefault(_key(one + join + many), tenfold + n)
                told.setdefault(_key(many + one), tenfold + n)
    return told
