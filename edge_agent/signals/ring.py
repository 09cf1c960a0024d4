"""The ring: the newest minutes of all signals of a source, in bounded memory, and windows cut out of it.

Every stretch of an asset comes as a `Window`: channels on their own grids, gaps as missing readings,
conditions as attributes. When a window is due is `cutting.py`'s business. One lock serialises everything.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from datetime import datetime, timezone

import numpy as np

from edge_agent.signals.config import SignalConfig, Windowing
from edge_agent.signals.tracks import PointTrack, Readings, TextTrack, Track, WaveTrack
from kits.core.window import MAX_READINGS, Channel, Window

_PIECE_READINGS = MAX_READINGS // 2
_HELD_PERIODS = 2.5
"""A signal with a rate: one reading may be missing, then it is a gap."""
_TRIM_S = 1.0


class Ring:
    """Tracks by signal.

    Args:
        config: signals by position: a signal's number is its place in it.

    Attributes:
        shortened: times at which less than `keep_s` was kept because memory was not enough.
    """

    def __init__(self, config: Windowing) -> None:
        self.config = config
        self.lock = threading.RLock()
        self.assets: dict[str, list[int]] = {}
        self._tracks: list[Track | None] = [None] * len(config.signals)
        self._began_s: dict[str, float] = {}
        self._newest_s = -math.inf
        self._trimmed_s = -math.inf
        self.shortened = 0
        for number, signal in enumerate(config.signals):
            self.assets.setdefault(config.asset_of(signal), []).append(number)

    # -- readings --------------------------------------------------------------------------------

    def add(self, number: int, at_s: float, value: float | str) -> None:
        """One reading of a signal."""
        with self.lock:
            if isinstance(value, str):
                self._text(number).add(at_s, value)
            else:
                self._points(number).add(at_s, value)
            self._heard(number, at_s)

    def add_block(self, number: int, start_s: float, values: Readings) -> None:
        """A piece of a waveform. Raises ValueError when the signal has no rate."""
        signal = self.config.signals[number]
        if not signal.rate_hz:
            raise ValueError(f"{signal.name} comes in arrays and has no rate_hz")
        with self.lock:
            track = self._tracks[number]
            if not isinstance(track, WaveTrack):
                track = self._tracks[number] = WaveTrack(signal.rate_hz)
            track.add(start_s, values)
            self._heard(number, start_s)

    def alive(self, number: int, at_s: float) -> None:
        """A signal that is told on change has not changed until then.

        That is news too: an asset that was given up for silent begins anew with it.
        """
        with self.lock:
            track, signal = self._tracks[number], self.config.signals[number]
            if not isinstance(track, PointTrack):
                return
            track.alive(at_s)
            if track.alive_s == at_s and signal.role == "channel":
                self._began_s.setdefault(self.config.asset_of(signal), at_s)

    def _points(self, number: int) -> PointTrack:
        track = self._tracks[number]
        if not isinstance(track, PointTrack):
            rate_hz = self.config.signals[number].rate_hz
            hold_s = _HELD_PERIODS / rate_hz if rate_hz else self.config.stale_s
            track = self._tracks[number] = PointTrack(hold_s, centred=bool(rate_hz))
        return track

    def _text(self, number: int) -> TextTrack:
        track = self._tracks[number]
        if not isinstance(track, TextTrack):
            track = self._tracks[number] = TextTrack()
        return track

    @property
    def nbytes(self) -> int:
        """Memory of all readings."""
        return sum(track.nbytes for track in self._tracks if track is not None)

    def _heard(self, number: int, at_s: float) -> None:
        signal = self.config.signals[number]
        if signal.role == "channel":
            self._began_s.setdefault(self.config.asset_of(signal), at_s)
        self._tidy(at_s)

    def _tidy(self, at_s: float) -> None:
        self._newest_s = max(self._newest_s, at_s)
        if self._newest_s - self._trimmed_s < _TRIM_S:
            return
        self._trimmed_s = self._newest_s
        keep_s = self.config.keep_s + self.config.length_s
        self._trim(keep_s)
        limit = self.config.ring_bytes
        if self.nbytes > limit:
            self.shortened += 1
            while self.nbytes > limit and keep_s > self.config.length_s / 2:
                keep_s *= 0.8
                self._trim(keep_s)

    def _trim(self, keep_s: float) -> None:
        for track in self._tracks:
            if track is not None:
                track.trim(self._newest_s - keep_s)

    # -- what is known ---------------------------------------------------------------------------

    def began_s(self, asset: str) -> float | None:
        """The first reading of an asset since `begin_anew`."""
        return self._began_s.get(asset)

    def begin_anew(self, asset: str) -> None:
        """The asset has said nothing for a while."""
        self._began_s.pop(asset, None)

    def known_until_s(self, number: int) -> float:
        """Until when a signal is known; minus infinity: it was never heard."""
        track, rate_hz = self._tracks[number], self.config.signals[number].rate_hz
        if track is None:
            return -math.inf
        if isinstance(track, PointTrack):
            # the next reading is only due a period later
            return max(track.latest_s + (1.01 / rate_hz if rate_hz else 0.0), track.alive_s)
        return track.latest_s + (0.01 / rate_hz if rate_hz else 0.0)

    def channels(self, asset: str) -> list[int]:
        """The numbers of an asset's channels."""
        return [n for n in self.assets[asset] if self.config.signals[n].role == "channel"]

    def known_s(self, asset: str) -> float:
        """Until when the best known channel of an asset is known."""
        return max((self.known_until_s(n) for n in self.channels(asset)), default=-math.inf)

    def first_s(self, asset: str, from_s: float) -> float:
        """The first thing that any channel of an asset said from then on; infinity: nothing."""
        tracks = (self._tracks[number] for number in self.channels(asset))
        return min((t.first_s(from_s) for t in tracks if t is not None), default=math.inf)

    def window(self, asset: str, start_s: float, seconds: float) -> Window:
        """A stretch of an asset; what is not known in it is not a number."""
        with self.lock:
            channels = [
                self._channel(self.config.signals[n], self._tracks[n], start_s, seconds)
                for n in self.channels(asset)
            ]
            attributes = self._attributes(asset, start_s, seconds)
        base_hz = channels[0].rate_hz or self.config.grid_hz
        started = datetime.fromtimestamp(start_s, timezone.utc)
        shared = tuple(
            Channel(c.name, c.unit, c.readings, None if c.rate_hz == base_hz else c.rate_hz)
            for c in channels
        )
        return Window(shared, base_hz, started, attributes)

    def _channel(
        self, signal: SignalConfig, track: Track | None, start_s: float, seconds: float
    ) -> Channel:
        rate_hz = signal.rate_hz or self.config.grid_hz
        count = max(1, round(seconds * rate_hz))
        if track is None or isinstance(track, TextTrack):
            readings = np.full(count, np.nan, np.float32)
        else:
            readings = track.grid(start_s, count, rate_hz)
        return Channel(signal.name, signal.unit, readings, rate_hz)

    def _attributes(self, asset: str, start_s: float, seconds: float) -> dict[str, str | float]:
        found: dict[str, str | float] = {"asset": asset}
        for number in self.assets[asset]:
            signal, track = self.config.signals[number], self._tracks[number]
            if signal.role == "channel" or track is None:
                continue
            if isinstance(track, TextTrack):
                found[signal.name] = track.at(start_s + seconds)[:200]
                continue
            rate_hz = signal.rate_hz or self.config.grid_hz
            readings = track.grid(start_s, max(1, round(seconds * rate_hz)), rate_hz)
            if not np.isnan(readings).all():
                found[signal.name] = float(np.nanmedian(readings))
        return found

    def stretch(self, asset: str, start_s: float, end_s: float) -> Iterator[Window]:
        """What is known of an asset in that time, in pieces that fit a sample."""
        if asset not in self.assets:
            return
        signals = [self.config.signals[n] for n in self.channels(asset)]
        per_s = sum(signal.rate_hz or self.config.grid_hz for signal in signals)
        piece_s = max(1.0, _PIECE_READINGS / per_s)
        start_s = max(start_s, self._oldest_s)
        while start_s < end_s:
            seconds = min(piece_s, end_s - start_s)
            window = self.window(asset, start_s, seconds)
            if not is_empty(window):
                yield window
            start_s += seconds

    @property
    def _oldest_s(self) -> float:
        """Before this nothing is kept."""
        return self._newest_s - self.config.keep_s - self.config.length_s


def is_empty(window: Window) -> bool:
    """Whether no channel of it has a reading."""
    return all(np.isnan(channel.readings).all() for channel in window.channels)
