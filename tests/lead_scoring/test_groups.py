"""Protected groups: how often each is hot, beside the one that is hot most, with n and interval."""

from __future__ import annotations

import numpy as np
import pytest

from kits.lead_scoring import evaluate
from tests.lead_scoring.made_leads import SayingRuntime, Told, a_point, task_of


def _leads(n=2000, seed=0, apart=0.0):
    rng = np.random.default_rng(seed)
    leads = []
    for number in range(n):
        woman = number % 2 == 0
        true = rng.beta(2, 6)
        says = true - (apart if woman else 0.0)
        fields = {"gender": "F" if woman else "M", "age": float(rng.integers(18, 80))}
        leads.append(Told(float(np.clip(says, 0, 1)), bool(rng.random() < true), number, fields))
    return leads


def _told(leads, *protected):
    task = task_of(leads, runtime=SayingRuntime(protected=protected), point=a_point(0.4, 0.2))
    return evaluate.evaluate(task)


@pytest.mark.slow
def test_groups_that_are_treated_alike_show_no_mark():
    told = _told(_leads(), "gender")

    ratio = min(
        part["selection_ratio"].value for n, part in told.slices.items() if n.startswith("group")
    )
    assert ratio > 0.8
    assert not any("four-fifths" in note for note in told.notes)


def test_a_group_that_is_hot_less_often_than_it_should_be_is_told():
    told = _told(_leads(apart=0.15), "gender")

    women, men = told.slices["group gender = F"], told.slices["group gender = M"]
    assert women["selection_ratio"].high < 0.8
    assert men["selection_ratio"].value == 1.0
    assert women["calibration_gap"].high < 0 < men["calibration_gap"].high
    assert women["selection_rate"].n == 1000
    (note,) = [note for note in told.notes if "four-fifths" in note]
    assert note.startswith("group gender = F: hot ") and "beyond chance (n=1000)" in note


@pytest.mark.slow
def test_many_groups_that_are_hot_by_lot_are_not_accused():
    """Of twelve groups one is always hot least, far below the one that is hot most."""
    told = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        leads = [
            Told(float(rng.random()), False, n, {"country": f"c{n % 12:02d}"}) for n in range(1200)
        ]
        task = task_of(
            leads, runtime=SayingRuntime(protected=("country",)), point=a_point(0.9, 0.5)
        )
        told.append([note for note in evaluate.evaluate(task).notes if "four-fifths" in note])
    assert all(told), "the mark itself is missed by somebody each time"
    assert sum(any("beyond chance" in note for note in notes) for notes in told) <= 2


@pytest.mark.slow
def test_ages_are_cut_into_thirds():
    told = _told(_leads(), "age")

    names = [name for name in told.slices if name.startswith("group age")]
    assert len(names) == 3
    assert sum(told.slices[name]["auc"].n for name in names) == 2000


def test_a_protected_column_is_a_group_and_no_slice():
    told = _told(_leads(), "gender")

    assert not any(name.startswith("gender =") for name in told.slices)


def test_groups_of_a_handful_of_leads_are_left_out():
    leads = [*_leads(400), *[Told(0.5, True, 500.0 + n, {"gender": "X"}) for n in range(10)]]

    told = _told(leads, "gender", "religion")

    assert sorted(n for n in told.slices if n.startswith("group")) == [
        "group gender = F",
        "group gender = M",
    ]


@pytest.mark.parametrize("column", ["religion", "age"])
def test_a_column_without_two_groups_is_no_report(column):
    leads = [Told(0.5, n % 2 == 0, n, {"age": 40.0}) for n in range(100)]

    assert not [name for name in _told(leads, column).slices if name.startswith("group")]
