"""Updates that go wrong for honest reasons: bad models, bad links; and what each decision says of itself.

The attacks are in `test_update_attacks*.py`, the kills in `test_update_kills.py`.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from edge_agent.agent import Agent
from edge_agent.config import load_config
from edge_agent.errors import HubUnreachableError
from edge_agent.update.download import Downloader
from edge_agent.update.fetch import HubClient
from edge_agent.update.slots import Slots
from kits.core.events import DecisionBody
from tests.edge_agent.parts import bundle_id_of, make_bundle, write_tiny_kit
from tests.failure.conftest import Record
from tests.failure.proxy import Proxy
from tests.failure.station import Station
from tests.failure.tuf_simulator import Simulator, served
from tests.waiting import wait_for

OLD = make_bundle(1)


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("kit")
    write_tiny_kit(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder


@pytest.fixture
def station(kit: Path, tmp_path: Path) -> Iterator[Station]:
    """A device that has decided with the old bundle; 100 parts a second, 300 on probation."""
    hub = Simulator()
    with served(hub) as url:
        made = Station(tmp_path / "device", kit, hub, url)
        made.prepare(OLD, shadow_samples=60, probation_samples=300, latency_slack_ms=60, hang_s=3)
        yield made
        if made.alive:
            made.kill()


def live_until_settled(station: Station, timeout_s: float = 180) -> float:
    """Starts the device again whenever it dies, as systemd does; seconds until it has gone back."""
    started = time.monotonic()
    station.live()
    while not station.ended:
        assert time.monotonic() < started + timeout_s, station.reason
        if not station.alive:
            station.live()
        time.sleep(0.02)
    return time.monotonic() - started


BAD = {
    "NaN": ("nan", "failed on"),
    "ten times slower": ("slow", "too slow"),
    "finds nothing": ("empty", "found nothing"),
    "always says the same": ("one score", "distributed otherwise"),
    "crash loop": ("exit", "crashed 3 times within 600 s"),
    "hangs": ("hang", "crashed 3 times within 600 s"),
}


@pytest.mark.parametrize(("how", "reason"), BAD.values(), ids=BAD.keys())
def test_a_model_that_turns_bad_goes_back_by_itself(
    station: Station, record: Record, how: str, reason: str
) -> None:
    bad = make_bundle(2, act_at=0.79, config={"bad": how, "bad_after": 150})
    station.hub.publish(bad, 2)
    took_s = live_until_settled(station)
    assert station.ended == "rolled_back"
    assert reason in station.reason
    told = next(r for r in station.hub.reported if r.state == "rolled_back")
    assert (told.bundle, told.deployment) == (bundle_id_of(OLD), 2)
    assert told.error == station.reason
    station.kill()
    assert station.slots.state.active == bundle_id_of(OLD)
    assert bundle_id_of(bad) in station.slots.state.denied
    record({"model": how, "back_after_s": round(took_s, 1), "reason": station.reason})


@pytest.mark.parametrize("how", ["nan", "empty", "hang", "exit"])
def test_a_model_that_is_bad_at_once_never_decides(station: Station, how: str) -> None:
    bad = make_bundle(2, act_at=0.79, config={"bad": how, "bad_after": 0})
    station.hub.publish(bad, 2)
    live_until_settled(station)
    assert station.ended == "failed"
    assert station.reason
    assert {r.bundle for r in station.hub.reported} == {bundle_id_of(OLD)}


def test_each_decision_names_the_bundle_that_made_it(kit: Path, tmp_path: Path) -> None:
    """Old and new give the same picture another score, so each row betrays who decided."""
    new, hub = make_bundle(2, scale=0.5, act_at=0.79), Simulator()
    seen: list[DecisionBody] = []
    scale = {bundle_id_of(OLD): 1.0, bundle_id_of(new): 0.5}
    with served(hub) as url:
        station = Station(tmp_path / "device", kit, hub, url)
        station.prepare(OLD, max_disagreement=1.0, shadow_samples=10, probation_samples=40)
        agent = Agent(load_config(station.config))
        agent.line.recorder.recent = _Everything(seen)  # type: ignore[assignment]
        runner = threading.Thread(target=agent.run)
        runner.start()
        try:
            wait_for(lambda: len(seen) > 20)
            hub.publish(new, 2)
            wait_for(lambda: any(r.state == "committed" for r in hub.reported))
        finally:
            agent.stop()
            runner.join(20)
    for row in seen:
        picture = cv2.imread(str(station.folder / "pictures" / row.source.rpartition("/")[2]), 0)
        assert picture is not None
        assert row.score == pytest.approx(picture.mean() / 255 * scale[row.bundle], abs=1e-5)
    decided = [row.bundle for row in seen]
    assert decided == sorted(decided, key=lambda bundle: bundle == bundle_id_of(new))
    assert set(decided) == set(scale)
    assert {report.bundle for report in hub.reported} == set(scale)


class _Everything:
    """Stands in for the short memory of the status page and keeps all decisions."""

    def __init__(self, seen: list[DecisionBody]) -> None:
        self._seen = seen

    def append(self, body: DecisionBody) -> None:
        self._seen.append(body)


# -- links that are cut ------------------------------------------------------------------------------


def download_over_cuts(folder: Path, size: int, cut_every: int) -> dict[str, object]:
    """Downloads `size` bytes over a link that is cut after every `cut_every` bytes."""
    content = random.Random(size).randbytes(size)
    hub = Simulator()
    hub.bundles["b" * 64] = content
    target = folder / "x.part"
    with served(hub) as url:
        port = int(url.rpartition(":")[2])
        with Proxy(("127.0.0.1", port), cut_every=cut_every) as proxy:
            client = HubClient(f"http://127.0.0.1:{proxy.port}", "t", timeout_s=1)
            downloader = Downloader(client, spare_bytes=0)
            while not target.exists() or target.stat().st_size < size:
                try:
                    downloader.download(f"/v1/bundles/{'b' * 64}/content", target, size)
                except HubUnreachableError:
                    continue
            sent, cuts = proxy.down, proxy.cuts
    assert target.read_bytes() == content
    resent = (sent - size) / size
    assert cuts >= size // cut_every * 0.8
    assert resent <= 0.02
    return {"bytes": size, "cuts": cuts, "resent_share": round(resent, 5)}


def test_a_link_that_is_cut_again_and_again_sends_hardly_a_byte_twice(
    tmp_path: Path, record: Record
) -> None:
    record(download_over_cuts(tmp_path, 8 << 20, 256 << 10))


@pytest.mark.slow
def test_200_mb_over_a_link_of_1_mbit_cut_every_30_s(tmp_path: Path, record: Record) -> None:
    record(download_over_cuts(tmp_path, 200_000_000, 3_750_000))


def test_a_device_that_dies_during_a_download_goes_on_where_it_was(
    station: Station, record: Record
) -> None:
    new = make_bundle(2, act_at=0.79, padding=3_000_000)
    station.hub.cut_after, station.hub.hold = 1_000_000, threading.Event()
    station.hub.publish(new, 2)
    partial = Slots(station.state).partial(bundle_id_of(new))
    station.live()
    wait_for(lambda: partial.exists() and partial.stat().st_size >= 900_000)
    station.kill()
    station.hub.hold.set()
    station.live()
    wait_for(lambda: station.ended == "committed", 60)
    # what was on its way to the dead device is lost: one answer of the hub at most
    assert station.hub.sent_bytes < len(new) * 1.02 + station.hub.cut_after
    record({"bytes": len(new), "sent": station.hub.sent_bytes})
