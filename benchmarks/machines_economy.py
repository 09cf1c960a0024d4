"""Bytes that leave a device at a vibrating machine, against its raw signal; and what the ring costs.

A machine of one channel at 25.6 kHz is watched for a week in simulated time, with one alarm. Every window goes
through the real line and desk; rows are packed as they travel, blobs are counted as they are. The ring is filled
as a driver would, at 50 kHz. Figures, no verdicts: `tests/edge_agent/test_economy.py` holds the aim.

    python -m benchmarks.machines_economy
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import tracemalloc
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from edge_agent.actions.dispatcher import Dispatcher
from edge_agent.alarms.desk import CaseDesk
from edge_agent.alarms.recordings import Recordings
from edge_agent.alarms.watching import Watching
from edge_agent.engine.config import EngineConfig
from edge_agent.engine.ladder import Ladder
from edge_agent.line import Line
from edge_agent.selection import Selection
from edge_agent.signals.config import SignalConfig, Windowing
from edge_agent.signals.feed import Feed
from edge_agent.signals.ring import Ring
from edge_agent.sources.base import Captured
from edge_agent.sync.entry import Entry, Row, body_text, row_text
from edge_agent.sync.framer import Framer
from kits.core.bundle import open_bytes
from kits.core.window import Channel, Window
from tests.edge_agent.machine_parts import START, make_level_bundle, write_level_kit
from tests.edge_agent.parts import agent_config

RATE_HZ = 25_600.0
WINDOW_S = 10.0
RAW_BYTES_S = RATE_HZ * 4
"""A reading is a 32-bit float where it is measured."""


@dataclass
class Sent:
    """What left the device.

    Attributes:
        rows: bytes of frames.
        blobs: bytes of raw signals.
    """

    windows: int = 0
    number: int = 0
    rows: int = 0
    blobs: int = 0

    @property
    def total(self) -> int:
        return self.rows + self.blobs

    def ratio(self) -> float:
        """So many times more bytes the raw signal has."""
        return self.windows * WINDOW_S * RAW_BYTES_S / self.total


class Machine:
    """A line that watches one machine; windows are shown, what would be sent is counted."""

    def __init__(self, folder: Path) -> None:
        config = agent_config(folder, folder)
        shake = SignalConfig(name="vibration", unit="g", asset="pump-1", rate_hz=RATE_HZ)
        self._ring = Ring(Windowing(signals=(shake,), window_s=WINDOW_S, keep_s=150.0))
        self._at = START
        selection = Selection(config.selection, now=lambda: self._at)
        self._mark = 0
        self._waiting: list[Row] = []
        self._framer = Framer()
        self.sent = Sent()
        desk = CaseDesk(config.alarms, None, self._put, lambda: self._mark, lambda *_: None)
        watching = Watching(config.alarms, desk, selection, lambda *_: None, Recordings(self._ring))
        self.line = Line(
            config, Dispatcher((), lambda *_: None), selection, self._put, lambda *_: None, watching
        )
        ladder = Ladder(EngineConfig(providers=("cpu",), threads=1), folder / "engines")
        self.line.activate(ladder.load(open_bytes(make_level_bundle())))
        self._draw = np.random.default_rng(0)
        noise = self._draw.standard_normal(int(RATE_HZ * WINDOW_S))
        self._quiet = (0.3 * noise).astype(np.float32)

    def _put(self, entry: Entry) -> bool:
        self._mark = entry.mark[1] if entry.mark is not None else self._mark
        self.sent.number += 1
        self.sent.blobs += len(entry.content or b"")
        digest = "0" * 64 if entry.content else ""
        text = row_text(self.sent.number, entry.klass, entry.at, body_text(entry, digest))
        self._waiting.append(Row(self.sent.number, text))
        if len(self._waiting) >= 20:
            self.pack()
        return True

    def pack(self) -> None:
        """Packs the rows that wait, as the sender does."""
        while self._waiting:
            payload, taken = self._framer.build("e" * 16, self._waiting)
            self.sent.rows += len(payload)
            self._waiting = self._waiting[len(taken) :]

    def live(self, hours: float, alarm_at_h: float = -1.0) -> None:
        """So many hours; at one of them the machine shakes for five minutes."""
        for _ in range(round(hours * 3600 / WINDOW_S)):
            end_s = (self.sent.windows + 1) * WINDOW_S
            loud = 0 <= end_s - alarm_at_h * 3600 < 300
            block = self._quiet * np.float32(self._draw.normal(20 if loud else 1, 0.05))
            if abs(end_s - alarm_at_h * 3600) < 600:  # the ring is of interest only around it
                self._ring.add_block(0, end_s - WINDOW_S, block)
            at = self._at = START + timedelta(seconds=end_s)
            window = Window((Channel("vibration", "g", block),), RATE_HZ, at, {"asset": "pump-1"})
            self.line.process(Captured(window, "", "plc", "pump-1", captured_at=at, clock_s=end_s))
            self.sent.windows += 1


def economy(folder: Path, days: float, alarm_at_h: float) -> Sent:
    """What leaves the device in so many days."""
    machine = Machine(folder)
    machine.live(24 * days, alarm_at_h)
    machine.line.close()
    machine.pack()
    return machine.sent


def ring_cost(rate_hz: float = 50_000.0, seconds: int = 600) -> dict[str, float]:
    """Time and memory of a ring that keeps five minutes of one channel, and of its windows."""
    shake = SignalConfig(name="vibration", unit="g", asset="pump-1", rate_hz=rate_hz)
    config = Windowing(signals=(shake,), window_s=WINDOW_S, keep_s=300.0)
    feed = Feed(config, lambda *_: None, name="bench", live=False)
    block = np.ones(int(rate_hz / 10), np.float32)
    tracemalloc.start()
    windows, started = 0, time.process_time()
    for tenth in range(seconds * 10):
        feed.put_block(0, block, tenth / 10, at_end=False)
        windows += sum(1 for _ in feed.due())
    took_s = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "share_of_a_core_percent": 100 * took_s / seconds,
        "windows": windows,
        "kept_mib": feed.ring.nbytes / (1 << 20),
        "peak_mib": peak / (1 << 20),
    }


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = folder / "site"
        site.mkdir()
        write_level_kit(site)
        sys.path.insert(0, str(site))
        for days, alarm_at_h, what in (
            (1, -1.0, "a quiet day"), (1, 12.0, "a day with an alarm"),
            (7, 60.0, "a week with an alarm"),
        ):  # fmt: skip
            state = folder / what.replace(" ", "-")
            state.mkdir()
            sent = economy(state, days, alarm_at_h)
            print(
                f"{what}: {sent.windows} windows, {sent.number} rows in {sent.rows / 1e3:.0f} kB,"
                f" {sent.blobs / 1e6:.2f} MB of raw signals; {sent.ratio():,.0f} times less than raw"
            )
    print(json.dumps({k: round(v, 2) for k, v in ring_cost().items()}))


if __name__ == "__main__":
    main()
