"""Deployments: what a device should run, and what it says it runs.

Always derived from the rows, so nothing depends on a message having arrived.
"""

from __future__ import annotations

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from cloud_sync.fleet import waves
from cloud_sync.store.models import Bundle, Deployment, Device, Rollout
from kits.core.hub_api import Desired, DesiredBundle, Reported
from kits.core.sample import utc_now


def desired_for(session: Session, device: str) -> Desired:
    """What a device should run: its newest deployment that has begun or committed.

    One that waits for its wave, or for a paused rollout, has not begun.
    """
    return desired_states(session, device).get(device, Desired())


def desired_states(session: Session, device: str = "") -> dict[str, Desired]:
    """The same for all devices that should run anything, or for one, by a single query."""
    newest = (
        select(Deployment.device, func.max(Deployment.rollout_id).label("rollout"))
        .join(Rollout)
        .where(
            Deployment.state.not_in(["failed", "rolled_back"]),
            Deployment.wave <= Rollout.wave,
            or_(Rollout.state != "paused", Deployment.state != "pending"),
        )
        .group_by(Deployment.device)
    )
    if device:
        newest = newest.where(Deployment.device == device)
    begun = newest.subquery()
    query = (
        select(
            Deployment.device,
            Deployment.id,
            Rollout.target,
            Rollout.release,
            Bundle.id,
            Bundle.size,
        )
        .join(Rollout, Deployment.rollout_id == Rollout.id)
        .join(Bundle, Rollout.bundle == Bundle.id)
        .join(
            begun,
            and_(Deployment.device == begun.c.device, Deployment.rollout_id == begun.c.rollout),
        )
    )
    return {
        name: Desired(
            bundle=DesiredBundle(
                bundle=bundle,
                size=size,
                path=f"/v1/bundles/{bundle}/content",
                target=target,
                release=release,
                deployment=deployment,
            )
        )
        for name, deployment, target, release, bundle, size in session.execute(query)
    }


def apply_report(session: Session, device: str, reported: Reported) -> None:
    """What a device says it runs; moves its deployment on.

    A final state stays: late or repeated reports change nothing, and a report of another device's
    deployment is ignored. The one exception: who committed and then runs something else, while the
    rollout still spreads, did not keep the bundle.
    """
    row = session.get_one(Device, device)
    row.running_bundle = reported.bundle[:64]
    row.reported = reported.model_dump(mode="json")
    row.reported_at = row.last_seen_at = utc_now()
    _watch_committed(session, device, reported)
    if reported.deployment is None or reported.state is None:
        return
    deployment = session.get(Deployment, reported.deployment)
    if deployment is None or deployment.device != device or deployment.state in waves.FINAL:
        return
    bundle = deployment.rollout.bundle
    if reported.state == "committed" and reported.bundle != bundle:
        error = f"says committed, but runs {reported.bundle[:12] or 'nothing'}"
        waves.end(deployment, "failed", error)
    elif reported.state in waves.FINAL:
        waves.end(deployment, reported.state, reported.error)
    else:
        deployment.state, deployment.error = reported.state, reported.error[:1000]
        deployment.updated_at = utc_now()
    waves.progress(deployment.rollout)


def _watch_committed(session: Session, device: str, reported: Reported) -> None:
    if not reported.bundle:
        return
    query = (
        select(Deployment)
        .join(Rollout)
        .where(
            Deployment.device == device,
            Deployment.state == "committed",
            Rollout.state == "running",
            Rollout.bundle != reported.bundle,
        )
    )
    for deployment in session.scalars(query):
        error = f"committed, then went back to {reported.bundle[:12]}: {reported.error}"
        waves.end(deployment, "rolled_back", error.rstrip(": "))
        waves.progress(deployment.rollout)
