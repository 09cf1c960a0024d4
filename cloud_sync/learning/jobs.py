"""The queue of long work: enqueue, lease with heartbeat, retry, cancel; one table, any worker.

A job is queued in the caller's transaction. A worker that dies loses its lease, and the job is
tried again elsewhere. Doing jobs is in `runner.py`, their child processes in `processes.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import JsonValue
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.hub import Hub, audit
from cloud_sync.spans import is_free
from cloud_sync.store.models import Job
from cloud_sync.store.types import JsonObject
from kits.core.sample import utc_now

LOG_NAME = "log.txt"
TAIL_BYTES = 16 * 1024
MAX_BACKOFF = timedelta(hours=1)
CANCELLED = "cancelled"


def enqueue(
    session: Session,
    kind: str,
    args: JsonObject,
    *,
    by: str,
    unique_key: str | None = None,
    max_attempts: int = 3,
) -> Job:
    """Queues a job in the caller's transaction.

    Raises:
        ConflictError: a job with this `unique_key` is queued or running.
    """
    if unique_key is not None:
        there = session.scalar(select(Job.id).where(Job.unique_key == unique_key))
        if there is not None:
            raise ConflictError(
                f"this is already queued or running as job {there}",
                fix=f"wait for it, or look at it on the page /jobs/{there}",
            )
    job = Job(kind=kind, args=args, unique_key=unique_key, max_attempts=max_attempts, created_by=by)
    session.add(job)
    session.flush()
    audit(session, by, f"job.{kind}", str(job.id))
    return job


def find_job(session: Session, job_id: int) -> Job:
    """Raises NotFoundError when there is no such job."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFoundError(f"no job {job_id}", fix="GET /v1/jobs lists them")
    return job


def cancel(session: Session, job_id: int, *, by: str) -> Job:
    """Ends a job: at once when it waits, within seconds when it runs; a finished one stays.

    Raises:
        NotFoundError: no such job.
    """
    find_job(session, job_id)
    job = _held(session, job_id)
    if job.state in ("queued", "running"):
        _finish(job, "failed", utc_now(), error=f"{CANCELLED} by {by}")
        audit(session, by, "job.cancel", str(job_id))
    return job


def claim(hub: Hub, owner: str, now: datetime) -> Job | None:
    """Leases the oldest job that is due, or one whose worker went silent.

    A job that has been tried too often is closed as failed instead.
    """
    lease = timedelta(seconds=hub.config.jobs.lease_s)
    with hub.database.transaction() as session:
        due = (Job.state == "queued") & is_free(Job.run_after, MAX_BACKOFF, now)
        silent = (Job.state == "running") & is_free(Job.lease_until, lease, now)
        query = select(Job).where(due | silent).order_by(Job.run_after, Job.id).limit(20)
        taken = None
        for job in session.scalars(query.with_for_update(skip_locked=True)):
            if job.attempts >= job.max_attempts:
                _finish(job, "failed", now, error="its worker stopped answering, too often")
                continue
            job.state, job.lease_owner, job.lease_until = "running", owner, now + lease
            job.heartbeat_at = now
            job.started_at = job.started_at or now
            job.attempts += 1
            job.log_path = str(Path(str(job.id)) / LOG_NAME)
            taken = job
            break
    return taken


def beat(hub: Hub, job_id: int, owner: str, now: datetime) -> bool:
    """Renews a lease; False when the job was cancelled or another worker has it."""
    lease = timedelta(seconds=hub.config.jobs.lease_s)
    with hub.database.transaction() as session:
        renewed = session.execute(
            update(Job)
            .where(Job.id == job_id, Job.state == "running", Job.lease_owner == owner)
            .values(lease_until=now + lease, heartbeat_at=now)
            .returning(Job.id)
        ).scalar()
    return renewed is not None


def is_mine(session: Session, job_id: int, owner: str) -> bool:
    """Whether a job is this worker's, neither cancelled nor given to another; so it stays until the transaction ends."""
    job = _held(session, job_id)
    return job.state == "running" and job.lease_owner == owner


def complete(
    hub: Hub, job_id: int, owner: str, result: Mapping[str, JsonValue], now: datetime
) -> None:
    """Closes a job as done, unless it was taken away meanwhile."""
    with hub.database.transaction() as session:
        if is_mine(session, job_id, owner):
            job = find_job(session, job_id)
            job.result = dict(result)
            _finish(job, "done", now)


def fail(
    hub: Hub, job_id: int, owner: str, error: str, now: datetime, *, final: bool = False
) -> None:
    """Queues a failed job again with a growing pause, or closes it."""
    with hub.database.transaction() as session:
        if not is_mine(session, job_id, owner):
            return
        job = find_job(session, job_id)
        if final or job.attempts >= job.max_attempts:
            _finish(job, "failed", now, error=error)
            return
        pause = min(MAX_BACKOFF, timedelta(seconds=10 * 2**job.attempts))
        job.state, job.error, job.run_after = "queued", error, now + pause
        job.lease_owner, job.lease_until = "", None


def log_tail(hub: Hub, job: Job, size: int = TAIL_BYTES) -> str:
    """The end of a job's log, whole lines."""
    path = hub.config.jobs_dir / str(job.id) / LOG_NAME
    try:
        with open(path, "rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - size))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return text if end <= size else text.partition("\n")[2]


def _held(session: Session, job_id: int) -> Job:
    """A job as it is, which nobody else changes before the transaction ends."""
    return session.get_one(Job, job_id, with_for_update=True, populate_existing=True)


def _finish(job: Job, state: str, now: datetime, *, error: str = "") -> None:
    job.state, job.error, job.finished_at = state, error, now
    job.unique_key, job.lease_owner, job.lease_until = None, "", None
