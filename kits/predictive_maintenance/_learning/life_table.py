"""Histories as a table: rows of every unit as the columns that models see, with the life that was left at each.

The columns are the device's (`_device/life_columns.py`). It is not responsible for models, nor for splits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance._device.regimes import RegimeSpec, learn_regimes, tells_regime
from kits.predictive_maintenance._device.remaining import Method, RemainingSpec, age_of
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._learning.intervals import Life
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance.config import Config

Floats = NDArray[np.float64]
_CAP_SHARE = 0.63
_LEAST_ROWS = 10
"""Rows of a life before which nothing is learned: nobody can tell so early."""


@dataclass(frozen=True)
class LifeTable:
    """How rows become columns, the same for all units."""

    rows: RowSpec
    config: Config
    unit: str
    history: bool
    regimes: RegimeSpec | None
    centre: Floats
    spread: Floats
    per_row: float
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls, known: Sequence[Recording], rows: RowSpec, config: Config, seed: int, *, history: bool
    ) -> LifeTable:
        values = [rows_of(r.window, rows, config.speed_rpm).values for r in known]
        regimes, notes = _regimes(values, rows, config, seed) if history else (None, ())
        joined = np.vstack(values)
        which = regimes.nearest(joined) if regimes is not None else np.zeros(len(joined), np.intp)
        count = len(regimes.centres) if regimes is not None else 1
        usual = [_usual(joined[which == k], rows) for k in range(count)]
        centre, spread = (np.stack(part) for part in zip(*usual))
        unit = known[0].life.unit if known[0].life is not None else ""
        per_row = 1.0 if history else _interval(known)
        return cls(rows, config, unit, history, regimes, centre, spread, per_row, notes)

    def spec(self, method: Method, cap: float = 1.0) -> RemainingSpec:
        """What the device needs to make the same columns; its interval is still to be measured."""
        return RemainingSpec(
            method=method,
            rows=self.rows,
            unit=self.unit,
            window=self.config.life.window,
            cap=cap,
            confidence=self.config.life.confidence,
            regimes=self.regimes,
            centre=tuple(tuple(map(float, row)) for row in self.centre),
            spread=tuple(tuple(map(float, row)) for row in self.spread),
            history=self.history,
            per_row=self.per_row,
            edges=(),
            below=(0.0,),
            above=(0.0,),
        )

    def lives(self, known: Sequence[Recording], method: Method) -> tuple[list[Life], float]:
        """Columns and truth by unit, and the cap in their unit."""
        scale = self.spec(method)
        parts: dict[str, list[tuple[Floats, Floats]]] = {}
        lengths: dict[str, float] = {}
        for recording in known:
            assert recording.life is not None
            values = scale.scaled(
                rows_of(recording.window, self.rows, self.config.speed_rpm).values
            )
            inputs = scale.columns(values, age_of(recording.window))
            if self.history:
                left = recording.life.value + np.arange(len(values) - 1, -1, -1.0)
                first = min(_LEAST_ROWS, len(values)) - 1
            else:
                left = np.array([recording.life.value])
                first = 0
            longest = max(lengths.get(recording.asset, 0.0), float(left[0]) + self.per_row)
            lengths[recording.asset] = longest
            parts.setdefault(recording.asset, []).append((inputs[first:], left[first:]))
        usual = float(np.median(list(lengths.values())))
        # three figures: a bearing may live for two hours, an engine for two hundred cycles
        cap = self.config.life.cap or float(f"{_CAP_SHARE * usual:.3g}")
        lives = []
        for unit, found in parts.items():
            inputs = np.vstack([x for x, _ in found])
            left = np.minimum(np.concatenate([y for _, y in found]), cap)
            whole = np.isfinite(inputs).all(axis=1)
            lives.append(Life(unit, inputs[whole], left[whole], 1.0))
        return lives, cap


def _usual(values: Floats, rows: RowSpec) -> tuple[Floats, Floats]:
    """Mean and spread of each column.

    Raises:
        DataError: a column that never is a number.
    """
    known = np.isfinite(values).any(axis=0)
    if not known.all():
        column = rows.names[int(np.flatnonzero(~known)[0])]
        raise DataError(
            f"{column} is a number in no recording", fix="leave the channel out: model.ignore"
        )
    spread = np.nanstd(values, axis=0)
    return np.nanmean(values, axis=0), np.where(spread > 0, spread, 1.0)


def _interval(known: Sequence[Recording]) -> float:
    """Life that passes from one capture of a machine to its next, in the unit of life; the median."""
    left: dict[str, list[float]] = {}
    for recording in known:
        assert recording.life is not None
        left.setdefault(recording.asset, []).append(recording.life.value)
    steps = [step for found in left.values() for step in -np.diff(sorted(found, reverse=True))]
    return float(np.median(steps)) if steps else 1.0


def _regimes(
    values: Sequence[Floats], rows: RowSpec, config: Config, seed: int
) -> tuple[RegimeSpec | None, tuple[str, ...]]:
    """Regimes told by set points: named ones, else channels called so."""
    names = config.condition.regime_channels or tuple(
        name for name in rows.channels if tells_regime(name)
    )
    columns = tuple(rows.channels.index(name) for name in names if name in rows.channels)
    found = learn_regimes(
        list(values),
        columns,
        most=max(config.condition.max_regimes, 6),
        settle=0,
        smooth=1,
        seed=seed,
    )
    if found is None:
        return None, ()
    told = ", ".join(rows.channels[c] for c in columns)
    return found, (f"{len(found.centres)} operating regimes, told by {told}",)
