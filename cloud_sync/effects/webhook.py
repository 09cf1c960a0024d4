"""Webhooks as Standard Webhooks 1.0 says (https://www.standardwebhooks.com): signed, with an id.

The id is the effect's key and the same on every attempt. Redirects are refused: a signed message
goes to the address a person wrote down, to no other. `timeout_s` is for the whole of a delivery.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlsplit

from cloud_sync.effects.addresses import AddressRefusedError
from cloud_sync.effects.alerts import WEBHOOK
from cloud_sync.effects.connection import Connection, retry_after
from cloud_sync.effects.deadline import Deadline
from cloud_sync.effects.no_answer import no_answer
from cloud_sync.effects.settings import WebhookConfig
from cloud_sync.effects.targets import Delivery, DeliveryError, say_variable
from kits.core.errors import ConfigError

PREFIX = "whsec_"
MIN_SECRET_BYTES = 24
NEVER = frozenset({400, 405, 410, 413, 415, 422})
"""Statuses that say the message itself is not wanted; all others may be a passing trouble."""
_KEPT = "/?:@!$&'()*+,;=%~-._"
"""What stands in an address as it is."""


class Webhook:
    """Posts one effect per request.

    Args:
        secrets: raw keys; a message is signed with each, so that a receiver can change over.
        clock: seconds since 1970.
        context: whom to trust; None: the system's CAs.
    """

    def __init__(
        self,
        config: WebhookConfig,
        secrets: Sequence[bytes],
        *,
        name: str = WEBHOOK,
        clock: Callable[[], float] = time.time,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = config.guard
        self.name = name
        self.batch = 1
        self._url = urlsplit(config.url)
        self._timeout_s = config.timeout_s
        self._secrets = tuple(secrets)
        self._clock = clock
        self._context: ssl.SSLContext | None = None
        if self._url.scheme == "https":
            self._context = context or ssl.create_default_context()

    def __repr__(self) -> str:
        return f"Webhook({self.name!r})"

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Posts each; raises DeliveryError at the first that is not answered with 2xx."""
        for delivery in deliveries:
            body = message(delivery)
            headers = {
                "content-type": "application/json",
                "user-agent": "Kitwright",
                **signed_headers(self._secrets, delivery.key, int(self._clock()), body),
            }
            self._post(body, headers)

    def _post(self, body: bytes, headers: Mapping[str, str]) -> None:
        connection = Connection(
            self._url.hostname or "",
            self._url.port,
            Deadline(self._timeout_s),
            self._context,
            self._guard,
        )
        target = quote(self._url._replace(scheme="", netloc="").geturl(), safe=_KEPT) or "/"
        try:
            connection.request("POST", target, body=body, headers=dict(headers))
            answer = connection.getresponse()
        except AddressRefusedError as error:
            raise DeliveryError(str(error), where=self.name) from error
        except (http.client.HTTPException, OSError, UnicodeError) as error:
            raise DeliveryError(no_answer(error), where=self.name) from error
        finally:
            # the body of an answer is of no use and may be endless: it is not read
            connection.close()
        if not 200 <= answer.status < 300:
            raise DeliveryError(
                f"answered with HTTP {answer.status}",
                where=self.name,
                retry=answer.status not in NEVER,
                after_s=retry_after(answer.headers.get("retry-after", ""), self._clock()),
            )


def message(delivery: Delivery) -> bytes:
    """The body: the same bytes on every attempt."""
    content = {
        "type": delivery.kind,
        "timestamp": delivery.created_at.isoformat(),
        "data": dict(delivery.body),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def signed_headers(
    secrets: Sequence[bytes], key: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers: HMAC-SHA256 over `id.timestamp.body`, base64, one per secret."""
    signed = f"{key}.{timestamp}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def read_secrets(text: str, where: str, fix: str = "") -> list[bytes]:
    """Secrets from `whsec_…`, several with spaces between.

    Args:
        where: they stand, a variable.
        fix: how to say others; empty: by that variable.

    Raises:
        ConfigError: none, malformed or too short. The secret itself is not in the message.
    """
    fix = fix or say_variable(where, "whsec_$(openssl rand -base64 32)")
    secrets = []
    for word in text.split():
        try:
            secret = base64.b64decode(word.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            secret = b""
        if not word.startswith(PREFIX) or len(secret) < MIN_SECRET_BYTES:
            raise ConfigError("not a webhook secret (whsec_ and base64)", where=where, fix=fix)
        secrets.append(secret)
    if not secrets:
        raise ConfigError("the webhook's secret is not set", where=where, fix=fix)
    return secrets
