"""Alarms in time: delays, deadband, gaps and clocks, as ISA-18.2 means them."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from kits.core.alarm import AlarmMemory, AlarmRule, AlarmState, Transition
from kits.core.operating_point import Band

BAND = Band(act_at=10.0, review_from=5.0)


def run(rule: AlarmRule, scores: Iterable[float], step_s: float = 1.0) -> list[Transition]:
    state = AlarmState(BAND, rule)
    seen = [state.step(number * step_s, score) for number, score in enumerate(scores)]
    return [one for one in seen if one is not None]


def told(transitions: Iterable[Transition]) -> list[tuple[float, str, str]]:
    return [(one.at_s, one.old, one.new) for one in transitions]


def test_without_delays_each_crossing_counts() -> None:
    found = run(AlarmRule(), [0, 6, 11, 6, 0])
    assert told(found) == [
        (1, "normal", "warn"), (2, "warn", "alarm"), (3, "alarm", "warn"), (4, "warn", "normal"),
    ]  # fmt: skip


def test_a_peak_shorter_than_the_on_delay_is_no_alarm() -> None:
    assert run(AlarmRule(on_delay_s=3), [0, 11, 11, 11, 0, 11, 11, 0]) == []
    found = run(AlarmRule(on_delay_s=3), [0, 11, 11, 11, 11])
    assert told(found) == [(4, "normal", "alarm")]
    assert found[0].since_s == 1


def test_an_alarm_that_flickers_stays_one_alarm() -> None:
    scores = [11, 11, 0, 11, 0, 0, 11, 0, 0, 0, 0, 0]
    assert told(run(AlarmRule(off_delay_s=3), scores)) == [
        (0, "normal", "alarm"), (10, "alarm", "normal"),
    ]  # fmt: skip


def test_the_deadband_holds_an_alarm_that_hovers_at_the_threshold() -> None:
    scores = [10.1, 9.9, 10.1, 9.9, 8.9]
    assert len(run(AlarmRule(), scores)) == 4
    assert told(run(AlarmRule(deadband=0.1), scores)) == [
        (0, "normal", "alarm"), (4, "alarm", "warn"),
    ]  # fmt: skip


def test_a_gap_in_the_scores_proves_nothing() -> None:
    state = AlarmState(BAND, AlarmRule(on_delay_s=10, max_gap_s=5))
    assert state.step(0, 11) is None
    assert state.step(60, 11) is None, "nobody knows what was in between"
    assert [state.step(60 + n, 11) for n in range(1, 10)] == [None] * 9
    assert state.step(70, 11) is not None


def test_a_score_that_is_no_number_changes_nothing() -> None:
    state = AlarmState(BAND, AlarmRule(on_delay_s=2))
    assert [state.step(0, 11), state.step(1, math.nan), state.step(2, 11)][:2] == [None, None]
    assert state.level == "alarm"


def test_a_clock_set_back_ends_no_alarm_and_starts_none() -> None:
    state = AlarmState(BAND, AlarmRule(on_delay_s=5))
    assert state.step(100, 11) is None
    assert state.step(3, 11) is None
    changed = state.step(105, 11)
    assert changed is not None
    assert changed.since_s == 100


@pytest.mark.parametrize("deadband", [0.0, 0.2])
def test_thresholds_below_zero_have_their_deadband_on_the_right_side(deadband: float) -> None:
    state = AlarmState(Band(act_at=-5, review_from=-10), AlarmRule(deadband=deadband))
    assert state.step(0, -4).new == "alarm"  # type: ignore[union-attr]
    changed = state.step(1, -5.5)
    assert (changed is None) is bool(deadband)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_restart_at_any_moment_changes_no_transition(cut: int) -> None:
    rule = AlarmRule(on_delay_s=2, off_delay_s=3, deadband=0.1, max_gap_s=5)
    scores = [0, 11, 11, 11, 0, 11, 6, 6, 6, 6, 0, 0, 0, 0]
    before, after = AlarmState(BAND, rule), AlarmState(BAND, rule)
    seen = [before.step(at, score) for at, score in enumerate(scores[:cut])]
    after.resume(AlarmMemory.model_validate_json(before.memory.model_dump_json()))
    seen += [after.step(cut + at, score) for at, score in enumerate(scores[cut:])]
    assert [one for one in seen if one is not None] == run(rule, scores)
