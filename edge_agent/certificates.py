"""The device's own key and certificate: made here, renewed here, used for the broker.

`device.key`, `device.pem` and `ca.pem` lie beside `identity.json` (0600). A renewal makes a new key;
key and certificate replace the old pair so that a power cut at any point leaves a pair that fits.
Asking the hub for a new one in time is `renewal.py`'s business.
"""

from __future__ import annotations

import ssl
import threading
import time
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge_agent.errors import AgentConfigError, EnrolmentError
from kits.core.files import sync, write_atomically
from kits.core.sample import utc_now
from kits.core.tls import Clock, pinned_context

ALARM_AT = 0.1
"""With less than this share of a certificate's life left a person should know."""
_PAIR = threading.Lock()  # nobody in this process reads one of the two while they are replaced
_FIX = "edge-agent enroll --hub URL --token T --ca-fingerprint F"


class Certificates:
    """The files in one folder. Used from several threads: each file is replaced by one rename.

    `generation` grows whenever the pair was replaced: a connection made before should be made anew
    with a fresh `context()`.

    Args:
        clock: now in UTC, or the latest moment known to have passed.
    """

    def __init__(self, folder: Path, *, clock: Clock = utc_now) -> None:
        self.key_file = folder / "device.key"
        self.certificate_file = folder / "device.pem"
        self.ca_file = folder / "ca.pem"
        self.generation = 0
        self._clock = clock
        self._next_key = folder / "device.key.next"
        self._recover()

    @property
    def present(self) -> bool:
        """Whether this device was given a certificate."""
        return self.certificate_file.exists()

    def context(self) -> ssl.SSLContext:
        """For the broker: shows our certificate, trusts the hub's authority alone.

        Raises:
            AgentConfigError: the files are missing or do not fit each other.
            ConfigError: `ca.pem` is damaged.
        """
        context = pinned_context(self.ca_file, clock=self._clock)
        try:
            with _PAIR:
                context.load_cert_chain(self.certificate_file, self.key_file)
        except (OSError, ValueError) as error:
            raise AgentConfigError(
                f"the device's certificate cannot be used: {error}",
                where=str(self.certificate_file),
                fix=_FIX,
            ) from error
        return context

    def pem(self) -> str:
        """The present certificate, as it is. Raises AgentConfigError: it cannot be read."""
        try:
            return self.certificate_file.read_text("ascii")
        except (OSError, ValueError) as error:
            raise AgentConfigError(
                "the device's certificate is damaged", where=str(self.certificate_file), fix=_FIX
            ) from error

    def validity(self) -> tuple[datetime, datetime]:
        """From when until when the certificate is valid. Raises AgentConfigError."""
        try:
            pem = self.certificate_file.read_bytes()
            certificate = x509.load_pem_x509_certificate(pem)
        except (OSError, ValueError) as error:
            raise AgentConfigError(
                "the device's certificate is damaged", where=str(self.certificate_file), fix=_FIX
            ) from error
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc

    def age_s(self) -> float:
        """Seconds since the certificate was taken, by the wall clock; it may have been set since."""
        return time.time() - self.certificate_file.stat().st_mtime

    def request(self) -> bytes:
        """A signing request (PEM) for a new key, which waits on disk for its certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        write_atomically(
            self._next_key,
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
            private=True,
        )
        # the hub sets the name; whatever stood here would be ignored
        csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        return csr.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def prove(self, message: bytes) -> bytes:
        """Signs with the present key: that we are who was certified before.

        Raises:
            AgentConfigError: the key is missing or damaged.
        """
        try:
            key = _read_key(self.key_file)
        except (OSError, ValueError) as error:
            raise AgentConfigError(
                "the device's key is damaged", where=str(self.key_file), fix=_FIX
            ) from error
        return key.sign(message, ec.ECDSA(hashes.SHA256()))

    def take(self, certificate_pem: bytes, ca_pem: bytes) -> None:
        """Replaces the pair by the waiting key and its certificate.

        Raises:
            EnrolmentError: the certificate is not for our key or not from this authority.
        """
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem)
            authority = x509.load_pem_x509_certificate(ca_pem)
            certificate.verify_directly_issued_by(authority)
            ours = certificate.public_key() == _read_key(self._next_key).public_key()
        except (OSError, ValueError, TypeError, InvalidSignature) as error:
            raise EnrolmentError("the hub's answer is not a certificate of its own") from error
        if not ours:
            raise EnrolmentError("the hub's certificate is for another key")
        write_atomically(self.ca_file, ca_pem, private=True)
        with _PAIR:
            # the certificate first: `_recover` finds the key that belongs to it by its other name
            write_atomically(self.certificate_file, certificate_pem, private=True)
            self._next_key.replace(self.key_file)
        sync(self.key_file.parent)
        self.generation += 1

    def _recover(self) -> None:
        """Ends a replacement that was cut off between certificate and key."""
        try:
            waiting = _read_key(self._next_key).public_key()
            certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        except (OSError, ValueError):
            return
        if certificate.public_key() == waiting:
            self._next_key.replace(self.key_file)
            sync(self.key_file.parent)


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an elliptic key")
    return key
