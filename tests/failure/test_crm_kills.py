"""A hub that is killed at any line shows each lead's last score in the CRM, written once per change; none is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.failure.conftest import Record
from tests.failure.crm_lives import Lives, Plan

SIZE = os.environ.get("KITWRIGHT_CRM_EVENTS", "100000")
"""Events of the large trial, each of which comes ten times."""


def test_a_few_kills_and_a_crm_that_is_down(tmp_path: Path, record: Record) -> None:
    outcome = Lives(tmp_path, Plan(leads=40, changes=5, kills=2, down_s=1.0)).run()
    record(outcome.figures())
    assert outcome.bad == 0, outcome.words()
    assert outcome.deliveries >= 10 * outcome.events >= 10 * 200


def test_what_was_answered_is_stored_though_nothing_comes_twice(
    tmp_path: Path, record: Record
) -> None:
    plan = Plan(leads=40, changes=5, copies=1, kills=2, down_s=0.5, seed=1)
    outcome = Lives(tmp_path, plan).run()
    record(outcome.figures())
    assert outcome.bad == 0, outcome.words()


@pytest.mark.slow
def test_a_hundred_thousand_events_ten_times_each_and_two_hundred_kills(
    tmp_path: Path, record: Record
) -> None:
    plan = Plan(leads=int(SIZE) // 10, changes=10, kills=200, down_s=60, scale=20)
    outcome = Lives(tmp_path, plan).run()
    record(outcome.figures())
    assert outcome.bad == 0, outcome.words()


@pytest.mark.slow
def test_a_hundred_thousand_events_of_which_nothing_comes_twice(
    tmp_path: Path, record: Record
) -> None:
    plan = Plan(leads=int(SIZE) // 10, changes=10, copies=1, kills=200, down_s=60, seed=1, scale=20)
    outcome = Lives(tmp_path, plan).run()
    record(outcome.figures())
    assert outcome.bad == 0, outcome.words()
