"""The updater thread: hears what is wished (hub, MQTT, a person), drives the installation."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from edge_agent.errors import HubUnreachableError
from edge_agent.log import log, warn
from edge_agent.update.fetch import HubClient
from edge_agent.update.install import Installer
from edge_agent.update.offers import Offers
from edge_agent.update.slots import Slots
from kits.core.blobs import write_atomically
from kits.core.errors import KitwrightError
from kits.core.hub_api import Desired, Reported

_BUSY_S = 0.1
_IDLE_S = 1.0
_WAITS_FROM_S = 1.0
_WAITS_UP_TO_S = 60.0
_KEPT_REPORTS = 32


class Request(BaseModel):
    """A wish left by `edge-agent apply`, `rollback` or `allow` for the running agent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["apply", "rollback", "allow"]
    bundle: str = ""


def leave_request(folder: Path, request: Request) -> None:
    """Puts a wish where the updater finds it, now or at its next start."""
    write_atomically(folder / "request.json", request.model_dump_json().encode())


class Updater:
    """Drives an `Installer`.

    Args:
        slots: wishes of a person lie in their folder.
        hub: with the offers that come from it; None when the device works alone.
        poll_s: the hub is asked this often, seconds.
    """

    def __init__(
        self,
        installer: Installer,
        slots: Slots,
        hub: tuple[HubClient, Offers] | None,
        poll_s: float,
    ) -> None:
        self._installer = installer
        self._slots = slots
        self._hub = hub[0] if hub is not None else None
        self._offers = hub[1] if hub is not None else None
        self._poll_s = poll_s
        self._since_poll = poll_s
        self._waits_s = 0.0
        self._step_at = 0.0
        self._hints: deque[bytes] = deque(maxlen=4)
        self._reports: deque[Reported] = deque(maxlen=_KEPT_REPORTS)
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="updater", daemon=True)
        self.hub_reached: bool | None = None

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """Ends after the present step; the next start goes on from there."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout_s)

    @property
    def has_hub(self) -> bool:
        """Whether bundles can come from anywhere but this device's own disk."""
        return self._hub is not None

    def hint(self, payload: bytes) -> None:
        """The retained MQTT message with the hub's wish; checked like any other."""
        self._hints.append(payload)
        self._wake.set()

    def queue_report(self, reported: Reported) -> None:
        """Will be told to the hub over HTTP, in order, once it answers."""
        self._reports.append(reported)

    def _run(self) -> None:
        pause_s = 1.0
        while not self._stop.is_set():
            try:
                self.turn()
                pause_s = 1.0
            except Exception as error:  # noqa: BLE001  top of a supervised loop
                warn("updater_failed", error=repr(error), pause_s=pause_s)
                self._stop.wait(pause_s)
                pause_s = min(pause_s * 2, 300.0)
            wait_s = _BUSY_S if self._installer.busy else _IDLE_S
            self._since_poll += wait_s
            self._wake.wait(wait_s)
            self._wake.clear()

    def turn(self) -> None:
        """One round; public so that tests can drive it by hand."""
        self._take_request()
        while self._hints:
            self._take_hint(self._hints.popleft())
        if self._hub is not None and self._since_poll >= self._poll_s:
            self._since_poll = 0.0
            self._poll(self._hub)
        while self._may_step() and self._installer.step():
            self._tell()
        self._wait_if_in_vain()
        self._tell()

    def _may_step(self) -> bool:
        return not self._stop.is_set() and time.monotonic() >= self._step_at

    def _wait_if_in_vain(self) -> None:
        """After a step that found no hub or no room: longer each time, up to a minute."""
        if not self._installer.waiting:
            self._waits_s = 0.0
        elif time.monotonic() >= self._step_at:
            self._waits_s = min(max(self._waits_s * 2, _WAITS_FROM_S), _WAITS_UP_TO_S)
            self._step_at = time.monotonic() + random.uniform(0, self._waits_s)  # noqa: S311

    def _poll(self, hub: HubClient) -> None:
        try:
            self._consider(hub.desired())
            self._reached(True)
        except HubUnreachableError as error:
            self._reached(False, error.what)

    def _consider(self, desired: Desired) -> None:
        if self._offers is not None:
            self._offers.consider(desired)

    def _reached(self, now: bool, why: str = "") -> None:
        if now != self.hub_reached:
            self.hub_reached = now
            log("hub_reached" if now else "hub_away", why=why)

    def _take_hint(self, payload: bytes) -> None:
        try:
            self._consider(Desired.model_validate_json(payload))
        except ValidationError:
            warn("bad_desired", bytes=len(payload))
        except HubUnreachableError as error:
            log("hint_waits_for_the_hub", error=error.what)
            self._since_poll = self._poll_s

    def _take_request(self) -> None:
        path = self._slots.folder / "request.json"
        try:
            request = Request.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return
        except ValidationError:
            path.unlink()
            warn("bad_request", file=path.name)
            return
        path.unlink()
        try:
            if request.kind == "rollback":
                self._installer.rollback()
            elif request.kind == "allow":
                self._slots.allow(request.bundle)
            else:
                self._installer.apply(request.bundle)
        except KitwrightError as error:
            warn("request_refused", kind=request.kind, error=error.what)

    def _tell(self) -> None:
        if self.hub_reached is False and self._since_poll > 0:
            return  # the next poll finds out whether it is back
        while self._hub is not None and self._reports:
            try:
                self._hub.report(self._reports[0])
            except HubUnreachableError as error:
                self._reached(False, error.what)
                return
            self._reports.popleft()
