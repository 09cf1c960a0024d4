"""Devices for measuring: rows in a hub's tables, keys and certificates in files, TLS contexts."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud_sync.fleet import device_certificates, devices
from cloud_sync.fleet.pki import Authority
from cloud_sync.hub import Hub

SITE = "plant"


def admit(hub: Hub, names: Iterable[str], folder: Path) -> None:
    """Enrols devices without HTTP and puts their keys and certificates into `folder`."""
    with hub.database.transaction() as session:
        for name in names:
            token = devices.add_device(session, name, site=SITE, who="measuring")
            devices.enroll(session, token, "simulated")
            key, csr = request(name)
            issued = device_certificates.certify(session, hub.authority, name, csr, address="")
            (folder / f"{name}.pem").write_bytes(key + issued.pem)
    (folder / "ca.pem").write_bytes(hub.authority.ca_pem)


def issue(authority: Authority, name: str, path: Path) -> None:
    """Key and certificate that no table knows."""
    key, csr = request(name)
    path.write_bytes(key + authority.issue_device(csr, name).pem)


def request(name: str) -> tuple[bytes, bytes]:
    """A new P-256 key and its certificate request, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, builder.sign(key, hashes.SHA256()).public_bytes(pem)


def context(ca_file: Path, certificate: Path | None) -> ssl.SSLContext:
    """What a device speaks TLS with; None shows no certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(ca_file)
    if certificate is not None:
        made.load_cert_chain(certificate)
    return made
