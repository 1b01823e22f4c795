"""What is typed at a question and is no answer to it: a cry for help, a wish, a swear word, no opinion, all the same.

A cry for help counts wherever it stands. Anything else only where a whole clause says nothing else, and
where no choice is named beside it; in own words only where the whole text does.
"""

from __future__ import annotations

from dataclasses import dataclass

from conversations.clauses import Clause, Item, Parsed
from conversations.lexicon import LIGHT
from conversations.particles import INSIDE

MOST_BESIDE_ABUSE = 3
MOST_BEFORE = 5  # words before a "skip"
SOFT = (*LIGHT, "hedge", "strong", "but", "rather")
KINDS = ("wish", "abuse", "language", "nonresponse", "indifferent")


@dataclass(frozen=True)
class Aside:
    """One of KINDS or `crisis`, and which wish, language or nonresponse it is."""

    kind: str
    value: str = ""
    slips: int = 0


def aside(parsed: Parsed, own_words: bool, only_own_words: bool) -> Aside | None:
    """What else than an answer this text is; None where it may be an answer."""
    if parsed.crisis:
        return Aside("crisis", "crisis")
    if own_words and (skipped := _skips_at_the_end(parsed)):
        return skipped
    whole = own_words and bool(parsed.unknown)
    if whole or parsed.of("irony") or (parsed.reason_at >= 0 and only_own_words):
        return None
    told = [clause for clause in parsed.clauses if clause.of("option", "not", "both", "depends")]
    others = [clause for clause in parsed.clauses if clause not in told]
    # Beside a side, "I don't understand it" says why, unless it is asked.
    meant = [(clause, one) for clause in others if (one := _of(clause))]
    found = [one for clause, one in meant if not told or one.value != "help" or clause.asked]
    if own_words and len(found) < sum(any(i.kind not in SOFT for i in clause.items) for clause in parsed.clauses):
        return None
    beside = [one for one in found if one.kind == "wish" and one.value != "stop"] if told else found
    return beside[0] if beside else None


def _skips_at_the_end(parsed: Parsed) -> Aside | None:
    """`I'm not creative, skip`: few words, and then nothing but that."""
    before, last = parsed.clauses[:-1], parsed.clauses[-1:]
    found = _of(last[0]) if before and last[0].lead == "," and not last[0].unknown else None
    few = sum(len(i.words) for clause in before for i in clause.items) <= MOST_BEFORE
    named = any(clause.of("option", "not") for clause in before)
    return found if found and found.value == "skipped" and few and not named else None


def _of(clause: Clause) -> Aside | None:
    heavy = [i for i in clause.items if i.kind not in SOFT]
    if language := _language(clause):
        return language
    telling = [i for i in heavy if i.kind in KINDS]
    if not telling or len({(i.kind, i.value) for i in telling}) > 1:
        return None
    item, others = telling[0], [i for i in heavy if i.kind not in KINDS]
    value = item.value
    if item.kind == "nonresponse":
        # "Is this private?" keeps nothing back; "rather no answer" does.
        if value in ("declined", "dont_know") and clause.asked:
            return None
        value = "declined" if value == "skipped" and clause.of("rather") else value
    # "Help is good" asks for none.
    if item.value == "help" and len(item.words) == 1 and clause.of("aside"):
        return None
    if not _may_stand_beside(item, others):
        return None
    return Aside(item.kind, value, item.slips)


def _may_stand_beside(item: Item, others: list[Item]) -> bool:
    """A longer phrase bears one unknown word beside it; a single word bears none."""
    if any(i.kind not in ("unknown", "no", "asks") for i in others):
        return False
    unknown = sum(i.kind == "unknown" for i in others)
    if item.kind == "abuse" and len(item.words) > 1:
        return unknown <= MOST_BESIDE_ABUSE
    return unknown == 0 or (unknown == 1 and len(item.words) > 2)


def _language(clause: Clause) -> Aside | None:
    """A language is asked for by its name, and words that only ask."""
    named = clause.of("language")
    codes = {i.value for i in named}
    # "Can I answer in English?" asks for it; "what is English?" does not.
    asks = () if named and named[0].words[0] in INSIDE else ("asks",)
    if not named or clause.unknown or clause.of("negation", "no", "option", "not", "others", "or", "partial", *asks):
        return None
    code = named[-1].value if len(codes) == 1 or clause.of("rather") else ""
    return Aside("language", "" if code == "other" else code, named[0].slips)
