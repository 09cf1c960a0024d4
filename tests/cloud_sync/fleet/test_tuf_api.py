"""TUF over HTTP: who may read and bring metadata, the signed time, alarms before something expires."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from cloud_sync.fleet import tuf
from cloud_sync.fleet.renewal import LOOK_EVERY_S, TELL_EVERY_S, Renewal
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, TufMetadata
from kits.core import bundle as formats
from kits.core.hub_api import PublishRequest
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, make_bundle, put_blob, token_for
from tests.cloud_sync.hub_builders import open_hub
from tests.release_engineer import Engineer


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[TestClient, Hub]]:
    with open_hub(tmp_path) as (client, hub):
        yield client, hub


def publish(client: TestClient, hub: Hub, who: dict[str, str], version: int = 1) -> bytes:
    content = make_bundle(version=version)
    request = PublishRequest(bundle=formats.bundle_id(content), blob=put_blob(hub, content))
    body = request.model_dump()
    assert client.post("/v1/bundles", headers=who, json=body).status_code == 200
    return content


def begin(client: TestClient, hub: Hub, who: dict[str, str]) -> Engineer:
    """A hub with a root and one release."""
    online = client.get("/v1/tuf/online-key", headers=who).json()
    engineer = Engineer(hub.keys.public_keys()[0])
    assert online["key_id"] == engineer.online.keyid
    content = publish(client, hub, who)
    body = {"root": engineer.sign_root(), "targets": engineer.release(content)}
    answer = client.post("/v1/tuf/root", headers=who, json=body)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in ("root", "targets")} == {"root": 1, "targets": 1}
    return engineer


def test_engineers_bring_metadata_and_devices_read_it(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    ada, vera = token_for(hub), token_for(hub, "viewer", "vera")
    device = {"Authorization": f"Bearer {add_device(hub, 'press-9')}"}
    engineer = begin(client, hub, ada)
    targets = engineer.release(publish(client, hub, ada, 2))
    for who, status in (({}, 401), (device, 401), (vera, 403), (ada, 200), (ada, 409)):
        answer = client.post("/v1/tuf/targets", headers=who, json={"targets": targets})
        assert answer.status_code == status
    for who, status in (({}, 401), (device, 200), (vera, 200)):
        assert client.get("/v1/tuf/2.targets.json", headers=who).status_code == status
        assert client.get("/v1/tuf/timestamp.json", headers=who).status_code == status
    assert client.get("/v1/tuf/2.targets.json", headers=device).text == targets
    assert client.get("/v1/tuf/9.root.json", headers=device).status_code == 404
    for path in ("/v1/tuf/online-key", "/v1/tuf/root", "/v1/tuf/targets"):
        assert client.post(path, headers=vera, json={}).status_code == 403


def test_what_is_refused_says_why(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    ada = token_for(hub)
    nothing = client.post("/v1/tuf/root", headers=ada, json={"root": "x"})
    assert (nothing.status_code, "not TUF metadata" in nothing.text) == (422, True)
    engineer = begin(client, hub, ada)
    body = {"targets": engineer.sign_targets(version=7000)}
    answer = client.post("/v1/tuf/targets", headers=ada, json=body)
    assert (answer.status_code, "repeat the command" in answer.json()["fix"]) == (409, True)


def test_metadata_may_be_longer_than_other_requests_but_not_than_its_limit(
    tmp_path: Path,
) -> None:
    with open_hub(tmp_path, limits={"body_bytes": 600_000}) as (client, hub):
        ada = token_for(hub)
        long = client.post("/v1/tuf/root", headers=ada, json={"root": "x" * 500_000})
        assert (long.status_code, "not TUF metadata" in long.text) == (422, True)
        wrong = client.post("/v1/tuf/root", headers=ada, json={"root": 7})
        assert (wrong.status_code, "root: " in wrong.json()["what"]) == (422, True)
        for path in ("/v1/tuf/root", "/v1/bundles"):
            body = {"root": "x" * 600_000}
            assert client.post(path, headers=ada, json=body).status_code == 413


def test_a_changed_online_key_takes_the_old_ones_place(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    ada = token_for(hub)
    engineer = begin(client, hub, ada)
    old = engineer.online.keyid
    new = client.post("/v1/tuf/online-key", headers=ada).json()["key_id"]
    assert client.post("/v1/tuf/online-key", headers=ada).json()["key_id"] == new != old
    engineer.online = hub.keys.prepare()
    answer = client.post("/v1/tuf/root", headers=ada, json={"root": engineer.sign_root()})
    assert answer.status_code == 200
    assert [key.keyid for key in hub.keys.public_keys()] == [new]
    stamped = client.get("/v1/tuf/timestamp.json", headers=ada).json()["signatures"]
    assert [one["keyid"] for one in stamped] == [new]


def test_devices_get_the_signed_time_and_nobody_else(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    device = {"Authorization": f"Bearer {add_device(hub, 'press-9')}"}
    begin(client, hub, token_for(hub))
    body = {"nonce": "ab" * 32}
    assert client.post("/v1/device/time", json=body).status_code == 401
    answer = client.post("/v1/device/time", headers=device, json=body).json()
    assert json.loads(answer["payload"])["nonce"] == body["nonce"]
    assert client.post("/v1/device/time", headers=device, json={"nonce": "x"}).status_code == 422


def test_an_alarm_comes_a_month_before_keys_expire_and_closes_after_renewal(
    opened: tuple[TestClient, Hub],
) -> None:
    client, hub = opened
    begin(client, hub, token_for(hub))
    now = [0.0]
    renewal = Renewal(hub, clock=lambda: now[0])

    def alerts(days: float) -> list[tuple[str, str, bool]]:
        with hub.database.transaction() as session:
            ends = update(TufMetadata).where(TufMetadata.role == "targets")
            session.execute(ends.values(expires_at=utc_now() + timedelta(days=days)))
        now[0] += TELL_EVERY_S
        renewal.step()
        with hub.database.session() as session:
            rows = session.scalars(select(Alert).order_by(Alert.id)).all()
            return [(row.name, row.severity, row.seen_at is None) for row in rows]

    assert alerts(31) == []
    assert alerts(29) == [("targets-expires", "warning", True)]
    assert len(alerts(28)) == 1
    assert alerts(300) == [("targets-expires", "warning", False)]
    assert alerts(-1)[-1] == ("targets-expires", "error", True)
    with hub.database.session() as session:
        text = session.scalars(select(Alert.text).order_by(Alert.id.desc())).first()
    assert text is not None and "kit key renew targets --hub" in text


def test_the_loop_renews_the_timestamp_once_a_day(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    begin(client, hub, token_for(hub))
    now = [0.0]
    renewal = Renewal(hub, clock=lambda: now[0])

    def version() -> int:
        with hub.database.session() as session:
            row = tuf.newest(session, "timestamp")
            assert row is not None
            return row.version

    first = version()
    renewal.step()
    assert version() == first
    with hub.database.transaction() as session:
        session.execute(update(TufMetadata).values(added_at=utc_now() - timedelta(days=1.1)))
    renewal.step()  # too soon for another look
    assert version() == first
    now[0] += LOOK_EVERY_S
    renewal.step()
    assert version() > first


def test_the_pages_show_releases_and_what_must_be_signed(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    ada = token_for(hub)
    begin(client, hub, ada)
    waiting = formats.bundle_id(publish(client, hub, ada, 2))
    listed = client.get("/bundles", headers=ada).text
    for words in ("Signed releases", "a release engineer (ada)", "this hub", "needs signature"):
        assert words in listed
    assert "expires soon" not in listed
    page = client.get(f"/bundles/{waiting}", headers=ada).text
    assert f"kit approve {waiting[:12]} --hub" in page
    released = client.get(f"/bundles/{formats.bundle_id(make_bundle())}", headers=ada).text
    assert "Release 1" in released and "Roll out" in released and "kit approve" not in released
