"""Raw signals asked of devices: wishes stand for a day, reach the device both ways, and are bounded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.fleet import deployments, devices, windows
from cloud_sync.fleet.supervisor import _fingerprint
from cloud_sync.hub import Hub
from cloud_sync.store.models import Setting
from kits.core.errors import DataError
from kits.core.hub_api import MAX_WINDOW_REQUESTS, WindowRequest
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, make_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        add_device(hub, "press-1")
        add_device(hub, "press-2")
        yield hub


def ask(
    hub: Hub, device: str = "press-1", asset: str = "pump-1", minutes: float = 5
) -> WindowRequest:
    with hub.database.transaction() as session:
        return windows.ask(session, device, asset, minutes, who="ada")


def wanted(hub: Hub, device: str) -> list[str]:
    with hub.database.session() as session:
        return [one.id for one in deployments.desired_for(session, device).windows]


def test_a_wish_is_for_one_device_and_stands_until_its_time_is_over(hub: Hub) -> None:
    first, second = ask(hub), ask(hub, asset="pump-2")
    assert wanted(hub, "press-1") == [first.id, second.id]
    assert wanted(hub, "press-2") == []
    with hub.database.transaction() as session:
        row = session.get_one(Setting, "windows/press-1")
        old = first.model_copy(update={"expires_at": utc_now() - timedelta(seconds=1)})
        row.value = {"requests": [one.model_dump(mode="json") for one in (old, second)]}
    assert wanted(hub, "press-1") == [second.id]


def test_a_new_wish_is_a_reason_to_tell_the_device(hub: Hub) -> None:
    with hub.database.session() as session:
        before = _fingerprint(session, 1)
    ask(hub)
    with hub.database.session() as session:
        assert _fingerprint(session, 1) != before


def test_not_more_wishes_stand_than_may(hub: Hub) -> None:
    for _ in range(MAX_WINDOW_REQUESTS):
        ask(hub)
    with pytest.raises(ConflictError, match="wishes stand already"):
        ask(hub)
    ask(hub, "press-2")


@pytest.mark.parametrize(("asset", "minutes"), [("", 5), ("p" * 201, 5), ("p", 0), ("p", 61)])
def test_what_no_device_could_send_is_refused(hub: Hub, asset: str, minutes: float) -> None:
    with pytest.raises(DataError):
        ask(hub, asset=asset, minutes=minutes)


def test_unknown_and_revoked_devices_are_asked_nothing(hub: Hub) -> None:
    with pytest.raises(NotFoundError):
        ask(hub, "press-9")
    with hub.database.transaction() as session:
        devices.revoke(session, "press-2", who="ada")
    with pytest.raises(ConflictError):
        ask(hub, "press-2")
