"""Phrases of several words found in a text's words, in time linear in the text.

A table of phrases is split into words once; apostrophes and hyphens separate words, as in `text`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from kits.support_triage._entities.text import Text

Value = TypeVar("Value")
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Hit(Generic[Value]):
    """A phrase found: words `first` to `last` (exclusive) of the text, and what the table says of it."""

    first: int
    last: int
    value: Value


class Phrases(Generic[Value]):
    """A table of phrases; where several begin at one word, the longest counts.

    Args:
        table: phrase → value, in lower case. A phrase that ends in `*` allows any ending of its last word.
    """

    def __init__(self, table: Mapping[str, Value]) -> None:
        self._exact: dict[str, list[tuple[tuple[str, ...], bool, Value]]] = {}
        self._stems: dict[str, list[tuple[tuple[str, ...], bool, Value]]] = {}
        for phrase, value in table.items():
            parts = tuple(_WORDS.findall(phrase.lower()))
            opened = phrase.endswith("*")
            index = self._stems if opened and len(parts) == 1 else self._exact
            index.setdefault(parts[0], []).append((parts, opened, value))
        for rows in (*self._exact.values(), *self._stems.values()):
            rows.sort(key=lambda row: -len(row[0]))
        self._lengths = sorted({len(stem) for stem in self._stems}, reverse=True)
        shortest = self._lengths[-1] if self._lengths else 0
        self._shortest, self._beginnings = shortest, {stem[:shortest] for stem in self._stems}

    def find(self, text: Text) -> Iterator[Hit[Value]]:
        """The phrases of `text`, left to right, none within another that began before it."""
        words, shortest = text.folded, self._shortest
        free_from = 0
        for first, word in enumerate(words):
            # most words begin no phrase: two look-ups tell
            if word not in self._exact and word[:shortest] not in self._beginnings:
                continue
            if first < free_from:
                continue
            hit = self._at(words, first, word)
            if hit is not None and _together(text, hit.first, hit.last):
                free_from = hit.last
                yield hit

    def _at(self, words: list[str], first: int, word: str) -> Hit[Value] | None:
        for parts, opened, value in self._exact.get(word, ()):
            last = first + len(parts)
            there = words[first + 1 : last]
            if opened:
                if there[:-1] == list(parts[1:-1]) and there and there[-1].startswith(parts[-1]):
                    return Hit(first, last, value)
            elif there == list(parts[1:]):
                return Hit(first, last, value)
        for length in self._lengths:
            rows = self._stems.get(word[:length])
            if rows:
                return Hit(first, first + 1, rows[0][2])
        return None


def _together(text: Text, first: int, last: int) -> bool:
    """Whether no sentence ends within."""
    if last - first == 1:
        return True
    between = text.raw[text.words[first].start : text.words[last - 1].end]
    return not any(mark in between for mark in (". ", "! ", "? ", "\n\n", "; ", ": "))
