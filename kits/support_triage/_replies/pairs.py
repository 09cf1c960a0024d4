"""A mailbox with its sent mail → what customers asked and what the firm answered.

An answer is a mail from one of the firm's own addresses that names a customer's mail in In-Reply-To. Mails of
machines, and answers to them, are left out. Only the place in files of each mail is kept while reading: archives
are larger than memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kits.core.errors import DataError
from kits.core.mail.automatic import why_automatic
from kits.core.mail.message import read_message
from kits.support_triage._mail.reading import Reading, read_mail
from kits.support_triage._reading.mail_files import EML_SUFFIXES, eml_files, opened
from kits.support_triage._reading.mailboxes import mbox_files
from kits.support_triage._reading.maildir import is_maildir, mails_of
from kits.support_triage._reading.mbox import messages_of


@dataclass(frozen=True, slots=True)
class Pair:
    """One answered mail.

    Attributes:
        asked: the customer's mail, as bytes: a bundle's runtime reads it.
        answer: what the firm wrote, without quoted text and signature.
    """

    asked: bytes
    answer: Reading


def raw_mails(path: Path) -> Iterator[bytes]:
    """All mails of an mbox, a folder of EML files or a Maildir, in a stable order.

    Raises:
        DataError: there is none of these.
    """
    if path.is_dir() and is_maildir(path):
        yield from (mail.path.read_bytes() for mail in mails_of(path))
        return
    boxes = mbox_files(path) if path.is_dir() or path.suffix.lower() not in EML_SUFFIXES else []
    for box in boxes:
        with box.open("rb") as stream:
            yield from (found for found in messages_of(stream) if isinstance(found, bytes))
    files = eml_files(path) if not boxes else []
    for file in files:
        with suppress(DataError):  # as of mails that cannot be read: there is no pair in it
            yield opened(file)[0]
    if not boxes and not files:
        raise DataError(
            "no mails here", where=str(path), fix="name an mbox, a Maildir or a folder of .eml"
        )


def pairs_of(mails: Callable[[], Iterable[bytes]], own: Iterable[str]) -> Iterator[Pair]:
    """Answered mails, in the order of the answers.

    Args:
        mails: gives all mails, each time it is called: answers are looked for first, then what they answer.
        own: the firm's own addresses.
    """
    ours = {address.lower() for address in own}
    wanted = dict(_answers(mails(), ours))
    asked: dict[str, bytes] = {}
    for content in mails():
        name, is_customer = _customers(content, ours)
        if is_customer and name in wanted:
            asked.setdefault(name, content)
    for name, answer in wanted.items():
        if name in asked:
            yield Pair(asked[name], answer)


def _answers(mails: Iterable[bytes], ours: set[str]) -> Iterator[tuple[str, Reading]]:
    """Message-ID of what was answered, and the answer; of several answers the first."""
    seen: set[str] = set()
    for content in mails:
        try:
            message = read_message(content)
        except DataError:
            continue
        name = message.in_reply_to
        if not name or name in seen or message.sender.lower() not in ours:
            continue
        if why_automatic(message):
            continue
        reading = read_mail(content)
        if reading.body.strip():
            seen.add(name)
            yield name, reading


def _customers(content: bytes, ours: set[str]) -> tuple[str, bool]:
    try:
        message = read_message(content)
    except DataError:
        return "", False
    return message.message_id, not why_automatic(message, sorted(ours))
