"""Header fields: unfolding, encoded words (RFC 2047), parameters (RFC 2231), addresses, message ids.

Works in linear time on whatever stands there and never raises. Which field means what is `message.py`'s
and `automatic.py`'s business.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from kits.core.mail._charsets import decode_text
from kits.core.mail._transfer import decode_base64_lenient

MAX_BLOCK_BYTES = 256 * 1024
"""Bytes of a header block that are read."""
MAX_FIELDS = 1000
"""Fields of a header block that are read."""
MAX_VALUE_CHARS = 16_000
"""Characters of one field that are read."""
MAX_ADDRESS_CHARS = 320
_MAX_SECTIONS = 50
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# lengths are bounded, so that a broken word costs little and stays as it is
_WORD = re.compile(
    r"=\?([A-Za-z0-9_.:+-]{1,60})(?:\*[A-Za-z0-9-]{0,40})?\?([BbQq])\?([^?]{0,4000})\?="
)
_ID = re.compile(r"<([^<>\s]{1,900})>")
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox; `name` may be empty, `address` may be broken but has no spaces."""

    name: str
    address: str


def header_fields(block: bytes, charset: str = "") -> tuple[list[tuple[str, str]], bool]:
    """(lower-cased name, raw value unfolded) in order, and whether some were left out.

    Args:
        charset: of bytes that are no UTF-8, where it is known from elsewhere.
    """
    cut = len(block) > MAX_BLOCK_BYTES
    lines: list[bytes] = []
    fields: list[tuple[str, list[bytes]]] = []
    for line in block[:MAX_BLOCK_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line[:1] in {b" ", b"\t"} and fields:
            lines.append(line.strip())
            continue
        match = _FIELD.match(line)
        if match is None:
            continue
        if len(fields) >= MAX_FIELDS:
            cut = True
            break
        lines = [line[match.end() :].strip()]
        fields.append((match[1].decode("ascii").lower(), lines))
    return [(name, _raw_text(b" ".join(parts), charset)) for name, parts in fields], cut


def _raw_text(value: bytes, charset: str) -> str:
    told = charset if b"\x1b" in value or not _is_utf8(value) else ""
    return decode_text(value, told)[0][:MAX_VALUE_CHARS]


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def decode_words(value: str) -> str:
    """A raw value for people: encoded words decoded, control characters and line breaks gone."""
    pieces: list[str] = []
    pending: tuple[str, bytes] | None = None
    end = 0
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        charset, content = match[1].lower(), _word_bytes(match[2], match[3])
        if pending is not None and not between.strip():
            if pending[0] == charset:
                # programs cut a character in two at the border of words
                pending = (charset, pending[1] + content)
                end = match.end()
                continue
            between = ""
        if pending is not None:
            pieces.append(decode_text(pending[1], pending[0])[0])
        pieces.append(between)
        pending = (charset, content)
        end = match.end()
    if pending is not None:
        pieces.append(decode_text(pending[1], pending[0])[0])
    pieces.append(value[end:])
    return _CONTROLS.sub(" ", "".join(pieces)).strip()


def _word_bytes(kind: str, text: str) -> bytes:
    raw = text.encode("utf-8", errors="replace")
    if kind in "Bb":
        return decode_base64_lenient(raw)
    return binascii.a2b_qp(raw, header=True)


def split_parameters(value: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=x` → (`text/plain`, {`charset`: `x`}), RFC 2231 put together; also where the first `;` is missing."""
    first, *rest = _split(value, ";")
    kind, *unmarked = first.split(maxsplit=1) or [""]
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for part in (unmarked + rest)[:_MAX_SECTIONS]:
        name, _, raw = part.partition("=")
        name, raw = name.strip().lower(), _unquote(raw.strip())
        base, star, section = name.partition("*")
        if not star:
            plain.setdefault(name, decode_words(raw))
            continue
        number = section.rstrip("*")
        index = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
        encoded = section.endswith("*") or not section
        sections.setdefault(base, {}).setdefault(index, (raw, encoded))
    for base, found in sections.items():
        plain[base] = _joined([found[index] for index in sorted(found)])
    return kind.lower(), plain


def _joined(sections: list[tuple[str, bool]]) -> str:
    charset = ""
    content = bytearray()
    for number, (raw, encoded) in enumerate(sections):
        value = raw
        if number == 0 and encoded and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        data = value.encode("utf-8", errors="replace")
        content += _percent(data) if encoded else data
    return _CONTROLS.sub(" ", decode_text(bytes(content), charset)[0]).strip()


def _percent(data: bytes) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), data)


def _split(value: str, separator: str) -> list[str]:
    """`value` at separators that stand neither in quotes nor in comments."""
    parts: list[str] = []
    current: list[str] = []
    quoted, depth, skip = False, 0, False
    for char in value:
        if skip:
            skip = False
        elif char == "\\" and (quoted or depth):
            skip = True
        elif char == '"' and not depth:
            quoted = not quoted
        elif char == "(" and not quoted:
            depth += 1
        elif char == ")" and not quoted and depth:
            depth -= 1
        elif char == separator and not quoted and not depth:
            parts.append("".join(current))
            current = []
            continue
        current.append(char)
    parts.append("".join(current))
    if len(parts) == 1 and (quoted or depth) and separator in value:
        return value.split(separator)  # an unclosed quote must not swallow the rest
    return parts


def _unquote(value: str) -> str:
    if value[:1] == '"':
        value = value[1:-1] if value[-1:] == '"' and len(value) > 1 else value[1:]
        return re.sub(r"\\(.)", r"\1", value)
    return value.split(" (", maxsplit=1)[0].strip()


def without_comments(value: str) -> str:
    """`value` without `(comments)`; an unclosed one ends the value."""
    kept: list[str] = []
    depth, quoted = 0, False
    for char in value:
        if char == '"' and not depth:
            quoted = not quoted
        if char == "(" and not quoted:
            depth += 1
        elif char == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(char)
    return "".join(kept).strip()


def addresses(raw: str, limit: int = 200) -> tuple[Address, ...]:
    """The mailboxes of an address field; groups are opened, what is no address is left out."""
    found: list[Address] = []
    for part in _split(raw, ","):
        for piece in _split(part, ";"):
            one = _address(piece)
            if one is not None:
                found.append(one)
            if len(found) >= limit:
                return tuple(found)
    return tuple(found)


def _address(piece: str) -> Address | None:
    text = piece.strip()
    opened = text.rfind("<")
    if opened >= 0:
        closed = text.find(">", opened)
        # a source route: <@relay.example:jo@example.com>
        address = text[opened + 1 : closed if closed > 0 else len(text)].rpartition(":")[2]
        name = text[:opened].strip()
        group, colon, member = name.rpartition(":")
        if colon and '"' not in group and (not member or any(map(str.isalpha, member))):
            name = member.strip()
    else:
        address = without_comments(text).rpartition(":")[2]
        name = text.partition("(")[2].strip(" )")
    address = "".join(address.split()).strip("'\"")
    if "@" not in address or len(address) > MAX_ADDRESS_CHARS:
        return None
    return Address(decode_words(_unquote(name)), address)


def message_ids(raw: str) -> tuple[str, ...]:
    """All `<ids>` of a field, each once, in order; an id without brackets is taken when it stands alone."""
    found = [f"<{match}>" for match in _ID.findall(raw)]
    if not found:
        bare = raw.strip()
        if "@" in bare and not any(char in bare for char in " \t<>") and len(bare) <= 900:
            found = [f"<{bare}>"]
    return tuple(dict.fromkeys(found))


def first_value(headers: Mapping[str, tuple[str, ...]], name: str) -> str:
    """The first value of a field, or ""."""
    return next(iter(headers.get(name, ())), "")
