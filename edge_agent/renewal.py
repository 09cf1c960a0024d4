"""Renews the device's certificate in time, and says when that does not succeed.

From 60 % of its life on (each device a little later than the other, so that a fleet enrolled on one
day does not ask at one hour) a new key is made and certified over HTTPS. That needs the bearer token
and a signature of the old key, not a valid certificate: a device that slept too long finds back.
"""

from __future__ import annotations

import base64
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import ValidationError

from edge_agent.certificates import ALARM_AT, Certificates
from edge_agent.errors import HubUnreachableError
from edge_agent.log import log, warn
from edge_agent.sources.base import Alerts
from edge_agent.update.fetch import HubClient
from kits.core.errors import KitwrightError
from kits.core.hub_api import CertificateRequest, CertificateResponse
from kits.core.sample import utc_now
from kits.core.tls import Clock

RENEW_AT = 0.6
JITTER = 0.1
"""Share of its life by which a certificate's renewal is put off at most, drawn at the start."""
_LOOK_S = 3600.0
_FIRST_PAUSE_S = 60.0
_LONGEST_PAUSE_S = 6 * 3600.0
_AT_MOST_EVERY_S = 86_400.0
_REMIND_S = 86_400.0
EXPIRES, EXPIRED = "certificate-expires", "certificate-expired"


class Renewal:
    """The loop, in a thread of its own.

    Args:
        clock: now in UTC, or the latest moment known to have passed.
        signed: now by what the hub signed last, if it has.
        jitter: draws from 0 to 1.
    """

    def __init__(
        self,
        certificates: Certificates,
        hub: HubClient,
        alerts: Alerts,
        *,
        clock: Clock = utc_now,
        signed: Callable[[], datetime | None] = lambda: None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._certificates = certificates
        self._hub = hub
        self._alerts = alerts
        self._clock = clock
        self._signed = signed
        self._renewed_at = float("-inf")
        self._jitter = jitter
        self._at = RENEW_AT + JITTER * jitter()
        self._said: tuple[str, float] = ("", 0.0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="renewal", daemon=True)
        self.failures = 0
        """Attempts that failed since the last success."""

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends it; a request under way is given up by the process's end at the latest."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(1.0)

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stop.wait(pause_s):
            try:
                self.step()
            except Exception as error:  # noqa: BLE001  (top of a supervised loop)
                self.failures += 1
                warn("certificate_step_failed", error=repr(error))
            pause_s = self.pause_s()

    def pause_s(self) -> float:
        """Seconds until the next look: an hour, or the back-off with full jitter."""
        if not self.failures:
            return _LOOK_S
        longest = min(_FIRST_PAUSE_S * float(2 ** min(self.failures - 1, 12)), _LONGEST_PAUSE_S)
        return max(1.0, longest * self._jitter())

    def step(self) -> None:
        """Looks at the dates; renews when it is time, and raises or clears the alarms.

        Raises:
            AgentConfigError: the certificate on disk is damaged.
        """
        start, end = self._certificates.validity()
        due = self._clock() >= start + (end - start) * self._at
        # a clock that is years ahead finds every certificate too old, also the one of an hour ago
        due = due and not 0 <= self._certificates.age_s() < _AT_MOST_EVERY_S
        if due or self._begins_later(start):
            try:
                self.renew()
            except KitwrightError as error:
                self.failures += 1
                warn("certificate_not_renewed", failures=self.failures, error=error.what)
                self._tell(start, end, error.what)
                return
        self.failures = 0
        self._say("", "")

    def _begins_later(self, start: datetime) -> bool:
        """Whether the certificate was issued while the hub's clock was ahead: nobody takes it yet.

        Once a day: a hub whose authority itself is from the future issues no better one.
        """
        now = self._signed()
        lately = time.monotonic() - self._renewed_at < _AT_MOST_EVERY_S
        return now is not None and start > now and not lately

    def renew(self) -> None:
        """Takes a certificate for a new key.

        Raises:
            HubUnreachableError: no answer, or the hub refuses (a revoked device, for example).
            EnrolmentError: its answer is not a certificate for our key.
            AgentConfigError: the old key or certificate is damaged.
        """
        csr = self._certificates.request()
        proof = base64.b64encode(self._certificates.prove(csr)).decode()
        request = CertificateRequest(
            csr=csr.decode(), proof=proof, certificate=self._certificates.pem()
        )
        said = self._hub.ask("POST", "/v1/device/certificate", request.model_dump_json().encode())
        if said.status >= 300:
            fix = "cloud-sync device add NAME, then edge-agent enroll" if said.status == 401 else ""
            raise HubUnreachableError(f"the hub refuses: status {said.status}", fix=fix)
        try:
            answer = CertificateResponse.model_validate_json(said.body)
        except ValidationError as error:
            raise HubUnreachableError("the hub's answer is not understood") from error
        self._certificates.take(answer.certificate.encode(), answer.ca.encode())
        self._renewed_at = time.monotonic()
        log("certificate_renewed", until=self._certificates.validity()[1].isoformat())

    def _tell(self, start: datetime, end: datetime, reason: str) -> None:
        left = end - self._clock()
        if left <= timedelta():
            self._say(EXPIRED, f"the device's certificate ended on {end:%Y-%m-%d}: {reason}")
        elif left < (end - start) * ALARM_AT:
            self._say(EXPIRES, f"the device's certificate ends on {end:%Y-%m-%d}: {reason}")

    def _say(self, name: str, text: str) -> None:
        """One alarm when it begins and a reminder each day; no name: it is over."""
        said, at = self._said
        if name == said and (not name or time.monotonic() - at < _REMIND_S):
            return
        for other in (EXPIRES, EXPIRED):
            if other != name:
                self._alerts(other, "info", "the certificate is in order")
        if name:
            self._alerts(name, "error" if name == EXPIRED else "warning", text)
        self._said = (name, time.monotonic())
