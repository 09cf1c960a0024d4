"""Installing bundles: what is refused, what survives being killed, what goes back."""

from __future__ import annotations

import os
import time

import pytest

from edge_agent.update.records import Request
from edge_agent.update.requests import leave_request
from edge_agent.update.updater import Updater
from kits.core.errors import UsageError
from kits.core.hub_api import Desired
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.edge_agent.update_bench import (
    GOOD,
    NEW,
    OLD,
    Bench,
    Killed,
    feed_failing,
    feed_good,
)


def test_a_good_release_passes_every_state_and_is_committed(bench: Bench) -> None:
    bench.offer(NEW, release=5)
    bench.finish()
    states = [r.state for r in bench.reports if r.state]
    assert states == ["downloading", "verifying", "building", "shadow", "active", "committed"]
    assert bench.runs == bundle_id_of(NEW)
    assert bench.slots.state.previous == bundle_id_of(OLD)
    assert bench.slots.highest("p").release == 5
    assert bench.last.bundle == bundle_id_of(NEW)


def test_a_download_goes_on_where_it_was_cut(bench: Bench) -> None:
    bench.hub.cut_after = len(NEW) // 3
    bench.offer(NEW)
    bench.installer.step()
    partial = bench.slots.partial(bundle_id_of(NEW))
    assert partial.stat().st_size == len(NEW) // 3
    bench.restart()
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    assert bench.hub.sent_bytes < len(NEW) + 30_000  # metadata; no byte of the bundle twice


STEPS = (
    "before downloading",
    "entered downloading",
    "downloaded",
    "before verifying",
    "entered verifying",
    "verified",
    "accepted",
    "before building",
    "entered building",
    "built",
    "before shadow",
    "entered shadow",
    "before switch",
    "switched",
    "before commit",
    "committed",
)


def test_the_steps_are_all_there_are(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    assert tuple(bench.passed) == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_ends_in_the_new_bundle(bench: Bench, step: str) -> None:
    bench.kill_at = step
    with pytest.raises(Killed):
        bench.offer(NEW)
        bench.finish()
    bench.restart()
    assert bench.runs in (bundle_id_of(OLD), bundle_id_of(NEW))
    bench.hear(bench.hub.desired)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    assert bench.last.state == "committed"


@pytest.mark.parametrize("step", ["before going back", "went back"])
def test_killed_while_going_back_it_ends_in_the_old_bundle(bench: Bench, step: str) -> None:
    bench.offer(NEW)
    bench.kill_at = step
    with pytest.raises(Killed):
        bench.go_on(shadow=feed_good, live=feed_failing)
    bench.restart()
    bench.go_on(shadow=feed_good, live=feed_failing)
    assert bench.runs == bundle_id_of(OLD)
    assert bundle_id_of(NEW) in bench.slots.state.denied
    bench.hear(bench.hub.desired)
    assert not bench.installer.busy


def on_probation(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)


def test_a_crash_loop_goes_back_by_itself(bench: Bench) -> None:
    on_probation(bench)
    for _ in range(2):
        bench.restart()
        assert bench.runs == bundle_id_of(NEW)
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    assert bench.last.state == "rolled_back"
    assert "crashed 3 times within 600 s" in bench.last.error
    bench.hear(bench.hub.desired)
    assert not bench.installer.busy
    bench.offer(NEW, release=2)
    assert not bench.installer.busy
    assert "went back here before: the agent crashed" in bench.last.error


def test_stops_and_crashes_long_ago_take_nothing_back(bench: Bench) -> None:
    on_probation(bench)
    for _ in range(6):
        bench.lives.end()
        bench.restart()
    for _ in range(6):
        bench.seconds += 400
        bench.restart()
    assert bench.runs == bundle_id_of(NEW)


def test_two_reboots_on_probation_go_back(bench: Bench) -> None:
    on_probation(bench)
    bench.boot = "boot-2"
    bench.restart()
    assert bench.runs == bundle_id_of(NEW)
    bench.boot = "boot-3"
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    assert "started anew 2 times" in bench.last.error


def test_a_line_that_is_switched_off_every_evening_takes_nothing_back(bench: Bench) -> None:
    on_probation(bench)
    for evening in range(5):
        bench.seconds += bench.config.probation_max_s
        bench.installer.step()
        bench.boot = f"evening-{evening}"
        bench.restart()
        assert bench.runs == bundle_id_of(NEW)
    for morning in range(2):
        bench.boot = f"morning-{morning}"
        bench.restart()
    assert bench.runs == bundle_id_of(OLD), "soon after its start it is the bundle's doing"


def test_a_person_lifts_a_denial(bench: Bench) -> None:
    bench.offer(NEW)
    bench.go_on(shadow=feed_good, live=feed_failing)
    assert bench.runs == bundle_id_of(OLD)
    updater = Updater(bench.installer, bench.slots, None, 30)
    leave_request(bench.slots.folder, Request(kind="allow", bundle=bundle_id_of(NEW)))
    updater.turn()
    bench.offer(NEW, release=2)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def test_a_committed_bundle_that_crashes_means_safe_mode(bench: Bench) -> None:
    for _ in range(3):
        bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    bench.offer(NEW)
    assert not bench.installer.busy
    assert "crashed repeatedly" in bench.last.error
    assert "safe-mode" in bench.open_alerts
    bench.seconds += 601
    bench.hear(bench.hub.desired)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    assert "safe-mode" not in bench.open_alerts


def test_what_never_ends_is_quarantined(bench: Bench) -> None:
    bench.offer(NEW)
    bench.step_until("building")
    while bench.installer.busy:
        bench.seconds += 1000
        bench.restart()
        bench.installer.step()
    assert "no end after 30 steps" in bench.last.error
    assert bundle_id_of(NEW) in bench.slots.state.denied


def test_the_slots_file_lost_leaves_the_committed_bundle_and_the_counter(bench: Bench) -> None:
    bench.offer(NEW, release=5)
    bench.finish()
    (bench.state / "slots.json").unlink()
    bench.restart()
    assert bench.runs == bundle_id_of(NEW)
    assert bench.slots.highest("p").release == 5


def test_what_a_power_cut_left_half_written_is_gone_after_the_next_start(bench: Bench) -> None:
    bench.offer(NEW)
    long_ago = time.time() - 7200
    torn = [
        bench.slots.folder / f".{bundle_id_of(NEW)}.kwb.1a2b3c4d.tmp",
        bench.state / ".slots.json.5d6e7f80.tmp",
        bench.state / "tuf" / ".targets.json.90a1b2c3.tmp",
    ]
    for path in torn:
        path.write_bytes(b"half")
        os.utime(path, (long_ago, long_ago))
    fresh = bench.slots.folder / ".being-applied.kwb.aabbccdd.tmp"  # by `edge-agent apply`, now
    fresh.write_bytes(b"half")
    bench.lives.end()
    bench.restart()
    assert [path.exists() for path in (*torn, fresh)] == [False, False, False, True]
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def refused(bench: Bench, reason: str) -> None:
    assert bench.runs == bundle_id_of(OLD)
    assert bench.last.state == "failed"
    assert reason in bench.last.error
    assert bench.last.bundle == bundle_id_of(OLD)
    assert "bundle-refused" in bench.alerts
    assert not bench.installer.busy


@pytest.mark.parametrize("position", [10, 1000, -300, -10])
def test_a_flipped_byte_is_refused(bench: Bench, position: int) -> None:
    damaged = bytearray(NEW)
    damaged[position] ^= 0x10
    wish = bench.hub.publish(NEW)
    bench.hub.bundles[bundle_id_of(NEW)] = bytes(damaged)
    bench.hear(wish)
    bench.finish()
    refused(bench, "damaged")
    assert not bench.slots.has(bundle_id_of(NEW))


def test_what_is_not_signed_is_refused_before_a_byte_is_fetched(bench: Bench) -> None:
    bench.hub.bundles[bundle_id_of(NEW)] = NEW
    bench.hear(bench.hub.wish(NEW, 7))
    refused(bench, "not signed")
    assert not bench.slots.partial(bundle_id_of(NEW)).exists()


def test_a_release_of_another_bundle_is_refused(bench: Bench) -> None:
    bench.hub.publish(OLD, 3)
    bench.hear(bench.hub.wish(NEW, 3))
    refused(bench, "another bundle")


def test_a_path_that_leads_to_another_host_is_refused(bench: Bench) -> None:
    wish = bench.hub.publish(NEW).bundle
    assert wish is not None
    bench.hear(Desired(bundle=wish.model_copy(update={"path": "@elsewhere.example/v1/b"})))
    refused(bench, "strange path")


def test_an_old_release_is_refused_even_when_signed(bench: Bench) -> None:
    bench.offer(NEW, release=5)
    bench.finish()
    bench.restart()
    bench.offer(OLD, release=4, deployment=2)
    assert bench.last.state == "failed"
    assert "goes back" in bench.last.error
    assert bench.runs == bundle_id_of(NEW)
    bench.offer(OLD, release=6, deployment=3)
    bench.finish()
    assert bench.runs == bundle_id_of(OLD)


def test_another_project_is_refused(bench: Bench) -> None:
    bench.offer(NEW, project="other")
    refused(bench, "project")


def test_a_bundle_that_computes_something_else_here_is_refused(bench: Bench) -> None:
    wrong = make_bundle(3, golden_score=0.9)
    bench.offer(wrong)
    bench.finish()
    refused(bench, "golden")


def test_a_kit_that_is_not_installed_is_refused(bench: Bench) -> None:
    foreign = make_bundle(3, kit="no-such-kit")
    bench.offer(foreign)
    bench.finish()
    refused(bench, "no kit")


def test_a_shadow_that_disagrees_refuses(bench: Bench) -> None:
    bench.offer(NEW)
    bench.go_on(shadow=lambda t: t.add(1.0, GOOD, agrees=False), live=feed_good)
    refused(bench, "another verdict")


def test_a_refused_deployment_is_not_tried_again_but_a_new_one_is(bench: Bench) -> None:
    bench.offer(NEW, project="other")
    count = len(bench.reports)
    bench.hear(bench.hub.desired)
    assert len(bench.reports) == count
    bench.offer(NEW, release=2, deployment=2)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def test_an_end_that_the_hub_did_not_hear_before_a_restart_is_told_once_more(bench: Bench) -> None:
    bench.offer(NEW)
    bench.go_on(shadow=feed_good, live=feed_failing)
    told = bench.last
    bench.restart()
    bench.reports.clear()
    for _ in range(3):
        bench.hear(bench.hub.desired)
    [again] = bench.reports
    assert (again.state, again.deployment, again.error) == ("failed", 1, told.error)
    assert again.bundle == bundle_id_of(OLD)


def test_what_runs_already_is_confirmed_once(bench: Bench) -> None:
    bench.offer(OLD, release=3, deployment=9)
    bench.hear(bench.hub.desired)
    assert [(r.state, r.deployment) for r in bench.reports] == [("committed", 9)]


def test_an_older_wish_for_what_runs_is_no_step_back(bench: Bench) -> None:
    bench.offer(OLD, release=1, deployment=1)
    bench.offer(NEW, release=2, deployment=2)
    bench.go_on(shadow=feed_good, live=feed_failing)
    assert bench.last.state == "rolled_back"
    bench.restart()
    bench.hear(bench.hub.wish(OLD, 1))
    assert (bench.last.state, bench.last.deployment) == ("committed", 1)
    assert bench.slots.highest("p").release == 2


def test_rollback_by_hand_and_a_wish_left_for_the_agent(bench: Bench) -> None:
    updater = Updater(bench.installer, bench.slots, None, 30)
    with pytest.raises(UsageError, match="no previous"):
        bench.installer.rollback()
    bench.slots.put(NEW, bundle_id_of(NEW))
    leave_request(bench.slots.folder, Request(kind="apply", bundle=bundle_id_of(NEW)))
    updater.turn()
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    leave_request(bench.slots.folder, Request(kind="rollback"))
    updater.turn()
    assert bench.runs == bundle_id_of(OLD)


def test_an_active_bundle_damaged_on_disk_falls_back(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    bench.slots.path(bundle_id_of(NEW)).write_bytes(NEW[:-1] + b"x")
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    assert "cannot be loaded" in bench.open_alerts["bundle-rolled-back"]


def test_a_full_disk_keeps_nothing_from_starting_or_going_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_probation(bench)
    with monkeypatch.context() as patch:
        patch.setattr("edge_agent.update.slots.write_atomically", no_room)
        patch.setattr("edge_agent.update.lives.write_atomically", no_room)
        bench.restart()
        assert bench.runs == bundle_id_of(NEW)
        for _ in range(5):
            feed_failing(bench.line.tally)
        bench.installer.step()
        assert bench.runs == bundle_id_of(OLD)
    bench.installer.step()
    assert bench.last.state == "rolled_back"
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)


def no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")
