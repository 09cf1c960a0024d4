"""Datasets and jobs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub, HubDep, ReadDep
from cloud_sync.learning.jobs import log_tail
from cloud_sync.store.models import Bundle, Dataset, Job, Project
from cloud_sync.web import view_models as views
from cloud_sync.web.figure_words import figure_words
from cloud_sync.web.pages._paging import PageNumber, page_of
from cloud_sync.web.pages._render import PageRoute, ViewerPage, live_fragment, render

router = APIRouter(route_class=PageRoute)
SHOWN = 200


def _projects(session: Session) -> list[str]:
    return list(session.scalars(select(Project.name).order_by(Project.name)))


@router.get("/datasets")
def dataset_list(
    request: Request, session: ReadDep, who: ViewerPage, page: PageNumber = 1
) -> Response:
    """All dataset versions, newest first."""
    newest = select(Dataset).order_by(Dataset.created_at.desc(), Dataset.id)
    found, place = page_of(request, session, newest, page, SHOWN)
    rows = [
        {
            "id": row.id, "project": row.project, "n": row.n, "sizes": views.split_sizes(row),
            "note": row.note, "created_at": row.created_at, "created_by": row.created_by,
            "erased": row.erased,
        }
        for row in found
    ]  # fmt: skip
    return render(
        request, session, who, "datasets.html", datasets=rows, projects=_projects(session), place=place
    )  # fmt: skip


@router.get("/datasets/{dataset_id}")
def dataset_page(request: Request, session: ReadDep, who: ViewerPage, dataset_id: str) -> Response:
    """One dataset version and what changed since its parent."""
    dataset = session.get(Dataset, dataset_id)
    if dataset is None:
        raise NotFoundError("There is no such dataset version in this hub.")
    parent = session.get(Dataset, dataset.parent) if dataset.parent else None
    trained = select(Bundle).where(Bundle.dataset == dataset_id).order_by(Bundle.version.desc())
    return render(
        request, session, who, "dataset.html",
        dataset=dataset, parent=parent, table=views.count_table(dataset, parent),
        bundles=session.scalars(trained).all(),
    )  # fmt: skip


@router.get("/jobs")
def job_list(request: Request, session: ReadDep, who: ViewerPage, page: PageNumber = 1) -> Response:
    """All jobs, newest first."""
    jobs, place = page_of(request, session, select(Job).order_by(Job.id.desc()), page, SHOWN)
    return render(
        request, session, who, "jobs.html", jobs=jobs, projects=_projects(session), place=place
    )


def _job_values(hub: Hub, session: Session, job_id: int) -> tuple[Job, dict[str, object]]:
    job = session.get(Job, job_id)
    if job is None:
        raise NotFoundError("There is no such job in this hub.")
    name = str(job.args.get("project", ""))
    project = session.get(Project, name)
    return job, {
        "job": job,
        "log": log_tail(hub, job),
        "comparison": views.comparison(
            job.result.get("compare"),
            views.currency_of(session, name),
            figure_words(project.kit) if project is not None else {},
        ),
    }


@router.get("/jobs/{job_id}")
def job_page(
    request: Request, hub: HubDep, session: ReadDep, who: ViewerPage, job_id: int
) -> Response:
    """One job with the end of its log."""
    _job, values = _job_values(hub, session, job_id)
    return render(request, session, who, "job.html", **values)


@router.get("/jobs/{job_id}/live")
def job_live(hub: HubDep, session: ReadDep, _who: ViewerPage, job_id: int) -> Response:
    """The part of the page that follows a running job."""
    job, values = _job_values(hub, session, job_id)
    return live_fragment("job_live.html", job.finished_at is not None, **values)
