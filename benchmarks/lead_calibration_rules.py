"""Rules by which probabilities are corrected before a period, side by side: published ones, the kit's former, the kit's own.

What each does to probabilities is measured in `lead_calibration.py`; the rule in force is imported, not copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kits.core.stats import Floats
from kits.lead_scoring._learning.calibration import Slice, calibrate
from kits.lead_scoring._learning.level import level_of, raised
from kits.lead_scoring._learning.newton import logistic_fit
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.spec import CalibratorSpec

Rule = Callable[[Sequence[Slice], Floats], CalibratorSpec]
"""The steps before, and the log-odds of the leads to come, whose outcomes nobody knows → a correction."""
IN_FORCE = "**in force**"
EM_ROUNDS = 100


def losses(data: Slice, spec: CalibratorSpec) -> Floats:
    """(leads,) log-loss of each."""
    logits = calibrated(data.margins, spec)
    found: Floats = np.logaddexp(0.0, np.where(data.won > 0, -logits, logits))
    return found


def _none(_earlier: Sequence[Slice], _coming: Floats) -> CalibratorSpec:
    return CalibratorSpec()


def _platt(earlier: Sequence[Slice], _coming: Floats) -> CalibratorSpec:
    """Platt 1999 on the latest step, unshrunk."""
    return _straight(earlier[-1])


def _beyond_doubt(earlier: Sequence[Slice], _coming: Floats) -> CalibratorSpec:
    """The rule before: Platt on all, if that of the first two lowers log-loss on the latest beyond one standard error."""
    *_, latest = earlier
    gap = losses(latest, _straight(_joined(earlier[:-1]))) - losses(latest, CalibratorSpec())
    pays = gap.mean() < -gap.std() / np.sqrt(len(gap))
    return _straight(_joined(earlier)) if pays else CalibratorSpec()


def _latest_rate(earlier: Sequence[Slice], _coming: Floats) -> CalibratorSpec:
    """Prior correction (Saerens 2002, equation 4): from the share won that was said to the one of the latest step."""
    latest = earlier[-1]
    return _to_rate(float(probability(latest.margins).mean()), float(latest.won.mean()))


def _own_rate(earlier: Sequence[Slice], coming: Floats) -> CalibratorSpec:
    """Prior correction without outcomes: from what was said lately to what explains the coming leads' own scores.

    Expectation and maximisation (Saerens 2002).
    """
    said = rate = float(probability(_joined(earlier).margins).mean())
    for _ in range(EM_ROUNDS):
        rate = float(probability(coming + _to_rate(said, rate).b).mean())
    return _to_rate(said, rate)


def _level_stands(earlier: Sequence[Slice], _coming: Floats) -> CalibratorSpec:
    """The rule in force without the level of late."""
    return calibrate(earlier, "auto")[0]


def _in_force(earlier: Sequence[Slice], coming: Floats) -> CalibratorSpec:
    made = _level_stands(earlier, coming)
    return raised(made, level_of(earlier, made).to_come)


RULES: Mapping[str, Rule] = {
    "none": _none,
    "Platt, latest step": _platt,
    "the rule before": _beyond_doubt,
    "the latest step's rate": _latest_rate,
    "own scores (EM)": _own_rate,
    "without the level of late": _level_stands,
    IN_FORCE: _in_force,
}


def _straight(data: Slice) -> CalibratorSpec:
    b, a = logistic_fit(data.margins[:, None], data.won)
    return CalibratorSpec(method="platt", a=a, b=b) if a > 0 else CalibratorSpec()


def _to_rate(said: float, rate: float) -> CalibratorSpec:
    said, rate = (float(np.clip(one, 1e-3, 1 - 1e-3)) for one in (said, rate))
    shift = float(np.log(rate / (1 - rate)) - np.log(said / (1 - said)))
    return CalibratorSpec(method="platt", b=shift)


def _joined(slices: Sequence[Slice]) -> Slice:
    parts = zip(*((one.margins, one.won) for one in slices))
    return Slice(*(np.concatenate(part) for part in parts))
