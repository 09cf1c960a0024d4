"""Bundles and rollouts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from cloud_sync.crm.outcomes.terms import Terms, terms_of
from cloud_sync.crm.scoring.projects import KIT
from cloud_sync.errors import NotFoundError
from cloud_sync.fleet import bundles, listing, standings, tuf, withdrawals
from cloud_sync.fleet.renewal import WARN
from cloud_sync.hub import Hub, HubDep, ReadDep
from cloud_sync.learning import champions
from cloud_sync.store.models import Bundle, Dataset, Device, LeadModel, Project, Rollout
from cloud_sync.web import rollout_views
from cloud_sync.web import view_models as views
from cloud_sync.web.figure_words import figure_words
from cloud_sync.web.lead_counts import scores_of
from cloud_sync.web.pages._paging import PageNumber, page_of
from cloud_sync.web.pages._render import PageRoute, ViewerPage, live_fragment, render
from kits.core import bundle as formats
from kits.core.errors import KitwrightError
from kits.core.sample import utc_now

router = APIRouter(route_class=PageRoute)
SHOWN = 200


@router.get("/bundles")
def bundle_list(
    request: Request, session: ReadDep, who: ViewerPage, page: PageNumber = 1
) -> Response:
    """All bundles, newest first."""
    newest = select(Bundle).order_by(Bundle.created_at.desc(), Bundle.id)
    rows, place = page_of(request, session, newest, page, SHOWN)
    running = (
        select(Device.running_bundle, func.count())
        .where(Device.revoked_at.is_(None))
        .group_by(Device.running_bundle)
    )
    counts = views.pairs(session, running)
    return render(
        request, session, who, "bundles.html", bundles=rows, running=counts, of_leads=KIT, place=place,
        scoring=set(session.scalars(select(LeadModel.bundle))),
        withdrawn=set(session.scalars(withdrawals.only_withdrawn())),
        outdated=champions.outdated_among(session, rows), trust=_trust(session),
    )  # fmt: skip


def _trust(session: Session) -> list[dict[str, object]]:
    """The TUF roles with their last days; empty before the first release."""
    rows = [tuf.newest(session, role) for role in ("root", "targets", "snapshot", "timestamp")]
    return [
        {
            "role": row.role, "version": row.version, "expires_at": row.expires_at,
            "who": f"a release engineer ({row.added_by})" if row.added_by != "hub" else "this hub",
            "soon": row.role in ("root", "targets") and row.expires_at - utc_now() < WARN,
        }
        for row in rows if row is not None
    ]  # fmt: skip


@router.get("/bundles/{bundle_id}")
def bundle_page(
    request: Request, session: ReadDep, hub: HubDep, who: ViewerPage, bundle_id: str
) -> Response:
    """One bundle: figures, comparison, card."""
    bundle = session.get(Bundle, bundle_id)
    if bundle is None:
        raise NotFoundError("This bundle is not in the hub. A device may still run it.")
    rollouts = select(Rollout).where(Rollout.bundle == bundle_id).order_by(Rollout.id.desc())
    releases = bundles.releases_of(session, bundle_id)
    running = (
        select(func.count())
        .select_from(Device)
        .where(Device.running_bundle == bundle_id, Device.revoked_at.is_(None))
    )
    terms = _terms(hub, session, bundle)
    currency = terms.currency if terms else views.currency_of(session, bundle.project)
    told = figure_words(bundle.kit)
    return render(
        request, session, who, "bundle.html", running=session.scalar(running),
        withdrawn=bool(releases) and all(one.withdrawn_at for one in releases),
        bundle=bundle, metrics=bundle.metrics, terms=terms, currency=currency, told=told,
        comparison=views.comparison(bundle.comparison, currency, told),
        dataset_known=session.get(Dataset, bundle.dataset) is not None,
        rollouts=session.scalars(rollouts).all(), releases=releases, scores=scores_of(session, bundle),
        outdated=champions.outdated(session, bundle), retrain_command=champions.retrain_command(bundle.project),
    )  # fmt: skip


def _terms(hub: Hub, session: Session, bundle: Bundle) -> Terms | None:
    """What the money of a bundle of leads was counted with; None for other kits, and where its bytes are not at hand."""
    if bundle.kit != KIT:
        return None
    project = session.get(Project, bundle.project)
    try:
        opened = formats.open_bytes(hub.storage.get(bundle.blob))
    except KitwrightError:
        return None
    return terms_of(opened, project.kit_yaml if project is not None else "")


@router.get("/rollouts")
def rollout_list(
    request: Request,
    session: ReadDep,
    hub: HubDep,
    who: ViewerPage,
    bundle: str = "",
    page: PageNumber = 1,
) -> Response:
    """All rollouts, and the form that starts one."""
    names = views.bundle_names(session)
    newest = select(Rollout).order_by(Rollout.id.desc())
    rollouts, place = page_of(request, session, newest, page, SHOWN)
    spread = listing.spread_of(session, [row.id for row in rollouts])
    rows = [
        {
            "id": row.id, "bundle": row.bundle, "bundle_name": names.get(row.bundle, ""),
            "target": listing.target_of(row), "state": row.state, "reason": row.reason, "created_at": row.created_at,
            "created_by": row.created_by, "wave": row.wave + 1, "waves": len(spread[row.id].waves),
            "total": spread[row.id].total, "committed": spread[row.id].committed,
        }
        for row in rollouts
    ]  # fmt: skip
    approved = select(Bundle).where(
        Bundle.approved_at.is_not(None),
        Bundle.kit != KIT,
        Bundle.id.not_in(withdrawals.only_withdrawn()),
    )
    devices = session.scalars(
        select(Device).where(Device.revoked_at.is_(None)).order_by(Device.name)
    ).all()
    return render(
        request, session, who, "rollouts.html",
        rollouts=rows, place=place, chosen=bundle, devices=devices, plan=hub.config.rollout,
        bundles=session.scalars(approved.order_by(Bundle.created_at.desc())).all(),
        groups=sorted({row.group for row in devices if row.group}),
    )  # fmt: skip


def _rollout_values(session: Session, rollout_id: int) -> tuple[Rollout, dict[str, object]]:
    rollout = session.get(Rollout, rollout_id)
    if rollout is None:
        raise NotFoundError("There is no such rollout in this hub.")
    return rollout, {
        "rollout": rollout,
        "deployments": standings.of(session, rollout),
        "waits_for": standings.waits_for(session, rollout),
        "names": views.bundle_names(session),
        "waves": rollout_views.waves_of(rollout),
    }


@router.get("/rollouts/{rollout_id}")
def rollout_page(request: Request, session: ReadDep, who: ViewerPage, rollout_id: int) -> Response:
    """One rollout, device by device."""
    rollout, values = _rollout_values(session, rollout_id)
    return render(
        request,
        session,
        who,
        "rollout.html",
        target=listing.target_of(rollout),
        **values,
    )


@router.get("/rollouts/{rollout_id}/live")
def rollout_live(session: ReadDep, _who: ViewerPage, rollout_id: int) -> Response:
    """The part of the page that follows a running rollout."""
    rollout, values = _rollout_values(session, rollout_id)
    return live_fragment("rollout_live.html", rollout.state != "running", **values)
