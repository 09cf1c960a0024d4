"""What agents and people ask over HTTP, through the whole application with its broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cloud_sync.app import create_app
from cloud_sync.config import parse
from cloud_sync.fleet.broker import Broker
from cloud_sync.hub import Hub
from cloud_sync.intake.decode import MAX_STATUS_BYTES
from kits.core.hub_api import EnrollResponse
from kits.core.signing import SigningKey
from tests.cloud_sync.fleet_builders import (
    DeviceClient,
    approved_bundle,
    certificate_request,
    decision,
    token_for,
)
from tests.cloud_sync.tables import make_tables
from tests.waiting import wait_for


@pytest.fixture(params=["mosquitto", "embedded"])
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[TestClient, Hub]]:
    settings = {"broker": {"kind": request.param, "port": 0}, "jobs": {"workers": 0}}
    config = parse({**settings, "limits": {"body_bytes": 5000}}, tmp_path)
    SigningKey.create(config.keys_dir / "hub.pem")
    app = create_app(config)
    make_tables(app.state.hub.database)
    with TestClient(app) as client:
        yield client, app.state.hub


def enroll(client: TestClient, engineer: dict[str, str], name: str = "press-1") -> EnrollResponse:
    made = client.post("/v1/devices", json={"name": name, "site": "main"}, headers=engineer)
    assert made.status_code == 201
    body = {"token": made.json()["token"], "hardware": "test", "csr": certificate_request()}
    answer = client.post("/v1/enroll", json=body)
    assert answer.status_code == 200
    return EnrollResponse.model_validate(answer.json())


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_device_enrols_connects_sends_and_is_revoked(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    engineer = token_for(hub)
    identity = enroll(client, engineer)
    assert identity.ca == hub.authority.ca_pem.decode()
    broker: Broker = client.app.state.broker
    device = DeviceClient(broker, identity.mqtt.username, identity.mqtt.password).connect()
    device.send(decision(1))
    assert device.next_ack().ranges == ((1, 1),)
    listed = client.get("/v1/devices", headers=engineer).json()["devices"]
    assert [row["name"] for row in listed] == ["press-1"]
    assert client.post("/v1/devices/press-1/revoke", headers=engineer).status_code == 200
    mine = bearer(identity.token)
    assert client.get("/v1/device/desired", headers=mine).status_code == 401
    if broker.address.username:  # a broker with passwords also ends the connection
        wait_for(lambda: device.lost)
    device.send(decision(2))
    wait_for(lambda: hub.metrics.refused.labels("unknown device")._value.get() or device.lost)
    device.close()
    samples = client.get("/v1/samples", headers=engineer).json()["samples"]
    assert len(samples) == 1


def test_an_enrolment_token_used_twice_is_refused(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    made = client.post("/v1/devices", json={"name": "d", "site": "s"}, headers=token_for(hub))
    body = {"token": made.json()["token"], "csr": certificate_request()}
    assert client.post("/v1/enroll", json=body).status_code == 200
    again = client.post("/v1/enroll", json=body)
    assert again.status_code == 401
    assert again.json()["fix"] == "cloud-sync device add NAME"


def test_desired_reported_and_download_of_a_rollout(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    engineer = token_for(hub)
    mine = bearer(enroll(client, engineer).token)
    bundle = approved_bundle(hub)
    started = client.post(
        "/v1/rollouts", json={"bundle": bundle, "device": "press-1"}, headers=engineer
    )
    assert started.status_code == 201
    wanted = client.get("/v1/device/desired", headers=mine).json()["bundle"]
    assert wanted["bundle"] == bundle
    whole = client.get(wanted["path"], headers=mine)
    assert len(whole.content) == wanted["size"]
    told = {"bundle": bundle, "deployment": wanted["deployment"], "state": "committed"}
    assert client.post("/v1/device/reported", json=told, headers=mine).status_code == 204
    shown = client.get(f"/v1/rollouts/{started.json()['rollout']}", headers=engineer).json()
    assert shown["state"] == "done"
    assert shown["deployments"][0]["state"] == "committed"


def test_roles_and_tokens_are_demanded(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    viewer = token_for(hub, "viewer", "vera")
    for method, path in (
        ("GET", "/v1/devices"), ("GET", "/v1/bundles"), ("GET", "/v1/alerts"),
        ("GET", "/v1/device/desired"), ("PUT", f"/v1/blobs/{'a' * 64}"), ("GET", "/v1/ledger"),
        ("GET", f"/v1/bundles/{'a' * 64}/content"), ("POST", "/v1/rollouts/1/abort"),
    ):  # fmt: skip
        assert client.request(method, path).status_code == 401, path
    for path in ("/v1/devices", "/v1/rollouts/1/abort"):
        sent = client.post(path, json={"name": "d", "site": "s"}, headers=viewer)
        assert sent.status_code == 403, path
    assert client.get("/v1/alerts", headers=viewer).json() == {"alerts": [], "next": None}
    assert client.get("/v1/ledger", headers=viewer).json() == {"accounts": [], "next": ""}


def test_probes_headers_and_limits(opened: tuple[TestClient, Hub]) -> None:
    client, hub = opened
    health = client.get("/healthz")
    assert health.text == "ok"
    assert health.headers["x-content-type-options"] == "nosniff"
    figures = client.get("/metrics").text
    for name in ("ingest_rows_total", "ingest_refused_total", "devices", "jobs", "blobs_expected"):
        assert f"kitwright_{name}" in figures
    large = {"token": "x" * 6000}
    assert client.post("/v1/enroll", json=large).status_code == 413
    pieces = iter([b"x" * 4000, b"x" * 4000])
    assert client.post("/v1/enroll", content=pieces).status_code == 413
    report = {"error": "x" * MAX_STATUS_BYTES}
    assert client.post("/v1/device/reported", json=report).status_code == 413
    unknown = client.get("/v1/rollouts/77", headers=token_for(hub))
    assert unknown.status_code == 404
    assert unknown.json()["error"] == "NotFoundError"
