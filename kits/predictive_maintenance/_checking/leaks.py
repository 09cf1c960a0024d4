"""Columns that give the answer away: flags set only in failures, values that are the label again.

Works on plain arrays, for the reader of snapshots and for `kit check` alike. Figures only; what is
done about a column is the caller's decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

PRECISE = 0.98
"""A value that means failure this often is no measurement of the machine before it."""
FEWEST = 5
"""Rows with the value, before its precision means anything."""
_RANKED = 0.999


@dataclass(frozen=True, slots=True)
class Leak:
    """One column that tells the label.

    Attributes:
        rows: rows in which the column has the telling value.
        precision: share of them that are failures.
        recall: share of all failures among them.
        why: in words.
        flag: whether it has only two values; a number that tells so much may be a good sensor.
    """

    column: str
    rows: int
    precision: float
    recall: float
    why: str
    flag: bool = True

    def text(self) -> str:
        """One line with the figures."""
        return (
            f"{self.column}: {self.why} ({self.rows} rows, {self.precision:.0%} of them failures, "
            f"{self.recall:.0%} of all failures)"
        )


def find_leaks(columns: Mapping[str, NDArray[np.float64]], failed: NDArray[np.bool_]) -> list[Leak]:
    """Columns that tell `failed`, in their order.

    Args:
        columns: name → values per row; texts as codes.
        failed: per row, whether its label is a fault.
    """
    failures = int(failed.sum())
    if not failures or failures == failed.size:
        return []
    names = list(columns)
    flags = {n: f for n in names if (f := _flag(columns[n], failed.size)) is not None}
    found: dict[str, Leak] = {}
    for name in names:
        leak = _of_flag(name, flags[name], failed) if name in flags else _of_number(
            name, columns[name], failed)  # fmt: skip
        if leak is not None:
            found[name] = leak
    for name in _beside(names, flags, set(found), failures):
        found[name] = _figures(name, flags[name], failed, "a rare flag among flags of failures")
    return [found[name] for name in names if name in found]


def _flag(values: NDArray[np.float64], rows: int) -> NDArray[np.bool_] | None:
    """The rarer value of a column of two; None for other columns."""
    levels = np.unique(values[np.isfinite(values)])
    if levels.size != 2:
        return None
    one = values == levels[1]
    return np.asarray(one if 2 * int(one.sum()) <= rows else ~one)


def _figures(name: str, telling: NDArray[np.bool_], failed: NDArray[np.bool_], why: str) -> Leak:
    rows, hits = int(telling.sum()), int((telling & failed).sum())
    return Leak(name, rows, hits / max(1, rows), hits / int(failed.sum()), why)


def _of_flag(name: str, flag: NDArray[np.bool_], failed: NDArray[np.bool_]) -> Leak | None:
    figures = _figures(name, flag, failed, "a flag that is set only in failures")
    by_chance = float(failed.mean())
    # five hits in a row must be far beyond what the share of failures gives by itself
    if figures.rows < FEWEST or figures.precision < PRECISE or by_chance > 0.7:
        same = figures.precision >= PRECISE and figures.recall >= PRECISE
        return _figures(name, flag, failed, "the label once more") if same else None
    return figures


def _of_number(name: str, values: NDArray[np.float64], failed: NDArray[np.bool_]) -> Leak | None:
    """A number that ranks all failures before all others; few rows prove nothing."""
    finite = np.isfinite(values)
    positive, negative = values[finite & failed], values[finite & ~failed]
    if min(positive.size, negative.size) < 4 * FEWEST:
        return None
    merged = np.concatenate([positive, negative])
    _, inverse, counts = np.unique(merged, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    wins = ranks[: positive.size].sum() - positive.size * (positive.size + 1) / 2
    area = float(wins / (positive.size * negative.size))
    if max(area, 1 - area) < _RANKED:
        return None
    telling = values >= positive.min() if area > 0.5 else values <= positive.max()
    return replace(
        _figures(name, telling & finite, failed, "ranks all failures before all others"), flag=False
    )


def _beside(
    names: Sequence[str], flags: Mapping[str, NDArray[np.bool_]], leaking: set[str], failures: int
) -> list[str]:
    """Rare flags that stand in one block with two or more leaking flags.

    A column for a failure mode that happens to be noted without a failure is still noted afterwards.
    """
    found = []
    for index, name in enumerate(names):
        if name in leaking or name not in flags or int(flags[name].sum()) > failures:
            continue
        block = _block(names, index, flags)
        if len(block & leaking) >= 2:
            found.append(name)
    return found


def _block(names: Sequence[str], index: int, flags: Mapping[str, NDArray[np.bool_]]) -> set[str]:
    start = end = index
    while start > 0 and names[start - 1] in flags:
        start -= 1
    while end + 1 < len(names) and names[end + 1] in flags:
        end += 1
    return set(names[start : end + 1])
