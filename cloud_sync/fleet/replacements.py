"""A machine that was enrolled under a known name has nothing yet: its rollouts that are under way begin anew with it.

That it runs nothing says nothing of the bundle, so it counts for none as a failure. What it has proved is proved again, by
it: a wave that was watched is watched anew.
"""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cloud_sync.fleet import waves
from cloud_sync.fleet.judgement import BAD
from cloud_sync.store.models import Deployment, Rollout
from kits.core.sample import utc_now


def begin_anew(session: Session, device: str) -> None:
    """Has a device told once more what it was told last; older rollouts count it neither way.

    Its time counts from now. Where it had begun and was put into a later wave since, it is told with that one. What failed
    on it, or ended for it, stays as it is. The row of the device is held.
    """
    told = Deployment.wave <= Rollout.wave
    query = (
        select(Rollout.id, Rollout.state, told.label("told"))
        .join(Deployment)
        .where(
            Deployment.device == device,
            or_(told, Deployment.begun_at.is_not(None)),
            Deployment.state.not_in(sorted(BAD | {"superseded"})),
        )
        .order_by(Rollout.id)
    )
    begun = session.execute(query).all()
    newest = max((row.id for row in begun if row.told), default=0)
    for number, state, is_told in begun:
        if state in waves.UNDER_WAY:
            rollout = waves.hold(session, number)
            deployment = next(one for one in rollout.deployments if one.device == device)
            if number == newest or not is_told:
                # what was said of the other is said of another machine
                deployment.id = waves.first_number(session)
                _tell_again(rollout, deployment)
            elif deployment.state == "committed":
                why = "enrolled anew, and given a newer rollout"
                waves.end(deployment, "superseded", why, by_hub=True)


def _tell_again(rollout: Rollout, deployment: Deployment) -> None:
    now = utc_now()
    deployment.state, deployment.error, deployment.ended_by_hub = "pending", "", False
    deployment.begun_at = deployment.finished_at = None
    deployment.waits_for, deployment.waited_until = "", now
    deployment.updated_at = now
    if deployment.wave == rollout.wave:
        rollout.soak_until = None
