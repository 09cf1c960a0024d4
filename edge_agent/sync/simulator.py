"""`HubSimulator`: the hub's side of the sync protocol, in memory, honest about it.

For tests and for users who want to see their agent work before they have a hub: it commits rows
by `(device, epoch, seq)`, acknowledges after committing, collects chunks and checks digests.
`SimulatedTransport` joins it to a sender without a broker; `serve` puts it behind a real one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edge_agent.sync.mqtt_client import Limits, retire
from edge_agent.sync.transport import Message, TransportFigures
from kits.core.errors import DataError
from kits.core.events import BlobRef, DecisionBody, Event
from kits.core.frames import Ack, BlobAck, decode_chunk, decode_frame, encode_ack, to_ranges
from kits.core.sample import digest_of
from kits.core.topics import DeviceTopics, ParsedTopic, decode_online, parse_up


@dataclass
class _Partial:
    chunk_bytes: int
    size: int
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass
class HubSimulator:
    """Commits what it hears.

    Attributes:
        silent: takes everything in but answers nothing, like a hub whose ingest hangs.
        storage_away: takes all chunks of a blob, but cannot store it.
        blob_limit: larger blobs are refused, bytes.
        answers: how many times each acknowledgement is sent.
        rows: (device, epoch, seq) → event, as committed.
        blobs: digest → bytes.
    """

    silent: bool = False
    storage_away: bool = False
    answers: int = 1
    blob_limit: int = 1 << 40
    rows: dict[tuple[str, str, int], Event] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    reported: dict[str, bytes] = field(default_factory=dict)
    online: dict[str, bool] = field(default_factory=dict)
    repeats: int = 0
    refused: int = 0
    chunks: int = 0
    _partial: dict[str, _Partial] = field(default_factory=dict)

    def hear(self, topic: str, payload: bytes) -> list[Message]:
        """One message from a device; returns what the hub answers."""
        parsed = parse_up(topic)
        if parsed is None:
            self.refused += 1
            return []
        if parsed.kind == "online":
            state = decode_online(payload)
            self.online[parsed.device] = state is not None and state.online
            return []
        if parsed.kind == "reported":
            self.reported[parsed.device] = payload
            return []
        try:
            ack = (
                self._chunk(parsed, payload) if parsed.kind == "f" else self._frame(parsed, payload)
            )
        except DataError:
            self.refused += 1
            return []
        if self.silent:
            return []
        answer = Message(DeviceTopics(parsed.site, parsed.device).ack, encode_ack(ack))
        return [answer] * self.answers

    def _frame(self, parsed: ParsedTopic, payload: bytes) -> Ack:
        frame = decode_frame(payload)
        blobs: dict[str, BlobAck] = {}
        for event in frame.rows:
            key = (parsed.device, frame.epoch, event.seq)
            if key in self.rows:
                self.repeats += 1
            self.rows.setdefault(key, event)
            blob = _blob_of(event)
            if blob is not None and blob.size > self.blob_limit:
                blobs[blob.digest] = BlobAck(refused="too large")
            elif blob is not None and blob.digest in self._partial:
                blobs[blob.digest] = self._progress(blob.digest)
        return Ack(
            epoch=frame.epoch, ranges=to_ranges([row.seq for row in frame.rows]), blobs=blobs
        )

    def _chunk(self, parsed: ParsedTopic, payload: bytes) -> Ack:
        self.chunks += 1
        digest = parsed.digest
        if digest not in self.blobs:
            chunk = decode_chunk(payload)
            partial = self._partial.get(digest)
            if partial is None or partial.chunk_bytes != chunk.chunk_bytes:
                partial = _Partial(chunk.chunk_bytes, chunk.blob_bytes)
                self._partial[digest] = partial
            if not 0 <= parsed.number < chunk.count:
                raise DataError("a chunk outside its blob")
            partial.parts[parsed.number] = chunk.body
            if len(partial.parts) == chunk.count and not self.storage_away:
                self._complete(digest, partial)
        return Ack(epoch="", blobs={digest: self._progress(digest)})

    def _complete(self, digest: str, partial: _Partial) -> None:
        content = b"".join(partial.parts[n] for n in sorted(partial.parts))
        del self._partial[digest]
        if digest_of(content) == digest:
            self.blobs[digest] = content

    def _progress(self, digest: str) -> BlobAck:
        partial = self._partial.get(digest)
        if partial is None:
            return BlobAck(done=digest in self.blobs)
        return BlobAck(chunk_bytes=partial.chunk_bytes, have=to_ranges(list(partial.parts)))

    def events(self, device: str = "") -> list[Event]:
        """Committed events in the order of their sequence numbers."""
        keys = sorted(key for key in self.rows if not device or key[0] == device)
        return [self.rows[key] for key in keys]

    def serve(
        self,
        host: str,
        port: int,
        *,
        username: str = "",
        password: str = "",
        reconnect_s: float = 1.0,
    ) -> Served:
        """Joins a real broker, again and again when it is gone; `Served.close` ends it."""
        return Served(self, host, port, username, password, reconnect_s)


def _blob_of(event: Event) -> BlobRef | None:
    return event.body.blob if isinstance(event.body, DecisionBody) else None


class SimulatedTransport:
    """A `Transport` straight into a `HubSimulator`.

    Args:
        max_payload: what the broker takes at most, bytes; more would end the connection.
        drop: tells which upward messages are lost on the way (topic, running number).
    """

    def __init__(
        self,
        hub: HubSimulator,
        *,
        window: int = 20,
        max_payload: int = 1 << 20,
        drop: Callable[[str, int], bool] = lambda _topic, _number: False,
    ) -> None:
        self._hub = hub
        self.window = window
        self.max_payload = max_payload
        self._drop = drop
        self._answers: list[Message] = []
        self._published = 0
        self._in_flight = 0
        self.up = True
        self.session = 1
        self.alarm = ""
        self.figures = TransportFigures()
        self.topics: list[str] = []

    @property
    def connected(self) -> bool:
        return self.up

    def reconnect(self) -> None:
        """As after a lost connection: answers on their way are gone."""
        self._answers.clear()
        self.session += 1
        self.up = True

    def room(self) -> int:
        return self.window - self._in_flight if self.up else 0

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:  # noqa: ARG002  part of the Protocol
        if self.room() <= 0:
            return False
        if len(payload) > self.max_payload:
            self.session += 1  # a broker ends the connection
            return False
        self._published += 1
        self._in_flight += 1
        self.topics.append(topic)
        if not self._drop(topic, self._published):
            self._answers += self._hub.hear(topic, payload)
        return True

    def turn(self, timeout_s: float) -> list[Message]:  # noqa: ARG002  part of the Protocol
        taken, self._answers = self._answers, []
        self._in_flight = 0
        return taken if self.up else []

    def close(self) -> None:
        self.up = False


class Served:
    """A simulator behind a broker, in its own thread."""

    def __init__(
        self,
        hub: HubSimulator,
        host: str,
        port: int,
        username: str,
        password: str,
        reconnect_s: float,
    ) -> None:
        import paho.mqtt.client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion

        self._hub = hub
        self._qos = 1
        self.ready = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="hub-simulator", protocol=mqtt.MQTTv5
        )
        if username:
            self._client.username_pw_set(username, password)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(reconnect_s, 2 * reconnect_s)  # type: ignore[arg-type]  # it takes any number
        self._client.connect_async(host, port, 20, clean_start=True)
        self._client.loop_start()

    def _on_connect(self, client: Any, _u: object, _f: object, _r: object, props: object) -> None:
        self._qos = Limits.of(props).qos
        client.subscribe([("kw/v1/+/+/up/#", self._qos), ("kw/v1/+/+/st/#", self._qos)])
        self.ready.set()

    def _on_message(self, client: Any, _u: object, message: Any) -> None:
        for answer in self._hub.hear(message.topic, bytes(message.payload)):
            client.publish(answer.topic, answer.payload, qos=self._qos)

    def close(self) -> None:
        """Leaves the broker."""
        self._client.disconnect()
        self._client.loop_stop()
        retire(self._client)
