"""`kill -9` of agent, hub ingest and broker at random points: 0 rows lost, 0 stored twice.

Real outbox and sender, real `cloud-sync serve`, real broker. The oracle is a file that the device
appends to after COMMIT has returned.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.failure import oracle
from tests.failure.chaos import Chaos, Device
from tests.failure.conftest import Record
from tests.failure.driver import Plan
from tests.integration.hub import HubProcess
from tests.waiting import wait_for

SEED = 20261125
MakeHub = Callable[..., HubProcess]


def kill_at_random(
    hub: HubProcess, folder: Path, *, devices: int, kills: tuple[int, int, int], pause_s: float
) -> dict[str, int]:
    """Kills, drains, compares; the counts."""
    hub.serve()
    names = [f"dev-{number}" for number in range(devices)]
    with ThreadPoolExecutor() as pool:
        enrolled = pool.map(lambda name: hub.enroll(name, folder / name), names)
        alive = [Device(Plan(config, life=0)) for config in enrolled]
    for device in alive:
        device.live()
    for device in alive:  # a busy machine may take longer to start them than the first kills wait
        wait_for(partial(_has_written, device.plan.oracle), 60)
    chaos = Chaos(hub, alive, random.Random(SEED), pause_s)
    chaos.run(*kills)
    for device in alive:
        device.kill()
        chaos.kills["agent"] += 1
    chaos.serve()
    for device in alive:
        device.drain(60)
    verdicts = [oracle.judge(hub, d.plan.config.parent.name, d.plan.oracle) for d in alive]
    for verdict in verdicts:
        verdict.assert_exact()
    return {
        **{f"kills of {name}": count for name, count in sorted(chaos.kills.items())},
        "kills": chaos.kills.total(),
        "rows committed": sum(v.committed for v in verdicts),
        "rows arrived": sum(v.arrived for v in verdicts),
        "rows lost": sum(v.lost + v.holes for v in verdicts),
        "rows stored twice": sum(v.twice for v in verdicts),
        "redeliveries absorbed": sum(v.redelivered for v in verdicts),
        "pictures arrived": sum(v.blobs for v in verdicts),
        "hub ended by itself and was restarted": chaos.hub_restarts,
        "seed": SEED,
    }


def _has_written(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


@pytest.mark.parametrize("broker", ["mosquitto", "embedded"])
def test_a_few_kills(make_hub: MakeHub, tmp_path: Path, broker: str, record: Record) -> None:
    # the embedded broker lives in the hub's process: it dies with it
    kills = (4, 1, 1) if broker == "mosquitto" else (2, 1, 0)
    hub = make_hub(broker, fresh=broker == "embedded")
    record(kill_at_random(hub, tmp_path, devices=2, kills=kills, pause_s=0.3))


@pytest.mark.slow
def test_five_hundred_kills(make_hub: MakeHub, tmp_path: Path, record: Record) -> None:
    counts = kill_at_random(
        make_hub("mosquitto", fresh=True), tmp_path, devices=4, kills=(360, 60, 90), pause_s=0.35
    )
    assert counts["kills"] >= 500
    record(counts)
