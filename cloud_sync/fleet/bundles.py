"""Bundles at the hub: taking a publisher's, recording which ones are released, listing.

Their bytes are blobs. A bundle may go to devices once a release names it, which only the release
engineer can sign (`tuf.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from tuf.api.metadata import Metadata, TargetFile, Targets

from cloud_sync.effects.alerts import close_alert
from cloud_sync.errors import NotFoundError, TooLargeError
from cloud_sync.fleet import withdrawals
from cloud_sync.hub import Hub, audit
from cloud_sync.intake.provenance import adopt
from cloud_sync.learning.datasets import (
    Version,
    describe,
    hold,
    read,
    refuse_unlearnable,
    register,
)
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Blob, Bundle, Dataset, Project, Release
from kits.core import bundle as formats
from kits.core import releases as signed
from kits.core.errors import BundleError, DataError
from kits.core.hub_api import PublishRequest
from kits.core.sample import utc_now

PUBLISHER = "publisher"
HUB = "hub"


@dataclass(frozen=True)
class _Announced:
    """A bundle that was read to its last byte, and the version it learned from with its samples, if that is new."""

    content: formats.Bundle
    request: PublishRequest
    dataset: Version | None
    samples: frozenset[str]


def publish(hub: Hub, request: PublishRequest, *, login: str) -> Bundle:
    """Checks an announced bundle to its last byte and registers it; twice equals once.

    Nothing can be done with it before a release names it. The bytes are read before anything is
    locked: a large bundle holds up no ingest.

    Raises:
        BundleError: the bytes are damaged or another bundle's.
        NotFoundError: the bytes were not put before.
        TooLargeError: above the hub's limit.
        DataError: samples of its dataset were erased or withdrawn since the hub took it.
    """
    announced = _check(hub, request)
    with hub.database.transaction() as session:
        return _register(session, announced, login)


def _check(hub: Hub, request: PublishRequest) -> _Announced:
    with hub.database.session() as session:
        size = _bytes_of(session, request).size
        dataset = request.dataset if _is_new_version(session, request.dataset) else ""
    if size > hub.config.limits.bundle_bytes:
        raise TooLargeError(f"a bundle of {size} bytes is too large", where=request.bundle)
    opened = formats.open_bytes(hub.storage.get(request.blob), where=request.bundle[:12])
    if request.bundle != opened.id:
        raise BundleError(
            "announced under another id than its bytes have", where=request.bundle[:12]
        )
    if not dataset:
        return _Announced(opened, request, None, frozenset())
    learned = read(hub.storage, dataset)
    names = frozenset(item.sample.id for item in learned.items)
    return _Announced(opened, request, describe(learned, hub.storage), names)


def _bytes_of(session: Session, request: PublishRequest) -> Blob:
    blob = session.get(Blob, request.blob)
    if blob is None:
        raise NotFoundError("the bundle's bytes are not here", where=request.blob, fix="put them")
    return blob


def _is_new_version(session: Session, dataset_id: str) -> bool:
    """Whether a file that is here is not yet a version: of two projects that learned from the
    same data it stays with the first."""
    known = session.get(Dataset, dataset_id) is not None
    return bool(dataset_id) and not known and session.get(Blob, dataset_id) is not None


def _register(session: Session, announced: _Announced, login: str) -> Bundle:
    opened, request = announced.content, announced.request
    manifest = opened.manifest
    blob = _bytes_of(session, request)
    _note_project(session, manifest.project, manifest.kit, request.project_yaml)
    if announced.dataset is not None and _is_new_version(session, request.dataset):
        refuse_unlearnable(session, announced.samples)
        register(session, announced.dataset, manifest.project, by=login)
    there = session.get(Bundle, opened.id)
    if there is not None:
        return there
    row = Bundle(
        id=opened.id,
        project=manifest.project,
        name=manifest.name,
        version=manifest.version,
        kit=manifest.kit,
        blob=request.blob,
        size=blob.size,
        origin=PUBLISHER,
        dataset=manifest.dataset,
        metrics={name: e.model_dump(mode="json") for name, e in manifest.metrics.items()},
        card=opened.files.get("card.md", b"").decode(errors="replace"),
        created_by=login,
    )
    session.add(row)
    session.flush()
    adopt(session, row.id, row.project)
    audit(session, login, "bundle.publish", row.id, project=row.project, version=row.version)
    return row


def _note_project(session: Session, name: str, kit: str, kit_yaml: str) -> None:
    insert_once(session, Project, [{"name": name, "kit": kit}])
    hold(session, name)
    project = session.get_one(Project, name)
    if project.kit != kit:
        raise DataError(
            f"project {name!r} is a {project.kit} project here, not {kit}",
            fix="give the project another name",
        )
    if kit_yaml:
        project.kit_yaml = kit_yaml


def record_releases(
    session: Session, old: Metadata[Targets] | None, new: Targets, *, who: str
) -> None:
    """Checks each release that is new in the targets, and notes what was withdrawn.

    The bundle of a project's highest release in force is its champion.

    Raises:
        BundleError: the path, the description or the bytes of a target do not fit a bundle here.
        GateError: trained here and not better than the champion, or than an earlier one.
    """
    there = old.signed.targets if old is not None else {}
    added = [(path, target) for path, target in new.targets.items() if path not in there]
    found = [_check_release(session, path, target) for path, target in added]
    for release in sorted(found, key=lambda one: (one.project, one.release)):
        _record(session, release, who)
    changed = withdrawals.record(session, old, new, who=who)
    for project in changed | {release.project for release in found}:
        _crown(session, project)


def _check_release(session: Session, path: str, target: TargetFile) -> signed.Release:
    from cloud_sync.learning.champions import check_approvable

    release = signed.read_release(path, target.custom)
    bundle = check_approvable(session, release.bundle)
    if (bundle.project, bundle.kit) != (release.project, release.kit):
        raise BundleError("this bundle is another project's", where=path)
    if target.length != bundle.size or target.hashes.get("sha256") != bundle.blob:
        raise BundleError("length or digest are not those of the bundle's bytes", where=path)
    highest = session.scalar(
        select(func.max(Release.release)).where(Release.project == release.project)
    )
    if release.release <= (highest or 0):
        raise BundleError(f"release {highest} of this project is in force already", where=path)
    return release


def _record(session: Session, release: signed.Release, who: str) -> None:
    from cloud_sync.learning.champions import NEEDS_SIGNATURE

    row = session.get_one(Bundle, release.bundle)
    session.add(
        Release(
            target=signed.target_path(release.project, release.release), project=release.project,
            release=release.release, bundle=release.bundle, signed_by=who,
        )
    )  # fmt: skip
    if row.approved_at is None:
        row.approved_by, row.approved_at = who, utc_now()
        close_alert(session, NEEDS_SIGNATURE, where=row.id)
    session.flush()
    audit(session, who, "bundle.release", row.id, project=row.project, release=release.release)


def _crown(session: Session, project: str) -> None:
    from cloud_sync.learning.champions import close_outdated

    hold(session, project)
    query = select(Release.bundle).where(Release.project == project, Release.withdrawn_at.is_(None))
    best = session.scalar(query.order_by(Release.release.desc()).limit(1))
    session.execute(update(Bundle).where(Bundle.project == project).values(champion=False))
    session.execute(update(Bundle).where(Bundle.id == best).values(champion=True))
    close_outdated(session, project)


def releases_of(session: Session, bundle: str) -> list[Release]:
    """All releases of a bundle, the newest first."""
    query = select(Release).where(Release.bundle == bundle)
    return list(session.scalars(query.order_by(Release.release.desc())))


def find(session: Session, prefix: str) -> Bundle:
    """The one bundle whose id begins with `prefix` (at least 8 digits).

    Raises:
        NotFoundError: none, or more than one.
    """
    query = select(Bundle).where(Bundle.id.startswith(prefix, autoescape=True)).limit(2)
    found = list(session.scalars(query)) if len(prefix) >= 8 else []
    if len(found) != 1:
        raise NotFoundError("no such bundle", where=prefix[:64], fix="cloud-sync bundle list")
    return found[0]


def all_bundles(session: Session, project: str = "") -> list[Bundle]:
    """Bundles, newest first."""
    query = select(Bundle).order_by(Bundle.created_at.desc(), Bundle.id)
    if project:
        query = query.where(Bundle.project == project)
    return list(session.scalars(query))


def as_json(row: Bundle) -> dict[str, JsonValue]:
    """A bundle for API and `--json`."""
    return {
        "id": row.id,
        "project": row.project,
        "name": row.name,
        "version": row.version,
        "kit": row.kit,
        "size": row.size,
        "origin": row.origin,
        "dataset": row.dataset,
        "champion": row.champion,
        "approved_by": row.approved_by,
        "approved_at": row.approved_at.isoformat() if row.approved_at else None,
        "created_at": row.created_at.isoformat(),
        "metrics": row.metrics,
        "comparison": row.comparison,
    }
