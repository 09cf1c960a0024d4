"""The keys of Standard Webhooks 1.0: `whsec_` (symmetric) and `whpk_` (Ed25519, the public half). Reading and trying."""

from __future__ import annotations

import base64
from typing import Final

WHSEC: Final = "whsec_"
WHPK: Final = "whpk_"
MIN_BYTES: Final = 24
MAX_BYTES: Final = 64
_SIGNATURE: Final = "v1a,"


def bytes_of_whsec(secret: str) -> bytes:
    """The key; none where it is no such secret, or of another size than the standard allows (24 to 64 bytes)."""
    try:
        key = base64.b64decode(secret.removeprefix(WHSEC), validate=True)
    except ValueError:
        return b""
    return key if secret.startswith(WHSEC) and MIN_BYTES <= len(key) <= MAX_BYTES else b""


def public_key_fits(secret: str, text: bytes, signature: str) -> bool:
    """Whether a signature `v1a,…` is that of the key's owner over the text."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not signature.startswith(_SIGNATURE):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(_plain(secret.removeprefix(WHPK)))
        key.verify(_plain(signature.removeprefix(_SIGNATURE)), text)
    except (ValueError, InvalidSignature):
        return False
    return True


def _plain(text: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(text, validate=True)
