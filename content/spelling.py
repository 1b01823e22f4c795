"""How phrases are compared: by what they say, not by how a phone wrote them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=50_000)
def plain(text: str) -> str:
    """Text as it is compared: lower case, no accents, one apostrophe, no other punctuation."""
    text = re.sub("[’‘`´]", "'", unicodedata.normalize("NFKD", text.casefold()))
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w'+]+", " ", text).split())
