"""A real dovecot of a test's own: the shipped one, with what only tests do to a server."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from email.message import EmailMessage
from io import BufferedRWPair
from pathlib import Path

import pytest

from kits.support_triage._simulated.mailbox_server import (
    PASSWORD,
    MailboxServer,
    find_dovecot,
    why_no_mailbox,
)
from tests.edge_agent.line_server import LineServer

__all__ = [
    "PASSWORD",
    "Dovecot",
    "Sink",
    "a_mail",
    "kill_leftovers",
    "needs_dovecot",
    "needs_submission",
]

_made: list[Dovecot] = []
_WHY_NONE = why_no_mailbox(find_dovecot())
needs_dovecot = pytest.mark.skipif(bool(_WHY_NONE), reason=_WHY_NONE)
needs_two_users = pytest.mark.skipif(
    os.getuid() != 0, reason="who serves mails must be another user"
)
needs_submission = pytest.mark.skipif(
    not any(
        (Path(at) / "submission").exists() for at in ("/usr/lib/dovecot", "/usr/libexec/dovecot")
    ),
    reason="dovecot takes no mail to send here (apt install dovecot-submissiond)",
)


def kill_leftovers() -> None:
    """Ends all servers and takes away what they left."""
    while _made:
        _made.pop().close()


class Dovecot(MailboxServer):
    """A mail server that a test may fill at once and rob of its memory."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _made.append(self)

    def start(self) -> Dovecot:
        super().start()
        return self

    def fill(self, mails: Sequence[bytes]) -> None:
        """Lays many mails into the inbox at once."""
        with self.login() as client:
            for at in range(0, len(mails), 500):
                client.multiappend("INBOX", mails[at : at + 500])

    def raise_quota(self, kib: int) -> None:
        """Gives the mailbox more room, as its provider does; connections are lost."""
        self.stop()
        self.quota_kib = kib
        self._write()
        self.start()

    def renumber(self) -> None:
        """Makes all UIDs worthless, as a server restored from a copy does: it forgets what it knew of them."""
        for name in (
            "dovecot-uidlist",
            "dovecot.index",
            "dovecot.index.log",
            "dovecot.index.cache",
        ):
            for path in (self.folder / "mail").rglob(name):
                path.unlink()
        for path in (self.folder / "mail").rglob("dovecot-uidvalidity*"):
            path.unlink()
        self.stop()
        time.sleep(1.1)  # the validity is made of the second
        self.start()


def a_mail(
    number: int = 1,
    text: str = "Where is my order?",
    *,
    sender: str = "",
    subject: str = "",
    **headers: str,
) -> bytes:
    """A customer's mail; `headers` with `_` for `-`."""
    message = EmailMessage()
    message["From"] = sender or f"Customer {number} <customer{number}@example.com>"
    message["To"] = "shop@shop.example"
    message["Subject"] = subject or f"Question {number}"
    message["Date"] = "Mon, 04 May 2026 06:00:00 +0000"
    message["Message-ID"] = f"<q{number}@example.com>"
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


class Sink(LineServer):
    """An SMTP server that takes every mail, or ends in the middle of one.

    Attributes:
        refuses: what it says to a command in place of yes; of `DATA` to a mail that is complete.
    """

    def __init__(self, *, dies: bool = False, **refuses: str) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []
        self.refuses = refuses
        self._dies = dies
        super().__init__()

    def _talk(self, channel: BufferedRWPair) -> None:
        sender, receivers = "", []

        def say(line: bytes) -> None:
            channel.write(line + b"\r\n")
            channel.flush()

        say(b"220 sink")
        while line := channel.readline():
            word = line[:4].upper()
            if word == b"EHLO":
                say(b"250-sink\r\n250 AUTH PLAIN")
                continue
            no = self.refuses.get(word.decode("ascii", "replace").strip(), "").encode()
            if no and word != b"DATA":
                say(no)
                continue
            if word == b"MAIL":
                sender = line.decode().partition(":")[2].split()[0]
            if word == b"RCPT":
                receivers.append(line.decode().partition(":")[2].strip())
            if word == b"DATA":
                say(b"354 go on")
                content = b""
                while (part := channel.readline()) != b".\r\n":
                    content += part
                if no:
                    say(no)
                    continue
                self.mails.append((sender, receivers, content))
                if self._dies:
                    return  # it has the mail, and nobody hears that it has
            say(b"221 bye" if word == b"QUIT" else b"250 ok")
            if word == b"QUIT":
                return
