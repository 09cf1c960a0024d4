"""Text as it is compared: without case, accents and the many kinds of spaces, dashes and apostrophes."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_SAME = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "´": "'", "ı": "i", "ł": "l", "ø": "o", "đ": "d"}
)


@lru_cache(maxsize=1024)
def fold(text: str) -> str:
    """`text` for comparing: `Gönderildi` and `gonderildi` are the same."""
    # Turkish İ and ı, Polish ł and Danish ø have no accent that could be taken off
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_SAME)
    return " ".join("".join(_plain(char) for char in plain).split())


def _plain(char: str) -> str:
    if unicodedata.combining(char):
        return ""
    return char if char.isascii() else str(unicodedata.decimal(char, char))


def folded_words(text: str) -> frozenset[str]:
    """`a|b` → its parts, folded."""
    return frozenset(fold(word) for word in text.split("|") if word)
