"""How a person sees a mail: its new text, and beside it what was cut off, hidden, attached or found odd.

Plain text and values only: the HTML of a mail is never rendered, nothing is fetched, attachments are named. The
sender's domain is shown, not the address: it tells enough to judge by.
"""

from __future__ import annotations

from pydantic import JsonValue

from kits.core.mail.automatic import why_automatic
from kits.core.mail.message import Message
from kits.core.mail.threads import thread_key
from kits.core.showing import Shown
from kits.support_triage._mail.reading import Reading, read_mail

MAX_ATTACHMENTS = 20
MAX_NOTES = 10


def shown(content: bytes) -> Shown:
    """A mail as a person reads it; spans of a prediction index into its text.

    Raises:
        DataError: no mail, or too large.
    """
    reading = read_mail(content)
    message = reading.message
    when = message.date.strftime("%Y-%m-%d %H:%M") if message.date else "without a date"
    # a row of a table that names nobody has a sender of this reserved domain (RFC 2606)
    domain = domain_of(message.sender).removesuffix("example.invalid")
    title = f"{domain or 'unknown sender'}, {when}"
    return Shown(title, reading.text, _facts(reading, message))


def domain_of(address: str) -> str:
    """What stands behind the @; empty without one."""
    return address.rpartition("@")[2] if "@" in address else ""


def _facts(reading: Reading, message: Message) -> dict[str, JsonValue]:
    named: list[JsonValue] = [
        {"name": one.name, "media_type": one.media_type, "size": one.size}
        for one in message.attachments[:MAX_ATTACHMENTS]
    ]
    notes: list[JsonValue] = [
        *list(dict.fromkeys((*reading.notes, *message.complaints)))[:MAX_NOTES]
    ]
    addressed: list[JsonValue] = [*sorted({domain_of(one) for one in message.to} - {""})]
    return {
        "subject": reading.subject,
        "from_domain": domain_of(message.sender),
        "to_domains": addressed,
        "date": message.date.isoformat() if message.date else "",
        "language": reading.language,
        "automatic": why_automatic(message),
        "thread": thread_key(message),
        "is_answer": bool(message.in_reply_to or message.references),
        "quoted_chars": len(reading.quoted),
        "hidden_chars": reading.hidden_chars,
        "attachments": named,
        "more_attachments": max(0, len(message.attachments) - MAX_ATTACHMENTS),
        "notes": notes,
    }
