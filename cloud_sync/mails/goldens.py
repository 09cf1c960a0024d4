"""Which bundles carry a mail of a correspondent: a golden sample, by which devices prove that they compute right.

Bundles are signed and stay as they are; who erases somebody has to know which ones to replace and withdraw.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from sqlalchemy import or_, select

from cloud_sync.hub import Hub
from cloud_sync.mails.correspondents import Correspondents
from cloud_sync.store.models import Bundle, Sample
from cloud_sync.store.models.mails import MAILS, MEDIA_TYPE
from kits.core import bundle as bundles
from kits.core.errors import KitwrightError

log = logging.getLogger(__name__)


def carried_by(
    hub: Hub, people: Correspondents, who: str, projects: Collection[str]
) -> tuple[str, ...]:
    """Ids of such bundles, among those that decided mails or belong to some projects; each is opened."""
    with hub.database.session() as session:
        deciding = select(Sample.bundle).where(MAILS).distinct()
        mine = or_(Bundle.id.in_(deciding), Bundle.project.in_(sorted(projects)))
        rows = session.execute(select(Bundle.id, Bundle.blob).where(mine).order_by(Bundle.id)).all()
    return tuple(name for name, blob in rows if _carries(hub, people, who, blob))


def _carries(hub: Hub, people: Correspondents, who: str, blob: str) -> bool:
    try:
        bundle = bundles.open_bytes(hub.storage.get(blob))
    except KitwrightError as error:
        log.warning("event=bundle_not_read blob=%s error=%r", blob[:12], error.what)
        return False
    mails = [one.path for one in bundle.golden.samples if one.media_type == MEDIA_TYPE]
    return any(who in people.of_mail(bundle.files[path]) for path in mails)
