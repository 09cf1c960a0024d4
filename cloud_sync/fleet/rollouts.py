"""Rollouts: an approved bundle to one device or to a group, in waves.

Starting, pausing, ending them, and showing how they stand. When they spread and stop is in
`judgement.py` and `waves.py`; what a device should run, and says it runs, in `deployments.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.fleet import absence, listing, standings, tuf, waves
from cloud_sync.fleet.plan import Plan, parse_waves, sizes
from cloud_sync.fleet.reach import FINAL
from cloud_sync.hub import audit
from cloud_sync.sections import RolloutConfig
from cloud_sync.store.models import Bundle, Deployment, Device, Release, Rollout
from kits.core.errors import UsageError
from kits.core.sample import utc_now


def plan_of(
    defaults: RolloutConfig,
    waves: str = "",
    canary: str = "",
    soak_min: float | None = None,
    deadline_min: float | None = None,
) -> Plan:
    """A plan from what a person said; the rest as configured.

    Raises:
        UsageError: the waves are not understood, or a time is none.
    """
    soak = defaults.soak_min if soak_min is None else soak_min
    deadline = defaults.deadline_min if deadline_min is None else deadline_min
    if deadline <= 0 or soak < 0:
        raise UsageError(
            "a deadline takes more than 0 minutes, a soak at least 0",
            where=f"deadline {deadline:g}, soak {soak:g}",
            fix="for example: --deadline-min 180 --soak-min 60",
        )
    return Plan(
        deadline=timedelta(minutes=deadline),
        soak=timedelta(minutes=soak),
        waves=parse_waves(waves or defaults.waves),
        canary=canary,
    )


def start(
    session: Session,
    bundle_id: str,
    *,
    device: str = "",
    group: str = "",
    plan: Plan,
    who: str,
) -> Rollout:
    """Begins to bring a bundle to a device or to all devices of a group, wave by wave.

    What the same devices have not committed of older rollouts ends as superseded.

    Raises:
        UsageError: neither or both of device and group, or the canary is not among them.
        NotFoundError: no such bundle, device, or nobody in the group.
        GateError: no release engineer has signed the bundle.
        ConflictError: a device was already given a higher release, or runs another project.
    """
    bundle = session.get(Bundle, bundle_id)
    if bundle is None:
        raise NotFoundError("no such bundle", where=bundle_id, fix="cloud-sync bundle list")
    release = tuf.release_of(session, bundle_id)
    targets = waves.in_order(_targets(session, device, group), plan.canary)
    steps = sizes(plan.waves, len(targets))
    _check_project(session, bundle, targets)
    _check_forward(session, release, targets)
    rollout = Rollout(
        bundle=bundle.id,
        device=device,
        group=group,
        release=release.release,
        target=release.target,
        created_by=who,
        deadline_s=int(plan.deadline.total_seconds()),
        soak_s=int(plan.soak.total_seconds()),
        deadline_at=utc_now() + plan.deadline,
    )
    session.add(rollout)
    session.flush()
    _supersede(session, targets, rollout.id)
    first = waves.first_number(session)
    for place, target in enumerate(targets):
        rollout.deployments.append(
            Deployment(
                id=first + place,
                device=target.name,
                previous_bundle=target.running_bundle,
                wave=waves.wave_of(place, steps),
            )
        )
    session.flush()
    audit(session, who, "rollout.start", str(rollout.id), bundle=bundle.id, release=release.release)
    return rollout


def _targets(session: Session, device: str, group: str) -> list[Device]:
    if bool(device) == bool(group):
        raise UsageError("say a device or a group", fix="--device NAME or --group NAME")
    wanted = Device.name == device if device else Device.group == group
    query = select(Device).where(wanted, Device.revoked_at.is_(None)).order_by(Device.name)
    # of two rollouts that begin at once the second one sees the first
    fresh = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    targets = list(session.scalars(fresh))
    if not targets:
        what = "no such device" if device else "no device is in this group"
        raise NotFoundError(what, where=device or group, fix="cloud-sync device list")
    return targets


def _supersede(session: Session, targets: Sequence[Device], newer: int) -> None:
    """Ends what these devices have not committed of older rollouts; those go on without them."""
    names = {target.name for target in targets}
    query = select(Deployment.rollout_id).where(
        Deployment.device.in_(names), Deployment.state.not_in(sorted(FINAL))
    )
    for number in sorted(set(session.scalars(query))):
        rollout = waves.hold(session, number)
        for deployment in rollout.deployments:
            if deployment.device in names and deployment.state not in FINAL:
                waves.end(deployment, "superseded", f"gave way to rollout {newer}", by_hub=True)
        waves.progress(session, rollout)


def _check_project(session: Session, bundle: Bundle, targets: list[Device]) -> None:
    """A device refuses what was made for another project than its own, so it is not asked.

    Raises:
        ConflictError: one of them runs another project.
    """
    query = (
        select(Device.name, Bundle.project)
        .join(Bundle, Bundle.id == Device.running_bundle)
        .where(
            Device.name.in_([target.name for target in targets]), Bundle.project != bundle.project
        )
        .limit(1)
    )
    found = session.execute(query).first()
    if found is not None:
        raise ConflictError(
            f"made for the project {bundle.project!r}, and {found.name} runs {found.project!r}",
            where=bundle.id[:12],
            fix="enrol another device for it: cloud-sync device add NAME",
        )


def _check_forward(session: Session, release: Release, targets: list[Device]) -> None:
    """A device refuses to go back, so it is not asked to. One that never began may have any release.

    Raises:
        ConflictError: one of them was given a higher release of this project.
    """
    begun = (
        select(Deployment.device, Rollout.release)
        .join(Rollout)
        .join(Bundle, Bundle.id == Rollout.bundle)
        .where(
            Bundle.project == release.project,
            Rollout.release > release.release,
            Deployment.device.in_([target.name for target in targets]),
            Deployment.begun_at.is_not(None),
        )
        .limit(1)
    )
    found = session.execute(begun).first()
    if found is not None:
        raise ConflictError(
            f"release {release.release} is older than {found.release}, which {found.device} had",
            where=release.bundle[:12],
            fix=f"kit release {release.bundle[:12]} --hub URL: the old bytes get a new number",
        )


def find(session: Session, number: int) -> Rollout:
    """Raises NotFoundError."""
    rollout = session.get(Rollout, number)
    if rollout is None:
        raise NotFoundError("no such rollout", where=str(number), fix="cloud-sync rollout list")
    return rollout


def pause(session: Session, number: int, *, who: str) -> Rollout:
    """Devices that have not begun wait; those that have go on, and a failure ends the rollout.

    Deadlines and soaks stand still.

    Raises:
        ConflictError: it does not run.
    """
    rollout = _turn(session, number, "running", "paused", who)
    rollout.paused_at = utc_now()
    return rollout


def resume(session: Session, number: int, *, who: str) -> Rollout:
    """The opposite of `pause`. Raises ConflictError."""
    rollout = _turn(session, number, "paused", "running", who)
    now = utc_now()
    absence.shift(rollout, now - (rollout.paused_at or now))
    rollout.paused_at = None
    waves.progress(session, rollout)
    return rollout


def _held(session: Session, number: int) -> Rollout:
    find(session, number)
    return waves.hold(session, number)


def _turn(session: Session, number: int, old: str, new: str, who: str) -> Rollout:
    rollout = _held(session, number)
    if rollout.state != old:
        raise ConflictError(
            f"this rollout is {rollout.state}",
            where=str(number),
            fix="cloud-sync rollout list shows what can be done with it",
        )
    rollout.state = new
    audit(session, who, f"rollout.{new}", str(number))
    return rollout


def abort(session: Session, number: int, *, who: str) -> Rollout:
    """Ends a rollout: who has not committed stays on (or goes back to) what it runs.

    Raises:
        ConflictError: it has ended already.
    """
    rollout = _held(session, number)
    if rollout.finished_at is not None:
        raise ConflictError(
            f"this rollout is {rollout.state}",
            where=str(number),
            fix="cloud-sync rollout list shows what can be done with it",
        )
    waves.stop(rollout, "aborted", f"aborted by {who}", f"not begun: aborted by {who}")
    audit(session, who, "rollout.abort", str(number))
    return rollout


def as_json(session: Session, rollout: Rollout) -> dict[str, JsonValue]:
    """A rollout with its deployments, for API and `--json`."""
    standing = {line.device: line for line in standings.of(session, rollout)}
    return {
        **listing.facts_of(rollout),
        "waits_for": standings.waits_for(session, rollout),
        "waves": [*waves.counts(rollout)],
        "soak_until": rollout.soak_until.isoformat() if rollout.soak_until else None,
        "deadline_at": rollout.deadline_at.isoformat(),
        "deployments": [
            {
                "id": d.id,
                "device": d.device,
                "wave": d.wave + 1,
                "state": d.state,
                "since": standing[d.device].since.isoformat(),
                "error": d.error,
                "reason": standing[d.device].reason,
            }
            for d in rollout.deployments
        ],
    }
