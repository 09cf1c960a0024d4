"""Builders for tests of the intake: a link that only remembers, messages, counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import zstandard
from sqlalchemy import func, select

from cloud_sync.fleet.broker import BrokerAddress
from cloud_sync.hub import Hub
from cloud_sync.intake.link import Message, MqttLink
from cloud_sync.store import models
from kits.core.events import Event
from kits.core.frames import Ack, BlobAck, decode_ack, unpack_frame
from kits.core.topics import DeviceTopics
from tests.cloud_sync.fleet_builders import frame_bytes

LIMIT = 1 << 20


class SilentLink(MqttLink):
    """A link without a broker: remembers what was acknowledged to it, and what devices were told."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(BrokerAddress("127.0.0.1", 1), "silent", hub.metrics)
        self.acknowledged: list[int] = []
        self.acks: list[tuple[str, Ack]] = []

    def acknowledge(self, message: Message) -> None:
        self.acknowledged.append(message.mid)

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        assert topic.endswith("/down/ack")
        self.acks.append((topic.split("/")[3], decode_ack(payload)))
        return True

    def told(self, device: str = "press-1") -> set[int]:
        """Sequence numbers a device was told are safe."""
        return {
            number
            for name, ack in self.acks
            if name == device
            for first, last in ack.ranges
            for number in range(first, last + 1)
        }

    def told_of(self, digest: str, device: str = "press-1") -> list[BlobAck]:
        """What a device was told of a blob, in this order."""
        return [
            ack.blobs[digest] for name, ack in self.acks if name == device and digest in ack.blobs
        ]


def message(payload: bytes, mid: int = 1, topic: str = "", device: str = "press-1") -> Message:
    """As it comes from the broker."""
    return Message(topic or DeviceTopics("main", device).frames("s"), payload, mid, 1, 0)


def frame_message(
    *events: Event, mid: int = 1, device: str = "press-1", klass: str = "s"
) -> Message:
    """A frame of rows."""
    return message(frame_bytes(*events), mid, DeviceTopics("main", device).frames(klass), device)


def changed_frame(events: Iterable[Event], change: Callable[[list[Any]], object]) -> bytes:
    """A frame whose rows were changed in a way that no honest agent can."""
    frame = json.loads(unpack_frame(frame_bytes(*events)))
    change(frame["rows"])
    return zstandard.ZstdCompressor().compress(json.dumps(frame).encode())


def count(hub: Hub, table: type[models.Base]) -> int:
    """Rows of a table."""
    with hub.database.session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def refused(hub: Hub, reason: str) -> float:
    """How many messages or rows were refused for a reason."""
    value: float = hub.metrics.refused.labels(reason)._value.get()
    return value
