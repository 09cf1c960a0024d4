"""A backlog of rows, end to end durable, beside plain paho through the same broker.

`python -m benchmarks.delivery [--rows 100000] [--rtt-ms 50] [--json FILE]`. Ours: rows that lie
committed in a device's outbox (SQLite, `synchronous=FULL`) until each is committed in the hub's
database, acknowledged by the hub and deleted on the device; device, broker and hub are processes
of their own; the start of the device's process counts. Plain paho: messages of the same size, QoS 1,
from one process to a subscriber in another, which keeps nothing; only the time from the first
publish counts, and the better of two windows. Variants take turns within a round; medians are
compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from cloud_sync.config import load
from cloud_sync.fleet.broker import BrokerAddress
from cloud_sync.fleet.brokers import make_broker
from edge_agent.config import load_config
from edge_agent.sync.entry import Entry
from kits.core.events import Body, DecisionBody, EventClass, HealthBody
from kits.core.sample import utc_now
from kits.core.topics import ROOT
from tests.failure import driver
from tests.failure.driver import Plan
from tests.failure.network import point_at
from tests.failure.proxy import Proxy
from tests.integration.hub import HubProcess

Line = Callable[[int], int]
"""A port of the broker → the port by which it is reached over a line."""
ROW_BYTES = 256
WINDOWS = (20, 200)
TOPIC = f"{ROOT}/bench/rows"  # the hub may use it, and does not listen to it
OUTSTANDING = 10_000  # paho refuses more than 65,535 and slows down long before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rtt-ms", type=float, default=50.0, help="of the second comparison")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    figures = measure(options.rows, options.rounds, options.rtt_ms / 1000)
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def measure(rows: int, rounds: int, rtt_s: float) -> dict[str, object]:
    """Both comparisons; rows a second are medians. Without a round trip only the first one."""
    with tempfile.TemporaryDirectory() as folder:
        site = Bench.build(Path(folder))
        try:
            near = site.compare(rows, rounds, 0.0)
            far = site.compare(rows, 1, rtt_s) if rtt_s else None
        finally:
            site.close()
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        "rows": rows,
        "row_bytes": ROW_BYTES,
        "rounds": rounds,
        "loopback": near,
        **({f"rtt_{rtt_s * 1000:.0f}_ms": far} if far else {}),
    }


@dataclass
class Bench:
    """One hub with its broker, devices as needed; `plain`: where plain clients sign in, several of one name."""

    folder: Path
    hub: HubProcess
    broker_port: int
    plain: BrokerAddress
    devices: int = 0

    @classmethod
    def build(cls, folder: Path) -> Bench:
        """Starts the hub, which starts mosquitto."""
        hub = HubProcess(folder, "mosquitto", fresh=True)
        hub.serve()
        config = load(hub.data)
        return cls(folder, hub, config.broker.port, make_broker(config).address)

    def close(self) -> None:
        """Ends both."""
        self.hub.close()

    def compare(self, rows: int, rounds: int, rtt_s: float) -> dict[str, object]:
        """Rows a second of ours and of plain paho, in turns; the ratio of the medians.

        Far away plain paho sends a tenth of the rows: it is slow, and its rate is steady from the
        first publish on.
        """
        fewer = rows // 10 if rtt_s else rows
        variants: dict[str, Callable[[Line], float]] = {
            "ours, telemetry": lambda line: self.drain(rows, "t", line(self.broker_port)),
            "ours, decisions": lambda line: self.drain(rows, "s", line(self.broker_port)),
        }
        for window in WINDOWS:
            variants[f"plain paho, window {window}"] = partial(
                self._plain, fewer, rows / fewer, window
            )
        taken: dict[str, list[float]] = {name: [] for name in variants}
        with ExitStack() as stack:

            @cache
            def line(port: int) -> int:
                """A port of the broker as the far end of the line sees it."""
                if not rtt_s:
                    return port
                return stack.enter_context(Proxy(("127.0.0.1", port), delay_s=rtt_s / 2)).port

            for _ in range(rounds):
                for name, run in variants.items():
                    taken[name].append(rows / run(line))
        rates = {name: round(statistics.median(values)) for name, values in taken.items()}
        best = max(rate for name, rate in rates.items() if name.startswith("plain"))
        return {
            "rows_per_s": rates,
            "times_plain_paho": round(rates["ours, telemetry"] / best, 2),
        }

    def _plain(self, rows: int, times: float, window: int, line: Line) -> float:
        """Seconds that plain paho takes for so many times the rows."""
        return times * plain(rows, window, self.plain, line(self.plain.port))

    def drain(self, rows: int, klass: EventClass, port: int) -> float:
        """Seconds from the start of a device with a full outbox until the hub has all of it."""
        self.devices += 1
        name = f"bench-{self.devices}"
        config = self.hub.enroll(name, self.folder / name)
        point_at(config, "127.0.0.1", port)
        fill(config, rows, klass)
        started = time.perf_counter()
        process = driver.start(Plan(config, life=1, drain=True))
        process.join(600)
        took = time.perf_counter() - started
        assert process.exitcode == 0
        assert self.hub.count(name) == rows
        return took


def fill(config: Path, rows: int, klass: EventClass) -> None:
    """Commits a backlog."""
    with closing(driver.open_outbox(load_config(config))) as outbox:
        for first in range(0, rows, 500):
            numbers = range(first, min(first + 500, rows))
            outbox.append([Entry(body(klass, n), klass) for n in numbers])


def body(klass: EventClass, number: int) -> Body:
    """A row's body of about 256 bytes of JSON (a decision needs twice that)."""
    if klass == "t":
        names = ("samples", "latency_p95_ms", "queue", "outbox_rows", "disk_free_mb", "rss_mb")
        figures = dict.fromkeys(names, number + 0.25) | {"temperature_c": 41.25, "load": 0.5}
        figures |= {f"gauge_{n}": 0.125 for n in range(4)}
        return HealthBody(figures=figures)
    return DecisionBody(
        sample_id=f"{number:024d}-{os.getpid()}-{time.monotonic_ns() % 10**9}",
        captured_at=utc_now(),
        media_type="image/png",
        bundle="0" * 64,
        verdict="pass",
        score=0.25,
        latency_ms={"total": 12.5},
    )


def plain(rows: int, window: int, near: BrokerAddress, far_port: int) -> float:
    """Seconds from the first of so many plain messages until the last one is with the subscriber.

    Both clients are connected before; the subscriber is beside the broker, the publisher at the far port.
    """
    context = get_context("forkserver")
    listening, connected, go, done = (context.Event() for _ in range(4))
    subscriber = context.Process(target=subscribe, args=(near, near.port, rows, listening, done))
    publisher = context.Process(target=publish, args=(near, far_port, rows, window, connected, go))
    subscriber.start()
    publisher.start()
    assert listening.wait(30)
    assert connected.wait(30)
    started = time.perf_counter()
    go.set()
    assert done.wait(900), "plain paho lost messages"
    took = time.perf_counter() - started
    publisher.join()
    subscriber.join()
    return took


def connect(client_id: str, who: BrokerAddress, port: int, window: int) -> Any:
    """A plain client; `who`: whose name and password it uses."""
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5)
    client.max_inflight_messages_set(window)
    client.username_pw_set(who.username, who.password)
    client.connect("127.0.0.1", port)
    return client


def subscribe(who: BrokerAddress, port: int, rows: int, ready: Any, done: Any) -> None:
    """Counts messages."""
    client = connect("bench-sub", who, port, 20)
    seen = 0

    def on_message(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == rows:
            done.set()

    client.on_message = on_message
    client.on_subscribe = lambda *_: ready.set()
    client.subscribe(TOPIC, qos=1)
    client.loop_start()
    done.wait()
    client.disconnect()
    client.loop_stop()


def publish(who: BrokerAddress, port: int, rows: int, window: int, connected: Any, go: Any) -> None:
    """Publishes as fast as the window allows; ends when the broker has confirmed everything."""
    import threading

    client = connect("bench-pub", who, port, window)
    payload = b"x" * ROW_BYTES
    room = threading.Semaphore(OUTSTANDING)
    client.on_connect = lambda *_: connected.set()
    client.on_publish = lambda *_: room.release()
    client.loop_start()
    go.wait()
    for _ in range(rows):
        room.acquire()
        client.publish(TOPIC, payload, qos=1)
    for _ in range(OUTSTANDING):
        room.acquire()
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
