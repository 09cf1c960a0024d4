"""Waves: carries out what `judgement.py` says of a rollout, on the rows.

Who changes a rollout or its deployments holds the rollout's row, so that of two devices that commit
at the same moment the second one sees the first. Nothing rests on that alone: `advance` looks at
every rollout that is under way, again and again. Time in which the hub was off does not count
(`absence.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from cloud_sync.fleet import absence
from cloud_sync.fleet.judgement import (
    BAD,
    Drop,
    Fail,
    Finish,
    Miss,
    Open,
    Promote,
    Resume,
    Step,
    Stop,
    Swap,
    Watch,
    next_step,
)
from cloud_sync.fleet.reach import FINAL, SIGN_OF_LIFE, Course, Member
from cloud_sync.store.db import take_turn
from cloud_sync.store.models import Deployment, Device, Rollout
from kits.core.errors import UsageError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

UNDER_WAY = ("running", "paused")


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


def first_number(session: Session) -> int:
    """Of the deployments that begin now: above all before, and never less than the seconds since 1970.

    Devices remember which deployments they ended, and a lower one than that on its way is old to them. A hub restored
    from a backup would give numbers again that it gave since, and the first rollout would be met with silence.
    """
    take_turn(session, "deployment numbers")
    last = session.scalar(select(func.max(Deployment.id))) or 0
    return max(last + 1, int(utc_now().timestamp()))


def hold(session: Session, number: int) -> Rollout:
    """A rollout that nobody else can change before this transaction ends, as others left it.

    While it is under way its times are put right if the hub was away. SQLite's transactions exclude each other anyway.
    """
    query = select(Rollout).where(Rollout.id == number).options(selectinload(Rollout.deployments))
    fresh = query.with_for_update(of=Rollout).execution_options(populate_existing=True)
    rollout = session.scalars(fresh).one()
    if rollout.state in UNDER_WAY:
        absence.catch_up(rollout, utc_now())
    return rollout


def members_of(session: Session, rollouts: Iterable[int]) -> dict[int, list[Member]]:
    """Rollout → its devices in their order, each as the hub knows it now."""
    numbers = list(rollouts)
    found: dict[int, list[Member]] = {number: [] for number in numbers}
    query = (
        select(
            Deployment.rollout_id, Deployment.device, Deployment.wave, Deployment.state,
            Deployment.error, Deployment.begun_at, Deployment.waits_for, Deployment.waited_until,
            Device.online, Device.last_seen_at, Device.running_bundle, Device.revoked_at, Rollout.bundle,
            _overtaken().label("overtaken"),
        )
        .join(Rollout, Deployment.rollout_id == Rollout.id)
        .join(Device, Deployment.device == Device.name)
        .where(Deployment.rollout_id.in_(numbers))
        .order_by(Deployment.wave, Deployment.id)
    )  # fmt: skip
    for row in session.execute(query):
        member = Member(
            device=row.device, wave=row.wave, state=row.state, error=row.error,
            online=row.online, heard_at=row.last_seen_at,
            left=row.state == "committed" and row.running_bundle != row.bundle,
            begun_at=row.begun_at, waits_for=row.waits_for, waited_until=row.waited_until,
            revoked=row.revoked_at is not None, overtaken=row.overtaken,
        )  # fmt: skip
        found[row.rollout_id].append(member)
    return found


def _overtaken() -> ColumnElement[bool]:
    """Whether a device that has not committed yet is told a newer rollout, whose wave has come since."""
    newer, its = aliased(Deployment), aliased(Rollout)
    told = exists().where(
        newer.device == Deployment.device,
        newer.rollout_id > Deployment.rollout_id,
        newer.state.not_in(sorted(BAD | {"superseded"})),
        its.id == newer.rollout_id,
        newer.wave <= its.wave,
        or_(its.state != "paused", newer.state != "pending"),
    )
    return and_(Deployment.state.not_in(sorted(FINAL)), told)


def course_of(rollout: Rollout, members: Sequence[Member]) -> Course:
    """Where a rollout stands."""
    return Course(
        state=rollout.state,
        wave=rollout.wave,
        deadline=timedelta(seconds=rollout.deadline_s),
        deadline_at=rollout.deadline_at,
        soak=timedelta(seconds=rollout.soak_s),
        soak_until=rollout.soak_until,
        members=members,
    )


def due(session: Session) -> list[int]:
    """The rollouts for which there is something to do or to note now; takes no lock."""
    now = utc_now()
    rows = list(session.scalars(select(Rollout).where(Rollout.state.in_(UNDER_WAY))))
    if not rows:
        return []
    members = members_of(session, [row.id for row in rows])
    return [
        row.id
        for row in rows
        if absence.is_noteworthy(row, now)
        or next_step(course_of(row, members[row.id]), now) is not None
    ]


def advance(session: Session) -> int:
    """Moves rollouts on, and counts silent devices as failed; how many were silent."""
    return sum(progress(session, hold(session, number)) for number in sorted(due(session)))


def progress(session: Session, rollout: Rollout) -> int:
    """Does what is due for a rollout that is held, again and again; how many devices were silent."""
    silent = 0
    while True:
        session.flush()
        members = members_of(session, [rollout.id])[rollout.id]
        now = utc_now()
        step = next_step(course_of(rollout, members), now)
        if step is None:
            return silent
        silent += len(step.reasons) if isinstance(step, Fail) else 0
        _take(rollout, step, now)


def _take(rollout: Rollout, step: Step, now: datetime) -> None:
    match step:
        case Stop(reason):
            stop(rollout, "failed", reason, "not begun: the rollout was stopped")
        case Swap(away, instead):
            _swap(rollout, away, instead, now)
        case Promote(device):
            _open(rollout, rollout.wave, now)
            for deployment in _of(rollout, {device}):
                deployment.wave, deployment.updated_at = rollout.wave, now
        case Watch():
            rollout.soak_until = now + timedelta(seconds=rollout.soak_s)
            # who is silent at the end of the soak has this long to be heard of again
            rollout.deadline_at = rollout.soak_until + timedelta(seconds=rollout.deadline_s)
        case Open(wave):
            _open(rollout, wave, now)
        case Finish(state, reason):
            rollout.state, rollout.reason = state, reason
            rollout.soak_until, rollout.finished_at = None, now
        case Fail() | Drop() | Miss() | Resume():
            _note(rollout, step, now)


def _note(rollout: Rollout, step: Fail | Drop | Miss | Resume, now: datetime) -> None:
    """What has become of devices without a word of theirs."""
    match step:
        case Fail(reasons):
            for deployment in _of(rollout, reasons):
                end(deployment, "failed", reasons[deployment.device], by_hub=True)
        case Drop(reasons):
            for deployment in _of(rollout, reasons):
                end(deployment, "superseded", reasons[deployment.device], by_hub=True)
        case Miss(devices):
            for deployment in _of(rollout, devices):
                deployment.waits_for, deployment.waited_until = SIGN_OF_LIFE, now
        case Resume(devices):
            for deployment in _of(rollout, devices):
                deployment.waits_for, deployment.waited_until = "", now


def _of(rollout: Rollout, devices: Container[str]) -> list[Deployment]:
    return [d for d in rollout.deployments if d.device in devices]


def _swap(rollout: Rollout, away: Container[str], instead: Container[str], now: datetime) -> None:
    """Those that are away come last, the others now; these have all of the wave's time."""
    last = max(d.wave for d in rollout.deployments)
    for deployment in _of(rollout, away):
        deployment.wave, deployment.waits_for, deployment.waited_until = last, "", None
    for deployment in _of(rollout, instead):
        deployment.wave, deployment.updated_at = rollout.wave, now
    _open(rollout, rollout.wave, now)


def _open(rollout: Rollout, wave: int, now: datetime) -> None:
    rollout.wave, rollout.soak_until = wave, None
    rollout.deadline_at = now + timedelta(seconds=rollout.deadline_s)


def stop(rollout: Rollout, state: str, reason: str, why_not_begun: str) -> None:
    """Ends a rollout before its time: who has not committed stays on what it ran before."""
    untouched = 0
    for deployment in rollout.deployments:
        if deployment.state in FINAL:
            continue
        untouched += deployment.begun_at is None
        end(deployment, "failed", reason if deployment.begun_at else why_not_begun, by_hub=True)
    left = (
        f"; {untouched} of {len(rollout.deployments)} devices were not touched" if untouched else ""
    )
    rollout.state, rollout.reason = state, (reason + left)[:2000]
    rollout.soak_until, rollout.finished_at = None, utc_now()


def correct(rollout: Rollout, deployment: Deployment) -> None:
    """A device that the hub had given up has committed: it runs the bundle, and so it stands here.

    The rollout's end stays, unless nothing is missing any more.
    """
    log.warning(
        "event=commit_heard_late rollout=%d device=%s was=%r",
        rollout.id, deployment.device, deployment.error,
    )  # fmt: skip
    deployment.begun_at = deployment.begun_at or utc_now()
    end(deployment, "committed", "")
    if rollout.state == "failed" and all(d.state == "committed" for d in rollout.deployments):
        rollout.state, rollout.reason = "done", ""


def end(deployment: Deployment, state: str, error: str, *, by_hub: bool = False) -> None:
    """Gives a deployment its final state."""
    deployment.ended_by_hub = by_hub
    deployment.state, deployment.error, deployment.waits_for = state, error[:1000], ""
    deployment.updated_at = deployment.finished_at = utc_now()
