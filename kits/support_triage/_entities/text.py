"""A text prepared once for all finders: its words with their places, and what a finder hands back.

Finders are functions from a `Text` to findings; which of them win is decided in `extractor`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+")


def listed(words: str, mark: str = " ") -> tuple[str, ...]:
    """A table's row: what stands between the marks."""
    return tuple(words.split(mark))


class Word(NamedTuple):
    """A run of letters and digits; `folded` is its lower case. A tuple, because a mail has hundreds."""

    start: int
    end: int
    folded: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a finder found; rank and conflicts are the extractor's business."""

    start: int
    end: int
    kind: str
    confidence: float


class Text:
    """A text of bounded length with its words.

    Args:
        raw: the text; spans index into it.
        language: ISO 639-1 code, or empty.
    """

    def __init__(self, raw: str, language: str = "") -> None:
        self.raw = raw
        self.language = language

    @cached_property
    def words(self) -> tuple[Word, ...]:
        return tuple(Word(m.start(), m.end(), m.group().lower()) for m in _WORD.finditer(self.raw))

    @cached_property
    def folded(self) -> list[str]:
        """The words in lower case."""
        return [word.folded for word in self.words]

    @cached_property
    def has_digits(self) -> bool:
        return _DIGIT.search(self.raw) is not None


_DIGIT = re.compile(r"[0-9]")
