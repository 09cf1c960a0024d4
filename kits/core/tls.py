"""TLS to a hub that has its own certificate authority: pinned, and right on machines without a clock.

A device may wake up in 1970. OpenSSL would then refuse a certificate as "not yet valid", and the
device could never ask anyone for the time. So OpenSSL checks the chain and the name but not the
dates; the dates are checked here after the handshake and before anything is sent: a certificate that
has ended is refused, one that begins later only proves that our clock is behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from kits.core.addresses import is_loopback
from kits.core.errors import ConfigError, UnreachableError, UsageError
from kits.core.sample import utc_now

# X509_V_FLAG_NO_CHECK_TIME of OpenSSL; the ssl module has no name for it
_NO_CHECK_TIME = 0x200000
Clock = Callable[[], datetime]


class PinnedContext(ssl.SSLContext):
    """A client's context that trusts one authority; make it with `pinned_context`."""

    clock: Clock


class _DatedSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
            context = self.context
            assert isinstance(context, PinnedContext)
            _refuse_ended(self.getpeercert(binary_form=True), context.clock())
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise  # of a socket that does not block: not over yet
        except (OSError, ValueError):
            self.close()  # not every client library does
            raise


def _refuse_ended(certificate: bytes | None, now: datetime) -> None:
    """Raises SSLCertVerificationError when the peer's certificate has ended."""
    if certificate is None:
        raise ssl.SSLCertVerificationError(1, "the server shows no certificate")
    end = x509.load_der_x509_certificate(certificate).not_valid_after_utc
    if now > end:
        raise ssl.SSLCertVerificationError(
            1,
            f"the server's certificate ended on {end:%Y-%m-%d}; the clock here says"
            f" {now:%Y-%m-%d %H:%M} UTC: one of the two is wrong",
        )


def pinned_context(ca: bytes | Path, *, clock: Clock = utc_now) -> PinnedContext:
    """A context that trusts `ca` (PEM, or a file of it) alone and checks the server's name.

    Args:
        clock: now in UTC, or the latest moment that is known to have passed.

    Raises:
        ConfigError: the file is absent or holds no certificate.
    """
    context = PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _DatedSocket
    context.clock = clock
    context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    where = str(ca) if isinstance(ca, Path) else ""
    try:
        pem = ca.read_bytes() if isinstance(ca, Path) else ca
        context.load_verify_locations(cadata=pem.decode("ascii"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no certificate authority can be read: {error}",
            where=where,
            fix="edge-agent enroll, or name the right PEM file",
        ) from error
    return context


def fetch_ca(url: str, fingerprint: str, *, timeout_s: float = 10.0) -> bytes:
    """The authority (PEM) that the server at `url` shows, if it has this SHA-256 fingerprint.

    A handshake and nothing else: no byte of the caller's leaves this machine before the fingerprint
    has been compared, in constant time. Use the result with `pinned_context`.

    Raises:
        UsageError: the fingerprint is not 64 hexadecimal digits.
        UnreachableError: no TLS server there, or one with another authority.
    """
    wanted = normal_fingerprint(fingerprint)
    parts = urlsplit(url)
    try:
        chain = _chain(parts.hostname or "", parts.port or 443, timeout_s)
    except (OSError, ValueError) as error:
        raise UnreachableError(
            f"no TLS server answers: {error}", where=url, fix="check address and port"
        ) from error
    for certificate in chain:
        if hmac.compare_digest(hashlib.sha256(certificate).hexdigest(), wanted):
            return ssl.DER_cert_to_PEM_cert(certificate).encode()
    raise UnreachableError(
        "this server is not the hub with that fingerprint; nothing was sent to it",
        where=url,
        fix="compare with `cloud-sync device list` on the hub itself: if it shows the same"
        " fingerprint, another machine answers in the hub's place",
    )


def normal_fingerprint(text: str) -> str:
    """64 hexadecimal digits; colons, spaces and capitals are taken too. Raises UsageError."""
    plain = re.sub(r"[\s:]", "", text).lower().removeprefix("sha256")
    if re.fullmatch(r"[0-9a-f]{64}", plain) is None:
        raise UsageError(
            "a CA fingerprint has 64 hexadecimal digits",
            where="--ca-fingerprint",
            fix="copy the whole line that `cloud-sync device add NAME` prints",
        )
    return plain


def _chain(host: str, port: int, timeout_s: float) -> list[bytes]:
    """The certificates a server shows (DER), unchecked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent; the fingerprint decides
    with _connected(context, host, port, timeout_s) as peer:
        if hasattr(peer, "get_unverified_chain"):  # public since Python 3.13
            return list(peer.get_unverified_chain())
        chain = peer._sslobj.get_unverified_chain() or []  # type: ignore[attr-defined]
        return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain]


@contextlib.contextmanager
def _connected(
    context: ssl.SSLContext, host: str, port: int, timeout_s: float
) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection((host, port), timeout=timeout_s) as raw,
        context.wrap_socket(raw, server_hostname=host) as peer,
    ):
        yield peer


def refuse_plain(url: str, *, allowed: bool, fix: str) -> None:
    """Lets `https://` pass, and `http://` to this machine or where a person has `allowed` it.

    Raises:
        UsageError: the connection would be readable by others, or it is no address at all.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is no address of a hub", fix="https://hub.example:8080")
    if parts.scheme == "http" and not allowed and not is_loopback(parts.hostname):
        raise UsageError(
            "http:// would let everyone on the network read tokens and pictures", where=url, fix=fix
        )
