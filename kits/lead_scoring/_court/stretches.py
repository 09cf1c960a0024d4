"""Stretches of time in which the base rate hardly moves: what leads are compared within, so that time tells nothing.

Equal stretches, and a cut wherever the share won changes beyond chance. Outcomes alone decide, no column is known here:
a column that tells the period exactly then has nothing left to tell inside a stretch.
"""

from __future__ import annotations

import numpy as np

from kits.lead_scoring._court.columns import Codes, Floats

_MOST, _RARER = 50, 10
"""Equal stretches at most, and leads of the rarer outcome that each shall have."""
_SHORTEST = 20
"""Leads in which no further change is looked for."""


def stretches(won: Floats) -> Codes:
    """(rows,) number of each lead's stretch, rising with time.

    Args:
        won: (rows,) 1 or 0, in order of time.
    """
    rarer = int(min(won.sum(), (1 - won).sum()))
    count = int(np.clip(rarer // _RARER, 1, _MOST))
    rows = np.arange(len(won))
    equal = rows * count // max(len(won), 1)
    starts = np.flatnonzero(np.diff(equal)) + 1
    cuts = np.unique(np.concatenate([starts, np.array(changes(won), dtype=np.intp)]))
    return np.searchsorted(cuts, rows, side="right")


def changes(won: Floats) -> list[int]:
    """First rows of a new base rate, by binary segmentation (Scott & Knott 1974).

    A cut must gain more log-likelihood than the logarithm of the number of leads (Schwarz's criterion for changes of a
    level, Yao 1988).
    """
    counts = np.concatenate([[0.0], np.cumsum(won)])
    found: list[int] = []
    left = [(0, len(won))]
    while left:
        start, end = left.pop()
        if end - start < _SHORTEST:
            continue
        cuts = np.arange(start + 1, end)
        before = _likelihood(counts[cuts] - counts[start], cuts - start)
        after = _likelihood(counts[end] - counts[cuts], end - cuts)
        whole = _likelihood(counts[[end]] - counts[start], np.array([end - start]))
        gains = before + after - whole
        best = int(gains.argmax())
        if gains[best] > np.log(len(won)):
            found.append(int(cuts[best]))
            left += [(start, found[-1]), (found[-1], end)]
    return sorted(found)


def _likelihood(won: Floats, leads: Codes) -> Floats:
    """Log-likelihood of so many won among so many leads at their own share."""
    lost = leads - won
    share = np.clip(won / leads, 1e-12, 1 - 1e-12)
    found: Floats = won * np.log(share) + lost * np.log1p(-share)
    return found
