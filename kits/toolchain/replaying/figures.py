"""What the alarms of the past were worth: found and missed failures, false alarms, money, and chance beside them.

Every figure has its interval; doing nothing and as many alarms at random moments stand beside it, because a rate alone
says nothing. Which alarm belongs to which failure is decided in `failures.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.operating_point import Costs
from kits.core.stats import Estimate, bootstrap, proportion, rare_rate
from kits.toolchain.replaying.courses import Course, Rise, durations
from kits.toolchain.replaying.failures import Met, meet

Floats = NDArray[np.float64]
MONTH_S = 30 * 86_400.0
THOUSAND = 1000.0
_ROUNDS = 500
_RANDOM_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Terms:
    """What is counted, and at what price.

    Attributes:
        horizon: how long before a failure an alarm counts as its warning, where nobody knows since when it was.
        needed: shortest lead that lets a stop be planned.
        planned: cost of a stop that was planned.
        unit: of the clock.
    """

    costs: Costs
    horizon: float
    needed: float
    planned: float
    unit: str
    seed: int

    @property
    def exposure_unit(self) -> str:
        """What rates are per."""
        return "machine-month" if self.unit == "s" else f"1,000 {self.unit}"

    @property
    def exposure_size(self) -> float:
        """In the clock's unit."""
        return MONTH_S if self.unit == "s" else THOUSAND


@dataclass(frozen=True)
class Money:
    """In the project's currency, over the whole replayed time.

    Attributes:
        avoided: gained − false_alarms − reviews, against doing nothing.
        gained: by failures found in time: unplanned stop − planned stop.
        nothing: what doing nothing would have cost.
        at_random: avoided by as many alarms at random moments, with 95 % of the draws.
    """

    avoided: Estimate
    gained: float
    false_alarms: float
    reviews: float
    nothing: float
    at_random: Estimate


@dataclass(frozen=True)
class Figures:
    """Of all assets together; what rests on known failures is None where none is known.

    Attributes:
        met: every known failure, those after the end of the data as well.
        exposure: machine time outside of failures, in `Terms.exposure_size`.
        alarm_rate: alarms of any kind per exposure.
    """

    met: tuple[Met, ...]
    alarms: int
    warnings: int
    false_alarms: tuple[Rise, ...]
    exposure: float
    alarm_rate: Estimate
    time_in_alarm: Estimate
    recall: Estimate | None
    random_recall: float | None
    false_rate: Estimate | None
    money: Money | None

    @property
    def known(self) -> tuple[Met, ...]:
        """Failures that happened within the data."""
        return tuple(one for one in self.met if not one.failure.beyond)

    @property
    def in_time(self) -> int:
        return sum(one.in_time for one in self.met)

    @property
    def leads(self) -> list[float]:
        """Of the failures that had a warning, ascending."""
        return sorted(one.lead for one in self.known if one.lead is not None)

    @property
    def lead_median(self) -> float | None:
        return float(np.median(self.leads)) if self.leads else None


@dataclass(frozen=True)
class _Asset:
    """One asset's course with what belongs to it."""

    course: Course
    met: list[Met]
    false: list[Rise]
    lasts: Floats

    def counted(self) -> NDArray[np.bool_]:
        """(rows,) outside of every failure: only there an alarm can be false."""
        at_s = self.course.track.at_s
        mask = np.ones(len(at_s), np.bool_)
        for one in self.met:
            mask &= (at_s <= one.opens_s) | (at_s > one.failure.at_s)
        return mask


def figures_of(courses: Sequence[Course], terms: Terms, *, judged: bool) -> Figures:
    """All figures of one band.

    Args:
        judged: it is known what failed, so an alarm that belongs to no failure is false.
    """
    assets = [
        _Asset(course, *meet(course, terms.horizon, terms.needed), durations(course.track.at_s))
        for course in courses
    ]
    met = tuple(one for asset in assets for one in asset.met)
    known = [one for one in met if not one.failure.beyond]
    false = tuple(rise for asset in assets for rise in asset.false)
    alarms = sum(len(course.alarms) for course in courses)
    warnings = sum(len(course.warnings) for course in courses)
    whole = sum(float(asset.lasts.sum()) for asset in assets) / terms.exposure_size
    exposure = whole
    if judged:
        counted = (float(asset.lasts[asset.counted()].sum()) for asset in assets)
        exposure = sum(counted) / terms.exposure_size
    drawn = _at_random(assets, terms, alarms, warnings) if judged else None
    return Figures(
        met=met,
        alarms=alarms,
        warnings=warnings,
        false_alarms=false if judged else (),
        exposure=exposure,
        alarm_rate=rare_rate(alarms, whole),
        time_in_alarm=_time_in_alarm(assets, terms),
        recall=proportion(sum(one.in_time for one in known), len(known)) if known else None,
        random_recall=drawn[0] if drawn is not None and known else None,
        false_rate=rare_rate(len(false), exposure) if judged and exposure > 0 else None,
        money=_money(assets, terms, drawn[1]) if drawn is not None else None,
    )


# -- shares and money by asset and month ---------------------------------------------------------


def _blocks(asset: _Asset, at_s: Floats, terms: Terms) -> NDArray[np.intp]:
    """(n,) number of the asset's month; where recordings are not in time an asset is one block."""
    start_s = float(asset.course.track.at_s[0])
    if terms.unit != "s":
        return np.zeros(len(at_s), np.intp)
    last = int((asset.course.track.at_s[-1] - start_s) // MONTH_S)
    return np.clip((at_s - start_s) // MONTH_S, 0, last).astype(np.intp)


def _block_count(asset: _Asset, terms: Terms) -> int:
    return int(_blocks(asset, asset.course.track.at_s[-1:], terms)[0]) + 1


def _time_in_alarm(assets: Sequence[_Asset], terms: Terms) -> Estimate:
    alarm, total = [], []
    for asset in assets:
        rows, count = _blocks(asset, asset.course.track.at_s, terms), _block_count(asset, terms)
        inside = asset.lasts * asset.course.in_alarm
        alarm.append(np.bincount(rows, weights=inside, minlength=count))
        total.append(np.bincount(rows, weights=asset.lasts, minlength=count))
    up, whole = np.concatenate(alarm), np.concatenate(total)

    def share(rows: NDArray[np.intp]) -> float:
        return float(up[rows].sum() / max(float(whole[rows].sum()), 1e-12))

    return bootstrap(share, _names(len(up)), seed=terms.seed, rounds=_ROUNDS)


def _money(assets: Sequence[_Asset], terms: Terms, at_random: Estimate) -> Money:
    costs = terms.costs
    found = [one for asset in assets for one in asset.met if one.in_time]
    false = sum(len(asset.false) for asset in assets)
    warned = sum(len(asset.course.warnings) for asset in assets)
    joined = np.concatenate([_saved(asset, terms) for asset in assets])
    avoided = bootstrap(
        lambda rows: float(joined[rows].sum()), _names(len(joined)), seed=terms.seed, rounds=_ROUNDS
    )
    return Money(
        avoided=avoided,
        gained=sum(_unplanned(one, costs) - terms.planned for one in found),
        false_alarms=false * costs.overkill,
        reviews=warned * costs.review,
        nothing=sum(
            _unplanned(one, costs) for a in assets for one in a.met if not one.failure.beyond
        ),
        at_random=at_random,
    )


def _saved(asset: _Asset, terms: Terms) -> Floats:
    """(months,) what an asset's alarms were worth, month by month."""
    costs = terms.costs
    entries = [
        *((m.failure.at_s, _unplanned(m, costs) - terms.planned) for m in asset.met if m.in_time),
        *((rise.at_s, -costs.overkill) for rise in asset.false),
        *((rise.at_s, -costs.review) for rise in asset.course.warnings),
    ]
    sums: Floats = np.zeros(_block_count(asset, terms))
    if entries:
        at_s, worth = np.array(entries).T
        np.add.at(sums, _blocks(asset, at_s, terms), worth)
    return sums


def _unplanned(met: Met, costs: Costs) -> float:
    return costs.escape if met.failure.cost is None else met.failure.cost


def _names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


# -- chance --------------------------------------------------------------------------------------


def _at_random(
    assets: Sequence[_Asset], terms: Terms, alarms: int, warnings: int
) -> tuple[float, Estimate]:
    """(recall, money) of as many alarms at random moments of machine time."""
    rng = np.random.default_rng(terms.seed)
    rows = np.concatenate([asset.course.track.at_s for asset in assets])
    owners = np.repeat(np.arange(len(assets)), [len(a.course.track.at_s) for a in assets])
    weights = np.concatenate([asset.lasts for asset in assets])
    edges = np.cumsum(weights) / max(float(weights.sum()), 1e-12)
    whose = np.array([i for i, asset in enumerate(assets) for _ in asset.met], np.intp)
    met = [one for asset in assets for one in asset.met]
    opens = np.array([one.opens_s for one in met])
    ends = np.array([one.failure.at_s for one in met])
    worth = np.array([_unplanned(one, terms.costs) - terms.planned for one in met])
    counts = np.array([not one.failure.beyond for one in met], np.bool_)
    recalls, sums = [], []
    for _ in range(_RANDOM_ROUNDS):
        picks = np.minimum(np.searchsorted(edges, rng.random(alarms)), len(rows) - 1)
        at_s, owner = rows[picks][:, None], owners[picks][:, None]
        inside = (owner == whose) & (at_s > opens) & (at_s <= ends)
        early = (inside & (at_s <= ends - terms.needed)).any(axis=0) & counts
        false = alarms - int(inside.any(axis=1).sum())
        recalls.append(float(early.sum()) / max(int(counts.sum()), 1))
        sums.append(float(worth[early].sum()) - false * terms.costs.overkill)
    money = np.array(sums) - warnings * terms.costs.review
    low, high = (float(v) for v in np.quantile(money, [0.025, 0.975]))
    estimate = Estimate(
        value=float(money.mean()), low=low, high=high, n=alarms, method=f"{_RANDOM_ROUNDS} draws"
    )
    return float(np.mean(recalls)), estimate
