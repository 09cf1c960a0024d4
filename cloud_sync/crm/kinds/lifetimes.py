"""Until when there is the version of a CRM's API that a connection asks, where its maker says so. Nothing is asked here.

HubSpot's versions are dates and live for 18 months; v3 ends in September 2027
(https://developers.hubspot.com/docs/api-reference/legacy/migration-guide). Salesforce promises three years and says at
least one year ahead which it retires
(https://developer.salesforce.com/docs/platform/connect-rest-api/guide/intro_api_eol). The others say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.connections import readable_settings
from cloud_sync.crm.kinds.hubspot.paths import NUMBERED
from cloud_sync.crm.kinds.hubspot.paths import VERSION as HUBSPOT
from cloud_sync.effects.alerts import close_alert, raise_lasting
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection
from kits.core.errors import ConfigError

ENDS = "crm-version-ends"
NOTICE: Final = timedelta(days=180)
"""So long before the end it is said."""
FIX: Final = (
    "update Kitwright, or name a later one: cloud-sync crm set {connection} options.version=VERSION"
)
_NUMBERED_ENDS: Final = date(2027, 9, 1)
_LIVES_MONTHS: Final = 18
_RETIRED: Final = ((30, date(2025, 6, 1)), (40, date(2028, 6, 1)))
"""Salesforce's: the last version, and when it and all before it are gone."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Of the version that one connection asks; `end`: the first day without it, as far as is known."""

    connection: str
    version: str
    end: date

    def near(self, today: date) -> bool:
        """Whether somebody has to do something about it."""
        return self.end - today < NOTICE

    def in_words(self, today: date) -> str:
        """For a person."""
        verb = "ended" if self.end <= today else "ends"
        return f"version {self.version} of the API that {self.connection} asks {verb} in {self.end:%Y-%m}"


def end_of(kind: str, version: str) -> date | None:
    """When a version of a CRM's API ends.

    Args:
        version: as `options.version` has it; empty: the kind's own.

    Returns:
        None where nobody has said so.
    """
    if kind == "hubspot":
        return _NUMBERED_ENDS if version == NUMBERED else _dated(version)
    if kind == "salesforce":
        number = version.partition(".")[0]
        late = [end for last, end in _RETIRED if number.isdecimal() and int(number) <= last]
        return min(late, default=None)
    return None


def _dated(version: str) -> date | None:
    try:
        begun = date.fromisoformat(f"{version}-01")
    except ValueError:
        return None
    months = begun.month - 1 + _LIVES_MONTHS
    return date(begun.year + months // 12, months % 12 + 1, 1)


def lifetimes(session: Session) -> list[Lifetime]:
    """Of all connections whose version has an end that is known, by name."""
    return [found for row in _rows(session) if (found := _of(row)) is not None]


def tell_ending(hub: Hub, now: datetime) -> None:
    """Raises an alert for each connection whose version ends soon, and closes those of which that is no longer so."""
    today = now.date()
    with hub.database.transaction() as session:
        for row in _rows(session):
            one = _of(row)
            if one is None or not one.near(today):
                close_alert(session, ENDS, where=row.name)
                continue
            since = datetime.combine(one.end - NOTICE, time(), UTC)
            severity = "error" if one.end <= today else "warning"
            raise_lasting(session, hub.config.notify, ENDS, severity, one.in_words(today), where=row.name, since=since)  # fmt: skip


def _rows(session: Session) -> Sequence[CrmConnection]:
    return session.scalars(select(CrmConnection).order_by(CrmConnection.name)).all()


def _of(row: CrmConnection) -> Lifetime | None:
    try:
        settings = readable_settings(row)
    except ConfigError:
        return None  # others say so
    version = settings.options.get("version", HUBSPOT if settings.kind == "hubspot" else "")
    end = end_of(settings.kind, version)
    return Lifetime(row.name, version, end) if end is not None else None
