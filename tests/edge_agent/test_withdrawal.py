"""The hub or a person changes their mind: what is on its way stops, goes back, or goes on."""

from __future__ import annotations

import pytest

from edge_agent.update.records import Request
from edge_agent.update.requests import leave_request
from edge_agent.update.updater import Updater
from kits.core.errors import UsageError
from kits.core.hub_api import Desired
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.edge_agent.update_bench import NEW, OLD, Bench, feed_failing, feed_good

THIRD = make_bundle(3, act_at=0.77)


@pytest.mark.parametrize("state", ["downloading", "verifying", "building", "shadow"])
def test_what_is_withdrawn_before_the_switch_never_decides(bench: Bench, state: str) -> None:
    bench.offer(NEW)
    bench.step_until(state)
    bench.hear(bench.hub.withdraw(1))
    assert not bench.installer.busy
    assert bench.runs == bundle_id_of(OLD)
    assert bench.line.shadow is None
    assert not bench.slots.has(bundle_id_of(NEW))
    assert (bench.last.state, bench.last.deployment) == ("failed", 1)
    assert "withdrawn by the hub: aborted by ada" in bench.last.error
    bench.hear(bench.hub.wish(NEW, 1))
    assert not bench.installer.busy


def test_what_is_withdrawn_on_probation_goes_back_and_is_not_denied(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    bench.hear(bench.hub.withdraw(1, then=bench.hub.wish(OLD, 1, deployment=7)))
    assert bench.runs == bundle_id_of(OLD)
    told = next(r for r in bench.reports if r.state == "rolled_back")
    assert (told.deployment, told.bundle) == (1, bundle_id_of(OLD))
    assert bench.slots.state.denied == {}
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    bench.offer(NEW, release=2, deployment=8)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def test_a_first_bundle_that_is_withdrawn_stays(bench: Bench) -> None:
    bench.slots.save(active="", previous="", project="")
    bench.restart()
    bench.offer(NEW)
    bench.on_probation(NEW)
    bench.hear(bench.hub.withdraw(1))
    assert bench.runs == bundle_id_of(NEW)
    assert not bench.installer.busy
    assert bench.last.state == "failed"
    assert "there is none before it" in bench.last.error


@pytest.mark.parametrize("state", ["downloading", "building", "shadow"])
def test_a_pause_stops_nobody_who_has_begun(bench: Bench, state: str) -> None:
    """The wish is not repeated, or an older one shows through."""
    older = bench.hub.publish(OLD, 1)
    bench.offer(NEW, release=2)
    bench.step_until(state)
    for desired in (Desired(), older):
        bench.hear(desired)
        assert bench.slots.state.job is not None
        assert bench.slots.state.job.bundle == bundle_id_of(NEW)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    assert bench.slots.state.previous == bundle_id_of(OLD)


def test_a_newer_wish_for_what_runs_ends_the_installation_and_keeps_the_way_back(
    bench: Bench,
) -> None:
    bench.offer(NEW)
    bench.finish()
    bench.offer(THIRD, release=2)
    bench.step_until("building")
    bench.offer(NEW, release=3)
    assert not bench.installer.busy
    assert (bench.last.state, bench.last.deployment) == ("committed", 3)
    assert [r.deployment for r in bench.reports if r.state == "failed"] == [2]
    assert bench.slots.state.active == bundle_id_of(NEW)
    assert bench.slots.state.previous == bundle_id_of(OLD)
    assert bench.slots.has(bundle_id_of(OLD))


@pytest.mark.parametrize("state", ["downloading", "building", "shadow", "active"])
def test_a_newer_deployment_of_the_same_bundle_takes_over_what_is_on_its_way(
    bench: Bench, state: str
) -> None:
    bench.offer(NEW)
    if state == "active":
        bench.on_probation(NEW)
    else:
        bench.step_until(state)
    again = bench.hub.publish(NEW, 2)
    bench.hear(bench.hub.withdraw(1, "superseded", then=again))
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    assert (bench.last.state, bench.last.deployment) == ("committed", 2)
    assert {r.state for r in bench.reports} & {"failed", "rolled_back"} == set()
    assert bench.slots.highest("p").release == 2


def test_a_newer_bundle_replaces_what_was_withdrawn_on_probation(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    newer = bench.hub.publish(THIRD, 2)
    bench.hear(bench.hub.withdraw(1, "superseded", then=newer))
    bench.finish()
    assert bench.runs == bundle_id_of(THIRD)
    assert bench.slots.state.previous == bundle_id_of(OLD)


def test_a_download_that_a_restored_hub_does_not_have_makes_room_for_its_next_wish(
    bench: Bench,
) -> None:
    """The hub forgot the deployment and counts anew: its next one has a lower number."""
    bench.hub.cut_after = len(NEW) // 3
    bench.offer(NEW, deployment=50)
    bench.installer.step()
    assert bench.slots.arrived(bundle_id_of(NEW))
    bench.hub.cut_after = 0
    bench.hub.bundles.clear()
    bench.hear(Desired())
    bench.installer.step()
    assert (bench.last.state, bench.last.deployment) == ("failed", 50)
    assert "does not have this bundle" in bench.last.error
    bench.offer(THIRD, release=2, deployment=4)
    bench.finish()
    assert bench.runs == bundle_id_of(THIRD)
    assert not list(bench.slots.folder.glob("*.part"))


# -- a person at the device --------------------------------------------------------------------------


def by_hand(bench: Bench, kind: str, bundle: bytes | None = None) -> None:
    request = Request(kind=kind, bundle=bundle_id_of(bundle) if bundle is not None else "")  # type: ignore[arg-type]
    leave_request(bench.slots.folder, request)
    Updater(bench.installer, bench.slots, None, 30).turn()


def test_the_standing_wish_does_not_undo_a_rollback_by_hand(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    by_hand(bench, "rollback")
    assert bench.runs == bundle_id_of(OLD)
    assert (bench.last.state, bench.last.deployment) == ("rolled_back", 1)
    assert "by hand" in bench.last.error
    bench.restart()
    bench.hear(bench.hub.desired)
    assert not bench.installer.busy
    bench.offer(NEW, release=2)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def test_the_standing_wish_does_not_undo_a_bundle_applied_by_hand(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    bench.slots.put(THIRD, bundle_id_of(THIRD))
    by_hand(bench, "apply", THIRD)
    bench.hear(bench.hub.desired)
    bench.finish()
    bench.hear(bench.hub.desired)
    assert not bench.installer.busy
    assert bench.runs == bundle_id_of(THIRD)
    bench.offer(NEW, release=2)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


def test_a_bundle_applied_by_hand_ends_the_hub_s_installation_and_says_so(bench: Bench) -> None:
    bench.offer(NEW)
    bench.step_until("shadow")
    bench.slots.put(THIRD, bundle_id_of(THIRD))
    by_hand(bench, "apply", THIRD)
    failed = next(r for r in bench.reports if r.state == "failed")
    assert (failed.deployment, failed.error) == (1, "another bundle was applied by hand")
    bench.finish()
    assert bench.runs == bundle_id_of(THIRD)


def test_applying_what_the_hub_wishes_for_is_confirmed_to_it(bench: Bench) -> None:
    wish = bench.hub.publish(NEW, 1)
    bench.slots.put(NEW, bundle_id_of(NEW))
    by_hand(bench, "apply", NEW)
    bench.hear(wish)
    bench.finish()
    assert (bench.last.state, bench.last.deployment) == ("committed", 1)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("kind", ["rollback", "apply"])
def test_an_older_wish_that_shows_again_does_not_undo_what_a_person_chose(
    bench: Bench, kind: str, restarted: bool
) -> None:
    """What runs came with one deployment, another is on its way; the hub ends it and shows the first."""
    older = bench.hub.publish(NEW, 1, deployment=10)
    bench.hear(older)
    bench.finish()
    bench.offer(THIRD, release=2, deployment=11)
    bench.step_until("shadow")
    chosen = make_bundle(4, act_at=0.76) if kind == "apply" else OLD
    bench.slots.put(chosen, bundle_id_of(chosen))
    by_hand(bench, kind, chosen if kind == "apply" else None)
    bench.finish()
    assert bench.runs == bundle_id_of(chosen)
    if restarted:
        bench.restart()
    bench.hear(bench.hub.withdraw(11, "ended", then=older))
    assert not bench.installer.busy
    bench.hear(bench.hub.wish(THIRD, 2, deployment=11))
    assert not bench.installer.busy
    assert bench.runs == bundle_id_of(chosen)


def test_what_was_confirmed_for_a_deployment_is_not_brought_back_by_it(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    confirmed = bench.hub.publish(NEW, 2, deployment=12)
    bench.hear(confirmed)
    bench.offer(THIRD, release=3, deployment=13)
    bench.step_until("shadow")
    by_hand(bench, "rollback")
    bench.hear(confirmed)
    assert not bench.installer.busy
    assert bench.runs == bundle_id_of(OLD)


def test_nothing_is_applied_while_a_bundle_is_on_probation(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    bench.slots.put(THIRD, bundle_id_of(THIRD))
    with pytest.raises(UsageError, match="on probation"):
        bench.installer.apply(bundle_id_of(THIRD))
    for _ in range(3):
        feed_failing(bench.line.tally)
    bench.installer.step()
    assert bench.runs == bundle_id_of(OLD)


def test_a_rollback_by_hand_ends_an_installation_too(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    bench.offer(THIRD, release=2)
    bench.step_until("shadow")
    by_hand(bench, "rollback")
    assert bench.runs == bundle_id_of(OLD)
    bench.hear(bench.hub.desired)
    assert not bench.installer.busy
    bench.go_on(shadow=feed_good, live=feed_good)
