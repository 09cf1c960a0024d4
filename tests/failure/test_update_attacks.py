"""Attacks on updates: corrupted bundles, metadata that does not fit, keys that were replaced.

Each is refused, the old bundle goes on deciding, and an honest hub is heard again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tuf.api.metadata import MetaFile

from tests.edge_agent.parts import bundle_id_of
from tests.edge_agent.update_bench import NEW, OLD, Bench
from tests.failure.attacked import NEWER, assert_recovers, assert_refused, forge
from tests.failure.conftest import Record
from tests.failure.tuf_simulator import Simulator, signed

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
