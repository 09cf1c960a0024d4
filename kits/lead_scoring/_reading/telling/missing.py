"""Columns in which several words that mean that nothing is known may mean different things: `None` is no competitor, `Unknown` is
that nobody asked. Only told: to a model, and at the hub, all of them are the same.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping

from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.values.cells import is_missing

_LEAST, _SHARE = 30, 0.01
"""Decided leads that have such a word, and their share, from which on it is looked at."""
_BEYOND_CHANCE = 4.0
"""Standard errors between the shares that were won, beyond what many columns show by chance."""


def tell_missing_words(known: Known) -> Iterator[Finding]:
    """Which columns they are, with the share that was won of each word."""
    found: dict[str, str] = {}
    for name in known.columns:
        counts = _counts(known, name)
        if len(counts) < 2:
            continue
        low, *_, high = sorted(counts, key=lambda word: counts[word][0] / counts[word][1])
        if _apart(*counts[low], *counts[high]) >= _BEYOND_CHANCE:
            told = (
                f"{won / n:.0%} of {n} with '{word}'"
                for word, (won, n) in ((high, counts[high]), (low, counts[low]))
            )
            found[name] = f"{name}: won are {', '.join(told)}"
    if found:
        yield Finding(
            "words-for-nothing", "warn",
            f"several words of {', '.join(found)} count as nothing known, one and the same, though leads with them fare differently",
            tuple(found.values()),
            "where one of them means something (no competitor, say), write another word for it in the CRM or the table: "
            "`no competitor` is a value, `None` is not",
        )  # fmt: skip


def _counts(known: Known, name: str) -> Mapping[str, tuple[int, int]]:
    """Word for nothing → won and decided leads that have it."""
    cells = known.sheet.cells.get(name)
    if cells is None:
        return {}
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    decided = 0
    for cell, won in zip(cells, known.won):
        if won is None:
            continue
        decided += 1
        if cell and is_missing(cell):
            one = counts[cell.strip()]
            one[0] += won
            one[1] += 1
    least = max(_LEAST, _SHARE * decided)
    return {
        word: (won, n) for word, (won, n) in counts.items() if n >= least and word.strip("-?.— ")
    }


def _apart(won: int, n: int, more_won: int, more_n: int) -> float:
    """Standard errors between two shares."""
    share = (won + more_won) / (n + more_n)
    error = math.sqrt(share * (1 - share) * (1 / n + 1 / more_n))
    return (more_won / more_n - won / n) / error if error else 0.0
