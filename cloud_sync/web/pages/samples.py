"""Samples: the grid with filters, and one sample with everything known of it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import HubDep, ReadDep
from cloud_sync.intake import provenance
from cloud_sync.learning.label_words import GOOD_LABEL
from cloud_sync.store.models import Device, Sample
from cloud_sync.store.models.intake import DECIDED, LABELLED
from cloud_sync.web import text_views
from cloud_sync.web import view_models as views
from cloud_sync.web.lead_samples import lead_samples
from cloud_sync.web.pages._choices import Choices, first_of
from cloud_sync.web.pages._render import PageRoute, ViewerPage, fragment, render
from kits.core.window import MEDIA_TYPE as WINDOW

router = APIRouter(route_class=PageRoute)
PER_PAGE = 24
MAX_LABELS = 50
MAX_DEVICES = 500


def _choices(session: Session) -> dict[str, Choices]:
    labels = first_of(session, Sample.label, MAX_LABELS, LABELLED)
    return {
        "verdict": Choices(["act", "review", "pass"]),
        "device": first_of(session, Device.name, MAX_DEVICES),
        "label": Choices(sorted({*labels.known, GOOD_LABEL}), labels.more),
        "reviewed": Choices(["yes", "no"]),
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _query(given: dict[str, str]) -> Select[Sample]:
    query = select(Sample).order_by(Sample.captured_at.desc(), Sample.id.desc())
    for name, column in (
        ("verdict", Sample.verdict),
        ("device", Sample.device),
        ("label", Sample.label),
    ):
        if given[name]:
            query = query.where(column == given[name])
    if given["label"] not in ("", GOOD_LABEL):
        query = query.where(LABELLED)
    if given["reviewed"]:
        query = query.where(DECIDED if given["reviewed"] == "yes" else ~DECIDED)
    day = _day(given["day"])
    if day is not None:
        start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
        query = query.where(
            Sample.captured_at >= start, Sample.captured_at < start + timedelta(days=1)
        )
    return query


def _after(query: Select[Sample], last: Sample | None) -> Select[Sample]:
    if last is None:
        return query
    same = and_(Sample.captured_at == last.captured_at, Sample.id < last.id)
    # the first condition follows from the second, but it is the one an index can start at
    return query.where(
        Sample.captured_at <= last.captured_at, or_(Sample.captured_at < last.captured_at, same)
    )


@router.get("/samples")
def sample_grid(  # noqa: PLR0913, PLR0917  (one argument per filter in the address)
    request: Request,
    session: ReadDep,
    who: ViewerPage,
    verdict: str = "",
    device: str = "",
    label: str = "",
    reviewed: Literal["", "yes", "no"] = "",
    day: str = "",
    after: str = "",
) -> Response:
    """A page of samples, newest first; with `after` (htmx) only the next ones."""
    given = {
        "verdict": verdict, "device": device, "label": label, "reviewed": reviewed, "day": day,
    }  # fmt: skip
    last = session.get(Sample, after) if after else None
    found = list(session.scalars(_after(_query(given), last).limit(PER_PAGE + 1)))
    kept = {name: value for name, value in given.items() if value}
    more = ""
    if len(found) > PER_PAGE:
        more = "/samples?" + urlencode({**kept, "after": found[PER_PAGE - 1].id})
    shown = {"samples": views.sample_cards(session, found[:PER_PAGE]), "more": more}
    if request.headers.get("hx-request"):
        return fragment("samples_more.html", **shown)
    filters = [
        {"name": name, "title": name.capitalize(), "choices": found.known, "more": found.more, "value": given[name]}
        for name, found in _choices(session).items()
    ]  # fmt: skip
    return render(
        request, session, who, "samples.html", filters=filters, day=day,
        filtered=bool(kept or after), **shown,
    )  # fmt: skip


@router.get("/samples/{sample_id}")
def sample_page(
    request: Request, hub: HubDep, session: ReadDep, who: ViewerPage, sample_id: str
) -> Response:
    """One sample."""
    sample = session.get(Sample, sample_id)
    if sample is None:
        raise NotFoundError("There is no such sample in this hub.")
    width, height = views.picture_size(sample)
    said = views.predicted(sample)
    labels = views.known_labels(session, sample)
    return render(
        request, session, who, "sample.html",
        sample=sample, picture=views.has_picture(sample), content_url=views.content_url(sample), why_none=views.why_no_picture(sample),
        width=width, height=height, boxes=views.drawn(said.boxes, labels),
        prediction=json.dumps(sample.prediction, indent=2, ensure_ascii=False, sort_keys=True),
        bundle_name=views.bundle_names(session).get(sample.bundle, ""),
        annotations=views.history(session, sample_id),
        provenance=provenance.mark(session, sample.bundle),
        reading=text_views.reading(hub, text_views.kit_of(session, sample), sample, said),
        lead=lead_samples(session, [sample]).get(sample_id),
        is_window=sample.media_type == WINDOW, signal=views.has_signal(sample), orders=views.orders(said),
    )  # fmt: skip
