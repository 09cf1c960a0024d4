"""Writing effects: a row per receiver, in the transaction of what it tells of.

The transaction makes both or none, so no fact is without its notice and no notice without its
fact. The key of an effect follows from the fact and the receiver; writing twice equals once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Alert, Effect
from kits.core.sample import utc_now

ALERT = "alert.raised"
TEST = "test.sent"
FULL = "more effects than notify.max_waiting wait for this receiver"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which alerts a receiver wants."""

    target: str
    severities: frozenset[str]


class EffectOutbox:
    """Knows who wants what.

    Args:
        subscriptions: receivers of alerts.
        max_waiting: effects that may wait for one receiver; more are kept as given up, at once
            and visibly, so that a dead receiver cannot fill the disk with work.
    """

    def __init__(
        self, subscriptions: Sequence[Subscription] = (), max_waiting: int = 10_000
    ) -> None:
        self._subscriptions = tuple(subscriptions)
        self._max_waiting = max_waiting

    def test(self, session: Session) -> list[str]:
        """Writes a message that says it is a test to every receiver; their names."""
        now = utc_now().isoformat()
        body: dict[str, JsonValue] = {
            "name": "test", "severity": "info", "device": "", "where": "", "at": now,
            "text": "somebody tries whether messages of this hub arrive: they do",
        }  # fmt: skip
        for wanted in self._subscriptions:
            self.add(session, wanted.target, TEST, body, source=f"test/{now}")
        return [wanted.target for wanted in self._subscriptions]

    def alert(self, session: Session, alert: Alert, *, source: str) -> None:
        """Tells of an alert.

        Args:
            source: names the row for ever: `device/epoch/seq`, or `hub/…`.
        """
        for wanted in self._subscriptions:
            if alert.severity in wanted.severities:
                self.add(session, wanted.target, ALERT, _alert_body(alert), source=source)

    def add(
        self, session: Session, target: str, kind: str, body: dict[str, JsonValue], *, source: str
    ) -> str:
        """Writes one effect and returns its key.

        Args:
            target: who is to be told, a name the dispatcher knows.
            kind: what happened, `noun.verb`.
            body: what the receiver gets under `data`.
            source: names the fact for ever.
        """
        key = effect_key(target, kind, source)
        waiting = self._waiting(session, target)
        full = waiting >= self._max_waiting
        row = {
            "key": key, "target": target, "kind": kind, "body": body,
            "state": "dead" if full else "waiting", "error": FULL if full else "",
        }  # fmt: skip
        insert_once(session, Effect, [row])
        return key

    def _waiting(self, session: Session, target: str) -> int:
        """Counts no further than the bound."""
        some = select(Effect.id).where(Effect.state == "waiting", Effect.target == target)
        bounded = some.limit(self._max_waiting).subquery()
        return session.scalar(select(func.count()).select_from(bounded)) or 0


def effect_key(target: str, kind: str, source: str) -> str:
    """The stable name of an effect: 128 bits of a hash, so it says nothing about the device."""
    raw = hashlib.sha256(f"{target}\0{kind}\0{source}".encode())
    return f"kw_{raw.hexdigest()[:32]}"


def _alert_body(alert: Alert) -> dict[str, JsonValue]:
    return {
        "name": alert.name,
        "severity": alert.severity,
        "text": alert.text,
        "device": alert.device or "",
        "where": alert.where,
        "at": alert.at.isoformat(),
    }
