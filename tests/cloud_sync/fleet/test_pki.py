"""The hub's certificate authority, judged by OpenSSL and by a second X.509 implementation."""

from __future__ import annotations

import ssl
import subprocess
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from cloud_sync.fleet.pki import CRL_LIFE, Authority
from kits.core.errors import ConfigError, DataError
from tests.cloud_sync.fleet_builders import certificate_request

NOW = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def request(name: str = "mallory", key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    return certificate_request(key, name).encode()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authority(tmp_path: Path, clock: Clock) -> Authority:
    return Authority(tmp_path / "pki", clock=clock)


def openssl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)


def common_name(pem: bytes) -> str:
    subject = x509.load_pem_x509_certificate(pem).subject
    return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def test_a_device_certificate_has_the_hubs_name_for_it_and_not_the_requests(
    authority: Authority,
) -> None:
    issued = authority.issue_device(request("_hub"), "press-1")
    assert common_name(issued.pem) == "press-1"
    assert issued.not_after == NOW + timedelta(days=365)
    assert issued.not_before <= NOW - timedelta(hours=24)


def test_openssl_accepts_a_device_as_client_only(authority: Authority, tmp_path: Path) -> None:
    leaf = tmp_path / "device.pem"
    leaf.write_bytes(authority.issue_device(request(), "press-1").pem)
    at = ("-attime", str(int(NOW.timestamp())), "-CAfile", str(authority.ca_file), "-x509_strict")
    as_client = openssl("verify", *at, "-purpose", "sslclient", str(leaf))
    assert as_client.returncode == 0, as_client.stderr
    assert openssl("verify", *at, "-purpose", "sslserver", str(leaf)).returncode != 0


def test_a_server_certificate_is_for_its_names_and_loopback(authority: Authority) -> None:
    certificate, _ = authority.server_files(["hub.example", "10.0.0.5"])
    leaf, root = x509.load_pem_x509_certificates(certificate.read_bytes())
    verifier = PolicyBuilder().store(Store([root])).time(NOW)
    for name in ("hub.example", "localhost"):
        verifier.build_server_verifier(x509.DNSName(name)).verify(leaf, [])
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*authority.server_files([]))


def test_a_server_certificate_from_before_the_clock_was_set_back_is_replaced(
    authority: Authority, clock: Clock
) -> None:
    clock.now += timedelta(days=3)
    certificate, _ = authority.server_files([])
    ahead = certificate.read_bytes()
    clock.now -= timedelta(days=3)
    authority.server_files([])
    [leaf, _root] = x509.load_pem_x509_certificates(certificate.read_bytes())
    assert leaf.not_valid_before_utc <= clock.now
    right = certificate.read_bytes()
    assert right != ahead
    authority.server_files([])
    assert certificate.read_bytes() == right


def test_a_leaf_cannot_sign_another(authority: Authority, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = x509.load_pem_x509_certificate(authority.issue_device(request(key=key), "press-1").pem)
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "press-2")]))
        .issuer_name(leaf.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    chain = [leaf.public_bytes(serialization.Encoding.PEM), authority.ca_pem]
    (tmp_path / "chain.pem").write_bytes(b"".join(chain))
    (tmp_path / "forged.pem").write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    answer = openssl(
        "verify", "-attime", str(int(NOW.timestamp())), "-CAfile", str(authority.ca_file),
        "-untrusted", str(tmp_path / "chain.pem"), str(tmp_path / "forged.pem"),
    )  # fmt: skip
    assert answer.returncode != 0


def test_requests_that_are_not_p256_or_not_self_signed_are_refused(authority: Authority) -> None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    weak = builder.sign(rsa.generate_private_key(65537, 2048), hashes.SHA256())
    other = builder.sign(ec.generate_private_key(ec.SECP384R1()), hashes.SHA256())
    for refused in (weak, other):
        with pytest.raises(DataError, match="P-256"):
            authority.issue_device(refused.public_bytes(serialization.Encoding.PEM), "press-1")
    der = bytearray(x509.load_pem_x509_csr(request()).public_bytes(serialization.Encoding.DER))
    der[-3] ^= 1
    tampered = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(DataError, match="not signed"):
        authority.issue_device(tampered, "press-1")
    with pytest.raises(DataError, match="the hub itself"):
        authority.issue_device(request(), "hub")
    for rubbish in (b"", b"hello", b"-" * 100_000):
        with pytest.raises(DataError):
            authority.issue_device(rubbish, "press-1")


def test_a_reopened_authority_is_the_same_and_its_files_are_private(
    authority: Authority, clock: Clock
) -> None:
    authority.server_files(["hub.example"])
    authority.client_files("hub")
    again = Authority(authority.folder, clock=clock)
    assert again.fingerprint == authority.fingerprint
    shown = openssl("x509", "-in", str(again.ca_file), "-noout", "-fingerprint", "-sha256").stdout
    assert shown.strip().rpartition("=")[2].replace(":", "").lower() == again.fingerprint
    assert authority.folder.stat().st_mode & 0o777 == 0o700
    names = {path.name for path in authority.folder.iterdir()} - {".lock"}
    assert names == {
        "ca.pem", "ca.key", "crl.pem", "server.pem", "server.key", "hub.pem", "hub.key",
    }  # fmt: skip
    assert all((authority.folder / name).stat().st_mode & 0o077 == 0 for name in names)


def test_two_processes_that_begin_at_once_make_one_authority(tmp_path: Path) -> None:
    found: list[str] = []
    starts = [
        threading.Thread(target=lambda: found.append(Authority(tmp_path).fingerprint))
        for _ in range(6)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_a_lost_ca_key_is_said_and_never_replaced_in_silence(authority: Authority) -> None:
    before = authority.ca_file.read_bytes()
    (authority.folder / "ca.key").unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        Authority(authority.folder)
    assert authority.ca_file.read_bytes() == before


def test_own_certificates_are_renewed_in_time_and_when_names_change(
    authority: Authority, clock: Clock
) -> None:
    certificate, key = authority.server_files(["hub.example"])
    first = certificate.read_bytes()
    authority.server_files(["hub.example"])
    assert certificate.read_bytes() == first
    clock.now += timedelta(days=230)
    authority.server_files(["hub.example"])
    second = certificate.read_bytes()
    authority.server_files(["hub.example", "hub2.example"])
    third = certificate.read_bytes()
    key.write_bytes((authority.folder / "ca.key").read_bytes())  # as after half a replacement
    authority.server_files(["hub.example", "hub2.example"])
    assert len({first, second, third, certificate.read_bytes()}) == 4


def test_a_folder_that_can_only_be_read_serves_until_the_certificates_end(
    authority: Authority, clock: Clock
) -> None:
    pair = authority.server_files(["hub.example"])
    lock = authority.folder / ".lock"
    lock.unlink()
    lock.mkdir()  # nothing can be signed now; permissions would not keep root from it
    again = Authority(authority.folder, clock=clock)
    for days in (0, 230):  # then it would be time for a new one
        clock.now = NOW + timedelta(days=days)
        before = pair[0].read_bytes()
        assert again.server_files(["hub.example"]) == pair
        assert pair[0].read_bytes() == before
    clock.now = NOW + timedelta(days=366)
    with pytest.raises(OSError, match=r"\.lock"):
        again.server_files(["hub.example"])


def test_a_revoked_certificate_is_on_the_list_with_its_first_date(
    authority: Authority, clock: Clock, tmp_path: Path
) -> None:
    issued = authority.issue_device(request(), "press-1")
    leaf = tmp_path / "device.pem"
    leaf.write_bytes(issued.pem)
    check = (
        "verify", "-attime", str(int(NOW.timestamp())), "-crl_check", "-CAfile",
        str(authority.ca_file), "-CRLfile", str(authority.crl_file), str(leaf),
    )  # fmt: skip
    assert openssl(*check).returncode == 0
    authority.refresh_crl([issued.serial])
    assert "revoked" in openssl(*check).stderr
    clock.now += timedelta(days=3)
    authority.refresh_crl([issued.serial])
    crl = x509.load_pem_x509_crl(authority.crl_file.read_bytes())
    entry = crl.get_revoked_certificate_by_serial_number(int(issued.serial, 16))
    assert entry is not None
    assert entry.revocation_date_utc == NOW


def test_the_list_is_renewed_daily_and_when_it_changes_or_is_damaged(
    authority: Authority, clock: Clock
) -> None:
    assert authority.crl_expires_at - NOW == CRL_LIFE >= timedelta(days=30)
    assert not authority.refresh_crl([])
    assert authority.refresh_crl(["ab12"])
    assert not authority.refresh_crl(["ab12"])
    clock.now += timedelta(days=1)
    assert authority.refresh_crl(["ab12"])
    assert authority.crl_expires_at == clock.now + CRL_LIFE
    clock.now -= timedelta(days=20)  # a clock that was set back must not stop the renewals
    assert authority.refresh_crl(["ab12"])
    authority.crl_file.write_bytes(b"half a li")
    assert authority.refresh_crl(["ab12"])
    assert openssl("crl", "-in", str(authority.crl_file), "-noout").returncode == 0
