"""The pipe to the broker, behind a Protocol of six members.

`MqttTransport` is paho-mqtt with MQTT 5, owned by one thread: whoever calls `turn` does all the
network work there, so there are no locks around paho and its callbacks only fill a queue. It
promises nothing: only the outbox holds the truth, so paho and the broker may lose everything.
"""

from __future__ import annotations

import random
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from edge_agent.log import log, warn

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

_TAKEN_OVER = 0x8E
_REFUSED = (0x86, 0x87, 0x8A)  # bad user or password, not authorised, banned
_SESSION_EXPIRY_S = 3600
_WILL_DELAY_S = 30
_MAX_PACKET_BYTES = 512 * 1024
_TAKEN_OVER_PAUSE_S = 600.0


@dataclass(frozen=True, slots=True)
class Message:
    """Something the hub sent."""

    topic: str
    payload: bytes


class Transport(Protocol):
    """Moves messages, or does not."""

    session: int
    """Counts connections; a change means that everything in flight may be gone."""
    alarm: str
    """Why it will not connect without a person, or empty."""

    @property
    def connected(self) -> bool:
        """Whether messages move now."""

    def room(self) -> int:
        """How many messages may be published now."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Hands a message over; False when there is no room or no connection."""

    def turn(self, timeout_s: float) -> list[Message]:
        """Does the network's work for up to `timeout_s` seconds; returns what came in."""

    def close(self) -> None:
        """Says goodbye."""


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """How to reach the broker and as whom."""

    host: str
    port: int
    client_id: str
    username: str
    password: str
    tls: bool = False
    ca_file: Path | None = None
    keepalive_s: int = 30
    window: int = 20
    backoff_s: float = 1.0
    backoff_max_s: float = 120.0
    online_topic: str = ""
    subscriptions: tuple[str, ...] = ()


class MqttTransport:
    """`Transport` over paho-mqtt 2, QoS 1, no topic aliases."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._messages: deque[Message] = deque()
        self._in_flight: set[int] = set()
        self._window = settings.window
        self._failed = 0
        self._next_try = 0.0
        self._connected = False
        self._client = self._make_client()
        self.session = 0
        self.alarm = ""
        self.refused_publishes = 0

    def _make_client(self) -> mqtt.Client:
        import paho.mqtt.client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion
        from paho.mqtt.packettypes import PacketTypes

        s = self._settings
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=s.client_id,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        client.username_pw_set(s.username, s.password or None)
        if s.tls:
            client.tls_set(
                str(s.ca_file) if s.ca_file else None, tls_version=ssl.PROTOCOL_TLS_CLIENT
            )
        if s.online_topic:
            will = _properties(PacketTypes.WILLMESSAGE)
            will.WillDelayInterval = _WILL_DELAY_S
            client.will_set(s.online_topic, b"0", qos=1, retain=True, properties=will)
        client.max_inflight_messages_set(s.window)  # `room` keeps to the server's limit
        client.connect_timeout = 5.0
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    @property
    def connected(self) -> bool:
        return self._connected

    def room(self) -> int:
        return self._window - len(self._in_flight) if self._connected else 0

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        if self.room() <= 0:
            return False
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        if info.rc != 0:
            return False
        self._in_flight.add(info.mid)
        return True

    def turn(self, timeout_s: float) -> list[Message]:
        if self._client.socket() is None:
            self._connected = False
            self._reconnect(timeout_s)
        else:
            code = self._client.loop(timeout_s)
            if code != 0 and self._client.socket() is None:
                self._lost(f"loop: {code}")
        taken = list(self._messages)
        self._messages.clear()
        return taken

    def close(self) -> None:
        if self._connected and self._settings.online_topic:
            # a clean goodbye sends no will
            self._client.publish(self._settings.online_topic, b"0", qos=0, retain=True)
        self._client.disconnect()
        retire(self._client)
        self._connected = False

    def _reconnect(self, timeout_s: float) -> None:
        from paho.mqtt.packettypes import PacketTypes

        wait = self._next_try - self._clock()
        if wait > 0:
            time.sleep(min(wait, timeout_s))
            return
        properties = _properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        properties.ReceiveMaximum = self._settings.window
        properties.MaximumPacketSize = _MAX_PACKET_BYTES
        # paho keeps unacknowledged messages and would send them again; the outbox does that
        retire(self._client)
        self._client = self._make_client()
        self._in_flight.clear()
        s = self._settings
        try:
            self._client.connect(
                s.host, s.port, s.keepalive_s, clean_start=False, properties=properties
            )
        except (OSError, ValueError) as error:
            self._lost(str(error))
            return
        self._next_try = self._clock() + s.backoff_max_s

    def _lost(self, why: str) -> None:
        self._connected = False
        self._in_flight.clear()
        self._failed += 1
        ceiling = min(
            self._settings.backoff_s * 2 ** min(self._failed - 1, 16), self._settings.backoff_max_s
        )
        pause = ceiling * self._jitter()
        self._next_try = self._clock() + pause
        log("broker_away", why=why, pause_s=pause, attempt=self._failed)

    # paho calls these inside `turn`, in the owner's thread

    def _on_connect(self, client: mqtt.Client, _u: Any, _f: Any, reason: Any, props: Any) -> None:
        if reason.value >= 0x80:
            if reason.value in _REFUSED:
                self.alarm = f"the broker refuses this device: {reason}"
                self._failed = max(self._failed, 8)
            self._lost(str(reason))
            return
        for topic in self._settings.subscriptions:
            client.subscribe(topic, qos=1)
        server_max = getattr(props, "ReceiveMaximum", 65_535)
        self._window = max(1, min(int(server_max), self._settings.window))
        self._connected = True
        self._failed = 0
        self.alarm = ""
        self.session += 1
        if self._settings.online_topic:
            self.publish(self._settings.online_topic, b"1", retain=True)
        log("broker_connected", window=self._window, session=self.session)

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        self._lost(str(reason))
        if reason.value == _TAKEN_OVER:
            self.alarm = "another program connects to the broker as this device"
            self._next_try = self._clock() + _TAKEN_OVER_PAUSE_S
            warn("session_taken_over", pause_s=_TAKEN_OVER_PAUSE_S)

    def _on_publish(self, _c: Any, _u: Any, mid: int, reason: Any, _p: Any) -> None:
        self._in_flight.discard(mid)
        if reason.value >= 0x80:
            self.refused_publishes += 1
            warn("publish_refused", reason=reason)

    def _on_message(self, _c: Any, _u: Any, message: Any) -> None:
        self._messages.append(Message(message.topic, bytes(message.payload)))


def retire(client: mqtt.Client) -> None:
    """Cuts a client loose from us, so that it frees its sockets at once and not at some later GC."""
    client.on_connect = client.on_disconnect = None
    client.on_publish = client.on_message = None


def _properties(packet_type: int) -> Any:
    from paho.mqtt.properties import Properties

    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho has no types here
