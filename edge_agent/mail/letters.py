"""From a draft to the bytes that lie in the folder of drafts: threaded, plain text only.

A draft carries no `Auto-Submitted`: a person reads, changes and sends it, and with that header other systems would
file the answer as a machine's. What is sent without a person carries it (RFC 3834).
"""

from __future__ import annotations

from datetime import datetime

from edge_agent.mail.identity import split
from kits.core.errors import DataError
from kits.core.mail.message import Message, read_message
from kits.core.mail.threads import ReplyHeaders
from kits.core.mail.writing import write_message
from kits.core.prediction import Draft

DRAFT_HEADER = "X-Kitwright-Draft"
_MAX_HEAD = 1 << 18


def draft_id_of(sample_id: str, sender: str) -> str:
    """The Message-ID of the draft that answers a mail: always the same."""
    domain = sender.rpartition("@")[2].strip("<> ") or "localhost"
    return f"<{sample_id}.draft@{domain}>"


def head_of(content: bytes) -> Message | None:
    """A mail's headers as a message; None when there are none."""
    try:
        return read_message(split(content)[0][:_MAX_HEAD] + b"\r\n\r\n")
    except DataError:
        return None


def write_draft(
    headers: ReplyHeaders,
    draft: Draft,
    *,
    sender: str,
    sample_id: str,
    at: datetime,
    signature: str = "",
    automatic: bool = False,
) -> bytes:
    """A reply as bytes with CRLF.

    Args:
        headers: of an answer to the mail, as it was read when the draft was made and checked: read again from less of
            it, another address could stand there.
        automatic: whether no person sends it.

    Raises:
        DataError: the mail names nobody to answer, or the sender is no address.
    """
    extra = [
        ("In-Reply-To", headers.in_reply_to),
        ("References", " ".join(headers.references)),
        ("Auto-Submitted", "auto-replied" if automatic else ""),
        ("Content-Language", draft.language),
        (DRAFT_HEADER, sample_id),
    ]
    signed = f"\n\n-- \n{signature.strip()}" if signature.strip() else ""
    return write_message(
        subject=draft.subject or headers.subject,
        body=draft.body.rstrip() + signed + "\n",
        sender=sender,
        to=headers.to,
        date=at,
        message_id=draft_id_of(sample_id, sender),
        extra=[(name, value) for name, value in extra if value],
    )
