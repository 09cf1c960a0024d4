"""Calls an address for each order: a PLC gateway, a light, a message service."""

from __future__ import annotations

import json

import urllib3

from edge_agent.actions.base import Order, headers_for_json
from edge_agent.actions.config import HttpActionConfig
from kits.core.errors import UnreachableError


class HttpAction:
    """One request per order; any status but 2xx is a failure, also a redirect: it is not followed."""

    def __init__(self, config: HttpActionConfig) -> None:
        self.name = config.name
        self.verdicts = config.verdicts
        self._config = config
        self._pool = urllib3.PoolManager(maxsize=1, retries=False)

    def do(self, order: Order, timeout_s: float) -> None:
        try:
            response = self._pool.request(
                self._config.method,
                self._config.url,
                body=json.dumps(order.as_json()).encode(),
                headers=headers_for_json(self._config.headers),
                timeout=urllib3.Timeout(total=timeout_s),
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(f"no answer: {error}", where=self._config.url) from error
        if not 200 <= response.status < 300:
            raise UnreachableError(f"answered {response.status}", where=self._config.url)

    def close(self) -> None:
        self._pool.clear()
