"""How fast messages of a CRM are taken: signed HubSpot batches over HTTP to a real hub's server, until the answer.

`python -m benchmarks.crm_accept [--seconds 10] [--postgresql | --url URL] [--json FILE]`. The server is a process of its
own (uvicorn, durable commits), so are the senders; each message has events that are new. An answer means that signature,
JSON, events and due leads are verified and committed. Figures: one sender at a time (latency), several at once (what is
sustained), batches of 100, 10 and 1. Wall time depends on the disk and on the neighbours; processor time of the server per
event does not, so both are given.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import multiprocessing
import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from benchmarks.ingest import own_server
from cloud_sync.config import HubConfig, parse

SECRET = "a-secret-for-benchmarks"
PUBLIC = "https://hub.example"
PATH = "/v1/crm/bench"
LEADS = 50_000


@dataclass(frozen=True)
class Case:
    """So many events in each message, from so many senders."""

    events: int
    senders: int


CASES = (Case(100, 1), Case(100, 4), Case(10, 8), Case(1, 1), Case(1, 32))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--url", default="", help="SQLAlchemy URL; empty: a new SQLite file")
    parser.add_argument(
        "--postgresql", action="store_true", help="on a PostgreSQL server of its own"
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with ExitStack() as stack:
        url = stack.enter_context(own_server()) if options.postgresql else options.url
        figures = measure(options.seconds, url)
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def measure(seconds: float, url: str) -> dict[str, object]:
    """All cases, one after the other, on one hub."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), url) as (port, pipe):
        run(port, pipe, CASES[0], min(seconds, 2), 0)  # a warm-up
        rows = [run(port, pipe, case, seconds, n + 1) for n, case in enumerate(CASES)]
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "database": url.partition(":")[0] or "sqlite",
        "leads": LEADS,
        "cases": rows,
    }


@contextmanager
def serving(folder: Path, url: str) -> Iterator[tuple[int, Pipe]]:
    """A hub's web server in a process of its own: its port, and a pipe that answers its processor seconds."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(folder, url, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send("end")
        process.join(20)


def serve(folder: Path, url: str, pipe: Pipe) -> None:
    """In its process: the hub with one connection, until it is told to end."""
    from cloud_sync.app import create_app
    from cloud_sync.crm.connection import connections
    from cloud_sync.crm.connection.secrets import Secrets
    from cloud_sync.crm.connection.settings import CrmSettings
    from cloud_sync.server import WebServer
    from cloud_sync.store.db import migrate
    from kits.core.signing import SigningKey

    config: HubConfig = parse(
        {"database_url": url, "public_url": PUBLIC, "listen": {"port": 0}, "broker": {"port": 0}}, folder
    )  # fmt: skip
    SigningKey.create(config.keys_dir / "hub.pem")
    app = create_app(config)
    hub = app.state.hub
    migrate(hub.database)
    connections.add(
        hub, "bench", CrmSettings(kind="hubspot"), "", Secrets((SECRET,)), by="benchmark"
    )
    # without what the application starts besides: this measures the taking alone
    app.router.lifespan_context = _nothing_else
    server = WebServer(app, config, hub.authority)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while server.port is None:
        time.sleep(0.01)
    pipe.send(server.port)
    while pipe.recv() != "end":
        pipe.send(time.process_time())
    server.stop()
    thread.join(10)


@asynccontextmanager
async def _nothing_else(_app: object) -> AsyncIterator[None]:
    """A lifespan in which nothing lives."""
    yield


def run(port: int, pipe: Pipe, case: Case, seconds: float, salt: int) -> dict[str, object]:
    """One case: latencies until the answer, and what was sustained."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(case.senders, 2)) as pool:
        jobs = [(port, case.events, seconds, salt * 100 + n) for n in range(case.senders)]
        threads = _spread(jobs)
        pipe.send("cpu")
        used, started = pipe.recv(), time.perf_counter()
        found = [one for part in pool.map(send_several, threads) for one in part]
        took = time.perf_counter() - started
        pipe.send("cpu")
        cpu = pipe.recv() - used
    latencies = sorted(latency for part in found for latency in part)
    events = len(latencies) * case.events
    return {
        "events_per_message": case.events,
        "senders": case.senders,
        "messages": len(latencies),
        "p50_ms": round(statistics.median(latencies) * 1e3, 1),
        "p95_ms": round(latencies[int(0.95 * len(latencies))] * 1e3, 1),
        "p99_ms": round(latencies[int(0.99 * len(latencies))] * 1e3, 1),
        # the pool's start is no part of what is sustained: every sender sends for so long
        "events_per_s": round(events / min(took, seconds)),
        "server_cpu_us_per_event": round(cpu / events * 1e6),
    }


def _spread(jobs: list[tuple[int, int, float, int]]) -> list[list[tuple[int, int, float, int]]]:
    """Two processes, each with some senders as threads."""
    return [part for part in (jobs[::2], jobs[1::2]) if part]


def send_several(jobs: list[tuple[int, int, float, int]]) -> list[list[float]]:
    """Senders as threads of one process."""
    found: list[list[float]] = [[] for _ in jobs]
    threads = [threading.Thread(target=send, args=(*job, into)) for job, into in zip(jobs, found)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def send(port: int, events: int, seconds: float, salt: int, into: list[float]) -> None:
    """One after the other, on a connection that is kept, for so long; seconds until each answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    ends, number = time.perf_counter() + seconds, 0
    while time.perf_counter() < ends:
        body, headers = message(events, salt * 10_000_000 + number * events)
        number += 1
        began = time.perf_counter()
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        answer.read()
        into.append(time.perf_counter() - began)
        if answer.status != 200:
            raise SystemExit(f"answered with HTTP {answer.status}")


def message(events: int, first: int) -> tuple[bytes, dict[str, str]]:
    """A batch as HubSpot sends it, each event new."""
    now = int(time.time() * 1000)
    items = [
        {
            "eventId": number, "subscriptionId": 12345, "portalId": 62515, "appId": 54321, "occurredAt": now,
            "subscriptionType": "contact.propertyChange", "attemptNumber": 0,
            "objectId": number * 7919 % LEADS, "propertyName": "jobtitle", "propertyValue": "Head of sales",
            "changeSource": "CRM_UI", "sourceId": "userId:1",
        }
        for number in range(first, first + events)
    ]  # fmt: skip
    body = json.dumps(items).encode()
    text = f"POST{PUBLIC}{PATH}".encode() + body + str(now).encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), text, hashlib.sha256)).decode()
    return body, {
        "Content-Type": "application/json",
        "X-HubSpot-Signature-v3": signature,
        "X-HubSpot-Request-Timestamp": str(now),
    }


if __name__ == "__main__":
    main()
