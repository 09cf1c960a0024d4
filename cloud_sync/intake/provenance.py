"""Which model decided: samples of bundles the hub does not know, or that were withdrawn; and samples that were erased.

Such samples are stored and shown, marked, but nothing is learned from them: a model nobody can
name, or one that was rolled back, must not poison the next one.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.hub import audit
from cloud_sync.store.bulk import hold_in_order
from cloud_sync.store.db import changed_by, insert_once
from cloud_sync.store.models import Bundle, Sample, WithdrawnBundle
from cloud_sync.store.models.mails import ERASED as ERASED_STATE
from kits.core.errors import DataError

KNOWN = "known"
UNKNOWN = "unknown bundle"
WITHDRAWN = "withdrawn bundle"
ERASED = "erased mail"
IDS_AT_ONCE = 1000


def unknown() -> ColumnElement[bool]:
    """Condition: the sample's bundle is not in this hub."""
    return Sample.bundle.not_in(select(Bundle.id))


def withdrawn() -> ColumnElement[bool]:
    """Condition: the sample's bundle was withdrawn."""
    return Sample.bundle.in_(select(WithdrawnBundle.bundle))


def trainable() -> ColumnElement[bool]:
    """Condition: the sample may be learned from."""
    return ~or_(unknown(), withdrawn())


def mark(session: Session, bundle: str) -> str:
    """KNOWN, UNKNOWN or WITHDRAWN."""
    if session.get(WithdrawnBundle, bundle) is not None:
        return WITHDRAWN
    return KNOWN if session.get(Bundle, bundle) is not None else UNKNOWN


def withdraw(session: Session, bundle: str, *, reason: str, by: str) -> int:
    """Nothing is learned any more from what a bundle decided; how many samples that concerns.

    The bundle may be unknown here: then the id must be written in full.

    Raises:
        DataError: no reason, or an id that is neither known nor whole.
        ConflictError: it is withdrawn already.
    """
    if not reason.strip():
        raise DataError("say why, so that others know", where="--reason", fix="--reason TEXT")
    bundle = _full_id(session, bundle)
    if not insert_once(
        session, WithdrawnBundle, [{"bundle": bundle, "reason": reason.strip()[:300], "by": by}]
    ):
        raise ConflictError(
            "this bundle is withdrawn already", where=bundle[:12], fix="nothing to do"
        )
    count = count_of(session, bundle)
    audit(session, by, "sample.withdraw", bundle, samples=count, reason=reason.strip()[:300])
    return count


def reinstate(session: Session, bundle: str, *, by: str) -> int:
    """The opposite of `withdraw`.

    Raises:
        NotFoundError: it is not withdrawn.
    """
    row = session.get(WithdrawnBundle, _full_id(session, bundle))
    if row is None:
        raise NotFoundError("this bundle is not withdrawn", where=bundle[:12], fix="nothing to do")
    session.delete(row)
    count = count_of(session, row.bundle)
    audit(session, by, "sample.reinstate", row.bundle, samples=count)
    return count


def adopt(session: Session, bundle: str, project: str) -> int:
    """A bundle has come to this hub: its samples that came earlier get their project."""
    strays = Sample.bundle == bundle, Sample.project == ""
    hold_in_order(session, Sample.id, *strays)
    done = session.execute(update(Sample).where(*strays).values(project=project))
    return changed_by(done)


def count_of(session: Session, bundle: str) -> int:
    """Samples a bundle decided."""
    query = select(func.count()).select_from(Sample).where(Sample.bundle == bundle)
    return session.scalar(query) or 0


def refused_among(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Those of many samples that may not be learned from: id → UNKNOWN, WITHDRAWN or ERASED.

    Samples that never came to this hub are not among them: nothing is known against those.
    """
    found: dict[str, str] = {}
    marks: dict[str, str] = {}
    names = sorted(ids)
    for start in range(0, len(names), IDS_AT_ONCE):
        some = Sample.id.in_(names[start : start + IDS_AT_ONCE])
        query = select(Sample.id, Sample.bundle, Sample.blob_state).where(some)
        for name, bundle, state in session.execute(query):
            if state == ERASED_STATE:
                found[name] = ERASED
                continue
            if bundle not in marks:
                marks[bundle] = mark(session, bundle)
            if marks[bundle] != KNOWN:
                found[name] = marks[bundle]
    return found


def _full_id(session: Session, bundle: str) -> str:
    if len(bundle) == 64 and set(bundle) <= set("0123456789abcdef"):
        return bundle
    if len(bundle) >= 6:
        found = session.scalars(select(Bundle.id).where(Bundle.id.startswith(bundle))).all()
        if len(found) == 1:
            return found[0]
    raise DataError(
        "not the id of one bundle",
        where=bundle[:64],
        fix="cloud-sync bundle list, or all 64 digits",
    )
