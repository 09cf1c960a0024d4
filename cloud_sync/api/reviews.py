"""`/v1/reviews`: the queue for people, and their decisions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, JsonValue, model_validator

from cloud_sync.api._asked import ONLY_KNOWN
from cloud_sync.api.samples import SamplePublic, to_public
from cloud_sync.errors import NotAllowedError
from cloud_sync.hub import HubDep, ReadDep, SessionDep
from cloud_sync.learning.audits import audited
from cloud_sync.learning.champions import band_reader
from cloud_sync.learning.leases import Leases
from cloud_sync.learning.review_queue import count_waiting, queue
from cloud_sync.learning.reviews import Beside, Choice, submit, suggestion
from cloud_sync.store.models import Person
from cloud_sync.web.auth import Reviewer, Viewer
from kits.core.events import Identity
from kits.core.prediction import Box, Quantity, prediction_to_json
from kits.core.section import Section
from kits.core.stats import Estimate

router = APIRouter(prefix="/v1/reviews", tags=["reviews"], dependencies=ONLY_KNOWN)

MAX_BOXES = 200
MAX_LABEL = 400
"""A sample about several things has their labels in one, with `|` between."""


class BoxIn(Section):
    """A box in pixels of the original picture."""

    x0: float = Field(ge=0, allow_inf_nan=False)
    y0: float = Field(ge=0, allow_inf_nan=False)
    x1: float = Field(allow_inf_nan=False)
    y1: float = Field(allow_inf_nan=False)
    label: str = Field(min_length=1, max_length=64)

    @model_validator(mode="after")
    def _has_area(self) -> BoxIn:
        if not (self.x1 > self.x0 and self.y1 > self.y0):
            raise ValueError("a box needs x0 < x1 and y0 < y1")
        return self


class QuantityIn(Section):
    """A number a person states, as the urgency of a mail."""

    name: str = Field(min_length=1, max_length=40)
    value: float = Field(allow_inf_nan=False)
    unit: str = Field("", max_length=20)


class ReviewIn(Section):
    """One decision. Label, boxes, spans and quantities count for `correct` only."""

    sample_id: Identity
    decision: Choice
    label: str = Field("", max_length=MAX_LABEL, description="several with `|` between")
    note: str = Field("", max_length=1000, description="in words, kept with the statement")
    boxes: list[BoxIn] = Field(default_factory=list, max_length=MAX_BOXES)
    spans: list[int] = Field(
        default_factory=list, max_length=MAX_BOXES, description="which of the model's spans hold"
    )
    quantities: list[QuantityIn] = Field(default_factory=list, max_length=20)


class ReviewOut(BaseModel):
    """What became of it."""

    review: int
    sample_id: str
    decision: str
    repeated: bool = Field(description="the same had been said before; nothing was added")
    annotation: dict[str, JsonValue] | None = Field(description="the appended statement")


class QueueItem(SamplePublic):
    """A sample that waits, with the model's prediction as a suggestion."""

    why: str = Field(description="second opinion, act, unknown regime, review, novelty or audit")
    suggestion: dict[str, JsonValue]
    content: str = Field(description="address of the bytes")


class Queue(BaseModel):
    """The head of the queue, best first."""

    samples: list[QueueItem]
    waiting: int


class RatesOut(BaseModel):
    """Rates from audit samples."""

    audited: int
    rates: dict[str, Estimate]


def get_leases(request: Request) -> Leases:
    """The application's leases (kept in `app.state.review_leases`)."""
    state = request.app.state
    if not hasattr(state, "review_leases"):
        state.review_leases = Leases()
    leases = state.review_leases
    assert isinstance(leases, Leases)
    return leases


@router.get("/queue", response_model=Queue, summary="What to look at next")
def read_queue(
    who: Reviewer,
    hub: HubDep,
    session: ReadDep,
    request: Request,
    project: str = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Queue:
    """The samples are yours for five minutes; others get different ones meanwhile."""
    leases = get_leases(request)
    found = queue(
        session,
        who.person_id,
        project=project,
        limit=limit,
        bands=band_reader(session, hub.storage),
        taken=leases.taken_by_others(who.person_id),
    )
    leases.take(who.person_id, (waiting.sample.id for waiting in found))
    items = [
        QueueItem(
            **to_public(waiting.sample, None).model_dump(),
            why=waiting.why,
            suggestion=prediction_to_json(suggestion(waiting.sample)),
            content=f"/v1/samples/{waiting.sample.id}/content",
        )
        for waiting in found
    ]
    return Queue(samples=items, waiting=count_waiting(session, who.person_id, project))


@router.post("", response_model=ReviewOut, summary="Say what a sample is")
def post_review(who: Reviewer, session: SessionDep, request: Request, body: ReviewIn) -> ReviewOut:
    """Saying the same twice equals once. `unsure` hands the sample to a second person."""
    person = session.get(Person, who.person_id)
    if person is None:
        raise NotAllowedError("this person is gone")
    boxes = [Box(b.x0, b.y0, b.x1, b.y1, b.label) for b in body.boxes]
    quantities = tuple(Quantity(q.name, q.value, q.unit) for q in body.quantities)
    outcome = submit(
        session, person, body.sample_id, body.decision,
        label=body.label.strip(), boxes=boxes,
        beside=Beside(tuple(body.spans), quantities, body.note.strip()),
    )  # fmt: skip
    get_leases(request).release(body.sample_id)
    return ReviewOut(
        review=outcome.review.id,
        sample_id=body.sample_id,
        decision=outcome.review.decision,
        repeated=outcome.repeated,
        annotation=outcome.annotation.body if outcome.annotation else None,
    )


@router.get("/rates", response_model=RatesOut, summary="Audited rates with intervals")
def read_rates(_who: Viewer, session: ReadDep, project: str = "", bundle: str = "") -> RatesOut:
    """From random audit samples only, so the rates hold for production."""
    counts = audited(session, project, bundle)
    return RatesOut(audited=counts.n, rates=counts.rates())
