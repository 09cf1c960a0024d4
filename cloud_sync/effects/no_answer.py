"""Why nobody answered at an address, in words for who wrote it down. A kind of error without words keeps its name alone."""

from __future__ import annotations

import http.client
import socket
import ssl

_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (ConnectionRefusedError, "nothing listens there"),
    (socket.gaierror, "no such name is known"),
    (TimeoutError, "it took too long"),
    (http.client.RemoteDisconnected, "it hung up"),
    (ConnectionResetError, "it hung up"),
    (ssl.SSLCertVerificationError, "its certificate is not believed"),
    (ssl.SSLError, "it does not speak TLS as this machine does"),
)
"""The first that fits."""


def no_answer(error: Exception) -> str:
    """`no answer: nothing listens there (ConnectionRefusedError)`."""
    kind = type(error).__name__
    said = next((words for known, words in _WORDS if isinstance(error, known)), "")
    return f"no answer: {said} ({kind})" if said else f"no answer: {kind}"
