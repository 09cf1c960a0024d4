"""Learning remaining life from histories: trees on the course of the last readings, judged unit by unit.

Out-of-fold predictions (whole units left out) give the interval, the warning time and an honest figure; the models
that ship are fitted on all training units. A baseline of mean life is beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.kit import NoProgress, Progress
from kits.predictive_maintenance._device.regimes import RegimeSpec, learn_regimes, tells_regime
from kits.predictive_maintenance._device.remaining import (
    RemainingSpec,
    age_of,
    capture_columns,
    life_columns,
    views,
)
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._judging.scores import nasa_score
from kits.predictive_maintenance._learning import trees
from kits.predictive_maintenance._learning.intervals import Life, conformal
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance._learning.rows import choose_rows
from kits.predictive_maintenance.config import Config

Floats = NDArray[np.float64]
LEAST_UNITS = 4
_FOLDS = 5
_CAP_SHARE = 0.63
_LEAST_ROWS = 10
"""Rows of a life before which nothing is learned: nobody can tell so early."""
_MAX_ROWS = 60_000
_SCORED_CAP = 125.0
"""Of the fleet that the asymmetric score was made for."""
_DEARER = 1.005
_DRAWS = 2
"""Of each view in the models that ship: their mean depends less on the seed."""
_FEW, _THINNED = 40, 2
"""With more units than this, folds learn from every second row: neighbours say nearly the same."""


Member: TypeAlias = tuple[Any, NDArray[np.intp]]
"""A regressor with the columns it sees."""


@dataclass(frozen=True)
class LearnedLife:
    """A spec with its models and the predictions of units that were left out."""

    spec: RemainingSpec
    models: tuple[Member, ...]
    columns: int
    held_out: tuple[tuple[Life, Floats], ...]
    notes: tuple[str, ...]
    figures: Mapping[str, float]


def learn_remaining(
    train: Sequence[Recording],
    config: Config,
    seed: int,
    *,
    device: str = "cpu",
    progress: Progress | None = None,
) -> LearnedLife:
    """Remaining life from recordings with a known end.

    Raises:
        DataError: fewer than four units with a known end.
    """
    known = [r for r in train if r.life is not None]
    units = sorted({r.asset for r in known})
    if len(units) < LEAST_UNITS:
        raise DataError(
            f"{len(units)} machines with a known end of life are too few",
            fix=f"at least {LEAST_UNITS} are needed, 20 are good; until then: model.approach: condition",
        )
    rows, notes = choose_rows(known, config)
    history = len(known) == len(units)
    settings = _Settings.of(known, rows, config, seed, history=history)
    lives, cap = settings.lives(known)
    columns = lives[0].inputs.shape[1]
    seen = tuple(views(len(rows.names)).values()) if history else (np.arange(columns),) * 2
    work = _Fit(config, seed, device, cap, seen)
    progress = progress or NoProgress()
    progress.begin("learning remaining life", _FOLDS + 1)
    held_out = work.out_of_fold(lives, progress)
    models = work.models(lives, draws=_DRAWS)
    progress.advance()
    progress.end()
    caution = _caution(held_out, cap)
    held_out = tuple((life, np.clip(said - caution, 0, cap)) for life, said in held_out)
    edges, below, above = conformal(held_out, cap, config.life.confidence)
    spec = settings.spec(cap, edges, below, above).model_copy(update={"caution": caution})
    figures = _figures(held_out, cap) | {"caution": caution}
    told = (*notes, *settings.notes, _told(len(units), cap, spec.unit, figures))
    return LearnedLife(spec, models, columns, held_out, told, figures)


@dataclass(frozen=True)
class _Settings:
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
    ) -> _Settings:
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

    def spec(self, cap: float, edges: Floats, below: Floats, above: Floats) -> RemainingSpec:
        return RemainingSpec(
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
            edges=tuple(map(float, edges)),
            below=tuple(map(float, below)),
            above=tuple(map(float, above)),
        )

    def lives(self, known: Sequence[Recording]) -> tuple[list[Life], float]:
        """Columns and truth by unit, and the cap in their unit."""
        blank = np.empty(0)
        scale = self.spec(1.0, blank, np.zeros(1), np.zeros(1))
        parts: dict[str, list[tuple[Floats, Floats]]] = {}
        lengths: dict[str, float] = {}
        for recording in known:
            assert recording.life is not None
            values = scale.scaled(
                rows_of(recording.window, self.rows, self.config.speed_rpm).values
            )
            if self.history:
                inputs = life_columns(values, self.config.life.window, age_of(recording.window))
                left = recording.life.value + np.arange(len(values) - 1, -1, -1.0)
                first = min(_LEAST_ROWS, len(values)) - 1
            else:
                inputs, left = capture_columns(values), np.array([recording.life.value])
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


@dataclass(frozen=True)
class _Fit:
    config: Config
    seed: int
    device: str
    cap: float
    seen: tuple[NDArray[np.intp], ...]

    def models(self, lives: Sequence[Life], every: int = 1, draws: int = 1) -> tuple[Member, ...]:
        """The members of the ensemble, fitted on some units, on every so many rows, each view with some draws."""
        inputs = np.vstack([life.inputs for life in lives])
        left = np.concatenate([life.left for life in lives])
        step = max(len(inputs) // _MAX_ROWS, every)
        life = self.config.life
        return tuple(
            (
                trees.regressor(
                    inputs[::step][:, columns],
                    left[::step],
                    trees=life.trees,
                    depth=life.depth,
                    seed=self.seed + number,
                    device=self.device,
                ),
                columns,
            )
            for number, columns in enumerate(self.seen * draws)
        )

    def predict(self, models: Sequence[Member], inputs: Floats) -> Floats:
        found = [model.predict(inputs[:, seen].astype(np.float32)) for model, seen in models]
        mean: Floats = np.clip(np.mean(found, axis=0), 0, self.cap)
        return mean.astype(np.float64)

    def out_of_fold(
        self, lives: Sequence[Life], progress: Progress
    ) -> tuple[tuple[Life, Floats], ...]:
        """Each unit with the predictions of models that never saw it."""
        order = np.random.default_rng(self.seed).permutation(len(lives))
        folds = min(_FOLDS, len(lives))
        found: list[tuple[Life, Floats]] = []
        for fold in range(folds):
            left_out = {int(i) for i in order[fold::folds]}
            rest = [x for i, x in enumerate(lives) if i not in left_out]
            models = self.models(rest, _THINNED if len(rest) > _FEW else 1)
            found += [(lives[i], self.predict(models, lives[i].inputs)) for i in sorted(left_out)]
            progress.advance()
        return tuple(found)


def _caution(held_out: Sequence[tuple[Life, Floats]], cap: float) -> float:
    """How much less to say than the trees do: a warning that comes late costs more than one that comes early.

    The shift of least asymmetric score (Saxena et al. 2008, scaled to this cap) on units left out that makes the
    plain error hardly larger.
    """

    def judged(shift: float) -> tuple[float, float]:
        errors = [np.clip(said - shift, 0, cap) - life.left for life, said in held_out]
        score = sum(nasa_score(e * _SCORED_CAP / cap) / len(e) for e in errors)
        return score, float(np.sqrt(np.mean([(e**2).mean() for e in errors])))

    shifts = np.linspace(0, 0.04 * cap, 17)
    found = [(float(shift), *judged(float(shift))) for shift in shifts]
    allowed = [one for one in found if one[2] <= _DEARER * found[0][2]]
    return min(allowed, key=lambda one: one[1])[0]


def _figures(held_out: Sequence[tuple[Life, Floats]], cap: float) -> dict[str, float]:
    errors = np.concatenate([predicted - life.left for life, predicted in held_out])
    truth = np.concatenate([life.left for life, _ in held_out])
    return {
        "cv_rmse": float(np.sqrt((errors**2).mean())),
        "cv_rmse_mean_life": float(truth.std()),
        "units": float(len(held_out)),
        "cap": cap,
    }


def _told(units: int, cap: float, unit: str, figures: Mapping[str, float]) -> str:
    return (
        f"{units} machines with a known end; life counted up to {cap:g} {unit}; machines left out in turn: "
        f"RMSE {figures['cv_rmse']:.3g}, always saying the mean: {figures['cv_rmse_mean_life']:.3g}"
    )
