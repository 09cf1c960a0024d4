"""Who is blamed for a crash, and what is judged without parts: no innocent bundle is denied."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.update.config import UpdateConfig
from tests.edge_agent.parts import bundle_id_of
from tests.edge_agent.update_bench import NEW, OLD, Bench, feed_failing, feed_good


@pytest.mark.parametrize("state", ["downloading", "verifying"])
def test_crashes_during_a_download_are_not_the_new_bundle_s(bench: Bench, state: str) -> None:
    bench.offer(NEW)
    bench.step_until(state)
    for _ in range(4):
        bench.restart()
    assert bench.slots.state.denied == {}
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def test_any_number_of_power_cuts_during_a_download_denies_nothing(bench: Bench) -> None:
    bench.offer(NEW)
    for number in range(40):
        bench.boot = f"boot-{number}"
        bench.restart()
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def test_where_the_old_bundle_crashed_before_the_new_one_is_refused_but_not_denied(
    bench: Bench,
) -> None:
    bench.offer(NEW)
    bench.restart()
    bench.step_until("shadow")
    for _ in range(3):
        bench.restart()
    assert not bench.installer.busy
    assert "crashed 3 times within 600 s, last while shadow" in bench.last.error
    assert bench.slots.state.denied == {}
    bench.seconds += 601
    bench.offer(NEW, release=2)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def test_crashes_in_the_shadow_alone_are_the_new_bundle_s(bench: Bench) -> None:
    bench.offer(NEW)
    bench.step_until("shadow")
    for _ in range(3):
        bench.restart()
    assert "last while shadow" in bench.last.error
    assert bundle_id_of(NEW) in bench.slots.state.denied


def test_what_the_watchdog_ends_for_a_hanging_driver_is_no_crash_of_the_bundle(
    bench: Bench,
) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    for _ in range(5):
        bench.lives.excuse(True)
        bench.restart()
    assert bench.slots.state.active == bundle_id_of(NEW)
    assert bench.lives.crashes == 0
    bench.lives.excuse(True)
    bench.lives.excuse(False)
    for _ in range(3):
        bench.restart()
    assert bench.slots.state.active == bundle_id_of(OLD)


@pytest.mark.slow
def test_machines_that_are_shut_down_each_night_deny_nothing(bench: Bench) -> None:
    """Stopped in order: in the shadow as often as you like, and on probation too."""
    bench.offer(NEW)
    bench.step_until("shadow")
    for night in range(40):
        bench.lives.end()
        bench.boot = f"night-{night}"
        bench.restart()
        bench.installer.step()
    bench.on_probation(NEW)
    for night in range(4):
        bench.lives.end()
        bench.boot = f"later-{night}"
        bench.restart()
    assert bench.runs == bundle_id_of(NEW)
    bench.finish()
    assert bench.last.state == "committed"


# -- lines that stand still --------------------------------------------------------------------------


@pytest.fixture
def idle(tmp_path: Path) -> Bench:
    """A device with the usual numbers, at whose line nothing passes unless a test says so."""
    made = Bench(tmp_path, UpdateConfig(probation_min_s=0, max_latency_factor=50))
    made.adopt(OLD)
    return made


def pass_time(bench: Bench, hours: float) -> None:
    for _ in range(int(hours * 60)):
        bench.seconds += 60
        bench.installer.step()


def test_time_alone_brings_no_bundle_out_of_the_shadow(idle: Bench) -> None:
    idle.offer(NEW)
    idle.step_until("shadow")
    pass_time(idle, hours=8)
    assert idle.runs == bundle_id_of(OLD)
    assert (idle.last.state, idle.last.error) == ("shadow", "")
    assert idle.last.waits_for == "parts, 0 of 100 judged so far"
    count = len(idle.reports)
    pass_time(idle, hours=8)
    assert len(idle.reports) == count, "said once"
    assert idle.line.shadow is not None
    for _ in range(19):
        feed_good(idle.line.shadow)
    idle.installer.step()
    assert idle.runs == bundle_id_of(OLD)
    assert idle.last.waits_for == ""
    feed_good(idle.line.shadow)
    idle.installer.step()
    assert idle.runs == bundle_id_of(NEW), "a few are enough where more take too long"
    assert idle.slots.state.job is not None
    assert idle.slots.state.job.baseline is not None


def test_time_alone_commits_nothing(idle: Bench) -> None:
    idle.offer(NEW)
    idle.step_until("shadow")
    assert idle.line.shadow is not None
    for _ in range(100):
        feed_good(idle.line.shadow)
    idle.installer.step()
    feed_good(idle.line.tally)
    pass_time(idle, hours=8)
    assert idle.slots.state.job is not None
    assert idle.last.waits_for == "parts, 1 of 200 judged so far"
    assert idle.installer.waits_for == idle.last.waits_for
    for _ in range(19):
        feed_good(idle.line.tally)
    idle.installer.step()
    assert idle.last.state == "committed"


def test_one_failure_among_the_first_parts_takes_nothing_back(idle: Bench) -> None:
    idle.offer(NEW)
    idle.step_until("shadow")
    assert idle.line.shadow is not None
    for _ in range(100):
        feed_good(idle.line.shadow)
    idle.installer.step()
    feed_failing(idle.line.tally)
    idle.installer.step()
    for _ in range(200):
        feed_good(idle.line.tally)
        idle.installer.step()
    assert idle.last.state == "committed"


def test_rows_that_do_not_leave_are_waited_for(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    bench.stuck = "the hub has acknowledged none of 900 rows"
    for _ in range(10):
        feed_good(bench.line.tally)
        bench.installer.step()
    assert (bench.last.state, bench.last.error) == ("active", bench.stuck)
    bench.stuck = ""
    bench.installer.step()
    assert bench.last.state == "committed"
