"""What a table is called whenever it was exported: names of files say the day, the number of the export, the part of a split.

Columns that are joined bear their table's name. With a date in it those of next month's file would be others.
"""

from __future__ import annotations

import re

from kits.core.dataset import SPLIT_WORDS
from kits.core.month_words import MONTH_WORDS

_PARTED = re.compile(r"[_\-.]+")
_TOKEN = re.compile(r"[^\s_\-.,()\[\]]+")
_NUMERIC = re.compile(r"\d+(?:[T_h]\d+)?Z?|v\d+|[QH]\d|KW\d+|W\d+", re.IGNORECASE)
_GLUED = re.compile(r"(\D*[^\W\d_])\d{8,}")
"""`report1735812345678`, as Salesforce calls its reports."""
_COPIES = frozenset({"copy", "kopie", "copie", "copia"})
_AGES = frozenset({
    "alt", "alte", "alter", "neu", "neue", "neuer", "aktuell", "aktuelle", "old", "new", "current", "latest", "ancien", "anciens", "nouveau", "nouveaux", "actuel",
    "viejo", "viejos", "nuevo", "nuevos", "vecchi", "vecchio", "nuovi", "nuovo", "oud", "oude", "nieuw", "nieuwe", "stare", "nowe",
})  # fmt: skip
"""Lists that are kept in two parts: what came before a day, and what comes since."""
_YEAR = 4
"""Digits: what has fewer may tell one table from another."""
_DATE = 3
"""Numbers of a date."""


def without_split(name: str) -> str:
    """A name without the words for a split (`X_train` is `X`), unless it has no others; `Test drives` are what they say."""
    words = _PARTED.split(name)
    left = [word for word in words if word.lower() not in SPLIT_WORDS]
    return "_".join(left) if left and len(left) < len(words) else name


def without_stamp(name: str) -> str:
    """A name without when it was exported, and as which copy, at its end or beginning.

    `companies-2025-01-02` and `companies (1)` are `companies`; `visits_30` stays, and so does a name that is nothing else.
    """
    found = list(_TOKEN.finditer(name))
    last = len(found) - _behind([one[0] for one in found], name.rstrip().endswith((")", "]")))
    first = _before([one[0] for one in found[:last]])
    if first >= last:
        return name
    left = name[found[first].start() : found[last - 1].end()]
    glued = _GLUED.fullmatch(left)
    left = glued[1] if glued else left
    return left if any(sign.isalpha() for sign in left) else name


def without_times(name: str) -> tuple[str, ...]:
    """The words of a name that say neither when nor as which copy: none of `Q1 2025`, of `März` and of `Neu`, of `Enquiries May` one."""
    words = (one[0] for one in _TOKEN.finditer(name.casefold()))
    return tuple(
        word for word in words if not (_NUMERIC.fullmatch(word) or word in MONTH_WORDS or word in _COPIES or word in _AGES)
    )  # fmt: skip


def _behind(words: list[str], in_brackets: bool) -> int:
    """How many of the last words are a stamp."""
    count = 0
    for word in reversed(words):
        month = word.lower() in MONTH_WORDS and count > 0
        if not (month or _NUMERIC.fullmatch(word) or word.lower() in _COPIES):
            break
        count += 1
    stamp = words[len(words) - count :]
    if any(word.lower() in _COPIES for word in stamp) or _is_stamp(stamp):
        return count
    return 1 if count and in_brackets else 0


def _before(words: list[str]) -> int:
    """How many of the first words are a date."""
    count = next((n for n, word in enumerate(words) if not word.isdigit()), len(words))
    return count if _is_stamp(words[:count]) else 0


def _is_stamp(words: list[str]) -> bool:
    return len(words) >= _DATE or any(sum(c.isdigit() for c in word) >= _YEAR for word in words)
