"""The additive model and the choice among candidates."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.dataset import Split
from kits.core.stats import auroc
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.additive import Design, recency
from kits.lead_scoring._learning.calibration import Slice, levelled
from kits.lead_scoring._learning.candidates import Candidate, candidates
from kits.lead_scoring._learning.choice import Scored, choose, hopeless, judge
from kits.lead_scoring._learning.effort import is_large, stride_of
from kits.lead_scoring._learning.encoding import fit_encoder
from kits.lead_scoring._learning.folds import Origin, is_in_time, origins
from kits.lead_scoring._learning.kinds import Kind
from kits.lead_scoring._learning.newton import logistic_fit, minimise
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._models.additive import Additive
from kits.lead_scoring.config import Config

N = 3_000


def bent_rows(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose log-odds are a bend in one column, a jump in another, and more where a third is missing."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(N, 3)).astype(np.float32)
    rows[:, 1] = rng.integers(0, 2, N)
    rows[rng.random(N) < 0.3, 2] = np.nan
    logit = -1 + 1.5 * np.maximum(rows[:, 0], 0) + rows[:, 1] + 1.5 * np.isnan(rows[:, 2])
    return rows, (rng.random(N) < 1 / (1 + np.exp(-logit))).astype(np.float64)


def test_curves_find_bends_jumps_and_what_is_missing() -> None:
    rows, won = bent_rows()
    model = Additive(Design(rows).fit(won, np.ones(N)))

    def at(*row: float) -> float:
        return float(model.margins(np.array([row], np.float32))[0])

    assert at(1.5, 0, 0) - at(0, 0, 0) == pytest.approx(2.25, abs=0.5)
    assert at(-1.5, 0, 0) - at(0, 0, 0) == pytest.approx(0.0, abs=0.4)
    assert at(0, 1, 0) - at(0, 0, 0) == pytest.approx(1.0, abs=0.3)
    assert at(0, 0, np.nan) - at(0, 0, 0) == pytest.approx(1.5, abs=0.4)


def test_curves_add_up_to_the_log_odds_and_to_nothing_for_the_average_lead() -> None:
    rows, won = bent_rows()
    model = Additive(Design(rows).fit(won, np.ones(N)))
    adds = model.adds(rows)
    assert model.margins(rows) == pytest.approx(adds.sum(axis=1) + model.spec.intercept)
    assert adds.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-6)


def test_beyond_what_was_met_curves_stay_level() -> None:
    rows, won = bent_rows()
    model = Additive(Design(rows).fit(won, np.ones(N)))
    far, farther = np.array([[50, 0, 0]], np.float32), np.array([[1e9, 0, 0]], np.float32)
    assert model.margins(far)[0] == model.margins(farther)[0]


def test_straight_lines_go_on_beyond_what_was_met_but_not_for_ever() -> None:
    """An economy that drifts leaves what was seen; a placeholder of a million must not outweigh all else."""
    rng = np.random.default_rng(5)
    column = rng.uniform(0.0, 1.0, 4_000)
    won = (rng.random(4_000) < 1 / (1 + np.exp(2.0 - 3.0 * column))).astype(float)
    design = Design(column[:, None].astype(np.float32), straight=True)
    model = Additive(design.fit(won, np.ones(4_000)))
    at = model.margins(np.array([[0.5], [1.0], [1.5], [1e6], [np.nan]], dtype=np.float32))
    assert at[1] - at[0] == pytest.approx(1.5, abs=0.3)
    assert at[2] - at[1] == pytest.approx(at[1] - at[0], rel=1e-3)
    assert at[3] - at[1] < 2.5 * (at[1] - at[0])
    assert np.isfinite(at).all()


def test_recent_leads_weigh_more_and_are_followed() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(N, 1)).astype(np.float32)
    slope = np.where(np.arange(N) < 0.8 * N, -1.0, 1.0)
    won = (rng.random(N) < 1 / (1 + np.exp(-slope * rows[:, 0]))).astype(np.float64)
    weights = recency(np.linspace(0, 1, N), 1 / 16)
    assert weights[-1] / weights[-1 - N // 16] == pytest.approx(2.0, rel=0.02)
    later = rows[-400:]
    recent, level = (
        auroc(Additive(Design(rows).fit(won, w)).margins(later), won[-400:] > 0)
        for w in (weights, np.ones(N))
    )
    assert recent > 0.6
    assert level < 0.45


@pytest.mark.parametrize(
    ("more", "exact"), [(400, np.float64), (4_000, np.float64), (400, np.float32)]
)
def test_many_columns_reach_the_same_minimum(more: int, exact: type[np.floating]) -> None:
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(500, 20))
    won = (rng.random(500) < 0.4).astype(np.float64)
    narrow = minimise(columns, won, np.ones(500), 5.0)
    padded = np.hstack([columns, np.zeros((500, more))]).astype(exact)
    wide = minimise(padded, won, np.ones(500), 5.0)

    def loss(at: np.ndarray) -> float:
        logits = at[0] + columns @ at[1:21]
        return float((np.logaddexp(0, logits) - won * logits).sum() + 2.5 * (at[1:] ** 2).sum())

    assert loss(wide) == pytest.approx(loss(narrow), rel=1e-4)
    assert wide[21:] == pytest.approx(np.zeros(more))


def test_leads_that_are_told_apart_without_fail_give_finite_weights() -> None:
    column = np.linspace(-1, 1, 200)
    assert np.isfinite(logistic_fit(column[:, None], (column > 0).astype(np.float64))).all()


def a_split(train: int, val: int, test: int) -> list[Split]:
    counts: dict[Split, int] = {"train": train, "val": val, "test": test}
    return [name for name, count in counts.items() for _ in range(count)]


def test_folds_in_time_learn_from_the_past_alone() -> None:
    splits = a_split(70, 15, 15)
    steps = origins(splits, [""] * 100, 4, in_time=True, seed=0)
    assert [one.name for one in steps] == ["fold 1", "fold 2", "fold 3", "fold 4", "val", "test"]
    assert all(one.fit.max() < one.judge.min() for one in steps)
    assert steps[-1].fit.tolist() == list(range(85))


def test_folds_by_lot_keep_groups_together() -> None:
    groups = [f"g{n // 4}" for n in range(100)]
    steps = origins(a_split(100, 0, 0), groups, 3, in_time=False, seed=0)
    for one in steps:
        assert not {groups[n] for n in one.fit} & {groups[n] for n in one.judge}
    assert sorted(n for one in steps for n in one.judge) == list(range(100))


def test_a_split_by_lot_of_ordered_leads_is_no_split_in_time() -> None:
    order, rng = np.arange(200, dtype=np.float64), np.random.default_rng(0)
    lot: list[Split] = ["train" if one else "test" for one in rng.random(200) < 0.7]
    assert not is_in_time(order, lot)
    assert is_in_time(order, a_split(150, 0, 50))
    assert not is_in_time(np.zeros(200), a_split(150, 0, 50))


def scored_of(quality: dict[Candidate, float], seed: int = 0, n: int = 2_000) -> tuple[Scored, ...]:
    """How candidates do that see the truth under so much noise."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    won = (rng.random(n) < 1 / (1 + np.exp(-2 * truth))).astype(np.float64)
    margins = {
        "fold 1": {one: truth + noise * rng.normal(size=n) for one, noise in quality.items()}
    }
    fold = Origin("fold 1", np.arange(0), np.arange(n))
    return judge(margins, [fold], won)


def choice_of(quality: dict[Candidate, float], seed: int = 0) -> Candidate:
    """Which of them is chosen."""
    return choose(scored_of(quality, seed)).candidate


def test_the_simpler_of_two_that_are_as_good_is_taken() -> None:
    simple, rich = Candidate("logistic"), Candidate("mean")
    found = [choice_of({rich: 0.5, simple: 0.502}, seed) for seed in range(40)]
    assert found.count(simple) > 20
    assert choice_of({rich: 0.3, simple: 1.5}) == rich


@pytest.mark.parametrize("level", [-1.5, 0.0, 2.0])
def test_of_small_models_the_one_whose_slope_is_right_is_taken_whatever_the_level(
    level: float,
) -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=300)
    won = (rng.random(300) < 1 / (1 + np.exp(-2 * truth))).astype(np.float64)
    slopes = {
        30.0: 1.6,
        3.0: 8.0,
        100.0: 0.4,
        10.0: 2.0,
    }  # of the same order: shrunk too far, or not enough
    margins = {Candidate("small", penalty=p): slope * truth + level for p, slope in slopes.items()}
    fold = Origin("fold 1", np.arange(0), np.arange(300))
    scored = judge({"fold 1": margins}, [fold], won)
    assert choose(scored).candidate.penalty in (10.0, 30.0)
    assert max(scored, key=lambda one: one.loss).candidate.penalty == 3.0


@pytest.mark.parametrize("shift", [-6.0, 0.0, 4.0])
def test_a_level_is_right_when_as_many_are_expected_as_were_won(shift: float) -> None:
    margins = np.random.default_rng(1).normal(size=200) + shift
    won = np.repeat([1.0, 0.0], [30, 170])
    found = levelled(Slice(margins, won))
    assert (1 / (1 + np.exp(-found))).sum() == pytest.approx(30, abs=1e-3)
    assert np.allclose(np.diff(found), np.diff(margins))


def test_only_what_is_hopeless_is_given_up() -> None:
    near, best, far = Candidate("logistic"), Candidate("mean"), Candidate("trees")
    scored = scored_of({near: 0.55, best: 0.5, far: 1.5})
    assert [one.candidate for one in hopeless(scored)] == [far]
    assert hopeless(()) == ()


def test_of_many_models_of_a_large_table_the_better_half_goes_on_but_four_at_least() -> None:
    for models, left in ((7, 4), (12, 6)):
        noise = {Candidate("recent", 1 / n): 0.5 + n / 100 for n in range(2, 2 + models)}
        scored = scored_of(noise)
        stay = set(noise) - {one.candidate for one in hopeless(scored)}
        best = sorted(scored, key=lambda one: one.loss)[:left]
        assert stay == {one.candidate for one in (*best, choose(scored))}


def test_the_simplest_that_is_as_good_as_the_best_is_not_given_up_for_its_rank() -> None:
    simple = Candidate("logistic", straight=True)
    losses = {Candidate("mean", 1 / n): 0.5 + n / 10_000 for n in range(2, 14)} | {simple: 0.51}
    rng = np.random.default_rng(3)
    scored = []
    for one, loss in losses.items():
        noise = rng.normal(scale=0.5, size=400)
        scored.append(Scored(one, loss + noise - noise.mean(), (0.7,), (2.0,), 0.1))
    assert choose(scored).candidate == simple
    assert simple not in {one.candidate for one in hopeless(scored)}


def test_models_of_small_tables_are_chosen_among_with_all_their_trees() -> None:
    assert [stride_of(cells) for cells in (10_000, 3_000_000, 6_000_000, 90_000_000)] == [
        1,
        1,
        2,
        4,
    ]
    assert [is_large(cells) for cells in (3_000_000, 3_000_001)] == [False, True]


def test_few_leads_try_the_small_model_alone_and_time_alone_brings_recency() -> None:
    few = candidates(Config(), few=True, in_time=True, drifting=())
    assert {one.family for one in few} == {"small"}
    by_lot = candidates(Config(), few=False, in_time=False, drifting=())
    assert {one.family for one in by_lot} == {"logistic", "trees", "mean"}
    in_time = candidates(Config(), few=False, in_time=True, drifting=("month",))
    assert {one.family for one in in_time} == {"logistic", "recent", "trees", "mean"}
    assert {one.stable for one in in_time} == {True, False}


@pytest.mark.parametrize(("setting", "stable"), [("exclude", {True}), ("warn", {False})])
def test_drifting_columns_are_out_or_in_as_configured(setting: str, stable: set[bool]) -> None:
    config = Config.model_validate({"court": {"drift": setting}})
    found = candidates(config, few=False, in_time=True, drifting=("month",))
    assert {one.stable for one in found} == stable


def test_more_trees_than_shares_can_be_kept_for_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 1464 trees of depth 6"):
        Config.model_validate({"trees": 2_000, "depth": 6})


def test_many_columns_of_choices_share_what_they_may_take() -> None:
    rng = np.random.default_rng(0)
    leads = [
        Lead(str(n), {f"c{k}": f"v{v}" for k, v in enumerate(rng.integers(0, 20, 100))})
        for n in range(600)
    ]
    kinds: dict[str, Kind] = {f"c{k}": "choice" for k in range(100)}
    won = (rng.random(600) < 0.4).astype(np.float64)
    matrix = fit_encoder(Sheet(leads), np.arange(600), won, kinds, 0).matrix
    assert 100 <= matrix.shape[1] <= 800
