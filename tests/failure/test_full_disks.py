"""A disk without room, under a running agent and under the hub: alive, alerts kept, back by itself.

The file systems are small tmpfs mounts that a filler takes to the last byte.
"""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.cloud_sync.postgres import fresh_database, running_cluster
from tests.edge_agent.parts import make_bundle
from tests.failure import driver, oracle
from tests.failure.conftest import Record
from tests.failure.driver import Plan
from tests.failure.workers import WorkersHub
from tests.integration.hub import HubProcess
from tests.integration.site import Line, Site
from tests.small_disks import MakeDisk, fill
from tests.waiting import wait_for

MakeSite = Callable[..., Site]
BACK_WITHIN_S = 60.0


def captured_more(line: Line, count: int) -> Callable[[], bool]:
    """Whether the line has seen so many more parts than now."""
    goal = line.figure_now("captured") + count
    return lambda: line.figure("captured") >= goal


def test_an_agent_whose_disk_is_full(
    make_site: MakeSite, make_disk: MakeDisk, tmp_path: Path, record: Record
) -> None:
    disk = make_disk(64)
    site = make_site()
    site.serve()
    (tmp_path / "b.kwb").write_bytes(make_bundle(1))
    line = site.add_line(
        "full", tmp_path / "full", parts=90, rate_hz=150, loop=True,
        bundle=str(tmp_path / "b.kwb"), state_dir=str(disk / "state"),
    )  # fmt: skip
    line.start()
    wait_for(lambda: site.count("full") >= 30, 60)
    site.kill()  # nothing drains while the disk is full
    filler = fill(disk)
    (line.pictures / "0001.png").write_bytes(b"no picture at all")
    wait_for(lambda: "corrupt-sample" in line.open_alerts(), 60)
    for _ in range(3):
        wait_for(captured_more(line, 30), 60)
        fill(disk)  # also what the ballast gave back
    assert line.process is not None
    assert line.process.poll() is None
    told: dict[str, str] = {}

    def told_of_disk() -> bool:
        told.update(line.open_alerts())
        return any("disk" in name or "outbox" in name for name in told)

    wait_for(told_of_disk, 30)  # it looks at its disk about once a second
    site.serve(wait=False)
    filler.unlink()
    back_s = wait_for(lambda: not {"disk-full", "outbox-stuck"} & set(line.open_alerts()), 90)
    site.serve()
    wait_for(lambda: "corrupt-sample" in site.alerts("full"), 60)
    before = site.count("full")
    wait_for(lambda: site.count("full") >= before + 60, 60)
    line.stop()
    with closing(sqlite3.connect(disk / "state" / "outbox.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    record({"back after s": round(back_s, 1), "alerts meanwhile": sorted(told)})
    assert back_s <= BACK_WITHIN_S


def test_a_hub_whose_disk_is_full(
    make_site: MakeSite, make_disk: MakeDisk, tmp_path: Path, record: Record
) -> None:
    disk = make_disk(48)
    hub = make_site(folder=disk, limits={"disk_reserve_bytes": 4 << 20})
    hub.serve()
    plan = Plan(hub.enroll("dev", tmp_path / "dev"), life=1, rows_s=800)
    process = driver.start(plan)
    wait_for(lambda: hub.count("dev") >= 200, 60)
    filler = fill(disk)
    wait_for(lambda: stands_still(hub), 60)
    hub.kill()  # and it starts again on a full disk
    os.truncate(filler, filler.stat().st_size - (2 << 20))
    hub.serve()
    stopped_at = hub.count("dev")
    committed = len(oracle.read(plan.oracle))
    wait_for(lambda: len(oracle.read(plan.oracle)) >= committed + 400, 60)
    filler.unlink()
    back_s = wait_for(lambda: hub.count("dev") > stopped_at, 90)
    verdict = judged_to_the_end(hub, plan, process)
    with closing(sqlite3.connect(hub.data / "hub.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        told = db.execute("SELECT COUNT(*) FROM alert WHERE name = 'hub-disk-full'").fetchone()[0]
    assert told >= 1
    record({
        "back after s": round(back_s, 1), "rows committed": verdict.committed,
        "rows lost": verdict.lost, "rows stored twice": verdict.twice,
    })  # fmt: skip
    assert back_s <= BACK_WITHIN_S


@pytest.mark.slow
def test_a_postgresql_whose_disk_is_full(
    make_disk: MakeDisk, tmp_path: Path, record: Record
) -> None:
    """Its disk is another one than the hub's, whose reserve says nothing of it."""
    disk = make_disk(160)
    disk.chmod(0o755)  # the server's account comes through
    with running_cluster(disk) as socket:
        hub = WorkersHub(tmp_path / "site", random.Random(1), fresh_database(socket, "full"))
        try:
            hub.serve()
            plan = Plan(hub.enroll("dev", tmp_path / "dev"), life=1, rows_s=800)
            process = driver.start(plan)
            wait_for(lambda: hub.count("dev") >= 200)
            fill(disk)

            def full() -> bool:
                return stands_still(hub) or not fill(disk)

            wait_for(full)
            assert "No space left on device" in (socket / "log").read_text()
            stopped_at, committed = hub.count("dev"), len(oracle.read(plan.oracle))
            wait_for(lambda: len(oracle.read(plan.oracle)) >= committed + 400)
            (disk / "filler").unlink()
            back_s = wait_for(lambda: hub.count("dev") > stopped_at, 90)
            judged_to_the_end(hub, plan, process)
        finally:
            hub.close()
    record({"back after s": round(back_s, 1)})
    assert back_s <= BACK_WITHIN_S


def judged_to_the_end(hub: HubProcess, plan: Plan, process: BaseProcess) -> oracle.Verdict:
    """What the hub has of the device once this has sent all that it wrote: neither more nor less."""
    process.kill()
    process.join()
    last = driver.start(replace(plan, drain=True))
    last.join(90)
    assert last.exitcode == 0
    verdict = oracle.judge(hub, "dev", plan.oracle)
    verdict.assert_exact()
    return verdict


def stands_still(hub: HubProcess) -> bool:
    """Whether the hub takes nothing any more, although a row comes each millisecond."""
    had = hub.count("dev")
    try:
        wait_for(lambda: hub.count("dev") > had, 2)
    except AssertionError:
        return True
    return False
