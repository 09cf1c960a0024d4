"""`/v1/datasets`: dataset versions: put by `kit publish`, frozen from reviews, read by anyone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import select

from cloud_sync.api._paging import PageNumber, numbered_page
from cloud_sync.api.ranges import whole
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import HubDep, ReadDep
from cloud_sync.learning.datasets import MEDIA_TYPE, receive
from cloud_sync.learning.freezing import freeze
from cloud_sync.store.models import Dataset
from cloud_sync.store.storage import check_digest
from cloud_sync.web.auth import Engineer, Viewer
from kits.core.section import Section

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])


class DatasetPublic(Section):
    """A dataset version in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    project: str
    parent: str
    n: int
    counts: dict[str, JsonValue] = Field(description="split → label → number of samples")
    note: str
    created_by: str
    created_at: datetime
    erased: int = Field(description="samples of it that were erased since")
    successor: str = Field(description="the version without those; the file of this one is gone")


class DatasetPage(BaseModel):
    """Versions, newest first; ask for the next page with `page=next`."""

    datasets: list[DatasetPublic]
    next: int | None = None


class FreezeIn(BaseModel):
    """What to freeze."""

    project: str
    note: str = Field("", max_length=500)


class FreezeOut(BaseModel):
    """The new version and how it differs from its parent."""

    id: str
    n: int
    counts: dict[str, dict[str, int]]
    parent: str
    added: int
    relabelled: int
    lookalikes: int = Field(description="new samples that joined the split of an older twin")
    left_out: int = Field(
        description="new samples that would have leaked between splits, or judged though they were not drawn at random"
    )
    added_by_split: dict[str, int]
    refused: dict[str, int] = Field(
        description="reason → reviewed samples that are not learned from: unknown or withdrawn bundle, bytes that cannot be read"
    )
    withdrawn: int = Field(
        description="samples of the parent that may not be learned from any more and were left out"
    )
    replaced: int = Field(
        description="samples of the parent that gave way to a newer state of the same, a lead for example"
    )


class PutOut(BaseModel):
    """A version that is now in the hub."""

    id: str
    n: int


@router.get("", response_model=DatasetPage, summary="List dataset versions")
def list_datasets(
    _who: Viewer,
    session: ReadDep,
    project: str = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    page: PageNumber = 1,
) -> DatasetPage:
    """Newest first; ask for the next page with `page=next`."""
    query = select(Dataset).order_by(Dataset.created_at.desc(), Dataset.id)
    if project:
        query = query.where(Dataset.project == project)
    rows, following = numbered_page(session, query, page, limit)
    shown = [DatasetPublic.model_validate(row) for row in rows]
    return DatasetPage(datasets=shown, next=following)


@router.post("/freeze", response_model=FreezeOut, summary="Make the next version from reviews")
def post_freeze(who: Engineer, hub: HubDep, body: FreezeIn) -> FreezeOut:
    """Old samples keep their split; the version and its parent stay readable for ever."""
    frozen = freeze(hub, body.project, by=who.login, note=body.note)
    return FreezeOut(
        id=frozen.dataset.id,
        n=len(frozen.dataset.items),
        counts=frozen.dataset.counts(),
        parent=frozen.parent,
        added=frozen.added,
        relabelled=frozen.relabelled,
        lookalikes=frozen.lookalikes,
        left_out=frozen.left_out,
        added_by_split=dict(frozen.added_by_split),
        refused=dict(frozen.refused),
        withdrawn=frozen.withdrawn,
        replaced=frozen.replaced,
    )


@router.put("/{dataset_id}", response_model=PutOut, summary="Upload a version")
async def put_dataset(who: Engineer, hub: HubDep, request: Request, dataset_id: str) -> PutOut:
    """The body is the version's JSON Lines file; its digest must be the id, its blobs must be here."""
    check_digest(dataset_id)
    content = await request.body()  # not more than `BodyLimit` lets through
    n = await run_in_threadpool(receive, hub, dataset_id, content, by=who.login)
    return PutOut(id=dataset_id, n=n)


@router.get("/{dataset_id}", summary="A version's file")
def get_dataset(_who: Viewer, hub: HubDep, session: ReadDep, dataset_id: str) -> Response:
    """JSON Lines, as `kit data import --format kitwright` reads it."""
    check_digest(dataset_id)
    row = session.get(Dataset, dataset_id)
    if row is None:
        raise NotFoundError(
            "no such dataset version", where=dataset_id[:12], fix="GET /v1/datasets lists them"
        )
    if row.successor:
        raise NotFoundError(
            f"{row.erased} samples of this version were erased, and its file with them",
            where=dataset_id[:12],
            fix=f"GET /v1/datasets/{row.successor}, the same without those",
        )
    named = {"Content-Disposition": f'attachment; filename="{dataset_id[:12]}.jsonl"'}
    return whole(hub.storage, dataset_id, MEDIA_TYPE, named)
