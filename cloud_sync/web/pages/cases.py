"""Cases: the list with what alarms were worth, and one case with its steps, scores and windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from cloud_sync.cases import figures, reading
from cloud_sync.cases.closing import find_case
from cloud_sync.cases.labels import NORMAL, SENSOR_FAULT, behind
from cloud_sync.fleet import windows
from cloud_sync.hub import ReadDep
from cloud_sync.intake.samples import annotations_in_force
from cloud_sync.intake.words import since_words
from cloud_sync.store.models import Asset, Case, Sample
from cloud_sync.web import view_models as views
from cloud_sync.web.pages._choices import Choices, first_of
from cloud_sync.web.pages._paging import PageNumber, place_of
from cloud_sync.web.pages._render import PageRoute, ViewerPage, live_fragment, render
from kits.core.hub_api import MAX_WINDOW_MINUTES, WindowRequest
from kits.core.sample import utc_now

router = APIRouter(route_class=PageRoute)
AROUND = timedelta(hours=6)
SHOWN = 100
MAX_CHOICES = 500
MAX_CAUSES = 40


@dataclass(frozen=True, slots=True)
class _Asked:
    """Wishes for raw signals that wait, and what has arrived of others."""

    waiting: Sequence[WindowRequest]
    arrived: Sequence[Sample]


@router.get("/cases")
def case_list(
    request: Request,
    session: ReadDep,
    who: ViewerPage,
    state: Literal["", "open", "closed"] = "",
    device: str = "",
    asset: str = "",
    page: PageNumber = 1,
) -> Response:
    """Open cases first, then the newest; and the figures of closed ones."""
    now = utc_now()
    found = figures.case_figures(session, now=now)
    asked = reading.Asked(state, device, asset)
    cases = reading.listed(session, asked, (page - 1) * SHOWN, SHOWN)
    place = place_of(request, page, SHOWN, len(cases), reading.count(session, asked))
    choices = {
        "state": Choices(["open", "closed"]),
        "device": first_of(session, Asset.device, MAX_CHOICES),
        "asset": first_of(session, Asset.name, MAX_CHOICES),
    }
    filters = [
        {"name": name, "title": name.capitalize(), "choices": found.known, "more": found.more, "value": value}
        for (name, found), value in zip(choices.items(), (state, device, asset))
    ]  # fmt: skip
    return render(
        request, session, who, "cases.html",
        cases=cases, place=place, filters=filters, filtered=bool(state or device or asset),
        figures=found, metrics=figures.as_json(found)["metrics"], days=int(figures.DAYS), now=now,
        since_words=since_words,
    )  # fmt: skip


@router.get("/cases/{case_id}")
def case_page(request: Request, session: ReadDep, who: ViewerPage, case_id: str) -> Response:
    """One case."""
    case = find_case(session, case_id)
    until = max(case.last_at, case.closed_at or case.last_at) + AROUND
    kept = reading.windows(session, case.device, case.asset, case.since - AROUND, until)
    steps = reading.steps(session, case.id)
    named = {step.sample_id for step in steps if step.sample_id}
    mine = select(Sample.id).where(Sample.id.in_(named), Sample.device == case.device)
    return render(
        request, session, who, "case.html",
        case=case, steps=steps, known=set(session.scalars(mine)), windows=kept,
        stated=annotations_in_force(session, [sample.id for sample in kept]),
        bundle_name=views.bundle_names(session).get(case.bundle, ""),
        causes=_causes(session, case), sensor_fault=SENSOR_FAULT, behind=len(behind(session, case)),
        asked=_asked(session, case), max_minutes=MAX_WINDOW_MINUTES,
    )  # fmt: skip


@router.get("/cases/{case_id}/asked")
def case_asked(session: ReadDep, _who: ViewerPage, case_id: str) -> Response:
    """The part of the page that waits for raw signals."""
    case = find_case(session, case_id)
    return live_fragment("case_asked.html", False, case=case, asked=_asked(session, case))


def _asked(session: Session, case: Case) -> _Asked:
    arrived = reading.requested(session, case.device, case.asset, case.since - AROUND)
    answered = {sample.meta.get("request") for sample in arrived}
    standing = windows.asked(session, case.device).get(case.device, ())
    waiting = [w for w in standing if w.asset == case.asset and w.id not in answered]
    return _Asked(waiting, arrived)


def _causes(session: Session, case: Case) -> list[str]:
    """What was found before in this project, and what is supposed now."""
    found = select(Case.cause).where(Case.project == case.project, Case.cause != "")
    known = set(session.scalars(found.distinct().limit(MAX_CAUSES)))
    return sorted({*known, case.label} - {"", NORMAL, SENSOR_FAULT})
