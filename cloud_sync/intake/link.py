"""The hub's MQTT connection: paho behind seven verbs.

The network thread only puts messages into a bounded queue; who takes one acknowledges it after its
commit. Sessions end with their connection: a worker that is gone must not hoard its share of the
messages at the broker, and what was under way is sent again by the device, which has not heard of
it. So any number of workers may come and go. Whether the broker lets the hub listen at all is in
`trouble`; telling a person of it is the ingest's business.
"""

from __future__ import annotations

import logging
import queue
import secrets
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud_sync.fleet.broker import MAX_PACKET_BYTES, BrokerAddress
from cloud_sync.fleet.mqtt import make_client
from cloud_sync.metrics import Metrics
from kits.core.errors import ConfigError, UnreachableError
from kits.core.topics import ROOT

log = logging.getLogger(__name__)

RECEIVE_MAXIMUM = 1000
"""Messages taken and not committed yet: the window over the time of a commit is the most per second."""
UNSHARED = f"{ROOT}/+/+/up/#"
SHARED = f"$share/ingest/{UNSHARED}"
"""Rows go to one of the workers."""
STATES = f"{ROOT}/+/+/st/#"
"""States (retained, small, the last one counts) go to every one."""
LISTEN_AGAIN_S = 30.0
RETRY_S = (1, 30)
"""Pause before a new connection, and what it grows to."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message from a device, not acknowledged to the broker yet.

    Attributes:
        retained: the broker had kept it: it says nothing of now.
    """

    topic: str
    payload: bytes
    mid: int
    qos: int
    connection: int
    retained: bool = False


class MqttLink:
    """A connection that comes back by itself.

    Args:
        address: the broker.
        client_id: one per process (`unique_id`); two with the same id would push each other out.
        subscribe: whether to listen to devices, or only to publish.
        queue_size: messages waiting at most; more are refused and counted.

    Attributes:
        messages: those of the present connection; older ones are sent again by their devices.
        listening: whether the broker granted what the hub asked to hear.
        trouble: why the hub hears nothing, or less well than it should; empty: all is well.
    """

    def __init__(
        self,
        address: BrokerAddress,
        client_id: str,
        metrics: Metrics,
        *,
        subscribe: bool = True,
        queue_size: int = 1024,
    ) -> None:
        self._address = address
        self._subscribe = subscribe
        self._metrics = metrics
        self._connection = 0
        self._tls: ssl.SSLContext | None = None
        self._asking = threading.Lock()
        self._asked: dict[int, tuple[str, ...]] = {}
        self._asked_at = 0.0
        self.trouble = ""
        self.listening = False
        # always room for what the broker may send before the first acknowledgement
        self.messages: queue.Queue[Message] = queue.Queue(max(queue_size, RECEIVE_MAXIMUM + 1))
        self._client = self._make_client(client_id)

    def start(self) -> None:
        """Connects in the background and keeps trying."""
        self._client.connect_async(
            self._address.host,
            self._address.port,
            keepalive=30,
            clean_start=True,
            properties=_connect_properties(),
        )
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnects; what was not acknowledged is sent again by the devices."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def connected(self) -> bool:
        return bool(self._client.is_connected())

    @property
    def connection(self) -> int:
        """Number of the connection; grows with each reconnect."""
        return self._connection

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Sends with QoS 1; False when the link is down (the caller's state is derived again)."""
        if not self.connected:
            return False
        properties = None
        if not retain:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho
            properties.MessageExpiryInterval = 60
        info = self._client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        return info.rc == mqtt.MQTT_ERR_SUCCESS

    def acknowledge(self, message: Message) -> None:
        """Tells the broker that the hub has taken `message` over."""
        if message.qos and message.connection == self._connection and self.connected:
            self._client.ack(message.mid, message.qos)

    def listen_again(self) -> None:
        """Asks a broker again that refused; not more often than every half minute."""
        waited = time.monotonic() - self._asked_at >= LISTEN_AGAIN_S
        if self._subscribe and self.connected and not self.listening and waited:
            self._ask(SHARED, STATES)

    def _make_client(self, client_id: str) -> mqtt.Client:
        client = make_client(client_id, manual_ack=True)
        if self._address.username:
            client.username_pw_set(self._address.username, self._address.password)
        if self._address.tls:
            self._tls = _tls_context(self._address)
            client.tls_set_context(self._tls)
            client.on_pre_connect = self._on_pre_connect
        client.reconnect_delay_set(*RETRY_S)
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    # -- paho's thread ---------------------------------------------------------------------------

    def _on_pre_connect(self, _client: mqtt.Client, _data: Any) -> None:
        """Takes the certificates that lie on disk now: they are renewed while the hub runs."""
        assert self._tls is not None
        try:
            _load_files(self._tls, self._address)
        except OSError as error:  # also of TLS; what was loaded before may still serve
            log.error("event=broker_certificate_not_read error=%r", str(error))

    def _on_socket_open(self, _client: mqtt.Client, _data: Any, opened: Any) -> None:
        """One answer behind another would wait for a delayed acknowledgement of TCP, 40 ms."""
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self,
        _client: mqtt.Client,
        _data: Any,
        _flags: Any,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.error("event=mqtt_refused reason=%r", str(reason))
            return
        self._connection += 1
        self._drop_old()
        log.info("event=mqtt_connected host=%s port=%d", self._address.host, self._address.port)
        if self._subscribe:
            shares = getattr(properties, "SharedSubscriptionAvailable", 1)
            self._ask(SHARED if shares else UNSHARED, STATES)

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        self.listening = False
        if reason.is_failure:
            log.warning("event=mqtt_lost reason=%r", str(reason))

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        taken = Message(
            message.topic, bytes(message.payload), message.mid, message.qos, self._connection,
            message.retain,
        )  # fmt: skip
        # what needs no acknowledgement is not bounded by Receive Maximum: it may only have the rest
        room = self.messages.maxsize - (0 if message.qos else RECEIVE_MAXIMUM)
        try:
            if self.messages.qsize() >= room:
                raise queue.Full
            self.messages.put_nowait(taken)
        except queue.Full:
            self._metrics.refused.labels("queue full").inc()
            if message.qos:
                # never acknowledged, it would narrow the broker's window for ever: begin anew
                self._reconnect()

    def _drop_old(self) -> None:
        """What came over connections that are gone can not be acknowledged to the broker any more.

        Its devices send it again; here it would take the room of what the new connection brings.
        """
        with suppress(queue.Empty):
            while True:
                self.messages.get_nowait()
                self._metrics.refused.labels("connection lost").inc()

    def _reconnect(self) -> None:
        """Ends the connection, so that paho makes a new one."""
        connected = self._client.socket()
        if isinstance(connected, socket.socket):
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _ask(self, *topics: str) -> None:
        with self._asking:  # the answer may be here before the number that it answers
            self._asked_at = time.monotonic()
            _result, number = self._client.subscribe([(topic, 1) for topic in topics])
            if number is not None:
                self._asked[number] = topics

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _data: Any,
        number: int,
        reasons: list[ReasonCode],
        _properties: Any,
    ) -> None:
        with self._asking:
            topics = self._asked.pop(number, ())
        if not topics:
            return
        refused = {
            topic: str(reason)
            for topic, reason in zip(topics, reasons, strict=False)
            if reason.is_failure
        }
        for topic, reason in refused.items():
            log.error("event=subscription_refused topic=%s reason=%r", topic, reason)
        if SHARED in refused:
            self._ask(UNSHARED, STATES)
            return
        self.listening = not refused
        if refused:
            topic, reason = next(iter(refused.items()))
            self.trouble = f"the broker does not let the hub listen to {topic}: {reason}"
        elif UNSHARED in topics:
            self.trouble = (
                "the broker has no shared subscriptions: each ingest process takes every row, "
                "so run one"
            )
        else:
            self.trouble = ""


def _tls_context(address: BrokerAddress) -> ssl.SSLContext:
    """Checks the broker's certificate and name; shows the hub's own certificate if there is one."""
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
        _load_files(context, address)
    except OSError as error:
        raise ConfigError(
            f"a certificate for the broker cannot be read: {error}",
            where=f"broker.ca_file: {address.ca_file}",
            fix="name a PEM file that this account may read",
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _load_files(context: ssl.SSLContext, address: BrokerAddress) -> None:
    context.load_verify_locations(address.ca_file)
    if address.certificate:
        context.load_cert_chain(address.certificate, address.key)


def _connect_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    properties.MaximumPacketSize = MAX_PACKET_BYTES
    return properties


def unique_id(role: str) -> str:
    """A client id that no other process has."""
    return f"kw-hub-{role}-{secrets.token_hex(6)}"


def require_broker(address: BrokerAddress) -> None:
    """Raises UnreachableError when nothing answers there."""
    from cloud_sync.fleet.broker import answers

    if not answers(address.host, address.port):
        raise UnreachableError("the broker does not answer", where=f"{address.host}:{address.port}")
