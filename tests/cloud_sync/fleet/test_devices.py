"""Enrolment, tokens and revocation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.errors import ConflictError, NotFoundError, UnauthenticatedError
from cloud_sync.fleet import devices
from cloud_sync.fleet.admission import Admission
from cloud_sync.fleet.mosquitto import MosquittoBroker
from cloud_sync.fleet.supervisor import Supervisor
from cloud_sync.hub import Hub
from cloud_sync.intake.link import MqttLink
from cloud_sync.store.models import AuditLog, Device, DeviceToken, EnrollToken
from kits.core.errors import ConfigError
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, make_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        yield hub


def prepare(hub: Hub, name: str = "press-1") -> str:
    with hub.database.transaction() as session:
        return devices.add_device(session, name, site="main", group="line", who="ada")


def enroll(hub: Hub, token: str) -> str:
    with hub.database.transaction() as session:
        return devices.enroll(session, token, "x86_64")[1]


def owner(hub: Hub, token: str) -> str:
    with hub.database.session() as session:
        device = devices.device_by_token(session, token)
        return device.name if device else ""


def test_an_enrolment_token_works_once(hub: Hub) -> None:
    token = prepare(hub)
    secret = enroll(hub, token)
    assert owner(hub, secret) == "press-1"
    with pytest.raises(UnauthenticatedError):
        enroll(hub, token)
    with hub.database.session() as session:
        device = session.get_one(Device, "press-1")
        assert (device.site, device.group, device.hardware) == ("main", "line", "x86_64")


def test_an_old_enrolment_token_is_refused(hub: Hub) -> None:
    token = prepare(hub)
    with hub.database.transaction() as session:
        session.execute(update(EnrollToken).values(expires_at=utc_now() - timedelta(seconds=1)))
    with pytest.raises(UnauthenticatedError):
        enroll(hub, token)


def test_no_secret_is_stored_in_the_clear(hub: Hub) -> None:
    token = prepare(hub)
    secret = enroll(hub, token)
    with hub.database.session() as session:
        stored = [
            *session.scalars(select(EnrollToken.hash)),
            *session.scalars(select(DeviceToken.hash)),
        ]
        stored += [row.broker_hash for row in session.scalars(select(Device))]
        told = str([(row.what, row.details) for row in session.scalars(select(AuditLog))])
    assert not any(secret in value or token in value for value in [*stored, told])


def test_revoking_ends_http_and_broker_access_at_once(hub: Hub) -> None:
    secret = add_device(hub)
    with hub.database.transaction() as session:
        assert [login.name for login in devices.logins(session)] == ["press-1"]
        devices.revoke(session, "press-1", who="ada")
    assert owner(hub, secret) == ""
    with hub.database.session() as session:
        assert devices.logins(session) == []
    with pytest.raises(ConflictError), hub.database.transaction() as session:
        devices.revoke(session, "press-1", who="ada")


def test_a_new_token_of_a_revoked_device_can_be_cancelled(hub: Hub) -> None:
    add_device(hub)
    for _ in range(2):
        with hub.database.transaction() as session:
            devices.revoke(session, "press-1", who="ada")
        leaked = prepare(hub)
    with hub.database.transaction() as session:
        devices.revoke(session, "press-1", who="ada")
    with pytest.raises(UnauthenticatedError):
        enroll(hub, leaked)


def test_a_device_revoked_right_after_its_enrolment_is_cut_off(hub: Hub, tmp_path: Path) -> None:
    broker = MosquittoBroker("mosquitto", hub.config)
    link = MqttLink(broker.address, "test", hub.metrics)
    supervisor = Supervisor(hub, Admission(hub, broker), link)
    supervisor.step()
    add_device(hub)
    with hub.database.session() as session:
        broker.set_logins(devices.logins(session))  # as the enrolment does, between two looks
    assert "press-1" in (tmp_path / "broker" / "passwords").read_text()
    with hub.database.transaction() as session:
        devices.revoke(session, "press-1", who="ada")
    supervisor.step()
    assert "press-1" not in (tmp_path / "broker" / "passwords").read_text()


def test_enrolling_again_replaces_the_old_token(hub: Hub) -> None:
    old = add_device(hub)
    new = add_device(hub)
    assert owner(hub, new) == "press-1"
    assert owner(hub, old) == ""


def test_names_that_cannot_stand_in_a_topic_are_refused(hub: Hub) -> None:
    for bad in ("Press 1", "+", "_hub", "a/b", ""):
        with pytest.raises(ConfigError), hub.database.transaction() as session:
            devices.add_device(session, bad, site="main", who="ada")


def test_an_unknown_device_is_said(hub: Hub) -> None:
    with pytest.raises(NotFoundError), hub.database.transaction() as session:
        devices.revoke(session, "ghost", who="ada")
