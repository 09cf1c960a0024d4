"""Verifies a message by its scheme: over the raw bytes, in constant time, within five minutes, closed when in doubt.

All that is compared is hostile: whatever stands in a header, the outcome is a yes or `UnverifiedError`, never another
error. Whether a message came before is for `inbox.py`; what a stranger is told is the same for every reason.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final, Literal
from urllib.parse import parse_qsl

from cloud_sync.crm.inbound.schemes.described import Shown, Signed
from cloud_sync.crm.inbound.schemes.keys import bytes_of_whsec, public_key_fits
from cloud_sync.crm.kinds.base import Request
from cloud_sync.errors import UnauthenticatedError

TOLERANCE_S: Final = 300
MAX_SIGNATURES: Final = 10
MAX_HEADER: Final = 4096
MAX_ID: Final = 200
_DIGITS: Final = {"s": 10, "ms": 13}
"""Of every time from 2001 to 2286: seconds are not taken for milliseconds, nor the other way round."""
_ESCAPES: Final = (
    ("%3A", ":"), ("%2F", "/"), ("%3F", "?"), ("%40", "@"), ("%21", "!"), ("%24", "$"), ("%27", "'"),
    ("%28", "("), ("%29", ")"), ("%2A", "*"), ("%2C", ","), ("%3B", ";"),
)  # fmt: skip
"""What HubSpot decodes in an address before it signs it ("Validating requests")."""

Reason = Literal["no-secret", "signature", "time", "unit", "id", "network", "proxy", "sender", "unknown", "url"]  # fmt: skip
REASONS: Final[tuple[Reason, ...]] = (
    "no-secret", "signature", "time", "unit", "id", "network", "proxy", "sender", "unknown", "url",
)  # fmt: skip


class UnverifiedError(UnauthenticatedError):
    """A message that is not known to be the CRM's; `reason` is for the hub's own figures, not for the stranger."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(
            "not signed with a secret of this connection, or not within five minutes",
            fix="`cloud-sync crm test NAME` on the hub says what the CRM must be given",
        )
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Verified:
    """What is known of a message once it is verified.

    Attributes:
        message_id: that it was signed with; empty where the scheme has none.
        at: when it was signed; None where the scheme does not say.
        digest: of its bytes and that time: the same message again has the same.
    """

    message_id: str
    at: datetime | None
    digest: str


def verify(
    scheme: Signed | Shown,
    request: Request,
    secrets: Sequence[str],
    now: float,
    options: Mapping[str, str],
) -> Verified:
    """What is known of a message that is the CRM's.

    Args:
        secrets: as the CRM shows them; one of them is enough.
        now: seconds since 1970.
        options: of the connection: `networks`, `proxy_header` and `proxy_value` are demanded besides where they are set.

    Raises:
        UnverifiedError: it is not, or nobody can know.
    """
    _require_fences(request, options)
    if isinstance(scheme, Shown):
        return _verify_shown(scheme, request, secrets, options)
    return _verify_signed(scheme, request, secrets, now)


def _require_fences(request: Request, options: Mapping[str, str]) -> None:
    networks = options.get("networks", "")
    if networks and not _within(request.peer, networks):
        raise UnverifiedError("network")
    header = options.get("proxy_header", "")
    if header:
        wanted = options.get("proxy_value", "")
        if not wanted or not _same(request.headers.get(header.lower(), ""), wanted):
            raise UnverifiedError("proxy")


def _within(peer: str, networks: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(
            mapped in ipaddress.ip_network(one) for one in networks.replace(",", " ").split()
        )
    except ValueError:
        return False


def _verify_shown(
    scheme: Shown, request: Request, secrets: Sequence[str], options: Mapping[str, str]
) -> Verified:
    if not secrets and not (scheme.or_networks and options.get("networks")):
        raise UnverifiedError("no-secret")
    shown = _shown(scheme, request)
    fits = not secrets  # then the network was the proof
    for secret in secrets:
        fits |= bool(secret) and _same(shown, secret)
    if not fits:
        raise UnverifiedError("signature")
    return Verified("", None, hashlib.sha256(request.body).hexdigest())


def _shown(scheme: Shown, request: Request) -> str:
    """The secret as the message shows it; empty: it shows none, or several."""
    if scheme.place == "path":
        return request.tail
    if scheme.place == "header":
        return request.headers.get(scheme.name, "")
    if scheme.place == "query":
        return _of_query(request.url, scheme.name)
    return _of_authorization(request.headers.get("authorization", ""), scheme.place)


def _of_query(url: str, name: str) -> str:
    try:
        # not by `urlsplit`, which leaves out blanks: what is compared is what came
        fields = parse_qsl(url.partition("?")[2], max_num_fields=50)
    except ValueError:
        return ""
    found = [value for key, value in fields if key == name]
    return found[0] if len(found) == 1 else ""


def _of_authorization(header: str, wanted: str) -> str:
    """What RFC 7235 calls credentials of the scheme that is wanted; those of Basic decoded (RFC 7617)."""
    kind, _, value = header.partition(" ")
    if kind.lower() != wanted or len(value) > MAX_HEADER:
        return ""
    if wanted == "bearer":
        return value.strip()
    try:
        return base64.b64decode(value.strip(), validate=True).decode()
    except ValueError:  # no base64, or no UTF-8
        return ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _verify_signed(
    scheme: Signed, request: Request, secrets: Sequence[str], now: float
) -> Verified:
    header = request.headers.get(scheme.header, "")
    if len(header) > MAX_HEADER:
        raise UnverifiedError("signature")
    stamp, given = _taken_apart(scheme, header, request.headers)
    if not secrets:
        raise UnverifiedError("no-secret")
    message_id = request.headers.get(scheme.id, "") if scheme.id else ""
    values = {
        "method": request.method.upper().encode(), "id": message_id.encode("utf-8", "replace"),
        "timestamp": stamp.encode("utf-8", "replace"), "body": request.body,
    }  # fmt: skip
    fits = False
    for secret in secrets:
        for url in _addresses(scheme, request.url):
            parts = {**values, "url": url.encode("utf-8", "replace"), "secret": secret.encode()}
            text = b"".join(parts[p] if is_part else p.encode() for is_part, p in scheme.pieces)
            fits |= _fits(scheme, secret, text, given)
    if not fits:
        raise UnverifiedError("signature")
    if scheme.id and not (0 < len(message_id) <= MAX_ID and message_id.isprintable()):
        raise UnverifiedError("id")
    at = _moment(scheme, stamp, now) if scheme.timestamp else None
    digest = hashlib.sha256(values["timestamp"] + b"." + request.body).hexdigest()
    return Verified(message_id, at, digest)


def _taken_apart(
    scheme: Signed, header: str, headers: Mapping[str, str]
) -> tuple[str, Sequence[str]]:
    """The time as it stands there, and the signatures without their prefix."""
    if scheme.form == "pairs":
        pairs = [pair.strip().partition("=") for pair in header.split(",")]
        times = [value for key, _, value in pairs if key == scheme.timestamp]
        found = [value for key, _, value in pairs if key == scheme.prefix]
        # two times: nobody knows which of them was signed
        return (times[0] if len(times) == 1 else ""), found[:MAX_SIGNATURES]
    stamp = headers.get(scheme.timestamp, "") if scheme.timestamp else ""
    if scheme.form == "list":
        return stamp, header.split()[:MAX_SIGNATURES]
    return stamp, [header]


def _addresses(scheme: Signed, url: str) -> Iterator[str]:
    yield url
    if scheme.escapes:
        decoded = url
        for escape, plain in _ESCAPES:
            decoded = decoded.replace(escape, plain).replace(escape.lower(), plain)
        if decoded != url:
            yield decoded


def _fits(scheme: Signed, secret: str, text: bytes, given: Sequence[str]) -> bool:
    """Whether one of the signatures is this secret's; all of them are compared, whichever fits."""
    if scheme.public_keys and secret.startswith("whpk_"):
        return any(public_key_fits(secret, text, one) for one in given)
    key = bytes_of_whsec(secret) if scheme.key == "whsec" else secret.encode()
    if not key:
        return False
    if scheme.keyed:
        wanted = hmac.digest(key, text, scheme.digest)
    else:
        wanted = hashlib.new(scheme.digest, text).digest()
    fits = False
    prefix = "" if scheme.form == "pairs" else scheme.prefix
    for one in given:
        if one.startswith(prefix):
            fits |= hmac.compare_digest(_decoded(scheme, one[len(prefix) :]), wanted)
    return fits


def _decoded(scheme: Signed, signature: str) -> bytes:
    """Its bytes; none where it is no such text. Nothing that Python's readers forgive is forgiven."""
    try:
        if scheme.encoding == "base64":
            return base64.b64decode(signature, validate=True)
        return binascii.unhexlify(signature)
    except ValueError:  # binascii.Error is one, and so is text that is not ASCII
        return b""


def _moment(scheme: Signed, stamp: str, now: float) -> datetime:
    """When it was signed. Only digits, as many as times of this unit have, and not far from now on either side."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) == _DIGITS[scheme.unit]):
        raise UnverifiedError("unit")
    seconds = int(stamp) / (1000 if scheme.unit == "ms" else 1)
    if abs(seconds - now) > TOLERANCE_S:
        raise UnverifiedError("time")
    return datetime.fromtimestamp(seconds, timezone.utc)
