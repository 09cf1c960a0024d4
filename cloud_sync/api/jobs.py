"""`/v1/retrainings` and `/v1/jobs`: asking for long work, and watching it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import select

from cloud_sync.api._paging import Before, newest_page
from cloud_sync.hub import Hub, HubDep, ReadDep, SessionDep
from cloud_sync.learning import jobs, retraining
from cloud_sync.learning.planning import plan
from cloud_sync.store.models import Job
from cloud_sync.web.auth import Engineer, Viewer
from kits.core.section import Section
from kits.core.stats import Estimate

router = APIRouter(prefix="/v1", tags=["jobs"])


class RetrainIn(Section):
    """Which project to retrain."""

    project: str


class RetrainOut(BaseModel):
    """The job that does it."""

    job: int


class JobPublic(BaseModel):
    """A job. `state` is queued, running, done or failed."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    state: str
    args: dict[str, JsonValue]
    result: dict[str, JsonValue]
    error: str
    attempts: int
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    log_tail: str = ""


class JobPage(BaseModel):
    """Jobs, newest first; ask for the next page with `before=next`."""

    jobs: list[JobPublic]
    next: int | None = None


class DriftOut(BaseModel):
    """A look at the champion's scores."""

    model_config = ConfigDict(from_attributes=True)

    bundle: str
    statistic: float | None
    threshold: float | None
    window_n: int
    baseline_n: int
    false_alarm_rate: float
    block: int
    median_shift: float | None
    drifted: bool
    text: str


class WorthOut(BaseModel):
    """What a retraining is expected to bring."""

    model_config = ConfigDict(from_attributes=True)

    gain: Estimate
    cost: float
    balance: Estimate
    chance: float
    currency: str
    text: str


class PlanOut(BaseModel):
    """Whether it is time to retrain, and why."""

    model_config = ConfigDict(from_attributes=True)

    project: str
    retrain: bool
    reasons: tuple[str, ...]
    new_samples: int = Field(description="reviewed since the newest dataset version")
    new_labels: dict[str, int]
    rates: dict[str, Estimate]
    drift: DriftOut | None
    worth: WorthOut | None


@router.post(
    "/retrainings",
    response_model=RetrainOut,
    status_code=202,
    summary="Queue the retraining of a project",
)
def post_retraining(who: Engineer, session: SessionDep, body: RetrainIn) -> RetrainOut:
    """Queues the job; the challenger is registered only if it beats the champion."""
    return RetrainOut(job=retraining.request(session, body.project, by=who.login).id)


@router.get("/retrainings/plan", response_model=PlanOut, summary="Is it time to retrain?")
def get_plan(_who: Viewer, hub: HubDep, session: ReadDep, project: str) -> PlanOut:
    """Labels, audited rates, drift and money, each with its reason."""
    return PlanOut.model_validate(plan(hub, session, project))


@router.get("/jobs", response_model=JobPage, summary="List jobs")
def list_jobs(
    _who: Viewer,
    session: ReadDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Before = None,
) -> JobPage:
    """Newest first."""
    rows, following = newest_page(session, select(Job), Job.id, limit, before)
    return JobPage(jobs=[JobPublic.model_validate(row) for row in rows], next=following)


@router.get("/jobs/{job_id}", response_model=JobPublic, summary="One job with its log's end")
def get_job(_who: Viewer, hub: HubDep, session: ReadDep, job_id: int) -> JobPublic:
    """For a retraining, `result` has dataset, run, bundle, compare and passed."""
    return _with_log(hub, jobs.find_job(session, job_id))


@router.post("/jobs/{job_id}/cancel", response_model=JobPublic, summary="End a job")
def cancel_job(who: Engineer, hub: HubDep, session: SessionDep, job_id: int) -> JobPublic:
    """A waiting job ends at once, a running one within seconds; a finished one stays as it is."""
    return _with_log(hub, jobs.cancel(session, job_id, by=who.login))


def _with_log(hub: Hub, row: Job) -> JobPublic:
    shown = JobPublic.model_validate(row)
    return shown.model_copy(update={"log_tail": jobs.log_tail(hub, row)})
