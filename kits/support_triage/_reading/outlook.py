"""Mails as Outlook saves them one by one (`.msg`) → mails as all others write them.

What the mail came with stays: its header as it went over the net, both forms of its text, its attachments. A header that
a mail never had, because it never left the firm's Exchange, is made from what Outlook knows.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from typing import TYPE_CHECKING, Any, Final

from kits.core.errors import DataError, MachineError

if TYPE_CHECKING:
    from oxmsg import Message
    from oxmsg.attachment import Attachment

SUFFIX: Final = ".msg"
_DAMAGE: Final = (
    OSError, ValueError, LookupError, AssertionError, AttributeError, TypeError, OverflowError, MemoryError, RecursionError,
    struct.error,
)  # fmt: skip
"""What the library makes of files that are none, or cut."""
_FIELD: Final = re.compile(r"[!-9;-~]{1,76}:")
_OF_THE_BODY: Final = re.compile(r"(?:content-[a-z-]+|mime-version):", re.IGNORECASE)
_TYPE: Final = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,100}")
_ADDRESS: Final = re.compile(r"[^\s<>,;:()\[\]\"\\]{1,64}@[^\s<>,;:()\[\]\"\\]{1,255}")
_MAILS: Final = ("IPM.NOTE", "REPORT.", "IPM.SCHEDULE.")
"""Classes of what is sent: mails, what servers report, invitations."""
_SMTP_OF_SENDER, _ADDRESS_OF_SENDER, _NAME_OF_SENDER = 0x5D01, 0x0C1F, 0x0C1A
_SHORT_NAME, _SHOWN_NAME = 0x3704, 0x3001
_RTF, _ID, _ANSWERED, _REFERENCES = 0x1009, 0x1035, 0x1042, 0x1039
_NUMBERED: Final = "__nameid_version1.0/__substg1.0_00030102"
_NAMES: Final = "__nameid_version1.0/__substg1.0_00040102"
_MOST_CATEGORIES: Final = 100
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def categories_of(content: bytes) -> tuple[str, ...]:
    """The categories that somebody gave a mail in Outlook, of which nothing stands in the mail itself.

    Raises:
        DataError: damaged.
        MachineError: the library is missing.
    """
    try:
        from olefile import OleFileIO
    except ImportError as error:
        raise _missing() from error
    try:
        with OleFileIO(content) as file:
            number = _number_of_categories(file)
            names = [f"__substg1.0_{number:04X}101F-{n:08X}" for n in range(_MOST_CATEGORIES)]
            told = [file.openstream(name).read() for name in names if number and file.exists(name)]
    except _DAMAGE as error:
        raise _damaged(error) from error
    words = (_one_line(one.decode("utf-16-le", errors="replace").rstrip("\0")) for one in told)
    return tuple(word for word in words if word)


def _number_of_categories(file: Any) -> int:
    """By which number categories go in this file: names that programs gave are numbered anew in each. 0: it has none."""
    if not (file.exists(_NUMBERED) and file.exists(_NAMES)):
        return 0
    entries, names = (file.openstream(stream).read() for stream in (_NUMBERED, _NAMES))
    for at in range(0, len(entries) - 7, 8):
        offset, kind, place = struct.unpack_from("<IHH", entries, at)
        if kind & 1 and offset + 4 <= len(names):
            (size,) = struct.unpack_from("<I", names, offset)
            if names[offset + 4 : offset + 4 + size] == "Keywords".encode("utf-16-le"):
                return 0x8000 + int(place)
    return 0


def as_eml(content: bytes) -> bytes:
    """A mail that Outlook saved, as RFC 5322; the same bytes for the same file.

    Raises:
        DataError: damaged, no mail, or its text is in a form that is not read.
        MachineError: the library is missing.
    """
    try:
        from oxmsg import Message
        from oxmsg.domain.model import UnrecognizedCodePageError
    except ImportError as error:
        raise _missing() from error
    try:
        message = Message.load(content)
        kind = message.message_class
        if not kind.upper().startswith(_MAILS):
            raise DataError(
                f"an item of Outlook that is no mail: {kind[:80]!r}", fix="leave it out"
            )
        body = _body(message, hashlib.sha256(content).hexdigest()[:32])
        head = "".join(f"{line}\r\n" for line in _head(message))
        return _encoded(head) + body.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    except (*_DAMAGE, UnrecognizedCodePageError) as error:
        raise _damaged(error) from error


def _missing() -> MachineError:
    return MachineError(".msg files need python-oxmsg", fix="pip install python-oxmsg")


def _damaged(error: Exception) -> DataError:
    line = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return DataError(f"no .msg file of Outlook: {line}")


def _encoded(text: str) -> bytes:
    return _SURROGATES.sub("\ufffd", text).encode()


def _head(message: Message) -> Iterator[str]:
    """Lines of the header, without what tells of the body."""
    kept = False
    lines = [line for line in _header_lines(message) if line.strip()]
    for line in lines:
        if not line.startswith((" ", "\t")):
            kept = bool(_FIELD.match(line)) and not _OF_THE_BODY.match(line)
        if kept:
            yield line.rstrip()
    names = {line.partition(":")[0].lower() for line in lines}
    for name, value in _known(message):
        if value and name.lower() not in names:
            yield f"{name}: {value}"


def _header_lines(message: Message) -> list[str]:
    found = message.properties.str_prop_value(0x007D) or ""
    return re.split(r"\r\n|\n|\r", found)


def _known(message: Message) -> Iterator[tuple[str, str]]:
    """What Outlook knows of a mail besides its header."""

    def told(number: int) -> str:
        return _one_line(message.properties.str_prop_value(number) or "")

    addresses = (told(_SMTP_OF_SENDER), told(_ADDRESS_OF_SENDER))
    address = next((one for one in addresses if _ADDRESS.fullmatch(one)), "")
    if address:
        yield "From", _mailbox(told(_NAME_OF_SENDER), address)
    to = [
        _mailbox(_one_line(one.name), one.email_address)
        for one in message.recipients
        if _ADDRESS.fullmatch(one.email_address)
    ]
    yield "To", ", ".join(to)
    yield "Subject", _words(_one_line(message.subject))
    yield "Date", "" if message.sent_date is None else format_datetime(message.sent_date)
    yield "Message-ID", told(_ID)
    yield "In-Reply-To", told(_ANSWERED)
    yield "References", told(_REFERENCES)


def _one_line(text: str) -> str:
    # a line break in a value would be a header of the sender's choice
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", text).strip()


def _words(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=900).encode()


def _mailbox(name: str, address: str) -> str:
    return formataddr((name, address)) if address.isascii() else address


def _body(message: Message, boundary: str) -> MIMEBase:
    parts = [(message.body, "plain"), (message.html_body, "html")]
    texts = [
        MIMEText(_SURROGATES.sub("\ufffd", text), kind, "utf-8") for text, kind in parts if text
    ]
    if not texts and message.properties.binary_prop_value(_RTF):
        raise DataError(
            "its text is in RTF alone", fix="open it in Outlook and save it as HTML or text"
        )
    texts = texts or [MIMEText("", "plain", "utf-8")]
    whole: MIMEBase = texts[0]
    if len(texts) > 1:
        whole = MIMEMultipart("alternative", f"=_a{boundary}", texts)
    files = [
        _file(_name_of(one), one.mime_type or "", one.file_bytes or b"")
        for one in message.attachments
    ]
    if not files:
        return whole
    return MIMEMultipart("mixed", f"=_m{boundary}", [whole, *files])


def _name_of(attached: Attachment) -> str:
    told = attached.properties.str_prop_value
    return _one_line(attached.file_name or told(_SHORT_NAME) or told(_SHOWN_NAME) or "")[:200]


def _file(name: str, kind: str, content: bytes) -> MIMEBase:
    """An attachment; one that is no bytes, as a mail in a mail, keeps its name."""
    kind = kind.lower()
    own = kind if _TYPE.fullmatch(kind) and not kind.startswith(("multipart/", "message/")) else ""
    part = MIMEApplication(content)
    if own:
        part.replace_header("Content-Type", own)
    told = {"filename": ("utf-8", "", name)} if name else {}
    part.add_header("Content-Disposition", "attachment", **told)
    return part
