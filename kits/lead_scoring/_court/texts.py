"""A column of texts as the court reads it: each lead by the word of its text that tells most of the outcome.

Texts hardly come again as a whole, so counts of whole texts show nothing; a model learns from their words. Outcomes are
looked at here: only a word that lies far from the base rate, from the near end of its interval, has a bin of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kits.lead_scoring._court.columns import EMPTY, OTHER, Column, Floats
from kits.lead_scoring._court.odds import distance
from kits.lead_scoring._lead import Value

TEXT_WORDS = 4
"""From so many words in a value on the average a column of ever new values is a text, as training reads it."""
_MANY, _SHARE = 60, 0.2
_PHRASE = 3
"""As `TEXT_WORDS`, of values that come again."""
_LEAST_ROWS, _WORDS, _BINS = 20, 2_000, 30
_TELLS = 1.0
"""Distance from the base rate in log-odds: 2.7 times its odds."""
_LETTERS = 2_000
_WORD = re.compile(r"[^\W\d_]{2,40}")


def is_text(column: Column) -> bool:
    """Whether words are learned from, and not values."""
    many = max(_MANY, _SHARE * float(column.filled.sum()))
    return column.kind == "choice" and column.words >= TEXT_WORDS and column.distinct > many


def has_rare_phrases(column: Column) -> bool:
    """Whether values are learned from that are phrases, more of them than have a bin: notes from a list, with what came of it."""
    more = column.distinct > column.bins - OTHER - 1
    return column.kind == "choice" and column.words >= _PHRASE and more


def by_telling_words(column: Column, values: Sequence[Value], won: Floats) -> Column:
    """The column with a bin for each word that tells much.

    Args:
        values: (rows,) the texts.
        won: (rows,) 1 won, 0 lost.
    """
    words = [_words(value) for value in values]
    counts = Counter(word for found in words for word in found)
    # words of equal standing by their letters: the order of a set is another in each process
    by_count = sorted(counts, key=lambda word: (-counts[word], word))[:_WORDS]
    frequent = [word for word in by_count if counts[word] >= _LEAST_ROWS]
    hits: Counter[str] = Counter()
    for found, one in zip(words, won.tolist()):
        if one:
            hits.update(found)
    base = float(won.mean()) if len(won) else 0.0
    far = {word: abs(distance(hits[word], counts[word], base)) for word in frequent}
    telling = [
        word for word in sorted(far, key=lambda word: (-far[word], word)) if far[word] >= _TELLS
    ]
    place = {word: number + OTHER + 1 for number, word in enumerate(telling[:_BINS])}
    codes = [
        EMPTY if not there else min((place[word] for word in found if word in place), default=OTHER)
        for found, there in zip(words, column.filled.tolist())
    ]
    return replace(
        column, codes=np.array(codes, dtype=np.intp), labels=("empty", "other", *telling[:_BINS])
    )


def _words(value: Value) -> frozenset[str]:
    return (
        frozenset(_WORD.findall(value[:_LETTERS].casefold()))
        if isinstance(value, str)
        else frozenset()
    )
