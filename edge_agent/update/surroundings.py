"""What an installation has around it: the running line, the hub, keys, clock, reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edge_agent.engine.ladder import Loaded
from edge_agent.sources.base import Alerts
from edge_agent.update.probation import Tally
from kits.core.hub_api import DesiredBundle, Reported
from kits.core.signing import PublicKey


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


class Downloader(Protocol):
    """The part of the hub's client that an installation needs."""

    def download(self, desired: DesiredBundle, target: Path) -> None:
        """Fetches the rest of a bundle. Raises HubUnreachableError."""


def _nothing(_name: str) -> None:
    """The checkpoint of a running agent."""


@dataclass(frozen=True)
class Surroundings:
    """What an installation has around it.

    Attributes:
        report: tells the hub what runs.
        trusted: keys that may sign releases.
        hub: where bundles are downloaded; None without a hub.
        checkpoint: called with a name between any two effects; tests end the process there.
    """

    report: Callable[[Reported], None]
    alerts: Alerts
    trusted: tuple[PublicKey, ...] = ()
    hub: Downloader | None = None
    clock: Callable[[], float] = time.monotonic
    checkpoint: Callable[[str], None] = _nothing
