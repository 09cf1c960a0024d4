"""The mail server by which replies go out: into it, by password or by the mailbox's own token, and why it does not take one.

Its words are told by their numbers alone: they may repeat a customer's address.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator

from edge_agent.mail.config import ImapSourceConfig, SendConfig
from edge_agent.mail.login import secret, tls_context, token
from edge_agent.mail.unreachable import SMTP, why_unreachable
from kits.core.client_credentials import xoauth2
from kits.core.errors import KitwrightError

TROUBLES = (OSError, smtplib.SMTPException, KitwrightError, UnicodeError)
"""What may come of asking it."""
_STATUS = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}\b")
"""RFC 3463, before the words."""


class Submission:
    """Message submission (RFC 6409).

    Args:
        source: the mailbox that replies are from.
        send: what it says of sending.
    """

    def __init__(self, source: ImapSourceConfig, send: SendConfig) -> None:
        self._source = source
        self._send = send

    @property
    def user(self) -> str:
        """Who signs in; empty: nobody."""
        return self._send.user or (self._source.user if self._send.by_token else "")

    @property
    def sender(self) -> str:
        """The envelope's sender; empty: none."""
        return self._send.envelope_sender

    @contextlib.contextmanager
    def opened(self) -> Iterator[smtplib.SMTP]:
        """The server, which has let us in. Raises any of `TROUBLES`."""
        send = self._send
        context: ssl.SSLContext | None = None
        if send.security != "plain":
            context = tls_context(send.ca_file)
        if send.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                send.host, send.port, timeout=send.timeout_s, context=context
            )
        else:
            server = smtplib.SMTP(send.host, send.port, timeout=send.timeout_s)
        try:
            if send.security == "starttls":
                server.starttls(context=context)
            self._sign_in(server)
            yield server
        finally:
            # what becomes of the farewell says nothing of the mail
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _sign_in(self, server: smtplib.SMTP) -> None:
        if self._send.by_token:
            server.ehlo_or_helo_if_needed()
            server.auth("XOAUTH2", xoauth2(self.user, token(self._source)))
        elif self.user:
            server.login(self.user, secret(self._send.password_env, "source.send.password_env"))

    def told_of(self, error: Exception) -> tuple[str, str]:
        """Why it takes no mail, and what mends that, if it is known."""
        who = self.user or "the agent"
        match error:
            case KitwrightError():
                words, fix = error.what, error.fix
            case smtplib.SMTPAuthenticationError():
                words = f"the server does not let {who} in ({_numbers(error)})"
                fix = (
                    "check source.send.user, password or token, and whether it may sign in by SMTP"
                )
            case smtplib.SMTPSenderRefused() if not self.sender:
                words = f"the server takes no mail without a sender ({_numbers(error)})"
                fix = "set source.send.envelope_sender"
            case smtplib.SMTPSenderRefused():
                words = f"the server does not take {self.sender} for a sender ({_numbers(error)})"
                fix = f"let {who} send as it, or change source.send.envelope_sender"
            case smtplib.SMTPRecipientsRefused():
                words, fix = "the server refuses a receiver", ""
            case smtplib.SMTPDataError():
                words = f"the server refuses the mail ({_numbers(error)})"
                fix = f"let {who} send as {self._source.sender or 'its address'}"
                fix += "" if self.sender else ", or set source.send.envelope_sender"
            case UnicodeError():
                words, fix = "user, password or an address has letters that SMTP cannot carry", ""
            case smtplib.SMTPNotSupportedError():  # these are smtplib's own words
                words = f"{self._address}: {error}"
                fix = f"set port and security as the provider says ({SMTP})"
            case smtplib.SMTPResponseException():
                words, fix = f"{self._address} takes no mail now ({_numbers(error)})", ""
            case smtplib.SMTPException():
                words, fix = f"{self._address} ends the connection", ""
            case _:
                words, fix = why_unreachable(error, self._address, SMTP)
        return words, fix

    @property
    def _address(self) -> str:
        return f"{self._send.host}:{self._send.port}"


def _numbers(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
    status = _STATUS.match(said)
    return f"SMTP {error.smtp_code}{' ' + status[0].decode() if status else ''}"
