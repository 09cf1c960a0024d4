"""Carries from the tables to the broker who may be there: rules, revocation list, sessions to end.

The command line, the pages and the API only write rows. A look at the tables costs one query while
nothing changes. Order of a revocation: the list first, then the rules, then the live session, so
that whoever is thrown out meets a closed door.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.fleet import device_certificates, devices
from cloud_sync.fleet.broker import Broker
from cloud_sync.fleet.pki import CRL_ALARM, Authority
from cloud_sync.hub import Hub
from cloud_sync.store.models import Device, DeviceCertificate, DeviceToken
from kits.core.errors import MachineError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

LOOK_ANYWAY_S = 10.0
"""An enrolment tells the broker too; should the two cross, the newer state wins after this long."""
RENEW_EVERY_S = 600.0
CLOCK_SET_S = 60.0
"""A wall clock that moves this much against the monotonic one between two looks was set."""
CRL_ALERT = "revocation-list"
CRL_ENDED = "revocation-list-ended"
MEMORY_ALERT = "broker-memory"
NAMED = 10
CRL_PLACE = "pki/crl.pem"


class Admission:
    """Not safe for several threads: `start_parts` calls it before the supervisor does.

    Args:
        wall: now, in UTC.
    """

    def __init__(self, hub: Hub, broker: Broker, *, wall: Callable[[], datetime] = utc_now) -> None:
        self._hub = hub
        self._broker = broker
        self._authority = hub.authority if hub.config.broker_tls else None
        self._seen: object = None
        self._names: set[str] = set()
        self._revoked: set[str] | None = None
        self._look_at = self._renew_at = 0.0
        self._wall = wall
        self._offset_s = self._wall_offset_s()

    def step(self) -> None:
        """Looks, and acts on what changed."""
        now = time.monotonic()
        self._notice_clock()
        with self._hub.database.session() as session:
            seen = _fingerprint(session)
            if seen == self._seen and now < self._look_at:
                return
            logins = devices.logins(session)
            revoked = _revoked(session)
        if seen != self._seen or now >= self._renew_at:
            self._renew(revoked)
            self._renew_at = now + RENEW_EVERY_S
        self._broker.set_logins(logins)
        self._seen, self._look_at = seen, now + LOOK_ANYWAY_S
        self._end_sessions({login.name for login in logins}, revoked)

    def _notice_clock(self) -> None:
        """A clock that was set: a list signed before may not be valid yet and lets nobody in."""
        offset_s = self._wall_offset_s()
        if abs(offset_s - self._offset_s) >= CLOCK_SET_S:
            log.warning("event=clock_was_set by_s=%d", offset_s - self._offset_s)
            self._look_at = self._renew_at = 0.0
        self._offset_s = offset_s

    def _wall_offset_s(self) -> float:
        return self._wall().timestamp() - time.monotonic()

    def tend(self) -> None:
        """Lets the broker do its housekeeping, which ends sessions.

        Raises:
            UnreachableError: the sessions did not end.
            MachineError: it held too much memory and was ended; there is an alert.
        """
        try:
            self._broker.tend()
        except MachineError as error:
            with self._hub.database.transaction() as session:
                text = f"{error.what}: {error.fix}"
                raise_alert(session, self._hub.config.notify, MEMORY_ALERT, "error", text)
            raise

    def _end_sessions(self, names: set[str], revoked: Mapping[str, str]) -> None:
        out = self._names - names
        if self._revoked is not None:
            out |= {device for serial, device in revoked.items() if serial not in self._revoked}
        self._names, self._revoked = names, set(revoked)
        if out:
            self._broker.cut(out)

    def _renew(self, revoked: Mapping[str, str]) -> None:
        """Revocation list and server certificate; what fails is logged, counted and alarmed."""
        if self._authority is None:
            return
        for task in (partial(self._renew_list, self._authority, revoked), self._broker.renew):
            try:
                task()
            except OSError as error:
                self._hub.metrics.loop_errors.labels("certificates").inc()
                log.error("event=certificates_not_renewed error=%r", str(error))
        self._watch_list(self._authority)

    def _renew_list(self, authority: Authority, revoked: Mapping[str, str]) -> None:
        if authority.refresh_crl(revoked):
            self._broker.reload()

    def _watch_list(self, authority: Authority) -> None:
        left = authority.crl_expires_at - utc_now()
        self._hub.metrics.crl_left.set(left.total_seconds())
        with self._hub.database.transaction() as session:
            alarms = (
                (CRL_ALERT, left < CRL_ALARM, f"ends in {left.days} days and cannot be renewed"),
                (CRL_ENDED, left <= timedelta(), _without_list(session)),
            )
            for name, wrong, words in alarms:
                if wrong:
                    text = f"the list of revoked certificates {words}; see the log"
                    raise_alert(
                        session, self._hub.config.notify, name, "error", text, where=CRL_PLACE
                    )
                else:
                    close_alert(session, name, where=CRL_PLACE)


def _without_list(session: Session) -> str:
    """What it means that the broker knows of no withdrawn certificate."""
    names = device_certificates.names_taken_up_again(session)
    words = "has ended and the broker runs without it: who was revoked can connect and say nothing"
    if not names:
        return words
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" * (len(names) > NAMED))
    return f"{words}, but machines that were replaced can speak for those that have their names: {shown}"


def _revoked(session: Session) -> dict[str, str]:
    """Serial → device of the certificates that were withdrawn before their end."""
    query = select(DeviceCertificate.serial, DeviceCertificate.device).where(
        DeviceCertificate.revoked_at.is_not(None), DeviceCertificate.not_after > utc_now()
    )
    return {row.serial: row.device for row in session.execute(query)}


def _fingerprint(session: Session) -> object:
    """Changes with every enrolment, renewal and revocation."""
    tables = (
        (func.count(Device.name), func.max(Device.revoked_at), func.count(Device.revoked_at)),
        (func.count(DeviceToken.hash), func.max(DeviceToken.revoked_at)),
        (
            func.count(DeviceCertificate.serial),
            func.max(DeviceCertificate.revoked_at),
            func.count(DeviceCertificate.revoked_at),
        ),
    )
    return tuple(tuple(session.execute(select(*columns)).one()) for columns in tables)
