"""What an installation has around it: the running line, the hub, clocks, reports, fault points."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.engine.ladder import Loaded
from edge_agent.log import log
from edge_agent.sources.base import Alerts
from edge_agent.update.background import Start, at_once
from edge_agent.update.probation import Tally
from edge_agent.update.records import Job
from kits.core.bundle import Bundle
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


class Load(Protocol):
    """Makes a bundle ready on this machine, its golden samples checked."""

    def __call__(self, bundle: Bundle, *, build: bool = True) -> Loaded:
        """Raises BundleError or EngineError.

        Args:
            build: False: a lower rung at once rather than an engine that takes an hour to build.
        """


class Download(Protocol):
    """Brings the bytes at `path` of the hub to `target`, going on where it was cut."""

    def __call__(self, path: str, target: Path, length: int, stop: Callable[[], bool]) -> None:
        """Returns early, with what has arrived, once `stop()` is true.

        Raises:
            HubUnreachableError: the connection broke.
            BundleError: the hub does not have it.
            NoRoomError: the disk has no room.
        """


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
        background: does what may take hours; at once unless said otherwise.
        load_limit_s: a bundle that takes longer to be made ready hangs.
        checkpoint: called with a name before and after each effect; tests end the process there.
    """

    report: Callable[[Reported], None]
    alerts: Alerts
    download: Download | None = None
    draining: Callable[[], str] = _fine
    background: Start = at_once
    load_limit_s: float = math.inf
    clock: Callable[[], float] = time.monotonic
    checkpoint: Callable[[str], None] = _nothing


class Voice:
    """Tells the hub how an installation goes, always with what really runs."""

    def __init__(self, line: LineControl, around: Surroundings) -> None:
        self._line = line
        self._around = around
        self._last: Word | None = None
        self._ended: set[int] = set()

    def say(
        self,
        state: DeploymentState | None,
        deployment: int | None = None,
        error: str = "",
        *,
        waits_for: str = "",
    ) -> None:
        """Reports a state of a deployment."""
        log("deployment", state=state, deployment=deployment, error=error, waits_for=waits_for)
        self._last = Word(state, deployment, error, waits_for)
        if deployment is not None and state in ("failed", "rolled_back"):
            self._ended.add(deployment)
        self.say_again()

    def has_ended(self, deployment: int) -> bool:
        """Whether it was said, since the start, that a deployment came to nothing."""
        return deployment in self._ended

    def say_once(
        self,
        state: DeploymentState,
        deployment: int | None,
        error: str,
        *,
        waits_for: str = "",
    ) -> None:
        """As `say`, unless that was the last word: for what is tried again and again."""
        if self._last != Word(state, deployment, error, waits_for):
            self.say(state, deployment, error, waits_for=waits_for)

    def say_again(self, job: Job | None = None) -> None:
        """The last word with what runs now: the newest report must not hide how something ended.

        Args:
            job: what is on its way, for an agent that has not said anything yet.
        """
        word, active = self._last, self._line.active
        if word is None:
            word = Word(job.state, job.deployment) if job is not None else Word()
        self._around.report(
            Reported(
                bundle=active.id if active is not None else "",
                deployment=word.deployment,
                state=word.state,
                error=word.error,
                waits_for=word.waits_for,
                provider=active.provider if active is not None else "",
            )
        )


@dataclass(frozen=True)
class Word:
    """What was said of an installation."""

    state: DeploymentState | None = None
    deployment: int | None = None
    error: str = ""
    waits_for: str = ""
