"""When the scores have moved on probation: the bundle before judges along, and says whether the parts did it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_agent.update.config import UpdateConfig
from kits.core.prediction import Box, Prediction
from tests.edge_agent.parts import bundle_id_of, write_tiny_kit
from tests.edge_agent.update_bench import NEW, OLD, Bench, assert_keeps_old

N = 100
SMALL = 7
"""A seed with which a small change is more than usual and no proof."""
CONFIG = UpdateConfig(shadow_samples=N, probation_samples=N, probation_min_s=0)
NOTHING = Prediction(score=0.0, label="good")
FOUND = Prediction(score=0.9, label="scratch", boxes=(Box(0, 0, 1, 1, "scratch"),))
Pairs = list[tuple[Prediction, Prediction]]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A device on which the old bundle decides and a new one is wished for."""
    write_tiny_kit(tmp_path / "kit")
    monkeypatch.syspath_prepend(tmp_path / "kit")
    made = Bench(tmp_path, CONFIG)
    made.adopt(OLD)
    made.offer(NEW, 2)
    made.step_until("shadow")
    yield made
    made.lives.end()


def scores(seed: int, level: float, *, stuck: bool = False) -> Pairs:
    """Parts of one look: what the new bundle and the old one make of each."""
    rng = np.random.default_rng(seed)
    looks = rng.normal(level, 1.0, N)
    new, old = looks + rng.normal(0, 0.3, N), looks + rng.normal(0, 0.3, N)
    return [
        (Prediction(score=0.1 if stuck else float(a)), Prediction(score=float(b)))
        for a, b in zip(new, old)
    ]


def findings(new: int, old: int) -> Pairs:
    """Of `N` parts so many on which each finds something."""
    return [(FOUND if n < new else NOTHING, FOUND if n < old else NOTHING) for n in range(N)]


def see_in_shadow(bench: Bench, pairs: Pairs) -> None:
    """The new bundle judges along, and then decides."""
    assert bench.line.shadow is not None
    for new, old in pairs:
        bench.line.shadow.add(1.0, new, other=old)
    bench.installer.step()
    assert bench.runs == bundle_id_of(NEW)


def see(bench: Bench, pairs: Pairs) -> None:
    """The new bundle decides, and the old one judges along if it was asked to."""
    for new, old in pairs:
        bench.line.tally.add(1.0, new)
        if bench.line.shadow is not None:
            bench.line.shadow.add(1.0, old, other=new)
    bench.installer.step()


def test_other_parts_are_no_fault_of_the_bundle(bench: Bench) -> None:
    see_in_shadow(bench, scores(1, 0.0))
    see(bench, scores(2, 2.0))
    assert bench.installer.busy, "there is a doubt"
    assert bench.line.shadow is not None
    see(bench, scores(3, 2.0))
    assert bench.last.state == "committed"
    assert bench.line.shadow is None


def test_parts_that_are_as_before_again_are_no_fault_either(bench: Bench) -> None:
    see_in_shadow(bench, scores(1, 0.0))
    see(bench, scores(2, 2.0))
    see(bench, scores(3, 0.0))
    assert bench.last.state == "committed"


@pytest.mark.parametrize("level", [0.0, 2.0])
def test_what_changed_where_the_bundle_before_did_not_goes_back(bench: Bench, level: float) -> None:
    see_in_shadow(bench, scores(1, 0.0))
    see(bench, scores(2, level, stuck=True))
    see(bench, scores(3, level, stuck=True))
    assert bench.last.state == "rolled_back"
    assert "the bundle before sees less of it" in bench.last.error
    assert bench.line.shadow is None
    assert_keeps_old(bench)


def test_an_order_without_defects_is_no_fault_of_the_bundle(bench: Bench) -> None:
    see_in_shadow(bench, findings(40, 40))
    see(bench, findings(0, 0))
    assert bench.installer.busy
    see(bench, findings(0, 0))
    assert bench.last.state == "committed"


def test_who_misses_what_the_bundle_before_finds_goes_back_at_once(bench: Bench) -> None:
    see_in_shadow(bench, findings(40, 40))
    see(bench, findings(0, 40))
    see(bench, findings(0, 40)[:6])
    assert bench.last.state == "rolled_back"
    assert "the bundle before found something on 6 of 6" in bench.last.error


def test_without_the_bundle_before_the_doubt_must_do(bench: Bench) -> None:
    see_in_shadow(bench, scores(1, 0.0))
    bench.lame.add(bundle_id_of(OLD))
    see(bench, scores(2, 2.0))
    bench.lame.clear()
    bench.seconds += 120
    bench.installer.step()
    assert bench.last.state == "rolled_back"
    assert "distributed otherwise" in bench.last.error


@pytest.mark.parametrize("alone", [False, True])
def test_what_may_be_chance_is_looked_at_again_but_proves_nothing(
    bench: Bench, alone: bool
) -> None:
    see_in_shadow(bench, scores(1, 0.0))
    if alone:
        bench.lame.add(bundle_id_of(OLD))
    see(bench, scores(SMALL, 0.8))
    assert (bench.last.state == "committed") == alone
    assert (bench.line.shadow is None) == alone


def test_a_probation_that_an_older_agent_began_is_judged_as_it_was(bench: Bench) -> None:
    see_in_shadow(bench, scores(1, 0.0))
    job = bench.slots.state.job
    assert job is not None
    bench.slots.save(job=job.model_copy(update={"before": None}))
    see(bench, scores(2, 2.0))
    assert bench.last.state == "rolled_back"
