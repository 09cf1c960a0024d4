"""The review page and its cards: each sample is shown by the partial of its own kit.

The order of the queue is `learning/review_queue.py`, what a decision becomes `learning/reviews.py`.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from urllib.parse import quote

from fastapi import APIRouter, Request
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment
from starlette.responses import HTMLResponse, Response

from cloud_sync.api.reviews import get_leases
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import HubDep, ReadDep
from cloud_sync.learning import label_words, review_queue
from cloud_sync.learning.champions import band_reader
from cloud_sync.store.models import Sample
from cloud_sync.web import text_views
from cloud_sync.web import view_models as views
from cloud_sync.web.pages._render import PageRoute, ReviewerPage, render
from cloud_sync.web.security import NOT_KEPT, SECURITY_HEADERS
from kits.core.discovery import get_kit

router = APIRouter(route_class=PageRoute)
AT_ONCE = 40


@router.get("/review")
def review_page(
    request: Request,
    hub: HubDep,
    session: ReadDep,
    who: ReviewerPage,
    sample: str = "",
    project: str = "",
) -> Response:
    """The queue; with `sample` that one comes first."""
    leases = get_leases(request)
    waiting = review_queue.queue(
        session,
        who.person_id,
        project=project,
        limit=AT_ONCE,
        bands=band_reader(session, hub.storage),
        taken=leases.taken_by_others(who.person_id),
    )
    queue = [entry.sample.id for entry in waiting]
    leases.take(who.person_id, queue)
    if sample and session.get(Sample, sample) is not None:
        queue = [sample, *(id for id in queue if id != sample)]
    return render(request, session, who, "review.html", queue=queue)


@router.get("/review/cards/{sample_id}")
def card(hub: HubDep, session: ReadDep, _who: ReviewerPage, sample_id: str) -> Response:
    """One sample, as its kit wants it shown and annotated."""
    sample = session.get(Sample, sample_id)
    if sample is None:
        raise NotFoundError("There is no such sample in this hub.")
    said = views.predicted(sample)
    passed = sample.verdict == "pass"
    address = f"/v1/samples/{quote(sample.id)}"
    kit = text_views.kit_of(session, sample)
    reading = text_views.reading(hub, kit, sample, said)
    labels = views.known_labels(session, sample)
    text = _partial(kit).render(
        sample=sample,
        prediction=said,
        reading=reading,
        content_url=views.content_url(sample) if views.has_picture(sample) else "",
        signal_url=f"{address}/signal" if views.has_signal(sample) else "",
        history_url=f"{address}/history",
        orders=views.orders(said),
        sensor_faults=views.sensor_faults(said),
        suggestions=[] if passed else [asdict(box) for box in said.boxes],
        labels=labels
        if reading is None
        else text_views.ranked_labels(labels, said, sample.media_type),
        summary=views.summary(sample),
        suggested_label=(
            label_words.good_label(sample.media_type)
            if passed
            else said.label or label_words.bad_label(sample.media_type)
        ),
    )
    return HTMLResponse(text, headers={**SECURITY_HEADERS, **NOT_KEPT})


@lru_cache(maxsize=32)
def _partial(kit: str) -> Template:
    # a kit is code the firm installed, but its template still only gets values, escaped
    environment = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(get_kit(kit).review_template)
