"""What one row costs the hub: from the MQTT payload to the commit, without a network.

`python -m benchmarks.ingest [--rows 40000] [--postgresql | --url URL] [--json FILE]`. Real decoding,
real tables, durable commits; batches of up to 500 messages, as the ingest takes them. Each round
has devices of its own, so that a database may be measured again. Wall time depends on the disk and
on the neighbours; processor time per row of this process does not, so both are given.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cloud_sync.config import parse
from cloud_sync.fleet.broker import BrokerAddress
from cloud_sync.hub import Hub
from cloud_sync.intake.ingest import BATCH, Ingest, tune_collector
from cloud_sync.intake.link import Message, MqttLink
from cloud_sync.store.db import migrate
from cloud_sync.store.models import Device
from kits.core.events import Body, DecisionBody, Event, EventClass, HealthBody, Stamp
from kits.core.frames import Frame, encode_frame
from kits.core.sample import utc_now
from kits.core.signing import SigningKey
from kits.core.topics import DeviceTopics

SITE = "main"
Make = Callable[[str], list[Message]]
"""The messages of devices whose names begin like this."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", default="", help="SQLAlchemy URL; empty: a new SQLite file")
    parser.add_argument(
        "--postgresql", action="store_true", help="on a PostgreSQL server of its own"
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    with ExitStack() as stack:
        url = stack.enter_context(own_server()) if options.postgresql else options.url
        figures = measure(options.rows, options.rounds, url)
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


@contextmanager
def own_server() -> Iterator[str]:
    """A PostgreSQL with its ordinary settings, for as long as it takes; its URL."""
    from tests.cloud_sync.postgres import fresh_database, running_cluster, server_binaries

    if server_binaries() is None:
        raise SystemExit("no PostgreSQL server is installed: apt-get install postgresql")
    with running_cluster() as socket:
        yield fresh_database(socket, "bench")


def measure(rows: int, rounds: int, url: str) -> dict[str, object]:
    """Medians over rounds."""
    tune_collector()
    made: dict[str, Make] = {
        "telemetry, 200 a frame": lambda name: backlog(name, "t", rows, 200),
        "decisions, 200 a frame": lambda name: backlog(name, "s", rows, 200),
        "telemetry, one row of each frame known": lambda name: overlapping(name, rows, 200),
        "telemetry, 1,000 devices, 1 a frame": lambda name: fleet(name, rows // 8, 1000),
    }
    figures = {name: run(make, rounds, url) for name, make in made.items()}
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        "database": url.partition(":")[0] or "sqlite",
        "rows": rows,
        "rounds": rounds,
        "figures": figures,
    }


def run(make: Make, rounds: int, url: str) -> dict[str, float]:
    """Rows a second and processor time per row."""
    wall: list[float] = []
    cpu: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            config = parse({"database_url": url, "broker": {"port": 0}}, Path(folder))
            SigningKey.create(config.keys_dir / "hub.pem")
            hub = Hub.open(config)
            migrate(hub.database)
            messages = make(secrets.token_hex(4))
            add_devices(hub, messages)
            count = take(hub, messages, wall, cpu)
            hub.close()
    return {
        "rows": count,
        "rows_per_s": round(count / statistics.median(wall)),
        "cpu_us_per_row": round(statistics.median(cpu) / count * 1e6, 1),
    }


def take(hub: Hub, messages: Sequence[Message], wall: list[float], cpu: list[float]) -> int:
    """Lets the ingest have all messages."""
    ingest = Ingest(hub, MqttLink(BrokerAddress("127.0.0.1", 1), "bench", hub.metrics))
    started, used = time.perf_counter(), time.process_time()
    for first in range(0, len(messages), BATCH):
        ingest.process(messages[first : first + BATCH])
    wall.append(time.perf_counter() - started)
    cpu.append(time.process_time() - used)
    (family,) = hub.metrics.rows.collect()
    return int(sum(sample.value for sample in family.samples if sample.name.endswith("_total")))


def add_devices(hub: Hub, messages: Sequence[Message]) -> None:
    """All that the messages name."""
    names = {message.topic.split("/")[3] for message in messages}
    with hub.database.transaction() as session:
        session.add_all(Device(name=name, site=SITE) for name in sorted(names))


def backlog(name: str, klass: EventClass, rows: int, per_frame: int) -> list[Message]:
    """One device with many rows."""
    topic = DeviceTopics(SITE, name).frames(klass)
    events = [event(n, klass, name) for n in range(1, rows + 1)]
    parts = (events[first : first + per_frame] for first in range(0, rows, per_frame))
    return [Message(topic, frame(part), n, 1, 0) for n, part in enumerate(parts)]


def overlapping(name: str, rows: int, per_frame: int) -> list[Message]:
    """The same, but each frame begins with the last row of the one before."""
    topic = DeviceTopics(SITE, name).frames("t")
    events = [event(n, "t", name) for n in range(1, rows + 1)]
    firsts = range(0, rows - 1, per_frame - 1)
    parts = (events[first : first + per_frame] for first in firsts)
    return [Message(topic, frame(part), n, 1, 0) for n, part in enumerate(parts)]


def fleet(name: str, rows: int, count: int) -> list[Message]:
    """Many devices with a row each, in turns."""
    return [
        Message(
            DeviceTopics(SITE, f"{name}-{n % count}").frames("t"),
            frame([event(1 + n // count, "t", name)]), n, 1, 0,
        )
        for n in range(rows)
    ]  # fmt: skip


def frame(events: Sequence[Event]) -> bytes:
    """As a device sends it."""
    return encode_frame(Frame(epoch="bench", rows=tuple(events)))


def event(number: int, klass: EventClass, name: str) -> Event:
    """A row of an ordinary size."""
    at = Stamp(wall=utc_now(), mono_ns=number * 1_000_000, boot="bench", trust="ntp")
    return Event(seq=number, klass=klass, at=at, body=body(number, klass, name))


def body(number: int, klass: EventClass, name: str) -> Body:
    """Some 256 bytes of JSON; a decision with one box has twice that."""
    if klass == "t":
        return HealthBody(figures={f"gauge_{n}": number + n / 8 for n in range(12)})
    box = {"x0": 1, "y0": 2, "x1": 30, "y1": 40, "label": "scratch", "confidence": 0.9}
    return DecisionBody(
        sample_id=f"{name}-{number:017d}", captured_at=utc_now(), media_type="image/png",
        bundle="0" * 64, verdict="act", score=0.9, label="scratch",
        prediction={"boxes": [box]}, latency_ms={"pre": 1.5, "infer": 8.25, "post": 0.5},
    )  # fmt: skip


if __name__ == "__main__":
    main()
