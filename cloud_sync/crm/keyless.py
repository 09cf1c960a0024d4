"""Samples of leads without a record's key: made before there were keys, or while nothing said whose ids a program has.

Without a key nobody knows that an import has the same lead: it would be learned from twice, in two states. Where the
connection is there, the key is told from where the sample came from; how many have none is told by `doctor`. A key
does not say which account of a CRM it is of: connections whose leads would get the same ones are named when one is added.
"""

from __future__ import annotations

import logging

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from cloud_sync.crm.outcomes import device_of, key_of_lead
from cloud_sync.crm.scored import MEDIA_TYPE
from cloud_sync.crm.settings import CrmSettings
from cloud_sync.fleet.devices import CRM_PREFIX
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, Sample
from cloud_sync.store.models.mails import ERASED
from kits.core.sample import KEY

log = logging.getLogger(__name__)

PORTION = 500
_WITHOUT: ColumnElement[bool] = and_(
    Sample.media_type == MEDIA_TYPE,
    Sample.blob_state != ERASED,
    Sample.source != "",
    Sample.meta[KEY].as_string().is_(None),
)


def give_keys(hub: Hub) -> int:
    """Gives a key to samples of which it is known whose they are; how many."""
    with hub.database.session() as session:
        rows = session.execute(select(CrmConnection.name, CrmConnection.settings)).all()
    count = sum(_of(hub, name, CrmSettings.model_validate(settings)) for name, settings in rows)
    if count:
        log.info("event=leads_keyed n=%d", count)
    return count


def count_without(session: Session) -> dict[str, int]:
    """Connection, also one that is gone → samples of it that have no key."""
    mine = Sample.device.startswith(CRM_PREFIX, autoescape=True)
    query = select(Sample.device, func.count()).where(mine, _WITHOUT).group_by(Sample.device)
    rows = session.execute(query.order_by(Sample.device))
    return {device.removeprefix(CRM_PREFIX): count for device, count in rows}


def alike(session: Session, connection: str) -> list[str]:
    """Other connections of its project whose leads get the same keys: a lead of one is taken for that of the other."""
    row = session.get_one(CrmConnection, connection)
    query = select(CrmConnection).where(CrmConnection.project == row.project)
    others = query.where(CrmConnection.name != connection).order_by(CrmConnection.name)
    key = key_of_lead(CrmSettings.model_validate(row.settings), "1")
    if not (row.project and key):
        return []
    return [
        one.name
        for one in session.scalars(others)
        if key_of_lead(CrmSettings.model_validate(one.settings), "1") == key
    ]


def _of(hub: Hub, connection: str, settings: CrmSettings) -> int:
    last, count, more = "", 0, True
    prefix = f"{connection}#"
    while more:
        with hub.database.transaction() as session:
            query = select(Sample).where(Sample.device == device_of(connection), _WITHOUT)
            query = query.where(Sample.id > last).order_by(Sample.id).limit(PORTION)
            rows = session.scalars(query.with_for_update()).all()
            for row in rows:
                lead = row.source.removeprefix(prefix)
                if row.source.startswith(prefix) and (key := key_of_lead(settings, lead)):
                    row.meta = {**row.meta, KEY: key}
                    count += 1
        more = len(rows) == PORTION
        last = rows[-1].id if rows else last
    return count
