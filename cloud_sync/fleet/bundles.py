"""Bundles at the hub: accepting a publisher's, approving, listing. Their bytes are blobs."""

from __future__ import annotations

from pydantic import JsonValue
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_sync.errors import NotFoundError, TooLargeError
from cloud_sync.fleet.keys import accept_publisher, publisher_keys
from cloud_sync.hub import Hub, audit
from cloud_sync.learning.datasets import register
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Blob, Bundle, Dataset, Project
from kits.core import bundle as formats
from kits.core.errors import BundleError, DataError
from kits.core.hub_api import PublishRequest
from kits.core.sample import utc_now
from kits.core.signing import Envelope, verify

PUBLISHER = "publisher"
HUB = "hub"


def publish(
    hub: Hub, session: Session, request: PublishRequest, *, person_id: int, login: str
) -> Bundle:
    """Checks an announced bundle from signature to last byte and registers it; twice equals once.

    It is not usable in rollouts before it was approved.

    Raises:
        NotAllowedError: the key is not the one this person publishes with.
        BundleError: the signature, the digest or the statement does not fit the bytes.
        NotFoundError: the bytes were not put before.
        TooLargeError: above the hub's limit.
    """
    accept_publisher(session, request.key, person_id=person_id, login=login)
    statement = verify(request.statement, publisher_keys(session))
    blob = session.get(Blob, request.blob)
    if blob is None:
        raise NotFoundError("the bundle's bytes are not here", where=request.blob, fix="put them")
    if blob.size > hub.config.limits.bundle_bytes:
        raise TooLargeError(f"a bundle of {blob.size} bytes is too large", where=request.bundle)
    opened = formats.open_bytes(hub.storage.get(request.blob), where=request.bundle[:12])
    _check_statement(statement, opened, blob.size, request.bundle)
    manifest = opened.manifest
    _note_project(session, manifest.project, manifest.kit, request.project_yaml)
    _note_dataset(hub, session, request.dataset, manifest.project, login)
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
        statement=request.statement.model_dump(),
        key_id=request.key.id,
        dataset=manifest.dataset,
        metrics={name: e.model_dump(mode="json") for name, e in manifest.metrics.items()},
        card=opened.files.get("card.md", b"").decode(errors="replace"),
        created_by=login,
    )
    session.add(row)
    session.flush()
    audit(session, login, "bundle.publish", row.id, project=row.project, version=row.version)
    return row


def _check_statement(
    statement: dict[str, JsonValue], opened: formats.Bundle, size: int, announced: str
) -> None:
    expected: dict[str, JsonValue] = {
        "bundle": opened.id,
        "size": size,
        "project": opened.manifest.project,
        "version": opened.manifest.version,
    }
    if announced != opened.id:
        raise BundleError("announced under another id than its bytes have", where=announced[:12])
    for name, value in expected.items():
        if statement.get(name) != value:
            raise BundleError(
                f"the signed statement says {name} {statement.get(name)!r}, the bundle {value!r}",
                where=opened.id[:12],
                fix="kit publish",
            )


def _note_project(session: Session, name: str, kit: str, kit_yaml: str) -> None:
    insert_once(session, Project, [{"name": name, "kit": kit}])
    project = session.get_one(Project, name)
    if project.kit != kit:
        raise DataError(
            f"project {name!r} is a {project.kit} project here, not {kit}",
            fix="give the project another name",
        )
    if kit_yaml:
        project.kit_yaml = kit_yaml


def _note_dataset(hub: Hub, session: Session, dataset_id: str, project: str, login: str) -> None:
    """The dataset a bundle was trained on belongs to its project, once its file is here."""
    # two projects may have learned from the same data: the version stays with the first
    known = session.get(Dataset, dataset_id) is not None
    if dataset_id and not known and session.get(Blob, dataset_id) is not None:
        register(hub, session, dataset_id, project, by=login)


def approve(hub: Hub, session: Session, bundle_id: str, *, who: str) -> Bundle:
    """Lets a bundle into rollouts and makes it its project's champion; twice equals once.

    A publisher's signature is checked again (its key may have been revoked); a bundle trained at
    the hub must have passed its gate, and gets the hub's signature.

    Raises:
        NotFoundError: no such bundle.
        GateError: trained here and not better than the champion.
        BundleError: the publisher's key is not trusted any more.
    """
    from cloud_sync.learning.champions import check_approvable

    row = check_approvable(session, bundle_id)
    if row.approved_at is not None:
        return row
    if row.origin == HUB:
        envelope = hub.key.sign(
            {"bundle": row.id, "size": row.size, "project": row.project, "version": row.version}
        )
        row.statement, row.key_id = envelope.model_dump(), envelope.key_id
    else:
        verify(Envelope.model_validate(row.statement), publisher_keys(session))
    session.execute(
        update(Bundle)
        .where(Bundle.project == row.project, Bundle.id != row.id)
        .values(champion=False)
    )
    row.champion, row.approved_by, row.approved_at = True, who, utc_now()
    audit(session, who, "bundle.approve", row.id, project=row.project)
    return row


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
