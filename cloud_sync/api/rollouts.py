"""Rollouts over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue
from sqlalchemy import select

from cloud_sync.api._paging import Before, newest_page
from cloud_sync.fleet import bundles, listing, rollouts
from cloud_sync.hub import HubDep, ReadDep, SessionDep
from cloud_sync.store.models import Rollout
from cloud_sync.web.auth import Engineer, Viewer
from kits.core.section import Section

router = APIRouter(prefix="/v1/rollouts", tags=["rollouts"])

Json = dict[str, JsonValue]


class RolloutStart(Section):
    """What to bring where."""

    bundle: str
    device: str = ""
    group: str = ""
    waves: str = Field("", max_length=200, description="1,20%,100%; empty: as configured")
    canary: str = Field("", description="the device that goes first; empty: one that is online")
    soak_min: float | None = Field(None, ge=0, le=60 * 24 * 30)
    deadline_min: float | None = Field(None, gt=0, le=60 * 24 * 30)


@router.post("", status_code=201)
def start(body: RolloutStart, person: Engineer, hub: HubDep, session: SessionDep) -> Json:
    """Begins a rollout."""
    plan = rollouts.plan_of(
        hub.config.rollout, body.waves, body.canary, body.soak_min, body.deadline_min
    )
    rollout = rollouts.start(
        session,
        bundles.find(session, body.bundle).id,
        device=body.device,
        group=body.group,
        plan=plan,
        who=person.login,
    )
    return {"rollout": rollout.id, **rollouts.as_json(session, rollout)}


@router.get("")
def list_rollouts(
    _person: Viewer,
    session: ReadDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: Before = None,
) -> Json:
    """Rollouts, newest first, with how many of their devices have committed; ask for the next page with `before=next`."""
    rows, following = newest_page(session, select(Rollout), Rollout.id, limit, before)
    spread = listing.spread_of(session, [row.id for row in rows])
    return {"rollouts": listing.as_json(rows, spread), "next": following}


@router.get("/{number}")
def show(number: int, _person: Viewer, session: ReadDep) -> Json:
    """One rollout with its deployments."""
    return rollouts.as_json(session, rollouts.find(session, number))


@router.post("/{number}/pause")
def pause(number: int, person: Engineer, session: SessionDep) -> Json:
    """Devices that have not begun wait."""
    return rollouts.as_json(session, rollouts.pause(session, number, who=person.login))


@router.post("/{number}/resume")
def resume(number: int, person: Engineer, session: SessionDep) -> Json:
    """Goes on after a pause."""
    return rollouts.as_json(session, rollouts.resume(session, number, who=person.login))


@router.post("/{number}/abort")
def abort(number: int, person: Engineer, session: SessionDep) -> Json:
    """Ends it."""
    return rollouts.as_json(session, rollouts.abort(session, number, who=person.login))
