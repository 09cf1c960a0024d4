"""A message → bytes (RFC 5322): rows of a table as mails, and answers that wait in a drafts folder.

The same arguments give the same bytes. Nothing is sent here; which headers keep an answer with its
question is `threads.py`'s business.
"""

from __future__ import annotations

import base64
import binascii
import email.utils
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from kits.core.errors import DataError

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_NAME = re.compile(r"[!-9;-~]{1,76}")
_ADDRESS = re.compile(r"[^\s<>,;:()\[\]\"\\]{1,64}@[^\s<>,;:()\[\]\"\\]{1,255}")
_LINE_CHARS = 76
_MAX_LINE_BYTES = 990
_WORD_BYTES = 42
"""UTF-8 bytes of one encoded word: with its frame it stays under 75 characters."""
Fields = Sequence[tuple[str, str]]


def write_message(
    *,
    subject: str,
    body: str,
    sender: str = "",
    to: str = "",
    date: datetime | None = None,
    message_id: str = "",
    extra: Fields = (),
) -> bytes:
    """A plain-text mail; the same arguments give the same bytes.

    Args:
        sender, to: addresses, each alone or as `Name <address>`; fields that are empty are left out.
        date: aware.
        extra: further header fields, in order.

    Raises:
        DataError: a field name or an address that no mail may carry.
    """
    fields: list[tuple[str, str]] = []
    if sender:
        fields.append(("From", _mailbox(sender)))
    if to:
        fields.append(("To", _mailbox(to)))
    fields.append(("Subject", _words(subject)))
    if date is not None:
        fields.append(("Date", email.utils.format_datetime(date)))
    if message_id:
        fields.append(("Message-ID", _one_line(message_id)))
    fields += [(_field_name(name), _words(value)) for name, value in extra]
    return _assembled(fields, body)


def _assembled(fields: list[tuple[str, str]], body: str) -> bytes:
    text = _UNWRITABLE.sub("", body.replace("\r\n", "\n").replace("\r", "\n"))
    content = text.encode("utf-8")
    readable = content.isascii() and all(
        len(line) <= _MAX_LINE_BYTES for line in content.split(b"\n")
    )
    encoding = "7bit" if readable else "quoted-printable"
    if not readable:
        content = binascii.b2a_qp(content, istext=True)
    fields = [
        *fields,
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", encoding),
    ]
    head = "".join(f"{name}: {_folded(name, value)}\r\n" for name, value in fields)
    if not content.endswith(b"\n"):
        content += b"\n"
    return head.encode("ascii") + b"\r\n" + content.replace(b"\n", b"\r\n")


def _one_line(value: str) -> str:
    # a line break in a value would be a header of the sender's choice
    return _CONTROLS.sub(" ", value).strip()


def _field_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise DataError(f"{name!r} is no name of a header field")
    return name


def _mailbox(value: str) -> str:
    """`Name <address>` with its name encoded."""
    clean = _one_line(value)
    name, _, address = clean.rpartition("<")
    address = address.removesuffix(">").strip()
    if not _ADDRESS.fullmatch(address):
        raise DataError(f"{value[:80]!r} is no mail address", fix="write name@example.com")
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        domain = _ascii_domain(domain)
    if not local.isascii():
        raise DataError(f"{value[:80]!r} cannot be written to: its first part is not ASCII")
    name = name.strip().strip('"')
    if not name:
        return f"{local}@{domain}"
    shown = _words(name) if not name.isascii() else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{shown} <{local}@{domain}>"


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise DataError(f"{domain[:80]!r} is no domain") from error


def _words(value: str) -> str:
    """Text as ASCII; encoded words (RFC 2047) where it is not, or looks like one."""
    clean = _one_line(value)
    if (
        clean.isascii()
        and "=?" not in clean
        and all(len(word) <= _MAX_LINE_BYTES for word in clean.split(" "))
    ):
        return clean
    return " ".join(_encoded(piece) for piece in _pieces(clean))


def _encoded(piece: str) -> str:
    return f"=?utf-8?B?{base64.b64encode(piece.encode('utf-8')).decode('ascii')}?="


def _pieces(text: str) -> Iterable[str]:
    """`text` cut where a word is full, never inside a character."""
    current: list[str] = []
    size = 0
    for char in text:
        width = len(char.encode("utf-8"))
        if size + width > _WORD_BYTES:
            yield "".join(current)
            current, size = [], 0
        current.append(char)
        size += width
    if current:
        yield "".join(current)


def _folded(name: str, value: str) -> str:
    """`value` broken between words, so that lines stay short where words allow."""
    lines: list[str] = []
    line = ""
    room = _LINE_CHARS - len(name) - 2
    for word in value.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, _LINE_CHARS - 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])
