"""Raw bytes → a message: who wrote to whom, about what, and the text as it was sent.

Reads every mail, however broken; nothing is fetched, attachments are listed and never opened. Quoted
text, signatures and HTML are the kit's business (`_mail`), threads and automatic mail are beside.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from kits.core.errors import DataError
from kits.core.mail._bodies import Attachment, Bodies, charset_of, collect
from kits.core.mail._header import Address, addresses, decode_words, first_value, message_ids
from kits.core.mail._parts import Budget, parse_part, subject_of

__all__ = ["MAX_BYTES", "Attachment", "Message", "read_message", "refuse_unreadable"]

MAX_BYTES = 20 * 1024 * 1024
"""Bytes of the largest mail that is read."""
_MAX_REFERENCES = 100
_SPACES = re.compile(r"\s+")
_ONCE = ("from", "subject", "message-id", "date", "reply-to", "in-reply-to", "references")
"""Fields that RFC 5322 allows once; a second one is how programs are made to disagree."""


@dataclass(frozen=True, slots=True)
class Message:
    """A mail as it was sent.

    Attributes:
        message_id, in_reply_to: with their brackets (`<id@host>`), or empty.
        references: the thread so far, oldest first, with brackets.
        sender: address of the first From; `sender_name` is what it calls itself.
        reply_to: address an answer is asked to go to; empty when none is named.
        date: aware; None when missing or unreadable.
        plain: text as sent as plain text; empty when a part of the mail is HTML only.
        html: the whole text as HTML; empty when none was sent.
        headers: lower-cased name → values, decoded, each on one line.
        complaints: what was broken, in words.
    """

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    sender: str
    sender_name: str
    reply_to: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    date: datetime | None
    plain: str
    html: str
    attachments: tuple[Attachment, ...]
    headers: Mapping[str, tuple[str, ...]] = field(repr=False)
    complaints: tuple[str, ...] = ()

    @property
    def answer_address(self) -> str:
        """Where an answer goes."""
        return self.reply_to or self.sender


def read_message(content: bytes) -> Message:
    """Reads a mail. Work and memory are bounded by its size.

    Raises:
        DataError: there are no bytes, or more than `MAX_BYTES`.
    """
    refuse_unreadable(content)
    budget = Budget()
    content = _without_envelope(content)
    root = parse_part(content, budget)
    raw = root.headers
    for name in _ONCE:
        if len(raw.get(name, ())) > 1:
            budget.complain(f"{len(raw[name])} {name} headers; the first counts")
    bodies = collect(root, budget)
    stated = first_value(raw, "subject")
    subject = decode_words(stated)
    if (not stated.isascii() or "\x1b" in stated) and (charset := charset_of(root)):
        # of the subject alone: who reads the headers without the text must find the same addresses
        subject = subject_of(content, charset)
    return _message(raw, subject, bodies, budget)


def refuse_unreadable(content: bytes) -> None:
    """Refuses what `read_message` does not read, without reading it.

    Raises:
        DataError: there are no bytes, or more than `MAX_BYTES`.
    """
    if not content.strip():
        raise DataError("the mail is empty", fix="export the mail with its headers")
    if len(content) > MAX_BYTES:
        raise DataError(
            f"the mail has {len(content) / 2**20:.0f} MB, more than {MAX_BYTES // 2**20}",
            fix="a person has to read it; mails without their attachments can be imported",
        )


def _message(
    raw: Mapping[str, tuple[str, ...]], subject: str, bodies: Bodies, budget: Budget
) -> Message:
    senders = _senders(first_value(raw, "from")) or _senders(first_value(raw, "sender"))
    reply = addresses(first_value(raw, "reply-to"), limit=1)
    replied = message_ids(first_value(raw, "in-reply-to"))
    references = message_ids(" ".join(raw.get("references", ())))
    if len(references) > _MAX_REFERENCES:
        references = (references[0], *references[1 - _MAX_REFERENCES :])
    own = message_ids(first_value(raw, "message-id"))
    return Message(
        message_id=own[0] if own else "",
        in_reply_to=replied[0] if replied else "",
        references=references,
        sender=senders[0].address if senders else "",
        sender_name=senders[0].name if senders else "",
        reply_to=reply[0].address if reply else "",
        to=tuple(one.address for one in addresses(", ".join(raw.get("to", ())))),
        cc=tuple(one.address for one in addresses(", ".join(raw.get("cc", ())))),
        subject=_SPACES.sub(" ", subject).strip(),
        date=_date(first_value(raw, "date")),
        plain=bodies.plain,
        html=bodies.html,
        attachments=bodies.attachments,
        headers={
            name: tuple(decode_words(value) for value in values) for name, values in raw.items()
        },
        complaints=tuple(budget.complaints),
    )


def _senders(value: str) -> tuple[Address, ...]:
    if "=?" in value.partition("<")[0] and "?=" in value.rpartition(">")[2]:
        # some programs encode the address along with the name
        value = decode_words(value)
    return addresses(value)


def _without_envelope(content: bytes) -> bytes:
    """An mbox "From " line and blank lines before the headers are no part of the mail."""
    content = content.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if content.startswith((b"From ", b">From ")):
        return content.partition(b"\n")[2]
    return content


def _date(value: str) -> datetime | None:
    if not value or len(value) > 200:
        return None
    try:
        found = email.utils.parsedate_to_datetime(value)
        aware = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
