"""Cameras, streams and video files as OpenCV opens them.

A decoder with several threads gives a frame only when so many later ones have come: at 5 frames a second and with
eight threads a part had passed by 1.6 s before it was judged. A live stream is decoded by one thread, unless told otherwise.
"""

from __future__ import annotations

import re
from typing import Final

from edge_agent.errors import SourceError
from edge_agent.sources.config import CameraSourceConfig, VideoSourceConfig
from edge_agent.sources.video import VideoDevice, VideoOpener
from kits.core.runtime import Array

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
"""Not of a file, and not a pipeline of GStreamer's, which has addresses within."""
_ONE_BY_ONE: Final = frozenset({b"MJPG", b"MPNG"})
"""Over HTTP whole pictures come without a time: FFmpeg makes one up, of 25 a second, also for a camera that sends one for each part."""


class OpenCvDevice:
    """An open `VideoDevice`.

    Args:
        capture: `cv2.VideoCapture`.
        has_clock: whether its frames say when they were made.
    """

    def __init__(self, capture: object, name: str, *, has_clock: bool = False) -> None:
        self.capture = capture
        self._name = name
        self._has_clock = has_clock

    @property
    def position_s(self) -> float | None:
        import cv2

        if not self._has_clock:
            return None
        return float(self.capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000  # type: ignore[attr-defined]  # cv2 has no types here

    def read(self) -> Array | None:
        import cv2

        try:
            good, frame = self.capture.read()  # type: ignore[attr-defined]  # cv2 has no types here
        except cv2.error as error:
            raise SourceError(f"OpenCV cannot read on: {error}", where=self._name) from error
        return frame if good else None

    def close(self) -> None:
        self.capture.release()  # type: ignore[attr-defined]  # cv2 has no types here


def open_camera(config: CameraSourceConfig) -> VideoOpener:
    """Opens a local camera by number or path."""

    def opener() -> VideoDevice | None:
        import cv2

        capture = cv2.VideoCapture(config.device)
        if config.width:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, config.width)
        if config.height:
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, config.height)
        return _opened(capture, config.name)

    return opener


def open_video(config: VideoSourceConfig) -> VideoOpener:
    """Opens a stream or a file."""

    def opener() -> VideoDevice | None:
        import cv2

        if (
            config.live
            and _ADDRESS.match(config.url)
            and cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG)
        ):
            threads = [cv2.CAP_PROP_N_THREADS, config.threads]
            capture = cv2.VideoCapture(config.url, cv2.CAP_FFMPEG, threads)
            return _opened(capture, config.name, has_clock=_has_clock(capture, config.url))
        return _opened(cv2.VideoCapture(config.url), config.name)

    return opener


def _has_clock(capture: object, url: str) -> bool:
    import cv2

    codec = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF  # type: ignore[attr-defined]  # cv2 has no types here
    return not url.lower().startswith("http") or codec.to_bytes(4, "little") not in _ONE_BY_ONE


def _opened(capture: object, name: str, *, has_clock: bool = False) -> VideoDevice | None:
    if capture.isOpened():  # type: ignore[attr-defined]  # cv2 has no types here
        return OpenCvDevice(capture, name, has_clock=has_clock)
    capture.release()  # type: ignore[attr-defined]  # cv2 has no types here
    return None
