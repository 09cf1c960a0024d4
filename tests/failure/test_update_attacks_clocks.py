"""Expired metadata and wrong clocks: whatever the time here, nothing old passes and nothing new is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest
from securesystemslib.signer import CryptoSigner

from kits.core.hub_api import SignedTime
from tests.edge_agent.parts import bundle_id_of
from tests.edge_agent.update_bench import NEW, OLD, Bench
from tests.failure.attacked import any_clock, assert_recovers, assert_refused, sign_old_targets
from tests.failure.tuf_simulator import Simulator


@any_clock
def test_a_good_release_is_installed_whatever_the_clock(bench: Bench, error: timedelta) -> None:
    bench.clock_error = error
    assert_recovers(bench)


@any_clock
@pytest.mark.parametrize("wiped", [False, True])
def test_expired_metadata_is_refused_whatever_the_clock(
    bench: Bench, error: timedelta, wiped: bool
) -> None:
    bench.clock_error = error
    wish = bench.hub.publish(NEW, 2)
    bench.hub.pass_time(8, renew=False)
    if wiped:
        shutil.rmtree(bench.state / "tuf")
        (bench.state / "time_floor.json").unlink()
    assert_refused(bench, wish, "timestamp.json is expired")
    assert bench.last.state == "pending"
    bench.hub.pass_time(0)
    assert_recovers(bench)


@any_clock
@pytest.mark.parametrize("role", ["root", "targets", "snapshot"])
def test_every_role_expires(bench: Bench, role: str, error: timedelta) -> None:
    hub = bench.hub
    bench.clock_error = error
    getattr(hub, role).expires = hub.now + timedelta(days=2)
    if role == "root":
        hub.rotate("timestamp")
    hub.publish(NEW, 2)
    hub.now += timedelta(days=3)
    hub.timestamp.expires = hub.now + timedelta(days=7)
    hub.sign_online()
    assert_refused(bench, hub.desired, "expired")


def liars(hub: Simulator) -> dict[str, Callable[[str], SignedTime | None]]:
    """Ways to make a device believe that it is yesterday."""
    earlier = hub.now - timedelta(days=8)
    stranger = CryptoSigner.generate_ed25519()
    kept = hub.honest_time("0" * 64)
    return {
        "says nothing": lambda _: None,
        "signs with another key": lambda n: hub.time_signed_by(stranger, n, earlier),
        "signs with the snapshot key": lambda n: hub.time_signed_by(
            hub.keys["snapshot"], n, earlier
        ),
        "repeats an old answer": lambda _: kept,
        "borrows the key's name": lambda n: hub.time_signed_by(stranger, n, earlier).model_copy(
            update={"key_id": kept.key_id}
        ),
        "signs nonsense": lambda n: kept.model_copy(update={"payload": n}),
    }


@pytest.mark.parametrize("lie", list(liars(Simulator())))
def test_a_word_on_the_time_that_is_not_the_hubs_is_refused(bench: Bench, lie: str) -> None:
    bench.clock_error = timedelta(days=-30)
    bench.hub.sign_time = liars(bench.hub)[lie]
    wish = bench.hub.publish(NEW, 2)
    bench.hub.pass_time(8, renew=False)
    bench.try_once(wish)
    assert bench.runs == bundle_id_of(OLD)
    assert not bench.installer.busy
    bench.hub.sign_time = bench.hub.honest_time
    bench.hub.pass_time(0)
    assert_recovers(bench)


def test_a_hub_whose_clock_was_ahead_is_heard_when_it_is_right_again(bench: Bench) -> None:
    hub = bench.hub
    right = hub.now
    hub.pass_time(30)
    bench.hear(hub.publish(NEW, 2))
    ahead = hub.now
    assert bench.floor.time == ahead
    hub.publish(OLD, 3)
    hub.sign_time = lambda nonce: hub.time_signed_by(hub.keys["timestamp"], nonce, right)
    bench.hear(hub.desired)
    assert bench.floor.signed is not None
    assert timedelta() <= bench.floor.signed - right < timedelta(minutes=1)
    assert bench.floor.time == ahead, "the floor never falls"


def test_the_floor_stands_between_a_stolen_key_and_the_past(bench: Bench) -> None:
    hub = bench.hub
    hub.targets.expires = hub.now + timedelta(days=20)
    hub.publish(NEW, 2)
    old_targets = hub.targets.version
    hub.targets.expires = hub.now + timedelta(days=400)
    hub.pass_time(30)
    hub.publish(OLD, 3)
    bench.hear(hub.desired)
    assert bench.floor.time == hub.now
    shutil.rmtree(bench.state / "tuf")
    bench.clock_error = timedelta(days=-60)
    past = hub.now - timedelta(days=25)
    hub.sign_time = lambda nonce: hub.time_signed_by(hub.keys["timestamp"], nonce, past)
    sign_old_targets(hub, old_targets)
    assert_refused(bench, hub.wish(NEW, 2, deployment=8), "targets is expired")


def test_a_clock_set_back_is_known_to_be_behind(bench: Bench) -> None:
    assert bench.floor.synced
    bench.clock_error = timedelta(days=-1)
    assert not bench.floor.synced
    assert bench.floor.now() == bench.floor.time
    bench.lives.end()
    bench.restart()
    assert not bench.floor.synced
