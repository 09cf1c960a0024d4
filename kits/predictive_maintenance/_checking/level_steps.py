"""A channel whose level moves at one time and stays: a sensor that was changed or calibrated, another set point.

What a model learns before does not hold after it. Other channels explain how the machine was run, so what is looked at is
what they leave unexplained: the residual of a ridge regression on them, by blocks of an hour or longer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._checking.levels import Levels

_DAY_S = 86_400.0
_MOST_MISSING = 0.2
_FEWEST_BLOCKS = 24
_FEWEST_DAYS = 2
"""On either side: what a machine does while it warms up is no step."""
_RIDGE = 0.05
"""Of the correlation matrix: channels that move together share what they explain."""
_COMPARED_DAYS = 14
"""On either side: over longer times levels wander."""
_SUDDEN = 0.7
"""Share of the whole move that happens from one day to the next."""
_OTHER_MOVES = 0.5
"""Of the step: no other move from one day to the next may be larger."""
_MOST_STEPS = 20

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Step:
    """A channel's level moved and stayed.

    Attributes:
        at_s: seconds since 1970, to a block.
        amount: by how much it moved, in the channel's unit; its factor where `times`.
        times: whether it is multiplied, as by another sensitivity or unit.
    """

    channel: str
    at_s: float
    amount: float
    times: bool = False


def level_steps(recordings: Sequence[Levels], block_s: float) -> Iterator[Step]:
    """Steps of one machine's channels, the clearest first.

    Args:
        recordings: of the machine.
        block_s: seconds of a block.
    """
    blocks, names, values = _matrix(recordings)
    day = max(1, round(_DAY_S / block_s))
    if not names or blocks.size < 2 * _side(day):
        return
    scales = [_Scale(values), _Scale(_logarithms(values), times=True)]
    left = list(range(len(names)))
    for _ in range(min(len(names), _MOST_STEPS)):
        found = [one for scale in scales if (one := scale.clearest(left, day)) is not None]
        if not found:
            return
        widest = max(found, key=lambda one: one.moved).column
        clearest = max((one for one in found if one.column == widest), key=lambda one: one.clear)
        yield Step(
            names[clearest.column], float(blocks[clearest.at] * block_s), clearest.amount, clearest.times
        )  # fmt: skip
        left.remove(clearest.column)


@dataclass(frozen=True, slots=True)
class _Found:
    """A step in a column from a block on.

    Attributes:
        moved: its size beside the column's whole scatter.
        clear: its size beside what others leave unexplained.
    """

    column: int
    at: int
    moved: float
    clear: float
    amount: float
    times: bool


class _Scale:
    """Channels as they are, or their logarithms, in which a factor is a step."""

    def __init__(self, values: Floats, *, times: bool = False) -> None:
        self._spread = values.std(axis=0)
        self._values = (values - values.mean(axis=0)) / np.where(self._spread > 0, self._spread, 1)
        self._times = times

    def clearest(self, left: Sequence[int], day: int) -> _Found | None:
        """The column of `left` whose own level moved most among those with a step."""
        unexplained = _unexplained(self._values[:, left])
        found = []
        for number, column in enumerate(left):
            level = self._values[:, column]
            # where all moved at once, the others explain it: then the level itself tells
            for own in (unexplained[:, number], level):
                at = _step_in(own, day)
                if at is not None:
                    found.append(self._found(column, at, own, abs(_moved(level, at, day)), day))
                    break
        return max(found, key=lambda one: one.moved) if found else None

    def _found(self, column: int, at: int, own: Floats, moved: float, day: int) -> _Found:
        step = _moved(own, at, day)
        clear = abs(step) / max(float(own[:at].std() + own[at:].std()), 1e-12)
        amount = step * float(self._spread[column])
        amount = float(np.exp(amount)) if self._times else amount
        return _Found(column, at, moved, clear, amount, self._times)


def _logarithms(values: Floats) -> Floats:
    """Of channels that are above zero all along; zeros for the others."""
    positive = (values > 0).all(axis=0)
    found: Floats = np.where(positive, np.log(np.where(positive, values, 1.0)), 0.0)
    return found


def _moved(values: Floats, at: int, day: int) -> float:
    return float(values[at : at + day].mean() - values[at - day : at].mean())


def _matrix(recordings: Sequence[Levels]) -> tuple[NDArray[np.int64], list[str], Floats]:
    """Blocks in order, and (blocks, channels) of those channels that are nearly always there and move."""
    if not recordings:
        return np.zeros(0, np.int64), [], np.zeros((0, 0))
    times = np.unique(np.concatenate([one.blocks for one in recordings]))
    names = sorted({name for one in recordings for name in one.means})
    values = np.full((times.size, len(names)), np.nan)
    for one in recordings:
        rows = np.searchsorted(times, one.blocks)
        for column, name in enumerate(names):
            if name in one.means:
                told = np.isfinite(one.means[name])
                values[rows[told], column] = one.means[name][told]
    any_told = np.isfinite(values).any(axis=1)
    times, values = times[any_told], values[any_told]
    if not times.size:
        return times, [], values
    kept = [
        column
        for column in range(len(names))
        if np.isnan(values[:, column]).mean() <= _MOST_MISSING and np.nanstd(values[:, column]) > 0
    ]
    values = values[:, kept]
    blank = np.isnan(values)
    if values.size:
        values[blank] = np.broadcast_to(np.nanmedian(values, axis=0), values.shape)[blank]
    return times, [names[column] for column in kept], values


def _unexplained(scaled: Floats) -> Floats:
    """(blocks, channels) what the other channels leave unexplained of each.

    The residuals of all regressions at once come from the inverse of the correlation matrix.
    """
    blocks, channels = scaled.shape
    correlation = scaled.T @ scaled / blocks + _RIDGE * np.eye(channels)
    inverse = np.linalg.inv(correlation)
    residuals: Floats = scaled @ inverse / np.diag(inverse)
    return residuals


def _side(day: int) -> int:
    """Blocks that must be there before and after a step."""
    return max(_FEWEST_DAYS * day, _FEWEST_BLOCKS)


def _step_in(residual: Floats, day: int) -> int | None:
    """The block from which on another level holds; None without a single sudden lasting move."""
    side = _side(day)
    total = np.concatenate([[0.0], np.cumsum(residual)])
    places = np.arange(day, residual.size - day + 1)
    moves = np.abs(total[places + day] - 2 * total[places] + total[places - day]) / day
    at = int(places[moves.argmax()])
    if not side <= at <= residual.size - side:
        return None
    around = _COMPARED_DAYS * day
    before, after = residual[max(0, at - around) : at], residual[at : at + around]
    whole = float(np.median(after) - np.median(before))
    if whole < 0:
        before, after = after, before
    apart = np.quantile(after, 0.05) > np.quantile(before, 0.95)
    elsewhere = moves[np.abs(places - at) >= day]
    sudden = moves.max() >= _SUDDEN * abs(whole)
    alone = not elsewhere.size or elsewhere.max() <= _OTHER_MOVES * moves.max()
    return at if apart and sudden and alone else None
