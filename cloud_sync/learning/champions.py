"""Bundles from the learning loop's side: which one is the champion, and what may be released.

Registers bundles the hub has trained itself. Publishing, releases and rolling out are in `fleet`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.errors import NotFoundError
from cloud_sync.fleet.withdrawals import only_withdrawn
from cloud_sync.hub import Hub, audit
from cloud_sync.learning.datasets import discard, hold, keep_blobs
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Blob, LeadModel
from cloud_sync.store.models import Bundle as BundleRow
from cloud_sync.store.storage import Storage
from kits.core import bundle as bundles
from kits.core.errors import GateError, KitwrightError
from kits.core.operating_point import Band

ORIGIN_HUB = "hub"
NEEDS_SIGNATURE = "bundle-needs-signature"
BEATEN = "beaten"
"""Key of a comparison that was won here: the id of the champion then."""
MEDIA_TYPE = "application/vnd.kitwright.bundle"
Unless = Callable[[Session], KitwrightError | None]
"""Says, within the transaction, why something is not done after all; None: it is done."""


def champion_of(session: Session, project: str) -> BundleRow | None:
    """The bundle to beat: the one in service.

    That is what `published_of` says. Only of leads, which are scored here, it may be an earlier one: where somebody went back
    to it, or the hub refused the newer one.
    """
    newest, model = published_of(session, project), session.get(LeadModel, project)
    if newest is None or model is None or model.bundle in ("", newest.id):
        return newest
    if not model.held and newest.id not in model.refused:
        return newest  # it takes effect in a moment
    earlier = select(BundleRow).where(BundleRow.id == model.bundle)
    return session.scalar(earlier.where(BundleRow.id.not_in(only_withdrawn()))) or newest


def published_of(session: Session, project: str) -> BundleRow | None:
    """The champion, else the newest approved bundle, else the newest published. None that was withdrawn."""
    return session.scalar(
        select(BundleRow)
        .where(
            BundleRow.project == project,
            BundleRow.approved_at.is_not(None) | (BundleRow.origin != ORIGIN_HUB),
            BundleRow.id.not_in(only_withdrawn()),
        )
        .order_by(
            BundleRow.champion.desc(),
            BundleRow.approved_at.is_not(None).desc(),
            BundleRow.version.desc(),
        )
        .limit(1)
    )


LOST = (
    "cloud-sync bundle list; one that a restored hub has lost is sent again, kit publish FILE.kwb --no-data --hub URL, from"
    " the project's bundles/ or from state_dir/bundles of a device that runs it, and then kit key resend --hub URL"
)
"""What to do about a bundle that is not here."""


def check_approvable(session: Session, bundle_id: str) -> BundleRow:
    """The bundle, if it may be released: one trained here must have beaten the champion of today.

    Raises:
        NotFoundError: no such bundle.
        GateError: trained at the hub, and not better than the champion on the test split, or than an earlier one.
    """
    row = session.get(BundleRow, bundle_id)
    if row is None:
        raise NotFoundError(f"no bundle {bundle_id[:12]!r}", fix=LOST)
    if row.origin == ORIGIN_HUB and row.comparison.get("better") is not True:
        raise GateError(
            "this bundle has not beaten the champion, so it cannot be released",
            where=bundle_id[:12],
            fix=str(row.comparison.get("reason") or "retrain with more reviewed samples"),
        )
    if why := outdated(session, row):
        raise GateError(why, where=bundle_id[:12], fix=retrain_command(row.project))
    return row


def outdated(session: Session, row: BundleRow) -> str:
    """Why what a bundle won says nothing of the champion of today; empty: it does, or it was released before."""
    return outdated_among(session, [row]).get(row.id, "")


def outdated_among(session: Session, rows: Iterable[BundleRow]) -> dict[str, str]:
    """Bundle id → why, of those that are `outdated`; each project's champion is looked for once."""
    waiting = [row for row in rows if row.approved_at is None and row.comparison.get(BEATEN)]
    champions = {name: champion_of(session, name) for name in {row.project for row in waiting}}
    found = {}
    for row in waiting:
        champion = champions[row.project]
        beaten = row.comparison[BEATEN]
        if champion is not None and champion.id != beaten:
            found[row.id] = _why_outdated(str(beaten), champion)
    return found


def _why_outdated(beaten: str, champion: BundleRow) -> str:
    return (
        f"this bundle beat {beaten[:12]}, and was never compared with version {champion.version} "
        f"({champion.id[:12]}), which is the one to beat now"
    )


def retrain_command(project: str) -> str:
    """What has another challenger meet the champion of today."""
    return f"cloud-sync retrain run {project}"


def close_outdated(session: Session, project: str) -> None:
    """Asks nobody any more to sign what an earlier champion was beaten by."""
    waiting = BundleRow.project == project, BundleRow.approved_at.is_(None)
    for bundle_id in outdated_among(session, session.scalars(select(BundleRow).where(*waiting))):
        close_alert(session, NEEDS_SIGNATURE, where=bundle_id)


def whatever_comes(_session: Session) -> None:
    """Nothing speaks against it."""


def register_challenger(
    hub: Hub,
    content: bytes,
    project: str,
    comparison: Mapping[str, JsonValue],
    *,
    by: str,
    beaten: str = "",
    unless: Unless = whatever_comes,
) -> BundleRow:
    """Stores a bundle trained here; it waits for a signature, and an alert says so.

    Its bytes are stored before the transaction, so that no other writer waits for the storage.
    Twice equals once.

    Args:
        beaten: id of the champion that it was compared with.
        unless: asked before anything is kept.

    Raises:
        UnreachableError: the storage cannot be used.
        KitwrightError: what `unless` gave; nothing is kept.
    """
    bundle = bundles.open_bytes(content)
    digest = hub.storage.put(content)
    with hub.database.transaction() as session:
        hold(session, project)
        there = session.get(BundleRow, bundle.id)
        if there is not None:
            return there
        why_not = unless(session)
        if why_not is None:
            blob = {"digest": digest, "size": len(content), "media_type": MEDIA_TYPE}
            insert_once(session, Blob, [blob])
            keep_blobs(session, {digest})
            told = {**comparison, BEATEN: beaten}
            row = _row_of(session, bundle, digest, len(content), project, told, by)
            session.add(row)
            session.flush()
            audit(session, by, "bundle.trained", bundle.id, project=project)
            raise_alert(
                session,
                hub.config.notify,
                NEEDS_SIGNATURE,
                "info",
                f"{project} {row.version} beat the champion and waits for your signature: "
                f"kit approve {row.id[:12]} --hub {hub.config.url}",
                where=row.id,
            )
            return row
        discard(session, digest, len(content))
    raise why_not


def _row_of(
    session: Session,
    bundle: bundles.Bundle,
    digest: str,
    size: int,
    project: str,
    comparison: Mapping[str, JsonValue],
    by: str,
) -> BundleRow:
    manifest = bundle.manifest
    return BundleRow(
        id=bundle.id,
        project=project,
        name=manifest.name,
        version=next_version(session, project, manifest.version),
        kit=manifest.kit,
        blob=digest,
        size=size,
        origin=ORIGIN_HUB,
        dataset=manifest.dataset,
        metrics={name: e.model_dump(mode="json") for name, e in manifest.metrics.items()},
        comparison=dict(comparison),
        card=bundle.card,
        created_by=by,
    )


def next_version(session: Session, project: str, proposed: int) -> int:
    """`proposed`, or the next free number when the project has it already."""
    taken = set(session.scalars(select(BundleRow.version).where(BundleRow.project == project)))
    return proposed if proposed not in taken else max(taken) + 1


def band_reader(session: Session, storage: Storage) -> Callable[[str], Band | None]:
    """A function from bundle id to its default band; each bundle is opened once."""
    known: dict[str, Band | None] = {}

    def band(bundle_id: str) -> Band | None:
        if bundle_id not in known:
            row = session.get(BundleRow, bundle_id)
            known[bundle_id] = _band_of(storage, row) if row is not None else None
        return known[bundle_id]

    return band


def _band_of(storage: Storage, row: BundleRow) -> Band | None:
    try:
        return bundles.open_bytes(storage.get(row.blob)).operating_point.default
    except KitwrightError:
        # a bundle that cannot be read any more must not close the review queue
        return None
