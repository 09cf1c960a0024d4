"""A paho client as this program needs it: how it is made, how it connects, how it is let go.

Its callbacks only put events into a queue, so nothing can go wrong inside them. What a broker does not
offer (QoS 1, retained messages, large packets) is remembered in its `Limits`: delivery needs none of it,
because the hub's acknowledgements are messages of their own.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from edge_agent.certificates import Certificates
from edge_agent.clock import boot_id
from kits.core.frames import CHUNK_HEAD_BYTES, MAX_FRAME_BYTES, MIN_CHUNK_BYTES
from kits.core.topics import Online, encode_online

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

_MAX_PACKET_BYTES = 512 * 1024
_CONNECT_TIMEOUT_S = 5.0

_OVERHEAD_BYTES = 512  # of a packet around its payload: the longest topic has 150
MIN_PACKET_BYTES = MIN_CHUNK_BYTES + CHUNK_HEAD_BYTES + _OVERHEAD_BYTES
"""With less, rows and pictures do not fit."""
_NO_RETAIN = 0x9A
_NO_QOS = 0x9B

Event = tuple[str, Any, Any]
"""What happened (connect, disconnect, publish, subscribe, message, log), and two values with it."""


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """How to reach the broker and as whom. `tls` None: no TLS."""

    host: str
    port: int
    client_id: str
    username: str = ""
    password: str = ""
    tls: Certificates | None = None
    keepalive_s: int = 30
    window: int = 20
    backoff_s: float = 1.0
    backoff_max_s: float = 120.0
    taken_over_s: float = 600.0
    online_topic: str = ""
    subscriptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a broker said it offers; what it did not say it offers in full."""

    window: int = 65_535
    packet_bytes: int = 1 << 28
    qos: int = 1
    retain: bool = True

    @classmethod
    def of(cls, properties: Any) -> Limits:
        """From the properties of its CONNACK."""
        return cls(
            window=int(getattr(properties, "ReceiveMaximum", 65_535)),
            packet_bytes=int(getattr(properties, "MaximumPacketSize", 1 << 28)),
            qos=min(1, int(getattr(properties, "MaximumQoS", 1))),
            retain=bool(getattr(properties, "RetainAvailable", 1)),
        )

    def after_refusal(self, reason: int) -> Limits | None:
        """What to try next when the last will was too much for it; None when that was not why."""
        if reason == _NO_RETAIN and self.retain:
            return replace(self, retain=False)
        if reason == _NO_QOS and self.qos:
            return replace(self, qos=0)
        return None

    @property
    def max_payload(self) -> int:
        """Bytes of one message's content."""
        return min(self.packet_bytes - _OVERHEAD_BYTES, MAX_FRAME_BYTES + CHUNK_HEAD_BYTES)

    @property
    def too_small(self) -> bool:
        """Whether nothing of use fits its packets."""
        return self.packet_bytes < MIN_PACKET_BYTES


def make_client(
    settings: MqttSettings, put: Callable[[Event], None], limits: Limits | None = None
) -> mqtt.Client:
    """A client that is not connected yet.

    Args:
        limits: of the broker, as far as they are known.

    Raises:
        ConfigError: the certificate cannot be used.
    """
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    limits = limits or Limits()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id,
        protocol=mqtt.MQTTv5,
        reconnect_on_failure=False,
    )
    client.username_pw_set(settings.username, settings.password or None)
    if settings.tls is not None:
        client.tls_set_context(settings.tls.context())
    if settings.online_topic:
        gone = encode_online(Online(False, boot_id()))
        client.will_set(settings.online_topic, gone, qos=limits.qos, retain=limits.retain)
    client.max_inflight_messages_set(settings.window)
    client.connect_timeout = _CONNECT_TIMEOUT_S
    client.on_socket_open = _send_at_once
    client.on_connect = lambda _c, _u, _f, reason, props: put(("connect", reason, props))
    client.on_disconnect = lambda _c, _u, _f, reason, _p: put(("disconnect", reason, None))
    client.on_publish = lambda _c, _u, mid, reason, _p: put(("publish", mid, reason))
    client.on_subscribe = lambda _c, _u, _m, reasons, _p: put(("subscribe", reasons, None))
    client.on_message = lambda _c, _u, m: put(("message", m.topic, m.payload))
    client.on_log = lambda _c, _u, level, text: put(("log", level, text))
    return client


def connect(client: mqtt.Client, settings: MqttSettings) -> None:
    """Opens the connection; whether the broker agrees comes as an event.

    The session ends with its connection: nothing in it is relied on, and mosquitto 2.0 that is told to
    re-read its rules forgets the last will of whoever has a session and no connection (ADR 12).

    Raises:
        OSError: nobody answers, or TLS fails.
        ValueError: the host is no name.
    """
    from paho.mqtt.packettypes import PacketTypes

    properties = _properties(PacketTypes.CONNECT)
    properties.ReceiveMaximum = settings.window
    properties.MaximumPacketSize = _MAX_PACKET_BYTES
    client.connect(
        settings.host, settings.port, settings.keepalive_s, clean_start=False, properties=properties
    )


def retire(client: mqtt.Client) -> None:
    """Cuts a client loose from us, so that it frees its sockets at once and not at some later GC."""
    client.on_socket_open = client.on_connect = client.on_disconnect = None
    client.on_publish = client.on_message = None
    client.on_subscribe = client.on_log = None


def _send_at_once(_client: mqtt.Client, _userdata: Any, opened: Any) -> None:
    """A short packet behind another would wait for a delayed acknowledgement of TCP, 40 ms."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _properties(packet_type: int) -> Any:
    from paho.mqtt.properties import Properties

    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho has no types here
