"""Several hubs write scores into one CRM: what each of them wrote counts, also when its lease passed to another."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.config import dump
from cloud_sync.crm.kinds.base import WriteOutcome
from cloud_sync.crm.outbound import writing
from cloud_sync.effects.lives import ANSWERED
from tests import forked
from tests.cloud_sync.crm import killed_writer
from tests.cloud_sync.crm.servers import Reply
from tests.cloud_sync.crm.writing_builders import NAME, Scene, writing_scene


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    with writing_scene(tmp_path, database_url) as made:
        yield made


def slowly(scene: Scene, meanwhile: Any) -> None:
    """The CRM takes longer over the next batch than a lease lasts; `meanwhile` happens before it answers."""
    act = scene.portal.act

    def slow(asked: Any) -> Reply:
        if asked.path.endswith("batch/update"):
            scene.server.act = act
            scene.now += writing.LEASE + timedelta(seconds=1)
            meanwhile()
        return act(asked)

    scene.server.act = slow


def test_two_hubs_that_are_slower_than_their_leases_do_not_write_for_ever(scene: Scene) -> None:
    """Each finds its lease with the other; what it wrote counts all the same."""
    scene.score("1", 50)
    first, second = scene.writer(), scene.writer()
    taken: list[writing.Claim] = []
    slowly(
        scene,
        lambda: taken.append(
            writing.claim(
                scene.hub, scene.connection(), writing.Terms(100, 3, 100), "other", scene.now
            )
        ),
    )
    assert first.step() == 1 and len(taken[0].writes) == 1
    assert (scene.lead("1").written, scene.lead("1").write_at) == (1, None)
    scene.now += writing.LEASE + timedelta(seconds=1)
    assert (first.step(), second.step()) == (0, 0)
    assert scene.portal.batches == [1]


def test_a_hub_that_was_overtaken_has_the_newest_score_written_again(scene: Scene) -> None:
    """Its old score may have reached the CRM after the new one."""
    scene.score("1", 50)
    writer = scene.writer()

    def overtake() -> None:
        scene.score("1", 90)
        claim = writing.claim(
            scene.hub, scene.connection(), writing.Terms(100, 3, 100), "other", scene.now
        )
        with scene.hub.database.transaction() as session:
            done = [WriteOutcome(write.object_id, True) for write in claim.writes]
            writing.note(session, NAME, claim.writes, done, "other", scene.now, random.Random(1))

    slowly(scene, overtake)
    writer.step()
    assert scene.shown("1") == "50" and scene.lead("1").written == 2
    assert writer.step() == 1
    assert scene.shown("1") == "90"
    assert writer.step() == 0


@contextmanager
def stuck_at_it(scene: Scene) -> Iterator[BaseProcess]:
    """A hub that waits for the CRM's answer to a batch, which takes nothing of it."""
    act, asked, over = scene.portal.act, threading.Event(), threading.Event()

    def silent(request: Any) -> Reply:
        if request.path.endswith("batch/update"):
            asked.set()
            over.wait(60)
            return Reply(status=503)
        return act(request)

    data = scene.hub.config.data_dir
    (data / "hub.yaml").write_text(dump(scene.hub.config))
    scene.server.act = silent
    process = forked.start(killed_writer.main, data)
    try:
        assert asked.wait(60)
        yield process
    finally:
        forked.end(process)
        scene.server.act = act
        over.set()


def start_and_stop(scene: Scene) -> timedelta:
    """Another process comes and goes; how long the lead's lease lasts now."""
    writer = scene.writer()
    writer.start()
    writer.stop()
    until = scene.lead("1").write_lease_until
    assert until is not None
    return until - scene.now


def test_scores_that_a_killed_hub_was_writing_are_written_by_the_next_one(scene: Scene) -> None:
    """An objection too: it waited for ten minutes, with the old score in the CRM."""
    scene.score("1", 50)
    with stuck_at_it(scene) as hub:
        assert start_and_stop(scene) > writing.LEASE - timedelta(minutes=2), "it lives"
        forked.end(hub)
        assert start_and_stop(scene) == ANSWERED, "the CRM may be at work on it"
    scene.now += timedelta(seconds=5)
    assert start_and_stop(scene) < ANSWERED, "a hub that is killed again and again puts nothing off"
    scene.now += timedelta(seconds=6)
    assert scene.writer().step() == 1
    assert scene.shown("1") == "50"
    assert not list(scene.hub.config.writers_dir.iterdir())
