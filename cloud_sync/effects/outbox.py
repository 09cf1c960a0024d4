"""Writing effects: a row per receiver, in the transaction of what it tells of.

The transaction makes both or none, so no fact is without its notice and no notice without its
fact. The key of an effect follows from the fact and the receiver; writing twice equals once.
Alerts of the hub itself are written here too, because having to give up a notice is one.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from cloud_sync.hub import hub_id
from cloud_sync.store.bulk import Values, insert_fresh, sql_time
from cloud_sync.store.models import Alert, Effect
from cloud_sync.store.types import JsonObject
from kits.core.sample import utc_now

ALERT = "alert.raised"
TEST = "test.sent"
UNDELIVERABLE = "notice-undeliverable"
FULL = "more effects than notify.max_waiting wait for this receiver"
_COLUMNS = (
    "key", "target", "kind", "body", "state", "attempts", "next_at", "lease_owner", "error",
    "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which alerts a receiver wants."""

    target: str
    severities: frozenset[str]


@dataclass
class _Books:
    """What one transaction needs to know only once: counting for each effect would hold the
    database's lock for minutes when a device comes back with a long backlog of alerts."""

    hub: str
    waiting: dict[str, int] = field(default_factory=dict)
    told_full: set[str] = field(default_factory=set)


class EffectOutbox:
    """Knows who wants what.

    Args:
        subscriptions: receivers of alerts.
        max_waiting: effects that may wait for one receiver; more are kept as given up, at once
            and told of, so that a dead receiver cannot fill the disk with work.
    """

    def __init__(
        self, subscriptions: Sequence[Subscription] = (), max_waiting: int = 10_000
    ) -> None:
        self._subscriptions = tuple(subscriptions)
        self._max_waiting = max_waiting

    def test(self, session: Session) -> list[str]:
        """Writes a message that says it is a test to every receiver; their names."""
        body: JsonObject = {
            "name": "test", "severity": "info", "device": "", "where": "",
            "at": utc_now().isoformat(), "hub": _books(session).hub,
            "text": "somebody tries whether messages of this hub arrive: they do",
        }  # fmt: skip
        source = f"test/{uuid.uuid4().hex}"
        for wanted in self._subscriptions:
            self.add(session, wanted.target, TEST, body, source=source)
        return [wanted.target for wanted in self._subscriptions]

    def alerts(self, session: Session, raised: Sequence[tuple[Alert, str]]) -> None:
        """Tells of alerts, each with its source.

        The source names the row for ever, in every hub: `device/epoch/seq`, or `hub/…`.
        """
        if not self._subscriptions or not raised:
            return
        hub = _books(session).hub
        for wanted in self._subscriptions:
            rows = [
                (effect_key(wanted.target, ALERT, source), _alert_body(alert, hub))
                for alert, source in raised
                if alert.severity in wanted.severities
            ]
            self._write(session, wanted.target, ALERT, rows)

    def raise_own(
        self,
        session: Session,
        name: str,
        severity: str,
        text: str,
        *,
        device: str | None = None,
        where: str = "",
        at: datetime | None = None,
    ) -> Alert:
        """Writes an alert of the hub itself and its notices."""
        alert = Alert(
            name=name, severity=severity, text=text, device=device, where=where, at=at or utc_now()
        )
        session.add(alert)
        session.flush()
        # the number of the row is no name: another hub, and this one after a restore, has it too
        self.alerts(session, [(alert, f"hub/{_books(session).hub}/{uuid.uuid4().hex}")])
        return alert

    def add(
        self, session: Session, target: str, kind: str, body: JsonObject, *, source: str
    ) -> str:
        """Writes one effect and returns its key.

        Args:
            target: who is to be told, a name the dispatcher knows.
            kind: what happened, `noun.verb`.
            body: what the receiver gets under `data`.
            source: names the fact for ever.
        """
        key = effect_key(target, kind, source)
        self._write(session, target, kind, [(key, body)])
        return key

    def _write(
        self, session: Session, target: str, kind: str, effects: Sequence[tuple[str, JsonObject]]
    ) -> None:
        if not effects:
            return
        room = max(0, self._max_waiting - self._waiting(session, target))
        now = sql_time(session)(utc_now())
        rows: list[Values] = [
            (
                key, target, kind, json.dumps(body), "waiting" if place < room else "dead", 0, now,
                "", "" if place < room else FULL, now,
            )
            for place, (key, body) in enumerate(effects)
        ]  # fmt: skip
        fresh = insert_fresh(session, Effect, _COLUMNS, rows, ("key",))
        _books(session).waiting[target] += sum(fresh[:room])
        if any(fresh[room:]):
            self._tell_full(session, target)

    def _waiting(self, session: Session, target: str) -> int:
        """Counts once per transaction, and no further than the bound."""
        waiting = _books(session).waiting
        if target not in waiting:
            some = select(Effect.id).where(Effect.state == "waiting", Effect.target == target)
            bounded = some.limit(self._max_waiting).subquery()
            waiting[target] = session.scalar(select(func.count()).select_from(bounded)) or 0
        return waiting[target]

    def _tell_full(self, session: Session, target: str) -> None:
        """The receiver itself may hear of it too late or never; the page and the others do."""
        told = _books(session).told_full
        if target in told:
            return
        told.add(target)
        is_open = select(Alert.id).where(*open_alert(UNDELIVERABLE, where=target)).limit(1)
        if session.scalar(is_open) is None:
            text = f"{self._max_waiting:,} notices wait for {target}: newer ones are given up"
            self.raise_own(session, UNDELIVERABLE, "warning", text, where=target)


def open_alert(
    name: str, *, device: str | None = None, where: str = ""
) -> tuple[ColumnElement[bool], ...]:
    """Conditions: the alert of this name, device and place that nobody has seen and is not over."""
    return Alert.name == name, Alert.device == device, Alert.where == where, Alert.seen_at.is_(None)


def effect_key(target: str, kind: str, source: str) -> str:
    """The stable name of an effect: 128 bits of a hash, so it says nothing about the device."""
    raw = hashlib.sha256(f"{target}\0{kind}\0{source}".encode())
    return f"kw_{raw.hexdigest()[:32]}"


def _books(session: Session) -> _Books:
    """Those of the session's transaction: a `Database.transaction()` is a session of its own."""
    books = session.info.get(_Books)
    if books is None:
        books = session.info[_Books] = _Books(hub_id(session))
    assert isinstance(books, _Books)
    return books


def _alert_body(alert: Alert, hub: str) -> JsonObject:
    return {
        "name": alert.name,
        "severity": alert.severity,
        "text": alert.text,
        "device": alert.device or "",
        "where": alert.where,
        "at": alert.at.isoformat(),
        "hub": hub,
    }
