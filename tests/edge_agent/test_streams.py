"""Streams: which of their frames had waited, and how far the decoder lags behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.sources import stillness
from edge_agent.sources.backlog import Backlog
from edge_agent.sources.config import CameraSourceConfig, VideoSourceConfig
from edge_agent.sources.opencv_video import OpenCvDevice, open_video
from edge_agent.sources.stillness import Stillness
from edge_agent.sources.video import ScriptedCamera, VideoDevice, VideoSource

Frames = list[tuple[float, float]]
"""(seconds it was waited for, its position on the stream's clock)."""


def held(frames: Frames, opened_s: float, silence_s: float = 5.0) -> list[int]:
    """Which frames had waited, of a stream that took so long to open."""
    backlog, now, found = Backlog(100.0, silence_s), 100.0 + opened_s, []
    for number, (waited_s, position_s) in enumerate(frames):
        asked, now = now, now + waited_s
        if backlog.holds(asked, now, position_s):
            found.append(number)
    return found


def steady(period_s: float, after_s: float, frames: int = 8) -> Frames:
    return [(period_s, after_s + (n + 1) * period_s) for n in range(frames)]


def test_what_came_while_a_stream_was_opened_has_waited() -> None:
    """As an RTSP camera of 5 frames a second does: opened in 5.2 s, then 26 frames at once."""
    waiting = [(0.006, 0.0), *((0.006, 0.2 * n) for n in range(26))]
    assert held([*waiting, *steady(0.2, 5.0)], opened_s=5.2) == list(range(27))


@pytest.mark.parametrize("opened_s", [0.0, 0.5])
def test_a_camera_whose_stream_tells_made_up_times_is_seen(opened_s: float) -> None:
    """Motion JPEG over HTTP is told as 25 frames a second, whatever it has."""
    slow = [(1.0, 0.04 * n) for n in range(9)]
    assert held(slow, opened_s) in ([], [0])
    fast = [(1 / 60, 0.04 * n) for n in range(99)]
    assert len(held(fast, opened_s)) < 99 * (opened_s + 0.1)
    assert len(held([(0.2, 0.0)] * 20, opened_s)) <= 5


def test_the_frame_that_a_decoder_held_through_a_silence_has_waited() -> None:
    before = steady(0.2, 0.0)
    again = [(6.0, before[-1][1] + 0.2), *steady(0.2, before[-1][1] + 0.2)]
    assert held([*before, *again], opened_s=0.0) == [len(before)]


def test_a_frame_whose_clock_went_on_through_a_silence_is_of_now() -> None:
    before = steady(0.04, 0.0)
    again = [(6.0, before[-1][1] + 6.0), *steady(0.04, before[-1][1] + 6.0)]
    assert held([*before, *again], opened_s=0.0) == []


def test_a_camera_slower_than_its_stale_s_is_seen() -> None:
    assert held([(10.0, 0.04 * n) for n in range(20)], opened_s=0.0) == []


class _Stream(ScriptedCamera):
    """Takes a while to open, and gives then what came meanwhile."""

    def __init__(self, positions: list[float]) -> None:
        super().__init__([[np.full((2, 2, 3), n, np.uint8) for n in range(len(positions))]])
        self._positions = positions
        self._given = count()

    def __call__(self) -> VideoDevice | None:
        time.sleep(0.3)
        return super().__call__()

    @property
    def position_s(self) -> float | None:
        return self._positions[next(self._given)]


def test_a_part_that_passed_while_the_stream_was_opened_is_not_judged_as_one_that_passes() -> None:
    stream = _Stream([0.0, 0.0, 0.0, 10.0])
    source = VideoSource(VideoSourceConfig(url="rtsp://x/"), stream, lambda *_: None, backoff_s=9)
    taken = next(source.samples())
    source.close()
    assert isinstance(taken.payload, np.ndarray) and int(taken.payload[0, 0, 0]) == 3
    assert source.health.dropped == 3


@pytest.mark.parametrize(
    ("asked", "sides", "severities"),
    [
        ({}, (2, 4, 4, 2), ["warning", "info"]),
        ({"width": 8, "height": 4}, (2, 2, 4), ["warning", "info"]),
        ({"width": 4}, (2, 2), []),
    ],
)
def test_a_camera_that_gives_another_size_than_asked_for_or_than_before_is_told(
    asked: dict[str, int], sides: tuple[int, ...], severities: list[str]
) -> None:
    frames = [np.zeros((n, 2 * n, 3), np.uint8) for n in sides]
    told: list[tuple[str, str, str]] = []
    camera = CameraSourceConfig.model_validate({"queue": 8, **asked})
    source = VideoSource(
        camera, ScriptedCamera([frames]), lambda *alert: told.append(alert), backoff_s=9
    )
    stream = source.samples()
    assert [next(stream) for _ in frames]
    source.close()
    list(stream)
    found = [(severity, text) for name, severity, text in told if name == "picture-size"]
    assert [severity for severity, _ in found] == severities
    if asked and found:
        assert "pictures have 4×2 pixels, not 8×4" in found[0][1]


def test_a_camera_that_froze_is_told_and_one_in_the_dark_is_not() -> None:
    told: list[tuple[str, str]] = []
    still = Stillness("camera", lambda name, severity, _text: told.append((name, severity)))
    noise = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    for second in range(200):
        still.look(noise[second % 2], second)
        still.look(np.zeros((64, 64, 3), np.uint8), second + 0.5)
    for second in range(200, 300):
        still.look(np.full((64, 64, 3), 16, np.uint8), second)
    assert told == []
    for second in range(300, 400):
        still.look(noise[0], second)
    still.look(noise[1], 400)
    assert told == [("picture-frozen", "error"), ("picture-frozen", "info")]


def test_a_frozen_camera_is_seen_by_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stillness, "FROZEN_S", 0.0)
    told: list[str] = []
    frame = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    source = VideoSource(
        CameraSourceConfig(queue=8),
        ScriptedCamera([[frame] * 3]),
        lambda name, _severity, _text: told.append(name),
        backoff_s=9,
    )
    stream = source.samples()
    assert [next(stream) for _ in range(3)]
    source.close()
    list(stream)
    assert told.count("picture-frozen") == 1


@contextmanager
def served(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """The address of a camera that answers by HTTP."""

    class Camera(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...

        def do_GET(self) -> None:
            with suppress(OSError):  # who looks may be gone
                answer(self)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/picture"
    server.shutdown()
    server.server_close()


JPEG = bytes(cv2.imencode(".jpg", np.full((64, 64, 3), 90, np.uint8))[1])


def test_a_camera_that_gives_one_picture_each_time_it_is_asked_is_seen() -> None:
    """Each is the only one of its connection, which takes a camera a while to answer."""

    def snapshot(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.2)
        request.send_response(200)
        request.send_header("Content-Length", str(len(JPEG)))
        request.end_headers()
        request.wfile.write(JPEG)

    with served(snapshot) as url:
        config = VideoSourceConfig(url=url, stale_s=60)
        source = VideoSource(config, open_video(config), lambda *_: None, backoff_s=0.01)
        ended = threading.Timer(5.0, source.close)
        ended.start()
        found = sum(1 for _ in islice(source.samples(), 2))
        ended.cancel()
        source.close()
    assert (found, source.health.dropped) == (2, 0)


def test_the_first_part_after_a_pause_of_a_camera_that_sends_one_picture_for_each_is_seen() -> None:
    """What FFmpeg says of their times is made up: a pause is no silence that a decoder held a picture through."""

    def triggered(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=kw")
        request.end_headers()
        for pause_s in (0.2, 0.2, 0.2, 1.0, 0.2, 0.2, 0.2, 9.0):
            head = f"--kw\r\nContent-Type: image/jpeg\r\nContent-Length: {len(JPEG)}\r\n\r\n"
            request.wfile.write(head.encode() + JPEG + b"\r\n")
            request.wfile.flush()
            time.sleep(pause_s)

    with served(triggered) as url:
        config = VideoSourceConfig(url=url, stale_s=0.5, queue=9)
        source = VideoSource(config, open_video(config), lambda *_: None, backoff_s=9)
        ended = threading.Timer(5.0, source.close)
        ended.start()
        found = sum(1 for _ in islice(source.samples(), 8))
        ended.cancel()
        source.close()
    assert (found, source.health.dropped) == (8, 0)


@pytest.fixture
def streamed(tmp_path: Path) -> Iterator[str]:
    """The address of a film of a codec that is decoded by several threads where it may be."""
    film = cv2.VideoWriter(
        str(tmp_path / "v.avi"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 64)
    )  # fmt: skip
    for n in range(20):
        film.write(np.full((64, 64, 3), n * 10, np.uint8))
    film.release()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v.avi"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("threads", [None, 3])
def test_a_live_stream_is_decoded_without_frames_that_are_kept_back(
    streamed: str, threads: int | None
) -> None:
    more = {} if threads is None else {"threads": threads}
    device = open_video(VideoSourceConfig(url=streamed, **more))()
    assert isinstance(device, OpenCvDevice)
    assert device.read() is not None and device.position_s is not None
    assert device.capture.get(cv2.CAP_PROP_N_THREADS) == (threads or 1)  # type: ignore[attr-defined]
    device.close()
