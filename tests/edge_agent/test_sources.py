"""Sources: folders, files and cameras, with everything that goes wrong before a picture is there."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.errors import SourceError
from edge_agent.sources import make_source
from edge_agent.sources.base import Captured, Source
from edge_agent.sources.config import CameraSourceConfig, FolderSourceConfig, VideoSourceConfig
from edge_agent.sources.folder import FolderSource
from edge_agent.sources.video import ScriptedCamera, VideoSource
from tests.edge_agent.parts import decision, picture
from tests.waiting import wait_for


def no_alert(_name: str, _severity: str, _text: str) -> None: ...


class Consumer:
    """Takes every sample of a source in a thread of its own, as the agent does."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.taken: list[Captured] = []
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        self.taken.extend(self.source.samples())

    def close(self) -> None:
        self.source.close()
        self._thread.join(10)
        assert not self._thread.is_alive()


class Told:
    """What was alerted."""

    def __init__(self) -> None:
        self.alerts: list[tuple[str, str]] = []
        self.texts: list[str] = []

    def __call__(self, name: str, severity: str, text: str) -> None:
        self.texts.append(text)
        self.alerts.append((name, severity))


def test_files_of_one_part_belong_together_by_their_names(tmp_path: Path) -> None:
    for name in ("4711_a.png", "4711_b.png", "x.png"):
        (tmp_path / name).write_bytes(picture(10))
    config = FolderSourceConfig(path=tmp_path, group_by=r"^\d+")
    groups = [one.group for one in make_source(config, no_alert).samples()]
    assert groups == ["4711", "4711", "folder/x.png"]


def test_an_expression_for_parts_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        FolderSourceConfig(path=tmp_path, group_by="(")


def test_a_folder_is_replayed_in_order_and_corrupt_files_are_counted(tmp_path: Path) -> None:
    for name in ("b.png", "a.png"):
        (tmp_path / name).write_bytes(picture(10))
    (tmp_path / "aa.jpg").write_bytes(b"torn")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not a sample")
    alerts: list[str] = []
    source = make_source(
        FolderSourceConfig(path=tmp_path), lambda name, _s, text: alerts.append(text)
    )
    assert [c.source for c in source.samples()] == ["folder/a.png", "folder/b.png"]
    assert source.health.corrupt == 2
    assert "aa.jpg" in alerts[0]


def test_a_folder_without_samples_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no samples"):
        next(make_source(FolderSourceConfig(path=tmp_path), no_alert).samples())
    with pytest.raises(SourceError, match="no such folder"):
        next(make_source(FolderSourceConfig(path=tmp_path / "x"), no_alert).samples())


def test_the_rate_is_kept(tmp_path: Path) -> None:
    for n in range(5):
        (tmp_path / f"{n}.png").write_bytes(picture(n))
    source = make_source(FolderSourceConfig(path=tmp_path, rate_hz=50), no_alert)
    started = time.monotonic()
    assert len(list(source.samples())) == 5
    assert time.monotonic() - started >= 0.08


def is_frame(payload: object, number: int) -> bool:
    assert isinstance(payload, np.ndarray)
    return bool(payload[0, 0, 0] == number)


def test_a_slow_consumer_sees_the_freshest_frame() -> None:
    frames = [np.full((2, 2, 3), n, np.uint8) for n in range(100)]
    camera = ScriptedCamera([frames, *[None] * 100])
    source = VideoSource(CameraSourceConfig(queue=1), camera, no_alert, backoff_s=0.01)
    stream = source.samples()
    shown = [next(stream).payload]
    wait_for(lambda: source.health.captured == 100)
    if not is_frame(shown[0], 99):  # on a busy machine the first one may be the last already
        shown.append(next(stream).payload)
    source.close()
    list(stream)
    assert is_frame(shown[-1], 99)
    assert source.health.dropped >= 90


def test_a_video_file_gives_every_frame(tmp_path: Path) -> None:
    path = tmp_path / "v.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (32, 32))
    for n in range(7):
        writer.write(np.full((32, 32, 3), n * 30, np.uint8))
    writer.release()
    source = make_source(VideoSourceConfig(url=str(path), live=False), no_alert)
    assert len(list(source.samples())) == 7
    with pytest.raises(SourceError):
        missing = VideoSourceConfig(url=str(tmp_path / "none.avi"), live=False)
        list(make_source(missing, no_alert).samples())


def test_a_driver_that_raises_an_error_is_counted_and_tried_again() -> None:
    frame = np.zeros((2, 2, 3), np.uint8)
    errors = (cv2.error("broken frame"), MemoryError(), OSError("no such ioctl"))
    camera = ScriptedCamera([[frame, errors[0]], errors[1], errors[2], [frame] * 2, *[None] * 99])
    told = Told()
    consumer = Consumer(
        VideoSource(CameraSourceConfig(queue=8), camera, told, live=True, backoff_s=0.01)
    )
    try:
        wait_for(lambda: len(consumer.taken) == 3)
    finally:
        consumer.close()
    assert consumer.source.health.failures == 3
    assert told.alerts[:2] == [("source-lost", "error"), ("source-lost", "info")]
    assert "its driver failed (error)" in told.texts[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_grabber_that_is_no_more_is_seen_by_its_silence() -> None:
    camera = ScriptedCamera([[np.zeros((2, 2, 3), np.uint8)], SystemExit()])
    consumer = Consumer(VideoSource(CameraSourceConfig(), camera, no_alert, backoff_s=0.01))
    health = consumer.source.health
    try:
        wait_for(lambda: camera.opened == 2)
        wait_for(lambda: health.capture.silent_s > 1.2)
        wait_for(lambda: health.supply.silent_s < 1.0)  # the line still asks for samples
    finally:
        consumer.close()
    assert health.capture.silent_s == health.supply.silent_s == 0.0, "nothing is expected of it now"


def test_an_absent_camera_is_no_silence() -> None:
    source = VideoSource(CameraSourceConfig(), ScriptedCamera([]), no_alert, backoff_s=30.0)
    consumer = Consumer(source)
    try:
        wait_for(lambda: source.health.reconnects == 1)
        wait_for(lambda: source.health.capture.silent_s > 0.5)
        wait_for(lambda: source.health.capture.silent_s < 0.5)  # it beats while it waits
    finally:
        consumer.close()


def test_a_loop_over_a_folder_that_was_emptied_waits_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture(10))
    told = Told()
    source = FolderSource(
        FolderSourceConfig(path=tmp_path, loop=True, rate_hz=100), told, empty_pause_s=0.05
    )
    consumer = Consumer(source)
    try:
        wait_for(lambda: len(consumer.taken) > 2)
        (tmp_path / "a.png").write_bytes(b"torn")
        wait_for(lambda: not source.health.up)
        (tmp_path / "a.png").unlink()
        wait_for(lambda: source.health.capture.silent_s < 1)
        before = len(consumer.taken)
        (tmp_path / "b.png").write_bytes(picture(20))
        wait_for(lambda: len(consumer.taken) > before)
    finally:
        consumer.close()
    # a pause doubles from 0.05 s: 50 passes would take ages, thousands were one second's before
    assert source.health.corrupt < 50
    lost = [alert for alert in told.alerts if alert[0] == "source-lost"]
    assert lost == [("source-lost", "error"), ("source-lost", "info")]
    assert consumer.taken[-1].source == "folder/b.png"


def test_file_names_that_are_no_text_travel_all_the_same(tmp_path: Path) -> None:
    for name, content in ((b"part-\xff.png", picture(1)), (b"part-\xfe.png", picture(2)),
                          (b"bad-\xff.png", b"torn")):  # fmt: skip
        (tmp_path / os.fsdecode(name)).write_bytes(content)
    told = Told()
    taken = list(make_source(FolderSourceConfig(path=tmp_path), told).samples())
    names = [captured.source for captured in taken]
    assert names == ["folder/part-\\xfe.png", "folder/part-\\xff.png"]
    for captured in taken:
        body = decision(1, source=captured.source, group=captured.group)
        assert captured.source in json.loads(body.model_dump_json())["source"]
    assert told.texts == ["bad-\\xff.png cannot be read: not image/png"]
