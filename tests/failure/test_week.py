"""A week of running, pressed into minutes: memory grows by less than 5 %, descriptors by none.

A device commits and sends the 604,800 rows of a week at one row a second, with pictures, while a
real agent decides on parts as fast as it can, to the same hub and broker. Memory and descriptors of
each program are read every two seconds. The first quarter of the time is warm-up; then the last
quarter is compared with the second: memory by the median, descriptors by the lowest reading, because
connections come and go and a leak lifts the floor.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.edge_agent.parts import make_bundle
from tests.failure import driver, oracle
from tests.failure.conftest import Record
from tests.failure.driver import ORDINARY, Plan
from tests.integration.hub import resident
from tests.integration.site import Site
from tests.waiting import wait_for

MakeSite = Callable[..., Site]
WEEK_S = 7 * 86_400
EVERY_S = 2.0
MOST_GROWTH = 0.05
PARTS_HZ = 50.0


@dataclass
class Readings:
    """Memory (MiB) and descriptors of programs over time."""

    memory: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    files: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def take(self, pids: Mapping[str, int]) -> None:
        """Reads each program once."""
        for name, pid in pids.items():
            memory, files = resident(pid)
            self.memory[name].append(memory)
            self.files[name].append(files)

    def figures(self) -> dict[str, float]:
        """After warm-up, at the end, and the growth between them."""
        told: dict[str, float] = {}
        for name, values in self.memory.items():
            quarter = max(len(values) // 4, 1)
            early, late = slice(quarter, 2 * quarter), slice(-quarter, None)
            first, last = statistics.median(values[early]), statistics.median(values[late])
            files = self.files[name]
            told |= {
                f"{name}: MiB after warm-up": round(first, 1),
                f"{name}: MiB at the end": round(last, 1),
                f"{name}: growth %": round(100 * (last - first) / first, 2),
                f"{name}: descriptors more": min(files[late]) - min(files[early]),
            }
        return told


@pytest.mark.slow
def test_a_week(make_site: MakeSite, tmp_path: Path, record: Record) -> None:
    figures = run(make_site(fresh=True), tmp_path, WEEK_S, 2200)
    record(figures)
    for name in ("hub", "agent", "device"):
        assert figures[f"{name}: growth %"] < 100 * MOST_GROWTH, figures
        assert figures[f"{name}: descriptors more"] <= 0, figures


def run(site: Site, folder: Path, rows: int, rows_s: float) -> dict[str, float]:
    """Runs everything until the device has sent its rows; the figures."""
    site.serve()
    (folder / "b.kwb").write_bytes(make_bundle(1))
    line = site.add_line(
        "line", folder / "line", parts=90, rate_hz=PARTS_HZ, loop=True,
        bundle=str(folder / "b.kwb"),
    )  # fmt: skip
    plan = Plan(
        site.enroll("week", folder / "week"), life=1, rows=rows, rows_s=rows_s, group=100,
        picture_every=300, shares=ORDINARY,
    )  # fmt: skip
    line.start()
    wait_for(lambda: line.figure("captured") >= 10, 60)
    started = time.monotonic()
    process = driver.start(plan)
    assert site.process is not None
    assert line.process is not None
    assert process.pid is not None
    broker = site.broker_pid()
    assert broker is not None
    pids = {"hub": site.process.pid, "agent": line.process.pid, "device": process.pid,
            "broker": broker}  # fmt: skip
    readings = Readings()
    while process.is_alive():
        readings.take(pids)
        process.join(EVERY_S)
    assert process.exitcode == 0
    took = time.monotonic() - started
    wait_for(lambda: site.count("week") >= rows, 120)
    verdict = oracle.judge(site, "week", plan.oracle)
    line.stop()
    assert (verdict.lost, verdict.twice, verdict.holes) == (0, 0, 0)
    return {
        "rows": verdict.arrived,
        "rows lost": verdict.lost,
        "parts decided": site.count("line"),
        "seconds": round(took, 1),
        **readings.figures(),
    }
