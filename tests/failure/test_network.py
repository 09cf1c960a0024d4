"""A line that loses 5 to 30 % of its packets and takes 50 to 800 ms: nothing lost, no storm.

The device lives in a network namespace behind `link.Link`, with the agent's default settings for
keep-alive, silence and back-off. Connections are counted at the broker's side: at most one in
10 s on average.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.failure import driver, link, oracle
from tests.failure.conftest import Record
from tests.failure.driver import Plan
from tests.failure.link import Link
from tests.failure.network import broker_of, point_at
from tests.failure.proxy import Proxy
from tests.integration.hub import HubProcess

MakeHub = Callable[..., HubProcess]
SEED = 7
CORNERS = [(0.05, 0.05), (0.05, 0.8), (0.15, 0.2), (0.3, 0.05), (0.3, 0.8)]


def over_a_bad_line(
    hub: HubProcess, folder: Path, *, loss: float, rtt_s: float, seconds: float, timeout_s: float
) -> dict[str, float]:
    """A device commits 20 rows a second for a while and then drains; the figures."""
    hub.serve()
    config = hub.enroll("far", folder / "far", sync={})
    with Link(loss, rtt_s, SEED) as line, Proxy(broker_of(config), host=line.host) as broker:
        point_at(config, line.host, broker.port)
        rows = int(20 * seconds)
        plan = Plan(config, life=1, rows=rows, rows_s=20, namespace=line.namespace)
        started = time.monotonic()
        process = driver.start(plan)
        process.join(timeout_s)
        assert process.exitcode == 0
        process = driver.start(replace(plan, drain=True))
        process.join(timeout_s)
        took = time.monotonic() - started
        assert process.exitcode == 0, f"not drained in {timeout_s:.0f} s"
        packets = line.close()
    verdict = oracle.judge(hub, "far", plan.oracle)
    verdict.assert_exact()
    lives = 2  # each connects once of right
    return {
        "loss %": loss * 100,
        "round trip ms": rtt_s * 1000,
        "rows committed": verdict.committed,
        "rows lost": verdict.lost,
        "rows stored twice": verdict.twice,
        "redeliveries absorbed": verdict.redelivered,
        "seconds": round(took, 1),
        "connections": broker.connections,
        "reconnections per 10 s": round(10 * (broker.connections - lives) / took, 2),
        **packets,
    }


@pytest.fixture(autouse=True)
def _line_possible() -> None:
    link.require()


def test_a_bad_line(make_hub: MakeHub, tmp_path: Path, record: Record) -> None:
    figures = over_a_bad_line(make_hub(), tmp_path, loss=0.1, rtt_s=0.1, seconds=5, timeout_s=30)
    assert figures["packets dropped"] > 0
    record(figures)


@pytest.mark.slow
@pytest.mark.parametrize(("loss", "rtt_s"), CORNERS)
def test_a_very_bad_line(
    make_hub: MakeHub, tmp_path: Path, loss: float, rtt_s: float, record: Record
) -> None:
    figures = over_a_bad_line(
        make_hub(), tmp_path, loss=loss, rtt_s=rtt_s, seconds=20, timeout_s=280
    )
    record(figures)
    assert figures["reconnections per 10 s"] <= 1
