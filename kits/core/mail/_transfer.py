"""Transfer encodings: base64 and quoted-printable as they come, broken ones too. Charsets are not known here."""

from __future__ import annotations

import binascii
import re

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET) - {ord("=")})
_SPACE = b" \t\r\n"
_MAX_CHUNKS = 64
"""Pieces with padding of their own that are joined: gateways append a footer that way."""
_MAX_FOREIGN = 0.02
"""Share of characters outside the alphabet above which "base64" is plain text."""


def decode_transfer(raw: bytes, encoding: str) -> tuple[bytes, str]:
    """The bytes behind a transfer encoding, and what was wrong ("" when nothing was). Never raises."""
    name = encoding.split(";", maxsplit=1)[0].strip(" \t\"'").lower()
    if name in {"quoted-printable", "quotedprintable", "quoted_printable", "qp"}:
        return binascii.a2b_qp(raw), ""
    if name in {"base64", "base-64", "b64"}:
        return _base64(raw)
    # 7bit, 8bit, binary; uuencoded text is found in the text, whatever the header says
    known = name in {"", "7bit", "8bit", "binary", "7-bit", "8-bit", "none"} or "uue" in name
    return raw, "" if known else f"the transfer encoding {name[:40]!r} is not known"


def decode_base64_lenient(raw: bytes) -> bytes:
    """What can be read of base64: foreign characters skipped, missing padding added."""
    pieces = []
    for chunk in re.split(rb"=+", raw.translate(None, _NOT_BASE64), maxsplit=_MAX_CHUNKS):
        whole = chunk.replace(b"=", b"")
        if len(whole) % 4 == 1:
            whole = whole[:-1]
        pieces.append(binascii.a2b_base64(whole + b"=" * (-len(whole) % 4)))
    return b"".join(pieces)


def _base64(raw: bytes) -> tuple[bytes, str]:
    dense = raw.translate(None, _SPACE)
    foreign = len(dense) - len(dense.translate(None, _NOT_BASE64))
    if foreign + raw.count(b" ") > max(2, _MAX_FOREIGN * len(dense)):
        return raw, "declared as base64, but is not"
    said = "damaged base64" if foreign or (len(dense) % 4 and dense) else ""
    return decode_base64_lenient(dense), said


def decoded_size(raw: bytes, encoding: str) -> int:
    """Bytes behind a transfer encoding, without decoding them (a few more than exact)."""
    if encoding.split(";", maxsplit=1)[0].strip(" \t\"'").lower() != "base64":
        return len(raw)
    dense = len(raw) - sum(raw.count(bytes([byte])) for byte in _SPACE)
    return dense * 3 // 4 - raw[-8:].count(b"=")
