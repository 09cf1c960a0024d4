"""What a source is: something that yields captured samples until it is closed or at its end.

A source never crashes on one bad sample: it counts it, tells its `Alerts`, and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from edge_agent.pulse import Pulse
from kits.core.runtime import Payload
from kits.core.sample import utc_now

Alerts = Callable[[str, str, str], None]
"""Called with (name, severity, text); severity `info` clears what was raised under the name."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One sample as it came in.

    Attributes:
        payload: encoded bytes (with `media_type`) or a decoded frame.
        media_type: of encoded bytes; empty for a decoded frame, which the runtime encodes.
        captured_mono: monotonic seconds of the capture; deadlines count from it.
        clock_s: its end on a clock of the source's own that is never set, for delays of alarms, seconds;
            None: the time of its capture.
    """

    payload: Payload
    media_type: str
    source: str
    group: str = ""
    meta: Mapping[str, JsonValue] = field(default_factory=dict)
    captured_at: datetime = field(default_factory=utc_now)
    captured_mono: float = field(default_factory=time.monotonic)
    clock_s: float | None = None

    @property
    def at_s(self) -> float:
        """When it ended, seconds on one clock for all samples of its source."""
        return self.captured_at.timestamp() if self.clock_s is None else self.clock_s


@dataclass
class SourceHealth:
    """Counters of a source, and the pulses of the threads in it.

    Attributes:
        failures: errors of a driver that capture went on after.
        capture: of the thread that talks to the device or reads the files.
        supply: of the thread that takes samples, while it waits for one.
    """

    captured: int = 0
    corrupt: int = 0
    dropped: int = 0
    reconnects: int = 0
    failures: int = 0
    up: bool = True
    capture: Pulse = field(default_factory=Pulse)
    supply: Pulse = field(default_factory=Pulse)

    def end(self) -> None:
        """The source gives nothing more: its threads need not move."""
        self.capture.end()
        self.supply.end()


class Source(Protocol):
    """Where samples come from.

    Attributes:
        live: whether parts pass by whether or not anybody looks; a recording can wait.
    """

    health: SourceHealth
    live: bool

    def samples(self) -> Iterator[Captured]:
        """Samples until the end or `close`. Raises SourceError when it cannot start at all."""

    def close(self) -> None:
        """Makes `samples` end soon."""
