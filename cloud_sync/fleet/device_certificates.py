"""Certificates of devices as rows: issued at enrolment, renewed against the old key, withdrawn.

The authority signs (`pki.py`); the broker hears of withdrawals through `admission.py`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cloud_sync.errors import ConflictError, UnauthenticatedError
from cloud_sync.fleet.pki import Authority, Issued
from cloud_sync.hub import audit
from cloud_sync.store.models import DeviceCertificate, DeviceToken
from kits.core.sample import digest_of, utc_now

MAX_PER_DAY = 20
"""Certificates one device may take in 24 hours; more would swell the revocation list."""


def certify(
    session: Session, authority: Authority, device: str, csr_pem: bytes, *, address: str
) -> Issued:
    """Issues a certificate and remembers it.

    Args:
        address: network address of who asks, for the audit log.

    Raises:
        DataError: the request is damaged, not P-256, or not signed by its own key.
        ConflictError: this device took too many today.
    """
    recent = select(func.count()).where(
        DeviceCertificate.device == device,
        DeviceCertificate.issued_at > utc_now() - timedelta(days=1),
    )
    if (session.scalar(recent) or 0) >= MAX_PER_DAY:
        raise ConflictError(f"{device} took {MAX_PER_DAY} certificates today", fix="try tomorrow")
    issued = authority.issue_device(csr_pem, device)
    csr_sha256 = digest_of(csr_pem)
    session.add(_row(issued, device, csr_sha256=csr_sha256, issued_at=utc_now()))
    audit(
        session, f"device:{device}", "device.certificate", device,
        serial=issued.serial, csr=csr_sha256, address=address,
    )  # fmt: skip
    return issued


def renew(
    session: Session,
    authority: Authority,
    device: str,
    csr_pem: bytes,
    proof: bytes,
    *,
    present: bytes = b"",
    address: str,
) -> Issued:
    """A certificate for a new key, against the old key's signature over the request.

    The old certificate may have ended, so that a device that slept for two years finds back. It stays
    valid beside the new one, because the answer may be lost; every other one is withdrawn.

    Args:
        present: the old certificate (PEM), if the device shows it: one that a hub issued after the
            backup it was restored from is taken into the tables again.
        address: network address of who asks, for the audit log.

    Raises:
        UnauthenticatedError: not signed by a key this device was certified for.
        DataError, ConflictError: as in `certify`.
    """
    _remember(session, authority, device, present)
    live = session.scalars(
        select(DeviceCertificate).where(
            DeviceCertificate.device == device, DeviceCertificate.revoked_at.is_(None)
        )
    )
    old = next((row for row in live if _signed_by(row.public_key, csr_pem, proof)), None)
    if old is None:
        raise UnauthenticatedError(
            "the request is not signed by the key of this device's certificate",
            where=device,
            fix=f"cloud-sync device add {device}, then edge-agent enroll on the device",
        )
    issued = certify(session, authority, device, csr_pem, address=address)
    session.flush()
    withdraw(session, device, but=(old.serial, issued.serial))
    return issued


def _remember(session: Session, authority: Authority, device: str, present: bytes) -> None:
    """Adds the row of a certificate of this device that the tables have forgotten.

    Without it the device could not renew, nor could the certificate be withdrawn. One that is known,
    also as withdrawn, stays as it is. The proof that the device holds its key comes afterwards: a
    request that lacks it is refused and leaves no row.
    """
    issued = authority.read_device(present, device) if present else None
    if issued is None or session.get(DeviceCertificate, issued.serial) is not None:
        return
    session.add(_row(issued, device, csr_sha256="", issued_at=issued.not_before))
    session.flush()
    audit(session, f"device:{device}", "device.certificate.remember", device, serial=issued.serial)


def _row(issued: Issued, device: str, *, csr_sha256: str, issued_at: datetime) -> DeviceCertificate:
    key = x509.load_pem_x509_certificate(issued.pem).public_key()
    public = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return DeviceCertificate(
        serial=issued.serial,
        device=device,
        not_before=issued.not_before,
        not_after=issued.not_after,
        csr_sha256=csr_sha256,
        public_key=base64.b64encode(public).decode(),
        issued_at=issued_at,
    )


def _signed_by(public_key: str, message: bytes, signature: bytes) -> bool:
    key = serialization.load_der_public_key(base64.b64decode(public_key))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def withdraw(session: Session, device: str, *, but: Iterable[str] = ()) -> None:
    """Revokes the certificates of a device, except those with the serials in `but`."""
    session.execute(
        update(DeviceCertificate)
        .where(
            DeviceCertificate.device == device,
            DeviceCertificate.revoked_at.is_(None),
            DeviceCertificate.serial.not_in(list(but)),
        )
        .values(revoked_at=utc_now())
    )


def names_taken_up_again(session: Session) -> list[str]:
    """Devices in use whose name another machine had, with a certificate that has not ended yet.

    Nothing but the list of revoked certificates keeps that machine from speaking for the new one.
    """
    query = (
        select(DeviceCertificate.device)
        .distinct()
        .join(DeviceToken, DeviceToken.device == DeviceCertificate.device)
        .where(
            DeviceToken.revoked_at.is_(None),
            # what was withdrawn later was renewed by the machine that has the name now
            DeviceCertificate.revoked_at <= DeviceToken.created_at,
            DeviceCertificate.not_after > utc_now(),
        )
        .order_by(DeviceCertificate.device)
    )
    return list(session.scalars(query))


def expiries(session: Session) -> dict[str, datetime]:
    """Device → end of the newest certificate that is not withdrawn."""
    query = (
        select(DeviceCertificate.device, func.max(DeviceCertificate.not_after))
        .where(DeviceCertificate.revoked_at.is_(None))
        .group_by(DeviceCertificate.device)
    )
    return {row[0]: row[1] for row in session.execute(query)}
