"""Which values of columns, and which words of them, have columns of the matrix of their own: those that many leads share.

Nothing is known here of outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from kits.lead_scoring._lead import Value
from kits.lead_scoring._learning.kinds import Kind
from kits.lead_scoring._learning.sheet import Bags, Ints, Sheet

FREQUENT = 10
"""A value that was met so often has a column of its own."""
_MOST_VALUES, _MOST_WORDS = 24, 40
"""Values of a choice, and words of a text or values of a cell of several, that have columns of their own at most."""
LEAST_VALUES, _ALL_VALUES = 2, 360
"""Of one column at least, and of all columns together: so the matrix stays narrow, whatever a firm exports."""
_WORDS_EACH, _VALUES_EACH = 1.5, 3
"""Of choices that are many, from so many words in each on the average, words of so many of them have columns of their own."""
NAMED = 5
"""Leads that share a value before a bundle names it."""
_CODE = re.compile(r"(?=.*\d)[^\s@]{1,120}")
_Key: TypeAlias = tuple[str, bool]
"""A column, and whether words of its choices are meant."""


@dataclass(frozen=True)
class Shared:
    """What leads share of one column.

    Attributes:
        often: choice or word → leads that hold it; empty where a column has neither.
        values: choices or words that have columns of their own.
        words: words of choices that have.
    """

    often: Mapping[str, int]
    values: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def shared_by(sheet: Sheet, rows: Ints, kinds: Mapping[str, Kind]) -> dict[str, Shared]:
    """Of each column what some leads share."""
    often: dict[_Key, Mapping[str, int]] = {}
    for name, kind in kinds.items():
        often[name, False] = _often(sheet, rows, name, kind)
        if kind == "choice":
            often[name, True] = _said(sheet, rows, name, often[name, False])
    found = _sharing(often, kinds, len(rows))
    return {
        name: Shared(often[name, False], found[name, False], found.get((name, True), ()))
        for name in kinds
    }


def _often(sheet: Sheet, rows: Ints, name: str, kind: Kind) -> dict[str, int]:
    """How many of some leads hold each choice or word of a column; empty where it has none."""
    if kind in ("many", "text"):
        bags = sheet.bags(name, kind)
        return _mentions(bags, np.bincount(sheet.column(name)[1][rows], minlength=len(bags.sizes)))
    if kind != "choice":
        return {}
    words, numbers = choices_of(sheet, rows, name)
    counts = np.bincount(numbers, minlength=len(words))
    return {word: n for word, n in zip(words, counts.tolist()) if n}


def _mentions(bags: Bags, held: Ints) -> dict[str, int]:
    """How many leads hold each word. `held`: (cells,) leads with each."""
    counts = np.bincount(bags.word, held[bags.owner], len(bags.words))
    return {word: int(n) for word, n in zip(bags.words, counts.tolist()) if n}


def _said(sheet: Sheet, rows: Ints, name: str, often: Mapping[str, int]) -> dict[str, int]:
    """How many of some leads say each word, where a column's choices are many and mostly of several words; else empty.

    What a title, a campaign or a product says is shared by values that are rare themselves: `Head of Purchasing`. A word
    of hardly more than one value says what that does, and one that stands in rare values alone may name a person, but in a code.
    """
    if len(often) <= _MOST_VALUES:
        return {}
    bags = sheet.bags(name, "parts")
    held = np.bincount(sheet.column(name)[1][rows], minlength=len(bags.sizes))
    given = int(held[bags.sizes > 0].sum())
    if not given or held @ bags.sizes < _WORDS_EACH * given:
        return {}
    choices, place = sheet.choices(name)
    met = held[bags.owner] > 0
    pairs = np.unique(bags.word[met] * len(choices) + place[bags.owner[met]])
    values = np.bincount(pairs // len(choices), minlength=len(bags.words))
    known = (held >= NAMED) | np.array([_is_code(value) for value in sheet.column(name)[0]])
    common = np.bincount(bags.word, known[bags.owner], len(bags.words))
    kept = {bags.words[n] for n in np.flatnonzero((values >= _VALUES_EACH) & (common > 0)).tolist()}
    return {word: n for word, n in _mentions(bags, held).items() if word in kept}


def _is_code(value: Value) -> bool:
    """Whether a value is one as `VAL-200.A` is: digits and capitals, no space and no address; `weber82` is somebody."""
    return (
        isinstance(value, str) and bool(_CODE.fullmatch(value.strip())) and value == value.upper()
    )


def _sharing(
    often: Mapping[_Key, Mapping[str, int]], kinds: Mapping[str, Kind], rows: int
) -> dict[_Key, tuple[str, ...]]:
    """What has columns of its own: the most frequent of each column, and of all together.

    Of very many columns each keeps its first two; the other places go to values that many leads have and many lack.
    """
    found = {
        (name, words): _frequent(
            counts, rows, _MOST_VALUES if kinds[name] == "choice" and not words else _MOST_WORDS
        )
        for (name, words), counts in often.items()
    }
    places = [
        (place >= LEAST_VALUES, -min(often[key][word], rows - often[key][word]), key, place)
        for key, words in found.items()
        for place, word in enumerate(words)
    ]
    if len(places) <= _ALL_VALUES:
        return found
    kept = {(key, place) for _, _, key, place in sorted(places)[:_ALL_VALUES]}
    return {
        key: tuple(word for place, word in enumerate(words) if (key, place) in kept)
        for key, words in found.items()
    }


def _frequent(often: Mapping[str, int], rows: int, most: int) -> tuple[str, ...]:
    """The most frequent ones; what nearly all or nearly none have tells nothing."""
    least = min(FREQUENT, max(NAMED, rows // 50))
    kept = [word for word, n in often.items() if least <= n <= rows - least]
    return tuple(sorted(kept, key=lambda word: (-often[word], word))[:most])


def choices_of(sheet: Sheet, rows: Ints, name: str) -> tuple[tuple[str, ...], Ints]:
    """Choices in one form, and for each of some rows which one it holds."""
    words, place = sheet.choices(name)
    return words, place[sheet.column(name)[1][rows]]
