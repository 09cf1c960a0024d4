"""The watch on a promise: quiet while it holds, loud when it does not, small enough to keep."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.monitor import MonitorState, PromiseMonitor


def course(rate: float, n: int, seed: int) -> list[bool]:
    return [bool(x) for x in np.random.default_rng(seed).random(n) < rate]


def audits_until_broken(monitor: PromiseMonitor, rate: float, most: int, seed: int) -> int | None:
    for number, wrong in enumerate(course(rate, most, seed), start=1):
        monitor = monitor.after(wrong)
        if monitor.broken:
            return number
    return None


@pytest.mark.slow
def test_it_seldom_cries_wolf_however_long_one_looks() -> None:
    fresh = PromiseMonitor(0.02, 0.05)
    alarms = sum(audits_until_broken(fresh, 0.02, 3000, seed) is not None for seed in range(100))
    assert alarms <= 9  # at most 5 % expected


def test_it_tells_a_broken_promise_soon() -> None:
    fresh = PromiseMonitor(0.02, 0.05)
    found = [audits_until_broken(fresh, 0.10, 400, seed) for seed in range(40)]
    assert None not in found
    assert np.median([n for n in found if n is not None]) < 100


def test_it_tells_a_change_after_a_long_good_time() -> None:
    good = PromiseMonitor(0.02, 0.05).after_all(course(0.01, 3000, 7))
    assert not good.broken
    found = [audits_until_broken(good, 0.10, 600, seed) for seed in range(20)]
    assert None not in found
    assert np.median([n for n in found if n is not None]) < 250


def test_once_broken_it_stays_broken() -> None:
    broken = PromiseMonitor(0.02, 0.05).after_all([True] * 6)
    assert broken.broken
    assert broken.after_all([False] * 500).broken


def test_it_goes_on_from_its_state_as_if_nothing_had_happened() -> None:
    whole = PromiseMonitor(0.02, 0.05).after_all(course(0.03, 500, 1))
    half = PromiseMonitor(0.02, 0.05).after_all(course(0.03, 500, 1)[:250])
    kept = half.state().model_dump_json()
    again = PromiseMonitor.of(MonitorState.model_validate_json(kept))
    assert again.after_all(course(0.03, 500, 1)[250:]) == whole
    assert len(kept) < 1000


def test_its_sentence_says_what_was_seen_and_what_was_promised() -> None:
    text = PromiseMonitor(0.02, 0.05).after_all([False] * 99 + [True]).text()
    assert "1 of 100 audited decisions were wrong; promised are 2.0% at most" in text
    broken = PromiseMonitor(0.02, 0.05).after_all([True] * 8).text()
    assert "refuted with 95% confidence" in broken


@pytest.mark.parametrize(("epsilon", "delta"), [(0.0, 0.05), (0.9, 0.05), (0.02, 0.0)])
def test_a_promise_that_is_none_is_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(ValueError, match="must lie"):
        PromiseMonitor(epsilon, delta)
