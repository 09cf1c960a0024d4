"""What the tests of attacks on updates share: that a wish was refused, that an honest one is heard again.

The attacked device is the fixture `bench`; its own code reads real responses of `tuf_simulator.py`.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from securesystemslib.signer import CryptoSigner

from edge_agent.update.standing import LOOK_EVERY_S
from kits.core.hub_api import Desired
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.edge_agent.update_bench import OLD, Bench
from tests.failure.tuf_simulator import Simulator

NEWER = make_bundle(3, act_at=0.78)
CLOCKS = {
    "right": timedelta(),
    "30 days slow": timedelta(days=-30),
    "1970": timedelta(days=-365 * 56),
    "20 years fast": timedelta(days=365 * 20),
}
any_clock = pytest.mark.parametrize("error", CLOCKS.values(), ids=CLOCKS.keys())


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


def forge(hub: Simulator, content: bytes, key: CryptoSigner) -> Desired:
    """Whoever has the hub's keys, but not the engineer's, ships a release of their own."""
    kept, hub.keys["targets"] = hub.keys["targets"], key
    wish = hub.publish(content, 7)
    hub.keys["targets"] = kept
    return wish


def sign_old_targets(hub: Simulator, version: int) -> None:
    """Snapshot and timestamp, freshly and rightly signed, over targets of long ago."""
    hub.sign_online(hub.files[f"{version}.targets.json"])


def an_hour_later(bench: Bench) -> None:
    """The device hears the hub as before, and looks how what it runs stands."""
    bench.seconds += LOOK_EVERY_S
    bench.hear(bench.hub.desired)
