"""Plays recordings of machines as if they came from them: tables, waveforms, windows of our own format.

Files are read in sorted order; one that cannot be read is counted and passed over. Windows (`.cbor`) are
judged as they are unless they are to be cut anew.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from edge_agent.errors import SourceError
from edge_agent.signals import files
from edge_agent.signals.config import SignalConfig, Windowing, WindowsConfig
from edge_agent.signals.cutting import Cut
from edge_agent.signals.feed import Feed
from edge_agent.sources.base import Alerts, Captured, SourceHealth
from edge_agent.sources.machine_config import ReplaySourceConfig
from edge_agent.sources.signals import captured_of
from kits.core.errors import DataError
from kits.core.harmless import readable
from kits.core.window import MAX_BYTES, MEDIA_TYPE, Window, decode_window

_DEFAULT_ASSET = WindowsConfig.model_fields["asset"].default


class PlayedRing:
    """The past of what is being played: of the file under way, or the windows of late."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._windows: deque[tuple[str, float, float, Window]] = deque(maxlen=10_000)
        self.feed: Feed | None = None

    def note(self, asset: str, end_s: float, seconds: float, window: Window) -> None:
        """A window that was played as it is."""
        self._windows.append((asset, end_s - seconds, end_s, window))
        while self._windows and self._windows[0][2] < end_s - self._keep_s:
            self._windows.popleft()

    def stretch(self, asset: str, start_s: float, end_s: float) -> Iterator[Window]:
        """As `Ring.stretch`; windows that were played as they are come whole."""
        if self.feed is not None:
            yield from self.feed.ring.stretch(asset, start_s, end_s)
            return
        for whose, begins_s, ends_s, window in self._windows:
            if whose == asset and begins_s < end_s and ends_s > start_s:
                yield window


class ReplaySource:
    """A `Source` of recorded signals.

    Args:
        as_recorded: samples keep the time at which they were recorded; otherwise they are of now.
    """

    def __init__(
        self, config: ReplaySourceConfig, alerts: Alerts, *, as_recorded: bool = False
    ) -> None:
        self._config = config
        self._alerts = alerts
        self._as_recorded = as_recorded
        self._closed = threading.Event()
        self._origin: tuple[float, float] | None = None
        self._clock_s = 0.0
        self._round_s = 0.0
        self._began_s: float | None = None
        self.live = False
        self.health = SourceHealth()
        self.ring = PlayedRing(config.keep_s)
        self.feed: Feed | None = None

    def samples(self) -> Iterator[Captured]:
        found = self._files()
        try:
            while not self._closed.is_set():
                before = self.health.captured
                for path in found:
                    if self._closed.is_set():
                        return
                    self._origin = None
                    self.health.capture.beat()
                    yield from self._played(path)
                if not self._config.loop or self.health.captured == before:
                    return
                self._next_round()
        finally:
            self.health.end()

    def close(self) -> None:
        self._closed.set()

    def _next_round(self) -> None:
        """What is played again follows what was played: on the alarms' clock no time runs backwards."""
        if self._began_s is not None:
            self._round_s += self._clock_s - self._began_s
        self._began_s = None

    def _files(self) -> list[Path]:
        root = self._config.path
        if not root.exists():
            raise SourceError("no such recording", where=str(root), fix="set source.path")
        kinds = (*files.SUFFIXES, ".cbor")
        found = (
            [root] if root.is_file()
            else sorted(p for p in root.rglob("*") if p.suffix.lower() in kinds)
        )  # fmt: skip
        if not found:
            raise SourceError("no recordings in the folder", where=str(root),
                              fix="put files there: " + " ".join(kinds))  # fmt: skip
        return found

    def _played(self, path: Path) -> Iterator[Captured]:
        name = f"{self._config.name}/{readable(path.name)}"
        try:
            if path.suffix.lower() == ".cbor":
                yield from self._window(path, name)
            else:
                asset = self._config.asset
                if asset == _DEFAULT_ASSET:
                    asset = readable(path.stem)[:200]
                recording = files.open_recording(
                    path, asset, rate_hz=self._config.rate_hz, unit=self._config.unit
                )
                yield from self._cut(recording, name)
        except DataError as error:
            self._complain(path, error.in_a_line)
        except (OverflowError, ValueError) as error:
            self._complain(path, f"a time or a length beyond all bounds: {error}")
        except OSError as error:
            self._complain(path, error.strerror or type(error).__name__)

    def _complain(self, path: Path, why: str) -> None:
        self.health.corrupt += 1
        text = f"{readable(path.name)} cannot be read: {why}"
        self._alerts("corrupt-sample", "warning", text)

    # -- cut anew --------------------------------------------------------------------------------

    def _cut(self, recording: files.Recording, name: str) -> Iterator[Captured]:
        feed = self._feed(recording.signals, name)
        for reached_s in recording.chunks(feed, self._clock_s):
            yield from self._due(feed.due(), name)
            self._clock_s = max(self._clock_s, reached_s)
            if self._closed.is_set():
                return
        yield from self._due(feed.due(at_end=True), name)

    def _feed(self, signals: tuple[SignalConfig, ...], name: str) -> Feed:
        common = {key: getattr(self._config, key) for key in WindowsConfig.model_fields}
        feed = Feed(Windowing(**common, signals=signals), self._alerts, name=name, live=False)
        self.feed = self.ring.feed = feed
        return feed

    def _due(self, cuts: Iterator[Cut], name: str) -> Iterator[Captured]:
        for cut in cuts:
            window = replace(
                cut.window, attributes={**self._config.attributes, **cut.window.attributes}
            )
            captured = captured_of(replace(cut, window=window), name, recorded=self._as_recorded)
            yield from self._paced(captured, cut.end_s)

    # -- as they are -----------------------------------------------------------------------------

    def _window(self, path: Path, name: str) -> Iterator[Captured]:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        window = decode_window(content)
        if self._config.recut:
            yield from self._cut(_recording_of(window, self._asset(window, path)), name)
            return
        self.ring.feed = self.feed = None
        asset = self._asset(window, path)
        seconds = max(c.readings.size / (window.rate_of(c) or 1) for c in window.channels)
        started = window.started_at
        end_s = self._clock_s + seconds if started is None else started.timestamp() + seconds
        self._clock_s = max(self._clock_s, end_s) if self._began_s is not None else end_s
        if self._began_s is None:
            self._began_s = end_s - seconds
        self.ring.note(asset, end_s, seconds, window)
        meta = {"asset": asset}
        if started is not None:
            meta["started_at"] = started.isoformat()
        captured = Captured(
            content, MEDIA_TYPE, name, group=asset, meta=meta, clock_s=self._round_s + end_s
        )
        if self._as_recorded:
            captured = replace(captured, captured_at=datetime.fromtimestamp(end_s, timezone.utc))
        yield from self._paced(captured, end_s)

    def _asset(self, window: Window, path: Path) -> str:
        told = window.attributes.get("asset")
        if isinstance(told, str) and told:
            return told
        asset = self._config.asset
        return asset if asset != _DEFAULT_ASSET else readable(path.stem)[:200]

    def _paced(self, captured: Captured, end_s: float) -> Iterator[Captured]:
        """As fast as it is to be played."""
        if self._config.speed:
            now = time.monotonic()
            mono, first_s = self._origin = self._origin or (now, end_s)
            due = mono + (end_s - first_s) / self._config.speed
            if self.health.capture.wait(self._closed, due - now):
                return
            captured = replace(captured, captured_mono=time.monotonic())
        self.health.captured += 1
        self.health.capture.rest()
        yield captured


def _recording_of(window: Window, asset: str) -> files.Recording:
    """A window as a recording, so that it can be cut anew."""
    signals = tuple(
        SignalConfig(name=c.name, unit=c.unit, asset=asset, rate_hz=window.rate_of(c) or 1.0)
        for c in window.channels
    )

    def chunks(feed: Feed, start_s: float) -> Iterator[float]:
        started = window.started_at.timestamp() if window.started_at is not None else start_s
        for number, channel in enumerate(window.channels):
            feed.put_block(number, channel.readings, started, at_end=False)
        yield started + max(c.readings.size / s.rate_hz for c, s in zip(window.channels, signals))

    return files.Recording(signals, chunks)
