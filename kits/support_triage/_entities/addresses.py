"""Postal addresses in a text: a street with its house number, and the town after it. Cautious: a town alone is none.

The words of streets in twelve languages are data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kits.support_triage._entities.text import Found, Text, Word, listed

_STREET_ENDS = (
    "straße",
    "strasse",
    "str",
    "gasse",
    "allee",
    "platz",
    "weg",
    "ring",
    "damm",
    "ufer",
    "straat",
    "laan",
    "plein",
    "gracht",
    "gatan",
    "vägen",
    "gade",
    "vej",
)
_STREET_AFTER = frozenset(
    listed(
        "street st road rd avenue ave lane ln drive dr boulevard blvd way court ct square terrace "
        "close crescent sokak sokağı caddesi cad"
    )
)
_STREET_BEFORE = frozenset(
    listed(
        "rue avenue boulevard bd allée chemin impasse quai calle avenida avda plaza paseo via viale "
        "piazza corso vicolo rua travessa praça ul ulica aleja al ulice náměstí"
    )
)
_HOUSE = re.compile(r"^[0-9]{1,4}[a-z]?$")
_TOWN = re.compile(
    r"[\s,]{1,4}(?:[A-Z]{1,2}-)?(?:[0-9]{4,5}(?: ?[A-Z]{2}\b)?|[0-9]{2}-[0-9]{3}|[0-9]{3} [0-9]{2}|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})(?: [A-ZÄÖÜÀ-ÞĆČŁŃŚŠŻŹŽİŞÇ][\w.'-]{1,30}){0,2}"
)


def addresses(text: Text) -> Iterator[Found]:
    """A street with its house number, and the post code and town after it."""
    if not text.has_digits:
        return
    words, raw = text.words, text.raw
    for at, word in enumerate(words):
        span = _street(text, at, word)
        if span is not None:
            start, end = span
            town = _TOWN.match(raw, end, end + 80)
            yield Found(start, town.end() if town else end, "address", 0.8)


def _street(text: Text, at: int, word: Word) -> tuple[int, int] | None:
    """Start and end of a street with its number around word `at`, if that is a word of streets."""
    if word.folded.endswith(_STREET_ENDS):
        return _number_after(text, at)
    if word.folded in _STREET_AFTER:
        return _number_in_front(text, at)
    return _street_word_first(text, at) if word.folded in _STREET_BEFORE else None


def _number_after(text: Text, at: int) -> tuple[int, int] | None:
    """`Lange Straße 12`, `Hauptstr. 12`."""
    words = text.words
    first = at - 1 if words[at].folded in _STREET_ENDS else at
    if first < 0 or not text.raw[words[first].start].isupper() or at + 1 >= len(words):
        return None
    if _HOUSE.match(words[at + 1].folded) and _beside(text, at, at + 1):
        return words[first].start, words[at + 1].end
    return None


def _number_in_front(text: Text, at: int) -> tuple[int, int] | None:
    """`12 Baker Street`."""
    words = text.words
    for first in range(at - 2, max(-1, at - 5), -1):
        if _HOUSE.match(words[first].folded) and _all_names(text, first + 1, at + 1):
            return words[first].start, words[at].end
    return None


def _street_word_first(text: Text, at: int) -> tuple[int, int] | None:
    """`12 rue de Rivoli`, `Calle Mayor, 5`."""
    words, raw = text.words, text.raw
    if at and _HOUSE.match(words[at - 1].folded):
        last = min(at + 4, len(words))
        while last > at + 1 and not raw[words[last - 1].start].isupper():
            last -= 1
        there = last > at + 1 and "\n" not in raw[words[at].start : words[last - 1].end]
        return (words[at - 1].start, words[last - 1].end) if there else None
    for number in range(at + 2, min(at + 6, len(words))):
        if _HOUSE.match(words[number].folded):
            there = "\n" not in raw[words[at].start : words[number].start]
            return (words[at].start, words[number].end) if there else None
    return None


def _beside(text: Text, left: int, right: int) -> bool:
    gap = text.raw[text.words[left].end : text.words[right].start]
    return len(gap) <= 3 and all(c in " .,\u00a0" for c in gap)


def _all_names(text: Text, first: int, last: int) -> bool:
    return all(
        _beside(text, at - 1, at) and text.raw[text.words[at].start].isupper()
        for at in range(first, last)
    )
