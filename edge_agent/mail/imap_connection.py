"""A connection to an IMAP server: opening it, signing in, and the library's errors in our words.

What is asked over it is `imap.py`'s business. Every call has a time-out.
"""

from __future__ import annotations

import contextlib
import imaplib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from edge_agent.errors import (
    MailboxBusyError,
    MailboxFullError,
    MailboxLoginError,
    MailboxLostError,
    MailboxRefusedError,
)
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.login import secret, tls_context, token, without_secret
from edge_agent.mail.unreachable import why_unreachable

if TYPE_CHECKING:
    from imapclient import IMAPClient

_FULL = (
    "[overquota]",
    "over quota",
    "overquota",
    "quota exceeded",
    "mailbox full",
    "mailbox is full",
)
"""A response code of RFC 5530, and what servers say that do not know it."""
_BUSY = ("[unavailable]", "[inuse]", "throttled", "bandwidth limits")
"""No for now: two codes of RFC 5530, and what Exchange and Gmail say."""
_NO_LOGIN_NOW = (
    *_BUSY,
    "[limit]",
    "[serverbug]",
    "rate limit",
    "server unavailable",
    "simultaneous connections",
    "try again later",
    "not connected",
)
"""The same of a login, which says nothing of the password: Gmail, Yahoo and Exchange limit connections."""

T = TypeVar("T")


class ImapConnection:
    """Open and signed in.

    Args:
        config: server and login.

    Attributes:
        client: the library's, for calls through `ask`.

    Raises:
        MailboxLoginError: it does not let us in.
        MailboxLostError: it does not answer.
    """

    def __init__(self, config: ImapSourceConfig) -> None:
        self._config = config
        self._where = f"{config.host}:{config.address_port}"
        self.client = self._connect()
        self._can = frozenset(
            cap.decode("ascii", "replace").upper() for cap in self.ask(self.client.capabilities)
        )

    def _connect(self) -> IMAPClient:
        from imapclient import IMAPClient

        logging.getLogger("imapclient").setLevel(logging.WARNING)  # it would log mail and logins
        config = self._config
        context = None
        if config.security != "plain":
            context = tls_context(config.ca_file)
        with self._errors():
            client = IMAPClient(
                config.host,
                config.address_port,
                ssl=config.security == "tls",
                ssl_context=context,
                timeout=config.timeout_s,
            )
        try:
            with self._errors():
                if config.security == "starttls":
                    client.starttls(context)
            self._login(client)
        except BaseException:
            with contextlib.suppress(Exception):
                client.shutdown()
            raise
        return client

    def _login(self, client: IMAPClient) -> None:
        from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

        config = self._config
        password = "" if not config.password_env else secret(config.password_env, "source")
        bearer = token(config)
        try:
            if bearer:
                client.oauth2_login(config.user, bearer)
            elif (config.user + password).isascii():
                client.login(config.user, password)
            else:
                client.plain_login(config.user, password)  # LOGIN has no letters beyond ASCII
        except (IMAPClientAbortError, OSError) as error:
            raise MailboxLostError(
                f"no answer to the login: {without_secret(_words(error), bearer or password)}",
                where=self._where,
            ) from None
        except IMAPClientError as error:
            said = without_secret(_words(error), bearer or password)
            if _is_among(said, _NO_LOGIN_NOW):
                raise MailboxLostError(
                    f"the mail server lets nobody in now: {said}",
                    where=self._where,
                    fix="it is tried again; where it stays so, end other programs at this mailbox",
                ) from None
            raise MailboxLoginError(
                f"the mail server does not let {config.user} in: {said}",
                where=self._where,
                fix="check user and password or token; some providers want an app password",
            ) from None

    def close(self) -> None:
        """Signs off, whatever state the connection is in."""
        with contextlib.suppress(Exception):  # the connection may be broken in any way
            self.client.logout()
        with contextlib.suppress(Exception):
            self.client.shutdown()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """The library's many errors as the two that matter."""
        try:
            yield
        except (imaplib.IMAP4.abort, OSError) as error:
            what, fix = why_unreachable(error, self._where)
            raise MailboxLostError(what, where=self._where, fix=fix) from error
        except imaplib.IMAP4.error as error:
            if type(error).__name__ == "ProtocolError":
                raise MailboxLostError(
                    f"the server's answer makes no sense: {_words(error)}", where=self._where
                ) from error
            said = _words(error)
            raise _refusal(said)(said, where=self._where) from error
        except (ValueError, LookupError, TypeError) as error:
            # the library's parser on an answer it does not know: what comes next is in doubt too
            raise MailboxLostError(
                f"the server's answer makes no sense: {type(error).__name__}", where=self._where
            ) from error

    def ask(self, call: Callable[..., T], *given: object, **named: object) -> T:
        """The answer to a call of the client.

        Raises:
            MailboxLostError: no answer in time, or one that makes no sense.
            MailboxRefusedError: the server does not do it.
        """
        with self._errors():
            return call(*given, **named)

    def can(self, capability: str) -> bool:
        """Whether the server offers it."""
        return capability.upper() in self._can


def _refusal(said: str) -> type[MailboxRefusedError]:
    """What kind of no it is."""
    if _is_among(said, _BUSY):  # before room: Gmail calls too much traffic [OVERQUOTA], too
        return MailboxBusyError
    return MailboxFullError if _is_among(said, _FULL) else MailboxRefusedError


def _is_among(said: str, words: Sequence[str]) -> bool:
    return any(one in said.lower() for one in words)


def _words(error: Exception) -> str:
    """What a server said, as one bounded line."""
    text = str(error)
    if text.startswith(("b'", 'b"')):
        text = text[2:-1]
    return " ".join(text.split())[:300]
