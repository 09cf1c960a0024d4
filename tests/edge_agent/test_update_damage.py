"""Files that are damaged or gone, disks that take nothing, bundles that do not come up: it heals."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.enroll import load_identity
from edge_agent.errors import AgentConfigError
from edge_agent.update.slots import Slots
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.edge_agent.update_bench import NEW, OLD, Bench, feed_failing, feed_good

THIRD = make_bundle(3, act_at=0.77)


def damage(bench: Bench, content: bytes) -> None:
    bench.slots.path(bundle_id_of(content)).write_bytes(content[:-1] + b"x")


@contextmanager
def full_disk() -> Iterator[None]:
    """Nothing is written any more; what is there can be read."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("slots", "lives"):
            patch.setattr(f"edge_agent.update.{module}.write_atomically", no_room)
        yield


def no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")


def fail_on_probation(bench: Bench) -> None:
    for _ in range(3):
        feed_failing(bench.line.tally)
    bench.installer.step()


# -- damaged files -----------------------------------------------------------------------------------


def test_the_only_bundle_heals_by_the_standing_wish(bench: Bench) -> None:
    bench.offer(OLD, release=1)
    damage(bench, OLD)
    bench.restart()
    assert bench.runs == ""
    count = len(bench.reports)
    bench.hear(bench.hub.desired)
    bench.finish()
    assert bench.runs == bundle_id_of(OLD)
    assert [r.state for r in bench.reports[count:]][-1] == "committed"
    assert bench.last.bundle == bundle_id_of(OLD)
    assert bench.slots.state.previous == ""
    assert "bundle-unusable" not in bench.open_alerts


def test_nothing_is_called_committed_that_does_not_run(bench: Bench) -> None:
    bench.offer(OLD, release=1)
    bench.lame.add(bundle_id_of(OLD))
    bench.restart()
    bench.offer(OLD, release=2)
    assert [r.state for r in bench.reports if r.deployment == 2][:1] == ["downloading"]
    bench.finish()
    assert bench.last.state == "failed"
    assert "the GPU is busy" in bench.last.error


def test_a_bundle_that_comes_up_later_is_brought_up_later(bench: Bench) -> None:
    bench.lame.add(bundle_id_of(OLD))
    bench.restart()
    assert bench.runs == ""
    bench.lame.clear()
    bench.seconds += 61
    bench.installer.step()
    assert bench.runs == bundle_id_of(OLD)


def test_a_damaged_previous_bundle_is_fetched_anew_for_a_deliberate_return(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    damage(bench, OLD)
    bench.offer(OLD, release=2)
    bench.finish()
    assert bench.runs == bundle_id_of(OLD)
    assert bench.slots.state.previous == bundle_id_of(NEW)


def test_an_unreadable_active_bundle_falls_back(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    path = bench.slots.path(bundle_id_of(NEW))
    path.unlink()
    path.symlink_to(path)  # reading it is an error of the file system
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    assert "cannot be loaded" in bench.open_alerts["bundle-rolled-back"]


def test_what_does_not_come_up_ends_no_other_bundle_s_installation(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    bench.offer(THIRD, release=2)
    bench.step_until("shadow")
    damage(bench, NEW)
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    assert [r.deployment for r in bench.reports if r.state == "rolled_back"] == [None]
    bench.finish()
    assert bench.runs == bundle_id_of(THIRD)
    assert (bench.last.state, bench.last.deployment) == ("committed", 2)


def test_a_return_to_what_the_start_went_back_to_is_confirmed(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    bench.offer(OLD, release=2)
    bench.step_until("shadow")
    damage(bench, NEW)
    bench.restart()
    bench.finish()
    bench.hear(bench.hub.desired)
    assert bench.runs == bundle_id_of(OLD)
    assert (bench.last.state, bench.last.deployment) == ("committed", 2)
    assert bench.slots.has(bundle_id_of(OLD))


def test_the_slots_file_lost_leaves_what_is_denied_and_refused(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    fail_on_probation(bench)
    (bench.state / "slots.json").unlink()
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    assert bundle_id_of(NEW) in bench.slots.state.denied
    bench.hear(bench.hub.desired)
    assert not bench.installer.busy
    assert bench.runs == bundle_id_of(OLD)


def test_after_a_rollback_by_hand_the_witness_names_what_runs(bench: Bench) -> None:
    bench.offer(NEW)
    bench.finish()
    bench.installer.rollback()
    (bench.state / "slots.json").unlink()
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)


def test_on_probation_the_witness_names_what_was_proven(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    (bench.state / "slots.json").unlink()
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)


def test_an_unreadable_slots_file_does_not_keep_the_agent_from_starting(bench: Bench) -> None:
    path = bench.state / "slots.json"
    path.unlink()
    path.symlink_to(path)
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)


def test_an_unreadable_time_floor_does_not_keep_the_agent_from_starting(bench: Bench) -> None:
    bench.offer(NEW)
    path = bench.state / "time_floor.json"
    path.unlink()
    path.symlink_to(path)
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    bench.finish()
    bench.offer(NEW, release=2)
    assert not path.is_symlink(), "the hub has signed the time again"


def test_an_unreadable_identity_is_named_with_the_account(tmp_path: Path) -> None:
    path = tmp_path / "identity.json"
    path.symlink_to(path)
    with pytest.raises(AgentConfigError, match="cannot be read by this account") as caught:
        load_identity(path)
    assert caught.value.where == str(path)
    assert pwd.getpwuid(os.geteuid()).pw_name in caught.value.what


# -- a full disk -------------------------------------------------------------------------------------


def test_a_full_disk_forgets_neither_why_nor_the_denial(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    with full_disk():
        fail_on_probation(bench)
        assert bench.runs == bundle_id_of(OLD)
        assert (bench.last.state, bench.last.bundle) == ("active", bundle_id_of(OLD))
        assert "failed on 3 of" in bench.last.error, "the hub need not wait for room to hear why"
        bench.installer.step()
        bench.hear(bench.hub.desired)
    bench.installer.step()
    assert bench.last.state == "rolled_back"
    assert "failed on 3 of" in bench.last.error
    assert bundle_id_of(NEW) in bench.slots.state.denied
    bench.restart()
    assert bench.runs == bundle_id_of(OLD)
    bench.hear(bench.hub.desired)
    assert not bench.installer.busy


def test_a_hopeless_installation_on_a_full_disk_does_not_keep_the_agent_from_starting(
    bench: Bench,
) -> None:
    bench.offer(NEW)
    bench.step_until("shadow")
    bench.restart()
    bench.restart()
    with full_disk():
        bench.seconds += 1
        lives = bench.lives
        assert lives.crashes == 2
        (bench.state / "lives.json").write_text(
            '{"boot": "boot-1", "running": true, "crashes": [0, 0, 0]}'
        )
        bench.restart()
        assert bench.runs == bundle_id_of(OLD)
        bench.installer.step()
    bench.installer.step()
    assert not bench.installer.busy
    assert "crashed" in bench.last.error
    assert bundle_id_of(NEW) in bench.slots.state.denied


def test_a_full_disk_at_the_switch_is_waited_for(bench: Bench) -> None:
    bench.offer(NEW)
    bench.step_until("shadow")
    with full_disk():
        for _ in range(2):
            assert bench.line.shadow is not None or bench.installer.waiting
            if bench.line.shadow is not None:
                feed_good(bench.line.shadow)
                feed_good(bench.line.shadow)
            bench.installer.step()
        assert bench.installer.waiting
        assert "the disk does not take it" in bench.last.error
        assert bench.runs == bundle_id_of(OLD)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)


# -- bundles that do not come up ---------------------------------------------------------------------


def test_a_previous_bundle_that_does_not_come_up_now_is_gone_back_to_later(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    bench.lame.add(bundle_id_of(OLD))
    fail_on_probation(bench)
    assert bench.runs == bundle_id_of(NEW)
    assert bench.last.state == "failed"
    assert "cannot be loaded now" in bench.last.error
    bench.restart()
    bench.installer.step()
    assert bench.runs == bundle_id_of(NEW), "something must decide"
    bench.lame.clear()
    bench.seconds += 120
    bench.installer.step()
    assert bench.runs == bundle_id_of(OLD)
    assert bench.last.state == "rolled_back"


def test_a_newer_bundle_comes_in_while_the_previous_one_does_not_come_up(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    bench.lame.add(bundle_id_of(OLD))
    fail_on_probation(bench)
    bench.offer(THIRD, release=2)
    bench.finish()
    assert bench.runs == bundle_id_of(THIRD)
    assert bench.slots.state.previous == bundle_id_of(OLD), "never the one that went wrong"


@contextmanager
def neither_comes_up(bench: Bench) -> Iterator[None]:
    """On probation the power goes, and afterwards no bundle can be loaded."""
    bench.offer(NEW)
    bench.on_probation(NEW)
    bench.lame |= {bundle_id_of(OLD), bundle_id_of(NEW)}
    bench.restart()
    assert bench.runs == ""
    bench.installer.step()
    yield
    bench.lame.clear()


def test_on_probation_two_damaged_bundles_heal_by_the_standing_wish(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    damage(bench, OLD)
    damage(bench, NEW)
    bench.restart()
    assert bench.runs == ""
    assert (bench.last.state, bench.last.bundle) == ("active", "")
    assert "bundle-unusable" in bench.open_alerts
    bench.hear(bench.hub.desired)
    bench.finish()
    assert bench.runs == bundle_id_of(NEW)
    assert (bench.last.state, bench.last.deployment) == ("committed", 1)
    assert "bundle-unusable" not in bench.open_alerts


def test_where_neither_bundle_comes_up_another_one_may_be_applied(bench: Bench) -> None:
    with neither_comes_up(bench):
        bench.slots.put(THIRD, bundle_id_of(THIRD))
        bench.installer.apply(bundle_id_of(THIRD))
        bench.finish()
    assert bench.runs == bundle_id_of(THIRD)


def test_where_neither_bundle_comes_up_both_are_tried_each_minute_and_it_is_said_once(
    bench: Bench,
) -> None:
    with neither_comes_up(bench):
        bench.loads.clear()
        for _ in range(50):
            bench.installer.step()
        assert bench.loads == []
        bench.seconds += 61
        bench.installer.step()
        assert [bundle for bundle, _ in bench.loads] == [bundle_id_of(NEW), bundle_id_of(OLD)]
        count = len(bench.reports)
        for _ in range(5):
            bench.seconds += 61
            bench.installer.step()
        assert len(bench.reports) == count
    bench.seconds += 61
    bench.installer.step()
    assert bench.runs == bundle_id_of(NEW)
    assert bench.last.bundle == bundle_id_of(NEW), "the hub hears that it runs again"
    assert "bundle-unusable" not in bench.open_alerts


def test_what_comes_up_again_decides_while_another_bundle_is_on_its_way(bench: Bench) -> None:
    with neither_comes_up(bench):
        bench.offer(THIRD, release=2)
        bench.step_until("downloading")
        bench.lame.clear()
        bench.seconds += 61
        bench.installer.step()
        assert bench.runs == bundle_id_of(NEW)
        bench.finish()
    assert bench.runs == bundle_id_of(THIRD)


def test_going_back_waits_for_no_engine(bench: Bench) -> None:
    bench.offer(NEW)
    bench.on_probation(NEW)
    bench.loads.clear()
    fail_on_probation(bench)
    assert bench.loads == [(bundle_id_of(OLD), False)]
    bench.restart()
    assert bench.loads[-1] == (bundle_id_of(OLD), False)


@pytest.mark.parametrize("how", ["load", "golden", "exit"])
def test_a_kit_that_fails_in_its_own_way_is_a_refusal(bench: Bench, how: str) -> None:
    broken = make_bundle(3, config={"raises": how})
    bench.offer(broken)
    bench.finish()
    assert bench.runs == bundle_id_of(OLD)
    assert bench.last.state == "failed"
    assert "the kit fails on cpu" in bench.last.error
    assert how in bench.last.error


def test_only_what_is_not_needed_is_deleted(bench: Bench) -> None:
    for release, content in enumerate((NEW, THIRD), 1):
        bench.offer(content, release=release)
        bench.finish()
    kept = {file.stem for file in Slots(bench.state).folder.glob("*.kwb")}
    assert kept == {bundle_id_of(NEW), bundle_id_of(THIRD)}
    assert not list(bench.slots.folder.glob("*.part"))
    bench.go_on(shadow=feed_good, live=feed_good)
