"""Old releases shown again, by whoever stands between or holds the hub with its keys."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from securesystemslib.signer import CryptoSigner

from tests.edge_agent.parts import bundle_id_of
from tests.edge_agent.update_bench import NEW, OLD, Bench
from tests.failure.attacked import (
    an_hour_later,
    any_clock,
    assert_recovers,
    assert_refused,
    forge,
    sign_old_targets,
)


def install_five(bench: Bench) -> dict[str, bytes]:
    """Release 4 is OLD, then the device gets release 5; what the hub served at release 4."""
    bench.hub.publish(OLD, 4)
    then = dict(bench.hub.files)
    bench.try_once(bench.hub.publish(NEW, 5))
    assert bench.runs == bundle_id_of(NEW)
    return then


@pytest.mark.parametrize(
    "wiped", [(), ("tuf",), ("tuf", "slots.json"), ("tuf", "bundles/witness.json")]
)
def test_an_old_release_is_refused_even_after_local_state_was_wiped(
    bench: Bench, wiped: tuple[str, ...]
) -> None:
    then = install_five(bench)
    for name in wiped:
        path = bench.state / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    bench.lives.end()
    bench.restart()
    assert bench.runs == bundle_id_of(NEW)
    if wiped:  # nothing left to compare versions with: the old files are believed, not the release
        bench.hub.files = then
    assert_refused(bench, bench.hub.wish(OLD, 4, deployment=9), "goes back", runs=NEW)
    assert_recovers(bench)


# -- both copies of the counter gone ---------------------------------------------------------------


def wipe(bench: Bench, *more: str) -> None:
    """Both copies of the release counter are gone, and with them which bundle ran; and `more`."""
    for name in ("slots.json", "bundles/witness.json", *more):
        path = bench.state / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    bench.lives.end()
    bench.restart()
    assert bench.slots.highest("p").release == 0
    assert bench.runs == ""


EVERYTHING = ("tuf", "time_floor.json")


def test_without_counters_an_older_list_is_still_refused(bench: Bench) -> None:
    then = install_five(bench)
    wipe(bench)
    now, bench.hub.files = bench.hub.files, then
    bench.try_once(bench.hub.wish(OLD, 4, deployment=9))
    assert bench.runs == ""
    assert "refused" in bench.last.error
    bench.hub.files = now
    assert_recovers(bench)


@pytest.mark.parametrize("stolen", [False, True])
def test_without_counters_a_withdrawn_release_is_still_refused(bench: Bench, stolen: bool) -> None:
    install_five(bench)
    old_version = bench.hub.targets.version
    bench.hub.withdraw_release(4, "misses scratches")
    an_hour_later(bench)
    wipe(bench)
    if stolen:  # the list from before the mark, freshly wrapped: older than what was seen
        sign_old_targets(bench.hub, old_version)
    bench.try_once(bench.hub.wish(OLD, 4, deployment=9))
    assert bench.runs == ""
    assert ("Expected targets.json version" if stolen else "was withdrawn") in bench.last.error
    bench.hub.sign_targets()
    assert_recovers(bench)


@any_clock
def test_without_anything_kept_old_files_pass_only_as_long_as_their_timestamp(
    bench: Bench, error: timedelta
) -> None:
    """Somebody on the way has kept the hub's files; the hub itself signs the time for this question."""
    bench.clock_error = error
    then = install_five(bench)
    bench.hub.pass_time(8)
    wipe(bench, *EVERYTHING)
    now, bench.hub.files = bench.hub.files, then
    bench.try_once(bench.hub.wish(OLD, 4, deployment=9))
    assert bench.runs == ""
    assert "timestamp.json is expired" in bench.last.error
    bench.hub.files = now
    assert_recovers(bench)


def test_what_remains_is_a_stolen_hub_before_a_device_that_remembers_nothing(bench: Bench) -> None:
    """With the hub's keys an old list can be wrapped anew, as long as the engineer's word on it is good."""
    install_five(bench)
    hub, old_version = bench.hub, bench.hub.targets.version
    hub.withdraw_release(4, "misses scratches")
    hub.pass_time(30)
    wipe(bench, *EVERYTHING)
    sign_old_targets(hub, old_version)
    bench.try_once(hub.wish(OLD, 4, deployment=9))
    assert bench.runs == bundle_id_of(OLD)
    # it ends with the list itself, and with new keys of the engineer
    wipe(bench, *EVERYTHING)
    hub.pass_time(366)
    sign_old_targets(hub, old_version)
    bench.try_once(hub.wish(OLD, 4, deployment=10))
    assert bench.runs == ""
    assert "targets is expired" in bench.last.error


# -- replay ----------------------------------------------------------------------------------------


def test_replayed_metadata_is_refused(bench: Bench) -> None:
    then = install_five(bench)
    now, bench.hub.files = bench.hub.files, then
    assert_refused(bench, bench.hub.wish(OLD, 4, deployment=9), "refused", runs=NEW)
    bench.hub.files = now
    assert_recovers(bench)


def test_a_deliberate_return_is_a_new_release_of_old_bytes(bench: Bench) -> None:
    install_five(bench)
    bench.try_once(bench.hub.publish(OLD, 6))
    assert bench.runs == bundle_id_of(OLD)


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json"])
@pytest.mark.parametrize("left", [0, 40])
def test_metadata_cut_off_by_a_power_loss_is_fetched_again(
    bench: Bench, name: str, left: int
) -> None:
    install_five(bench)
    path = bench.state / "tuf" / name
    path.write_bytes(path.read_bytes()[:left])
    assert_recovers(bench)


# -- stolen keys of the hub ------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["snapshot", "timestamp", "stranger"])
def test_stolen_hub_keys_ship_no_release(bench: Bench, role: str) -> None:
    key = bench.hub.keys.get(role) or CryptoSigner.generate_ed25519()
    wish = forge(bench.hub, NEW, key)
    assert_refused(bench, wish, "targets was signed by 0/1 keys")
    del bench.hub.targets.targets["p/7.kwb"]
    bench.hub.targets.version += 1
    bench.hub.sign_targets()
    assert_recovers(bench)


@pytest.mark.parametrize("wipe", [False, True])
def test_stolen_hub_keys_ship_no_old_release(bench: Bench, wipe: bool) -> None:
    install_five(bench)
    old_version = bench.hub.targets.version - 1
    if wipe:
        shutil.rmtree(bench.state / "tuf")
    sign_old_targets(bench.hub, old_version)
    reason = "goes back" if wipe else "refused: Expected targets.json version"
    assert_refused(bench, bench.hub.wish(OLD, 4, deployment=9), reason, runs=NEW)
    bench.hub.sign_targets()
    assert_recovers(bench)


def test_a_stolen_timestamp_key_locks_devices_out_only_until_it_is_replaced(bench: Bench) -> None:
    hub = bench.hub
    far = hub.now + timedelta(days=365 * 20)
    hub.sign_time = lambda nonce: hub.time_signed_by(hub.keys["timestamp"], nonce, far)
    hub.timestamp.version, hub.timestamp.expires = 10**9, far + timedelta(days=7)
    hub.sign_online()
    assert_refused(bench, hub.publish(NEW, 2), "expired")
    # within the life of the root the floor can be driven, but not beyond
    ahead = hub.now + timedelta(days=300)
    hub.sign_time = lambda nonce: hub.time_signed_by(hub.keys["timestamp"], nonce, ahead)
    hub.snapshot.expires = ahead + timedelta(days=9)
    hub.publish(OLD, 3)
    bench.hear(hub.desired)
    assert bench.floor.time == ahead
    hub.sign_time = hub.honest_time
    hub.snapshot.expires = hub.now + timedelta(days=30)
    hub.timestamp.expires = hub.now + timedelta(days=7)
    hub.sign_online()
    assert_refused(bench, hub.publish(NEW, 4), "expired")
    hub.timestamp.version = 5
    hub.rotate("timestamp", "snapshot")
    assert_recovers(bench)
    assert bench.floor.time < ahead
