"""Runs the patterns and closed classes that examples taught; how they are learned is told in `learning`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kits.support_triage._entities import checksums
from kits.support_triage._entities.phrases import Phrases
from kits.support_triage._entities.safe_pattern import compile_safely
from kits.support_triage._entities.spec import LearnedPattern, LearnedWords
from kits.support_triage._entities.text import Found, Text

_WRONG_CHECK = 0.5


class LearnedPatterns:
    """Looks and words of values, ready to search.

    Args:
        patterns: looks with their precision on the examples.
        words: closed classes with theirs.
    """

    def __init__(self, patterns: Sequence[LearnedPattern], words: Sequence[LearnedWords]) -> None:
        self._patterns = [(row, compile_safely(row.pattern)) for row in patterns]
        self._words = Phrases({word: row for row in words for word in row.words})
        self._any_words = bool(words)

    def find(self, text: Text) -> Iterator[Found]:
        """Every match, with the precision the examples showed as its confidence."""
        if text.has_digits:
            for row, pattern in self._patterns:
                for match in pattern.finditer(text.raw):
                    wrong = row.checksum and not checksums.passes(row.checksum, match.group())
                    trust = row.precision * (_WRONG_CHECK if wrong else 1.0)
                    yield Found(match.start(), match.end(), row.kind, trust)
        if self._any_words:
            for hit in self._words.find(text):
                start, end = text.words[hit.first].start, text.words[hit.last - 1].end
                yield Found(start, end, hit.value.kind, hit.value.precision)
