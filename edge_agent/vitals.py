"""Whether the agent lives: capture, inference, sender and writer, each by what it shows of itself.

The watchdog is fed and `edge-agent status` is content only while all of them move. A hub, a broker or
a camera that is away is no illness: their threads go on trying. Nothing is mended here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from edge_agent.log import warn
from edge_agent.sources.base import Alerts, SourceHealth

ALERT = "agent-stands-still"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each part may be silent, seconds."""

    capture_s: float = 60.0
    """FFmpeg gives up on a stream after 30 s: only a driver that hangs takes longer."""
    supply_s: float = 20.0
    inference_s: float = 20.0
    sender_s: float = 120.0
    """Its longest pause is 60 s, and a name server that is away holds it for half a minute."""


class Working(Protocol):
    """The line: how long the sample in work has been in work, seconds."""

    @property
    def working_s(self) -> float: ...


class Living(Protocol):
    """A thread that runs or has ended."""

    @property
    def alive(self) -> bool: ...


class Ticking(Living, Protocol):
    """One that also says when it last turned, in monotonic seconds."""

    ticked_at: float


class Vitals:
    """Looks at the parts; `look` is called about once a second.

    Args:
        sender: None when nothing is sent.
    """

    def __init__(
        self,
        source: SourceHealth,
        line: Working,
        writer: Living,
        sender: Ticking | None,
        alerts: Alerts,
        limits: Limits = Limits(),
    ) -> None:
        self._source = source
        self._line = line
        self._writer = writer
        self._sender = sender
        self._alerts = alerts
        self.limits = limits
        self._said = ""

    def look(self) -> bool:
        """Whether all is well; what is not is logged and told once."""
        ailment = self.ailment()
        if bool(ailment) != bool(self._said):
            if ailment:
                warn("agent_stands_still", why=ailment)
            self._alerts(ALERT, "error" if ailment else "info", ailment or "everything moves again")
        self._said = ailment
        return not ailment

    @property
    def model_stands(self) -> bool:
        """Whether the model is among what stands still."""
        return self._line.working_s >= self.limits.inference_s

    def ailment(self) -> str:
        """What stands still, or empty."""
        limits, sender = self.limits, self._sender
        silences = [
            ("capture", self._source.capture.silent_s, limits.capture_s),
            ("the supply of samples", self._source.supply.silent_s, limits.supply_s),
            ("inference", self._line.working_s, limits.inference_s),
        ]
        if sender is not None:
            silences.append(("the sender", time.monotonic() - sender.ticked_at, limits.sender_s))
            if not sender.alive:
                return "the sender has ended"
        if not self._writer.alive:
            return "the outbox's writer has ended"
        return "; ".join(
            f"{part} has stood still for {silent_s:.0f} s"
            for part, silent_s, limit_s in silences
            if silent_s >= limit_s
        )
