"""Releases that were taken back: a device refuses them whatever the hub wishes, and goes on with its own."""

from __future__ import annotations

from pathlib import Path

from edge_agent.update.standing import LOOK_EVERY_S
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.edge_agent.update_bench import NEW, OLD, Bench

WHY = "misses scratches"


def an_hour_later(bench: Bench) -> None:
    """The hub answers as before; the device looks how what it runs stands."""
    bench.seconds += LOOK_EVERY_S
    bench.hear(bench.hub.desired)


def test_a_withdrawn_release_is_refused_before_a_byte_is_fetched(bench: Bench) -> None:
    wish = bench.hub.publish(NEW, 2)
    bench.hub.withdraw_release(2, WHY)
    bench.try_once(wish)
    assert bench.runs == bundle_id_of(OLD)
    assert (bench.last.state, bench.last.error) == ("failed", f"release 2 was withdrawn: {WHY}")
    assert not bench.slots.partial(bundle_id_of(NEW)).exists()
    bench.try_once(bench.hub.publish(NEW, 3))  # released again, on purpose
    assert bench.runs == bundle_id_of(NEW)


def test_a_new_device_takes_no_withdrawn_release_either(tmp_path: Path) -> None:
    """It has no counter yet: whoever holds the hub could bring it any release that is in force."""
    fresh = Bench(tmp_path)
    for release, content in ((1, OLD), (2, NEW), (3, make_bundle(3, act_at=0.78))):
        fresh.hub.publish(content, release)
    fresh.hub.withdraw_release(1, WHY)
    fresh.try_once(fresh.hub.wish(OLD, 1))
    assert fresh.runs == ""
    assert "withdrawn" in fresh.last.error
    fresh.try_once(fresh.hub.wish(NEW, 2, deployment=2))
    assert fresh.runs == bundle_id_of(NEW)


def test_what_runs_goes_on_and_says_that_it_was_withdrawn(bench: Bench) -> None:
    bench.offer(NEW, release=2)
    bench.finish()
    bench.hub.withdraw_release(2, WHY)
    an_hour_later(bench)
    assert bench.runs == bundle_id_of(NEW)
    assert not bench.installer.busy
    assert WHY in bench.open_alerts["release-withdrawn"]
    assert "bundle-refused" not in bench.open_alerts
    bench.lives.end()
    bench.restart()
    bench.hear(bench.hub.desired)
    assert bench.runs == bundle_id_of(NEW)
    assert "release-withdrawn" in bench.open_alerts
    bench.offer(make_bundle(3, act_at=0.78), release=3)
    bench.finish()
    an_hour_later(bench)
    assert "release-withdrawn" not in bench.open_alerts


def test_a_release_of_the_same_bytes_in_force_is_enough(bench: Bench) -> None:
    bench.offer(NEW, release=2)
    bench.finish()
    bench.hub.publish(NEW, 3)
    bench.hub.withdraw_release(2, WHY)
    an_hour_later(bench)
    assert "release-withdrawn" not in bench.open_alerts


def test_a_hub_that_falls_silent_about_releases_is_alarmed_without_any_wish(bench: Bench) -> None:
    """It may hide a withdrawal only as long as the timestamp is good."""
    bench.offer(NEW, release=2)
    bench.finish()
    bench.hub.pass_time(8, renew=False)
    an_hour_later(bench)
    assert "timestamp.json is expired" in bench.open_alerts["metadata-refused"]
    assert bench.runs == bundle_id_of(NEW)
    bench.hub.pass_time(0)
    an_hour_later(bench)
    assert "metadata-refused" not in bench.open_alerts


def test_between_two_looks_the_hub_is_left_alone(bench: Bench) -> None:
    bench.offer(NEW, release=2)
    bench.finish()
    an_hour_later(bench)
    asked = len(bench.hub.asked)
    bench.seconds += LOOK_EVERY_S / 2
    bench.hear(bench.hub.desired)
    assert len(bench.hub.asked) == asked


def test_what_was_never_signed_is_not_looked_up(bench: Bench) -> None:
    an_hour_later(bench)
    assert bench.hub.asked == []
    assert bench.open_alerts == {}


def test_a_list_signed_before_there_were_withdrawals_is_read_as_ever(bench: Bench) -> None:
    wish = bench.hub.publish(NEW, 2)
    custom = bench.hub.targets.targets["p/2.kwb"].unrecognized_fields["custom"]
    assert set(custom) == {"bundle", "project", "kit", "version", "release"}
    bench.try_once(wish)
    assert bench.runs == bundle_id_of(NEW)
