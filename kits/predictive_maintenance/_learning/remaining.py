"""Learning remaining life from histories: trees and a network on the course of the last readings, judged by unit.

Out-of-fold predictions (whole units left out) choose between them and give the interval, the warning time and an honest
figure; the models that ship are fitted on all training units. A baseline of mean life is beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kits.core.errors import DataError
from kits.core.kit import NoProgress, Progress
from kits.predictive_maintenance._device.remaining import RemainingSpec
from kits.predictive_maintenance._learning import life_models
from kits.predictive_maintenance._learning.intervals import Life, conformal
from kits.predictive_maintenance._learning.life_choice import choose, methods_to_try
from kits.predictive_maintenance._learning.life_models import Ensemble, Fit, HeldOut
from kits.predictive_maintenance._learning.life_table import LifeTable
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance._learning.rows import choose_rows
from kits.predictive_maintenance.config import Config

LEAST_UNITS = 4


@dataclass(frozen=True)
class LearnedLife:
    """A spec with its models and the predictions of units that were left out."""

    spec: RemainingSpec
    models: Ensemble
    held_out: HeldOut
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
        MachineError: a package is missing.
    """
    known = [r for r in train if r.life is not None]
    units = sorted({r.asset for r in known})
    _enough(len(units))
    rows, notes = choose_rows(known, config)
    history = len(known) == len(units)
    table = LifeTable.of(known, rows, config, seed, history=history)
    channels = len(rows.names) if history else 0
    methods, untried = methods_to_try(
        len(units), sum(one.readings for one in known), channels, config.life.network, device
    )
    lives, cap = table.lives(known, methods[-1])
    lives, gaps = _told_of(lives)
    fit = Fit(config, seed, device, cap, channels)
    progress = progress or NoProgress()
    progress.begin("learning remaining life", life_models.FOLDS + 1)
    choice = choose(fit.out_of_fold(lives, methods, progress), cap)
    chosen = choice.chosen
    if chosen.method == "trees" and len(methods) > 1:
        lives = life_models.without_parts(lives, fit.channels)
    models = fit.ensemble(lives, chosen.method, draws=life_models.DRAWS)
    progress.advance()
    progress.end()
    spec = _with_interval(table.spec(chosen.method, cap), chosen.held_out, config)
    figures = {"cv_rmse": chosen.rmse, **_figures(chosen.held_out, cap), **choice.figures}
    told = _told(len(lives), spec, figures, tells=chosen.tells_life)
    return LearnedLife(
        spec.model_copy(update={"caution": chosen.caution}),
        models,
        chosen.held_out,
        (*notes, *table.notes, *gaps, *told, *choice.notes, *untried),
        figures | {"caution": chosen.caution},
    )


def _enough(units: int) -> None:
    if units < LEAST_UNITS:
        raise DataError(
            f"{units} machines with a known end of life are too few",
            fix=f"at least {LEAST_UNITS} are needed, 20 are good; until then: model.approach: condition",
        )


def _told_of(lives: Sequence[Life]) -> tuple[list[Life], tuple[str, ...]]:
    """The lives of which a row is whole, and which are not among them.

    Raises:
        DataError: fewer than four are left.
    """
    found = [life for life in lives if life.left.size]
    lost = [life.unit for life in lives if not life.left.size]
    if not lost:
        return found, ()
    _enough(len(found))
    names = ", ".join(lost[:5]) + (" and others" if len(lost) > 5 else "")
    return found, (
        f"nothing was learned from {len(lost)} machines, because readings are missing from their start on: {names}",
    )


def _with_interval(spec: RemainingSpec, held_out: HeldOut, config: Config) -> RemainingSpec:
    edges, below, above = conformal(held_out, spec.cap, config.life.confidence)
    return spec.model_copy(
        update={
            "edges": tuple(map(float, edges)),
            "below": tuple(map(float, below)),
            "above": tuple(map(float, above)),
        }
    )


def _figures(held_out: HeldOut, cap: float) -> dict[str, float]:
    truth = np.concatenate([life.left for life, _ in held_out])
    return {
        "cv_rmse_mean_life": float(truth.std()),
        "units": float(len(held_out)),
        "cap": cap,
    }


def _told(
    units: int, spec: RemainingSpec, figures: Mapping[str, float], *, tells: bool
) -> tuple[str, ...]:
    said = (
        f"{units} machines with a known end; life counted up to {spec.cap:g} {spec.unit}; machines left out in turn: "
        f"RMSE {figures['cv_rmse']:.3g}, always saying the mean: {figures['cv_rmse_mean_life']:.3g}"
    )
    if tells:
        return (said,)
    nothing = (
        "nothing learned: of machines left out it said no better than always the mean does, so these readings do not show "
        "how long a machine will last, and its alarms come as by chance"
    )
    return said, nothing
