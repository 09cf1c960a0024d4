"""What one row costs the hub: from the MQTT payload to the commit, without a network.

`python -m benchmarks.ingest [--rows 40000] [--url URL] [--json FILE]`. Real decoding, real tables,
`synchronous=FULL`; batches of up to 32 frames, as the ingest takes them. Wall time depends on the
disk and on the neighbours; processor time per row does not, so both are given.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", default="", help="SQLAlchemy URL; empty: a new SQLite file")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    figures = measure(options.rows, options.rounds, options.url)
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def measure(rows: int, rounds: int, url: str) -> dict[str, object]:
    """Medians over rounds."""
    tune_collector()
    made: dict[str, Callable[[int], list[Message]]] = {
        "telemetry, 200 a frame": lambda n: backlog("t", n, 200),
        "decisions, 200 a frame": lambda n: backlog("s", n, 200),
        "telemetry, 1,000 devices, 1 a frame": lambda n: fleet(n // 8, 1000),
    }
    figures = {name: run(make, rows, rounds, url) for name, make in made.items()}
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        "database": url.partition(":")[0] or "sqlite",
        "rows": rows,
        "rounds": rounds,
        "figures": figures,
    }


def run(make: Callable[[int], list[Message]], rows: int, rounds: int, url: str) -> dict[str, float]:
    """Rows a second and processor time per row."""
    wall, cpu = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            config = parse({"database_url": url, "broker": {"port": 0}}, Path(folder))
            SigningKey.create(config.keys_dir / "hub.pem")
            hub = Hub.open(config)
            migrate(hub.database)
            messages = make(rows)
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
    classes = hub.metrics.rows.collect()[0].samples
    return int(sum(sample.value for sample in classes if sample.name.endswith("_total")))


def add_devices(hub: Hub, messages: Sequence[Message]) -> None:
    """All that the messages name."""
    names = {message.topic.split("/")[3] for message in messages}
    with hub.database.transaction() as session:
        session.add_all(Device(name=name, site=SITE) for name in sorted(names))


def backlog(klass: EventClass, rows: int, per_frame: int) -> list[Message]:
    """One device with many rows."""
    topic = DeviceTopics(SITE, "bench-1").frames(klass)
    numbers = range(1, rows + 1)
    events = [event(n, klass) for n in numbers]
    parts = (events[first : first + per_frame] for first in range(0, rows, per_frame))
    return [Message(topic, frame(part), n, 1, 0) for n, part in enumerate(parts)]


def fleet(rows: int, count: int) -> list[Message]:
    """Many devices with a row each, in turns."""
    return [
        Message(
            DeviceTopics(SITE, f"bench-{n % count}").frames("t"),
            frame([event(1 + n // count, "t")]), n, 1, 0,
        )
        for n in range(rows)
    ]  # fmt: skip


def frame(events: Sequence[Event]) -> bytes:
    """As a device sends it."""
    return encode_frame(Frame(epoch="bench", rows=tuple(events)))


def event(number: int, klass: EventClass) -> Event:
    """A row of an ordinary size."""
    at = Stamp(wall=utc_now(), mono_ns=number * 1_000_000, boot="bench", trust="ntp")
    return Event(seq=number, klass=klass, at=at, body=body(number, klass))


def body(number: int, klass: EventClass) -> Body:
    """Some 256 bytes of JSON; a decision with one box has twice that."""
    if klass == "t":
        return HealthBody(figures={f"gauge_{n}": number + n / 8 for n in range(12)})
    box = {"x0": 1, "y0": 2, "x1": 30, "y1": 40, "label": "scratch", "confidence": 0.9}
    return DecisionBody(
        sample_id=f"{number:026d}", captured_at=utc_now(), media_type="image/png",
        bundle="0" * 64, verdict="act", score=0.9, label="scratch",
        prediction={"boxes": [box]}, latency_ms={"pre": 1.5, "infer": 8.25, "post": 0.5},
    )  # fmt: skip


if __name__ == "__main__":
    main()
