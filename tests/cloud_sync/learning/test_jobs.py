"""The job queue: leases, retries, cancelling, and what a crash leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_sync.errors import ConflictError
from cloud_sync.learning import jobs
from cloud_sync.learning.processes import (
    MARK_FILE,
    CancelledError,
    CommandError,
    clean_environment,
    end_leftover,
    kit_command,
    run_command,
)
from cloud_sync.learning.runner import JobContext, Runner
from cloud_sync.store.models import Job
from kits.core.errors import DataError
from kits.core.sample import utc_now
from tests.cloud_sync.hub_builders import add_person, open_hub
from tests.waiting import wait_for

WORKER = Path(__file__).with_name("job_worker.py")


@pytest.fixture
def hub(tmp_path: Path):
    with open_hub(tmp_path) as (_, hub):
        yield hub


def put(hub, kind: str = "sleep", **more: object) -> int:
    with hub.database.transaction() as session:
        return jobs.enqueue(session, kind, {}, by="eve", **more).id


def look(hub, job_id: int) -> Job:
    with hub.database.session() as session:
        return jobs.find_job(session, job_id)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_job_runs_once_and_keeps_its_result_and_log(hub) -> None:
    job_id = put(hub, "greet")

    def greet(context: JobContext) -> dict[str, str]:
        context.say("hello")
        return {"said": "hello"}

    runner = Runner(hub, {"greet": greet})
    assert runner.run_one() and not runner.run_one()
    job = look(hub, job_id)
    assert (job.state, job.result, job.attempts) == ("done", {"said": "hello"}, 1)
    assert jobs.log_tail(hub, job) == "hello\n"


def test_the_same_work_is_not_queued_twice_but_again_when_done(hub) -> None:
    put(hub, "greet", unique_key="k")
    with pytest.raises(ConflictError, match="already"):
        put(hub, "greet", unique_key="k")
    Runner(hub, {"greet": lambda _: {}}).run_one()
    assert put(hub, "greet", unique_key="k") > 0


def test_two_workers_never_take_the_same_job(hub) -> None:
    ids = [put(hub, "x") for _ in range(12)]
    taken: list[int] = []

    def work(owner: str) -> None:
        while (job := jobs.claim(hub, owner, utc_now())) is not None:
            taken.append(job.id)

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == ids


def test_a_bug_is_retried_with_growing_pauses_then_given_up(hub) -> None:
    job_id = put(hub, "buggy", max_attempts=2)

    def buggy(_: JobContext) -> dict[str, str]:
        raise ZeroDivisionError("oh")

    runner = Runner(hub, {"buggy": buggy})
    runner.run_one()
    job = look(hub, job_id)
    assert job.state == "queued" and job.run_after > utc_now() + timedelta(seconds=5)
    assert not runner.run_one()
    with hub.database.transaction() as session:
        jobs.find_job(session, job_id).run_after = utc_now()
    runner.run_one()
    job = look(hub, job_id)
    assert (job.state, job.attempts, job.error) == ("failed", 2, "ZeroDivisionError: oh")


def test_an_error_a_person_must_fix_is_not_retried(hub) -> None:
    job_id = put(hub, "bad")

    def bad(_: JobContext) -> dict[str, str]:
        raise DataError("no pictures", fix="review some")

    Runner(hub, {"bad": bad}).run_one()
    job = look(hub, job_id)
    assert (job.state, job.attempts) == ("failed", 1)
    assert "review some" in job.error


def sleeper(mark: str) -> subprocess.Popen[bytes]:
    code = "import time; print('up', flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={"KITWRIGHT_JOB_MARK": mark},
        stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == b"up\n"
    return process


def test_all_that_bears_the_mark_of_a_job_is_ended_and_nothing_else(tmp_path: Path) -> None:
    """A worker that was killed before it knew its child's number has the mark written down."""
    ours, others = "ab" * 16, "cd" * 16
    left = [sleeper(ours), sleeper(ours)]  # each in a session of its own
    kept = [sleeper(others), sleeper("")]
    try:
        (tmp_path / MARK_FILE).write_text("")  # a disk that failed
        assert not end_leftover(tmp_path)
        (tmp_path / MARK_FILE).write_text(ours)
        assert end_leftover(tmp_path) and not end_leftover(tmp_path)
        assert not any(alive(process.pid) for process in left)
        assert all(alive(process.pid) for process in kept)
    finally:
        for process in left + kept:
            process.kill()
            process.communicate()


def test_the_mark_is_there_before_the_command_and_gone_after_it(tmp_path: Path) -> None:
    code = f"import os, pathlib; print(os.environ['KITWRIGHT_JOB_MARK'], pathlib.Path({MARK_FILE!r}).read_text())"
    done = run_command(
        [sys.executable, "-c", code], folder=tmp_path, cwd=tmp_path,
        log=tmp_path / "log", limit_s=30, still_wanted=lambda: True,
    )  # fmt: skip
    borne, written = done.output.split()
    assert borne == written and len(borne) == 32
    assert not (tmp_path / MARK_FILE).exists()


def test_a_killed_workers_job_is_taken_over_and_its_child_ended(hub) -> None:
    job_id = put(hub)
    worker = subprocess.Popen(
        [sys.executable, str(WORKER), str(hub.config.data_dir)],
        env={**os.environ, "PYTHONPATH": str(WORKER.parents[3])},
    )
    note = hub.config.jobs_dir / str(job_id) / "child"
    wait_for(lambda: note.exists() and note.read_text() != "")
    child = int(note.read_text())
    worker.kill()
    worker.wait()
    assert alive(child)
    assert jobs.claim(hub, "too early", utc_now()) is None
    with hub.database.transaction() as session:
        jobs.find_job(session, job_id).lease_until = utc_now()  # time has passed
    Runner(hub, {"sleep": lambda _: {"second": True}}).run_one()
    job = look(hub, job_id)
    assert (job.state, job.attempts, job.result) == ("done", 2, {"second": True})
    wait_for(lambda: not alive(child))


def test_a_job_that_kills_every_worker_is_given_up(hub) -> None:
    job_id = put(hub, max_attempts=1)
    assert jobs.claim(hub, "dead", utc_now() - timedelta(minutes=5)) is None
    assert jobs.claim(hub, "dead", utc_now()).id == job_id
    assert jobs.claim(hub, "next", utc_now() + timedelta(minutes=5)) is None
    assert look(hub, job_id).state == "failed"


def test_a_worker_that_lost_its_lease_cannot_close_the_job(hub) -> None:
    job_id = put(hub)
    jobs.claim(hub, "slow", utc_now())
    jobs.claim(hub, "quick", utc_now() + timedelta(minutes=2))
    jobs.complete(hub, job_id, "slow", {"by": "slow"}, utc_now())
    assert look(hub, job_id).state == "running"
    assert not jobs.beat(hub, job_id, "slow", utc_now())
    jobs.complete(hub, job_id, "quick", {"by": "quick"}, utc_now())
    assert look(hub, job_id).result == {"by": "quick"}


def test_cancelling_ends_the_whole_process_group(hub, tmp_path: Path) -> None:
    job_id = put(hub)
    code = (
        "import os, pathlib, subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "pathlib.Path('child').write_text(str(p.pid)); time.sleep(600)"
    )

    def work(context: JobContext) -> dict[str, int]:
        run_command(
            [sys.executable, "-c", code], folder=context.folder, cwd=context.folder,
            log=context.log, limit_s=600, still_wanted=context.still_wanted,
        )  # fmt: skip
        return {}

    runner = Runner(hub, {"sleep": work})
    runner.start()
    note = hub.config.jobs_dir / str(job_id) / "child"
    wait_for(lambda: note.exists() and note.read_text() != "")
    grandchild = int(note.read_text())
    with hub.database.transaction() as session:
        jobs.cancel(session, job_id, by="eve")
    wait_for(lambda: not alive(grandchild))
    runner.stop()
    job = look(hub, job_id)
    assert (job.state, job.error) == ("failed", "cancelled by eve")


def test_stopping_a_worker_gives_its_job_back(hub) -> None:
    job_id = put(hub)
    started = threading.Event()

    def work(context: JobContext) -> dict[str, int]:
        started.set()
        while context.still_wanted():
            time.sleep(0.01)
        raise CancelledError("stopping")

    runner = Runner(hub, {"sleep": work})
    runner.start()
    wait_for(started.is_set)
    runner.stop()
    assert look(hub, job_id).state == "queued"


def test_a_command_over_its_limit_is_ended(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="longer than"):
        run_command(
            [sys.executable, "-c", "import time; time.sleep(60)"], folder=tmp_path, cwd=tmp_path,
            log=tmp_path / "log", limit_s=0.5, still_wanted=lambda: True,
        )  # fmt: skip


def test_children_do_not_see_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KITWRIGHT_TOKEN", "kwt_secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@db")
    assert "secret" not in str(clean_environment(2))
    done = run_command(
        [sys.executable, "-c", "import os; print(sorted(os.environ))"], folder=tmp_path,
        cwd=tmp_path, log=tmp_path / "log", limit_s=30, still_wanted=lambda: True, threads=3,
    )  # fmt: skip
    assert "TOKEN" not in done.output and "DATABASE" not in done.output
    assert "OMP_NUM_THREADS" in done.output


def test_what_others_sent_is_no_work_tree_and_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training runs in a folder with files from bundles: git must not obey them, nor Python import them."""
    assert clean_environment(1)["GIT_DIR"] == os.devnull
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))  # without `kit` beside it
    assert kit_command()[1:] == ["-P", "-m", "kits.cli"]


def test_the_api_shows_and_cancels_jobs(tmp_path: Path) -> None:
    with open_hub(tmp_path) as (client, hub):
        eve, vic = add_person(hub, "eve", "engineer"), add_person(hub, "vic", "viewer")
        job_id = put(hub)
        assert client.get(f"/v1/jobs/{job_id}", headers=vic).json()["state"] == "queued"
        assert client.post(f"/v1/jobs/{job_id}/cancel", headers=vic).status_code == 403
        ended = client.post(f"/v1/jobs/{job_id}/cancel", headers=eve).json()
        assert (ended["state"], ended["error"]) == ("failed", "cancelled by eve")
        put(hub)
        first = client.get("/v1/jobs", headers=vic, params={"limit": 1}).json()
        second = client.get("/v1/jobs", headers=vic, params={"before": first["next"]}).json()
        assert [j["id"] for j in first["jobs"] + second["jobs"]] == [2, 1]
        assert client.get("/v1/jobs/99", headers=vic).status_code == 404
        missing = client.post("/v1/retrainings", headers=eve, json={"project": "nope"})
        assert missing.status_code == 404


def test_a_clock_that_was_years_ahead_keeps_no_job_waiting(hub) -> None:
    ahead = utc_now() + timedelta(days=5 * 365)
    first = put(hub)
    assert jobs.claim(hub, "dead", ahead) is not None
    second = put(hub)
    with hub.database.transaction() as session:
        jobs.find_job(session, second).run_after = ahead
    found = {job.id for _ in range(2) if (job := jobs.claim(hub, "w", utc_now())) is not None}
    assert found == {first, second}
    assert jobs.claim(hub, "x", utc_now()) is None, "they are taken now"
