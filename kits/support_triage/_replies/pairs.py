"""A mailbox with its sent mail → what customers asked and what the firm answered.

An answer is a mail from one of the firm's own addresses that names a customer's mail in In-Reply-To. Mails of
machines, and answers to them, are left out. Of mails only what was answered is kept, and the numbers that name a thread,
while reading: archives are larger than memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
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
        thread: names the thread that both belong to.
    """

    asked: bytes
    answer: Reading
    thread: str


@dataclass(slots=True)
class Looked:
    """What pairs were looked for in.

    Attributes:
        mails: that could be read; `own`: those of them that the firm wrote.
        left_out: place → why it could not be read.
    """

    mails: int = 0
    own: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


def raw_mails(path: Path, looked: Looked | None = None) -> Iterator[bytes]:
    """All mails of an mbox, a folder of EML files or a Maildir, in a stable order.

    Args:
        looked: is told of those that cannot be read.

    Raises:
        DataError: there is none of these.
    """
    left_out = {} if looked is None else looked.left_out
    if path.is_dir() and is_maildir(path):
        for mail in mails_of(path):
            yield from _read(mail.source, mail.path.read_bytes, left_out)
        return
    boxes = mbox_files(path) if path.is_dir() or path.suffix.lower() not in EML_SUFFIXES else []
    for box in boxes:
        with box.open("rb") as stream:
            for number, found in enumerate(messages_of(stream), start=1):
                if isinstance(found, bytes):
                    yield found
                else:
                    left_out[f"{box.name}:{number}"] = found.why
    files = eml_files(path) if not boxes else []
    for file in files:
        yield from _read(file.name, partial(_content, file), left_out)
    if not boxes and not files:
        raise DataError(
            "no mails here", where=str(path), fix="name an mbox, a Maildir or a folder of .eml"
        )


def _content(file: Path) -> bytes:
    return opened(file)[0]


def _read(name: str, read: Callable[[], bytes], left_out: dict[str, str]) -> Iterator[bytes]:
    try:
        yield read()
    except OSError as error:
        left_out[name] = error.strerror or str(error)
    except DataError as error:
        left_out[name] = error.what


def pairs_of(
    mails: Callable[[], Iterable[bytes]], own: Iterable[str], looked: Looked | None = None
) -> Iterator[Pair]:
    """Answered mails, in the order in which the customers' mails lie.

    Args:
        mails: gives all mails, each time it is called: answers are looked for first, then what they answer.
        own: the firm's own addresses.
        looked: is told what there was.
    """
    ours = {address.lower() for address in own}
    threads: dict[str, str] = {}
    wanted = _answers(mails(), ours, threads, looked or Looked())
    for content in mails():
        name, is_customer = _customers(content, ours)
        if is_customer and name in wanted:
            yield Pair(content, wanted.pop(name), threads.get(name, name))


def _answers(
    mails: Iterable[bytes], ours: set[str], threads: dict[str, str], looked: Looked
) -> dict[str, Reading]:
    """Message-ID of what was answered → the answer; of several answers the first. Fills `threads` and `looked`."""
    found: dict[str, Reading] = {}
    for number, content in enumerate(mails, start=1):
        try:
            message = read_message(content)
        except DataError as error:
            looked.left_out[f"mail {number}"] = error.what
            continue
        looked.mails += 1
        known = [n for n in (*message.references, message.in_reply_to, message.message_id) if n]
        root = next((threads[n] for n in known if n in threads), known[0] if known else "")
        for one in known:
            threads.setdefault(one, root)
        if message.sender.lower() not in ours:
            continue
        looked.own += 1
        name = message.in_reply_to
        if not name or name in found or why_automatic(message):
            continue
        reading = read_mail(content)
        if reading.body.strip():
            found[name] = reading
    return found


def _customers(content: bytes, ours: set[str]) -> tuple[str, bool]:
    try:
        message = read_message(content)
    except DataError:
        return "", False
    return message.message_id, not why_automatic(message, sorted(ours))
