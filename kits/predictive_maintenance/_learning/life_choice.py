"""Which model of remaining life ships: trees, a network or the mean of both, by what each said of units left out.

The simpler one stays unless another is better by more than its standard error. It is not responsible for fitting
(`_learning/life_models.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._device.remaining import Method
from kits.predictive_maintenance._judging.scores import nasa_score
from kits.predictive_maintenance._learning.life_models import HeldOut, network_s

Floats = NDArray[np.float64]
SIMPLEST_FIRST: tuple[Method, ...] = ("trees", "network", "both")
LEAST_FOR_NETWORK = 20
"""Units below which none can be spared to stop a training, and a standard error over them is a guess."""
MOST_S = 120.0
"""On one core of a CPU; a network that takes longer is tried only when it is asked for."""
_SCORED_CAP = 125.0
"""Of the fleet that the asymmetric score was made for."""
_DEARER = 1.005
_NAMES: dict[Method, str] = {"trees": "trees", "network": "network", "both": "the mean of both"}


@dataclass(frozen=True)
class Candidate:
    """One way to say remaining life, judged on units left out.

    Attributes:
        caution: how much less than its models it says.
        held_out: what it says, caution included.
        squares: mean squared error of each unit.
        costs: mean asymmetric cost of each unit.
    """

    method: Method
    caution: float
    held_out: HeldOut
    squares: Floats
    costs: Floats

    @classmethod
    def of(cls, method: Method, held_out: HeldOut, cap: float) -> Candidate:
        caution = _caution(held_out, cap)
        said = tuple((life, np.clip(found - caution, 0, cap)) for life, found in held_out)
        return cls(method, caution, said, *judged(said, cap))

    @property
    def rmse(self) -> float:
        """Over all rows of all units."""
        errors = np.concatenate([said - life.left for life, said in self.held_out])
        return float(np.sqrt((errors**2).mean()))

    def beats(self, other: Candidate) -> bool:
        """Whether its squared error is less by more than the standard error over units, and late calls no dearer."""
        return _less(self.squares, other.squares) and self.costs.mean() <= other.costs.mean()

    @property
    def tells_life(self) -> bool:
        """Whether it errs less than always the mean does: over all rows, and over units by more than their standard error."""
        left = np.concatenate([life.left for life, _ in self.held_out])
        always = [float(((life.left - left.mean()) ** 2).mean()) for life, _ in self.held_out]
        return self.rmse < left.std() and _less(self.squares, np.array(always))


@dataclass(frozen=True)
class Choice:
    """The candidate that ships, and what the others said."""

    chosen: Candidate
    candidates: tuple[Candidate, ...]

    @property
    def figures(self) -> Mapping[str, float]:
        """For the run's record: each candidate's error, and what its errors cost per unit."""
        found: dict[str, float] = {}
        for one in self.candidates:
            found[f"cv_rmse_{one.method}"] = one.rmse
            found[f"cv_cost_{one.method}"] = float(one.costs.mean())
        return found if len(self.candidates) > 1 else {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was compared, in a sentence; nothing where there was no choice."""
        if len(self.candidates) < 2:
            return ()
        compared = "; ".join(
            f"{_NAMES[one.method]} {one.rmse:.3g} and {one.costs.mean():.3g}"
            for one in self.candidates
        )
        return (
            f"RMSE and asymmetric cost with machines left out in turn: {compared}; "
            f"taken: {_NAMES[self.chosen.method]}",
        )


def methods_to_try(
    units: int, rows: int, channels: int, wanted: str, device: str
) -> tuple[tuple[Method, ...], tuple[str, ...]]:
    """What is compared, simplest first, and a sentence where the data or the time allow no network.

    Args:
        rows: of all units.
        channels: of the rows of a life; 0 where a unit is heard in captures, whose course no network sees.
        wanted: `auto`, `never` or `always`.
    """
    if wanted == "never" or not channels:
        return SIMPLEST_FIRST[:1], ()
    if units < LEAST_FOR_NETWORK:
        why = f"it needs {LEAST_FOR_NETWORK} machines with a known end"
        return SIMPLEST_FIRST[:1], (f"no network was tried: {why}",)
    seconds = network_s(rows, channels)
    if wanted == "auto" and device == "cpu" and seconds > MOST_S:
        why = f"without a GPU it may take {seconds / 60:.0f} minutes"
        way = "model.life.network: always tries one all the same"
        return SIMPLEST_FIRST[:1], (f"no network was tried: {why}; {way}",)
    return SIMPLEST_FIRST, ()


def choose(found: Mapping[Method, HeldOut], cap: float) -> Choice:
    """The simplest way that none beats."""
    candidates = tuple(
        Candidate.of(method, found[method], cap) for method in SIMPLEST_FIRST if method in found
    )
    chosen = candidates[0]
    for one in candidates[1:]:
        if one.beats(chosen):
            chosen = one
    return Choice(chosen, candidates)


def judged(said: HeldOut, cap: float) -> tuple[Floats, Floats]:
    """Squared error and asymmetric cost (Saxena et al. 2008, scaled to this cap) of each unit, means over its rows."""
    errors = [found - life.left for life, found in said]
    squares = np.array([(e**2).mean() for e in errors])
    costs = np.array([nasa_score(e * _SCORED_CAP / cap) / len(e) for e in errors])
    return squares, costs


def _less(own: Floats, other: Floats) -> bool:
    """Whether errors of units are less by more than their standard error."""
    gain = other - own
    return bool(gain.mean() > float(gain.std(ddof=1)) / np.sqrt(gain.size))


def _caution(held_out: HeldOut, cap: float) -> float:
    """How much less to say than the models do: a warning that comes late costs more than one that comes early.

    The shift of least asymmetric cost on units left out that makes the plain error hardly larger.
    """

    def at(shift: float) -> tuple[float, float]:
        said = tuple((life, np.clip(found - shift, 0, cap)) for life, found in held_out)
        squares, costs = judged(said, cap)
        return float(costs.sum()), float(np.sqrt(squares.mean()))

    shifts = np.linspace(0, 0.04 * cap, 17)
    found = [(float(shift), *at(float(shift))) for shift in shifts]
    allowed = [one for one in found if one[2] <= _DEARER * found[0][2]]
    return min(allowed, key=lambda one: one[1])[0]
