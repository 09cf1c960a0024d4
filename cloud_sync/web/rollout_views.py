"""What the pages say of a rollout."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from cloud_sync.fleet import waves
from cloud_sync.store.models import Deployment, Rollout


def rollout_target(rollout: Rollout) -> str:
    """Whom a rollout is for, in words."""
    return rollout.device or (f"group {rollout.group}" if rollout.group else "all devices")


def spread_of(session: Session, numbers: Sequence[int]) -> dict[int, dict[str, int]]:
    """Rollout → its devices, those that committed, and its waves; counted by the database, for a list of rollouts."""
    query = (
        select(
            Deployment.rollout_id, func.count(), func.max(Deployment.wave),
            func.sum(case((Deployment.state == "committed", 1), else_=0)),
        )
        .where(Deployment.rollout_id.in_(numbers))
        .group_by(Deployment.rollout_id)
    )  # fmt: skip
    found = {number: {"total": 0, "committed": 0, "waves": 1} for number in numbers}
    for number, total, last, committed in session.execute(query):
        found[number] = {"total": total, "committed": committed, "waves": last + 1}
    return found


def waves_of(rollout: Rollout) -> list[dict[str, object]]:
    """The waves of a rollout: how far each is, and in words what it waits for."""
    rows: list[dict[str, object]] = []
    for number, devices in enumerate(waves.counts(rollout)):
        if not devices:
            continue  # its devices moved into an earlier wave
        committed = sum(d.wave == number and d.state == "committed" for d in rollout.deployments)
        stage = "past" if number < rollout.wave else ("open" if number == rollout.wave else "later")
        text = ""
        if rollout.state in ("running", "paused"):
            watched = stage == "open" and rollout.soak_until is not None
            text = "watched before the next" if watched else ("" if stage == "past" else stage)
        rows.append(
            {
                "number": number + 1,
                "devices": devices,
                "committed": committed,
                "stage": stage,
                "text": text,
            }
        )
    return rows
