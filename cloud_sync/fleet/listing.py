"""A list of rollouts: whom each is for and how far it is, counted by the database; its devices are told of one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from cloud_sync.store.models import Deployment, Rollout


def target_of(rollout: Rollout) -> str:
    """Whom a rollout is for, in words."""
    return rollout.device or (f"group {rollout.group}" if rollout.group else "all devices")


@dataclass(slots=True)
class Spread:
    """The devices of a rollout: all, those that have committed, and how many each wave has."""

    total: int = 0
    committed: int = 0
    waves: list[int] = field(default_factory=lambda: [0])


def spread_of(session: Session, numbers: Sequence[int]) -> dict[int, Spread]:
    """Rollout → its devices, counted by the database."""
    number, wave = Deployment.rollout_id, Deployment.wave
    committed = func.sum(case((Deployment.state == "committed", 1), else_=0))
    query = select(number, wave, func.count(), committed).where(number.in_(numbers))
    found = {number: Spread() for number in numbers}
    for rollout, place, devices, done in session.execute(query.group_by(number, wave)):
        spread = found[rollout]
        spread.total += devices
        spread.committed += done
        spread.waves += [0] * (place + 1 - len(spread.waves))
        spread.waves[place] = devices
    return found


def facts_of(rollout: Rollout) -> dict[str, JsonValue]:
    """What a rollout is and how it stands, without its devices."""
    return {
        "id": rollout.id,
        "bundle": rollout.bundle,
        "device": rollout.device,
        "group": rollout.group,
        "release": rollout.release,
        "state": rollout.state,
        "reason": rollout.reason,
        "wave": rollout.wave + 1,
        "created_at": rollout.created_at.isoformat(),
    }


def as_json(rollouts: Sequence[Rollout], spread: Mapping[int, Spread]) -> list[JsonValue]:
    """Some rollouts for API and `--json`; what stands of each device, `rollouts.as_json` says."""
    return [
        {
            **facts_of(rollout),
            "waves": [*spread[rollout.id].waves],
            "devices": spread[rollout.id].total,
            "committed": spread[rollout.id].committed,
            "created_by": rollout.created_by,
        }
        for rollout in rollouts
    ]
