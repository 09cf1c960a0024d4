"""Arrays of one file that are to be columns of one table: of several lengths those that hold most, the others are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from kits.core.kit import Finding


def with_most(lengths: Iterable[tuple[int, int]]) -> int:
    """The length at which most readings are; of equal ones the longest.

    Args:
        lengths: rows and columns of each array, at least one.
    """
    columns: Counter[int] = Counter()
    for length, width in lengths:
        columns[length] += width
    return max(columns, key=lambda rows: (rows * columns[rows], rows))


def left_out(names: Sequence[str], length: int) -> tuple[Finding, ...]:
    """What to tell of arrays that are no columns of the table."""
    if not names:
        return ()
    text = f"arrays left out: they are not {length:,} readings each"
    fix = "save what belongs to other times in a file of its own"
    return (Finding("columns-left-out", "warn", text, tuple(names), fix),)
