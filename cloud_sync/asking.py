"""Asks the hub that runs on this machine how it is: the client of `/healthz`, quick to load for checks that come often."""

from __future__ import annotations

import ssl

from cloud_sync.config import HubConfig
from cloud_sync.effects.json_http import JsonHttp
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.fleet.pki import Authority
from cloud_sync.fleet.probes import reachable
from kits.core.errors import UnreachableError

_PATIENCE_S = 10.0
"""The server itself waits five seconds for a broker that hangs."""


def ask(config: HubConfig) -> str:
    """What the running server says is wrong; nothing: its database and its broker answer.

    Raises:
        UnreachableError: no server answers at its address.
        ConfigError: the certificate authority is lost or damaged.
    """
    listen = config.listen
    context = None
    if listen.encrypted:
        context = ssl.create_default_context(cafile=str(Authority(config.pki_dir).ca_file))
    host = reachable(listen.host)
    address = (
        f"{'https' if context else 'http'}://{f'[{host}]' if ':' in host else host}:{listen.port}"
    )
    server = JsonHttp(address, {}, _PATIENCE_S, name=address, context=context)
    try:
        answer = server.send("GET", "/healthz")
    except DeliveryError as error:
        raise UnreachableError(
            f"the hub does not answer: {error.what}",
            where=address,
            fix=f"cloud-sync serve --data {config.data_dir}; where it is a service, its log says why it ended",
        ) from error
    return "" if answer.ok else answer.raw.decode("utf-8", "replace").strip() or "it does not say"
