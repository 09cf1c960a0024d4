"""How well entities are found: all of a text exactly right, and precision and recall by kind.

Only the kinds that were marked are judged: what else an extractor finds is no mistake. Intervals are exact
(Clopper–Pearson) for shares and by bootstrap over texts for F1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.prediction import Span
from kits.core.stats import Estimate, bootstrap, proportion

Spans = Sequence[Span]


@dataclass(frozen=True, slots=True)
class EntityScores:
    """Figures of one set of texts.

    Attributes:
        exact: share of texts whose spans are all right, kind and place.
        exact_marked: the same among the texts that have any.
        f1: by kind, micro-averaged F1 of exact spans.
        overall: micro-averaged F1 of all kinds.
    """

    exact: Estimate
    exact_marked: Estimate
    f1: dict[str, Estimate]
    overall: Estimate


def judged_kinds(marked: Sequence[Spans]) -> tuple[str, ...]:
    """The kinds that occur in the marks."""
    return tuple(sorted({span.label for spans in marked for span in spans}))


def exactly_right(marked: Spans, found: Spans, kinds: Sequence[str]) -> bool:
    """Whether the findings of `kinds` are the marked ones, all and only."""
    return _places(marked, kinds) == _places(found, kinds)


def _places(spans: Spans, kinds: Sequence[str]) -> set[tuple[int, int, str]]:
    return {(s.start, s.end, s.label) for s in spans if s.label in kinds}


def score_entities(
    marked: Sequence[Spans],
    found: Sequence[Spans],
    *,
    seed: int,
    groups: Sequence[str] = (),
    kinds: Sequence[str] = (),
    rounds: int = 1000,
) -> EntityScores:
    """Judges findings against marks, text by text.

    Args:
        marked, found: spans of each text, in the same order.
        groups: texts that belong together (one customer); empty: each on its own.
        kinds: what is judged; empty: the kinds that were marked.

    Raises:
        ValueError: not the same number of texts.
    """
    if len(marked) != len(found):
        raise ValueError(f"{len(marked)} marked texts, {len(found)} read ones")
    kinds = tuple(kinds) or judged_kinds(marked)
    right = [exactly_right(m, f, kinds) for m, f in zip(marked, found, strict=True)]
    some = [r for r, m in zip(right, marked, strict=True) if _places(m, kinds)]
    counts = {kind: _counts(marked, found, (kind,)) for kind in kinds}
    owners = list(groups) or [str(n) for n in range(len(marked))]
    return EntityScores(
        exact=proportion(sum(right), len(right)),
        exact_marked=proportion(sum(some), len(some)),
        f1={kind: _f1(rows, owners, seed, rounds) for kind, rows in counts.items()},
        overall=_f1(_counts(marked, found, kinds), owners, seed, rounds),
    )


def _counts(
    marked: Sequence[Spans], found: Sequence[Spans], kinds: Sequence[str]
) -> NDArray[np.float64]:
    """Hits, marks and findings of each text, shape (texts, 3)."""
    rows = []
    for one, other in zip(marked, found, strict=True):
        wanted, got = _places(one, kinds), _places(other, kinds)
        rows.append((len(wanted & got), len(wanted), len(got)))
    return np.asarray(rows, dtype=np.float64).reshape(-1, 3)


def _f1(counts: NDArray[np.float64], groups: Sequence[str], seed: int, rounds: int) -> Estimate:
    def statistic(rows: NDArray[np.intp]) -> float:
        hits, wanted, got = counts[rows].sum(axis=0)
        return float(2 * hits / (wanted + got)) if wanted + got else float("nan")

    return bootstrap(statistic, groups, seed=seed, rounds=rounds)
