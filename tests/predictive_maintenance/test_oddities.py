"""Normal running that is unlike the rest is told, so that nobody calibrates on a fault in silence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kits.core.runtime import cpu_session
from kits.predictive_maintenance._device.condition import ConditionJudge
from kits.predictive_maintenance._learning import graphs
from kits.predictive_maintenance._learning.condition import learn_condition
from kits.predictive_maintenance._learning.oddities import oddities
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.test_condition_methods import recorded

Floats = NDArray[np.float64]


def running(seed: int, count: int) -> Floats:
    """Three channels of a machine that runs as always."""
    return np.random.default_rng(seed).normal(0, 1, (3, count)) + 10.0


def told(held: Floats, *more: Floats) -> tuple[str, ...]:
    """What is said after learning from 6,000 seconds and calibrating on these."""
    recordings = [
        recorded(held, "m-1"),
        *(recorded(one, f"m-{n + 2}") for n, one in enumerate(more)),
    ]
    learning = [recorded(running(n, 6000), r.asset) for n, r in enumerate(recordings)]
    made = learn_condition(learning, recordings, Config(), 0)
    model = graphs.quadratic(made.means, made.inverse_scales, made.matrices, 1e4)
    return oddities(ConditionJudge(made.spec, cpu_session(model)), recordings)


def test_a_fault_that_nobody_labelled_is_told_with_its_time_and_channel() -> None:
    held = running(50, 4000)
    held[1, 2000:2900] += 4.0
    (said,) = told(held)
    assert said.startswith("m-1 ran unlike its other normal running from ")
    assert "from 2026-03-02 00:3" in said, "it began 33 minutes after the start, at midnight"
    assert "to 2026-03-02 00:48" in said
    assert "c1 is " in said
    assert "label it" in said


def test_nothing_is_told_of_plain_running() -> None:
    assert told(running(51, 4000)) == ()


def test_bursts_that_come_again_and_again_are_how_the_machine_runs() -> None:
    held = running(52, 4000)
    for start in range(100, 4000, 400):
        held[1, start : start + 60] += 4.0
    assert told(held) == ()


def test_too_little_time_says_nothing() -> None:
    held = running(53, 400)
    held[1, 200:300] += 4.0
    assert told(held) == ()


def test_only_the_machine_that_is_unlike_is_told() -> None:
    held = running(54, 4000)
    held[2, 1000:1800] -= 4.0
    (said,) = told(running(55, 4000), held)
    assert said.startswith("m-2 ")
