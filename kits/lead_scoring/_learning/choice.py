"""Which candidate is taken: by log-loss and lift on the latest folds, the simplest of those that are as good.

Log-loss is taken after the best straight calibration of each fold: how often leads are won on the whole is the
calibrator's to learn, and the same for all candidates. Small models differ in how far they are shrunk, which is a slope:
of them the best is taken, after its level alone was set right. Nothing is learned here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.stats import auroc
from kits.lead_scoring._learning.calibration import Slice, levelled, rescaled
from kits.lead_scoring._learning.candidates import Candidate
from kits.lead_scoring._learning.folds import Origin

Floats = NDArray[np.float64]
LATEST = 3
"""So many of the latest folds decide."""
_TOP = 0.1
_LEFT = 4
"""Candidates of a large table that are tried on all folds, at least, unless they are far behind."""
FAR = 3.0
"""Standard errors behind the best, lead by lead, at which a candidate of a large table is given up."""


@dataclass(frozen=True)
class Scored:
    """How a candidate did on some folds.

    Attributes:
        losses: (rows,) log-loss of each judged lead.
        aucs, lifts: of each fold; lifts at the best tenth.
        lift_error: standard error of the mean lift.
    """

    candidate: Candidate
    losses: Floats
    aucs: tuple[float, ...]
    lifts: tuple[float, ...]
    lift_error: float

    @property
    def loss(self) -> float:
        """Mean log-loss."""
        return float(self.losses.mean())

    @property
    def auc(self) -> float:
        """Mean over folds."""
        return float(np.nanmean(self.aucs))

    @property
    def lift(self) -> float:
        """Mean over folds."""
        return float(np.mean(self.lifts))


def judge(
    margins: Mapping[str, Mapping[Candidate, Floats]],
    judged: Sequence[Origin],
    won: Floats,
    beside: Floats | None = None,
) -> tuple[Scored, ...]:
    """All candidates on some folds.

    Args:
        margins: by name of the origin.
        won: (all rows).
        beside: (all rows) what log-odds have more, as leads were decided early; None: nothing.
    """
    usable = [one for one in judged if 0 < won[one.judge].mean() < 1]
    if not usable:
        return ()
    # of a large table fewer candidates are tried on some folds than on others
    parts = [margins[one.name] for one in usable]
    left = [one for one in parts[0] if all(one in part for part in parts)]
    return tuple(_scored(candidate, usable, margins, won, beside) for candidate in left)


def _scored(
    candidate: Candidate,
    judged: Sequence[Origin],
    margins: Mapping[str, Mapping[Candidate, Floats]],
    won: Floats,
    beside: Floats | None,
) -> Scored:
    losses, aucs, lifts, spread = [], [], [], 0.0
    for origin in judged:
        found, truth = margins[origin.name][candidate], won[origin.judge]
        own = Slice(found, truth, None if beside is None else beside[origin.judge])
        logits = levelled(own) if candidate.is_small else rescaled(own)
        losses.append(np.logaddexp(0.0, np.where(truth > 0, -logits, logits)))
        aucs.append(auroc(found, truth > 0))
        top = truth[np.argsort(-found, kind="stable")[: max(1, round(_TOP * len(found)))]]
        lifts.append(float(top.mean() / truth.mean()))
        share = (top.sum() + 1) / (len(top) + 2)
        spread += float(share * (1 - share) / len(top)) / float(truth.mean()) ** 2
    error = float(np.sqrt(spread)) / len(judged)
    return Scored(candidate, np.concatenate(losses), tuple(aucs), tuple(lifts), error)


def choose(scored: Sequence[Scored]) -> Scored:
    """The simplest candidate within one standard error of the best, in log-loss and then in lift.

    Errors are of differences, lead by lead in log-loss (the one-standard-error rule, Breiman et al. 1984). Of small
    models it would be the most shrunk one, and few leads have large errors: there the best is taken.
    """
    best = min(scored, key=lambda one: one.loss)
    if best.candidate.is_small:
        return best
    near = [one for one in scored if _gap(one, best) <= 0.0]
    top = max(near, key=lambda one: one.lift)
    kept = [o for o in near if top.lift - o.lift <= math.hypot(top.lift_error, o.lift_error)]
    return min(kept, key=lambda one: (one.candidate.complexity, one.loss))


def hopeless(scored: Sequence[Scored]) -> tuple[Scored, ...]:
    """Candidates that further folds of a large table would be wasted on.

    Those far behind, and the worse half (successive halving, Jamieson & Talwalkar 2016), down to a few. One that would
    be taken now, being the simplest of those as good as the best, stays whatever its rank.
    """
    if not scored:
        return ()
    ranked = sorted(scored, key=lambda one: one.loss)
    left = max(_LEFT, (len(ranked) + 1) // 2)
    behind = (o for n, o in enumerate(ranked) if n >= left or _gap(o, ranked[0], FAR) > 0.0)
    taken = choose(scored)
    return tuple(one for one in behind if one is not taken)


def _gap(one: Scored, best: Scored, errors: float = 1.0) -> float:
    """How far a candidate's loss lies beyond some standard errors of the best's."""
    difference = one.losses - best.losses
    error = float(difference.std()) / max(1.0, float(np.sqrt(len(difference))))
    return float(difference.mean()) - errors * error
