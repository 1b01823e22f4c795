"""Small words in three languages that say how what stands beside them is meant."""

from __future__ import annotations

PREFERS = frozenset(
    ("meer", "more", "mie", "mier", "beter", "better", "liever", "lever", "leever", "rather", "eerder", "ierder")
)
# "I prefer one thing to another".
PREFER, TO = frozenset({"prefer"}), frozenset({"to"})
TOO = frozenset({"te", "too"})
NOT_TOO = frozenset({("niet", "te"), ("niet", "teveel"), ("not", "too"), ("neet", "te"), ("niet", "overdreven")})
ABOVE = frozenset({"over", "above", "boven", "bove", "boeve"})
OVER = frozenset({"over", "above", "boven", "bove", "boeve", "before", "more"})
# A phrase with one of these among its words holds a "not" of its own.
NOTS = frozenset(
    (
        "niet",
        "geen",
        "nooit",
        "niks",
        "niets",
        "niemand",
        "not",
        "no",
        "dont",
        "cant",
        "doesnt",
        "never",
        "nobody",
        "neet",
        "gein",
        "gei",
        "niemes",
    )
)
# Each is "if" or "then" as well as "than".
IF = frozenset({"als", "es", "as", "dan", "daan"})
IS = frozenset(("is", "its", "are", "isnt", "zijn", "zit", "was", "steit", "zien"))
# In front of a thing these are its article, elsewhere they stand for what was said.
ARTICLES = frozenset({"het", "t", "die", "dat", "dit"})
MYSELF = frozenset({"ik", "i", "im", "id", "iech", "ich"})
MINE = frozenset(
    (
        "my",
        "mijn",
        "mn",
        "mien",
        "miene",
        "m",
        "mne",
        "i",
        "ik",
        "iech",
        "ich",
        "we",
        "wij",
        "our",
        "ons",
        "onze",
        "us",
        "eus",
    )
)
WITH = frozenset({"with", "met", "mèt", "mit"})
WITHOUT = frozenset({"zonder", "without", "zoonder", "sans"})
LESS = frozenset({"minder", "less", "fewer", "niets", "niks", "nieks", "nothing", "geen", "gein", "no"})
# What is for somebody, at some time or somewhere, and what is but a part.
APART = frozenset(
    (
        "aan",
        "aon",
        "voor",
        "for",
        "veur",
        "by",
        "in",
        "on",
        "at",
        "op",
        "bij",
        "bie",
        "tijdens",
        "during",
        "overdag",
        "daags",
        "snachts",
        "savonds",
        "s",
        "nachts",
        "snachs",
        "nachs",
        "euverdaag",
    )
)
PARTS = frozenset(
    (
        "beetje",
        "bitteke",
        "bitsje",
        "bietsje",
        "get",
        "some",
        "little",
        "bit",
        "deels",
        "partly",
        "deils",
        "soms",
        "sometimes",
        "wat",
    )
)
# What tells where a place is by another one.
NEAR = frozenset(
    (
        "near",
        "by",
        "behind",
        "past",
        "op",
        "bij",
        "bie",
        "naast",
        "achter",
        "tegen",
        "voorbij",
        "vlakbij",
        "dichtbij",
        "neve",
        "kortbij",
        "next",
        "close",
    )
)
INSIDE = frozenset({"in", "te", "uit", "oet", "from"})
# Between two choices these set one over the other; in front of one they say what it is about.
ABOUT = frozenset({"over", "euver"})
# In front of what there is more of.
EVEN = frozenset({"nog", "even", "still"})
WHAT = frozenset({"wat", "what", "waat"})
