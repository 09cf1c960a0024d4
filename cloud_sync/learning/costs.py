"""Money: what a decision costs today, and whether a retraining pays. Always with intervals.

Costs per mistake come from the project's `kit.yaml`, prices from `hub.yaml`, rates from audit
samples, and from the held-out data of the bundle as long as audits are few. What a retraining
will gain is unknown before it has been tried; the estimate rests on an assumption that is part of
the answer's text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import yaml
from pydantic import ValidationError

from cloud_sync.cases.alarm_counts import AlarmCounts
from cloud_sync.learning.audits import AuditCounts
from cloud_sync.sections import Prices
from kits.core.errors import ConfigError
from kits.core.operating_point import Costs
from kits.core.settings import load_yaml
from kits.core.stats import Estimate, Floats

DRAWS = 20_000
MOST_BEFORE = 50
"""Held-out samples of a kind count as at most so many audits."""
LEARNING_EXPONENT = (0.0, 0.5)
"""Mistakes fall as n^-b with the number of training samples; b is drawn evenly from this range
(power laws of 0 to 0.5: Hestness et al. 2017)."""


@dataclass(frozen=True, slots=True)
class Worth:
    """Whether a retraining pays.

    Attributes:
        gain: over `Prices.months`.
        cost: of the retraining itself; labels made already are spent either way.
        balance: gain − cost.
        chance: probability that the balance is positive, under the stated assumption.
    """

    gain: Estimate
    cost: float
    balance: Estimate
    chance: float
    currency: str
    text: str


def project_costs(kit_yaml: str) -> Costs:
    """The costs in a project's `kit.yaml`; the defaults where it has none.

    Raises:
        ConfigError: they cannot be read.
    """
    try:
        raw = load_yaml(kit_yaml) or {}
        return Costs.model_validate(raw.get("costs") or {})
    except (yaml.YAMLError, ValidationError, AttributeError) as error:
        raise ConfigError(
            f"the project's costs cannot be read: {error}",
            where="kit.yaml",
            fix="mend `costs` there and publish again",
        ) from error


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a bundle's mistakes before anything was audited: at its thresholds, on held-out data.

    A few dozen audits hold hardly one defect: without this the money would rest on what is assumed where nothing is known.

    Attributes:
        prevalence: share of positives in production; None: whatever comes is one.
        escapes: of positives; `overkills`: of negatives. None: not measured.
    """

    prevalence: float | None = None
    escapes: Estimate | None = None
    overkills: Estimate | None = None


def cost_draws(
    counts: AuditCounts, costs: Costs, seed: int = 0, before: Measured | None = None
) -> Floats:
    """Draws of the cost per decision, shape (DRAWS,).

    How many are positive, how many of these escape, of the others are overkill, and of all reviewed: each from its
    posterior, a beta distribution. What was measured before counts as at most `MOST_BEFORE` audits, so that audits
    outweigh it where the world has changed.
    """
    rng, before = np.random.default_rng(seed), before or Measured(costs.prevalence)
    negatives = counts.n - counts.positives
    share: Floats | float = 1.0
    if before.prevalence is not None:
        prior = MOST_BEFORE * before.prevalence
        share = rng.beta(prior + counts.positives, MOST_BEFORE - prior + negatives, size=DRAWS)
    escapes = _share_draws(rng, counts.escapes, counts.positives, before.escapes)
    overkills = _share_draws(rng, counts.overkills, negatives, before.overkills)
    reviews = _share_draws(rng, counts.reviews, counts.n, None)
    drawn: Floats = (
        share * escapes * costs.escape
        + (1.0 - share) * overkills * costs.overkill
        + reviews * costs.review
    )
    return drawn


def _share_draws(rng: np.random.Generator, count: int, n: int, before: Estimate | None) -> Floats:
    """From the posterior of a share under the Jeffreys prior, with what was measured before."""
    weight = min(before.n, MOST_BEFORE) if before is not None else 0
    known = weight * before.value if before is not None else 0.0
    drawn: Floats = rng.beta(0.5 + known + count, 0.5 + weight - known + n - count, size=DRAWS)
    return drawn


def retraining_worth(
    counts: AuditCounts,
    costs: Costs,
    prices: Prices,
    *,
    decisions_per_month: float,
    labels_before: int,
    labels_after: int,
    before: Measured | None = None,
    seed: int = 0,
) -> Worth:
    """Expected gain of a retraining on `labels_after` instead of `labels_before` samples."""
    monthly = cost_draws(counts, costs, seed, before) * decisions_per_month
    saved = _saved(labels_before, labels_after, seed)
    return _worth(monthly * saved, counts.n, costs, prices)


def alarms_worth(
    alarms: AlarmCounts,
    costs: Costs,
    prices: Prices,
    *,
    labels_before: int,
    labels_after: int,
    seed: int = 0,
) -> Worth:
    """The same where machines are watched: by the false alarms that are spared; failures found more often come on top.

    The rate of false alarms is drawn from its posterior under the Jeffreys prior of a Poisson rate.
    """
    drawn = np.random.default_rng(seed).gamma(alarms.false + 0.5, size=DRAWS)
    monthly = drawn / alarms.machine_months * alarms.machines * costs.overkill
    saved = _saved(labels_before, labels_after, seed)
    return _worth(monthly * saved, alarms.known, costs, prices)


def _saved(labels_before: int, labels_after: int, seed: int) -> Floats:
    """Draws of the share of mistakes that more labels spare."""
    exponent = np.random.default_rng(seed + 1).uniform(*LEARNING_EXPONENT, size=DRAWS)
    ratio = max(1, labels_before) / max(1, labels_after, labels_before)
    saved: Floats = 1.0 - ratio**exponent
    return saved


def _worth(saved_per_month: Floats, n: int, costs: Costs, prices: Prices) -> Worth:
    draws = saved_per_month * prices.months
    cost = prices.compute_hour * prices.compute_hours + prices.rollout
    gain, balance = _estimate(draws, n), _estimate(draws - cost, n)
    chance = float((draws > cost).mean())
    text = (
        f"gain {gain.text(0)} {costs.currency} in {prices.months:g} months against {cost:.0f} "
        f"{costs.currency}, if mistakes fall with the number of samples to the power of "
        f"{-LEARNING_EXPONENT[0] or 0:g} to {-LEARNING_EXPONENT[1]:g}"
    )
    return Worth(gain, cost, balance, chance, costs.currency, text)


def _estimate(draws: Floats, n: int) -> Estimate:
    low, high = (float(v) for v in np.quantile(draws, [0.025, 0.975]))
    middle = float(draws.mean())
    return Estimate(
        value=middle,
        low=min(low, middle),
        high=max(high, middle),
        n=n,
        method="posterior draws",
    )
