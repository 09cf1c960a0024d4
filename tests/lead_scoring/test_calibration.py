"""Calibration: taken when it pays on later leads, refused when it does harm; intervals that hold."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.stats import auroc
from kits.lead_scoring._learning.calibration import Slice, calibrate, fit
from kits.lead_scoring._learning.intervals import interval_of
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.spec import CalibratorSpec, IntervalSpec
from tests.sampled import sampled

N = 4_000


def slices(slope: float, shift: float, seed: int = 0, count: int = 3, n: int = N) -> list[Slice]:
    """Leads whose true log-odds are `slope`·margin + `shift`."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        margins = rng.normal(-1.0, 1.2, n)
        won = (rng.random(n) < probability(slope * margins + shift)).astype(np.float64)
        made.append(Slice(margins, won))
    return made


@pytest.mark.parametrize("seed", range(5))
def test_true_probabilities_stay_true(seed: int) -> None:
    found, why = calibrate(slices(1.0, 0.0, seed), "auto")
    assert found.method in ("none", "platt")
    assert found.a == pytest.approx(1.0, abs=0.06)
    assert found.b == pytest.approx(0.0, abs=0.06)
    assert why


@pytest.mark.parametrize("seed", range(5))
def test_few_leads_move_probabilities_little(seed: int) -> None:
    found, _ = calibrate(slices(1.0, 0.0, seed, n=80), "auto")
    assert abs(found.a - 1) < 0.15
    assert abs(found.b) < 0.5


def test_a_change_that_a_few_hundred_leads_show_is_followed_within_chance() -> None:
    """The mean probability of the next period, where leads are won more often from fold to fold."""
    gaps = []
    for seed in range(20):
        risen = [slices(1.0, shift, seed * 9 + n, 1, 210)[0] for n, shift in enumerate((0.2, 0.3))]
        latest, coming = (slices(1.0, 0.4, seed * 9 + n, 1, 360)[0] for n in (3, 4))
        found, _ = calibrate([*risen, latest], "auto")
        said = probability(calibrated(coming.margins, found))
        gaps.append(float(said.mean() - coming.won.mean()))
    uncorrected = 0.06  # what a shift of 0.4 is worth here
    assert abs(np.mean(gaps)) < uncorrected / 2


def test_a_base_rate_that_has_risen_is_corrected() -> None:
    found, why = calibrate(slices(1.0, 1.0), "auto")
    assert found.method == "platt"
    assert found.a == pytest.approx(1.0, abs=0.1)
    assert found.b == pytest.approx(1.0, abs=0.1)
    assert "latest" in why


def test_a_correction_that_the_latest_leads_contradict_is_refused() -> None:
    risen, fallen = slices(1.0, 1.2, count=2), slices(1.0, -1.2, seed=1, count=1)
    assert calibrate([*risen, *fallen], "auto")[0].method == "none"


def test_an_order_that_is_upside_down_is_never_turned_round() -> None:
    data = slices(-1.0, 0.0, count=1)[0]
    assert fit("platt", data) is None
    assert fit("beta", data) is None
    assert calibrate(slices(-1.0, 0.0), "platt")[0].method == "none"


def test_isotonic_steps_that_cost_rank_are_refused() -> None:
    noise = Slice(np.random.default_rng(0).normal(size=N), np.tile([0.0, 1.0], N // 2))
    found, why = calibrate([noise], "isotonic")
    before = auroc(noise.margins, noise.won > 0)
    assert auroc(calibrated(noise.margins, found), noise.won > 0) >= before - 0.002
    assert why


@pytest.mark.parametrize("method", ["platt", "beta", "isotonic"])
def test_each_method_keeps_the_order(method: str) -> None:
    data = slices(0.6, 0.4, count=1)[0]
    made = fit(method, data)  # type: ignore[arg-type]  # one of the names
    assert made is not None
    grid = np.linspace(-6, 4, 200)
    assert (np.diff(calibrated(grid, made)) >= -1e-9).all()


def test_isotonic_steps_keep_the_hottest_leads_apart() -> None:
    made = fit("isotonic", slices(0.6, 0.4, count=1)[0])
    assert made is not None
    beyond = np.linspace(made.knots[-1], made.knots[-1] + 2, 20)
    assert (np.diff(calibrated(beyond, made)) > 0).all()


def test_leads_of_equal_log_odds_are_corrected_alike_whatever_came_first() -> None:
    margins = np.repeat(np.log([0.1, 0.2, 0.35, 0.7]), [290, 410, 270, 530])
    rates = np.repeat([0.2, 0.3, 0.5, 0.8], [290, 410, 270, 530])
    won = (np.random.default_rng(0).random(len(margins)) < rates).astype(float)
    late = np.lexsort(
        (won, margins)
    )  # of equal ones the lost come first, which is a rising curve of its own
    made, other = (
        fit("isotonic", Slice(margins[late], won[late])),
        fit("isotonic", Slice(margins, won)),
    )
    assert made is not None
    assert made == other
    assert len(made.knots) == 4
    assert (np.diff(made.knots) > 0).all()


def test_a_curve_without_a_value_at_each_knot_is_refused() -> None:
    for knots, values in (((), ()), ((0.0, 1.0), (0.5,)), ((1.0, 0.0), (0.1, 0.2))):
        with pytest.raises(ValueError, match="a value at each"):
            CalibratorSpec(method="isotonic", knots=knots, values=values)


def test_too_few_leads_are_not_calibrated() -> None:
    assert calibrate(slices(1.0, 2.0, count=2, n=15), "auto")[0].method == "none"


def test_intervals_hold_the_true_share_at_their_confidence() -> None:
    inside = total = 0
    for seed in range(12):
        spec = interval_of(slices(1.0, 0.0, seed=seed, n=700), CalibratorSpec())
        grid = np.linspace(-3, 1, 30)
        low, high = np.interp(grid, spec.knots, spec.low), np.interp(grid, spec.knots, spec.high)
        inside += int(((low <= grid) & (grid <= high)).sum())
        total += len(grid)
    assert inside / total > 0.85


def share_inside(moves: float, steps: int, draws: int) -> float:
    """How often intervals hold the true share in the next period, whose level is drawn as those of the steps were."""
    rng, grid = np.random.default_rng(0), np.linspace(-3, 1, 30)
    inside = 0
    for seed in range(draws):
        shifts = rng.normal(0.0, moves, steps + 1)
        periods = [
            one
            for n, shift in enumerate(shifts[:-1])
            for one in slices(1.0, shift, count=1, n=1_500, seed=100 * seed + n)
        ]
        made, _ = calibrate(periods, "auto")
        spec, said = interval_of(periods, made), calibrated(grid, made)
        low, high = np.interp(said, spec.knots, spec.low), np.interp(said, spec.knots, spec.high)
        true = grid + shifts[-1]
        inside += int(((low <= true) & (true <= high)).sum())
    return inside / (draws * len(grid))


@pytest.mark.parametrize("steps", sampled([3, 4], every=2))
def test_intervals_of_many_leads_allow_for_a_period_that_is_off_as_those_before_were(
    steps: int,
) -> None:
    """What each period's level is off by, more leads do not make less; and three levels tell little of how far they go."""
    assert share_inside(0.3, steps, draws=40) > 0.85


@pytest.mark.slow
def test_intervals_of_levels_that_stand_are_not_much_wider_than_they_need_be() -> None:
    assert 0.9 < share_inside(0.0, 3, draws=50) < 0.975


def test_few_leads_make_wide_intervals() -> None:
    few, many = (interval_of(slices(1.0, 0.0, n=n), CalibratorSpec()) for n in (40, 2_000))
    assert width(few) > 2 * width(many)


def test_folds_that_disagree_make_wide_intervals() -> None:
    calm = interval_of(slices(1.0, 0.0), CalibratorSpec())
    torn = interval_of(
        [*slices(1.0, -0.8, count=1), *slices(1.0, 0.8, seed=1, count=1)], CalibratorSpec()
    )
    assert width(torn) > 2 * width(calm)


def width(spec: IntervalSpec) -> float:
    """Of the interval of a probability of about a quarter."""
    ends = np.array([np.interp(-1.0, spec.knots, end) for end in (spec.low, spec.high)])
    low, high = probability(ends)
    return float(high - low)
