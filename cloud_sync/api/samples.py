"""`/v1/samples`: what devices have seen and decided, with bytes and small pictures."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.api.cases import history_json
from cloud_sync.api.ranges import whole
from cloud_sync.cases.reading import asset_of
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import HubDep, ReadDep
from cloud_sync.intake import samples
from cloud_sync.learning.pictures import AS_THEY_ARE, PICTURES, as_png, held_at_once, thumbnail
from cloud_sync.learning.signals import MAX_POINTS, View, signal_json
from cloud_sync.store.models import Annotation, Person, Review, Sample
from cloud_sync.store.storage import READ_BYTES
from cloud_sync.web.auth import Viewer
from cloud_sync.web.security import NOT_KEPT, UNTRUSTED_CONTENT_HEADERS
from kits.core.errors import DataError
from kits.core.operating_point import Verdict
from kits.core.window import MAX_BYTES
from kits.core.window import MEDIA_TYPE as WINDOW

router = APIRouter(prefix="/v1/samples", tags=["samples"])

_KEPT = {"Cache-Control": "private, max-age=86400, immutable"}
"""For pictures, of which a page shows many; mails and leads are erased, and would stay."""


class ReviewPublic(BaseModel):
    """A person's decision on a sample."""

    decision: str
    by: str
    at: datetime
    label: str = ""


class SamplePublic(BaseModel):
    """A sample in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    project: str
    device: str
    source: str = Field(description="file, camera or mailbox it came from")
    captured_at: datetime = Field(description="by the hub's best knowledge of the device's clock")
    claimed_at: datetime | None = Field(None, description="what the device's own clock said")
    trust: str = Field("ntp", description="the device's trust in its clock: ntp, rtc or none")
    verdict: str
    label: str
    score: float | None
    reason: str
    bundle: str
    kept_for: str = Field(
        description="why the bytes were kept: act, review, novelty, unknown-regime, audit, request"
    )
    media_type: str
    has_blob: bool = False
    review: ReviewPublic | None = Field(None, description="the newest decision of a person")


class SamplePage(BaseModel):
    """One page; ask for the next one with `before=next`."""

    samples: list[SamplePublic]
    next: str = Field("", description="empty on the last page")


class AnnotationPublic(BaseModel):
    """A statement on a sample."""

    author: str
    source: str
    at: datetime
    body: dict[str, JsonValue]


class SampleDetail(SamplePublic):
    """Everything the hub knows of a sample."""

    prediction: dict[str, JsonValue]
    actions: dict[str, JsonValue]
    latency_ms: dict[str, JsonValue]
    group: str
    meta: dict[str, JsonValue]
    annotations: list[AnnotationPublic] = []


def find_sample(session: Session, sample_id: str) -> Sample:
    """Raises NotFoundError when there is no such sample."""
    row = session.get(Sample, sample_id)
    if row is None:
        raise NotFoundError(
            f"no sample {sample_id[:40]!r}",
            fix="GET /v1/samples lists them; retention may have removed it",
        )
    return row


def newest_reviews(session: Session, ids: list[str]) -> dict[str, ReviewPublic]:
    """Sample id → the newest decision of a person."""
    rows = session.execute(
        select(Review, Person.login, Annotation.label)
        .join(Person, Person.id == Review.person_id)
        .outerjoin(Annotation, Annotation.id == Review.annotation_id)
        .where(Review.sample_id.in_(ids))
        .order_by(Review.id)
    )
    return {
        review.sample_id: ReviewPublic(
            decision=review.decision, by=login, at=review.at, label=label or ""
        )
        for review, login, label in rows
    }


def to_public(row: Sample, review: ReviewPublic | None) -> SamplePublic:
    """A row as the API shows it."""
    shown = SamplePublic.model_validate(row)
    return shown.model_copy(update={"has_blob": row.blob_state == "stored", "review": review})


@router.get("", response_model=SamplePage, summary="List samples, newest first")
def list_samples(
    _who: Viewer,
    session: ReadDep,
    project: str = "",
    device: str = "",
    bundle: str = "",
    verdict: Verdict | None = None,
    reviewed: Annotated[bool | None, Query(description="only decided, or only undecided")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str, Query(max_length=100, description="`next` of the page before")] = "",
) -> SamplePage:
    """By the time they were captured, as far as the hub knows; a device's own clock does not decide."""
    wanted = samples.SampleFilter(project, device, bundle, verdict or "", reviewed)
    found = samples.page(session, wanted, limit, before)
    reviews = newest_reviews(session, [row.id for row in found.samples])
    return SamplePage(
        samples=[to_public(row, reviews.get(row.id)) for row in found.samples], next=found.next
    )


@router.get("/{sample_id}", response_model=SampleDetail, summary="One sample")
def show_sample(_who: Viewer, session: ReadDep, sample_id: str) -> SampleDetail:
    """With its prediction and every statement on it, oldest first."""
    row = find_sample(session, sample_id)
    shown = to_public(row, newest_reviews(session, [row.id]).get(row.id))
    said = session.scalars(
        select(Annotation).where(Annotation.sample_id == row.id).order_by(Annotation.id)
    )
    return SampleDetail(
        **shown.model_dump(),
        prediction=row.prediction,
        actions=row.actions,
        latency_ms=row.latency_ms,
        group=row.group,
        meta=row.meta,
        annotations=[
            AnnotationPublic(author=a.author, source=a.source, at=a.at, body=a.body) for a in said
        ],
    )


@router.get("/{sample_id}/signal", summary="A sensor window, small enough to look at")
def sample_signal(
    _who: Viewer,
    hub: HubDep,
    session: ReadDep,
    sample_id: str,
    points: Annotated[int, Query(ge=16, le=MAX_POINTS, description="of each channel")] = 2000,
    since: Annotated[
        float | None, Query(description="from here, seconds of the window", allow_inf_nan=False)
    ] = None,
    until: Annotated[float | None, Query(description="up to here", allow_inf_nan=False)] = None,
    channel: Annotated[int, Query(ge=0, lt=256, description="whose spectra")] = 0,
) -> dict[str, JsonValue]:
    """Curves by their lowest and highest readings, amplitude and envelope spectrum of one channel."""
    row = find_sample(session, sample_id)
    if row.media_type != WINDOW:
        raise DataError("only sensor windows have signals", where=sample_id)
    if row.blob_state != "stored":
        raise NotFoundError(
            "the bytes of this sample are not here",
            where=sample_id,
            fix="they are still on their way, were never sent, or retention removed them: GET /v1/samples/{id} says its `blob_state`",
        )
    if row.blob_size > MAX_BYTES:
        raise DataError("too large to be a sensor window", where=sample_id)
    return signal_json(hub.storage.get(row.blob), View(points, since, until, channel))


@router.get("/{sample_id}/history", summary="The scores of a window's asset before and after it")
def sample_history(
    _who: Viewer,
    hub: HubDep,
    session: ReadDep,
    sample_id: str,
    days: Annotated[float, Query(gt=0, le=366, description="so many before it")] = 7,
) -> dict[str, JsonValue]:
    """With the thresholds of the bundle that decided it."""
    row = find_sample(session, sample_id)
    since, until = row.captured_at - timedelta(days=days), row.captured_at + timedelta(days=1)
    asset = asset_of(row)
    found = history_json(session, hub, row.device, asset, row.bundle, since, until)
    return {**found, "marks": {"sample": row.captured_at.timestamp()}}


@router.get("/{sample_id}/content", summary="The sample's bytes, or a small picture of it")
def sample_content(
    _who: Viewer,
    hub: HubDep,
    session: ReadDep,
    sample_id: str,
    size: Annotated[
        int | None, Query(ge=32, le=640, description="longer side of a small picture, pixels")
    ] = None,
    shown: Annotated[
        bool, Query(description="a picture in a kind that browsers read: BMP, TIFF and WebP as PNG")
    ] = False,
) -> Response:
    """Bytes from devices are never executed: no sniffing, a sandbox, downloads unless pictures."""
    row = find_sample(session, sample_id)
    if row.blob_state != "stored":
        raise NotFoundError(
            "the bytes of this sample are not here",
            where=sample_id,
            fix="they are still on their way, were never sent, or retention removed them: GET /v1/samples/{id} says its `blob_state`",
        )
    if size is not None and row.media_type not in PICTURES:
        raise DataError("only pictures have small versions", where=sample_id)
    as_it_is = row.media_type in AS_THEY_ARE
    made = size is not None or (shown and row.media_type in PICTURES and not as_it_is)
    headers = {
        **UNTRUSTED_CONTENT_HEADERS,
        **(_KEPT if row.media_type in PICTURES else NOT_KEPT),
        "Content-Disposition": "inline" if as_it_is or made else f'attachment; filename="{row.id}"',
    }
    if not made:
        media_type = row.media_type if as_it_is else "application/octet-stream"
        return whole(hub.storage, row.blob, media_type, headers)
    # many small ones are asked for at once, of a storage that may be far away
    with held_at_once if row.blob_size > READ_BYTES else nullcontext():
        content = hub.storage.get(row.blob)
        picture = thumbnail(content, size) if size is not None else as_png(content)
    media_type = "image/png" if size is None else "image/jpeg"
    return Response(picture, media_type=media_type, headers=headers)
