"""Modbus: registers in few requests, against a real device on TCP."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edge_agent.pulse import Pulse
from edge_agent.signals.feed import Feed
from edge_agent.sources.base import Captured
from edge_agent.sources.machine_config import ModbusSignal, ModbusSourceConfig
from edge_agent.sources.modbus import ModbusDriver, plan, value_of
from edge_agent.sources.signals import SignalSource
from kits.core.window import Window
from tests.edge_agent.machine_servers import ModbusServer
from tests.waiting import wait_for


def signal(name: str, address: int, **changes: object) -> ModbusSignal:
    return ModbusSignal.model_validate({"name": name, "address": address, **changes})


def config(port: int, *signals: ModbusSignal, **changes: object) -> ModbusSourceConfig:
    return ModbusSourceConfig.model_validate(
        {
            "host": "127.0.0.1", "port": port, "poll_ms": 20, "asset": "pump-1", "window_s": 0.5,
            "late_s": 0.1, "grid_hz": 20, "timeout_s": 1, "signals": signals, **changes,
        }
    )  # fmt: skip


@pytest.fixture
def device(port: int) -> Iterator[ModbusServer]:
    server = ModbusServer(port)
    server.start()
    yield server
    server.stop()


class Watched:
    """A source whose windows a test collects."""

    def __init__(self, source: SignalSource) -> None:
        self.source = source
        self.captured: list[Captured] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for captured in self.source.samples():
            self.captured.append(captured)

    def latest(self, name: str) -> float:
        """The newest known reading of a channel; not a number before there is a window."""
        for captured in reversed(self.captured):
            assert isinstance(captured.payload, Window)
            readings = next(c.readings for c in captured.payload.channels if c.name == name)
            known = readings[~np.isnan(readings)]
            if known.size:
                return float(known[-1])
        return float("nan")

    def end(self) -> None:
        self.source.close()
        self._thread.join(5)
        assert not self._thread.is_alive()


def test_neighbours_are_read_at_once_and_others_apart() -> None:
    signals = [
        signal("a", 0), signal("b", 1, type="float32"), signal("c", 9), signal("d", 50),
        signal("e", 3, table="input"), signal("f", 200, device_id=2), signal("g", 119, type="int32"),
    ]  # fmt: skip
    requests = list(plan(signals))
    assert {(r.table, r.device_id, r.first, r.count) for r in requests} == {
        ("holding", 1, 0, 10), ("holding", 1, 50, 1), ("holding", 1, 119, 2),
        ("holding", 2, 200, 1), ("input", 1, 3, 1),
    }  # fmt: skip
    assert sorted(n for r in requests for n in r.signals) == list(range(7))


def test_no_request_is_longer_than_the_protocol_allows() -> None:
    requests = list(plan([signal(f"s{n}", n) for n in range(500)]))
    assert max(r.count for r in requests) <= 125
    assert sum(len(r.signals) for r in requests) == 500


@pytest.mark.parametrize(
    ("kind", "raw", "layout"),
    [
        ("int16", -123, ">h"), ("uint16", 65_000, ">H"), ("int32", -70_000, ">i"),
        ("uint32", 3_000_000_000, ">I"), ("int64", -(1 << 40), ">q"), ("uint64", 1 << 50, ">Q"),
        ("float32", 1.5, ">f"), ("float64", -0.1, ">d"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("words", ["big", "little"])
def test_registers_of_every_type_and_order_are_read(
    kind: str, raw: float, layout: str, words: str
) -> None:
    content = struct.pack(layout, raw)
    found = [int.from_bytes(content[n : n + 2], "big") for n in range(0, len(content), 2)]
    if words == "little":
        found.reverse()
    one = signal("x", 0, type=kind, words=words, scale=0.1, offset=5)
    assert value_of(one, found) == pytest.approx(raw * 0.1 + 5)


def test_a_device_gives_windows(device: ModbusServer, port: int) -> None:
    device.set(10, [235])
    device.set(20, list(struct.unpack(">HH", struct.pack(">f", 4.25))))
    device.set_coil(3, on=True)
    watched = Watched(SignalSource(
        config(
            port, signal("temp", 10, scale=0.1, unit="°C"), signal("flow", 20, type="float32"),
            signal("runs", 3, table="coil", type="bit"),
        ),
        ModbusDriver(config(port, signal("temp", 10, scale=0.1), signal("flow", 20, type="float32"),
                            signal("runs", 3, table="coil", type="bit"))),
        lambda *_: None, name="modbus",
    ))  # fmt: skip
    wait_for(lambda: len(watched.captured) >= 2)
    assert watched.latest("temp") == pytest.approx(23.5)
    assert (watched.latest("flow"), watched.latest("runs")) == (4.25, 1.0)
    assert watched.captured[0].group == "pump-1"
    device.set(10, [300])
    wait_for(lambda: watched.latest("temp") == pytest.approx(30.0))
    watched.end()


def test_a_register_the_device_does_not_have_is_a_gap_of_its_own(
    device: ModbusServer, port: int
) -> None:
    made = config(port, signal("temp", 10), signal("nothing", 5000))
    driver, closed = ModbusDriver(made), threading.Event()
    feed = Feed(made, lambda *_: None, name="modbus")
    running = threading.Thread(target=driver.run, args=(feed, closed, Pulse()))
    running.start()
    wait_for(lambda: driver.refused >= 3)
    closed.set()
    running.join(5)
    assert feed.figures.bad == driver.refused
    window = feed.ring.window("pump-1", feed.now_s() - 1, 2.0)
    temp, nothing = window.channels
    assert np.isnan(nothing.readings).all()
    assert not np.isnan(temp.readings).all()


def test_a_device_that_comes_back_is_read_again(port: int) -> None:
    server = ModbusServer(port)
    server.start()
    alerts: list[tuple[str, str]] = []
    made = config(port, signal("temp", 10), stale_s=0.5)
    watched = Watched(SignalSource(
        made, ModbusDriver(made), lambda name, severity, _: alerts.append((name, severity)),
        name="modbus", backoff_s=0.05,
    ))  # fmt: skip
    wait_for(lambda: len(watched.captured) >= 1)
    server.stop()
    wait_for(lambda: ("source-lost", "error") in alerts)
    before = len(watched.captured)
    again = ModbusServer(port)
    again.start()
    again.set(10, [7])
    wait_for(lambda: watched.latest("temp") == 7)
    wait_for(lambda: ("source-lost", "info") in alerts)
    assert watched.source.health.reconnects >= 1
    assert len(watched.captured) > before
    watched.end()
    again.stop()
