"""`Transport` over paho-mqtt with MQTT 5: QoS 1, no topic aliases, one owner thread.

Whoever calls `turn` does all the network's work there. paho's callbacks only put events into a queue,
which `turn` works off, so nothing can go wrong inside them and there are no locks around paho. Each
connection gets a new client: paho would send unacknowledged messages again, which is the outbox's task.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge_agent.clock import boot_id
from edge_agent.log import log, warn
from edge_agent.sync.backoff import Backoff
from edge_agent.sync.mqtt_client import (
    MIN_PACKET_BYTES,
    Event,
    Limits,
    MqttSettings,
    connect,
    make_client,
    retire,
)
from edge_agent.sync.tls import explain, version
from edge_agent.sync.transport import Message, TransportFigures
from kits.core.errors import ConfigError
from kits.core.topics import Online, encode_online

if TYPE_CHECKING:
    import paho.mqtt.client as mqtt

_TAKEN_OVER = 0x8E
_NOBODY_LISTENS = 0x10
_REFUSED = (0x86, 0x87, 0x8A)  # bad user or password, not authorised, banned
_ERROR = 0x80
_REFUSED_FAILURES = 8  # a refusal is not tried again soon
_MAX_TAKEN_OVER_S = 3600.0
_FILES_EVERY_S = 5.0
_READS_PER_TURN = 64
_REFUSES_MESSAGES = "the broker refuses what this device sends"


class MqttTransport:
    """`Transport` over paho-mqtt 2."""

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
        self._backoff = Backoff(
            settings.backoff_s, settings.backoff_max_s, clock=clock, jitter=jitter
        )
        self._events: deque[Event] = deque()
        self._messages: list[Message] = []
        self._in_flight: set[int] = set()
        self._window = settings.window
        self._limits = Limits()
        self._connected = False
        self._client: mqtt.Client | None = None
        self._files = (0, 0)
        self._files_due = 0.0
        self._last_error = ""
        self._taken_over_s = settings.taken_over_s
        self.session = 0
        self.alarm = ""
        self.figures = TransportFigures()

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def max_payload(self) -> int:
        return self._limits.max_payload

    @property
    def window(self) -> int:
        return self._window

    def room(self) -> int:
        if not self._connected or self._limits.too_small:
            return 0
        return self._window - len(self._in_flight)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        if self._client is None or self.room() <= 0:
            return False
        limits = self._limits
        info = self._client.publish(topic, payload, qos=limits.qos, retain=retain and limits.retain)
        if info.rc != 0:
            return False
        self._in_flight.add(info.mid)
        return True

    def turn(self, timeout_s: float) -> list[Message]:
        if self._client is None or self._client.socket() is None:
            self._absent(timeout_s)
        else:
            self._work(self._client, timeout_s)
            self._look_at_files()
        taken, self._messages = self._messages, []
        return taken

    def close(self) -> None:
        if self._client is None:
            return
        if self._connected and self._settings.online_topic:
            # a clean goodbye sends no will
            goodbye = encode_online(Online(False, boot_id()))
            topic, retain = self._settings.online_topic, self._limits.retain
            self._client.publish(topic, goodbye, qos=0, retain=retain)
        self._end()

    # -- connecting ------------------------------------------------------------------------------

    def _absent(self, timeout_s: float) -> None:
        if self._connected:
            self._lost("the connection is gone")
        wait_s = self._backoff.wait_s()
        if wait_s > 0:
            time.sleep(min(wait_s, timeout_s))
            return
        self._end()
        self.figures.attempts += 1
        self._last_error = ""
        try:
            if self._settings.tls is not None:
                self._files = version(self._settings.tls)
            self._client = make_client(self._settings, self._events.append, self._limits)
            connect(self._client, self._settings)
        except ConfigError as error:
            self.alarm = error.what
            self._lost(error.what)
        except (OSError, ValueError) as error:
            self._lost(str(error))

    def _end(self) -> None:
        """Cuts the present client loose; what it had in flight is the outbox's business."""
        self._connected = False
        self._in_flight.clear()
        self._events.clear()
        if self._client is not None:
            self._client.disconnect()
            retire(self._client)
            self._client = None

    def _look_at_files(self) -> None:
        """A renewed certificate counts from the next connection on: makes one."""
        tls = self._settings.tls
        if tls is None or self._clock() < self._files_due:
            return
        self._files_due = self._clock() + _FILES_EVERY_S
        if self._connected and version(tls) != self._files:
            log("certificate_renewed")
            self.figures.renewals += 1
            self._end()
            self._backoff.at_once()

    # -- events ----------------------------------------------------------------------------------

    def _work(self, client: mqtt.Client, timeout_s: float) -> None:
        code = client.loop(timeout_s)
        for _ in range(_READS_PER_TURN):  # an answer rarely comes alone
            if code != 0 or not self._events:
                break
            self._work_off()
            if client is not self._client or client.socket() is None:
                return
            code = client.loop(0.0)
        self._work_off()
        if code != 0 and client is self._client and client.socket() is None:
            self._lost(f"loop: {code}")

    def _work_off(self) -> None:
        while self._events:
            kind, first, second = self._events.popleft()
            if kind == "message":
                self._messages.append(Message(str(first), bytes(second)))
            elif kind == "publish":
                self._published(first, second)
            elif kind == "connect":
                self._answered(first, second)
            elif kind == "disconnect":
                self._disconnected(first)
            elif kind == "subscribe":
                self._subscribed(first)
            elif kind == "log" and "failed" in str(second).lower():
                self._last_error = str(second)

    def _answered(self, reason: Any, props: Any) -> None:
        if reason.value >= _ERROR:
            self._refused(reason)
        elif self._client is not None:
            self._limits = Limits.of(props)
            self._accepted(self._client)

    def _refused(self, reason: Any) -> None:
        if reason.value in _REFUSED:
            self.alarm = f"the broker refuses this device: {reason}"
            self._backoff.failures = max(self._backoff.failures, _REFUSED_FAILURES)
        self._lost(str(reason))
        less = self._limits.after_refusal(reason.value)
        if less is not None:
            log("broker_offers_less", reason=reason)
            self._limits = less
            self._end()
            self._backoff.at_once()

    def _accepted(self, client: mqtt.Client) -> None:
        limits = self._limits
        for topic in self._settings.subscriptions:
            client.subscribe(topic, qos=limits.qos)
        self._window = max(1, min(limits.window, self._settings.window))
        self._connected = True
        self._backoff.stands()
        self.alarm = ""
        if limits.too_small:
            self.alarm = (
                f"the broker takes packets of {limits.packet_bytes} bytes only; nothing is sent"
                f" before it takes {MIN_PACKET_BYTES}"
            )
            warn("broker_packets_too_small", bytes=limits.packet_bytes, needed=MIN_PACKET_BYTES)
        self.session += 1
        if self._settings.online_topic:
            birth = encode_online(Online(True, boot_id()))
            self.publish(self._settings.online_topic, birth, retain=True)
        log("broker_connected", window=self._window, session=self.session)

    def _disconnected(self, reason: Any) -> None:
        self._lost(str(reason))
        if reason.value == _TAKEN_OVER:
            # fighting for the name would cut both off every second: stop, tell, wait for a person
            pause_s = self._backoff.hold(self._taken_over_s * (0.5 + self._jitter()))
            self._taken_over_s = min(2 * self._taken_over_s, _MAX_TAKEN_OVER_S)
            self.figures.taken_over += 1
            self.alarm = "another program connects to the broker as this device"
            warn("session_taken_over", pause_s=pause_s)

    def _published(self, mid: int, reason: Any) -> None:
        self._in_flight.discard(mid)
        self.figures.unheard += reason.value == _NOBODY_LISTENS
        if reason.value >= _ERROR:
            self.figures.refused += 1
            self.alarm = f"{_REFUSES_MESSAGES}: {reason}"
            warn("publish_refused", reason=reason)
        elif self.alarm.startswith(_REFUSES_MESSAGES):
            self.alarm = ""  # also when nobody listens: it may be said

    def _subscribed(self, reasons: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.value >= _ERROR]
        if refused:
            self.alarm = f"the broker refuses the hub's answers to this device: {refused[0]}"

    def _lost(self, why: str) -> None:
        self._connected = False
        self._in_flight.clear()
        tls = self._settings.tls
        about_tls = explain(tls, f"{why} {self._last_error}") if tls is not None else ""
        if about_tls:
            self.alarm = about_tls
        if self._backoff.wait_s() > 0:
            return  # told already: paho reports one loss in two ways
        pause_s = self._backoff.lost()
        log("broker_away", why=why, pause_s=pause_s, failures=self._backoff.failures)
