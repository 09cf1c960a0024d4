"""How scores get back into a CRM: requests and time for many changes of many leads, against a pretended HubSpot.

`python -m benchmarks.crm_writeback [--leads 10000] [--changes 10] [--postgresql] [--json FILE]`. The CRM is a process of
its own that batches, signs and refuses as HubSpot does, without its limit of requests; what the limit makes of it is
worked out from the number of requests. Each lead's score changes so many times before and while it is written. In the
end each lead must show its last score. Processor time is the hub's alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from sqlalchemy import select, update

from cloud_sync.config import parse
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.outbound.writeback import WriteBack
from cloud_sync.crm.scoring import storing
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.hub import Hub
from cloud_sync.store.db import insert_new, migrate
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.sample import utc_now
from kits.core.signing import SigningKey

NAME = "bench"
SEED = 1
LIMITS = {"OAuth app, 100 in 10 s": 90, "private app of Pro, 190 in 10 s": 171}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--leads", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=10)
    parser.add_argument("--postgresql", action="store_true", help="on a server of its own")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = ""
        if asked.postgresql:
            from benchmarks.ingest import own_server

            url = stack.enter_context(own_server())
        crm = stack.enter_context(pretended(asked.leads))
        hub = opened(folder, url)
        stack.callback(hub.close)
        figures = measure(hub, crm, asked.changes)
    print(json.dumps(figures, indent=2))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


@contextmanager
def pretended(leads: int) -> Iterator[tuple[str, Pipe]]:
    """A HubSpot in a process of its own: its address, and where it tells what it holds."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=hold, args=(leads, theirs))
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send("end")
        process.join()


def hold(leads: int, pipe: Pipe) -> None:
    simulator = Simulator("hubspot", seed=SEED, limit=0)
    simulator.make(leads, quiet=True)
    with serve(simulator) as url:
        pipe.send(url)
        while pipe.recv() != "end":
            pipe.send({
                "requests": simulator.troubles.count,
                "written": [held.written.times for held in simulator.records],
                "shown": {h.object_id: h.fields.get("kitwright_score") for h in simulator.records},
            })  # fmt: skip


def opened(folder: Path, url: str) -> Hub:
    config = parse({"broker": {"port": 0}, "database_url": url}, folder)
    SigningKey.create(config.keys_dir / "hub.pem")
    hub = Hub.open(config)
    migrate(hub.database)
    return hub


def measure(hub: Hub, crm: tuple[str, Pipe], changes: int) -> dict[str, object]:
    url, pipe = crm
    settings = CrmSettings(
        kind="hubspot", url=url, allow=("127.0.0.0/8",), rate_per_10s=1e6, columns=("email",)
    )
    api = Simulator("hubspot", seed=SEED).secrets.api
    connections.add(hub, NAME, settings, "", Secrets(api=api), by="benchmark")
    opener = Opener(hub)
    with hub.database.session() as session:
        row = session.get_one(CrmConnection, NAME)
    opener(row).make_fields()
    pipe.send("tell")
    before = pipe.recv()
    ids = sorted(before["shown"])
    rng = random.Random(SEED)
    now = utc_now()
    fresh = [
        {"connection": NAME, "object_id": one, "created_at": now, "reasons": ["a reason"]}
        for one in ids
    ]
    with hub.database.transaction() as session:
        for first in range(0, len(fresh), 500):
            insert_new(session, CrmLead, fresh[first : first + 500], [CrmLead.object_id])
    for _ in range(changes - 1):
        change(hub, ids, rng)
    writer = WriteBack(hub, opener)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(len(ids) // 200):
        writer.step()
    half_wall, half_cpu = time.perf_counter() - wall, time.process_time() - cpu
    change(hub, ids, rng)  # the last change comes while the scores before it are being written
    wall, cpu = time.perf_counter(), time.process_time()
    while writer.step():
        pass
    wall, cpu = half_wall + time.perf_counter() - wall, half_cpu + time.process_time() - cpu
    pipe.send("tell")
    after = pipe.recv()
    requests = after["requests"] - before["requests"]
    writes = sum(after["written"])
    with hub.database.session() as session:
        rows = session.execute(
            select(CrmLead.object_id, CrmLead.wrote_points, CrmLead.points)
        ).all()
    last = {one: wrote for one, wrote, _ in rows}
    wanted = {one: points for one, _, points in rows}
    off = [abs(int(wanted[one] or 0) - int(after["shown"][one] or 0)) for one in ids]
    return {
        "leads": len(ids), "changes": len(ids) * changes, "seed": SEED, "requests": requests,
        "changes_per_request": round(len(ids) * changes / requests, 1), "writes": writes,
        "most_writes_of_a_lead": max(after["written"]),
        "points_off_at_most": max(off), "noted_as_shown": sum(last[one] == int(after["shown"][one]) for one in ids),
        "wall_s": round(wall, 2), "writes_per_s": round(writes / wall), "cpu_ms_per_write": round(1000 * cpu / writes, 3),
        "seconds_within_limit": {name: round(requests / per_10s * 10) for name, per_10s in LIMITS.items()},
    }  # fmt: skip


def change(hub: Hub, ids: list[str], rng: random.Random) -> None:
    """Each lead gets another score, as the scoring loop leaves it."""
    now = utc_now()
    rows = []
    for one in ids:
        points = rng.randint(1, 99)
        rows.append({
            "connection": NAME, "object_id": one, "points": points, "probability": points / 100,
            "percentile": points / 100, "band": "hot" if points > 80 else "warm" if points > 40 else "cold",
            "scored_at": now,
        })  # fmt: skip
    with hub.database.transaction() as session:
        session.execute(update(CrmLead), rows)
        session.execute(update(CrmLead).values(version=CrmLead.version + 1, write_at=now))
        for lead in session.scalars(select(CrmLead)):
            if not storing.differs(lead, 3):
                lead.write_at = None


if __name__ == "__main__":
    main()
