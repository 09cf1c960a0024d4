"""A device that is enrolled at another hub: its releases count, those of the one before do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.update.hub_change import is_same
from edge_agent.update.slots import Slots
from kits.core.hub_api import Desired
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.edge_agent.update_bench import NEW, OLD, Bench, feed_failing, feed_good
from tests.failure.tuf_simulator import Simulator

THIRD = make_bundle(3, act_at=0.77)


def at_first_hub(folder: Path, *, pinned: bool) -> Bench:
    """Enrolled before the hub had a release, or with its root; a release 5 was accepted."""
    bench = Bench(folder)
    bench.adopt(OLD)
    bench.root = bench.root if pinned else None
    bench.hub_id = "first"
    bench.restart()
    bench.offer(NEW, release=5)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    return bench


def move(bench: Bench, *, pinned: bool) -> None:
    """A new hub, and an enrolment at it."""
    bench.hub = Simulator()
    bench.root = bench.hub.first_root if pinned else None
    bench.hub_id = "second"
    bench.lives.end()
    bench.restart()


@pytest.mark.parametrize("pinned", [False, True])
def test_after_an_enrolment_at_a_new_hub_its_first_releases_are_taken(
    tmp_path: Path, pinned: bool
) -> None:
    bench = at_first_hub(tmp_path, pinned=pinned)
    move(bench, pinned=pinned)
    assert bench.runs == bundle_id_of(NEW), "what runs goes on"
    bench.offer(THIRD, release=1)
    bench.finish()
    assert bench.runs == bundle_id_of(THIRD)
    bench.lives.end()
    bench.restart()
    assert bench.slots.highest("p").release == 1, "the witness speaks of the new hub too"


def test_what_went_back_here_stays_denied_at_a_new_hub(tmp_path: Path) -> None:
    bench = at_first_hub(tmp_path, pinned=True)
    bench.offer(THIRD, release=6)
    bench.go_on(shadow=feed_good, live=feed_failing)
    move(bench, pinned=True)
    bench.offer(THIRD, release=1)
    assert "went back here before" in bench.last.error
    assert bench.runs == bundle_id_of(NEW)


def test_a_probation_goes_on_at_a_new_hub_for_nobody_s_deployment(tmp_path: Path) -> None:
    bench = at_first_hub(tmp_path, pinned=True)
    bench.offer(THIRD, release=6)
    bench.on_probation(THIRD)
    move(bench, pinned=True)
    bench.hear(Desired())
    bench.finish()
    assert bench.runs == bundle_id_of(THIRD)
    assert (bench.last.state, bench.last.deployment) == ("committed", None)


def test_a_download_from_the_hub_before_is_given_up(tmp_path: Path) -> None:
    bench = at_first_hub(tmp_path, pinned=True)
    bench.offer(THIRD, release=6)
    move(bench, pinned=True)
    assert not bench.installer.busy
    bench.offer(OLD, release=1)
    bench.finish()
    assert bench.runs == bundle_id_of(OLD)


def test_power_that_goes_while_the_hub_is_changed_brings_no_old_counter_back(
    tmp_path: Path,
) -> None:
    bench = at_first_hub(tmp_path, pinned=True)
    witness = bench.slots.folder / "witness.json"
    before = witness.read_bytes()
    move(bench, pinned=True)
    witness.write_bytes(before)
    assert Slots(bench.state).highest("p").release == 0


def test_an_enrolment_at_the_same_hub_forgets_nothing(tmp_path: Path) -> None:
    bench = at_first_hub(tmp_path, pinned=True)
    for name in ("first", ""):
        bench.hub_id = name
        bench.lives.end()
        bench.restart()
        assert bench.slots.highest("p").release == 5


def test_a_hub_is_known_by_its_roots_and_else_by_its_authority(tmp_path: Path) -> None:
    bench = at_first_hub(tmp_path, pinned=False)
    first, other = bench.hub.first_root, Simulator().first_root
    for same_authority in (False, True):
        assert is_same(bench.state, None, first, same_authority=same_authority)  # type: ignore[arg-type]
        assert not is_same(bench.state, None, other, same_authority=same_authority)  # type: ignore[arg-type]
        assert is_same(bench.state, first, None, same_authority=same_authority) == same_authority  # type: ignore[arg-type]
    newer = {"signed": {"version": 9}}  # changed while nobody looked
    assert is_same(bench.state, first, newer, same_authority=True)  # type: ignore[arg-type]
