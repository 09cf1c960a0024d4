"""Samples of leads without a record's key: made before there were keys, or while nothing said whose ids a program has.

Without a key nobody knows that an import has the same lead: it would be learned from twice, in two states. Where the
connection is there, the key is told from where the sample came from; how many have none is told by `doctor`. A key
does not say which account of a CRM it is of: connections whose leads get the same ones are named when one is added, and
by `doctor`.
"""

from __future__ import annotations

import logging

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.connections import readable_settings
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.outcomes.outcomes import device_of, key_of_lead
from cloud_sync.crm.scoring.scored import MEDIA_TYPE
from cloud_sync.fleet.devices import CRM_PREFIX
from cloud_sync.hub import Hub
from cloud_sync.store.giving_way import GivingWay
from cloud_sync.store.models import CrmConnection, Sample
from cloud_sync.store.models.mails import ERASED
from kits.core.errors import ConfigError
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
        known = {row.name: _settings(row) for row in session.scalars(select(CrmConnection))}
    count = sum(_of(hub, name, told) for name, told in known.items() if told is not None)
    if count:
        log.info("event=leads_keyed n=%d", count)
    return count


def count_without(session: Session) -> dict[str, int]:
    """Connection, also one that is gone → samples of it that have no key."""
    mine = Sample.device.startswith(CRM_PREFIX, autoescape=True)
    query = select(Sample.device, func.count()).where(mine, _WITHOUT).group_by(Sample.device)
    rows = session.execute(query.order_by(Sample.device))
    return {device.removeprefix(CRM_PREFIX): count for device, count in rows}


def alike(session: Session) -> list[tuple[str, ...]]:
    """Connections of one project whose leads get the same keys: a lead of one is taken for that of the others."""
    query = select(CrmConnection).where(CrmConnection.project != "").order_by(CrmConnection.name)
    found: dict[tuple[str, str], list[str]] = {}
    for row in session.scalars(query):
        settings = _settings(row)
        if settings is not None and (key := key_of_lead(settings, "1")):
            found.setdefault((row.project, key), []).append(row.name)
    return [tuple(names) for names in found.values() if len(names) > 1]


def _settings(row: CrmConnection) -> CrmSettings | None:
    """None: nothing of them can be read, which others say."""
    try:
        return readable_settings(row)
    except ConfigError:
        return None


def _of(hub: Hub, connection: str, settings: CrmSettings) -> int:
    last, count, more, giving_way = "", 0, True, GivingWay()
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
        giving_way.rest()
    return count
