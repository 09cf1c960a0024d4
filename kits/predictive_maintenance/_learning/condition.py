"""Learning normal running: one model per asset and regime, its tail on held-out time, the steadiest method.

The methods are in `_learning/methods.py`. Fit on the train split, tails on the val split (both in time blocks); where an asset has no val
part, its last three eighths are held out, and so are those of a way of running that only its val part has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance._device.condition import (
    ConditionModel,
    ConditionSpec,
    lagged,
    transformed,
)
from kits.predictive_maintenance._device.regimes import RegimeSpec, rolling_median
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._device.tail import LEAST_ROWS, Tail, fit
from kits.predictive_maintenance._learning.counters import counting, told_of
from kits.predictive_maintenance._learning.methods import FEW_ROWS, METHODS, Parts, fitted, index_of
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance._learning.rows import choose_rows
from kits.predictive_maintenance._learning.ways_of_running import regimes_of
from kits.predictive_maintenance.config import Config

Floats = NDArray[np.float64]
_FIT_SHARE = 0.625
_LEAST_ROWS = 60
_PER_NUMBER = 10.0
"""Rows for each number of a row before relations between those numbers are believed."""
_MOST_NUMBERS = 1_000
"""In a row with its predecessors: relations between all pairs of them are learnt, and run on the device."""
_SHIFT = 2.0
"""Spreads by which a channel is moved to ask a method what it would see."""
_FLOOR = 0.05
"""Least spread of a column, as a share of that over all assets: a still machine is not infinitely exact."""
_MAX_FLEET_ROWS = 20_000
_DEFAULT, _OTHER = "shrunk", "components"
_TIE = 0.1
"""The other method must see this much more, as a logarithm, to take the place of the default."""
_MOST_ASSETS, _MOST_COLUMNS = 12, 24


@dataclass(frozen=True)
class Learned:
    """A spec with the numbers of its graph."""

    spec: ConditionSpec
    means: Floats
    inverse_scales: Floats
    matrices: Floats
    notes: tuple[str, ...]
    figures: Mapping[str, float]


@dataclass(frozen=True)
class _Piece:
    """An uninterrupted stretch of normal running: rows as they are, and as the model sees them."""

    asset: str
    raw: Floats
    values: Floats
    held_out: bool


def learn_condition(
    train: Sequence[Recording], val: Sequence[Recording], config: Config, seed: int
) -> Learned:
    """Models of normal running.

    Raises:
        DataError: too little normal running.
    """
    usual = [r for r in train if r.is_normal() and r.early().any()]
    if not usual:
        raise DataError(
            "no recording of normal running to learn from",
            fix="label some as normal, or leave them without a label; a week of running is a good start",
        )
    rows, notes = choose_rows(usual, config)
    single = all(r.readings == 1 for r in usual)
    slow = rows.kind == "readings" and not single
    counters = tuple(name for name in counting(usual) if name in rows.channels) if slow else ()
    if counters:
        ignore = (*config.ignore, *counters)
        rows, notes = choose_rows(usual, config.model_copy(update={"ignore": ignore}))
        notes = (*notes, told_of(counters))
    lags = config.condition.lags if slow else 1
    fitting = max(_MOST_NUMBERS // len(rows.names), 1)
    if lags > fitting:
        notes = (
            *notes,
            f"{fitting} of {lags} readings side by side: {len(rows.names)} columns are many",
        )
        lags = fitting
    median = config.condition.median if slow else min(config.condition.median, 3)
    held = [r for r in val if r.is_normal() and r.early().any()]
    logarithm = _logarithms(usual, rows, config)
    pieces = [
        *_pieces(usual, rows, logarithm, config, held_out=False),
        *_pieces(held, rows, logarithm, config, held_out=True),
    ]
    courses = [(p.asset, p.raw) for p in pieces]
    regimes, said = regimes_of(courses, rows, config, seed, slow=slow)
    work = _Work(rows, logarithm, lags, median, regimes, config)
    learned = work.learn(pieces)
    told = (*notes, *said, *learned.notes)
    return Learned(
        learned.spec, learned.means, learned.inverse_scales, learned.matrices, told, learned.figures
    )


def _logarithms(recordings: Sequence[Recording], rows: RowSpec, config: Config) -> tuple[bool, ...]:
    """Columns of waveform figures that are positive and skew to the right: levels, not readings."""
    if rows.kind == "readings":
        return (False,) * len(rows.names)
    values = np.vstack([rows_of(r.window, rows, config.speed_rpm).values for r in recordings[:200]])
    taken = []
    for column, (name, sources) in enumerate(zip(rows.names, rows.sources)):
        known = values[np.isfinite(values[:, column]), column]
        heard = bool(sources & rows.features.keys()) and "log10" not in name
        positive = known.size > 0 and bool((known > 0).all())
        taken.append(heard and positive and float(np.median(known)) < float(known.mean()))
    return tuple(taken)


def _pieces(
    recordings: Sequence[Recording],
    rows: RowSpec,
    logarithm: tuple[bool, ...],
    config: Config,
    *,
    held_out: bool,
) -> list[_Piece]:
    pieces = []
    for recording in recordings:
        made = rows_of(recording.window, rows, config.speed_rpm)
        bad = recording.faulty() | ~recording.early()
        starts = np.concatenate([[0], made.ends[:-1]]) if len(made) else made.ends
        clean = np.array(
            [not bad[min(a, b - 1) : b].any() for a, b in zip(starts, made.ends)], np.bool_
        )
        for run in _runs(clean):
            raw = made.values[run]
            pieces.append(_Piece(recording.asset, raw, transformed(raw, logarithm), held_out))
    return pieces


def _known(pieces: Sequence[Floats]) -> int:
    return sum(int(np.isfinite(x[:, 0]).sum()) for x in pieces)


def _whole(pieces: Sequence[Floats]) -> list[Floats]:
    return [x[np.isfinite(x).all(axis=1)] for x in pieces]


def _runs(mask: NDArray[np.bool_]) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2])]


@dataclass(frozen=True)
class _Work:
    rows: RowSpec
    logarithm: tuple[bool, ...]
    lags: int
    median: int
    regimes: RegimeSpec | None
    config: Config

    @property
    def _gap(self) -> int:
        return 2 * max(self.median, self.lags)

    @property
    def _ways(self) -> int:
        return len(self.regimes.centres) if self.regimes else 1

    def learn(self, pieces: list[_Piece]) -> Learned:
        fleet_spread = self._fleet_spread(pieces)
        methods, why = self._choose(pieces, fleet_spread)
        models: list[ConditionModel] = []
        numbers: list[Parts] = []
        for asset in ["", *sorted({p.asset for p in pieces if p.asset})]:
            mine = [p for p in pieces if not asset or p.asset == asset]
            for regime, method in enumerate(methods):
                fitted = self._fit(mine, regime, method, fleet_spread)
                if fitted is None:
                    continue
                model, parts = fitted
                models.append(model.model_copy(update={"asset": asset}))
                numbers.append(parts)
        if not models:
            raise DataError(
                f"too little normal running: {sum(len(p.raw) for p in pieces)} rows",
                fix=f"at least {_LEAST_ROWS + LEAST_ROWS} rows in one piece are needed; record longer",
            )
        spec = ConditionSpec(
            rows=self.rows,
            logarithm=self.logarithm,
            lags=self.lags,
            median=self.median,
            regimes=self.regimes,
            models=tuple(models),
            method=", ".join(dict.fromkeys(methods)),
        )
        means, scales, matrices = (np.stack(part) for part in zip(*map(astuple, numbers)))
        own = sum(bool(m.asset) for m in models)
        notes = (why, f"{own} models of single machines, {len(models) - own} of all together")
        return Learned(spec, means, scales, matrices, notes, {"models": float(len(models))})

    def _fleet_spread(self, pieces: Sequence[_Piece]) -> Floats:
        """(columns,) the usual spread within a machine: the median, for one of another size must not set it."""
        by_asset: dict[str, list[Floats]] = {}
        for p in pieces:
            if len(p.values):
                by_asset.setdefault(p.asset, []).append(p.values - np.nanmedian(p.values, axis=0))
        spreads = np.stack([np.nanstd(np.vstack(mine), axis=0) for mine in by_asset.values()])
        usual = [column[column > 0] for column in spreads.T]
        return np.array([np.median(own) if own.size else 1.0 for own in usual])

    def _fit(
        self, pieces: Sequence[_Piece], regime: int, method: str, fleet_spread: Floats
    ) -> tuple[ConditionModel, Parts] | None:
        learning, holding = self._divided(pieces, regime)
        rows = [x for x in learning if len(x)]
        if sum(map(len, rows)) < _LEAST_ROWS:
            return None
        calibrated = self._parts(rows, method, fleet_spread)
        tail = self._tail(holding, calibrated)
        if tail is None:
            return None
        parts = calibrated
        if method == FEW_ROWS:
            # what was held out for the tail is normal running too, the newest, and too much of the little to be left out
            parts = self._parts([*rows, *_whole(holding)], method, fleet_spread)
        width = len(fleet_spread)
        model = ConditionModel(
            asset="",
            regime=regime,
            centre=tuple(map(float, parts.mean[:width])),
            spread=tuple(float(1 / s) for s in parts.inverse_spread[:width]),
            tail=tail,
        )
        return model, parts

    def _divided(self, pieces: Sequence[_Piece], regime: int) -> tuple[list[Floats], list[Floats]]:
        """Rows beside their predecessors, to learn from and held out; stretches stay whole.

        A way of running that a machine began when its val part had begun is divided as one without a val part is.
        """
        learning = [self._seen(p, regime) for p in pieces if not p.held_out]
        holding = [self._seen(p, regime) for p in pieces if p.held_out]
        if self.regimes and learning and _known(learning) < _LEAST_ROWS:
            learning, holding = [*learning, *holding], []
        if _known(holding) < LEAST_ROWS:
            cuts = [int(len(x) * _FIT_SHARE) for x in learning]
            holding = [x[cut:] for x, cut in zip(learning, cuts)]
            learning = [x[:cut] for x, cut in zip(learning, cuts)]
        return _whole(learning), holding

    def _seen(self, piece: _Piece, regime: int) -> Floats:
        stacked = lagged(piece.values, self.lags)
        if self.regimes is not None:
            stacked = np.where((self.regimes.assign(piece.raw) == regime)[:, None], stacked, np.nan)
        return stacked

    def _parts(self, rows: Sequence[Floats], method: str, fleet_spread: Floats) -> Parts:
        joined = np.vstack(rows)
        joined = joined[:: max(len(joined) // _MAX_FLEET_ROWS, 1)]
        least = _FLOOR * fleet_spread
        return fitted(joined, least, METHODS[method], self.config.condition.explained)

    def _index(self, piece: Floats, parts: Parts) -> Floats:
        raw = index_of(piece, parts)
        smooth = rolling_median(raw, self.median)
        smooth[~np.isfinite(raw)] = np.nan
        return smooth

    def _tail(self, holding: Sequence[Floats], parts: Parts) -> Tail | None:
        period_s = 1 / self.rows.rate_hz if self.rows.rate_hz else 0.0
        try:
            return fit([self._index(x, parts) for x in holding], period_s, self._gap)
        except ValueError:
            return None

    def _choose(self, pieces: Sequence[_Piece], fleet_spread: Floats) -> tuple[list[str], str]:
        """For each regime what sees a small shift in it best beside how far held-out normal running strays; levels where rows are few.

        A regime of few rows is judged as the commonest is: the few do not tell.
        """
        count, usual = self._ways, self._commonest(pieces)
        found = [self._margins(regime, pieces, fleet_spread) for regime in range(count)]
        commonest = found[usual]
        if commonest is None:
            return [FEW_ROWS] * count, (
                f"method {FEW_ROWS}: with fewer than {_PER_NUMBER:g} rows of a machine for each number of a row, "
                "how channels belong together is not certain"
            )
        methods = [_best_of(own or commonest) for own in found]
        best, others = methods[usual], [name for name in methods if name != methods[usual]]
        elsewhere = f", {others[0]} in {len(others)} of {count} ways of running" if others else ""
        told = ", ".join(f"{name} {value:.2f}" for name, value in commonest.items())
        return methods, (
            f"method {best}{elsewhere}: sees a shift of {_SHIFT:g} spreads in one channel best beside how far held-out "
            f"normal running strays (logarithms{' in the commonest' if count > 1 else ''}: {told})"
        )

    def _margins(
        self, regime: int, pieces: Sequence[_Piece], fleet_spread: Floats
    ) -> dict[str, float] | None:
        """How well each method sees a small shift in a regime, the median over machines; None: too few rows to tell."""
        margins = {name: [] for name in (_DEFAULT, _OTHER)}  # type: dict[str, list[float]]
        per_number = []
        for asset in sorted({p.asset for p in pieces})[:_MOST_ASSETS]:
            learning, holding = self._divided([p for p in pieces if p.asset == asset], regime)
            rows = [x for x in learning if len(x)]
            if sum(map(len, rows)) < _LEAST_ROWS or not holding:
                continue
            per_number.append(sum(map(len, rows)) / rows[0].shape[1])
            for name, found in margins.items():
                parts = self._parts(rows, name, fleet_spread)
                margin = self._margin(holding, parts, len(fleet_spread))
                if np.isfinite(margin):
                    found.append(margin)
        if not per_number or float(np.median(per_number)) < _PER_NUMBER:
            return None
        return {name: float(np.median(found)) for name, found in margins.items() if found}

    def _commonest(self, pieces: Sequence[_Piece]) -> int:
        """The regime of most rows."""
        if self.regimes is None:
            return 0
        found = np.concatenate([self.regimes.assign(p.raw) for p in pieces])
        return int(np.bincount(found[found >= 0], minlength=1).argmax())

    def _margin(self, holding: Sequence[Floats], parts: Parts, width: int) -> float:
        usual = np.concatenate([self._index(x, parts) for x in holding])
        usual = usual[np.isfinite(usual) & (usual > 0)]
        if usual.size < LEAST_ROWS:
            return float("nan")
        seen = []
        for column in range(min(width, _MOST_COLUMNS)):
            places = [lag * width + column for lag in range(self.lags)]
            moved = []
            for x in holding:
                changed = x.copy()
                changed[:, places] += _SHIFT / parts.inverse_spread[places]
                moved.append(self._index(changed, parts))
            seen.append(float(np.log(np.nanmedian(np.concatenate(moved)))))
        return float(np.median(seen) - np.log(np.quantile(usual, 0.99)))


def _best_of(margins: Mapping[str, float]) -> str:
    """The method that sees most; the default where the other one hardly sees more."""
    return max(
        margins,
        key=lambda name: margins[name] + (_TIE if name == _DEFAULT else 0.0),
        default=_DEFAULT,
    )
