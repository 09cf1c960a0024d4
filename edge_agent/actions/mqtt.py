"""Publishes each order to a broker in the plant. QoS 1: done means that the broker has it, for somebody.

A failed order must never be carried out later: a gate that opens late rejects the wrong part. So
nothing is published while the connection is in doubt, one client serves one connection, and after a
failure it is dropped with all it holds. There is no thread: the kernel watches an idle connection.
"""

from __future__ import annotations

import json
import math
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge_agent.actions.base import Order
from edge_agent.actions.config import MqttActionConfig
from edge_agent.actions.connection import abort
from kits.core.errors import UnreachableError

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

_ERROR = 0x80
_NOBODY_LISTENS = 0x10
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)
"""A broker that vanished is noticed within about ten seconds, not by the next order."""


class MqttAction:
    """Connects at the first order and stays connected; after a failure the next order connects."""

    def __init__(self, config: MqttActionConfig) -> None:
        self.name = config.name
        self.verdicts = config.verdicts
        self._config = config
        self._where = f"{config.host}:{config.port}"
        self._client: mqtt.Client | None = None
        self._welcome: Any = None
        self._answers: dict[int, Any] = {}

    def do(self, order: Order, timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        body = json.dumps(order.as_json()).encode()
        try:
            self._publish(self._connected(until), body, until)
        except BaseException:
            self._drop()
            raise

    def close(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._drop(at_once=False)

    # -- connecting ------------------------------------------------------------------------------

    def _connected(self, until: float) -> mqtt.Client:
        client = self._client
        if client is not None and (client.loop(0.0) != 0 or not client.is_connected()):
            self._drop()  # it was lost since the last order
        if self._client is None:
            self._client = self._connect(until)
        return self._client

    def _connect(self, until: float) -> mqtt.Client:
        self._client = client = self._new_client(until)
        client.connect(self._config.host, self._config.port, keepalive=0)
        channel: Any = client.socket()
        for level, option, value in _KEEPALIVE:
            channel.setsockopt(level, option, value)
        self._turn(client, until, lambda: self._welcome is not None)
        if self._welcome.value >= _ERROR:
            raise UnreachableError(f"the broker refuses: {self._welcome}", where=self._where)
        return client

    def _new_client(self, until: float) -> mqtt.Client:
        import paho.mqtt.client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion

        self._welcome = None
        self._answers.clear()
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        if self._config.username:
            client.username_pw_set(self._config.username, self._config.password)
        client.connect_timeout = max(until - time.monotonic(), 0.01)
        client.on_connect = lambda _c, _u, _f, reason, _p: self._welcomed(reason)
        client.on_publish = lambda _c, _u, mid, reason, _p: self._answers.update({mid: reason})
        return client

    def _welcomed(self, reason: Any) -> None:
        self._welcome = reason

    def _drop(self, *, at_once: bool = True) -> None:
        """Lets the connection go; with `at_once` nothing that still waits here or in the kernel goes
        out any more."""
        client, self._client = self._client, None
        channel: Any = client.socket() if client is not None else None
        if channel is None:
            return
        if at_once:
            abort(channel)
        else:
            channel.close()

    # -- publishing ------------------------------------------------------------------------------

    def _publish(self, client: mqtt.Client, body: bytes, until: float) -> None:
        topic, retain = self._config.topic, self._config.retain
        # a retained message is a state, which stays; an order is of no use later
        lifetime = None if retain else _lifetime(until - time.monotonic())
        info = client.publish(topic, body, qos=1, retain=retain, properties=lifetime)
        self._turn(client, until, lambda: info.mid in self._answers)
        reason = self._answers.pop(info.mid)
        if reason.value >= _ERROR:
            raise UnreachableError(f"the broker refuses the order: {reason}", where=self._where)
        if reason.value == _NOBODY_LISTENS and not retain:
            raise UnreachableError(f"nobody listens on {topic}", where=self._where)

    def _turn(self, client: mqtt.Client, until: float, done: Callable[[], bool]) -> None:
        """Does the network's work until `done`. Raises UnreachableError."""
        while not done():
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise UnreachableError("the broker did not answer in time", where=self._where)
            code = client.loop(left_s)
            if code != 0:
                raise UnreachableError(f"the connection is lost: {code.name}", where=self._where)


def _lifetime(left_s: float) -> Any:
    """How long a broker may keep the order for a receiver that is away: whole seconds, rounded up."""
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no types here
    properties.MessageExpiryInterval = max(1, math.ceil(left_s))
    return properties
