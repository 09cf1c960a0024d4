"""TLS to the broker: what a refusal means, in a person's words. The files are `certificates.py`'s."""

from __future__ import annotations

from edge_agent.certificates import Certificates
from edge_agent.errors import AgentConfigError
from kits.core.sample import utc_now

_WORDS: tuple[tuple[str, str], ...] = (
    ("certificate revoked", "the hub has revoked this device's certificate"),
    ("certificate expired", "the broker says that this device's certificate has expired"),
    ("certificate has expired", "the broker's certificate has expired, or this clock is wrong"),
    ("server's certificate ended", "the broker's certificate has expired, or this clock is wrong"),
    ("not yet valid", "the broker's certificate is not valid yet: this clock is behind"),
    ("unknown ca", "the broker does not know the authority of this device's certificate"),
    ("certificate required", "the broker wants a certificate and this device has none"),
    ("bad certificate", "the broker does not accept this device's certificate"),
    ("certificate unknown", "the broker does not accept this device's certificate"),
    ("hostname mismatch", "the broker's certificate is for another name"),
    ("ip address mismatch", "the broker's certificate is for another address"),
    ("certificate verify failed", "the broker's certificate is not from this device's authority"),
)


def explain(certificates: Certificates, text: str) -> str:
    """What a TLS error means and what to do; empty when it is not about certificates."""
    text = text.lower().replace("_", " ")
    for sign, words in _WORDS:
        if sign in text:
            return words + _own_state(certificates)
    return ""


def _own_state(certificates: Certificates) -> str:
    try:
        first, last = certificates.validity()
    except AgentConfigError as error:
        return f"; {error.what}"
    if last < utc_now():
        return f"; this device's certificate ended on {last:%Y-%m-%d}: it renews itself over HTTPS"
    if first > utc_now():
        return f"; this device's certificate begins on {first:%Y-%m-%d}: this clock is behind"
    return ""


def version(certificates: Certificates) -> tuple[int, int]:
    """Changes when the certificate was replaced, by this program or by another."""
    file = certificates.certificate_file
    return certificates.generation, file.stat().st_mtime_ns if file.exists() else 0
