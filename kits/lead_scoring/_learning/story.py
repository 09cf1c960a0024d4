"""What a training tells: figures of what was tried, why one was taken, and what a model that does not learn would do.

Words and figures only; nothing is decided here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kits.core.resampling import Figure, estimates
from kits.core.stats import Estimate, auroc_estimate, proportion
from kits.lead_scoring._features.spec import Week
from kits.lead_scoring._learning.backtest import Backtest, Chosen
from kits.lead_scoring._learning.boosting import base_rate
from kits.lead_scoring._learning.candidates import Candidate
from kits.lead_scoring._learning.choice import Scored
from kits.lead_scoring._learning.delays import Delays
from kits.lead_scoring._learning.effort import MOST_TO_CHOOSE
from kits.lead_scoring._learning.folds import Origin, in_hindsight
from kits.lead_scoring._models.spec import Tried
from kits.lead_scoring._table import LeadTable

Floats = NDArray[np.float64]
_NAMED = 12
"""Columns that a note names."""


def figures_of(backtest: Backtest, *, n: int) -> dict[str, float]:
    """Figures of the candidate that is shipped and of the best of each family, on the folds that decided."""
    shipped = backtest.shipped
    found: dict[str, float] = {"leads": float(n), "candidates": float(len(shipped.scored))}
    for one in _best_of_families(shipped):
        family = one.candidate.family
        found[f"{family}_log_loss"] = round(one.loss, 5)
        found[f"{family}_auc"] = round(one.auc, 4)
        found[f"{family}_lift_at_10"] = round(one.lift, 3)
    return found


FEW = "few leads: a model with little freedom was learned, and its intervals are wide"


def hindsight_note(steps: Sequence[Origin], *, in_time: bool) -> tuple[str, ...]:
    """Where outcomes take so long that figures come from models which nobody could have trained yet."""
    named = in_hindsight(steps) if in_time else ()
    if not named:
        return ()
    return (
        f"outcomes take long for so short a history: when the leads of {' and '.join(named)} began to come, too few were "
        "known to learn from, so models that judge them count outcomes which came later; figures flatter where shares of "
        "won move with time. Leads of a longer time mend that: import older ones too",
    )


def details_of(backtest: Backtest, *, in_time: bool, refit: bool, n: int) -> tuple[str, ...]:
    """How it was learned, for the run's report."""
    notes = [_choice(backtest.shipped, in_time)] if backtest.shipped.scored else []
    notes.append(backtest.shipped.why)
    if backtest.thinned:
        notes.append(
            f"models were chosen by what they learn from {MOST_TO_CHOOSE} leads, drawn evenly from the first to the last; "
            "those that are judged on val and test learned from all before them"
        )
    if backtest.parts > 1:
        notes.append(
            f"test was judged in {backtest.parts} parts, the later ones by what was known when they began"
        )
    earlier = [c for name, c in backtest.chosen.items() if name == "test"]
    if earlier and earlier[0].candidate != backtest.shipped.candidate:
        notes.append(
            f"the figures on test are those of '{earlier[0].candidate.name}', which was best before"
        )
    if refit:
        notes.append(
            f"what is shipped learned once more from all {n} decided leads; figures are of models that had not seen theirs"
        )
    return tuple(note for note in notes if note)


def columns_note(candidate: Candidate, columns: Sequence[str], of: int) -> tuple[str, ...]:
    """Where not all columns are learned from, which ones are.

    Args:
        of: columns that could be.
    """
    if not candidate.telling:
        return ()
    more = len(columns) - _NAMED
    return (
        f"{len(columns)} of {of} columns are learned from, which say something of the outcome by themselves, as the others are "
        f"many for so few outcomes: {', '.join(columns[:_NAMED])}"
        + (f" and {more} more" if more > 0 else ""),
    )


def week_note(week: Week | None) -> tuple[str, ...]:
    """Where the time of the week is learned from, that it is."""
    if week is None:
        return ()
    what = "day and hour" if week.hours else "day of the week"
    return (
        f"the {what} at which a lead comes is learned from (`week` of kit check has the shares)",
    )


def baseline_of(
    table: LeadTable, splits: Sequence[str], steps: Sequence[Origin], delays: Delays | None = None
) -> dict[str, Estimate]:
    """Every lead the same probability, the share won among those the step learned from: what no model would do.

    Args:
        splits: (rows,).
        delays: how long outcomes take, of these rows; None: leads stand for themselves.
    """
    judged_split = "test" if "test" in splits else "val"
    judged = np.array(splits) == judged_split
    step = next((one for one in steps if one.name == judged_split), None)
    fit = step.fit if step is not None else np.flatnonzero(~judged)
    groups = np.array([item.sample.group or item.sample.id for item in table.items])
    if not judged.any() or not len(fit):
        return {}
    rate, each = float(table.won[fit].mean()), np.ones(int(judged.sum()))
    if delays is not None:
        rate = base_rate(
            table.won[fit], delays.lean(math.inf if step is None else step.moment)[fit]
        )
        each = delays.stands_for(table.order[judged], table.won[judged] > 0)
    rate = float(np.clip(rate, 1e-6, 1 - 1e-6))
    won, groups, each = table.won[judged][each > 0], groups[judged][each > 0], each[each > 0]
    share = _share_won(won, groups.tolist(), each)
    found = {
        "brier": _of(share, lambda p: p * (1 - rate) ** 2 + (1 - p) * rate**2),
        "log_loss": _of(share, lambda p: -p * math.log(rate) - (1 - p) * math.log(1 - rate)),
        "ece": _of(share, lambda p: abs(p - rate), turns_at=rate),
        "pr_auc": share,
    }
    found["auc"] = auroc_estimate(np.zeros(len(won)), won > 0, groups.tolist(), seed=0, rounds=10)
    return found


def _share_won(won: Floats, groups: Sequence[str], each: Floats) -> Estimate:
    if (each == 1.0).all():
        return proportion(int(won.sum()), len(won))
    told: dict[str, Figure] = {"won": lambda weight: float(weight @ won / weight.sum())}
    return estimates(told, groups, seed=0, each=each)["won"]


def _of(share: Estimate, loss: Callable[[float], float], turns_at: float | None = None) -> Estimate:
    """A figure that follows from the share of won, with the interval that it has; `turns_at`: where it is least."""
    least = [] if turns_at is None else [min(max(turns_at, share.low), share.high)]
    values = [loss(p) for p in (share.value, share.low, share.high, *least)]
    method = f"from the share won, {share.method}"
    return Estimate(value=values[0], low=min(values), high=max(values), n=share.n, method=method)


def tried_of(backtest: Backtest) -> tuple[Tried, ...]:
    """All that was tried, the one taken first, what was given up last."""
    shipped = backtest.shipped

    ranked = sorted(shipped.scored, key=lambda o: (o.candidate != shipped.candidate, o.loss))
    return (
        *(_tried(o, "taken" if o.candidate == shipped.candidate else "beside") for o in ranked),
        *(_tried(o, "given up") for o in backtest.given_up),
    )


def _tried(one: Scored, fate: Literal["taken", "beside", "given up"]) -> Tried:
    return Tried(
        name=one.candidate.name,
        fate=fate,
        leads=len(one.losses),
        log_loss=round(one.loss, 5),
        log_loss_error=round(float(one.losses.std()) / math.sqrt(len(one.losses)), 5),
        auc=round(one.auc, 4),
        lift=round(one.lift, 3),
        lift_error=round(one.lift_error, 3),
    )


def _choice(chosen: Chosen, in_time: bool) -> str:
    folds = len(chosen.scored[0].aucs)
    where = f"the latest {folds} time folds" if in_time else f"{folds} folds by lot"
    words = f"of {len(chosen.scored)}, the simplest within one standard error of the best in log-loss and lift"
    if chosen.candidate.is_small:
        words = f"of {len(chosen.scored)}, the best in log-loss"
    taken = next(one for one in chosen.scored if one.candidate == chosen.candidate)
    return (
        f"'{chosen.candidate.name}' was taken: {words}, on {where} "
        f"(AUC {taken.auc:.3f}, lift at 10 % {taken.lift:.2f} ± {taken.lift_error:.2f}; the others stand in the report)"
    )


def _best_of_families(chosen: Chosen) -> list[Scored]:
    best: dict[str, Scored] = {}
    for one in sorted(chosen.scored, key=lambda one: one.loss):
        best.setdefault(one.candidate.family, one)
    return list(best.values())
