"""Waves: how a rollout spreads, when it goes on and when it stops.

Fleets here are small, so the first wave is one device (the canary) and any failure in it stops the
rollout; percentages made for thousands of devices would never fire. Later waves stop at the larger
of two devices and a tenth of the fleet. Silence until a wave's deadline counts as a failure, and a
device counts as done only when it has committed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from cloud_sync.store.models import Deployment, Device, Rollout
from kits.core.errors import UsageError
from kits.core.hub_api import DeploymentState
from kits.core.sample import utc_now

FINAL: frozenset[DeploymentState] = frozenset({"committed", "failed", "rolled_back"})
TOLERATED_SHARE = 0.1
TOLERATED_DEVICES = 2


def in_order(targets: Sequence[Device], canary: str) -> list[Device]:
    """The canary first, then who is online, each by name.

    Raises:
        UsageError: the canary is not among the targets.
    """
    if canary and canary not in {device.name for device in targets}:
        raise UsageError(
            "the canary is not one of this rollout's devices", where=canary, fix="name one of them"
        )
    return sorted(targets, key=lambda d: (d.name != canary, not d.online, d.name))


def wave_of(place: int, steps: Sequence[int]) -> int:
    """The wave (from 0) of the device at `place` (from 0)."""
    return next(number for number, count in enumerate(steps) if place < count)


def counts(rollout: Rollout) -> list[int]:
    """Devices per wave."""
    waves = [deployment.wave for deployment in rollout.deployments]
    return [waves.count(number) for number in range(max(waves, default=0) + 1)]


def any_due(session: Session) -> bool:
    """Whether `advance` has something to do now; takes no lock."""
    now = utc_now()
    soaked = select(Rollout.id).where(Rollout.state == "running", Rollout.soak_until <= now)
    return any(session.scalar(query.limit(1)) is not None for query in (_late(now), soaked))


def advance(session: Session) -> int:
    """Counts silent devices as failed and moves rollouts on; how many devices were silent."""
    now = utc_now()
    late = list(session.scalars(_late(now)))
    for deployment in late:
        end(deployment, "failed", f"not committed by the deadline (was {deployment.state})")
    running = select(Rollout).where(
        Rollout.state == "running",
        or_(
            Rollout.soak_until <= now,
            Rollout.id.in_([deployment.rollout_id for deployment in late]),
        ),
    )
    for rollout in session.scalars(running):
        progress(rollout)
    return len(late)


def _late(now: datetime) -> Select[Deployment]:
    return (
        select(Deployment)
        .join(Rollout)
        .where(
            Rollout.state == "running",
            Rollout.deadline_at < now,
            Deployment.wave <= Rollout.wave,
            Deployment.state.not_in(sorted(FINAL)),
        )
    )


def progress(rollout: Rollout) -> None:
    """Stops, soaks, opens the next wave or ends, as the deployments demand; again equals once."""
    if rollout.state != "running":
        return
    reason = stop_reason(rollout)
    if reason:
        stop(rollout, "failed", reason, "not begun: the rollout was stopped")
        return
    begun = [d for d in rollout.deployments if d.wave <= rollout.wave]
    if any(d.state not in FINAL for d in begun):
        return
    if rollout.wave == max((d.wave for d in rollout.deployments), default=0):
        _finish(rollout)
    elif rollout.soak_until is None:
        rollout.soak_until = utc_now() + timedelta(seconds=rollout.soak_s)
        progress(rollout)
    elif rollout.soak_until <= utc_now():
        rollout.wave += 1
        rollout.soak_until = None
        rollout.deadline_at = utc_now() + timedelta(seconds=rollout.deadline_s)
        progress(rollout)


def stop_reason(rollout: Rollout) -> str:
    """Why a rollout must not go on, in words; empty when it may."""
    bad = [d for d in rollout.deployments if d.wave <= rollout.wave and failed(d)]
    canary = [d for d in bad if d.wave == 0]
    if canary:
        return f"the first wave failed: {_told(canary)}"
    later = [d for d in bad if d.wave > 0]
    limit = max(TOLERATED_DEVICES, math.ceil(TOLERATED_SHARE * len(rollout.deployments)))
    if len(later) >= limit:
        return f"{len(later)} devices failed, {limit} stop a rollout: {_told(later)}"
    return ""


def failed(deployment: Deployment) -> bool:
    """Whether a deployment counts against its bundle: one that gave way to a newer does not."""
    return deployment.state in ("failed", "rolled_back") and not deployment.superseded


def _told(deployments: Sequence[Deployment]) -> str:
    shown = "; ".join(
        f"{d.device} {d.state}: {d.error or 'no reason given'}" for d in deployments[:3]
    )
    more = len(deployments) - 3
    return f"{shown}; and {more} more" if more > 0 else shown


def _finish(rollout: Rollout) -> None:
    bad = sum(failed(d) for d in rollout.deployments)
    gone = sum(d.superseded for d in rollout.deployments)
    if bad:
        rollout.state = "failed"
        rollout.reason = f"{bad} of {len(rollout.deployments)} devices did not commit"
    elif gone == len(rollout.deployments):
        rollout.state, rollout.reason = "aborted", "superseded by a newer rollout"
    else:
        rollout.state = "done"
    rollout.finished_at = utc_now()


def stop(rollout: Rollout, state: str, reason: str, why_not_begun: str) -> None:
    """Ends a rollout before its time: who has not committed stays on what it ran before."""
    untouched = 0
    for deployment in rollout.deployments:
        if deployment.state in FINAL:
            continue
        begun = deployment.wave <= rollout.wave and deployment.state != "pending"
        untouched += not begun
        end(deployment, "failed", reason if begun else why_not_begun)
    left = (
        f"; {untouched} of {len(rollout.deployments)} devices were not touched" if untouched else ""
    )
    rollout.state, rollout.reason = state, (reason + left)[:2000]
    rollout.soak_until, rollout.finished_at = None, utc_now()


def end(deployment: Deployment, state: DeploymentState, error: str) -> None:
    """Gives a deployment its final state."""
    deployment.state, deployment.error = state, error[:1000]
    deployment.updated_at = deployment.finished_at = utc_now()
