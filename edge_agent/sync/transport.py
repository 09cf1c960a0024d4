"""The pipe to the broker as the sender sees it. `mqtt.py` is the real one, `simulator.py` a fake.

A pipe promises nothing: only the outbox holds the truth, so whatever moves messages may lose everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """Something the hub sent."""

    topic: str
    payload: bytes


@dataclass
class TransportFigures:
    """Counters since the start.

    Attributes:
        attempts: connections tried.
        taken_over: times another program took this device's name.
        unheard: messages the broker took although nobody listens: the hub's ingest is away.
        refused: messages the broker did not take.
        renewals: connections made anew for a new certificate.
    """

    attempts: int = 0
    taken_over: int = 0
    unheard: int = 0
    refused: int = 0
    renewals: int = 0


class Transport(Protocol):
    """Moves messages, or does not. One thread owns it and makes all calls."""

    session: int
    """Counts connections; a change means that everything in flight may be gone."""
    alarm: str
    """Why it will not connect without a person, or empty."""
    figures: TransportFigures

    @property
    def connected(self) -> bool:
        """Whether messages move now."""

    @property
    def max_payload(self) -> int:
        """Bytes that one message may carry: the broker may take less than a frame has by itself."""

    @property
    def window(self) -> int:
        """How many messages may be on their way at once; the broker may allow few."""

    def room(self) -> int:
        """How many messages may be published now."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Hands a message over; False when there is no room or no connection."""

    def turn(self, timeout_s: float) -> list[Message]:
        """Does the network's work for up to `timeout_s` seconds; returns what came in."""

    def close(self) -> None:
        """Says goodbye."""
