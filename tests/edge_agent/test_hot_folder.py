"""A folder into which a camera's own program saves a file for each part: each is decided once, and none of another time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_agent.agent import Agent
from edge_agent.config import parse_config
from edge_agent.doctor import _source
from edge_agent.service_unit import make_unit
from edge_agent.sources import make_source
from edge_agent.sources.config import HotFolderSourceConfig
from edge_agent.sources.hot_folder import HotFolderSource
from edge_agent.status_text import status_lines
from tests.edge_agent.few_descriptors import few_descriptors
from tests.edge_agent.parts import agent_config, make_bundle, picture
from tests.edge_agent.test_sources import Consumer, Told
from tests.small_disks import MakeDisk
from tests.waiting import wait_for

NEVER_S = 60.0
"""To settle: what is read before shows its end."""


def encoded(suffix: str, level: int = 10, side: int = 16) -> bytes:
    return bytes(cv2.imencode(suffix, np.full((side, side, 3), level, np.uint8))[1])


@contextmanager
def hot(folder: Path, told: Told, **changes: object) -> Iterator[Consumer]:
    """A source that has had its first look."""
    config = HotFolderSourceConfig.model_validate({"path": folder, "settle_s": NEVER_S, **changes})
    source = HotFolderSource(config, told, first_pause_s=0.02)
    consumer = Consumer(source)
    try:
        wait_for(lambda: source._has_looked)
        yield consumer
    finally:
        consumer.close()


def names(consumer: Consumer) -> list[str]:
    return [captured.source.removeprefix("hot-folder/") for captured in consumer.taken]


def below(folder: Path) -> list[str]:
    """Files in a folder, days as `DAY`."""
    day = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    found = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return sorted(name.replace(day, "DAY") for name in found)


def test_each_file_is_taken_once_and_put_away(tmp_path: Path) -> None:
    with hot(tmp_path, told := Told()) as consumer:
        (tmp_path / "line-2").mkdir()
        (tmp_path / "1.png").write_bytes(picture(10))
        wait_for(lambda: names(consumer) == ["1.png"])
        (tmp_path / "line-2" / "1.png").write_bytes(picture(20))
        wait_for(lambda: len(consumer.taken) == 2)
        (tmp_path / "1.png").write_bytes(picture(30))  # the camera counts from one again
        wait_for(lambda: len(consumer.taken) == 3)
        wait_for(lambda: len(below(tmp_path)) == 3 and "1.png" not in below(tmp_path))
    first, second, other = below(tmp_path)
    assert (second, other) == ("decided/DAY/1.png", "decided/DAY/line-2/1.png")
    assert re.fullmatch(r"decided/DAY/1-\d{12}\.png", first)
    assert [c.payload for c in consumer.taken] == [picture(10), picture(20), picture(30)]
    assert told.alerts == [] and consumer.source.health.captured == 3
    assert consumer.source.live


def test_pictures_of_one_part_belong_together_by_their_names(tmp_path: Path) -> None:
    with hot(tmp_path, Told(), group_by=r"^(P\d+)_") as consumer:
        for number, name in enumerate(("P4711_1.png", "P4711_2.png", "other.png")):
            (tmp_path / name).write_bytes(picture(10 + number))
        wait_for(lambda: len(consumer.taken) == 3)
    assert [c.group for c in sorted(consumer.taken, key=lambda c: c.source)] == [
        "P4711",
        "P4711",
        "",
    ]


def test_files_that_came_before_are_no_parts_that_pass_now(tmp_path: Path) -> None:
    (tmp_path / "old.png").write_bytes(picture(10))
    with hot(tmp_path, told := Told()) as consumer:
        (tmp_path / "new.png").write_bytes(picture(20))
        wait_for(lambda: names(consumer) == ["new.png"])
    assert below(tmp_path) == ["decided/DAY/new.png", "missed/old.png"]
    assert told.alerts == [("parts-missed", "warning")] and "1 files came" in told.texts[0]
    assert consumer.source.health.dropped == 1


def test_kept_files_are_not_taken_again_but_for_others_of_their_name(tmp_path: Path) -> None:
    (tmp_path / "old.png").write_bytes(picture(10))
    with hot(tmp_path, told := Told(), done="keep") as consumer:
        (tmp_path / "new.png").write_bytes(picture(20))
        wait_for(lambda: names(consumer) == ["new.png"])
        (tmp_path / "old.png").write_bytes(picture(31, seed=1))
        wait_for(lambda: names(consumer) == ["new.png", "old.png"])
        os.utime(tmp_path / "new.png", ns=(1, 1))  # as programs that copy set it afterwards
        (tmp_path / "third.png").write_bytes(picture(40))
        wait_for(lambda: names(consumer) == ["new.png", "old.png", "third.png"])
        (tmp_path / "new.png").write_bytes(picture(50))
        wait_for(lambda: names(consumer) == ["new.png", "old.png", "third.png", "new.png"])
        (tmp_path / "third.png").unlink()
    assert below(tmp_path) == ["new.png", "old.png"] and told.alerts == []


def test_decided_files_are_deleted_where_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "old.png").write_bytes(picture(10))
    with hot(tmp_path, Told(), done="delete") as consumer:
        (tmp_path / "new.png").write_bytes(picture(20))
        wait_for(lambda: names(consumer) == ["new.png"] and below(tmp_path) == ["missed/old.png"])


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp"])
def test_a_picture_is_taken_when_its_end_is_there(suffix: str, tmp_path: Path) -> None:
    content = encoded(suffix)
    with hot(tmp_path, Told()) as consumer:
        with (tmp_path / f"1{suffix}").open("wb", buffering=0) as file:
            file.write(content[:-1])
            (tmp_path / "2.png").write_bytes(picture(10))
            wait_for(lambda: names(consumer) == ["2.png"])
            file.write(content[-1:])
        wait_for(lambda: names(consumer) == ["2.png", f"1{suffix}"])
    assert consumer.taken[1].payload == content


def test_a_share_that_goes_away_comes_back_and_what_came_meanwhile_is_told(tmp_path: Path) -> None:
    share, away = tmp_path / "share", tmp_path / "away"
    share.mkdir()
    with hot(share, told := Told(), done="keep") as consumer:
        (share / "1.png").write_bytes(picture(10))
        wait_for(lambda: len(consumer.taken) == 1)
        share.rename(away)
        wait_for(lambda: not consumer.source.health.up)
        (away / "2.png").write_bytes(picture(20))
        away.rename(share)
        wait_for(lambda: consumer.source.health.up)
        (share / "3.png").write_bytes(picture(30))
        wait_for(lambda: names(consumer) == ["1.png", "3.png"])
    assert told.alerts == [
        ("source-lost", "error"), ("parts-missed", "warning"), ("source-lost", "info"),
    ]  # fmt: skip
    assert "No such file" in told.texts[0] and "1 files came" in told.texts[1]


@contextmanager
def mounted(at: Path, *, like: Path) -> Iterator[None]:
    """A share at `at`, with the files of `like`."""
    subprocess.run(["mount", "--bind", str(like), str(at)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


@pytest.fixture
def share(make_disk: MakeDisk) -> Path:
    """A disk with files in it, as a share that is mounted somewhere."""
    disk = make_disk(4)
    for number in range(3):
        (disk / f"old{number}.png").write_bytes(encoded(".png", number))
    return disk


@pytest.fixture
def camera(make_disk: MakeDisk) -> Path:
    """Where a share is mounted: not below pytest's own folders, which are cleared up."""
    folder = make_disk(1) / "camera"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("done", ["move", "keep"])
def test_a_share_that_is_not_mounted_any_more_is_away_and_brings_no_parts(
    camera: Path, share: Path, done: str
) -> None:
    told = Told()
    with ExitStack() as open_now:
        with mounted(camera, like=share):
            consumer = open_now.enter_context(hot(camera, told, done=done))
            (share / "first.png").write_bytes(encoded(".png", 6))
            wait_for(lambda: names(consumer) == ["first.png"])
        wait_for(lambda: ("source-lost", "error") in told.alerts)
        assert "not mounted" in told.texts[-1]
        (share / "meanwhile.png").write_bytes(encoded(".png", 7))
        with mounted(camera, like=share):
            wait_for(lambda: ("source-lost", "info") in told.alerts)
            (share / "now.png").write_bytes(encoded(".png", 8))
            wait_for(lambda: len(consumer.taken) > 1)
    assert names(consumer) == ["first.png", "now.png"]
    assert "hot-folder: 1 files came while the agent did not look" in "\n".join(told.texts)


@pytest.mark.parametrize("done", ["move", "keep"])
def test_a_share_that_is_mounted_late_brings_no_parts(camera: Path, share: Path, done: str) -> None:
    told = Told()
    with hot(camera, told, done=done) as consumer, mounted(camera, like=share):
        wait_for(lambda: ("parts-missed", "warning") in told.alerts)
        (share / "now.png").write_bytes(encoded(".png", 8))
        wait_for(lambda: bool(consumer.taken))
    assert names(consumer) == ["now.png"]


def test_a_folder_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    told = Told()
    source = make_source(HotFolderSourceConfig(path=tmp_path / "later"), told)
    consumer = Consumer(source)
    try:
        wait_for(lambda: told.alerts == [("source-lost", "error")])
        assert source.health.capture.silent_s < 2
    finally:
        consumer.close()


def test_a_line_may_stand_still_unless_something_else_is_said(tmp_path: Path) -> None:
    with hot(tmp_path, told := Told(), stale_s=0.2) as consumer:
        wait_for(lambda: told.alerts == [("source-lost", "error")])
        (tmp_path / "1.png").write_bytes(picture(10))
        wait_for(lambda: ("source-lost", "info") in told.alerts)
        assert names(consumer) == ["1.png"]


def test_an_agent_decides_acts_and_is_safe_about_a_torn_picture(tmp_path: Path) -> None:
    folder = tmp_path / "camera"
    folder.mkdir()
    (folder / "before.png").write_bytes(picture(250))
    (tmp_path / "b.kwb").write_bytes(make_bundle())
    source = {"kind": "hot-folder", "path": "camera", "settle_s": 0.1}
    actions = [{"kind": "simulated", "name": "reject", "path": "orders.jsonl", "verdicts": ["act"]}]
    config = agent_config(tmp_path, folder, bundle="b.kwb", source=source, actions=actions)
    agent = Agent(config)
    runner = threading.Thread(target=agent.run)
    runner.start()
    try:
        wait_for(lambda: agent.line.active is not None and (folder / "missed").exists())
        (folder / "good.png").write_bytes(picture(10))
        (folder / "bad.png").write_bytes(picture(250))
        wait_for(lambda: sum(agent.line.verdicts.values()) == 2)
        (folder / "torn.png").write_bytes(picture(250)[:-10])
        wait_for(lambda: sum(agent.line.verdicts.values()) == 3)
        wait_for(lambda: not (folder / "torn.png").exists())
    finally:
        agent.stop()
        runner.join(20)
    assert agent.line.verdicts == {"pass": 1, "act": 1, "review": 1}
    orders = [json.loads(line) for line in (tmp_path / "orders.jsonl").read_text().splitlines()]
    assert len(orders) == 1
    assert below(folder) == [
        "decided/DAY/bad.png", "decided/DAY/good.png", "decided/DAY/torn.png", "missed/before.png",
    ]  # fmt: skip


# -- around it -------------------------------------------------------------------------------------


def test_status_counts_the_files_of_every_time_at_which_nobody_looked(tmp_path: Path) -> None:
    """The alert stands since the first of them, and its number with it."""
    hot = tmp_path / "hot"
    hot.mkdir()
    (hot / "before.jpg").write_bytes(encoded(".jpg"))
    source = {"kind": "hot-folder", "path": str(hot)}
    agent = Agent(agent_config(tmp_path, hot, source=source))
    runner = threading.Thread(target=agent.run, daemon=True)
    runner.start()
    wait_for(lambda: agent.figures()["frames_dropped"] == 1)
    hot.rename(tmp_path / "away")
    wait_for(lambda: "source-lost" in agent.alerts.open())
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "away" / name).write_bytes(encoded(".jpg"))
    (tmp_path / "away").rename(hot)
    wait_for(lambda: agent.figures()["frames_dropped"] == 3)
    assert any(
        "3 frames, files or windows not judged" in line
        for line in status_lines(dict(agent.status()))
    )
    agent.stop()
    runner.join(10)


def test_paths_are_relative_to_the_file_and_the_service_may_write_there(tmp_path: Path) -> None:
    source = {"kind": "hot-folder", "path": "camera"}
    config = parse_config({"source": source, "state_dir": "state"}, base=tmp_path)
    assert isinstance(config.source, HotFolderSourceConfig)
    assert config.source.path == tmp_path / "camera"
    unit = make_unit(tmp_path / "agent.yaml", Path("/var/lib/k"), "ada", [Path("/srv/my camera")])
    assert 'ReadWritePaths=-/var/lib/k "-/srv/my camera"\n' in unit


def test_doctor_looks_at_the_folder(tmp_path: Path) -> None:
    source = {"kind": "hot-folder", "path": "camera"}
    config = parse_config({"source": source, "state_dir": "state"}, base=tmp_path)
    missing = _source(config)
    assert not missing.ok and "mounted" in missing.fix
    (tmp_path / "camera").mkdir()
    assert _source(config).ok


def test_a_picture_for_which_there_is_no_descriptor_is_told_and_judged_once_there_is(
    tmp_path: Path,
) -> None:
    config = HotFolderSourceConfig.model_validate({"path": tmp_path, "settle_s": 0.001})
    source = HotFolderSource(config, told := Told())
    assert list(source._one_look()) == []
    for number in (1, 2):
        (tmp_path / f"{number}.png").write_bytes(picture(number))
    looking = source._one_look()
    assert next(looking).payload == picture(1)
    with few_descriptors():
        left = list(looking)
    assert left == []
    assert not source.health.up
    assert told.alerts == [("source-lost", "error")]
    assert "files cannot be read: " in told.texts[0]
    assert [one.payload for one in source._one_look()] == [picture(2)]
    assert [source.health.up, told.alerts[1:]] == [True, [("source-lost", "info")]]
    assert below(tmp_path) == ["decided/DAY/1.png", "decided/DAY/2.png"]
