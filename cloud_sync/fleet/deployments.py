"""Deployments: what a device should run, and what it says it runs.

Always derived from the rows, so nothing depends on a message having arrived.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from cloud_sync.cases import telling
from cloud_sync.fleet import reports, waves, windows
from cloud_sync.fleet.judgement import BAD
from cloud_sync.fleet.reach import FINAL
from cloud_sync.mails.telling import MailWords
from cloud_sync.mails.telling import words_for as mail_words
from cloud_sync.store.models import Bundle, Deployment, Device, Rollout
from kits.core.hub_api import Desired, DesiredBundle, Reported, Withdrawn
from kits.core.sample import utc_now

_WITHDRAWN = 8
"""So many of a device's ended deployments are named: it is on its way with the newest, if with any."""


def desired_for(session: Session, device: str) -> Desired:
    """What a device should run: its newest deployment that has begun or committed.

    One that waits for its wave, or for a paused rollout, has not begun. What has ended is named, so
    that a device which is on its way with it stops.
    """
    wanted = desired_states(session, device).get(device, Desired())
    mails = mail_words(session, device, addresses=True).get(device, MailWords())
    return wanted.model_copy(
        update={
            "withdrawn": _withdrawn(session, device),
            "windows": windows.asked(session, device).get(device, ()),
            "cases": telling.words_for(session, device).get(device, ()),
            "gates": mails.gates,
            "erasures": mails.erasures,
        }
    )


def _withdrawn(session: Session, device: str) -> tuple[Withdrawn, ...]:
    query = (
        select(Deployment.id, Deployment.error)
        .where(
            Deployment.device == device,
            Deployment.finished_at.is_not(None),
            Deployment.state != "committed",
        )
        .order_by(Deployment.id.desc())
        .limit(_WITHDRAWN)
    )
    rows = session.execute(query)
    return tuple(Withdrawn(deployment=number, reason=error) for number, error in rows)


def desired_states(session: Session, device: str = "") -> dict[str, Desired]:
    """The same for all devices that should run anything, or for one, by a single query."""
    newest = (
        select(Deployment.device, func.max(Deployment.rollout_id).label("rollout"))
        .join(Rollout)
        .where(
            Deployment.state.not_in(sorted(BAD | {"superseded"})),
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
    deployment is ignored. Two exceptions: who committed and then runs something else, or nothing,
    while the rollout is under way, did not keep the bundle; and whom the hub gave up, because
    nothing was heard or a person ended the rollout, may have committed meanwhile.
    """
    news = reports.take(session.get_one(Device, device, with_for_update=True), reported)
    if news is None:
        return
    for number in _concerned(session, device, news):
        rollout = waves.hold(session, number)
        deployment = next(d for d in rollout.deployments if d.device == device)
        if deployment.state == "committed":
            _leave(session, deployment, news)
        elif _has_proved(deployment, news):
            waves.correct(rollout, deployment)
        elif deployment.id == news.deployment:
            _move(deployment, news)
        waves.progress(session, rollout)


def _concerned(session: Session, device: str, reported: Reported) -> list[int]:
    """The rollouts that this report changes something for, in the order of locking.

    Those under way, and those that ended without hearing that this device committed: by its own word,
    or, when an agent that was started since has nothing to say of it, by what it runs.
    """
    said = and_(Deployment.id == reported.deployment, Deployment.state.not_in(sorted(FINAL)))
    left = and_(Deployment.state == "committed", Rollout.bundle != reported.bundle)
    changed = or_(said, left) if reported.state is not None else left
    changed = and_(changed, Rollout.state.in_(waves.UNDER_WAY))
    given_up = _given_up(device, reported)
    if given_up is not None:
        changed = or_(changed, given_up)
    query = select(Rollout.id).join(Deployment).where(Deployment.device == device, changed)
    return list(session.scalars(query.order_by(Rollout.id)))


def _given_up(device: str, reported: Reported) -> ColumnElement[bool] | None:
    """Which deployments this report shows to be committed that the hub has ended; None: no such."""
    if reported.state not in (None, "committed") or not reported.bundle:
        return None
    number: ColumnElement[int] | int | None = reported.deployment
    begun: ColumnElement[bool] = true()
    if reported.state is None:
        newest = select(func.max(Deployment.id)).where(Deployment.device == device)
        number, begun = newest.scalar_subquery(), Deployment.begun_at.is_not(None)
    return and_(
        Deployment.id == number,
        begun,
        Deployment.state == "failed",
        Deployment.ended_by_hub.is_(True),
        Rollout.bundle == reported.bundle,
    )


def _has_proved(deployment: Deployment, reported: Reported) -> bool:
    """Whether what `_given_up` found still holds for the row that is held now."""
    return (
        deployment.state == "failed"
        and deployment.ended_by_hub
        and reported.state in (None, "committed")
        and reported.bundle == deployment.rollout.bundle
    )


def _move(deployment: Deployment, reported: Reported) -> None:
    """Takes over the state that a device reports of a deployment of its own."""
    now, state = utc_now(), reported.state
    if state is None or deployment.state in FINAL:
        return
    deployment.begun_at = deployment.begun_at or now
    bundle = deployment.rollout.bundle
    if state == "committed" and reported.bundle != bundle:
        error = f"says committed, but runs {reported.bundle[:12] or 'nothing'}"
        waves.end(deployment, "failed", error)
    elif state in FINAL:
        waves.end(deployment, state, reported.error)
    else:
        if deployment.state != state:
            deployment.state, deployment.updated_at = state, now
        deployment.error = reported.error[:1000]
        if deployment.waits_for or reported.waits_for:
            deployment.waits_for, deployment.waited_until = reported.waits_for[:200], now


def _leave(session: Session, deployment: Deployment, reported: Reported) -> None:
    """Who runs another bundle than it committed did not keep it, unless it was given a newer one."""
    if reported.bundle == deployment.rollout.bundle:
        return
    newer = (
        select(Deployment.id)
        .join(Rollout)
        .where(
            Deployment.device == deployment.device,
            Rollout.id > deployment.rollout_id,
            Rollout.bundle == reported.bundle,
        )
    )
    if session.scalar(newer.limit(1)) is None:
        runs = f"went back to {reported.bundle[:12]}" if reported.bundle else "runs nothing"
        error = f"committed, then {runs}: {reported.error}"
        waves.end(deployment, "rolled_back", error.rstrip(": "))
