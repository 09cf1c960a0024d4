"""Publishes each order to a broker in the plant. QoS 1: done means that broker has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edge_agent.actions.base import Order
from edge_agent.config import MqttActionConfig
from kits.core.errors import UnreachableError

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt


class MqttAction:
    """Connects at the first order and stays connected."""

    def __init__(self, config: MqttActionConfig) -> None:
        self.name = config.name
        self.verdicts = config.verdicts
        self._config = config
        self._client: mqtt.Client | None = None

    def do(self, order: Order, timeout_s: float) -> None:
        client = self._connected(timeout_s)
        body = json.dumps(order.as_json()).encode()
        info = client.publish(self._config.topic, body, qos=1, retain=self._config.retain)
        try:
            info.wait_for_publish(timeout_s)
        except (RuntimeError, ValueError) as error:
            raise UnreachableError(f"not published: {error}", where=self._config.host) from error
        if not info.is_published():
            raise UnreachableError("the broker did not answer in time", where=self._config.host)

    def _connected(self, timeout_s: float) -> mqtt.Client:
        if self._client is None:
            import paho.mqtt.client as mqtt
            from paho.mqtt.enums import CallbackAPIVersion

            client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
            client.max_queued_messages_set(1)
            if self._config.username:
                client.username_pw_set(self._config.username, self._config.password)
            client.connect_timeout = max(timeout_s, 0.1)
            client.connect(self._config.host, self._config.port, 20)
            client.loop_start()
            self._client = client
        return self._client

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
