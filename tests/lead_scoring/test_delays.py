"""Leads that are decided early are not like all: models are fitted beside that, figures count those not decided yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from pydantic import JsonValue
from scipy.stats import gamma

from kits.core.dataset import Dataset, DatasetItem
from kits.core.kit import EvaluateTask
from kits.core.operating_point import Costs
from kits.lead_scoring import evaluate
from kits.lead_scoring._checking import times
from kits.lead_scoring._checking.seasons import season_of
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning import boosting
from kits.lead_scoring._learning.additive import Design
from kits.lead_scoring._learning.calibration import Slice, calibrate, levelled, rescaled
from kits.lead_scoring._learning.delays import Delays, delays_of
from kits.lead_scoring._learning.intervals import interval_of
from kits.lead_scoring._learning.newton import logistic_fit
from kits.lead_scoring._models.additive import Additive
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.spec import CalibratorSpec
from kits.lead_scoring._reading.samples import OUTCOME_AT, RANK
from kits.lead_scoring._table import load_table
from kits.lead_scoring.config import Config
from tests.lead_scoring.made_leads import DAY_S, START_S
from tests.lead_scoring.trained_leads import SEED, a_dataset, bundle_of, splits_in_time

N = 3_000
DAYS = 720.0
WON_DAYS, LOST_DAYS = 40.0, 110.0
"""Until outcomes are known, on average."""
FAST = Config.model_validate({"approach": "logistic"})


class Firm:
    """Leads of two years, and what is known of them on their last day.

    Attributes:
        at, known: (leads,) days when they came and ended.
        x: (leads,) what is known of each.
        won: (leads,) 1 or 0, known or not.
    """

    def __init__(self, seed: int, n: int = N, won_days: float = WON_DAYS) -> None:
        self.rng = np.random.default_rng(seed)
        self.at = np.sort(self.rng.uniform(0, DAYS, n))
        self.x = self.rng.normal(size=n)
        self.chance = 1 / (1 + np.exp(1.5 - self.x))
        self.won = (self.rng.random(n) < self.chance).astype(np.float64)
        mean = np.where(self.won > 0, won_days, LOST_DAYS)
        self.known = self.at + self.rng.gamma(2.0, mean / 2)

    @property
    def decided(self) -> np.ndarray:
        return self.known <= DAYS

    def delays(self) -> Delays:
        own = self.decided
        return Delays(self.at[own], self.known[own], self.won[own], DAYS)

    def metas(self) -> list[dict[str, JsonValue]]:
        """As a reader notes them: the end of those that have ended."""
        return [
            {
                "order": START_S + at * DAY_S,
                **({OUTCOME_AT: START_S + end * DAY_S} if end <= DAYS else {}),
            }
            for at, end in zip(self.at.tolist(), self.known.tolist())
        ]

    def dataset(self) -> Dataset:
        """All leads, the decided ones split in time."""
        start = datetime.fromtimestamp(START_S, timezone.utc)
        leads = [
            Lead(f"lead {n}", {"size": float(x)}, start + timedelta(days=float(at)))
            for n, (x, at) in enumerate(zip(self.x, self.at))
        ]
        splits = iter(splits_in_time(int(self.decided.sum())))
        where = [next(splits) if known else "train" for known in self.decided]
        outcomes = [bool(won) if known else None for won, known in zip(self.won, self.decided)]
        return a_dataset(leads, outcomes, where, self.metas())


def items_of(metas: Sequence[Mapping[str, JsonValue]]) -> list[DatasetItem]:
    sample = a_dataset([Lead("one", {})], [None], ["train"]).items[0].sample
    return [DatasetItem(replace(sample, meta=dict(meta)), None, "train") for meta in metas]


def known_of(firm: Firm) -> np.ndarray:
    return np.where(firm.decided, firm.won, np.nan)


def found_of(firm: Firm, metas: Sequence[Mapping[str, JsonValue]] | None = None) -> Delays | None:
    order = START_S + firm.at * DAY_S
    return delays_of(items_of(metas or firm.metas()), order, known_of(firm))


# -- how long outcomes take -----------------------------------------------------------------------


def test_how_many_are_known_by_an_age_is_told_of_known_ones_alone() -> None:
    """Open leads never end here, and do not matter; of known ones alone most are quick."""
    ages = np.array([15.0, 30.0, 60.0, 120.0, 240.0])
    found = []
    for seed in range(8):
        firm = Firm(seed)
        delays = firm.delays()
        shares = delays._shares(DAYS - ages, DAYS)
        found.append(shares)
    lost, won = np.mean(found, axis=0)
    assert lost == pytest.approx(gamma.cdf(ages, 2, scale=LOST_DAYS / 2), abs=0.02)
    assert won == pytest.approx(gamma.cdf(ages, 2, scale=WON_DAYS / 2), abs=0.02)


def test_what_a_lead_that_is_known_leans_to_is_what_its_age_makes_of_it() -> None:
    firm = Firm(0)
    lean = firm.delays().lean()
    ages = DAYS - firm.at[firm.decided]
    truth = np.log(gamma.cdf(ages, 2, scale=WON_DAYS / 2) / gamma.cdf(ages, 2, scale=LOST_DAYS / 2))
    between = (ages > 40) & (ages < 200)
    assert np.abs(lean - truth)[between].max() < 0.25
    assert np.abs(lean[ages > 500]).max() < 0.02


def test_a_training_of_an_earlier_day_knows_what_was_known_then() -> None:
    firm = Firm(1)
    early = firm.known <= 400.0
    then = Delays(firm.at[early], firm.known[early], firm.won[early], 400.0).lean()
    now = firm.delays().lean(400.0)[early[firm.decided]]
    assert np.array_equal(then, now)


def test_leads_stand_for_those_not_decided_yet() -> None:
    """Of those between two and four months old; counted as they are, twice as many would be won."""
    raw, counted, truth = [], [], []
    for seed in range(12):
        firm = Firm(seed)
        mine = (firm.at > DAYS - 120) & (firm.at < DAYS - 60)
        own = mine & firm.decided
        each = firm.delays().stands_for(firm.at[own], firm.won[own] > 0)
        raw.append(firm.won[own].mean())
        counted.append(np.average(firm.won[own], weights=each))
        truth.append(firm.won[mine].mean())
    assert np.mean(raw) > np.mean(truth) + 0.08
    assert np.mean(counted) == pytest.approx(np.mean(truth), abs=0.02)


def test_leads_too_young_to_tell_stand_for_nobody_and_old_ones_for_themselves() -> None:
    firm = Firm(2)
    each = firm.delays().stands_for(firm.at[firm.decided], firm.won[firm.decided] > 0)
    ages = DAYS - firm.at[firm.decided]
    assert (each[ages < 10] == 0).all() and (each[ages > 30] >= 1).all()
    assert (each[ages > 600] == 1).all() and each.max() <= 10
    assert (each * 1024 % 1 == 0).all(), "sums are exact, in any order"


def test_where_hardly_any_would_be_left_each_stands_for_itself() -> None:
    firm = Firm(3)
    young = firm.decided & (firm.at > DAYS - 12)
    assert (firm.delays().stands_for(firm.at[young], firm.won[young] > 0) == 1).all()


def without_dates(firm: Firm, kind: float) -> list[dict[str, JsonValue]]:
    """What is noted of leads where the CRM dates the other outcome alone."""
    return [
        {name: value for name, value in meta.items() if name != OUTCOME_AT or won != kind}
        for meta, won in zip(firm.metas(), firm.won)
    ]


def test_where_won_leads_have_no_dates_or_leads_no_clock_nothing_is_said() -> None:
    firm = Firm(4)
    assert found_of(firm) is not None
    assert found_of(firm, without_dates(firm, 1.0)) is None
    assert found_of(firm, [{**meta, RANK: True} for meta in firm.metas()]) is None


@pytest.mark.parametrize("never", [0.0, 0.3])
def test_where_lost_leads_have_no_dates_the_open_ones_tell_how_long_they_take(never: float) -> None:
    """Also where some of the lost are never closed."""
    ages = np.array([30.0, 60.0, 120.0, 240.0])
    shares = []
    for seed in range(12):
        firm = Firm(seed, 5_000)
        forgotten = (firm.won == 0) & (firm.rng.random(len(firm.won)) < never)
        firm.known = np.where(forgotten, DAYS + 9_000, firm.known)
        found = found_of(firm, without_dates(firm, 0.0))
        assert found is not None
        shares.append(found._shares(found.now - ages * DAY_S, found.now)[0])
    truth = gamma.cdf(ages, 2, scale=LOST_DAYS / 2)
    assert np.mean(shares, axis=0) == pytest.approx(truth, abs=0.05)


def test_where_lost_leads_have_no_dates_and_none_is_open_nothing_is_said() -> None:
    firm = Firm(4)
    own = firm.decided
    metas = [meta for meta, known in zip(without_dates(firm, 0.0), own) if known]
    assert delays_of(items_of(metas), START_S + firm.at[own] * DAY_S, firm.won[own]) is None


def test_before_now_a_lost_lead_without_a_date_counts_as_long_after_it_came_as_is_taken_for_all() -> (
    None
):
    firm = Firm(4, 9_000)
    found = found_of(firm, without_dates(firm, 0.0))
    assert found is not None
    then = found.now - 200 * DAY_S
    waited = found._waited
    lean = found.lean(then)
    there = found.order <= then
    young = (found.settled <= then) & (then - found.order < waited)
    assert young.sum() >= 8 and (found.won[young] == 1).all() and (lean[young] > 1).all()
    old = there & (then - found.order > max(waited, 300 * DAY_S))
    assert np.abs(lean[old]).max() < 0.1
    assert found.lean()[found.now - found.order > 300 * DAY_S] == pytest.approx(0.0, abs=0.1)


def test_leads_that_were_closed_in_bulk_teach_nothing_of_how_long_outcomes_take() -> None:
    """Somebody tidies up three weeks before the export: else all lost leads would seem to take as long as they are old."""
    for seed in range(6):
        firm = Firm(seed)
        forgotten = (firm.won == 0) & (firm.rng.random(N) < 0.6)
        tidied = forgotten & (firm.at < DAYS - 20)
        firm.known = np.where(tidied, DAYS - 20, np.where(forgotten, DAYS + 900, firm.known))
        assert found_of(firm) is None


def test_leads_that_are_all_closed_on_the_last_day_are_not_taken_for_quick_ones() -> None:
    """Nobody is left open, so nobody is missing; where it is done each month, it is how long outcomes take."""
    for seed in range(6):
        firm = Firm(seed)
        firm.known = np.minimum(firm.known, DAYS - 0.01)
        assert found_of(firm) is None
        monthly = Firm(seed)
        monthly.known = np.where(
            monthly.won > 0, monthly.known, 30 * np.ceil(monthly.known / 30) - 0.01
        )
        assert found_of(monthly) is not None


def test_a_date_of_another_century_does_not_make_all_leads_old() -> None:
    firm = Firm(5)
    right = found_of(firm)
    metas = firm.metas()
    row = int(np.flatnonzero(firm.decided)[0])
    metas[row] = {**metas[row], OUTCOME_AT: START_S + 40_000 * DAY_S}
    found = found_of(firm, metas)
    assert right is not None and found is not None
    assert found.now == pytest.approx(right.now, abs=2 * DAY_S)
    assert found.lean()[1:] == pytest.approx(right.lean()[1:], abs=0.05)


def test_firms_that_decide_as_ever_are_taken_for_steady() -> None:
    assert sum(found_of(Firm(seed, 600)) is not None for seed in range(20)) >= 18


def test_firms_that_decide_twice_as_fast_of_late_are_not() -> None:
    for seed in range(6):
        firm = Firm(seed)
        firm.known = firm.at + (firm.known - firm.at) * np.where(firm.at > 360, 0.4, 1.2)
        assert found_of(firm) is None


# -- learning beside it ---------------------------------------------------------------------------


def drawn_early(
    seed: int, n: int = 20_000
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(x, won, beside, log-odds) of leads of which won ones are known more often, the more so the larger `beside`."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    logits = x - 1.5
    won = rng.random(n) < 1 / (1 + np.exp(-logits))
    beside = rng.choice([0.0, 1.0, 2.0], n)
    known = won | (rng.random(n) < np.exp(-beside))
    return x[known], won[known].astype(np.float64), beside[known], logits[known]


def test_a_model_that_is_fitted_beside_it_is_that_of_all_leads() -> None:
    x, won, beside, _ = drawn_early(0)
    level, slope = logistic_fit(x[:, None], won, beside)
    assert (level, slope) == pytest.approx((-1.5, 1.0), abs=0.06)
    assert logistic_fit(x[:, None], won)[0] > -1.1


@pytest.mark.parametrize("straight", [True, False])
def test_curves_are_fitted_beside_it(straight: bool) -> None:
    x, won, beside, logits = drawn_early(1)
    design = Design(x[:, None].astype(np.float32), straight=straight)
    own = Additive(design.fit(won, np.ones(len(won)), beside=beside))
    assert float((own.margins(x[:, None].astype(np.float32)) - logits).mean()) == pytest.approx(
        0.0, abs=0.06
    )


def test_trees_are_grown_beside_it_and_say_it_without() -> None:
    x, won, beside, logits = drawn_early(2)
    matrix, config = x[:, None].astype(np.float32), Config(trees=150, learning_rate=0.1)
    trees = boosting.grow(matrix, won, config, seed=1, device="cpu", beside=beside)
    plain = boosting.grow(matrix, won, config, seed=1, device="cpu")
    off = [float((boosting.margins(one, matrix) - logits).mean()) for one in (trees, plain)]
    assert off[0] == pytest.approx(0.0, abs=0.08) and off[1] > 0.4
    arrays = boosting.arrays_of(trees, boosting.base_rate(won, beside))
    assert arrays.margins(matrix) == pytest.approx(boosting.margins(trees, matrix), abs=1e-4)


@pytest.mark.parametrize("method", ["platt", "beta", "isotonic", "auto"])
def test_what_is_right_of_all_leads_is_not_corrected_by_early_ones(method: str) -> None:
    parts = [drawn_early(seed, 12_000) for seed in range(3)]
    beside = [Slice(logits, won, lean) for _, won, lean, logits in parts]
    grid = np.linspace(-3, 1, 9)
    made, _ = calibrate(beside, method)  # type: ignore[arg-type]
    off = calibrated(grid, made) - grid
    assert abs(off.mean()) < 0.15 and np.abs(off).max() < 0.5
    plain, _ = calibrate([Slice(one.margins, one.won) for one in beside], method)  # type: ignore[arg-type]
    assert (calibrated(grid, plain) - grid).mean() > 0.3


def test_candidates_are_judged_beside_it() -> None:
    _, won, beside, logits = drawn_early(3)
    own = Slice(logits + 0.7, won, beside)
    for found in (levelled(own), rescaled(own)):
        assert found == pytest.approx(logits + beside, abs=0.15)
    backwards = rescaled(Slice(-logits, won, beside))
    assert np.allclose(backwards - beside, backwards[0] - beside[0]), "level, as order says nothing"


def test_intervals_hold_what_all_leads_do() -> None:
    inside = []
    for seed in range(10):
        slices = []
        for n in range(3):
            _, won, beside, logits = drawn_early(10 * seed + n, 2_000)
            slices.append(Slice(logits, won, beside))
        spec = interval_of(slices, CalibratorSpec())
        knots, low, high = (np.array(one) for one in (spec.knots, spec.low, spec.high))
        middle = slice(3, -3)
        inside.append(((low <= knots) & (knots <= high))[middle].mean())
        assert (probability(high) - probability(low))[middle].max() < 0.35
    assert np.mean(inside) > 0.8


def test_the_quick_ones_at_the_end_are_no_season() -> None:
    """Of three years of leads that are won alike, the last months look like good ones, but not beside how long outcomes take."""
    x = np.random.default_rng(5)
    at = np.sort(x.uniform(0, 3 * 365.25, 30_000)) * DAY_S
    lean = 1.2 * np.cos(2 * np.pi * at / (365.25 * DAY_S))
    won = (x.random(len(at)) < 1 / (1 + np.exp(1.5 - lean))).astype(np.float64)
    assert season_of(at, won) is not None
    assert season_of(at, won, lean) is None


# -- what is told ---------------------------------------------------------------------------------


def test_figures_of_a_training_are_those_of_all_leads_like_the_judged_ones() -> None:
    firm = Firm(6, 4_000)
    dataset = firm.dataset()
    told, ready, _ = bundle_of(dataset, FAST)
    items = dataset.of("test")
    task = EvaluateTask(ready.runtime, None, dataset, items, Costs(), SEED)
    found = evaluate.evaluate(task)
    base = found.metrics["base_rate"]
    judged = np.array([item.annotation.label == "won" for item in items if item.annotation])
    assert judged.mean() > 0.29 and base.low < firm.chance.mean() < base.high < 0.29
    assert told.baseline["pr_auc"].value == pytest.approx(base.value, abs=0.01)
    assert told.baseline["log_loss"].value > found.metrics["log_loss"].value
    assert any("stand for" in one for one in found.details)
    assert any("so young that hardly any" in one for one in found.notes)
    assert ready.runtime.spec.base_rate == pytest.approx(firm.chance.mean(), abs=0.02)
    counted = ready.runtime.spec.reasons.base
    assert counted.n < firm.decided.sum()
    assert counted.won / counted.n == pytest.approx(firm.chance.mean(), abs=0.02)


def test_two_bundles_are_compared_on_as_many_leads_as_those_stand_for() -> None:
    firm = Firm(7)
    dataset = firm.dataset()
    _, ready, _ = bundle_of(dataset, FAST)
    items = dataset.of("test")
    task = EvaluateTask(ready.runtime, None, dataset, items, Costs(), SEED)
    found = evaluate.evaluate(task)
    kept = {one.sample_id for one in found.results}
    there = [item for item in items if item.sample.id in kept]
    statistic = evaluate.statistic("base_rate", there, found.results)
    assert statistic is not None
    every = np.arange(len(there))
    assert statistic(every) == pytest.approx(found.metrics["base_rate"].value)
    assert 0 < len(items) - len(there) < len(items) / 2


def test_young_leads_are_no_question_where_training_reckons_with_them(tmp_path: Path) -> None:
    dataset = Firm(8, won_days=90.0).dataset()
    (found,) = times.young(load_table(dataset, dataset.items), FAST)
    assert found.level == "pass" and "reckon with how long" in found.text
    assert not times.young_note(load_table(dataset, dataset.items), FAST)


def test_a_replay_says_since_when_not_all_outcomes_are_known() -> None:
    firm = Firm(9)
    dataset = firm.dataset()
    _, ready, _ = bundle_of(dataset, FAST)
    task = EvaluateTask(ready.runtime, None, dataset, dataset.items, Costs(), SEED)
    notes = evaluate.ranking(task).notes
    (told,) = (one for one in notes if "not all outcomes are known" in one)
    decided, expected = (float(part.split()[-1]) for part in told.split("%")[:2])
    late = DAYS - firm.at < 240
    assert decided > expected + 5 and expected == pytest.approx(
        100 * firm.chance[late].mean(), abs=4
    )
    young = int(next(one for one in notes if "so young" in one).split()[0])
    open_ones = int(next(one for one in notes if "still open" in one).split()[0])
    assert open_ones == (~firm.decided).sum() and 0 < young < 60
