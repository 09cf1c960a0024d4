"""What a source is: something that yields captured samples until it is closed or at its end.

A source never crashes on one bad sample: it counts it, tells its `Alerts`, and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pydantic import JsonValue

from edge_agent.pulse import Pulse
from kits.core.runtime import Payload
from kits.core.sample import utc_now

if TYPE_CHECKING:
    from edge_agent.decide import Outcome
    from edge_agent.sync.entry import Entry
    from kits.core.events import DecisionBody
    from kits.core.prediction import Prediction
    from kits.core.ready import ReadyBundle

Alerts = Callable[[str, str, str], None]
"""Called with (name, severity, text); severity `info` clears what was raised under the name."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A captured sample with what was decided, for a source that sees to the rest by itself.

    Attributes:
        body: the sample's row, as it would go to the outbox.
        entry: the same with the bytes that are worth keeping.
        payload: as it was judged; None when it could not be read.
        ready: the bundle that decided; None: none did.
    """

    outcome: Outcome
    body: DecisionBody
    entry: Entry
    prediction: Prediction | None
    payload: Payload | None
    ready: ReadyBundle | None


Receipt = Callable[[Settled], None]
"""Takes what was decided. Raises OSError when it cannot be kept: the source brings the sample again."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One sample as it came in.

    Attributes:
        payload: encoded bytes (with `media_type`) or a decoded frame.
        media_type: of encoded bytes; empty for a decoded frame, which the runtime encodes.
        captured_mono: monotonic seconds of the capture; deadlines count from it.
        clock_s: its end on a clock of the source's own that is never set, for delays of alarms, seconds;
            None: the time of its capture.
        sample_id: an identity that the source knows it by, the same after a restart; empty: a new one.
        receipt: takes what was decided, in place of actions and outbox: nothing hurries such a sample, and
            the source is held up until it is taken. None: the line sees to it.
        unjudged: why no model may judge it; the safe side decides. Empty: one may.
    """

    payload: Payload
    media_type: str
    source: str
    group: str = ""
    meta: Mapping[str, JsonValue] = field(default_factory=dict)
    captured_at: datetime = field(default_factory=utc_now)
    captured_mono: float = field(default_factory=time.monotonic)
    clock_s: float | None = None
    sample_id: str = ""
    receipt: Receipt | None = None
    unjudged: str = ""

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
