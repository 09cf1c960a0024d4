"""Intervals of figures over recordings that were all told rightly, or all wrongly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from kits.core.stats import Estimate, bootstrap
from kits.predictive_maintenance._judging.certainty import never_certain
from kits.predictive_maintenance._judging.condition import _ranking, _time_in_alarm
from kits.predictive_maintenance._judging.onsets import Course
from kits.predictive_maintenance._judging.scores import average_precision, macro_f1

SIX = ("inner", "normal", "normal", "outer", "outer", "outer")


def drawn(truth: Sequence[str], said: Sequence[str], groups: Sequence[str]) -> dict[str, Estimate]:
    """The figures as resampling has them."""
    classes = sorted({*truth, *said})
    real = np.array([classes.index(one) for one in truth])
    told = np.array([classes.index(one) for one in said])
    faulty = np.array([one != "normal" for one in truth])
    scores = np.array([float(one != "normal") for one in said])
    ways = {
        "accuracy": lambda rows: float((real[rows] == told[rows]).mean()),
        "macro_f1": lambda rows: macro_f1(real[rows], told[rows], len(classes)),
        "pr_auc": lambda rows: average_precision(faulty[rows], scores[rows]),
    }
    return {name: bootstrap(way, groups, seed=0, rounds=50) for name, way in ways.items()}


def test_six_recordings_without_a_mistake_are_no_proof() -> None:
    groups = list("abcdef")
    before = drawn(SIX, SIX, groups)
    found = never_certain(before, SIX, groups)
    assert all(one.low == one.high == 1.0 for one in before.values())
    assert found["accuracy"].low == pytest.approx(0.541, abs=1e-3)  # 0.025 ** (1 / 6)
    # the mean of 1, 2 and 3 recordings that were all told
    assert found["macro_f1"].low == pytest.approx((0.025 + 0.1581 + 0.2924) / 3, abs=1e-3)
    assert found["pr_auc"].low == pytest.approx(0.1581, abs=1e-3)
    assert all((one.value == one.high == 1.0 and "exact" in one.method) or "clopper" in one.method for one in found.values())  # fmt: skip


def test_captures_of_one_machine_prove_no_more_than_one() -> None:
    truth, groups = ["outer"] * 50 + ["normal"] * 50, ["p"] * 50 + ["q"] * 50
    found = never_certain(drawn(truth, truth, groups), truth, groups)
    assert found["accuracy"].low == pytest.approx(0.158, abs=1e-3)
    assert found["macro_f1"].low == pytest.approx(0.025, abs=1e-3)
    assert found["pr_auc"].low == pytest.approx(0.025, abs=1e-3)


def test_recordings_that_were_all_told_wrongly_are_no_proof_either() -> None:
    groups = list("abcdef")
    said = ["normal" if one != "normal" else "outer" for one in SIX]
    found = never_certain(drawn(SIX, said, groups), SIX, groups)
    assert found["accuracy"].high == pytest.approx(0.459, abs=1e-3)
    assert found["accuracy"].low == found["macro_f1"].low == 0.0
    assert found["macro_f1"].high > 0.4


def test_figures_with_a_mistake_among_them_stay_as_they_were_drawn() -> None:
    groups = list("abcdef")
    before = drawn(SIX, ("outer", *SIX[1:]), groups)
    found = never_certain(before, SIX, groups)
    assert {name: found[name] for name in ("accuracy", "macro_f1")} == {
        name: before[name] for name in ("accuracy", "macro_f1")
    }


def test_without_both_kinds_there_is_no_ranking_to_open() -> None:
    truth, groups = ["outer"] * 6, list("abcdef")
    before = drawn(truth, truth, groups)
    del before["pr_auc"]
    assert set(never_certain(before, truth, groups)) == {"accuracy", "macro_f1"}


def course(group: str, faulty: Sequence[int] = (), alarm: Sequence[int] = ()) -> Course:
    """Ten rows, some of them faulty or in alarm."""
    marked, told = np.zeros(10, bool), np.zeros(10, bool)
    marked[list(faulty)], told[list(alarm)] = True, True
    return Course(group, np.arange(1.0, 11.0), marked, told, ())


def ranked(courses: Sequence[Course]) -> Estimate:
    return _ranking(courses, [one.faulty * 2.0 for one in courses], 0)


@pytest.mark.parametrize(("machines", "low", "high"), [(1, 0.025, 0.975), (6, 0.541, 0.459)])
def test_a_time_without_an_alarm_is_no_proof(machines: int, low: float, high: float) -> None:
    silent = [course(f"m{number}") for number in range(machines)]
    found = _time_in_alarm(silent, 0)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(high, abs=1e-3)
    loud = _time_in_alarm([course(f"m{n}", alarm=range(10)) for n in range(machines)], 0)
    assert (loud.value, loud.high) == (1.0, 1.0)
    assert loud.low == pytest.approx(low, abs=1e-3)


def test_rows_in_perfect_order_are_no_proof() -> None:
    one = ranked([course("m", faulty=[8, 9])])
    assert (one.value, one.high) == (1.0, 1.0)
    assert one.low == pytest.approx(0.025, abs=1e-3)
    three = ranked([*(course(f"m{n}", faulty=[8, 9]) for n in range(3)), course("n")])
    assert three.low == pytest.approx(0.292, abs=1e-3)


def test_of_one_recording_nothing_is_known_of_others() -> None:
    found = _time_in_alarm([course("m", alarm=[4, 5])], 0)
    assert (found.value, found.low, found.high) == (pytest.approx(0.2), 0.0, 1.0)
    assert "one recording" in found.method


def test_figures_of_several_machines_stay_as_they_were_drawn() -> None:
    courses = [course(f"m{number}", alarm=range(number)) for number in range(6)]
    found = _time_in_alarm(courses, 0)
    assert found.method == "bootstrap of 6 groups"
    assert 0.0 < found.low < found.value < found.high < 1.0
