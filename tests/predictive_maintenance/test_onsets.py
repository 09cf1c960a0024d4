"""Strict onsets: a fault is found by an alarm that begins in it, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kits.core.alarm import AlarmRule
from kits.core.operating_point import Band, OperatingPoint
from kits.predictive_maintenance._device.trace import Trace
from kits.predictive_maintenance._judging.condition import told_of_marks, told_of_promise
from kits.predictive_maintenance._judging.onsets import (
    DAY_S,
    Course,
    course_of,
    point_wise,
    random_control,
    rate_per_day,
    tally,
    warned_before,
)

ROWS = 1000


def point(on_delay_s: float = 0.0, off_delay_s: float = 0.0) -> OperatingPoint:
    return OperatingPoint(
        default=Band(act_at=1.0, review_from=0.5),
        alarm=AlarmRule(on_delay_s=on_delay_s, off_delay_s=off_delay_s),
        method="test", dataset="d", seed=0,
    )  # fmt: skip


def course(
    alarms: list[tuple[int, int]], faults: list[tuple[int, int]], rule: OperatingPoint | None = None
) -> Course:
    """A thousand seconds with stretches of a high score, and stretches of a fault."""
    score, truth = np.zeros(ROWS), np.zeros(ROWS, np.bool_)
    for start, end in alarms:
        score[start:end] = 2.0
    for start, end in faults:
        truth[start:end] = True
    ends = np.arange(1, ROWS + 1)
    return course_of(Trace(ends.astype(float), ends, score), truth, rule or point(), "g")


def test_an_alarm_that_begins_in_a_fault_finds_it_with_its_delay() -> None:
    found = tally([course([(430, 600)], [(400, 500)])])
    assert found.found == (True,)
    assert found.delays_s == (30,)
    assert found.false_onsets == 0


def test_an_alarm_that_stands_since_before_the_fault_finds_nothing() -> None:
    """Point adjustment would count every row of it."""
    found = tally([course([(100, 600)], [(400, 500)])])
    assert found.found == (False,)
    assert found.false_onsets == 1


def test_an_alarm_a_moment_before_the_marked_start_counts() -> None:
    assert tally([course([(397, 450)], [(400, 500)])]).found == (True,)
    assert tally([course([(390, 450)], [(400, 500)])]).found == (False,)


def test_the_delays_of_the_alarm_are_part_of_its_onset() -> None:
    slow = point(on_delay_s=60)
    assert course([(430, 600)], [(400, 500)], slow).onsets == (490,)
    assert course([(430, 480)], [(400, 500)], slow).onsets == ()


def test_one_open_case_is_one_onset_however_the_score_trembles() -> None:
    trembling = [(400 + 10 * i, 405 + 10 * i) for i in range(10)]
    assert len(course(trembling, [], point(off_delay_s=20)).onsets) == 1
    assert len(course(trembling, [], point()).onsets) == 10


def test_scores_that_were_not_judged_begin_no_alarm() -> None:
    ends = np.arange(1, 11)
    trace = Trace(ends.astype(float), ends, np.full(10, np.nan))
    assert course_of(trace, np.zeros(10, np.bool_), point(), "g").onsets == ()


def test_time_in_alarm_is_counted_in_normal_running_only() -> None:
    found = tally([course([(350, 450)], [(400, 500)])])
    assert found.normal_s == 900
    assert found.normal_alarm_s == 50


def slow(alarms: list[tuple[int, int]], faults: list[tuple[int, int]]) -> Course:
    """The same with a quarter of an hour a row: ten days."""
    found = course(alarms, faults)
    return replace(found, at_s=900 * found.at_s)


def test_warnings_before_marked_stops_are_told_though_they_count_as_false() -> None:
    """Before the first stop one alarm begins, in the second stop one, before the third none since the second."""
    courses = [slow([(250, 420), (620, 640)], [(400, 500), (600, 700), (900, 920)])]
    assert tally(courses).false_onsets == 1
    assert warned_before(courses, 14 * DAY_S) == 1
    (told,) = told_of_marks(courses, tally(courses))
    assert "of 3 faults 1 had one begin in the 14 days before, counted as false" in told
    assert "kit replay --failures" in told


def test_nothing_is_told_of_marks_before_which_no_alarm_began() -> None:
    courses = [slow([(420, 450), (620, 640)], [(400, 500), (600, 700)])]
    assert told_of_marks(courses, tally(courses)) == []


def test_nothing_is_told_of_days_before_a_fault_in_recordings_of_minutes() -> None:
    courses = [course([(250, 420)], [(400, 500)])]
    assert told_of_marks(courses, tally(courses)) == []


def test_more_false_alarms_than_the_level_promises_are_told() -> None:
    """At 1.0 one in ten months; four in 14 days are no chance, none in a day says nothing."""
    (told,) = told_of_promise(point(), rate_per_day(4, 14 * DAY_S))
    assert "8.57 [2.34, 21.9] a machine and month beside 0.1" in told
    assert told_of_promise(point(), rate_per_day(0, DAY_S)) == []
    assert told_of_promise(point(), None) == []


def test_alarms_at_random_find_little_and_cry_wolf_for_the_rest() -> None:
    given = [course([(430, 440)], [(400, 500)]), course([(20, 30), (800, 810)], [])]
    control = random_control(given, seed=0)
    # three alarms in 2,000 rows, a fault of 100 and the tolerance before it
    assert control["event_recall"] == pytest.approx(1 - (1 - 105 / 2000) ** 3, abs=0.06)
    assert control["false_onsets"] == pytest.approx(3 * (1 - 105 / 2000), abs=0.15)
    assert tally(given).found == (True,)


def test_without_an_alarm_there_is_no_luck_either() -> None:
    assert random_control([course([], [(400, 500)])], seed=0) == {
        "event_recall": 0.0,
        "false_onsets": 0.0,
    }


def test_figures_by_row_flatter_an_alarm_that_began_before() -> None:
    early = [course([(350, 600)], [(400, 500)])]
    assert point_wise(early)["missed_alarm_rate"] == 0
    assert tally(early).found == (False,)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39)]
)
def test_the_interval_of_a_rate_is_garwoods(count: int, low: float, high: float) -> None:
    """Bounds of a Poisson count as tables have them, for one day."""
    rate = rate_per_day(count, DAY_S)
    assert (rate.value, rate.low, rate.high) == pytest.approx((count, low, high), rel=2e-3)
