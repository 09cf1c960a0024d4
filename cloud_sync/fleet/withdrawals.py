"""Releases that the engineer took back: what the signed list says, carried into tables and rollouts.

Devices refuse a withdrawn release by themselves; here it is shown, rolled out no more, and no champion
any more. Devices that run it go on until they are given another one.
"""

from __future__ import annotations

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from tuf.api.metadata import Metadata, Targets

from cloud_sync.fleet import waves
from cloud_sync.hub import audit
from cloud_sync.store.models import Release, Rollout
from kits.core.releases import read_release
from kits.core.sample import utc_now


def record(session: Session, old: Metadata[Targets] | None, new: Targets, *, who: str) -> set[str]:
    """Notes what is withdrawn anew and ends its rollouts; the projects it concerns.

    Raises:
        BundleError: a target is no release.
    """
    before = old.signed.targets if old is not None else {}
    projects: set[str] = set()
    for path, target in new.targets.items():
        if path in before and before[path] == target:
            continue
        reason = read_release(path, target.custom).withdrawn
        if reason is None:
            continue
        row = session.get_one(Release, path)
        row.withdrawn, row.withdrawn_at = reason, utc_now()
        projects.add(row.project)
        audit(session, who, "release.withdraw", path, bundle=row.bundle, reason=reason)
        _end_rollouts(session, row)
    session.flush()
    return projects


def _end_rollouts(session: Session, release: Release) -> None:
    under_way = select(Rollout.id).where(
        Rollout.target == release.target, Rollout.finished_at.is_(None)
    )
    why = f"release {release.release} was withdrawn: {release.withdrawn}"
    for number in session.scalars(under_way).all():
        rollout = waves.hold(session, number)
        if rollout.finished_at is None:
            waves.stop(rollout, "aborted", why, f"not begun: {why}")


def only_withdrawn() -> Select[str]:
    """Ids of the bundles that were released and of which no release is in force any more."""
    return (
        select(Release.bundle)
        .group_by(Release.bundle)
        .having(func.count(Release.withdrawn_at) == func.count(Release.target))
    )
