"""`/v1/cases`: alarms of machines from their onset to what was found there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue
from sqlalchemy.orm import Session

from cloud_sync.api._asked import ONLY_KNOWN
from cloud_sync.api._paging import PageNumber
from cloud_sync.cases import figures, reading
from cloud_sync.cases.closing import MAX_CAUSE, Finding, acknowledge, close, find_case
from cloud_sync.cases.labels import behind
from cloud_sync.effects.alerts import outbox_for
from cloud_sync.effects.outbox import EffectOutbox
from cloud_sync.hub import Hub, HubDep, ReadDep, SessionDep
from cloud_sync.learning.champions import band_reader
from cloud_sync.store.models import Case
from cloud_sync.web.auth import Reviewer, Viewer
from kits.core.sample import utc_now
from kits.core.section import Section

router = APIRouter(prefix="/v1/cases", tags=["cases"], dependencies=ONLY_KNOWN)

Json = dict[str, JsonValue]
BEFORE = timedelta(days=3)
AFTER = timedelta(days=1)


class Taken(Section):
    """A case that somebody has taken on."""

    note: str = Field("", max_length=1000)


class Found(Section):
    """What was found at the machine."""

    cause: str = Field(
        "", max_length=MAX_CAUSE,
        description="a fault's label, normal for a false alarm; empty: closed without a finding",
    )  # fmt: skip
    note: str = Field("", max_length=1000)
    at: datetime | None = Field(None, description="when it was found; left out: now")


def case_outbox(hub: Hub) -> EffectOutbox:
    """Who is told of what is done to cases here."""
    return outbox_for(hub.config.notify, hub.config.cmms, hub.config.url)


@router.get("")
def list_cases(
    _who: Viewer,
    session: ReadDep,
    state: reading.Which = "",
    device: str = "",
    asset: str = "",
    limit: Annotated[int, Query(ge=1, le=reading.MAX_LIST)] = 100,
    page: PageNumber = 1,
) -> Json:
    """Cases, open ones first, then the newest; ask for the next page with `page=next`."""
    asked = reading.Asked(state, device, asset)
    found = reading.listed(session, asked, (page - 1) * limit, limit + 1)
    following = page + 1 if len(found) > limit else None
    return {"cases": [reading.as_json(case) for case in found[:limit]], "next": following}


@router.get("/report")
def report(
    _who: Viewer,
    session: ReadDep,
    project: str = "",
    days: Annotated[float, Query(gt=0, le=3660)] = figures.DAYS,
) -> Json:
    """False alarms per machine-month, precision and lead time, from closed cases."""
    found = figures.case_figures(session, now=utc_now(), days=days, project=project)
    return figures.as_json(found)


@router.get("/{case_id}")
def show_case(_who: Viewer, session: ReadDep, case_id: str) -> Json:
    """One case with its steps and the samples behind it."""
    case = find_case(session, case_id)
    return {
        **reading.as_json(case),
        "steps": [reading.step_json(step) for step in reading.steps(session, case.id)],
        "samples": [sample.id for sample in behind(session, case)],
    }


@router.get("/{case_id}/history")
def case_history(_who: Viewer, hub: HubDep, session: ReadDep, case_id: str) -> Json:
    """The scores of its asset around a case, with the thresholds of its bundle."""
    case = find_case(session, case_id)
    until = max(case.last_at, case.closed_at or case.last_at) + AFTER
    since = max(case.since - BEFORE, until - timedelta(days=366))
    return history_json(session, hub, case.device, case.asset, case.bundle, since, until, case)


def history_json(
    session: Session,
    hub: Hub,
    device: str,
    asset: str,
    bundle: str,
    since: datetime,
    until: datetime,
    case: Case | None = None,
) -> Json:
    """An asset's scores with thresholds; times of a case where there is one."""
    scores = reading.score_history(session, device, asset, since, until)
    band = band_reader(session, hub.storage)(bundle) if bundle else None
    marks: Json = {}
    if case is not None:
        for name in ("since", "opened_at", "acknowledged_at", "returned_at", "closed_at"):
            at = getattr(case, name)
            marks[name.removesuffix("_at")] = at.timestamp() if at else None
    return {
        "device": device, "asset": asset,
        "act_at": band.act_at if band else None, "review_from": band.review_from if band else None,
        "at": [score.at.timestamp() for score in scores],
        "score": [score.score for score in scores],
        "verdict": [score.verdict for score in scores],
        "sample": [score.sample for score in scores], "marks": marks,
    }  # fmt: skip


@router.post("/{case_id}/acknowledge")
def acknowledge_case(
    case_id: str, body: Taken, who: Reviewer, hub: HubDep, session: SessionDep
) -> Json:
    """Says that somebody has taken it on."""
    case = acknowledge(session, case_outbox(hub), case_id, who=who.login, note=body.note)
    return reading.as_json(case)


@router.post("/{case_id}/close")
def close_case(case_id: str, body: Found, who: Reviewer, hub: HubDep, session: SessionDep) -> Json:
    """Closes it; what was found becomes the label of the samples behind it, and of no others."""
    finding = Finding(body.cause, who.login, body.note, at=body.at)
    done = close(session, case_outbox(hub), case_id, finding)
    return {**reading.as_json(done.case), "labelled": done.labelled, "repeated": done.repeated}
