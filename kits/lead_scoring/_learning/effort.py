"""How much a training may cost: where a table is large, models are chosen with less effort, by the rules that stand here.

They go by the size of a table alone, never by an outcome. Fits by which a model is judged and shipped are not cut short:
what is saved is saved on the inner folds. Which candidates are tried when is `search.py`'s.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]
LARGE = 3_000_000
"""Cells (leads × columns of the matrix) from which a table is large."""
_MOST_STRIDE = 4
"""Trees of inner folds: up to so many times fewer, with steps so many times larger."""
MOST_TO_CHOOSE = 100_000
"""Leads that an inner fold learns from: by so many models are told apart as well as by all."""


def is_large(cells: int) -> bool:
    """Whether candidates are tried in stages, and designs kept in 32 bits."""
    return cells > LARGE


def stride_of(cells: int) -> int:
    """How many times fewer trees an inner fold grows."""
    return max(1, min(_MOST_STRIDE, -(-cells // LARGE)))


def thinned(rows: Ints) -> Ints:
    """Of very many rows as many as models are chosen by, evenly from the first to the last."""
    if len(rows) <= MOST_TO_CHOOSE:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_TO_CHOOSE).round().astype(np.intp)]
