"""What an installation has around it: the running line, the hub, clocks, reports, fault points."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.engine.ladder import Loaded
from edge_agent.log import log
from edge_agent.sources.base import Alerts
from edge_agent.update.probation import Tally
from kits.core.hub_api import DeploymentState, Reported


class LineControl(Protocol):
    """What an installation needs of the running line."""

    @property
    def active(self) -> Loaded | None:
        """The bundle that decides now."""

    def activate(self, loaded: Loaded) -> None:
        """Switches between two samples; begins a new tally."""

    def begin_shadow(self, loaded: Loaded) -> Tally:
        """Lets a bundle judge along, without effect."""

    def end_shadow(self) -> None:
        """Stops that."""

    @property
    def tally(self) -> Tally:
        """What was seen of the active bundle since it was switched to."""


class Download(Protocol):
    """Brings the bytes at `path` of the hub to `target`, going on where it was cut."""

    def __call__(self, path: str, target: Path, length: int) -> None:
        """Raises HubUnreachableError or NoRoomError."""


def _nothing(_name: str) -> None:
    """The checkpoint of a running agent."""


def _fine() -> str:
    return ""


@dataclass(frozen=True)
class Surroundings:
    """What an installation has around it.

    Attributes:
        report: tells the hub what runs.
        download: None without a hub.
        draining: why rows do not leave as they should, or empty.
        checkpoint: called with a name before and after each effect; tests end the process there.
    """

    report: Callable[[Reported], None]
    alerts: Alerts
    download: Download | None = None
    draining: Callable[[], str] = _fine
    clock: Callable[[], float] = time.monotonic
    checkpoint: Callable[[str], None] = _nothing


class Voice:
    """Tells the hub how an installation goes, always with what really runs."""

    def __init__(self, line: LineControl, around: Surroundings) -> None:
        self._line = line
        self._around = around
        self._last: tuple[object, ...] = ()

    def say(
        self, state: DeploymentState | None, deployment: int | None = None, error: str = ""
    ) -> None:
        """Reports a state of a deployment."""
        active = self._line.active
        log("deployment", state=state, deployment=deployment, error=error)
        self._last = (state, deployment, error)
        self._around.report(
            Reported(
                bundle=active.id if active is not None else "",
                deployment=deployment,
                state=state,
                error=error,
                provider=active.provider if active is not None else "",
            )
        )

    def say_once(self, state: DeploymentState, deployment: int | None, error: str) -> None:
        """As `say`, unless that was the last word: for what is tried again and again."""
        if self._last != (state, deployment, error):
            self.say(state, deployment, error)
