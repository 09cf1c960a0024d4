"""How long a lead that comes waits for its score in the CRM while many others wait too.

`python -m benchmarks.crm_turns [--leads 500] [--trials 5] [--json FILE]`. A pretended Pipedrive, which takes a lead with
each request, and the hub's own 50 requests in ten seconds. Three times the same: by turns, as the hub writes, where the
others were scored in the background; where they are a list that somebody has put into the CRM; and in the order in which
they wait. Reading and scoring are not in it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.crm_writeback import NAME, SEED, opened
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.outbound.writeback import WriteBack
from cloud_sync.crm.scoring import storing
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.sample import utc_now

RULES = storing.Rules(3, True)
LONGEST_S = 3600.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--leads", type=int, default=500)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    asked = parser.parse_args()
    background = measure(asked.leads, asked.trials, others=True, new=False)
    a_list = measure(asked.leads, asked.trials, others=False, new=False)
    # what was scored in the background goes in order among itself
    order = measure(asked.leads, asked.trials, others=True, new=True)
    longest = statistics.median(order)
    figures = {
        "waiting": asked.leads, "seed": SEED, "behind_a_background_s": background, "behind_a_list_s": a_list,
        "in_order_s": order, "ratio_background": round(longest / statistics.median(background), 1),
        "ratio_list": round(longest / statistics.median(a_list), 1),
    }  # fmt: skip
    print(json.dumps(figures, indent=2))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


def measure(leads: int, trials: int, *, others: bool, new: bool) -> list[float]:
    """Seconds until the CRM shows the score of each of so many leads that come, one in a run of its own.

    Args:
        others: whether those that wait were scored in the background.
        new: whether the one that comes counts as that.
    """
    return [round(one_run(leads, trial, others, new), 1) for trial in range(trials)]


def one_run(leads: int, trial: int, others: bool, new: bool) -> float:
    simulator = Simulator("pipedrive", seed=SEED + trial, limit=0)
    simulator.make(leads + 1, quiet=True)
    *old, comes = [held.object_id for held in simulator.records]
    with tempfile.TemporaryDirectory() as folder, serve(simulator) as url:
        hub = opened(Path(folder), "")
        try:
            settings = CrmSettings.model_validate(simulator.connection(url))
            connections.add(hub, NAME, settings, "", simulator.secrets, by="benchmark")
            opener = Opener(hub)
            with hub.database.session() as session:
                opener(session.get_one(CrmConnection, NAME)).make_fields()
            wait(hub, old, behind=others)
            with running(WriteBack(hub, opener)):
                while written(hub) < 20:
                    time.sleep(0.01)
                return until_shown(hub, simulator, comes, behind=new)
        finally:
            hub.close()


def until_shown(hub: Hub, simulator: Simulator, name: str, *, behind: bool) -> float:
    wait(hub, [name], behind=behind)
    began = time.perf_counter()
    held = simulator.records.any(name)
    assert held is not None
    while not held.written.times:
        time.sleep(0.01)
        if time.perf_counter() - began > LONGEST_S:
            raise TimeoutError(f"the score of lead {name} is not in the CRM after {LONGEST_S:g} s")
    return time.perf_counter() - began


def wait(hub: Hub, names: list[str], *, behind: bool) -> None:
    """Has them scored, as the scoring loop leaves them."""
    now = utc_now()
    with hub.database.transaction() as session:
        for number, name in enumerate(names):
            points = 1 + number % 99
            lead = CrmLead(
                connection=NAME, object_id=name, version=1, points=points, probability=points / 100,
                percentile=points / 100, band="warm", scored_at=now,
            )  # fmt: skip
            session.add(lead)
            session.flush()
            storing.mark_write(lead, RULES, now)
            lead.write_behind = behind


def written(hub: Hub) -> int:
    with hub.database.session() as session:
        return session.scalar(select(func.count()).where(CrmLead.written > 0)) or 0


@contextmanager
def running(writing: WriteBack) -> Iterator[None]:
    ended = threading.Event()

    def go() -> None:
        while not ended.is_set():
            if not writing.serve(NAME)[0]:
                time.sleep(0.05)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main()
