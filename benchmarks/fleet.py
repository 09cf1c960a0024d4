"""A fleet of simulated devices with certificates, one row a second each, against one real hub.

`python -m benchmarks.fleet [--devices 1000] [--seconds 60] [--json FILE]`. Hub (`cloud-sync serve`
with its mosquitto), devices: real TLS, real certificates, real ingest; the devices are sockets on
one event loop. A row counts from its publication until the hub's acknowledgement, which is sent
after the commit, is back at its device. What stays unanswered for 5 s is sent again, as agents do.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psutil

from benchmarks import certified, mqtt5
from benchmarks.certified import SITE
from cloud_sync.config import load
from cloud_sync.hub import Hub
from kits.core.addresses import free_port
from kits.core.events import DecisionBody, Event, Stamp
from kits.core.frames import Frame, decode_ack, encode_frame
from kits.core.topics import DeviceTopics
from tests.integration.hub import HubProcess

CONNECTING = 50
"""Devices that shake hands at the same time, in the ordinary case; at the end all do."""
RESEND_S = 5.0
DRAIN_S = 30.0
EPOCH = "epoch-1"


@dataclass(frozen=True, slots=True)
class Result:
    """One run. Times in seconds or milliseconds, memory in MiB, processor in shares of one core."""

    devices: int
    seconds: int
    rows: int
    connect_s: float
    connect_all_at_once_s: float
    lost: int
    twice: int
    sent_again: int
    disconnected: int
    ack_p50_ms: float
    ack_p99_ms: float
    ack_max_ms: float
    broker_rss_mib: float
    hub_rss_mib: float
    broker_cpu: float
    hub_cpu: float
    driver_cpu: float


@dataclass
class Device:
    """One simulated device: what it sent and what came back."""

    name: str
    context_file: Path
    client: mqtt5.Client | None = None
    sent_at: dict[int, float] = field(default_factory=dict)
    frames: dict[int, bytes] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    sent_again: int = 0

    async def connect(self, place: tuple[str, int], ca_file: Path) -> None:
        """Shakes hands, signs in, listens for acknowledgements."""
        self.client = mqtt5.Client(self._heard)
        context = certified.context(ca_file, self.context_file)
        reason = await self.client.connect(place, self.name, tls=context, keepalive_s=300)
        granted = await self.client.subscribe(DeviceTopics(SITE, self.name).ack)
        if reason or granted != 1:
            raise RuntimeError(f"{self.name} was refused: {reason} {granted}")

    async def run(self, start: float, seconds: int) -> None:
        """A row each second from `start` on the loop's clock."""
        loop = asyncio.get_running_loop()
        for number in range(seconds):
            await asyncio.sleep(start + number - loop.time())
            self._again(loop.time())
            self.sent_at[number + 1] = loop.time()
            self.frames[number + 1] = row(self.name, number + 1)
            self._send(number + 1)

    async def drain(self) -> None:
        """Sends again until everything is acknowledged, or time is up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + DRAIN_S
        while self.frames and loop.time() < end:
            await asyncio.sleep(0.1)
            self._again(loop.time())

    def _again(self, now: float) -> None:
        for seq in self.frames:
            if now - self.sent_at[seq] > RESEND_S * (self.sent_again + 1):
                self.sent_again += 1
                self._send(seq)

    def _send(self, seq: int) -> None:
        assert self.client is not None
        self.client.publish(DeviceTopics(SITE, self.name).frames("s"), self.frames[seq])

    def _heard(self, _topic: str, payload: bytes) -> None:
        now = asyncio.get_running_loop().time()
        for first, last in decode_ack(payload).ranges:
            for seq in range(first, last + 1):
                if self.frames.pop(seq, None) is not None:
                    self.took_s.append(now - self.sent_at[seq])


def row(name: str, seq: int) -> bytes:
    """A frame with one decision, as an agent sends it."""
    now = datetime.now(timezone.utc)
    body = DecisionBody(
        sample_id=f"{name}-{seq:010d}",
        captured_at=now,
        media_type="image/jpeg",
        source="camera-1",
        bundle="b" * 64,
        verdict="pass",
        score=0.125,
        label="good",
        prediction={"score": 0.125, "label": "good"},
        latency_ms={"pre": 2.5, "infer": 11.25, "post": 0.5, "total": 14.25},
        actions={"reject": "done"},
    )
    stamp = Stamp(wall=now, mono_ns=time.monotonic_ns(), boot=f"boot-{name}", trust="ntp")
    event = Event(seq=seq, klass="s", at=stamp, body=body)
    return encode_frame(Frame(epoch=EPOCH, rows=(event,)))


class Rig:
    """A serving hub and the certificates of its fleet."""

    def __init__(self, folder: Path, count: int) -> None:
        self.place = ("127.0.0.1", free_port())
        broker = {
            "kind": "mosquitto", "port": free_port(),
            "tls": True, "tls_host": "127.0.0.1", "tls_port": self.place[1],
        }  # fmt: skip
        self.hub = HubProcess(folder, broker=broker, fresh=True)
        self.files = folder / "devices"
        self.files.mkdir()
        self.names = [f"sim-{number:04d}" for number in range(count)]
        opened = Hub.open(load(self.hub.data))
        certified.admit(opened, self.names, self.files)
        opened.close()
        self.hub.serve()

    def processes(self) -> tuple[psutil.Process, psutil.Process, psutil.Process]:
        """Hub, broker, this one."""
        broker = self.hub.broker_pid()
        assert self.hub.process is not None
        assert broker is not None
        return psutil.Process(self.hub.process.pid), psutil.Process(broker), psutil.Process()

    def run(self, seconds: int) -> Result:
        """Connects the fleet and lets each device send `seconds` rows."""
        return asyncio.run(self._run(seconds))

    async def _run(self, seconds: int) -> Result:
        ca = self.files / "ca.pem"
        fleet = [Device(name, self.files / f"{name}.pem") for name in self.names]
        gc.freeze()
        began = time.monotonic()
        await _each(CONNECTING, [device.connect(self.place, ca) for device in fleet])
        connect_s = time.monotonic() - began
        hub, broker, own = self.processes()
        before = [_cpu_s(process) for process in (hub, broker, own)]
        began = time.monotonic()
        start = asyncio.get_running_loop().time() + 1
        phase = random.Random(1)
        await asyncio.gather(*(d.run(start + phase.random(), seconds) for d in fleet))
        took_s = time.monotonic() - began
        cpu = [
            (_cpu_s(process) - then) / took_s
            for process, then in zip((hub, broker, own), before, strict=True)
        ]
        await asyncio.gather(*(device.drain() for device in fleet))
        lost_connections = sum(d.client is None or d.client.ended.done() for d in fleet)
        memory = _mib(broker), _mib(hub)
        await asyncio.gather(*(d.client.close() for d in fleet if d.client))
        # as after a power cut of the whole works
        began = time.monotonic()
        await _each(len(fleet), [device.connect(self.place, ca) for device in fleet])
        connects = connect_s, time.monotonic() - began
        await asyncio.gather(*(d.client.close() for d in fleet if d.client))
        return self._result(fleet, seconds, connects, lost_connections, cpu, memory)

    def _result(
        self,
        fleet: list[Device],
        seconds: int,
        connects: tuple[float, float],
        disconnected: int,
        cpu: list[float],
        memory: tuple[float, float],
    ) -> Result:
        took = sorted(1000 * each for device in fleet for each in device.took_s)
        rows = len(fleet) * seconds
        stored = self.hub.query("SELECT COUNT(*), COUNT(DISTINCT device || '/' || seq) FROM event")
        total, distinct = (int(str(value)) for value in stored[0])
        return Result(
            devices=len(fleet),
            seconds=seconds,
            rows=rows,
            connect_s=round(connects[0], 2),
            connect_all_at_once_s=round(connects[1], 2),
            lost=rows - min(distinct, len(took)),
            twice=total - distinct,
            sent_again=sum(device.sent_again for device in fleet),
            disconnected=disconnected,
            ack_p50_ms=round(statistics.median(took), 1),
            ack_p99_ms=round(took[int(len(took) * 0.99)], 1),
            ack_max_ms=round(took[-1], 1),
            broker_rss_mib=round(memory[0], 1),
            hub_rss_mib=round(memory[1], 1),
            broker_cpu=round(cpu[1], 2),
            hub_cpu=round(cpu[0], 2),
            driver_cpu=round(cpu[2], 2),
        )

    def close(self) -> None:
        self.hub.close()


@contextmanager
def rig(folder: Path, count: int) -> Iterator[Rig]:
    """A hub with `count` enrolled devices, serving."""
    made = Rig(folder, count)
    try:
        yield made
    finally:
        made.close()


async def _each(at_once: int, jobs: list[Coroutine[Any, Any, None]]) -> None:
    gate = asyncio.Semaphore(at_once)

    async def one(job: Coroutine[Any, Any, None]) -> None:
        async with gate:
            await job

    await asyncio.gather(*(one(job) for job in jobs))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _mib(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / (1 << 20)


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, rig(Path(folder), chosen.devices) as made:
        text = json.dumps(asdict(made.run(chosen.seconds)), indent=2)
    print(text)
    if chosen.json:
        chosen.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
