"""The updater thread: asks the hub, hears a person at the device, drives the installation, reports.

Its parts do not hold each other up: what may take long is done beside it (`background.py`), what fails
is tried again on its own. What is done about a wish is `offers.py`, how a bundle is installed
`install.py`.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable

from edge_agent.errors import HubUnreachableError, ReportRefusedError
from edge_agent.log import log, warn
from edge_agent.update.fetch import HubClient
from edge_agent.update.install import Installer
from edge_agent.update.offers import Offers
from edge_agent.update.requests import Requests
from edge_agent.update.slots import Slots
from kits.core.errors import KitwrightError
from kits.core.hub_api import Desired, Reported

_BUSY_S = 0.1
_IDLE_S = 1.0
_WAITS_FROM_S = 1.0
_WAITS_UP_TO_S = 60.0
_KEPT_REPORTS = 32
_FIRST_PAUSE_S = 1.0
_LAST_PAUSE_S = 300.0


class _Part:
    """A part of a turn that may fail without the others: logged, counted, tried again later."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._name = name
        self._work = work
        self._pause_s = 0.0
        self._again_at = 0.0
        self.failures = 0

    def do(self) -> None:
        """Does its work, unless it failed a moment ago."""
        if time.monotonic() < self._again_at:
            return
        try:
            self._work()
            self._pause_s = 0.0
        except Exception as error:  # noqa: BLE001  top of a supervised loop
            self.failures += 1
            self._pause_s = min(max(self._pause_s * 2, _FIRST_PAUSE_S), _LAST_PAUSE_S)
            self._again_at = time.monotonic() + self._pause_s
            warn("updater_failed", part=self._name, error=repr(error), pause_s=self._pause_s)


class Updater:
    """Drives an `Installer`.

    Args:
        slots: wishes of a person lie in their folder.
        hub: with the offers that come from it; None when the device works alone.
        poll_s: the hub is asked this often, seconds.
        on_desired: hears what else the hub wants, at each poll.
    """

    def __init__(
        self,
        installer: Installer,
        slots: Slots,
        hub: tuple[HubClient, Offers] | None,
        poll_s: float,
        on_desired: Callable[[Desired], None] = lambda _desired: None,
    ) -> None:
        self._installer = installer
        self._slots = slots
        self._requests = Requests(slots.folder)
        self._hub = hub[0] if hub is not None else None
        self._offers = hub[1] if hub is not None else None
        self._poll_s = poll_s
        self._on_desired = on_desired
        self._poll_at = 0.0
        self._waits_s = 0.0
        self._step_at = 0.0
        self._hint: bytes | None = None
        self._parts = (
            _Part("request", self._take_request),
            _Part("poll", self._poll_if_due),
            _Part("step", self._step_on),
            _Part("report", self._tell),
        )
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
        self._installer.close()
        self._wake.set()
        self._thread.join(timeout_s)

    def wake(self) -> None:
        """There is something to do: the next turn begins at once."""
        self._wake.set()

    @property
    def has_hub(self) -> bool:
        """Whether bundles can come from anywhere but this device's own disk."""
        return self._hub is not None

    def hint(self, payload: bytes) -> None:
        """The retained MQTT message with the hub's wish: nothing but a reason to ask the hub now.

        Whoever can write to the broker could otherwise have a deployment refused that nobody made.
        A broker repeats the message at each connection; the same one twice is no reason.
        """
        if payload != self._hint:
            self._hint, self._poll_at = payload, 0.0
            self._wake.set()

    def queue_report(self, reported: Reported) -> None:
        """Will be told to the hub over HTTP, in order, once it answers."""
        self._reports.append(reported)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.turn()
            self._wake.wait(_BUSY_S if self._installer.busy else _IDLE_S)
            self._wake.clear()

    def turn(self) -> None:
        """One round; public so that tests can drive it by hand."""
        for part in self._parts:
            part.do()

    @property
    def failures(self) -> int:
        """Faults it went on after."""
        return sum(part.failures for part in self._parts)

    def _poll_if_due(self) -> None:
        if self._hub is not None and time.monotonic() >= self._poll_at:
            self._poll_at = time.monotonic() + self._poll_s
            self._poll(self._hub)

    def _step_on(self) -> None:
        while self._may_step() and self._installer.step():
            self._tell()
        self._wait_if_in_vain()

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
            desired = hub.desired()
            self._reached(True)
            self._on_desired(desired)
            if self._offers is not None:
                self._offers.consider(desired)
        except HubUnreachableError as error:
            self._reached(False, error.what)

    def _reached(self, now: bool, why: str = "") -> None:
        if now != self.hub_reached:
            self.hub_reached = now
            log("hub_reached" if now else "hub_away", why=why)

    def _take_request(self) -> None:
        request = self._requests.take()
        if request is None:
            return
        try:
            if request.kind == "rollback":
                self._installer.rollback()
            elif request.kind == "allow":
                self._slots.allow(request.bundle)
            else:
                self._installer.apply(request.bundle)
        except KitwrightError as error:
            warn("request_refused", kind=request.kind, error=error.what)
        self._requests.done()

    def _tell(self) -> None:
        if self.hub_reached is False:
            return  # the next poll finds out whether it is back
        while self._hub is not None and self._reports:
            try:
                self._hub.report(self._reports[0])
            except ReportRefusedError as error:
                # a hub of another version: what comes later must not wait behind it
                warn("report_refused", error=error.what, state=self._reports[0].state)
            except HubUnreachableError as error:
                self._reached(False, error.what)
                return
            self._reports.popleft()
