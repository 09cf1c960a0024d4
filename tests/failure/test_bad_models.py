"""A bad model for twenty devices: one is touched, it goes back by itself, the rollout stops.

The canary is a real agent process that is started again when it dies, as systemd does. The other
nineteen are enrolled devices that ask the hub over and over what they should run; none of them may
ever be told. The bad bundles pass golden samples and shadow and go wrong on probation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.config import HubConfig
from edge_agent.enroll import enroll, hub_client
from edge_agent.update.fetch import HubClient
from kits.toolchain.demo.hub import Json
from tests.edge_agent.parts import bundle_id_of, make_bundle
from tests.failure.conftest import Record
from tests.integration.site import Line, Site
from tests.waiting import wait_for

MakeSite = Callable[..., Site]
FLEET = 20
CANARY = "press-01"
SLEEP_S = 0.01
BACK_WITHIN_S = {"nan": 300, "slow": 300, "empty": 300, "crash": 60}
UPDATE = {
    "poll_s": 0.3, "shadow_samples": 20, "probation_samples": 60, "probation_min_s": 2,
    "max_latency_factor": 5,
}  # fmt: skip


class Bystanders:
    """Devices that only ask what they should run."""

    def __init__(self, site: Site, folder: Path, names: list[str]) -> None:
        self._clients = {name: self._join(site, folder / name, name) for name in names}
        self.told: dict[str, set[str]] = {name: set() for name in names}
        self.asked = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    @staticmethod
    def _join(site: Site, folder: Path, name: str) -> HubClient:
        made = site.api.call("POST", "/v1/devices", {"name": name, "site": "main", "group": "line"})
        path = folder / "identity.json"
        who = enroll(HubConfig(), site.url, str(made["token"]), path)
        return hub_client(HubConfig(), who, path)

    def _ask(self) -> None:
        while not self._stop.wait(0.05):
            for name, client in self._clients.items():
                wanted = client.desired().bundle
                self.asked += 1
                if wanted is not None:
                    self.told[name].add(wanted.bundle)

    def start(self) -> None:
        """Begins to ask."""
        self._thread.start()

    def close(self) -> None:
        """Ends."""
        self._stop.set()
        self._thread.join()


@contextmanager
def kept_alive(line: Line) -> Iterator[list[float]]:
    """Starts the agent, and again whenever it dies; the times at which it died."""
    deaths: list[float] = []
    stopping = threading.Event()

    def watch() -> None:
        while not stopping.wait(0.05):
            if line.process is not None and line.process.poll() is not None:
                deaths.append(time.monotonic())
                line.start()

    line.start()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield deaths
    finally:
        stopping.set()
        watcher.join()
    line.stop()


def moody(version: int, mood: str = "", after: int = 0) -> bytes:
    """A bundle that is good for `after` live pictures."""
    config: dict[str, object] = {"mood": mood, "after": after, "sleep_s": SLEEP_S}
    return make_bundle(version, kit="moody", config=config)


def test_a_bad_model_touches_one_of_twenty(
    make_site: MakeSite, tmp_path: Path, record: Record
) -> None:
    spread_moods(make_site(), tmp_path, record, ("nan",))


@pytest.mark.slow
def test_every_bad_model_touches_one_of_twenty(
    make_site: MakeSite, tmp_path: Path, record: Record
) -> None:
    spread_moods(make_site(), tmp_path, record, ("nan", "slow", "empty", "crash"))


def spread_moods(site: Site, folder: Path, record: Record, moods: tuple[str, ...]) -> None:
    """One rollout per mood, the good bundle deciding before and after each."""
    site.serve()
    good = moody(1)
    (folder / "good.kwb").write_bytes(good)
    line = site.add_line(
        CANARY, folder / CANARY, group="line", parts=60, rate_hz=20, loop=True,
        bundle=str(folder / "good.kwb"), update=UPDATE,
    )  # fmt: skip
    others = Bystanders(site, folder, [f"press-{n:02}" for n in range(2, FLEET + 1)])
    figures: dict[str, object] = {"devices": FLEET}
    with kept_alive(line) as deaths:
        others.start()
        wait_for(lambda: site.count(CANARY) >= 10, 60)
        for number, mood in enumerate(moods):
            bad = moody(number + 2, mood, after=45)
            figures |= one_rollout(site, line, bad, mood, bundle_id_of(good))
    others.close()
    told = sum(bool(bundles) for bundles in others.told.values())
    assert told == 0
    assert others.asked > 0
    record({**figures, "other devices told": told, "they asked": others.asked,
            "restarts": len(deaths)})  # fmt: skip
    for mood in moods:
        back_s = figures[f"{mood}: back after s"]
        assert isinstance(back_s, float)
        assert back_s <= BACK_WITHIN_S[mood]


def one_rollout(site: Site, line: Line, bad: bytes, mood: str, good: str) -> dict[str, object]:
    """Sends a bad bundle to the group and watches it fail; the figures."""
    bundle = site.publish(bad)
    plan: Json = {"bundle": bundle, "group": "line", "canary": CANARY, "soak_min": 0}
    number = site.api.call("POST", "/v1/rollouts", plan)["rollout"]
    wait_for(lambda: line.running() == bundle, 120)
    active_at = time.monotonic()
    wait_for(lambda: line.running() == good, 300)
    back_s = time.monotonic() - active_at
    wait_for(lambda: site.api.call("GET", f"/v1/rollouts/{number}")["state"] == "failed", 60)
    ended = site.api.call("GET", f"/v1/rollouts/{number}")
    deployments = ended["deployments"]
    assert isinstance(deployments, list)
    states = {str(d["device"]): str(d["state"]) for d in deployments if isinstance(d, dict)}
    assert states.pop(CANARY) == "rolled_back"
    assert len(states) == FLEET - 1
    assert set(states.values()) == {"failed"}  # not begun
    line.wait_decided(good, more=10)
    return {f"{mood}: back after s": round(back_s, 1), f"{mood}: reason": ended["reason"]}
