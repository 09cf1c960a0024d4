"""How far the level of log-odds has moved of late, and where it will be in the next period.

A calibrator is learned from its slices as if all were alike. Here the level may wander about that from one stretch of leads
to the next (Kalman 1960, with each stretch's likelihood around its maximum): not at all, or by a first-order autoregression,
each with a speed and a memory. Each way counts by its evidence (Hoeting et al. 1999), so where the level stands next to
nothing is added; what is said of the next period is drawn back as far as the memory of each way goes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._learning.calibration import Slice
from kits.lead_scoring._models.calibrator import calibrated
from kits.lead_scoring._models.spec import CalibratorSpec

Floats = NDArray[np.float64]
_STRETCHES, _LEAST = 16, 20
"""Parts of all leads between which the level may move, and the leads of each at least."""
_LEAST_OF_EACH = 20
"""Won leads, and lost ones, without which nothing is told of a level."""
_MEMORIES = (0.5, 0.8, 0.9, 0.95)
"""Share of what the level was off by in one stretch that is left in the next."""
_STEPS = (0.05, 0.1, 0.2, 0.4)
"""Standard deviations, in log-odds, of what is new in each stretch."""
_FRESH = (0.5, 1.0)
"""Share of it that is left where the next model begins, which has learned of some of it."""
_STANDS = 0.5
"""How likely the level is to stand, beforehand; all other ways are as likely as each other."""
_KNOWN = 0.32
"""Standard deviation of the mean level, as of a calibrator's offset (`calibration.py`)."""
_ROUNDS, _CLOSE, _FARTHEST_STEP = 15, 1e-6, 1.0
_SLIGHT, _TOLD = 0.005, 0.1
"""Log-odds that are not worth a correction, and that are worth a word."""


@dataclass(frozen=True)
class Level:
    """What log-odds have more than a calibrator says.

    Attributes:
        to_come: in the next period.
        past: (leads,) of each slice, what they had more than leads to come will have.
    """

    to_come: float = 0.0
    past: tuple[Floats, ...] = ()


def level_of(slices: Sequence[Slice], calibrator: CalibratorSpec) -> Level:
    """Where the level is going.

    Args:
        slices: in order of time, the earliest first, and leads within each; the next period is as long as one of them.
        calibrator: as it was learned from them; none: it was refused.
    """
    won = np.concatenate([one.won for one in slices]) if slices else np.zeros(0)
    if min(won.sum(), len(won) - won.sum()) < _LEAST_OF_EACH:
        return Level()
    logits = np.concatenate([calibrated(one.margins, calibrator) + one.more for one in slices])
    each = max(1, min(_STRETCHES, len(won) // _LEAST) // len(slices))
    ends = np.cumsum([len(one.won) for one in slices])
    parts = np.split(np.arange(len(won)), ends[:-1])
    stretches = [stretch for part in parts for stretch in np.array_split(part, each)]
    ways = [(1.0, 0.0, 1.0), *product(_MEMORIES, _STEPS, _FRESH)]
    found = [_Way(*way).follow(logits, won, stretches, each) for way in ways]
    share = _weights(np.array([one.evidence for one in found]))
    # what a calibrator does when the level stands is its own to say, and where it was refused that was refused
    stands = 0.0 if calibrator.method == "none" else found[0].to_come
    to_come = float(share[1:] @ [one.to_come - stands for one in found[1:]])
    past = share @ np.array([one.past - one.to_come for one in found])
    by_lead = np.repeat(past, [len(one) for one in stretches])
    return Level(to_come, tuple(np.split(by_lead, ends[:-1])))


def raised(calibrator: CalibratorSpec, by: float) -> CalibratorSpec:
    """The same with so much more log-odds."""
    if abs(by) < _SLIGHT:
        return calibrator
    if calibrator.method == "isotonic":
        values = tuple(one + by for one in calibrator.values)
        return calibrator.model_copy(update={"values": values})
    method = "platt" if calibrator.method == "none" else calibrator.method
    return calibrator.model_copy(update={"method": method, "b": calibrator.b + by})


def said_of(level: Level) -> str:
    """How its sentence goes on that says which calibrator; empty where next to nothing is added."""
    if abs(level.to_come) < _TOLD:
        return ""
    way = "more" if level.to_come > 0 else "fewer"
    return f"; {way} are won of late, which is followed by {level.to_come:+.2f} in log-odds"


@dataclass(frozen=True)
class _Followed:
    """What one way makes of the leads.

    Attributes:
        past: (stretches,) level of each, by all leads.
    """

    evidence: float
    to_come: float
    past: Floats


@dataclass(frozen=True)
class _Way:
    """A mean level, and what is added to it: `memory` of what was added before, and something new.

    Attributes:
        fresh: share of it that is left where another model begins to judge, which has learned of it.
    """

    memory: float
    step: float
    fresh: float

    def follow(
        self, logits: Floats, won: Floats, stretches: Sequence[NDArray[np.intp]], each: int
    ) -> _Followed:
        """The levels that leads tell by this way; `each`: stretches that one model judges, and of the next period."""
        new = np.diag([0.0, self.step**2])
        wanders = self.step**2 / (1 - self.memory**2) if self.step else 0.0
        mean, spread, evidence = np.zeros(2), np.diag([_KNOWN**2, wanders]), 0.0
        seen: list[tuple[Floats, Floats]] = []
        foreseen: list[tuple[Floats, Floats]] = []
        kept = [
            self.memory * (1.0 if number % each else self.fresh) for number in range(len(stretches))
        ]
        for number, own in enumerate(stretches):
            if number:
                moves = np.diag([1.0, kept[number]])
                mean, spread = moves @ mean, moves @ spread @ moves + new
            foreseen.append((mean, spread))
            before, unsure = float(mean.sum()), float(spread.sum())
            level, told, likely = _of_stretch(logits[own], won[own], before, unsure)
            evidence += likely
            pull = spread.sum(axis=1) / unsure
            left = 1 / (told + 1 / unsure)
            mean = mean + pull * (level - before)
            spread = spread - np.outer(pull, pull) * (unsure - left)
            seen.append((mean, spread))
        left_of_it = self.fresh * float(np.mean(self.memory ** np.arange(1, each + 1)))
        to_come = float(mean[0] + left_of_it * mean[1])
        return _Followed(evidence, to_come, _smoothed(seen, foreseen, kept))


def _of_stretch(
    logits: Floats, won: Floats, before: float, unsure: float
) -> tuple[float, float, float]:
    """The likeliest level of a stretch, how much its leads tell of it, and how likely they were.

    Args:
        before, unsure: the level that was expected, and its variance.
    """
    level = before
    for _ in range(_ROUNDS):
        chances = 1 / (1 + np.exp(-np.clip(logits + level, -500.0, 500.0)))
        told = float((chances * (1 - chances)).sum())
        uphill = float((won - chances).sum()) - (level - before) / unsure
        step = uphill / (told + 1 / unsure)
        level += min(max(step, -_FARTHEST_STEP), _FARTHEST_STEP)
        if abs(step) < _CLOSE:
            break
    there = logits + level
    likely = float((won * there - np.logaddexp(0.0, there)).sum())
    likely -= (level - before) ** 2 / (2 * unsure) + math.log1p(unsure * told) / 2
    return level, told, likely


def _smoothed(
    seen: Sequence[tuple[Floats, Floats]],
    foreseen: Sequence[tuple[Floats, Floats]],
    kept: Sequence[float],
) -> Floats:
    """(stretches,) levels by what came after them, too (Rauch, Tung & Striebel 1965)."""
    later = seen[-1][0]
    levels = [float(later.sum())]
    for (mean, spread), (expected, unsure), left in zip(seen[-2::-1], foreseen[:0:-1], kept[:0:-1]):
        later = mean + spread @ np.diag([1.0, left]) @ np.linalg.pinv(unsure) @ (later - expected)
        levels.append(float(later.sum()))
    return np.array(levels[::-1])


def _weights(evidence: Floats) -> Floats:
    """(ways,) how much each counts; the first is that the level stands."""
    others = len(evidence) - 1
    prior = np.array([_STANDS, *[(1 - _STANDS) / others] * others])
    likely = np.exp(evidence - evidence.max()) * prior
    found: Floats = likely / likely.sum()
    return found
