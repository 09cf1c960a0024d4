"""Rollouts: an approved bundle to one device or one group, with a deadline for every device.

The release counter only goes up, also for a return to an older bundle. A device counts as done
when it has *committed*; silence until the deadline counts as failed. What a device should run is
always derived from the rows here, so nothing depends on a message having arrived.
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import JsonValue, TypeAdapter
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.hub import audit
from cloud_sync.store.models import Bundle, Deployment, Device, Rollout, Setting
from kits.core.errors import GateError, UsageError
from kits.core.hub_api import DeploymentState, Desired, DesiredBundle, Reported
from kits.core.sample import utc_now
from kits.core.signing import Envelope, SigningKey

FINAL: frozenset[DeploymentState] = frozenset({"committed", "failed", "rolled_back"})
RELEASE = "release"
_ENVELOPE = TypeAdapter(Envelope)


def start(
    session: Session,
    key: SigningKey,
    bundle_id: str,
    *,
    device: str = "",
    group: str = "",
    deadline: timedelta,
    who: str,
) -> Rollout:
    """Begins to bring a bundle to a device or to all devices of a group.

    Running deployments of the same devices end as failed ("superseded").

    Raises:
        UsageError: neither or both of device and group.
        NotFoundError: no such bundle, device, or nobody in the group.
        GateError: the bundle is not approved.
    """
    bundle = session.get(Bundle, bundle_id)
    if bundle is None:
        raise NotFoundError("no such bundle", where=bundle_id, fix="cloud-sync bundle list")
    if bundle.approved_at is None:
        raise GateError(
            "this bundle is not approved", where=bundle_id[:12], fix="approve it on its page"
        )
    targets = _targets(session, device, group)
    release = next_release(session)
    statement = key.sign(
        {
            **_expected(bundle),
            "bundle": bundle.id,
            "size": bundle.size,
            "project": bundle.project,
            "version": bundle.version,
            "release": release,
        }
    )
    rollout = Rollout(
        bundle=bundle.id,
        device=device,
        group=group,
        release=release,
        statement=statement.model_dump(),
        created_by=who,
        deadline_at=utc_now() + deadline,
    )
    session.add(rollout)
    session.flush()
    for target in targets:
        _supersede(session, target.name)
        rollout.deployments.append(
            Deployment(device=target.name, previous_bundle=target.running_bundle)
        )
    session.flush()
    audit(session, who, "rollout.start", str(rollout.id), bundle=bundle.id, release=release)
    return rollout


def _targets(session: Session, device: str, group: str) -> list[Device]:
    if bool(device) == bool(group):
        raise UsageError("say a device or a group", fix="--device NAME or --group NAME")
    wanted = Device.name == device if device else Device.group == group
    query = select(Device).where(wanted, Device.revoked_at.is_(None)).order_by(Device.name)
    targets = list(session.scalars(query))
    if not targets:
        what = "no such device" if device else "no device is in this group"
        raise NotFoundError(what, where=device or group, fix="cloud-sync device list")
    return targets


def _supersede(session: Session, device: str) -> None:
    query = select(Deployment).where(
        Deployment.device == device, Deployment.state.not_in(sorted(FINAL))
    )
    for deployment in session.scalars(query):
        _end(deployment, "failed", "superseded by a newer rollout")
        _conclude(deployment.rollout)


def _expected(bundle: Bundle) -> dict[str, JsonValue]:
    """How many verdicts the gate saw change: the device's shadow must not refuse what was wanted."""
    stated = bundle.comparison.get("disagreement")
    high = stated.get("high") if isinstance(stated, dict) else None
    return {"expected_disagreement": high} if isinstance(high, int | float) else {}


def next_release(session: Session) -> int:
    """The next value of the release counter; it never goes down, also after a restore.

    The highest release among the rollouts is a second witness beside the setting.
    """
    row = session.get(Setting, RELEASE, with_for_update=True)
    if row is None:
        row = Setting(key=RELEASE, value={"last": 0})
        session.add(row)
    last = row.value.get("last", 0)
    assert isinstance(last, int)
    used = session.scalar(select(Rollout.release).order_by(Rollout.release.desc()).limit(1)) or 0
    row.value = {"last": max(last, used) + 1}
    return max(last, used) + 1


def find(session: Session, number: int) -> Rollout:
    """Raises NotFoundError."""
    rollout = session.get(Rollout, number)
    if rollout is None:
        raise NotFoundError("no such rollout", where=str(number))
    return rollout


def pause(session: Session, number: int, *, who: str) -> Rollout:
    """Devices that have not begun wait; those that have go on. Raises ConflictError."""
    return _turn(session, number, "running", "paused", who)


def resume(session: Session, number: int, *, who: str) -> Rollout:
    """The opposite of `pause`. Raises ConflictError."""
    return _turn(session, number, "paused", "running", who)


def _turn(session: Session, number: int, old: str, new: str, who: str) -> Rollout:
    rollout = find(session, number)
    if rollout.state != old:
        raise ConflictError(f"this rollout is {rollout.state}", where=str(number))
    rollout.state = new
    audit(session, who, f"rollout.{new}", str(number))
    return rollout


def abort(session: Session, number: int, *, who: str) -> Rollout:
    """Ends a rollout: who has not committed stays on (or goes back to) what it runs.

    Raises:
        ConflictError: it has ended already.
    """
    rollout = find(session, number)
    if rollout.finished_at is not None:
        raise ConflictError(f"this rollout is {rollout.state}", where=str(number))
    for deployment in rollout.deployments:
        if deployment.state not in FINAL:
            _end(deployment, "failed", f"aborted by {who}")
    rollout.state, rollout.reason, rollout.finished_at = "aborted", f"by {who}", utc_now()
    audit(session, who, "rollout.abort", str(number))
    return rollout


def desired_for(session: Session, device: str) -> Desired:
    """What a device should run: its newest deployment that is under way or committed."""
    query = (
        select(Deployment)
        .join(Rollout)
        .where(Deployment.device == device, Deployment.state.not_in(["failed", "rolled_back"]))
        .order_by(Rollout.release.desc())
    )
    for deployment in session.scalars(query):
        rollout = deployment.rollout
        if rollout.state == "paused" and deployment.state == "pending":
            continue
        bundle = session.get_one(Bundle, rollout.bundle)
        return Desired(
            bundle=DesiredBundle(
                bundle=bundle.id,
                size=bundle.size,
                path=f"/v1/bundles/{bundle.id}/content",
                statement=_ENVELOPE.validate_python(rollout.statement),
                deployment=deployment.id,
            )
        )
    return Desired()


def apply_report(session: Session, device: str, reported: Reported) -> None:
    """What a device says it runs; moves its deployment on.

    A final state stays: late or repeated reports change nothing, and a report of another device's
    deployment is ignored.
    """
    row = session.get_one(Device, device)
    row.running_bundle = reported.bundle[:64]
    row.reported = reported.model_dump(mode="json")
    row.reported_at = row.last_seen_at = utc_now()
    if reported.deployment is None or reported.state is None:
        return
    deployment = session.get(Deployment, reported.deployment)
    if deployment is None or deployment.device != device or deployment.state in FINAL:
        return
    bundle = deployment.rollout.bundle
    if reported.state == "committed" and reported.bundle != bundle:
        _end(deployment, "failed", f"says committed, but runs {reported.bundle[:12] or 'nothing'}")
    elif reported.state in FINAL:
        _end(deployment, reported.state, reported.error)
    else:
        deployment.state, deployment.error = reported.state, reported.error[:1000]
        deployment.updated_at = utc_now()
    _conclude(deployment.rollout)


def any_late(session: Session) -> bool:
    """Whether `expire` would find something; takes no lock."""
    return session.scalar(_late().limit(1)) is not None


def _late() -> Select[Deployment]:
    return (
        select(Deployment)
        .join(Rollout)
        .where(
            Rollout.finished_at.is_(None),
            Rollout.deadline_at < utc_now(),
            Deployment.state.not_in(sorted(FINAL)),
        )
    )


def expire(session: Session) -> int:
    """Counts devices as failed that were silent until the deadline; how many there were."""
    late = list(session.scalars(_late()))
    for deployment in late:
        _end(deployment, "failed", f"not committed by the deadline (was {deployment.state})")
        _conclude(deployment.rollout)
    return len(late)


def _end(deployment: Deployment, state: DeploymentState, error: str) -> None:
    deployment.state, deployment.error = state, error[:1000]
    deployment.updated_at = deployment.finished_at = utc_now()


def _conclude(rollout: Rollout) -> None:
    states = [deployment.state for deployment in rollout.deployments]
    if rollout.finished_at is not None or not FINAL.issuperset(states):
        return
    bad = sum(state != "committed" for state in states)
    rollout.state = "failed" if bad else "done"
    rollout.reason = f"{bad} of {len(states)} devices did not commit" if bad else ""
    rollout.finished_at = utc_now()


def as_json(rollout: Rollout) -> dict[str, JsonValue]:
    """A rollout with its deployments, for API and `--json`."""
    return {
        "id": rollout.id,
        "bundle": rollout.bundle,
        "device": rollout.device,
        "group": rollout.group,
        "release": rollout.release,
        "state": rollout.state,
        "reason": rollout.reason,
        "created_at": rollout.created_at.isoformat(),
        "deadline_at": rollout.deadline_at.isoformat(),
        "deployments": [
            {"id": d.id, "device": d.device, "state": d.state, "error": d.error}
            for d in rollout.deployments
        ],
    }
