"""The tail of the condition index: what it promises of normal running."""

from __future__ import annotations

import numpy as np
import pytest

from kits.predictive_maintenance._device import tail as _tail
from kits.predictive_maintenance._device.tail import MONTH_S, Tail

HOUR_S = 3600.0


def _index(
    rng: np.random.Generator, count: int, slope: float = 0.2
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Independent values whose logarithm has an exponential tail."""
    return np.exp(rng.exponential(slope, count))


def test_a_score_is_the_logarithm_of_the_months_between_such_values() -> None:
    rng = np.random.default_rng(0)
    tail = _tail.fit([_index(rng, 20_000)], HOUR_S, 0)
    months = 200_000 * HOUR_S / MONTH_S
    seen = tail.score(_index(rng, 200_000))
    for score in (-1.5, -1.0, 0.0):
        promised = months / 10**score
        assert (seen >= score).sum() == pytest.approx(promised, rel=0.25)


def test_few_peaks_promise_less_than_many_of_the_same_kind() -> None:
    few = Tail(start=0.0, slope=0.2, peaks=4.0, per_month=1000.0)
    many = few.model_copy(update={"peaks": 4000.0})
    far = np.array([np.exp(2.0)])
    assert few.score(far)[0] < many.score(far)[0] - 1
    # exponential at last: ten slopes are a factor of e to the tenth
    assert many.score(far)[0] == pytest.approx((10 - np.log(1000)) / np.log(10), abs=0.02)


def test_scores_rise_with_the_index_and_stay_finite() -> None:
    tail = Tail(start=0.3, slope=0.2, peaks=3.0, per_month=900.0)
    scores = tail.score(np.array([0.0, 1e-6, 1.0, 1.35, 2.0, 1e3, 1e12, 1e300]))
    assert (np.diff(scores) >= 0).all()
    assert np.isfinite(scores).all()


def test_neighbouring_readings_are_one_peak() -> None:
    rng = np.random.default_rng(1)
    values = _index(rng, 400)
    alone = _tail.fit([values], HOUR_S, 1)
    joined = _tail.fit([np.repeat(values, 10)], HOUR_S / 10, 1)
    assert joined.peaks == pytest.approx(alone.peaks, rel=0.05)
    assert joined.per_month == pytest.approx(alone.per_month, rel=0.05)


def test_too_few_values_have_no_tail() -> None:
    with pytest.raises(ValueError, match="39 values"):
        _tail.fit([np.ones(39)], HOUR_S, 0)


def test_readings_that_were_not_judged_do_not_count() -> None:
    index = _index(np.random.default_rng(2), 600)
    with_gaps = np.insert(index, 300, np.full(200, np.nan))
    assert _tail.fit([with_gaps], 60.0, 3) == _tail.fit([index], 60.0, 3)
