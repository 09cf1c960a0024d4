"""The hub's own small certificate authority: one P-256 root that signs leaves and nothing else.

Keeps `ca.pem ca.key crl.pem server.pem server.key hub.pem hub.key` in one folder (0700, files 0600),
each replaced whole by rename. Which device may have a certificate and which are revoked is decided
in `devices.py`; when lists and server certificates are renewed, in `supervisor.py`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud_sync.fleet import certificates
from cloud_sync.store.holding import locked
from kits.core.errors import ConfigError, DataError
from kits.core.files import write_atomically
from kits.core.sample import digest_of, utc_now

log = logging.getLogger(__name__)

# a device whose clock is a day behind must still find a new certificate valid
BACKDATED = timedelta(hours=24)
CA_LIFE = timedelta(days=3653)
CA_ALARM = LEAF_LIFE = timedelta(days=365)
CRL_LIFE = timedelta(days=45)
CRL_EVERY = timedelta(days=1)
CRL_ALARM = timedelta(days=7)
HUB = "hub"
"""Common name of the hub's own client certificate."""
_LOCK = ".lock"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was just signed; `serial` is hexadecimal."""

    pem: bytes
    serial: str
    not_before: datetime
    not_after: datetime


class Authority:
    """Opens the authority in `folder`, or makes it there; safe when several processes do so at once.

    Args:
        clock: now, in UTC.

    Raises:
        ConfigError: a file of the authority is missing or damaged while others are there.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.folder = folder
        self._clock = clock
        if self.crl_file.exists():  # written last; from then on a folder for reading is enough
            if folder.stat().st_mode & 0o077:
                folder.chmod(0o700)
            self._certificate, self._key = self._open()
            return
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        with locked(self.folder / _LOCK):
            if not self.ca_file.exists():
                self._make()
            self._certificate, self._key = self._open()
            if not self.crl_file.exists():
                self._sign_crl(set())

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def crl_file(self) -> Path:
        return self.folder / "crl.pem"

    @property
    def _key_file(self) -> Path:
        return self.folder / "ca.key"

    @property
    def ca_pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate (DER), hexadecimal: what a device is told."""
        return digest_of(self._certificate.public_bytes(serialization.Encoding.DER))

    @property
    def expires_at(self) -> datetime:
        return self._certificate.not_valid_after_utc

    def issue_device(self, csr_pem: bytes, device: str) -> Issued:
        """A client certificate for the key in `csr_pem`; every name in the request is ignored.

        Raises:
            DataError: not a request, not P-256, not signed by its own key, or the hub's name.
        """
        if device == HUB:
            raise DataError(
                f"{HUB!r} is the name of the hub itself and no device's", fix="another name"
            )
        return self._issue(certificates.csr_key(csr_pem), device, client=True)

    def read_device(self, pem: bytes, device: str) -> Issued | None:
        """What a certificate says that this authority has issued to `device`; None: it has not."""
        try:
            leaf = x509.load_pem_x509_certificate(pem)
            leaf.verify_directly_issued_by(self._certificate)
        except (ValueError, TypeError, InvalidSignature):
            return None
        if leaf.subject != certificates.subject(device) or not certificates.is_client(leaf):
            return None
        start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        clean = leaf.public_bytes(serialization.Encoding.PEM)
        return Issued(clean, f"{leaf.serial_number:x}", start, end)

    def server_files(self, names: Iterable[str]) -> tuple[Path, Path]:
        """Chain (with the CA) and key for a server with these names and addresses, and loopback.

        Renewed at 60 % of its life, or when a name is new.
        """
        return self._own_files("server", sorted({*names, *_LOOPBACK} - {""}))

    def broker_files(self, names: Iterable[str]) -> tuple[Path, Path]:
        """The same for a broker on another machine, to be copied there."""
        return self._own_files("broker", sorted({*names} - {""}))

    def client_files(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of one of the hub's own clients, CN = `name`; renewed likewise."""
        return self._own_files(name, None)

    def _own_files(self, name: str, hosts: list[str] | None) -> tuple[Path, Path]:
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if self._lasts(certificate, key, hosts):
            return certificate, key  # without the lock: it needs a folder that can be written
        try:
            with locked(self.folder / _LOCK):
                if not self._lasts(certificate, key, hosts):
                    self._make_files(name, certificate, key, hosts)
        except OSError as error:
            if not self._works(certificate, key):
                raise
            log.error("event=certificate_not_renewed name=%s error=%r", name, str(error))
        return certificate, key

    def _make_files(self, name: str, certificate: Path, key: Path, hosts: list[str] | None) -> None:
        private = ec.generate_private_key(ec.SECP256R1())
        issued = self._issue(private.public_key(), name, client=hosts is None, hosts=hosts)
        write_atomically(key, certificates.key_pem(private), private=True)
        write_atomically(certificate, issued.pem + self.ca_pem, private=True)

    def _lasts(self, certificate: Path, key: Path, hosts: list[str] | None) -> bool:
        """Whether these files fit each other, the authority, the names, and need no renewal."""
        leaf = self._own_leaf(certificate, key)
        now = self._clock()
        return (
            leaf is not None
            # one from the future was made before this clock was set back
            and leaf.not_valid_before_utc <= max(now, self._certificate.not_valid_before_utc)
            and now < certificates.renew_at(leaf)
            and (hosts is None or certificates.hosts(leaf) == hosts)
        )

    def _works(self, certificate: Path, key: Path) -> bool:
        """Whether these files still serve, if not for as long or for as many names as wished."""
        leaf = self._own_leaf(certificate, key)
        return leaf is not None and self._clock() < leaf.not_valid_after_utc

    def _own_leaf(self, certificate: Path, key: Path) -> x509.Certificate | None:
        """The certificate, if it is of this authority and for this key."""
        try:
            leaf = x509.load_pem_x509_certificate(certificate.read_bytes())
            private = serialization.load_pem_private_key(key.read_bytes(), None)
            leaf.verify_directly_issued_by(self._certificate)
        except (OSError, ValueError, TypeError, InvalidSignature):
            return None
        return leaf if private.public_key() == leaf.public_key() else None

    def _issue(
        self,
        public: ec.EllipticCurvePublicKey,
        name: str,
        *,
        client: bool,
        hosts: list[str] | None = None,
    ) -> Issued:
        start = max(self._clock() - BACKDATED, self._certificate.not_valid_before_utc)
        end = min(self._clock() + LEAF_LIFE, self.expires_at)
        leaf = (
            certificates.leaf(
                certificates.subject(name), public, client=client, hosts=hosts or [name]
            )
            .issuer_name(self._certificate.subject)
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(self._authority_id(), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = leaf.public_bytes(serialization.Encoding.PEM)
        return Issued(pem, f"{leaf.serial_number:x}", start, end)

    @property
    def crl_expires_at(self) -> datetime:
        """When the revocation list ends; a broker lets nobody in after that."""
        crl = self._crl()  # one without entries is false
        end = crl.next_update_utc if crl is not None else None
        return end or self._certificate.not_valid_before_utc

    def refresh_crl(self, revoked_serials: Iterable[str]) -> bool:
        """Signs a new list when the old one is a day old, damaged, or names others; whether it did.

        It is good for 45 days; who was on the old one keeps its date. Raises OSError.
        """
        wanted = {int(serial, 16) for serial in revoked_serials}
        with locked(self.folder / _LOCK):
            crl = self._crl()
            # a list from the future was made before this clock was set back
            fresh = crl is not None and timedelta() <= self._age(crl) < CRL_EVERY
            if crl is not None and fresh and {entry.serial_number for entry in crl} == wanted:
                return False
            self._sign_crl(wanted)
        return True

    def _age(self, crl: x509.CertificateRevocationList) -> timedelta:
        return self._clock() - (crl.last_update_utc + BACKDATED)

    def _sign_crl(self, serials: set[int]) -> None:
        now = self._clock()
        builder = (
            certificates.revocation_list(self._crl(), serials, now)
            .issuer_name(self._certificate.subject)
            .last_update(now - BACKDATED)
            .next_update(now + CRL_LIFE)
            .add_extension(self._authority_id(), critical=False)
        )
        crl = builder.sign(self._key, hashes.SHA256())
        write_atomically(self.crl_file, crl.public_bytes(serialization.Encoding.PEM), private=True)

    def _crl(self) -> x509.CertificateRevocationList | None:
        try:
            crl = x509.load_pem_x509_crl(self.crl_file.read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return crl if crl.is_signature_valid(self._key.public_key()) else None

    def _open(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        try:
            key = serialization.load_pem_private_key(self._key_file.read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(self.ca_file.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigError(
                "the hub's certificate authority cannot be read",
                where=str(self.folder),
                fix="restore ca.pem and ca.key from a backup; a new one means enrolling all devices",
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or (
            certificate.public_key() != key.public_key()
        ):
            raise ConfigError(
                "ca.key does not belong to ca.pem",
                where=str(self.folder),
                fix="put back the two of your latest backup",
            )
        return certificate, key

    def _make(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        # a name of its own: after a reinstallation the old authority must not be taken for this one
        root = (
            certificates.root(
                certificates.subject(f"Kitwright hub {os.urandom(4).hex()}"), key.public_key()
            )
            .not_valid_before(self._clock() - BACKDATED)
            .not_valid_after(self._clock() + CA_LIFE)
            .sign(key, hashes.SHA256())
        )
        write_atomically(self._key_file, certificates.key_pem(key), private=True)
        write_atomically(self.ca_file, root.public_bytes(serialization.Encoding.PEM), private=True)

    def _authority_id(self) -> x509.AuthorityKeyIdentifier:
        subject = self._certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject.value)
