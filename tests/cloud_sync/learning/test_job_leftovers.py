"""What jobs leave on the hub's disk: copies of all pictures go however a job ends; on a full disk they kept it full."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cloud_sync.hub import Hub
from cloud_sync.learning import jobs, retraining
from cloud_sync.learning.runner import JobContext, Runner
from cloud_sync.store.models import Job, Project
from kits.core.errors import DataError
from kits.core.sample import utc_now
from tests.cloud_sync.hub_builders import PROJECT, add_dataset, open_hub
from tests.cloud_sync.learning.test_retraining import KIT_YAML, champion
from tests.small_disks import MakeDisk

COPIES = ("dataset", "project/.kit/blobs")


def put(hub: Hub, kind: str, attempts: int = 3) -> int:
    with hub.database.transaction() as session:
        return jobs.enqueue(session, kind, {}, by="eve", max_attempts=attempts).id


def look(hub: Hub, job: int) -> Job:
    with hub.database.session() as session:
        return jobs.find_job(session, job)


def due(hub: Hub, job: int) -> None:
    with hub.database.transaction() as session:
        jobs.find_job(session, job).run_after = utc_now()


def copy(context: JobContext, n_bytes: int = 1) -> None:
    for name in COPIES:
        (context.folder / name).mkdir(parents=True, exist_ok=True)
        (context.folder / name / "picture").write_bytes(b"x" * n_bytes)


def copies(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob("jobs/*/**/picture"))


def fails(context: JobContext) -> dict[str, str]:
    copy(context)
    raise DataError("not enough pictures", fix="review some")


def test_copies_of_a_job_that_fails_go(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (_, hub):
        runner = Runner(hub, {"fails": fails})
        job = put(hub, "fails")
        assert runner.run_one()
        runner.run_one()
        assert look(hub, job).state == "failed"
        assert copies(tmp_path) == []
        assert (tmp_path / "jobs" / str(job) / "log.txt").read_text().startswith("error: not")


def test_a_retraining_that_fails_leaves_no_second_copy(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (_, hub):
        champion(hub)
        add_dataset(hub, {"a": "train", "b": "val"})
        with hub.database.transaction() as session:
            session.get_one(Project, PROJECT).kit_yaml = KIT_YAML + "nonsense: 1\n"
            job = retraining.request(session, PROJECT, by="eve").id
        runner = Runner(hub, {retraining.KIND: retraining.retrain})
        runner.run_one()
        runner.run_one()
        assert look(hub, job).state == "failed"
        left = [path.name for path in (tmp_path / "jobs" / str(job)).iterdir()]
        assert "dataset" not in left and "project" in left


def test_the_next_hub_clears_up_after_one_that_was_killed(tmp_path: Path) -> None:
    """Of jobs that wait to be tried again nothing is taken away."""
    with open_hub(tmp_path) as (_, hub):
        dead, waiting = put(hub, "fails", attempts=1), put(hub, "later")
        for job in (dead, waiting):
            (tmp_path / "jobs" / str(job) / "dataset").mkdir(parents=True)
            (tmp_path / "jobs" / str(job) / "dataset" / "picture").write_bytes(b"x")
        with hub.database.transaction() as session:
            jobs.cancel(session, dead, by="eve")
            jobs.find_job(session, waiting).run_after = utc_now().replace(year=utc_now().year + 1)
        Runner(hub, {}).run_one()
        assert copies(tmp_path) == [f"jobs/{waiting}/dataset/picture"]


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_job_on_a_full_disk_says_so_is_tried_again_and_leaves_room(
    make_disk: MakeDisk, attempts: int
) -> None:
    disk = make_disk(16)
    with open_hub(disk) as (_, hub):
        job = put(hub, "big", attempts)
        runner = Runner(hub, {"big": lambda context: copy(context, 4 << 20) or {}})
        filler = disk / "filler"
        filler.write_bytes(b"x" * (8 << 20))
        assert runner.run_one()
        told = look(hub, job)
        assert told.state == ("failed" if attempts == 1 else "queued")
        assert "no room on this disk" in told.error and "make room" in told.error
        filler.unlink()
        if attempts == 1:
            runner.run_one()
            assert copies(disk) == []
            return
        due(hub, job)
        assert runner.run_one()
        assert look(hub, job).state == "done"


def test_a_quota_is_no_room_either(tmp_path: Path) -> None:
    def over_quota(context: JobContext) -> dict[str, str]:
        copy(context)
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), str(context.folder))

    with open_hub(tmp_path) as (_, hub):
        job = put(hub, "big")
        assert Runner(hub, {"big": over_quota}).run_one()
        assert "no room on this disk" in look(hub, job).error
        assert copies(tmp_path) == []
