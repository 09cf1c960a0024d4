"""What a killed hub was at is taken up by the next one of this machine; of others its lease has to pass."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from cloud_sync.config import dump
from cloud_sync.effects import lives
from cloud_sync.effects.lives import ANSWERED
from tests import forked
from tests.cloud_sync.effects import stuck_dispatcher
from tests.cloud_sync.effects.effect_builders import Scene
from tests.cloud_sync.fleet_builders import add_device, make_hub
from tests.cloud_sync.receivers import receiver


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    with receiver() as state:
        notify = {"webhook": {"url": state.url, "timeout_s": 5}}
        with make_hub(tmp_path, notify=notify, database_url=database_url) as hub:
            (tmp_path / "hub.yaml").write_text(dump(hub.config))
            add_device(hub)
            scene = Scene(hub, state)
            scene.alerts(1)
            yield scene


@contextmanager
def stuck_at_it(scene: Scene) -> Iterator[BaseProcess]:
    """A process that has claimed the effect and waits for the receiver's answer."""
    here, there = forked.CONTEXT.Pipe(duplex=False)
    process = forked.start(stuck_dispatcher.main, scene.hub.config.data_dir, there)
    try:
        assert here.poll(60) and here.recv() == scene.effect().key
        yield process
    finally:
        forked.end(process)
        here.close()
        there.close()


def start_and_stop(scene: Scene) -> timedelta:
    """Another process comes and goes; how long the effect's lease lasts now."""
    dispatcher = scene.another()
    dispatcher.start()
    dispatcher.stop()
    until = scene.effect().lease_until
    assert until is not None
    return until - scene.now


def test_what_a_killed_hub_was_at_is_taken_up_by_the_next_one(scene: Scene) -> None:
    with stuck_at_it(scene) as hub:
        assert start_and_stop(scene) > timedelta(minutes=3), "it lives"
        forked.end(hub)
        assert start_and_stop(scene) == ANSWERED, "the receiver may be at work on it"
    assert scene.another().step() == 0
    scene.later(seconds=5)
    assert start_and_stop(scene) < ANSWERED, "a hub that is killed again and again puts nothing off"
    scene.later(seconds=6)
    assert scene.another().step() == 1
    assert (scene.effect().state, scene.effect().attempts) == ("done", 2)
    assert not list(scene.hub.config.dispatchers_dir.iterdir())


def of_another_start(scene: Scene) -> None:
    [file] = scene.hub.config.dispatchers_dir.iterdir()
    proof = file.read_bytes().split(b" ")
    proof[0] = b"00000000-0000-4000-8000-000000000000"
    file.write_bytes(b" ".join(proof))


def a_copy(scene: Scene) -> None:
    folder = scene.hub.config.dispatchers_dir
    shutil.copytree(folder, folder.with_name("copy"))
    folder.rename(folder.with_name("original"))
    folder.with_name("copy").rename(folder)


def cut_off(scene: Scene) -> None:
    [file] = scene.hub.config.dispatchers_dir.iterdir()
    os.truncate(file, 20)


def not_there(scene: Scene) -> None:
    shutil.rmtree(scene.hub.config.dispatchers_dir)


@pytest.mark.parametrize("doubt", [of_another_start, a_copy, cut_off, not_there])
def test_in_doubt_the_lease_has_to_pass(scene: Scene, doubt: Callable[[Scene], None]) -> None:
    with stuck_at_it(scene) as hub:
        forked.end(hub)
    doubt(scene)
    assert start_and_stop(scene) > timedelta(minutes=3)
    scene.later(minutes=5)
    assert scene.another().step() == 1


def test_where_the_system_does_not_tell_its_starts_apart_nobody_is_dead(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lives, "_BOOT", tmp_path / "missing")
    folder = tmp_path / "lives"
    life = lives.Life(folder, "ours")
    life.begin()
    assert (folder / "ours").read_bytes() == b""
    (folder / "left").write_bytes(b"")
    assert lives.find_dead(folder) == []
    assert [path.name for path in folder.iterdir()] == ["ours"], "what proves nothing goes"
    life.end()


def test_a_file_that_is_removed_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def looked_at_meanwhile(path: Path, flags: int, mode: int) -> int:
        monkeypatch.setattr(os, "open", opened)
        file = opened(path, flags, mode)
        assert lives.find_dead(tmp_path) == []
        return file

    monkeypatch.setattr(os, "open", looked_at_meanwhile)
    life = lives.Life(tmp_path, "ours")
    life.begin()
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]
    assert lives.find_dead(tmp_path) == [] and (tmp_path / "ours").exists()
    life.end()
    assert not (tmp_path / "ours").exists()


def test_a_hub_starts_where_no_life_can_be_noted(scene: Scene) -> None:
    scene.hub.config.dispatchers_dir.write_bytes(b"")
    dispatcher = scene.another()
    dispatcher.start()
    dispatcher.stop()
    scene.another().step()
    assert scene.states() == {"done": 1}
