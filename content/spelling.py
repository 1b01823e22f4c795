"""How phrases are compared: by what they say, not by how a phone wrote them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def plain(text: str) -> str:
    """Text as it is compared: lower case, no accents, one apostrophe, pictures, no other punctuation."""
    text = re.sub("[’‘`´]", "'", unicodedata.normalize("NFKD", text.casefold()))
    text = "".join(c for c in text if not unicodedata.combining(c))
    # Pictures stay: a thumb up or down is all that some people answer.
    return " ".join(re.sub(r"[^\w'+\u2600-\u27bf\U0001f000-\U0001faff]+", " ", text).split())


@lru_cache(maxsize=50_000)
def plain_phrase(text: str) -> str:
    """The same for a phrase of our own, remembered. Never for what a resident typed: that is not ours to keep."""
    return plain(text)
