"""Cameras, RTSP streams and video files through OpenCV.

A live source runs its own thread and keeps only the freshest frames: a slow model must see now,
not the past. A camera that is unplugged is tried again with growing pauses; one alert says that
it is lost, one that it is back. Opening goes through `VideoOpener`, so tests script a device.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from edge_agent.config import CameraSourceConfig, VideoSourceConfig
from edge_agent.errors import SourceError
from edge_agent.log import log, warn
from edge_agent.sources.base import Alerts, Captured, SourceHealth
from kits.core.runtime import Array

_BACKOFF_MAX_S = 30.0


class VideoDevice(Protocol):
    """An open device."""

    def read(self) -> Array | None:
        """The next frame (height, width, 3), BGR; None when the device is gone or at its end."""

    def close(self) -> None:
        """Frees the device."""


VideoOpener = Callable[[], VideoDevice | None]
"""Opens the device, or returns None when it is not there."""


class VideoSource:
    """A `Source` of decoded frames.

    Args:
        opener: makes devices.
        live: freshest frame and reconnect; otherwise every frame to the end.
        backoff_s: first pause before the device is opened again, seconds.
    """

    def __init__(
        self,
        config: CameraSourceConfig | VideoSourceConfig,
        opener: VideoOpener,
        alerts: Alerts,
        *,
        live: bool = True,
        backoff_s: float = 0.5,
    ) -> None:
        self._config = config
        self._opener = opener
        self._alerts = alerts
        self.live = live
        self._backoff_s = backoff_s
        self._queue: deque[Captured] = deque()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._last_frame = time.monotonic()
        self._lost = False
        self.health = SourceHealth(up=False)

    def samples(self) -> Iterator[Captured]:
        yield from self._live_samples() if self.live else self._file_samples()

    def close(self) -> None:
        self._closed.set()
        with self._changed:
            self._changed.notify_all()

    # -- a file ----------------------------------------------------------------------------------

    def _file_samples(self) -> Iterator[Captured]:
        device = self._opener()
        if device is None:
            raise SourceError("the video cannot be opened", where=self._config.name)
        self.health.up = True
        period_s = 1 / self._config.rate_hz if self._config.rate_hz else 0.0
        try:
            while not self._closed.is_set() and (frame := device.read()) is not None:
                started = time.monotonic()
                self.health.captured += 1
                yield Captured(frame, "", self._config.name)
                self._closed.wait(max(0.0, started + period_s - time.monotonic()))
        finally:
            device.close()

    # -- a live device ---------------------------------------------------------------------------

    def _live_samples(self) -> Iterator[Captured]:
        grabber = threading.Thread(target=self._grab, name="grabber", daemon=True)
        grabber.start()
        while not self._closed.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed.is_set(), 1.0)
                captured = self._queue.popleft() if self._queue else None
            if captured is not None:
                yield captured
            elif time.monotonic() - self._last_frame > self._config.stale_s:
                self._raise_lost("no frame arrives")
        grabber.join(2.0)

    def _grab(self) -> None:
        pause_s = self._backoff_s
        while not self._closed.is_set():
            with self.health.in_driver():
                device = self._opener()
            if device is not None and self._pump(device):
                pause_s = self._backoff_s
            if self._closed.is_set():
                return
            self._raise_lost("the device is gone" if device else "the device cannot be opened")
            self.health.reconnects += 1
            self._closed.wait(pause_s)
            pause_s = min(pause_s * 2, _BACKOFF_MAX_S)

    def _pump(self, device: VideoDevice) -> bool:
        """Reads until the device is gone; True when it gave at least one frame."""
        period_s = 1 / self._config.rate_hz if self._config.rate_hz else 0.0
        due, got = 0.0, False
        try:
            while not self._closed.is_set() and (frame := self._read(device)) is not None:
                got = True
                self._clear_lost()
                now = time.monotonic()
                if now >= due:
                    due = now + period_s
                    self._offer(Captured(frame, "", self._config.name))
        finally:
            with self.health.in_driver():
                device.close()
        return got

    def _read(self, device: VideoDevice) -> Array | None:
        with self.health.in_driver():
            return device.read()

    def _offer(self, captured: Captured) -> None:
        with self._changed:
            while len(self._queue) >= self._config.queue:
                self._queue.popleft()
                self.health.dropped += 1
            self._queue.append(captured)
            self.health.captured += 1
            self._changed.notify()

    def _raise_lost(self, why: str) -> None:
        self.health.up = False
        if not self._lost:
            self._lost = True
            warn("source_lost", source=self._config.name, why=why)
            self._alerts("source-lost", "error", f"{self._config.name}: {why}; trying again")

    def _clear_lost(self) -> None:
        self._last_frame = time.monotonic()
        self.health.up = True
        if self._lost:
            self._lost = False
            log("source_back", source=self._config.name)
            self._alerts("source-lost", "info", f"{self._config.name}: frames arrive again")


class _OpenCvDevice:
    def __init__(self, capture: object) -> None:
        self._capture = capture

    def read(self) -> Array | None:
        good, frame = self._capture.read()  # type: ignore[attr-defined]  # cv2 has no types here
        return frame if good else None

    def close(self) -> None:
        self._capture.release()  # type: ignore[attr-defined]  # cv2 has no types here


def open_camera(config: CameraSourceConfig) -> VideoOpener:
    """Opens a local camera by number or path."""

    def opener() -> VideoDevice | None:
        import cv2

        capture = cv2.VideoCapture(config.device)
        if config.width:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, config.width)
        if config.height:
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, config.height)
        return _opened(capture)

    return opener


def open_video(config: VideoSourceConfig) -> VideoOpener:
    """Opens a stream or a file."""

    def opener() -> VideoDevice | None:
        import cv2

        return _opened(cv2.VideoCapture(config.url))

    return opener


def _opened(capture: object) -> VideoDevice | None:
    if capture.isOpened():  # type: ignore[attr-defined]  # cv2 has no types here
        return _OpenCvDevice(capture)
    capture.release()  # type: ignore[attr-defined]  # cv2 has no types here
    return None


class ScriptedCamera:
    """A camera for tests: each plug gives its frames, then the device is gone.

    Args:
        plugs: one list of frames per time the camera is plugged in; None: not there that time.
        pause_s: between frames, seconds.
    """

    def __init__(self, plugs: Sequence[Sequence[Array] | None], pause_s: float = 0.0) -> None:
        self._plugs = deque(plugs)
        self._frames: deque[Array] = deque()
        self._pause_s = pause_s
        self.opened = 0

    def __call__(self) -> VideoDevice | None:
        """Opens it (a `VideoOpener`)."""
        self.opened += 1
        plug = self._plugs.popleft() if self._plugs else None
        if plug is None:
            return None
        self._frames = deque(plug)
        return self

    def read(self) -> Array | None:
        time.sleep(self._pause_s)
        return self._frames.popleft() if self._frames else None

    def close(self) -> None:
        self._frames.clear()
