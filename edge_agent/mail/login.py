"""Into the mail server: TLS, and a password or token that no file holds."""

from __future__ import annotations

import base64
import os
import re
import ssl
import subprocess
from pathlib import Path

from edge_agent.errors import MailboxLoginError, MailboxLostError
from edge_agent.json_http import JsonApi
from edge_agent.mail.config import ImapSourceConfig
from kits.core.client_credentials import read_grant, reason, request_form
from kits.core.errors import UnreachableError

_COMMAND_LIMIT_S = 30.0
_TOKEN_BYTES = 16_384
_ANSWER_BYTES = 65_536
_LATER, _SERVER = (408, 425, 429), 500
_CODE = re.compile(r"\[[A-Z-]{1,40}\]")
"""What a server says in one word (RFC 5530)."""


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, names checked.

    Raises:
        MailboxLoginError: the authority's file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file is not None else None)
    except (OSError, ssl.SSLError) as error:
        raise MailboxLoginError(
            f"the authority's file cannot be used: {error}", where=str(ca_file), fix="set ca_file"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def secret(variable: str, where: str) -> str:
    """The value of an environment variable.

    Raises:
        MailboxLoginError: it is not set.
    """
    value = os.environ.get(variable, "")
    if not value:
        raise MailboxLoginError(
            f"the environment variable {variable} is not set",
            where=where,
            fix=f"set it for the agent, e.g. {variable}=… in the service's EnvironmentFile",
        )
    return value


def token(config: ImapSourceConfig) -> str:
    """An OAuth2 access token, asked for anew at each connection; empty when a password is used.

    Raises:
        MailboxLoginError: nobody gives one.
        MailboxLostError: its server does not answer now.
    """
    if config.oauth_url:
        return _fetched(config)
    if config.token_env:
        return secret(config.token_env, "source.token_env")
    if not config.token_command:
        return ""
    try:
        done = subprocess.run(  # noqa: S603  the command is the administrator's own
            config.token_command, capture_output=True, timeout=_COMMAND_LIMIT_S, check=True
        )
        found = done.stdout[:_TOKEN_BYTES].decode("ascii").strip()
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        # neither the command's output nor its arguments: both may hold secrets
        raise MailboxLoginError(
            f"the token's command failed: {type(error).__name__}",
            where="source.token_command",
            fix="run it by hand under the agent's account",
        ) from error
    if not found:
        raise MailboxLoginError("the token's command printed nothing", where="source.token_command")
    return found


def _fetched(config: ImapSourceConfig) -> str:
    """By client credentials."""
    hidden = secret(config.password_env, "source.password_env")
    form = request_form(config.oauth_client, hidden, config.oauth_scope)
    api = JsonApi(config.timeout_s, _ANSWER_BYTES, refusals=True)
    try:
        answer = api.call("POST", config.oauth_url, form=form)
    except UnreachableError as error:
        raise MailboxLostError(f"no token: {error.what}", where=error.where) from error
    grant = read_grant(answer.value)
    if grant is not None:
        return grant.token
    why = "an answer without one"
    if answer.value is None:
        why = reason(answer.said, answer.status, hidden)
    if answer.status in _LATER or answer.status >= _SERVER:
        raise MailboxLostError(f"no token: {why}", where="source.oauth_url")
    raise MailboxLoginError(
        f"no token: {why}", where="source.oauth_url",
        fix=f"check oauth_client, its client secret ({config.password_env}) and whether that has ended",
    )  # fmt: skip


def without_secret(words: str, hidden: str) -> str:
    """What a server said to a login, or its code alone where it repeats the secret, as it is or in base64."""
    raw = hidden.encode()
    forms = {hidden}
    for shift in range(3):  # a secret stands at one of three places in groups of three bytes
        inner = raw[shift : shift + (len(raw) - shift) // 3 * 3]
        forms.add(base64.b64encode(inner).decode())
    if not any(form and form in words for form in forms):
        return words
    code = _CODE.search(words)
    return f"{code[0] if code else ''} (it repeats the secret: not shown)".strip()
