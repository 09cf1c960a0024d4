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


def outage(
    hub: HubProcess, plans: list[Plan], *, offline_s: float, drain_s: float
) -> tuple[float, list[float]]:
    """Hub and broker are away while devices commit their rows, and come back to devices that wait.

    Returns:
        Seconds until all was committed, and for each device until the hub had everything.
    """
    hub.stop()
    assert hub.broker_pid() is None
    started = time.monotonic()
    for process in [driver.start(plan) for plan in plans]:
        process.join(offline_s)
        assert process.exitcode == 0
    offline = time.monotonic() - started
    draining = [driver.start(replace(plan, drain=True)) for plan in plans]
    hub.serve()
    started, took = time.monotonic(), []
    for process in draining:
        process.join(drain_s)
        took.append(time.monotonic() - started)
        assert process.exitcode == 0, f"not drained in {drain_s:.0f} s"
    return offline, took


def plan_of(
    hub: HubProcess, folder: Path, name: str, rows: int, picture_every: int, budget: int = 0
) -> Plan:
    """A device that commits so many rows; with a budget, it is far too small for them."""
    outbox = {"budget_bytes": 5 * budget, "alerts_share": 0.2, "labels_share": 0.2,
              "samples_share": 0.4}  # fmt: skip
    config = hub.enroll(name, folder / name, **({"outbox": outbox} if budget else {}))
    return Plan(
        config, life=1, rows=rows, rows_s=0, group=200, picture_every=picture_every,
        shares=ORDINARY,
    )  # fmt: skip


def judged_day(hub: HubProcess, plan: Plan, took: float) -> dict[str, float]:
    """Everything is at the hub, once."""
    verdict = oracle.judge(hub, plan.config.parent.name, plan.oracle)
    verdict.assert_exact()
    assert verdict.committed == verdict.arrived == plan.rows
    assert verdict.blobs == plan.rows // plan.picture_every
    return {
        "rows": plan.rows,
        "pictures": verdict.blobs,
        "drain s": round(took, 2),
        "rows/s": round(plan.rows / took),
        "rows lost": verdict.lost,
        "rows stored twice": verdict.twice,
    }


def judged_month(hub: HubProcess, plan: Plan, offline_s: float, took: float) -> dict[str, float]:
    """Class by class, what was committed is at the hub or declared."""
    name = plan.config.parent.name
    committed, pictures = Counter[str](), 0
    for row in oracle.read(plan.oracle):
        committed[row.klass] += 1
        pictures += row.picture_bytes > 0
    arrived = Counter(row.klass for row in hub.events(name) if oracle.mark_of(name, row))
    gaps = hub.query(
        "SELECT klass, SUM(rows), SUM(blobs) FROM gap WHERE device = ? GROUP BY 1", (name,)
    )
    declared = {str(klass): (int(str(n)), int(str(blobs))) for klass, n, blobs in gaps}
    stored = hub.query(
        "SELECT COUNT(*) FROM sample WHERE device = ? AND blob_state = 'stored'", (name,)
    )[0][0]
    figures = {"rows": plan.rows, "pictures": pictures, "offline s": offline_s, "drain s": took}
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


def test_an_outage_of_an_hour_and_of_a_day_on_a_small_budget(
    make_hub: MakeHub, tmp_path: Path, record: Record
) -> None:
    """Two devices at one hub, so that it has to come back only once."""
    hub = make_hub()
    hub.serve()
    hour = plan_of(hub, tmp_path, "hour", DAY_S // 24, 43)
    small = plan_of(hub, tmp_path, "small", 10_000, 100, 200_000)
    offline_s, took = outage(hub, [hour, small], offline_s=300, drain_s=120)
    record(judged_day(hub, hour, took[0]))
    record(judged_month(hub, small, offline_s, took[1]))


@pytest.mark.slow
def test_an_outage_of_a_day(make_hub: MakeHub, tmp_path: Path, record: Record) -> None:
    hub = make_hub()
    hub.serve()
    plan = plan_of(hub, tmp_path, "day", DAY_S, 43)
    _, [took] = outage(hub, [plan], offline_s=300, drain_s=120)
    figures = judged_day(hub, plan, took)
    assert figures["pictures"] >= 2000
    record(figures)
    assert figures["drain s"] <= DRAIN_LIMIT_S


@pytest.mark.slow
def test_a_month_on_a_budget(make_hub: MakeHub, tmp_path: Path, record: Record) -> None:
    hub = make_hub()
    hub.serve()
    plan = plan_of(hub, tmp_path, "month", 30 * DAY_S, 864, 8 << 20)
    offline_s, [took] = outage(hub, [plan], offline_s=900, drain_s=120)
    record(judged_month(hub, plan, offline_s, took))
