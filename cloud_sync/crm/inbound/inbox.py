"""Takes a CRM's message: verify, read, store once, make its leads due, in one commit; then it may be answered.

Nothing is scored here and nothing is asked of the CRM: a message is a hint that a record is to be read anew. What is not
verified is counted and never stored. Requests that come at the same time share a commit (`group_commit.py`).
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.connections import Connection
from cloud_sync.crm.inbound import taking
from cloud_sync.crm.inbound.at_hand import AtHand
from cloud_sync.crm.inbound.group_commit import Committer
from cloud_sync.crm.inbound.reading import Message
from cloud_sync.crm.inbound.schemes.table import scheme_of
from cloud_sync.crm.inbound.schemes.verifying import UnverifiedError, Verified, verify
from cloud_sync.crm.inbound.sweeps import make_up
from cloud_sync.crm.kinds.base import Answer, CrmEvent, Request
from cloud_sync.crm.kinds.incoming import INCOMING, is_told, own_fields, scheme_name, thing_of
from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.effects.settings import Severity
from cloud_sync.errors import BusyError, NotFoundError
from cloud_sync.hub import Hub
from kits.core.errors import ConfigError, DataError, UsageError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

UNARMED = "crm-no-secret"
OTHER_ADDRESS = "crm-other-address"
OTHER_TIME = "crm-other-time"
REFUSED = "crm-messages-refused"
UNREADABLE = "crm-messages-unreadable"
_UNKNOWN: Final = (UNARMED, OTHER_ADDRESS, OTHER_TIME, REFUSED)
"""Alerts of messages that are not known to be the CRM's."""
NOT_TAKEN: Final = (*_UNKNOWN, UNREADABLE)
"""Alerts of a connection whose messages are not taken; each closes with the next one that is."""
_LOST: Final = (UNARMED, OTHER_ADDRESS, REFUSED, UNREADABLE)
"""Those whose messages most CRMs never send again: what they told is looked for once they are taken."""
_OFTEN: Final = 3
"""Messages of another time in a row; a single one may have been kept somewhere on its way."""
_MANY: Final = 5
"""Messages in a row that are refused for a `_REMEDIES`, or cannot be read; a single one may be a stranger's, or a slip."""
OWN_CHANGE: Final = "our own change"
"""Why an event is skipped: it tells of a score that we wrote."""
AHEAD: Final = timedelta(minutes=5)
"""A CRM's clock may be so far ahead; an event from later than that is from now."""
MAX_KEY: Final = 240
"""Bytes of an event's id."""
_LOG_S: Final = 60.0


class Inbox:
    """Takes messages of all connections.

    Args:
        now: UTC.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._now = now
        self._known = AtHand(hub, clock)
        self._committer = Committer(hub)
        self._clock = clock
        self._told: dict[tuple[str, str], bool] = {}
        self._in_a_row: dict[tuple[str, str], int] = {}
        self._logged: dict[tuple[str, str], float] = {}

    def take(self, name: str, request: Request) -> Answer:
        """What a CRM is answered once its events are stored.

        Args:
            name: of the connection.

        Raises:
            UnverifiedError: it is not known to be the CRM's; what is wrong is not told to a stranger.
            BusyError: it is signed, but for another time: it is believed when it is sent again, or the clock is right.
            MalformedError: it is, and cannot be read.
            TooLargeError: more events than a message may have.
            BusyError: too much waits already.
        """
        now = self._now()
        with self._counted(name):
            connection = self._open(name)
            verified = self._checked(connection, request, now)
            events = self._understood(connection, request, verified, now)
        done = self._committer.commit(taking.Batch(connection.name, events, now))
        return self._answer(connection, done)

    def admit(self, name: str) -> None:
        """That a message of this name could be known to be a CRM's: asked before a long one is kept.

        Raises:
            UnverifiedError: no such connection, or it has no secret.
        """
        with self._counted(name):
            if not self._known.there(name):
                raise UnverifiedError("unknown")
            connection = self._open(name)
            if not connection.secrets.there:
                self._tell(UNARMED, connection, NOTHING_KNOWN.format(name=connection.name))
                raise UnverifiedError("no-secret")

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        """Counts what is refused, and says so in the log."""
        try:
            yield
        except UnverifiedError as error:
            self._hub.metrics.crm_refused.labels(error.reason).inc()
            self._log("" if error.reason == "unknown" else name, error.reason)
            if error.reason in _PUT_OFF:
                # most CRMs never send again what was refused as forged: an hour of a wrong clock would lose an hour's events
                what, fix, _ = _PUT_OFF[error.reason]
                raise BusyError(what, fix=fix) from None
            raise
        except DataError:
            self._hub.metrics.crm_refused.labels("malformed").inc()
            raise
        except ConfigError as error:
            # its settings are of another version, or its secrets damaged: nobody can be known by them
            self._hub.metrics.crm_refused.labels("no-secret").inc()
            self._log(name, error.what)
            raise UnverifiedError("no-secret") from None

    async def take_soon(self, name: str, request: Request) -> Answer | None:
        """As `take`, without a thread of its own for the message; None: it is to be given to `take`.

        So it is wherever something has to be looked up or told, or a message is not as it should be: what becomes of
        those is said in one place.
        """
        now = self._now()
        connection = self._known.at_hand(name)
        if connection is None or not self._settled(connection):
            return None
        try:
            events = self._read(connection, request, self._verify(connection, request, now), now)
        except (UnverifiedError, DataError, ConfigError):
            return None
        for alert in (REFUSED, UNREADABLE):
            self._in_a_row.pop((name, alert), None)
        batch = taking.Batch(connection.name, events, now)
        return self._answer(connection, await self._committer.commit_soon(batch))

    def read(self, connection: Connection, request: Request, now: datetime) -> list[CrmEvent]:
        """What a message says and what would be skipped of it; nothing is stored. Raises as `take`."""
        verified = self._checked(connection, request, now)
        return self._read(connection, request, verified, now)

    def _open(self, name: str) -> Connection:
        try:
            return self._known.open(name)
        except (NotFoundError, UsageError):
            raise UnverifiedError("unknown") from None

    def _verify(self, connection: Connection, request: Request, now: datetime) -> Verified:
        if not connection.secrets.there:
            raise UnverifiedError("no-secret")
        settings, secrets = connection.settings, connection.secrets.webhook
        scheme = scheme_of(scheme_name(settings), settings.options)
        return verify(scheme, request, secrets, now.timestamp(), settings.options)

    def _checked(self, connection: Connection, request: Request, now: datetime) -> Verified:
        """As `_verify`; a person is told what has to be set right in the CRM or here."""
        try:
            found = self._verify(connection, request, now)
        except UnverifiedError as error:
            if error.reason in _PUT_OFF:
                if self._counts(connection, OTHER_TIME) >= _OFTEN:
                    text = _PUT_OFF[error.reason][2].format(name=connection.name)
                    self._tell(OTHER_TIME, connection, text)
            elif error.reason == "no-secret" and is_told(connection.settings):
                self._tell(UNARMED, connection, NOTHING_KNOWN.format(name=connection.name))
            elif error.reason == "signature" and self._means_another(connection, request, now):
                self._tell(OTHER_ADDRESS, connection, _ELSEWHERE.format(name=connection.name, url=self._hub.config.url))  # fmt: skip
                raise UnverifiedError("url") from error
            self._count_refused(connection, error.reason)
            raise
        for alert in _UNKNOWN:
            self._in_a_row.pop((connection.name, alert), None)
            self._close(connection, alert)
        return found

    def _understood(
        self, connection: Connection, request: Request, verified: Verified, now: datetime
    ) -> list[CrmEvent]:
        """As `_read`; a person is told when the CRM's own messages cannot be read one after the other."""
        try:
            events = self._read(connection, request, verified, now)
        except DataError as error:
            if self._counts(connection, UNREADABLE) >= _MANY:
                where = f" ({error.where})" if error.where else ""
                text = _NOT_READABLE.format(name=connection.name, what=error.what + where)
                self._tell(UNREADABLE, connection, text, "warning")
            raise
        self._in_a_row.pop((connection.name, UNREADABLE), None)
        self._close(connection, UNREADABLE)
        return events

    def _means_another(self, connection: Connection, request: Request, now: datetime) -> bool:
        """Whether who signed it knows the secret, and called another address than ours."""
        if request.called in ("", request.url):
            return False
        try:
            self._verify(connection, replace(request, url=request.called), now)
        except UnverifiedError:
            return False
        return True

    def _count_refused(self, connection: Connection, reason: str) -> None:
        """A CRM with another secret than ours is told nothing, and most of them tell nobody."""
        remedy = _REMEDIES.get(reason, "")
        if remedy and self._counts(connection, REFUSED) >= _MANY:
            text = _NOT_THE_CRMS.format(name=connection.name, reason=reason, remedy=remedy.format(name=connection.name))  # fmt: skip
            self._tell(REFUSED, connection, text, "warning")

    def _counts(self, connection: Connection, alert: str) -> int:
        """Messages in a row that speak for an alert, this one included."""
        count = self._in_a_row[connection.name, alert] = (
            self._in_a_row.get((connection.name, alert), 0) + 1
        )
        return count

    def _settled(self, connection: Connection) -> bool:
        """Whether no alert of this connection would have to be closed."""
        return all(self._told.get((connection.name, alert)) is False for alert in NOT_TAKEN)

    def _read(
        self, connection: Connection, request: Request, verified: Verified, now: datetime
    ) -> list[CrmEvent]:
        settings = connection.settings
        kind = INCOMING[settings.kind]
        message = Message(request.body, thing_of(settings), verified, now, settings.options)
        own = own_fields(settings)
        return [
            replace(
                event,
                event_id=_short(event.event_id),
                at=min(event.at, now + AHEAD),
                skip=event.skip or (OWN_CHANGE if is_own(event, own, kind.bookkeeping) else ""),
            )
            for event in kind.read(message)
        ]

    def _answer(self, connection: Connection, done: taking.Done) -> Answer:
        metrics = self._hub.metrics
        metrics.crm_messages.labels(connection.settings.kind).inc()
        for outcome, count in (("new", done.new - done.skipped), ("repeated", done.repeated), ("skipped", done.skipped)):  # fmt: skip
            if count:
                metrics.crm_events.labels(outcome).inc(count)
        return INCOMING[connection.settings.kind].answer

    def _log(self, name: str, reason: str) -> None:
        """Once a minute for each connection and reason: strangers must not be able to fill the log."""
        now = self._clock()
        if now - self._logged.get((name, reason), -_LOG_S) >= _LOG_S:
            self._logged[name, reason] = now
            log.warning("event=crm_messages_refused connection=%s reason=%s", name, reason)

    def _tell(
        self, alert: str, connection: Connection, text: str, severity: Severity = "error"
    ) -> None:
        """Once, not with every message: strangers must not be able to make the hub write."""
        self._settle(
            connection, alert, told=True,
            by=lambda session: raise_alert(
                session, self._hub.config.notify, alert, severity, text, where=connection.name
            ),
        )  # fmt: skip

    def _close(self, connection: Connection, alert: str) -> None:
        """After a restart it is not known whether it is open: then it is closed in any case."""
        self._settle(
            connection, alert, told=False,
            by=lambda session: self._over(session, connection, alert),
        )  # fmt: skip

    def _over(self, session: Session, connection: Connection, alert: str) -> None:
        taken_again(session, connection.name, alert, connection.settings.sweep_h, self._now)

    def _settle(
        self, connection: Connection, alert: str, *, told: bool, by: Callable[[Session], object]
    ) -> None:
        if self._told.get((connection.name, alert)) is told:
            return
        try:
            with self._hub.database.transaction() as session:
                by(session)
        except SQLAlchemyError as error:
            # the message is what counts: the alert has time until the next one
            self._log(connection.name, type(error).__name__)
            return
        self._told[connection.name, alert] = told


NOTHING_KNOWN: Final = (
    "{name} takes no message: it has no secret to know them by. `cloud-sync crm secret {name}`"
)
_REMEDIES: Final = {
    "signature": "has the CRM the newest secret of this connection (`cloud-sync crm secret {name}`)?",
    "sender": "is the option `organization` the CRM's?",
    "network": "does the option `networks` name all that the CRM's messages come from?",
    "proxy": "does the proxy set the header of the option `proxy_header`?",
}
"""Why messages are refused that a CRM may have sent; {name} is the connection's."""
_NOT_THE_CRMS: Final = (
    "messages that come for {name} are refused one after the other ({reason}), and none was taken meanwhile: {remedy} If"
    " they are strangers', nothing is to be done"
)
_NOT_READABLE: Final = (
    "messages of {name} are its own and cannot be read, one after the other: {what}. They are refused (400); what is"
    " expected, and the options `event.…` for a program of your own: docs/reference/crm.md"
)
_PUT_OFF: Final = {
    "time": (
        "signed for another time than this hub's", "send it again",
        "messages of {name} are signed for a time that is more than five minutes from this machine's: is its clock right"
        " (timedatectl)? They are put off until it is",
    ),
    "unit": (
        "signed with a time that is not written as its scheme has it, in seconds of 10 digits or milliseconds of 13",
        "which of them: the schemes in docs/reference/crm.md",
        "messages of {name} are signed with a time that is not written as their scheme has it, in seconds of 10 digits or"
        " milliseconds of 13: the sender has to, or a scheme of your own says `scheme.unit`. They are put off until then",
    ),
}  # fmt: skip
"""Why messages that are signed rightly are put off: what the sender is told, what he should do, and what a person here
is told; {name} is the connection's."""
_ELSEWHERE: Final = "{name} is signed for another address than {url}: set public_url in hub.yaml to the address the CRM calls"


def taken_again(
    session: Session, name: str, alert: str, sweep_h: float, now: Callable[[], datetime]
) -> None:
    """Messages are not refused any more for what an alert said; what was told meanwhile is looked for."""
    if close_alert(session, alert, where=name) and alert in _LOST:
        make_up(session, name, sweep_h, now())


def _short(name: str) -> str:
    """An id that fits into an index, whatever it was made of."""
    raw = name.encode()
    return name if len(raw) <= MAX_KEY else hashlib.sha256(raw).hexdigest()


def is_own(event: CrmEvent, own: frozenset[str], bookkeeping: frozenset[str]) -> bool:
    """Whether an event tells of nothing but a score that we wrote.

    A change of our fields alone is ours, whoever says so; one that names no fields is when the CRM says that it was
    by our own credentials. A change of any other field never is: those credentials may be another program's too.
    """
    if event.what != "changed":
        return False
    if event.fields is None:
        return event.ours
    said = event.fields - bookkeeping
    return said <= own if said else event.ours
