"""Installing bundles: what is refused, what survives being killed, what goes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.config import UpdateConfig
from edge_agent.update.probation import Tally, probation_complaint, shadow_complaint
from edge_agent.update.updater import Request, Updater, leave_request
from kits.core.errors import UsageError
from kits.core.hub_api import Desired
from kits.core.signing import SigningKey
from tests.edge_agent.parts import bundle_id_of, desired_for, make_bundle
from tests.edge_agent.update_bench import NEW, OLD, Bench, Killed


def test_a_good_release_passes_every_state_and_is_committed(bench: Bench) -> None:
    bench.offer(NEW, release=5)
    bench.finish()
    states = [r.state for r in bench.reports if r.state]
    assert states == ["downloading", "verifying", "building", "shadow", "active", "committed"]
    assert bench.runs == bundle_id_of(NEW)
    assert bench.slots.state.previous == bundle_id_of(OLD)
    assert bench.slots.state.highest_release == 5
    assert bench.last.bundle == bundle_id_of(NEW)


def test_a_download_goes_on_where_it_was_cut(bench: Bench) -> None:
    bench.shelf.cut = len(NEW) // 3
    bench.offer(NEW)
    bench.installer.step()
    partial = bench.slots.partial(bundle_id_of(NEW))
    assert partial.stat().st_size == len(NEW) // 3
    bench.restart()
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


STEPS = (
    "entered downloading",
    "downloaded",
    "entered verifying",
    "verified",
    "entered building",
    "built",
    "entered shadow",
    "before switch",
    "switched",
    "before commit",
)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_ends_in_the_new_bundle(bench: Bench, step: str) -> None:
    bench.kill_at = step
    with pytest.raises(Killed):
        bench.offer(NEW)
        bench.finish()
    bench.restart()
    assert bench.runs in (bundle_id_of(OLD), bundle_id_of(NEW))
    bench.offer(NEW)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    assert bench.last.state == "committed"


def test_killed_while_going_back_it_ends_in_the_old_bundle(bench: Bench) -> None:
    bench.offer(NEW)
    bench.kill_at = "went back"

    def broken(tally: Tally) -> None:
        tally.add(1.0, failed=True)

    with pytest.raises(Killed):
        bench.go_on(shadow=lambda t: t.add(1.0, failed=False), live=broken)
    bench.restart()
    bench.finish()
    assert bench.runs == bundle_id_of(OLD)
    assert bench.last.state == "rolled_back"


def test_a_crash_loop_goes_back_by_itself(bench: Bench) -> None:
    bench.offer(NEW)
    while bench.slots.state.active == bundle_id_of(OLD):
        if bench.line.shadow is not None:
            bench.line.shadow.add(1.0, failed=False)
        bench.installer.step()
    for _ in range(3):
        bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    assert bench.last.state == "rolled_back"
    bench.offer(NEW)
    assert not bench.installer.busy


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
    bench.shelf.contents[bundle_id_of(NEW)] = bytes(damaged)
    bench.offer(NEW)
    bench.finish()
    refused(bench, "damaged" if position != -10 else "")
    assert not bench.slots.has(bundle_id_of(NEW))


def test_a_stranger_s_signature_is_refused_before_a_byte_is_fetched(
    bench: Bench, tmp_path: Path
) -> None:
    stranger = SigningKey.create(tmp_path / "stranger.pem", "stranger")
    bench.installer.offer(desired_for(NEW, stranger))
    refused(bench, "not trusted")
    assert not bench.slots.partial(bundle_id_of(NEW)).exists()


def test_a_statement_about_another_bundle_is_refused(bench: Bench) -> None:
    wish = desired_for(NEW, bench.key).bundle
    assert wish is not None
    other = desired_for(OLD, bench.key).bundle
    assert other is not None
    bench.installer.offer(Desired(bundle=wish.model_copy(update={"statement": other.statement})))
    refused(bench, "another bundle")


def test_an_old_release_is_refused_even_when_signed(bench: Bench) -> None:
    bench.offer(NEW, release=5)
    bench.finish()
    bench.restart()
    bench.offer(OLD, release=4, deployment=2)
    assert bench.last.state == "failed"
    assert "goes back" in bench.last.error
    assert bench.runs == bundle_id_of(NEW)
    bench.shelf.contents[bundle_id_of(OLD)] = OLD
    bench.offer(OLD, release=6, deployment=3)
    bench.finish()
    assert bench.runs == bundle_id_of(OLD)


def test_another_project_is_refused(bench: Bench) -> None:
    bench.offer(NEW, project="other")
    refused(bench, "project")


def test_a_bundle_that_computes_something_else_here_is_refused(bench: Bench) -> None:
    wrong = make_bundle(3, golden_score=0.9)
    bench.shelf.contents[bundle_id_of(wrong)] = wrong
    bench.offer(wrong)
    bench.finish()
    refused(bench, "golden")


def test_a_kit_that_is_not_installed_is_refused(bench: Bench) -> None:
    foreign = make_bundle(3, kit="no-such-kit")
    bench.shelf.contents[bundle_id_of(foreign)] = foreign
    bench.offer(foreign)
    bench.finish()
    refused(bench, "no kit")


def test_a_shadow_that_disagrees_refuses(bench: Bench) -> None:
    bench.offer(NEW)
    bench.go_on(
        shadow=lambda t: t.add(1.0, failed=False, agrees=False),
        live=lambda t: t.add(1.0, failed=False),
    )
    refused(bench, "another verdict")


def test_a_refused_deployment_is_not_tried_again_but_a_new_one_is(bench: Bench) -> None:
    bench.offer(NEW, project="other")
    count = len(bench.reports)
    bench.offer(NEW, project="other")
    assert len(bench.reports) == count
    bench.offer(NEW, release=2, deployment=2)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def test_what_runs_already_is_confirmed_once(bench: Bench) -> None:
    bench.offer(OLD, release=3, deployment=9)
    bench.offer(OLD, release=3, deployment=9)
    assert [(r.state, r.deployment) for r in bench.reports] == [("committed", 9)]


def test_an_older_wish_for_what_runs_is_no_step_back(bench: Bench) -> None:
    bench.offer(OLD, release=1, deployment=1)
    bench.offer(NEW, release=2, deployment=2)
    bench.go_on(shadow=lambda t: t.add(1.0, failed=False), live=lambda t: t.add(1.0, failed=True))
    assert bench.last.state == "rolled_back"
    bench.offer(OLD, release=1, deployment=1)
    assert (bench.last.state, bench.last.deployment) == ("rolled_back", 2)
    bench.restart()
    bench.offer(OLD, release=1, deployment=1)
    assert (bench.last.state, bench.last.deployment) == ("committed", 1)
    assert bench.slots.state.highest_release == 2


def test_rollback_by_hand_and_a_wish_left_for_the_agent(bench: Bench) -> None:
    updater = Updater(bench.installer, bench.slots.folder, None, 30)
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
    assert "bundle-unusable" in bench.alerts


def test_complaints_are_functions_of_what_was_seen() -> None:
    config, tally = UpdateConfig(), Tally()
    assert shadow_complaint(tally, config) == ""
    for _ in range(20):
        tally.add(100.0, failed=False)
    assert probation_complaint(tally, config, 50.0) == ""
    assert "p95" in probation_complaint(tally, config, 20.0)
    for _ in range(5):
        tally.add(1.0, failed=True)
    assert "failed on 5 of 25" in probation_complaint(tally, config, None)


def test_a_wanted_change_of_verdicts_does_not_refuse() -> None:
    config = UpdateConfig(max_disagreement=0.5)
    tally = Tally()
    for number in range(20):
        tally.add(10.0, failed=False, agrees=number >= 14)
    assert "at most 50%" in shadow_complaint(tally, config)
    assert shadow_complaint(tally, config, expected=0.6) == ""
    assert "at most 55%" in shadow_complaint(tally, config, expected=0.3)
