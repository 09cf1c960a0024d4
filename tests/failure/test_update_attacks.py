"""Attacks on updates: each is refused, the old bundle goes on deciding, and an honest hub is heard again.

The device's own code reads real responses of a simulated hub (`tuf_simulator.py`).
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import MetaFile

from kits.core.hub_api import Desired, SignedTime
from tests.edge_agent.parts import bundle_id_of, make_bundle, write_tiny_kit
from tests.edge_agent.update_bench import NEW, OLD, Bench
from tests.failure.conftest import Record
from tests.failure.tuf_simulator import Simulator, signed

NEWER = make_bundle(3, act_at=0.78)
CLOCKS = {
    "right": timedelta(),
    "30 days slow": timedelta(days=-30),
    "1970": timedelta(days=-365 * 56),
    "20 years fast": timedelta(days=365 * 20),
}
any_clock = pytest.mark.parametrize("error", CLOCKS.values(), ids=CLOCKS.keys())


@pytest.fixture(scope="module", autouse=True)
def tiny_kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("kit")
    write_tiny_kit(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A device that decides with the old bundle, and has heard of release 1."""
    made = Bench(tmp_path)
    made.adopt(OLD)
    made.hear(made.hub.publish(OLD, 1))
    assert made.last.state == "committed"
    return made


def assert_refused(bench: Bench, wish: Desired, reason: str, *, runs: bytes = OLD) -> None:
    """The wish comes to nothing, a person is told why, and what ran goes on deciding."""
    bench.alerts.clear()
    bench.try_once(wish)
    assert reason in bench.last.error
    assert {"metadata-refused", "bundle-refused"} & set(bench.alerts)
    assert bench.runs == bundle_id_of(runs)
    assert bench.slots.state.active == bundle_id_of(runs)
    assert bench.line.active is not None
    assert bench.line.active.ready.check_golden() == ()


def assert_recovers(bench: Bench, content: bytes = NEWER, release: int = 50) -> None:
    """An honest release is installed afterwards."""
    bench.try_once(bench.hub.publish(content, release))
    assert bench.runs == bundle_id_of(content), bench.last.error
    assert bench.last.state == "committed"


# -- corrupted bundles -----------------------------------------------------------------------------


def corruptions(content: bytes, count: int) -> Iterator[bytes]:
    """Damaged copies: every region of the file flipped, cut, lengthened, zeroed or exchanged."""
    size = len(content)
    for number in range(count):
        place = number * size // count
        kind = number % 5
        damaged = bytearray(content)
        if kind == 0:
            damaged[place] ^= 1 << (number % 8)
        elif kind == 1:
            del damaged[place:]
        elif kind == 2:
            damaged[place:place] = b"\x00" * (1 + number % 64)
        elif kind == 3:
            # the byte after a run of zeros would be the same again: never equal to the original
            damaged[place] = (damaged[place] + 1) % 256
            damaged[place + 1 : place + 16] = bytes(len(damaged[place + 1 : place + 16]))
        else:
            damaged[place:] = damaged[place:][::-1] + b"!"
        yield bytes(damaged)


def refuse_corruptions(bench: Bench, count: int) -> dict[str, object]:
    bench.hub.publish(NEW, 2)
    refused = 0
    for number, damaged in enumerate(corruptions(NEW, count)):
        bench.hub.bundles[bundle_id_of(NEW)] = damaged
        wish = bench.hub.wish(NEW, 2, deployment=100 + number)
        bench.hear(wish)
        for _ in range(5):
            bench.installer.step()
        cut_short = bench.installer.busy
        if cut_short:  # waits for the rest, which never comes: the hub's copy is made whole
            assert bench.slots.arrived(bundle_id_of(NEW)) < len(NEW)
        else:
            assert bench.last.state == "failed"
            assert not bench.slots.partial(bundle_id_of(NEW)).exists()
        assert not bench.slots.has(bundle_id_of(NEW))
        assert bench.line.active is not None
        assert bench.line.active.ready.check_golden() == ()
        refused += bench.runs == bundle_id_of(OLD)
        if cut_short:
            bench.hub.bundles[bundle_id_of(NEW)] = damaged + b"?" * len(NEW)
            bench.finish()
            assert bench.last.state == "failed"
    assert refused == count
    bench.hub.bundles[bundle_id_of(NEW)] = NEW
    bench.try_once(bench.hub.wish(NEW, 2, deployment=99_999))
    assert bench.runs == bundle_id_of(NEW)
    return {"corrupted": count, "refused": refused}


def test_corrupted_bundles_are_refused(bench: Bench, record: Record) -> None:
    record(refuse_corruptions(bench, 60))


@pytest.mark.slow
def test_a_thousand_corrupted_bundles_are_refused(bench: Bench, record: Record) -> None:
    record(refuse_corruptions(bench, 1000))


# -- replay ----------------------------------------------------------------------------------------


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


def forge(hub: Simulator, content: bytes, key: CryptoSigner) -> Desired:
    """Whoever has the hub's keys, but not the engineer's, ships a release of their own."""
    kept, hub.keys["targets"] = hub.keys["targets"], key
    wish = hub.publish(content, 7)
    hub.keys["targets"] = kept
    return wish


@pytest.mark.parametrize("role", ["snapshot", "timestamp", "stranger"])
def test_stolen_hub_keys_ship_no_release(bench: Bench, role: str) -> None:
    key = bench.hub.keys.get(role) or CryptoSigner.generate_ed25519()
    wish = forge(bench.hub, NEW, key)
    assert_refused(bench, wish, "targets was signed by 0/1 keys")
    del bench.hub.targets.targets["p/7.kwb"]
    bench.hub.targets.version += 1
    bench.hub.sign_targets()
    assert_recovers(bench)


def sign_old_targets(hub: Simulator, version: int) -> None:
    """Snapshot and timestamp, freshly and rightly signed, over targets of long ago."""
    hub.sign_online(hub.files[f"{version}.targets.json"])


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


# -- expiry and clocks -----------------------------------------------------------------------------


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


# -- mix and match, endless data, malformed files ---------------------------------------------------


def mixed_targets(hub: Simulator) -> None:
    """Targets of another state of the repository than the snapshot names."""
    hub.files[f"{hub.targets.version}.targets.json"] = hub.files["2.targets.json"]


def mixed_snapshot(hub: Simulator) -> None:
    hub.files[f"{hub.snapshot.version}.snapshot.json"] = hub.files["2.snapshot.json"]


def snapshot_without_targets(hub: Simulator) -> None:
    del hub.snapshot.meta["targets.json"]
    hub.snapshot.meta["other.json"] = MetaFile(1)
    hub.snapshot.version += 1
    hub.sign_online()


def endless_timestamp(hub: Simulator) -> None:
    hub.files["timestamp.json"] += b" " * 20_000


def endless_targets(hub: Simulator) -> None:
    hub.files[f"{hub.targets.version}.targets.json"] += b" " * 6_000_000


def endless_root(hub: Simulator) -> None:
    hub.files["2.root.json"] = b" " * 600_000


def nested(hub: Simulator) -> None:
    hub.files["timestamp.json"] = b"[" * 15_000


def half_a_timestamp(hub: Simulator) -> None:
    hub.files["timestamp.json"] = hub.files["timestamp.json"][:100]


def missing_targets(hub: Simulator) -> None:
    del hub.files[f"{hub.targets.version}.targets.json"]


def root_of_a_stranger(hub: Simulator) -> None:
    stranger = Simulator()
    stranger.root.version = 2
    stranger.sign_root()
    hub.files["2.root.json"] = stranger.files["2.root.json"]


def root_signed_by_the_old_keys_only(hub: Simulator) -> None:
    old = hub.keys["root"]
    hub.rotate("root")
    hub.files["2.root.json"] = signed(hub.root, old)


def root_that_skips_a_version(hub: Simulator) -> None:
    hub.root.version = 3
    hub.files["2.root.json"] = signed(hub.root, hub.keys["root"])


def target_without_a_release(hub: Simulator) -> None:
    del hub.targets.targets["p/2.kwb"].unrecognized_fields["custom"]
    hub.targets.version += 1
    hub.sign_targets()


def target_of_another_project(hub: Simulator) -> None:
    hub.targets.targets["p/2.kwb"].unrecognized_fields["custom"]["project"] = "q"
    hub.targets.version += 1
    hub.sign_targets()


ATTACKS = (
    mixed_targets,
    mixed_snapshot,
    snapshot_without_targets,
    endless_timestamp,
    endless_targets,
    endless_root,
    nested,
    half_a_timestamp,
    missing_targets,
    root_of_a_stranger,
    root_signed_by_the_old_keys_only,
    root_that_skips_a_version,
    target_without_a_release,
    target_of_another_project,
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_metadata_that_does_not_fit_is_refused(
    bench: Bench, attack: Callable[[Simulator], None]
) -> None:
    hub = bench.hub
    wish = hub.publish(NEW, 2)
    kept = copy.deepcopy((hub.root, hub.targets.targets)), dict(hub.keys), dict(hub.files)
    attack(hub)
    assert_refused(bench, wish, "")
    assert bench.last.error
    (hub.root, hub.targets.targets), hub.keys, hub.files = kept
    hub.snapshot.meta = {}
    hub.targets.version += 1
    hub.rotate("timestamp", "snapshot")  # what a device has kept of the attack ends with the keys
    assert_recovers(bench)


# -- rotation --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "roles", [("targets",), ("root",), ("timestamp", "snapshot"), ("root", "targets")]
)
def test_rotated_keys_are_followed(bench: Bench, roles: tuple[str, ...]) -> None:
    old = bench.hub.keys["targets"]
    for _ in range(3):
        bench.hub.targets.version += 1
        bench.hub.rotate(*roles)
    assert_recovers(bench)
    if "targets" in roles:
        wish = forge(bench.hub, OLD, old)
        assert_refused(bench, wish, "targets was signed by 0/1 keys", runs=NEWER)


def test_without_a_root_from_enrolment_the_first_one_shown_is_kept_for_good(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    bench.root = None
    bench.restart()
    bench.try_once(bench.hub.publish(NEW, 2))
    assert bench.runs == bundle_id_of(NEW)
    stranger = Simulator()
    stranger.now = bench.hub.now
    bench.hub.files, bench.hub.keys = stranger.files, stranger.keys
    assert_refused(bench, bench.hub.wish(OLD, 9, deployment=9), "signed", runs=NEW)
