"""Money: what a decision costs today, and whether a retraining pays. Always with intervals.

Costs per mistake come from the project's `kit.yaml`, prices from `hub.yaml`, rates from audit
samples. What a retraining
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


def cost_draws(counts: AuditCounts, costs: Costs, seed: int = 0) -> Floats:
    """Draws of the cost per decision, shape (DRAWS,).

    The four outcomes (escape, overkill, review, right) of a random sample are multinomial;
    draws are from their posterior under the Jeffreys prior.
    """
    outcomes = np.array([counts.escapes, counts.overkills, counts.reviews], dtype=float)
    right = max(0.0, counts.n - outcomes.sum())
    prices = np.array([costs.escape, costs.overkill, costs.review, 0.0])
    shares = np.random.default_rng(seed).dirichlet(np.append(outcomes, right) + 0.5, size=DRAWS)
    drawn: Floats = shares @ prices
    return drawn


def retraining_worth(
    counts: AuditCounts,
    costs: Costs,
    prices: Prices,
    *,
    decisions_per_month: float,
    labels_before: int,
    labels_after: int,
    seed: int = 0,
) -> Worth:
    """Expected gain of a retraining on `labels_after` instead of `labels_before` samples."""
    monthly = cost_draws(counts, costs, seed) * decisions_per_month
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
        method="posterior draws, Jeffreys prior",
    )
