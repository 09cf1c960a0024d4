"""Alerts, and alarms of machines, by e-mail to the maintenance crew: plain text over SMTP with TLS.

Everything that waits goes into one mail, so a storm of alerts is one mail and not hundreds. Mail
has no receiver that recognises a repeated id: a mail that is sent again has the same content and
the same Message-ID, which most mailboxes use to show it once, but nobody promises it.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage

from cloud_sync.effects.alerts import MAIL
from cloud_sync.effects.deadline import BoundTls, Deadline, connect
from cloud_sync.effects.mail_token import MailTokens
from cloud_sync.effects.outbox import CASE
from cloud_sync.effects.settings import MailConfig
from cloud_sync.effects.targets import Delivery, DeliveryError
from kits.core.client_credentials import xoauth2

TIMEOUT_S = 120.0
"""For all of a mail. Mail servers look for spam before they answer, and take their time."""
BATCH = 50
MAX_SUBJECT = 120


class Mail:
    """Sends mails.

    Args:
        password: for `config.username`, or the secret of `config.oauth_client`; not used when there is no user.
        context: whom to trust; None: the system's CAs.
        timeout_s: for the whole of a delivery.
    """

    def __init__(
        self,
        config: MailConfig,
        password: str,
        *,
        site_name: str,
        hub_url: str,
        name: str = MAIL,
        context: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.name = name
        self.batch = BATCH
        self._config = config
        self._password = password
        self._site_name = site_name
        self._hub_url = hub_url
        self._context = context or ssl.create_default_context()
        self._timeout_s = timeout_s
        self._tokens: MailTokens | None = None
        if config.oauth_url:
            self._tokens = MailTokens(config, password, name=name, context=context)

    def __repr__(self) -> str:
        return f"Mail({self.name!r})"

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Sends one mail about all of them."""
        mail = compose(deliveries, self._config, self._site_name, self._hub_url)
        try:
            self._send(mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise DeliveryError(
                f"no recipient was accepted (SMTP {codes[0] if codes else 0})",
                where=self.name,
                retry=any(code < 500 for code in codes),
            ) from error
        except UnicodeError:
            # its traceback would hold the password
            raise DeliveryError(
                "user name, password or host have characters that SMTP does not carry: choose some"
                f" of plain ASCII (notify.mail in hub.yaml, {self._config.password_env})",
                where=self.name,
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            code = getattr(error, "smtp_code", 0)
            words = f"SMTP {code}" if code else type(error).__name__
            # a refused sign-in or sender is mended by a person, and then the mail should go out
            raise DeliveryError(f"the mail server refused: {words}", where=self.name) from error

    def _send(self, mail: EmailMessage) -> None:
        tls = self._context if self._config.tls == "tls" else None
        token = self._tokens.token() if self._tokens is not None else ""
        server = _Server(self._config.host, self._config.port, Deadline(self._timeout_s), tls)
        try:
            if self._config.tls == "starttls":
                server.encrypt(self._context)
            if self._config.username:
                self._sign_in(server, token)
            server.send_message(mail)
            # the mail is taken: what becomes of the farewell must not make it go out again
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()

    def _sign_in(self, server: smtplib.SMTP, token: str) -> None:
        if self._tokens is None:
            server.login(self._config.username, self._password)
            return
        server.ehlo_or_helo_if_needed()
        try:
            server.auth("XOAUTH2", xoauth2(self._config.username, token))
        except smtplib.SMTPAuthenticationError:
            self._tokens.forget()
            raise


class _Server(smtplib.SMTP):
    """A mail server that has until the deadline for all it says."""

    def __init__(
        self, host: str, port: int, deadline: Deadline, context: ssl.SSLContext | None
    ) -> None:
        self._deadline = deadline
        self._context = context
        super().__init__(host, port)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002  (smtplib's hook for how to connect)
        return connect(host, port, self._deadline, self._context)

    def encrypt(self, context: ssl.SSLContext) -> None:
        """STARTTLS.

        Raises:
            SMTPException: the server does not offer it.
        """
        context.sslsocket_class = BoundTls
        self.starttls(context=context)
        assert isinstance(self.sock, BoundTls)
        self.sock.deadline = self._deadline


def compose(
    deliveries: Sequence[Delivery], config: MailConfig, site_name: str, hub_url: str
) -> EmailMessage:
    """One mail about many alerts and steps of cases, oldest first; its Message-ID is that of their batch."""
    mail = EmailMessage()
    mail["From"] = config.sender or f"kitwright@{config.host}"
    mail["To"] = ", ".join(config.to)
    mail["Subject"] = _subject(deliveries, site_name)
    mail["Message-ID"] = f"<{deliveries[0].batch or deliveries[0].key}@kitwright>"
    mail["Auto-Submitted"] = "auto-generated"
    lines = [_paragraph(delivery) for delivery in deliveries]
    pages = [f"All alerts: {hub_url}/alerts"]
    if any(_is_case(delivery) for delivery in deliveries):
        pages.append(f"All cases: {hub_url}/cases")
    mail.set_content("\n\n".join([*lines, "\n".join(pages)]) + "\n")
    return mail


def _is_case(delivery: Delivery) -> bool:
    return delivery.kind.startswith(CASE)


def _subject(deliveries: Sequence[Delivery], site_name: str) -> str:
    # who is called to a machine reads that first
    told = next(filter(_is_case, deliveries), deliveries[0])
    first = told.body
    head = f"{first.get('name', told.kind)} on {first.get('device') or 'the hub'}"
    if _is_case(told):
        head = f"{first.get('level')}: {first.get('asset')} on {first.get('device')}"
    more = f" and {len(deliveries) - 1} more" if len(deliveries) > 1 else ""
    return _plain(f"[{site_name}] {head}{more}")[:MAX_SUBJECT]


def _paragraph(delivery: Delivery) -> str:
    body = delivery.body
    if _is_case(delivery):
        head = f"{str(body.get('level', '')).upper()} {body.get('asset')}: {body.get('device')}, {body.get('at', '')}"
        said = map(_plain, (head, str(body.get("text", "")), str(body.get("url", ""))))
        return "\n".join([*said, delivery.key])
    place = f" ({body['where']})" if body.get("where") else ""
    return (
        _plain(
            f"{str(body.get('severity', '')).upper()} {body.get('name', delivery.kind)}: "
            f"{body.get('device') or 'hub'}{place}, {body.get('at', '')}"
        )
        + f"\n{_plain(str(body.get('text', '')))}\n{delivery.key}"
    )


def _plain(text: str) -> str:
    """One line without control characters: a device's words must not become headers."""
    return "".join(char if char.isprintable() else " " for char in text)
