"""Certificates of devices over the API: enrolment, renewal, withdrawal, and who is refused."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update

from cloud_sync.fleet import device_certificates, devices
from cloud_sync.fleet.pki import Authority
from cloud_sync.hub import Hub
from cloud_sync.store.models import AuditLog, DeviceCertificate
from kits.core.hub_api import EnrollResponse
from kits.core.sample import digest_of, utc_now
from tests.cloud_sync.fleet_builders import certificate_request, token_for
from tests.cloud_sync.hub_builders import open_hub

Opened = tuple[TestClient, Hub]


class Device:
    """A device that keeps its key."""

    def __init__(self, client: TestClient, hub: Hub, name: str = "press-9") -> None:
        self.client = client
        self.name = name
        self.key = ec.generate_private_key(ec.SECP256R1())
        with hub.database.transaction() as session:
            self.token = devices.add_device(session, name, site="main", who="ada")

    def enroll(self, csr: str = "") -> int:
        csr = csr or certificate_request(self.key)
        answer = self.client.post("/v1/enroll", json={"token": self.token, "csr": csr})
        if answer.status_code == 200:
            self.identity = EnrollResponse.model_validate(answer.json())
            self.certificate = x509.load_pem_x509_certificate(answer.json()["certificate"].encode())
        return answer.status_code

    def renew(
        self,
        *,
        signed_by: ec.EllipticCurvePrivateKey | None = None,
        shows: x509.Certificate | None = None,
    ) -> int:
        new = ec.generate_private_key(ec.SECP256R1())
        csr = certificate_request(new)
        proof = (signed_by or self.key).sign(csr.encode(), ec.ECDSA(hashes.SHA256()))
        answer = self.client.post(
            "/v1/device/certificate",
            json={
                "csr": csr,
                "proof": base64.b64encode(proof).decode(),
                "certificate": pem(shows) if shows else "",
            },
            headers={"Authorization": f"Bearer {self.identity.token}"},
        )
        if answer.status_code == 200:
            self.key = new
            self.certificate = x509.load_pem_x509_certificate(answer.json()["certificate"].encode())
        return answer.status_code


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    with open_hub(tmp_path) as opened:
        yield opened


@pytest.fixture
def device(opened: Opened) -> Device:
    made = Device(*opened)
    assert made.enroll() == 200
    return made


def rows(hub: Hub, name: str = "press-9") -> list[tuple[str, bool]]:
    """Serial and whether it is withdrawn, oldest first."""
    query = select(DeviceCertificate).where(DeviceCertificate.device == name)
    with hub.database.session() as session:
        found = session.scalars(query.order_by(DeviceCertificate.issued_at))
        return [(row.serial, row.revoked_at is not None) for row in found]


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def forget(hub: Hub, certificate: x509.Certificate) -> None:
    """The hub is restored from a backup of before this certificate."""
    with hub.database.transaction() as session:
        session.execute(
            delete(DeviceCertificate).where(DeviceCertificate.serial == serial(certificate))
        )


def serial(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:x}"


def test_enrolment_certifies_the_devices_key_under_its_name(opened: Opened) -> None:
    _, hub = opened
    device = Device(*opened)
    csr = certificate_request(device.key, name="hub")
    assert device.enroll(csr) == 200
    name = device.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert name == "press-9"
    assert device.certificate.public_key() == device.key.public_key()
    authority = x509.load_pem_x509_certificate(device.identity.ca.encode())
    device.certificate.verify_directly_issued_by(authority)
    with hub.database.session() as session:
        told = {row.what: row.details for row in session.scalars(select(AuditLog))}
    assert told["device.enroll"]["address"] == "testclient"
    assert told["device.certificate"]["csr"] == digest_of(csr.encode())
    assert told["device.certificate"]["serial"] == serial(device.certificate)


def test_a_damaged_request_leaves_the_token_unused(opened: Opened) -> None:
    device = Device(*opened)
    assert device.enroll("no request at all") == 422
    assert device.enroll() == 200
    assert device.enroll() == 401


def test_of_two_uses_of_a_token_at_once_one_is_refused(opened: Opened) -> None:
    _, hub = opened
    device = Device(*opened)
    at_once, answers = threading.Barrier(8), list[int]()

    def use() -> None:
        csr = certificate_request()
        at_once.wait()
        answers.append(
            device.client.post("/v1/enroll", json={"token": device.token, "csr": csr}).status_code
        )

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [401] * 7
    assert len(rows(hub)) == 1


def test_a_newer_token_ends_the_one_before(opened: Opened) -> None:
    first, second = Device(*opened), Device(*opened)
    assert first.enroll() == 401
    assert second.enroll() == 200


def test_enrolling_again_withdraws_the_old_certificate(opened: Opened, device: Device) -> None:
    again = Device(*opened)
    assert again.enroll() == 200
    assert rows(opened[1]) == [
        (serial(device.certificate), True), (serial(again.certificate), False),
    ]  # fmt: skip


def test_a_renewal_takes_a_new_key_and_keeps_the_old_certificate_beside_it(
    opened: Opened, device: Device
) -> None:
    first = serial(device.certificate)
    assert device.renew() == 200
    second = serial(device.certificate)
    assert rows(opened[1]) == [(first, False), (second, False)]
    assert device.renew() == 200
    assert rows(opened[1])[:2] == [(first, True), (second, False)]


def test_a_renewal_whose_answer_was_lost_works_again(opened: Opened, device: Device) -> None:
    old, kept = device.key, serial(device.certificate)
    assert device.renew() == 200
    lost = serial(device.certificate)
    device.key = old
    assert device.renew() == 200
    assert rows(opened[1]) == [
        (kept, False), (lost, True), (serial(device.certificate), False),
    ]  # fmt: skip


def test_a_certificate_that_ended_can_be_renewed(opened: Opened, device: Device) -> None:
    _, hub = opened
    past = utc_now() - timedelta(days=400)
    with hub.database.transaction() as session:
        session.execute(update(DeviceCertificate).values(not_after=past))
    assert device.renew() == 200
    with hub.database.session() as session:
        assert device_certificates.expiries(session)["press-9"] > utc_now()


def test_a_renewal_without_the_old_key_is_refused(opened: Opened, device: Device) -> None:
    other = Device(*opened, name="press-10")
    assert other.enroll() == 200
    assert device.renew(signed_by=other.key) == 401
    assert device.renew(signed_by=ec.generate_private_key(ec.SECP256R1())) == 401
    assert len(rows(opened[1])) == 1


def test_after_a_restore_a_device_that_renewed_since_the_backup_renews_again(
    opened: Opened, device: Device
) -> None:
    _, hub = opened
    assert device.renew() == 200
    forgotten = device.certificate
    forget(hub, forgotten)
    assert device.renew() == 401, "what the hub does not know and is not shown proves nothing"
    assert device.renew(shows=forgotten) == 200
    renewed = serial(device.certificate)
    assert {name for name, revoked in rows(hub) if not revoked} == {serial(forgotten), renewed}
    with hub.database.transaction() as session:
        devices.revoke(session, "press-9", who="ada")
    assert (serial(forgotten), True) in rows(hub), "and so it can be withdrawn"


def test_a_certificate_that_is_shown_must_be_of_this_device_and_authority_and_not_withdrawn(
    opened: Opened, device: Device, tmp_path: Path
) -> None:
    _, hub = opened
    other = Device(*opened, name="press-10")
    assert other.enroll() == 200
    forget(hub, other.certificate)
    assert device.renew(signed_by=other.key, shows=other.certificate) == 401
    stranger = Authority(tmp_path / "stranger")
    key = ec.generate_private_key(ec.SECP256R1())
    foreign = stranger.issue_device(certificate_request(key).encode(), "press-9").pem
    shown = x509.load_pem_x509_certificate(foreign)
    assert device.renew(signed_by=key, shows=shown) == 401
    servers, its_key = hub.authority.server_files([])
    server = x509.load_pem_x509_certificate(servers.read_bytes())
    key = serialization.load_pem_private_key(its_key.read_bytes(), None)
    assert device.renew(signed_by=key, shows=server) == 401
    with hub.database.transaction() as session:
        session.execute(update(DeviceCertificate).values(revoked_at=utc_now()))
    assert device.renew(shows=device.certificate) == 401
    assert [revoked for _, revoked in rows(hub)] == [True]


def test_a_certificate_that_is_shown_without_its_key_leaves_no_row(
    opened: Opened, device: Device
) -> None:
    _, hub = opened
    assert device.renew() == 200
    forget(hub, device.certificate)
    thief = ec.generate_private_key(ec.SECP256R1())
    assert device.renew(signed_by=thief, shows=device.certificate) == 401
    assert len(rows(hub)) == 1


def test_a_revoked_device_neither_renews_nor_keeps_a_certificate(
    opened: Opened, device: Device
) -> None:
    client, hub = opened
    headers = token_for(hub)
    assert client.post("/v1/devices/press-9/revoke", headers=headers).status_code == 200
    assert device.renew() == 401
    assert rows(hub) == [(serial(device.certificate), True)]


def test_a_device_that_renews_without_end_is_stopped(opened: Opened, device: Device) -> None:
    answers = [device.renew() for _ in range(device_certificates.MAX_PER_DAY)]
    assert answers == [200] * (device_certificates.MAX_PER_DAY - 1) + [409]


def test_no_device_can_be_called_hub(opened: Opened) -> None:
    client, hub = opened
    made = client.post("/v1/devices", json={"name": "hub", "site": "s"}, headers=token_for(hub))
    assert made.status_code == 422


def test_revoking_ends_a_token_that_nobody_used(opened: Opened) -> None:
    client, hub = opened
    device = Device(*opened)
    headers = token_for(hub)
    listed = client.get("/v1/devices", headers=headers).json()
    assert [row["name"] for row in listed["awaited"]] == ["press-9"]
    assert client.post("/v1/devices/press-9/revoke", headers=headers).status_code == 200
    assert client.post("/v1/devices/press-9/revoke", headers=headers).status_code == 404
    assert client.get("/v1/devices", headers=headers).json()["awaited"] == []
    assert device.enroll() == 401


def test_the_devices_page_shows_certificates_and_who_is_awaited(
    opened: Opened, device: Device
) -> None:
    client, hub = opened
    headers = token_for(hub)
    Device(*opened, name="press-10")
    text = client.get("/devices", headers=headers).text
    assert f"{device.certificate.not_valid_after_utc:%Y-%m-%d}" in text
    assert "awaiting enrolment" in text
    assert "expires soon" not in text
    with hub.database.transaction() as session:
        end = utc_now() + timedelta(days=20)
        session.execute(update(DeviceCertificate).values(not_after=end))
    assert "expires soon" in client.get("/devices", headers=headers).text
    listed = client.get("/v1/devices", headers=headers).json()["devices"]
    assert {row["name"]: row["certificate_ends"] for row in listed}["press-9"] == end.isoformat()
