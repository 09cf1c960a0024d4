"""Cameras, RTSP streams and video files.

A live source runs its own thread and keeps only the freshest frames: a slow model must see now,
not the past. A camera that is unplugged, or whose driver raises an error, is tried again (`lasting.py`).
Opening goes through `VideoOpener` (`opencv_video.py`), so tests script a device.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from edge_agent.errors import SourceError
from edge_agent.process import NativeThread
from edge_agent.sources.backlog import Backlog
from edge_agent.sources.base import Alerts, Captured, SourceHealth
from edge_agent.sources.config import CameraSourceConfig, VideoSourceConfig
from edge_agent.sources.lasting import Lasting
from edge_agent.sources.picture_size import PictureSize
from edge_agent.sources.stillness import Stillness
from kits.core.runtime import Array


class VideoDevice(Protocol):
    """An open device.

    Attributes:
        position_s: of the last frame on the device's own clock, seconds; None: it has none.
    """

    @property
    def position_s(self) -> float | None: ...

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
        self.live = live
        self._queue: deque[Captured] = deque()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._last_frame = time.monotonic()
        self.health = SourceHealth(up=False)
        asked = (
            (config.width, config.height)
            if isinstance(config, CameraSourceConfig)
            else (None, None)
        )
        self._size = PictureSize(config.name, asked, alerts)
        self._stillness = Stillness(config.name, alerts)
        self._lasting = Lasting(
            config.name,
            self.health,
            alerts,
            arrive="frames arrive",
            first_pause_s=backoff_s,
            failed=lambda error: f"its driver failed ({type(error).__name__})",
        )

    def samples(self) -> Iterator[Captured]:
        try:
            yield from self._live_samples() if self.live else self._file_samples()
        finally:
            self.health.end()

    def close(self) -> None:
        self._closed.set()
        with self._changed:
            self._changed.notify_all()

    # -- a file ----------------------------------------------------------------------------------

    def _file_samples(self) -> Iterator[Captured]:
        pulse = self.health.capture
        pulse.beat()
        device = self._opener()
        if device is None:
            raise SourceError(
                "the video cannot be opened",
                where=self._config.name,
                fix="look at its name and at what OpenCV can decode",
            )
        self.health.up = True
        period_s = 1 / self._config.rate_hz if self._config.rate_hz else 0.0
        try:
            while not self._closed.is_set() and (frame := device.read()) is not None:
                started = time.monotonic()
                self.health.captured += 1
                pulse.rest()
                yield Captured(frame, "", self._config.name)
                pulse.wait(self._closed, started + period_s - time.monotonic())
        finally:
            device.close()

    # -- a live device ---------------------------------------------------------------------------

    def _live_samples(self) -> Iterator[Captured]:
        self._last_frame = time.monotonic()
        self.health.capture.beat()  # before there is a grabber: one that never ran is silent
        grabber = NativeThread("grabber", self._grab)
        grabber.start()
        while not self._closed.is_set():
            self.health.supply.beat()
            self._lasting.check()
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed.is_set(), 1.0)
                captured = self._queue.popleft() if self._queue else None
            if captured is not None:
                self.health.supply.rest()
                yield captured
            elif time.monotonic() - self._last_frame > self._config.stale_s:
                self._lasting.lost("no frame arrives")
        grabber.join(2.0)

    def _grab(self) -> None:
        self._lasting.run(self._use_device, self._closed, lambda: self.health.captured)

    def _use_device(self) -> str:
        """Opens the device and reads until it gives nothing more. Returns why that ended."""
        self.health.capture.beat()
        backlog = Backlog(time.monotonic(), self._config.stale_s)
        device = self._opener()
        if device is None:
            return "the device cannot be opened"
        try:
            self._pump(device, backlog)
        finally:
            self.health.capture.beat()
            device.close()
        return "the device is gone"

    def _pump(self, device: VideoDevice, backlog: Backlog) -> None:
        period_s = 1 / self._config.rate_hz if self._config.rate_hz else 0.0
        due = 0.0
        while not self._closed.is_set():
            self.health.capture.beat()
            asked = time.monotonic()
            frame = device.read()
            if frame is None:
                return
            now = time.monotonic()
            if backlog.holds(asked, now, device.position_s):
                self.health.dropped += 1
                continue
            self._last_frame = now
            self._lasting.back()
            self._size.look(frame.shape[1], frame.shape[0])
            if now >= due:
                due = now + period_s
                self._stillness.look(frame, now)
                self._offer(Captured(frame, "", self._config.name))

    def _offer(self, captured: Captured) -> None:
        with self._changed:
            while len(self._queue) >= self._config.queue:
                self._queue.popleft()
                self.health.dropped += 1
            self._queue.append(captured)
            self.health.captured += 1
            self._changed.notify()


class ScriptedCamera:
    """A camera for tests: each plug gives its frames, then the device is gone.

    Args:
        plugs: one list of frames per time the camera is plugged in; None: not there that time. An
            exception, as a plug or as a frame, is raised in its place.
        pause_s: between frames, seconds.
    """

    position_s = None

    def __init__(
        self,
        plugs: Sequence[Sequence[Array | BaseException] | BaseException | None],
        pause_s: float = 0.0,
    ) -> None:
        self._plugs = deque(plugs)
        self._frames: deque[Array | BaseException] = deque()
        self._pause_s = pause_s
        self.opened = 0

    def __call__(self) -> VideoDevice | None:
        """Opens it (a `VideoOpener`)."""
        self.opened += 1
        plug = self._plugs.popleft() if self._plugs else None
        if plug is None:
            return None
        if isinstance(plug, BaseException):
            raise plug
        self._frames = deque(plug)
        return self

    def read(self) -> Array | None:
        time.sleep(self._pause_s)
        frame = self._frames.popleft() if self._frames else None
        if isinstance(frame, BaseException):
            raise frame
        return frame

    def close(self) -> None:
        self._frames.clear()
