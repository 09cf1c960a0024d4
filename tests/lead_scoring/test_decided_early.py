"""Leads that are decided early are not like all: models are fitted beside that, figures count those not decided yet."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from kits.core.dataset import DatasetItem
from kits.core.kit import EvaluateTask
from kits.core.operating_point import Costs
from kits.lead_scoring import evaluate
from kits.lead_scoring._checking import times
from kits.lead_scoring._checking.seasons import season_of
from kits.lead_scoring._learning import boosting
from kits.lead_scoring._learning.additive import Design
from kits.lead_scoring._learning.calibration import Slice, calibrate, levelled, rescaled
from kits.lead_scoring._learning.delays import Delays
from kits.lead_scoring._learning.intervals import interval_of
from kits.lead_scoring._learning.newton import logistic_fit
from kits.lead_scoring._models.additive import Additive
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.spec import CalibratorSpec
from kits.lead_scoring._table import load_table
from kits.lead_scoring.config import Calibrator, Config
from tests.lead_scoring.early_leads import DAYS, Firm
from tests.lead_scoring.made_leads import DAY_S, START_S
from tests.lead_scoring.trained_leads import SEED, bundle_of

FAST = Config.model_validate({"approach": "logistic"})


def order_of(item: DatasetItem) -> float:
    return float(str(item.sample.meta["order"]))


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
def test_what_is_right_of_all_leads_is_not_corrected_by_early_ones(method: Calibrator) -> None:
    parts = [drawn_early(seed, 12_000) for seed in range(3)]
    beside = [Slice(logits, won, lean) for _, won, lean, logits in parts]
    grid = np.linspace(-3, 1, 9)
    made, _ = calibrate(beside, method)
    off = calibrated(grid, made) - grid
    assert abs(off.mean()) < 0.15 and np.abs(off).max() < 0.5
    plain, _ = calibrate([Slice(one.margins, one.won) for one in beside], method)
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_where_leads_were_closed_in_bulk_young_ones_are_asked_about_with_the_reason() -> None:
    firm = Firm(8)
    firm.known = np.minimum(firm.known, DAYS - 0.01)
    dataset = firm.dataset()
    (found,) = times.young(load_table(dataset, dataset.items), FAST)
    assert found.level == "warn" and "closed on one day" in found.text
    assert "open_for_days" in found.fix


def test_a_market_that_takes_longer_of_late_is_told() -> None:
    firm = Firm(8)
    firm.known = firm.at + (firm.known - firm.at) * np.where(firm.at > 400, 2.0, 1.0)
    dataset = firm.dataset()
    leads = load_table(dataset, dataset.items)
    (found,) = times.young(leads, FAST)
    assert found.level == "pass"
    told = re.search(
        r"outcomes take longer of late: half of the lost ones are known after (\d+) days, (\d+) before",
        found.text,
    )
    assert told and int(told[1]) > 1.4 * int(told[2])
    (note,) = times.young_note(leads, FAST)
    assert "and half of the won ones" in note and note.endswith("go by who is still open")
    (found,) = times.young(leads.decided, FAST)
    assert found.level == "warn" and "export all open leads, too" in found.fix
    assert "by their dates outcomes took longer of late: training reckons with a part" in found.text


@pytest.mark.parametrize(("times_as_long", "level"), [(1.0, "pass"), (2.0, "warn")])
def test_open_leads_that_seem_to_be_missing_are_told(times_as_long: float, level: str) -> None:
    firm = Firm(9)
    firm.known = firm.at + (firm.known - firm.at) * np.where(firm.at > 400, times_as_long, 1.0)
    dataset = firm.dataset()
    whole = load_table(dataset, dataset.items)
    kept = np.isfinite(whole.won) | (np.arange(len(whole)) % 5 == 0)
    (found,) = times.young(whole.rows(np.flatnonzero(kept)), FAST)
    assert found.level == level
    said = "leads are open where about" if level == "pass" else "too few leads are open for it"
    assert said in found.text
    (whole_said,) = times.young(whole, FAST)
    assert whole_said.level == "pass" and "are open where" not in whole_said.text


@pytest.mark.parametrize("days", [0.1, 20.0])
def test_of_hours_and_of_a_kind_that_nobody_was_before_no_pace_is_told(days: float) -> None:
    came = START_S + np.arange(1_200) * DAY_S / 4
    late = np.arange(1_200) >= 950
    won = (np.arange(1_200) % 4 == 0) & late
    settled = came + np.where(late & ~won, 1.5 * days, days) * DAY_S
    found = Delays(came, settled, won * 1.0, float(settled.max()), still=came[-1:])
    halves = found.table.halves(found.now) if found.table is not None else None
    assert halves is not None
    assert "won" not in times.pace_of(found) and " 0 days" not in times.pace_of(found)


@pytest.mark.slow
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


@pytest.mark.slow
def test_percentiles_are_those_of_all_who_come() -> None:
    """Of the latest leads those that are decided are the better ones: by these alone the others would stand too low."""
    below = []
    for seed in range(10, 13):
        dataset = Firm(seed, 4_000, won_days=15.0).dataset()
        _, ready, _ = bundle_of(dataset, FAST)
        late = [one for one in dataset.items if order_of(one) > START_S + (DAYS - 90) * DAY_S]
        payloads = [
            ready.runtime.decode(dataset.content(one), one.sample.media_type) for one in late
        ]
        said = np.array([one.score for one in ready.runtime.predict(payloads)])
        below.append((said < ready.runtime.spec.quantiles[75]).mean())
    assert np.mean(below) == pytest.approx(0.75, abs=0.02)
