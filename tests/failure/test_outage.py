"""The broker is away for a day, and for a month on a budget.

A day: 86,400 rows and 2,000 pictures are at the hub within 10 s of the broker's return. A month:
the outbox has to give way; every alert and label arrives all the same, and what was given up is
declared row by row: committed = arrived + declared, for each class and for the pictures.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.failure import driver, oracle
from tests.failure.conftest import Record
from tests.failure.driver import ORDINARY, Plan
from tests.integration.hub import HubProcess

MakeHub = Callable[..., HubProcess]
DAY_S = 86_400
DRAIN_LIMIT_S = 10.0


def collect_offline(hub: HubProcess, plan: Plan, timeout_s: float) -> float:
    """A device commits its rows while hub and broker are away; the seconds it took."""
    hub.stop()
    assert hub.broker_pid() is None
    started = time.monotonic()
    process = driver.start(plan)
    process.join(timeout_s)
    assert process.exitcode == 0
    return time.monotonic() - started


def drain(hub: HubProcess, plan: Plan, timeout_s: float) -> float:
    """Hub and broker come back to a device that waits; seconds until the hub has everything."""
    process = driver.start(replace(plan, drain=True))
    hub.serve()
    started = time.monotonic()
    process.join(timeout_s)
    took = time.monotonic() - started
    assert process.exitcode == 0, f"not drained in {timeout_s:.0f} s"
    return took


def a_day(hub: HubProcess, folder: Path, rows: int, timeout_s: float) -> dict[str, float]:
    hub.serve()
    plan = Plan(
        hub.enroll("day", folder / "day"), life=1, rows=rows, rows_s=0, group=100,
        picture_every=43, shares=ORDINARY,
    )  # fmt: skip
    collect_offline(hub, plan, 300)
    took = drain(hub, plan, timeout_s)
    verdict = oracle.judge(hub, "day", plan.oracle)
    verdict.assert_exact()
    assert verdict.committed == verdict.arrived == rows
    return {
        "rows": rows,
        "pictures": verdict.blobs,
        "drain s": round(took, 2),
        "rows/s": round(rows / took),
        "rows lost": verdict.lost,
        "rows stored twice": verdict.twice,
    }


def test_an_outage_of_an_hour(make_hub: MakeHub, tmp_path: Path, record: Record) -> None:
    figures = a_day(make_hub(), tmp_path, DAY_S // 24, 60)
    assert figures["pictures"] == DAY_S // 24 // 43
    record(figures)


@pytest.mark.slow
def test_an_outage_of_a_day(make_hub: MakeHub, tmp_path: Path, record: Record) -> None:
    figures = a_day(make_hub(), tmp_path, DAY_S, 120)
    assert figures["pictures"] >= 2000
    record(figures)
    assert figures["drain s"] <= DRAIN_LIMIT_S


def on_a_budget(
    hub: HubProcess, folder: Path, *, rows: int, picture_every: int, budget: int
) -> dict[str, float]:
    """Commits far more than the budget holds, then compares class by class."""
    hub.serve()
    outbox = {"budget_bytes": 5 * budget, "alerts_share": 0.2, "labels_share": 0.2,
              "samples_share": 0.4}  # fmt: skip
    plan = Plan(
        hub.enroll("month", folder / "month", outbox=outbox), life=1, rows=rows, rows_s=0,
        group=200, picture_every=picture_every, shares=ORDINARY,
    )  # fmt: skip
    offline_s = collect_offline(hub, plan, 900)
    took = drain(hub, plan, 120)
    committed, pictures = Counter[str](), 0
    for row in oracle.read(plan.oracle):
        committed[row.klass] += 1
        pictures += row.picture_bytes > 0
    arrived = Counter(row.klass for row in hub.events("month") if oracle.mark_of("month", row))
    gaps = hub.query(
        "SELECT klass, SUM(rows), SUM(blobs) FROM gap WHERE device = 'month' GROUP BY 1"
    )
    declared = {str(klass): (int(str(n)), int(str(blobs))) for klass, n, blobs in gaps}
    stored = hub.query(
        "SELECT COUNT(*) FROM sample WHERE device = 'month' AND blob_state = 'stored'"
    )[0][0]
    figures = {"rows": rows, "pictures": pictures, "offline s": offline_s, "drain s": took}
    for klass, word in (("a", "alerts"), ("l", "labels"), ("s", "samples"), ("t", "telemetry")):
        gone = declared.get(klass, (0, 0))[0]
        figures |= {f"{word} committed": committed[klass], f"{word} arrived": arrived[klass],
                    f"{word} declared": gone}  # fmt: skip
        assert committed[klass] == arrived[klass] + gone, figures
    figures["pictures arrived"] = int(str(stored))
    figures["pictures declared"] = sum(blobs for _, blobs in declared.values())
    assert pictures == figures["pictures arrived"] + figures["pictures declared"], figures
    assert declared["t"][0] > 0
    assert declared["s"][0] > 0
    assert "a" not in declared
    assert "l" not in declared
    return {key: round(value, 1) for key, value in figures.items()}


def test_a_day_on_a_small_budget(make_hub: MakeHub, tmp_path: Path, record: Record) -> None:
    record(on_a_budget(make_hub(), tmp_path, rows=10_000, picture_every=100, budget=200_000))


@pytest.mark.slow
def test_a_month_on_a_budget(make_hub: MakeHub, tmp_path: Path, record: Record) -> None:
    record(on_a_budget(make_hub(), tmp_path, rows=30 * DAY_S, picture_every=864, budget=8 << 20))
