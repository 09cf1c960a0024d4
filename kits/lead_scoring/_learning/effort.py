"""How much a training may cost: where a table is large, models are chosen with less effort, by the rules that stand here.

They go by the size of a table alone, never by an outcome. Fits by which a model is judged and shipped are not cut short:
what is saved is saved on the inner folds. How far behind a candidate must be to be given up is `choice.py`'s.
"""

from __future__ import annotations

_LARGE = 3_000_000
"""Cells (leads × columns of the matrix) from which a table is large."""
_MOST_STRIDE = 4
"""Trees of inner folds: up to so many times fewer, with steps so many times larger."""


def is_large(cells: int) -> bool:
    """Whether candidates far behind on the first folds are not tried on the later ones."""
    return cells > _LARGE


def stride_of(cells: int) -> int:
    """How many times fewer trees an inner fold grows."""
    return max(1, min(_MOST_STRIDE, -(-cells // _LARGE)))
