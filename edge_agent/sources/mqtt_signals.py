"""Listens to a broker in the plant; what its messages mean is `signals/messages.py`'s business.

The connection is turned in the driver's thread, with a session of its own at the broker, so that QoS 1
messages wait there while the agent is away. Sparkplug nodes whose metrics are not known are asked to tell them.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_agent.log import log, warn
from edge_agent.pulse import Pulse
from edge_agent.signals import sparkplug
from edge_agent.signals.feed import Feed
from edge_agent.signals.messages import Translator
from edge_agent.sources.machine_config import MqttSourceConfig
from edge_agent.sources.secrets import password
from kits.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

_TURN_S = 0.25
_CONNECT_S = 10.0
_KEEPALIVE_S = 30
_REBIRTH_S = 10.0
_TAKEN_OVER = 0x8E
"""Reason code of MQTT 5: a connection with the same client id came."""
_ON_ITS_WAY_S = 2.0
"""A change of a Sparkplug metric may be so old when it is here."""


class MqttDriver:
    """A `SignalDriver`.

    Attributes:
        unreadable: messages that could not be read.

    Raises:
        ConfigError: the signals of the configuration cannot be told from messages.
    """

    def __init__(self, config: MqttSourceConfig) -> None:
        self._config = config
        try:
            self.translator = Translator(config.signals)
        except DataError as error:
            raise ConfigError(error.what, where=error.where, fix=error.fix) from error
        self._asked: dict[str, float] = {}
        self._listens = False
        self.unreadable = 0

    def run(self, feed: Feed, closed: threading.Event, pulse: Pulse) -> str:
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        state: dict[str, str] = {}
        self._listens = False
        client = self._client(feed, state)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no types here
        properties.SessionExpiryInterval = self._config.session_s
        pulse.beat()
        client.connect(
            self._config.host, self._config.port, _KEEPALIVE_S,
            clean_start=False, properties=properties,
        )  # fmt: skip
        try:
            while not closed.is_set() and not state.get("over"):
                pulse.beat()
                code = client.loop(_TURN_S)
                if code != 0:
                    return f"the connection is lost: {code.name}"
                if self._listens:
                    self._ask_for_births(client)
                if standing := self.translator.told_on_change():
                    feed.alive(standing, _ON_ITS_WAY_S)
            return state.get("over", "closed")
        finally:
            client.disconnect()
            channel: Any = client.socket()
            if channel is not None:
                channel.close()

    def _client(self, feed: Feed, state: dict[str, str]) -> mqtt.Client:
        import paho.mqtt.client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion

        c = self._config
        client_id = c.client_id or f"kw-{c.name}-{socket.gethostname()}"
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )  # fmt: skip
        client.connect_timeout = _CONNECT_S
        if c.username:
            client.username_pw_set(c.username, password(c.password_env, "source.password_env"))
        if c.tls:
            client.tls_set(str(c.ca_file) if c.ca_file is not None else None)

        def on_connect(_client: Any, _data: Any, flags: Any, reason: Any, _props: Any) -> None:
            if reason.is_failure:
                state["over"] = f"the broker refuses: {reason}"
                return
            if flags.session_present and c.qos:
                self.translator.ask_unborn()
            else:
                self.translator.begin_anew()
            qos: int = c.qos
            client.subscribe([(topic, qos) for topic in self.translator.filters()])
            log("mqtt_signals_connected", host=c.host)

        def on_subscribe(_client: Any, _data: Any, _mid: Any, reasons: Any, _props: Any) -> None:
            refused = [str(reason) for reason in reasons if reason.is_failure]
            if refused:
                state["over"] = f"the broker does not let us listen: {refused[0]}"
            self._listens = True

        client.on_connect = on_connect
        client.on_subscribe = on_subscribe

        def on_disconnect(_client: Any, _data: Any, _flags: Any, reason: Any, _props: Any) -> None:
            why = f"the broker is gone: {reason}"
            if reason.value == _TAKEN_OVER:
                why = (
                    f"another program calls itself {client_id} at the broker: set source.client_id"
                )
            state.setdefault("over", why)

        client.on_disconnect = on_disconnect
        client.on_message = lambda _client, _data, message: self._take(feed, message)
        return client

    def _take(self, feed: Feed, message: mqtt.MQTTMessage) -> None:
        try:
            for reading in self.translator.readings(message.topic, bytes(message.payload)):
                if isinstance(reading.value, np.ndarray):
                    feed.put_block(reading.number, reading.value, reading.time_s)
                else:
                    # a retained message without a time is of now: it is what still stands
                    feed.put(reading.number, reading.value, reading.time_s)
            for number in self.translator.never_told():
                signal = self._config.signals[number]
                feed.never_read(number, f"no {signal.value} in messages of {signal.topic}")
        except DataError as error:
            self.unreadable += 1
            feed.figures.bad += 1
            for number in self.translator.numbers_of(message.topic):
                feed.never_read(number, error.what)
            if self.unreadable == 1:
                warn("message_unreadable", topic=message.topic[:200], error=error.what)

    def _ask_for_births(self, client: mqtt.Client) -> None:
        """Asks nodes to tell all of their metrics, each not more often than every few seconds."""
        now = time.monotonic()
        for name in sorted(self.translator.rebirths):
            if now - self._asked.get(name, float("-inf")) < _REBIRTH_S:
                continue
            group, node = name.split("/", 1)
            self._asked[name] = now
            self.translator.rebirths.discard(name)
            payload = sparkplug.encode_rebirth(int(time.time() * 1000))
            client.publish(f"spBv1.0/{group}/NCMD/{node}", payload, qos=0)
            log("sparkplug_rebirth_asked", node=name)
