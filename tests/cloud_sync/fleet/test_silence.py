"""Devices that nothing is heard of: told after days, over when they are heard of, and never because the hub was off itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.fleet.silence import SILENT, look_for_silent
from cloud_sync.hub import Hub
from cloud_sync.intake import watch
from cloud_sync.intake.watch import IntakeWatch
from cloud_sync.store.models import Alert, Device
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, make_hub

HOUR = timedelta(hours=1)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        for name in ("press-1", "press-2", "press-3", "press-4"):
            add_device(hub, name)
        yield hub


def heard(hub: Hub, name: str, at: datetime | None, **more: object) -> None:
    with hub.database.transaction() as session:
        changed = update(Device).where(Device.name == name).values(last_seen_at=at, **more)
        session.execute(changed)


def standing(hub: Hub) -> dict[str, str]:
    with hub.database.session() as session:
        query = select(Alert.where, Alert.text).where(Alert.name == SILENT, Alert.seen_at.is_(None))
        return {row[0]: row[1] for row in session.execute(query)}


def test_who_is_silent_for_longer_than_a_weekend_is_told_until_heard_of(hub: Hub) -> None:
    now = utc_now()
    heard(hub, "press-1", now - 73 * HOUR)
    heard(hub, "press-2", now - 71 * HOUR)  # since Friday evening
    heard(hub, "press-3", now - 99 * HOUR, revoked_at=now)
    heard(hub, "press-4", None)  # it is still to be enrolled
    assert look_for_silent(hub, now) == 1
    assert "press-1 has not been heard of for 3 d 1 h" in standing(hub)["press-1"]
    assert look_for_silent(hub, now + 3 * HOUR) == 2
    assert "for 3 d 4 h" in standing(hub)["press-1"] and set(standing(hub)) == {
        "press-1",
        "press-2",
    }
    heard(hub, "press-1", now + 3 * HOUR)
    heard(hub, "press-2", now - 71 * HOUR, revoked_at=now)
    assert look_for_silent(hub, now + 4 * HOUR) == 0 and standing(hub) == {}


def test_what_somebody_has_seen_is_told_again_a_week_later_or_when_it_is_silent_anew(
    hub: Hub,
) -> None:
    now = utc_now()
    heard(hub, "press-1", now - 80 * HOUR)
    look_for_silent(hub, now)
    with hub.database.transaction() as session:
        seen = update(Alert).where(Alert.name == SILENT)
        session.execute(seen.values(seen_at=now, seen_by="ann"))
    look_for_silent(hub, now + 24 * HOUR)
    assert standing(hub) == {}
    look_for_silent(hub, now + 8 * 24 * HOUR)
    assert set(standing(hub)) == {"press-1"}


def test_a_firm_may_bear_less_or_not_want_to_be_told(hub: Hub) -> None:
    now = utc_now()
    heard(hub, "press-1", now - 2 * HOUR)
    limits = hub.config.limits
    hub.config = hub.config.model_copy(
        update={"limits": limits.model_copy(update={"silent_alert_h": 1.0})}
    )
    assert look_for_silent(hub, now) == 1
    hub.config = hub.config.model_copy(
        update={"limits": limits.model_copy(update={"silent_alert_h": 0.0})}
    )
    assert look_for_silent(hub, now) == 0 and standing(hub) == {}


def test_a_hub_that_was_off_itself_hears_first(hub: Hub) -> None:
    heard(hub, "press-1", utc_now() - 200 * HOUR)
    loop = IntakeWatch(hub)
    began = time.monotonic()
    loop.step(began)
    assert standing(hub) == {}
    loop.step(began + watch.CLEAN_EVERY_S)
    assert set(standing(hub)) == {"press-1"}
