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
from urllib.parse import quote

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from cloud_sync.effects.shares import OVER_SHARE, OWN, Waiting
from cloud_sync.hub import hub_id
from cloud_sync.store.bulk import Values, insert_fresh, sql_time
from cloud_sync.store.db import take_turn
from cloud_sync.store.models import Alert, Case, CaseTransition, Effect
from cloud_sync.store.types import JsonObject
from kits.core.alarm import LEVELS, Level
from kits.core.sample import utc_now

ALERT = "alert.raised"
TEST = "test.sent"
CASE = "case."
"""Followed by the step: `case.opened`."""
UNDELIVERABLE = "notice-undeliverable"
_COLUMNS = (
    "key", "target", "kind", "body", "state", "attempts", "next_at", "lease_owner", "error",
    "created_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which alerts a receiver wants, and which steps of cases that ever reached a level."""

    target: str
    severities: frozenset[str]
    cases: frozenset[str] = frozenset()
    from_level: str = "warn"


@dataclass
class _Books:
    """What one transaction needs to know only once: counting for each effect would hold the
    database's lock for minutes when a device comes back with a long backlog of alerts."""

    hub: str
    waiting: dict[str, Waiting] = field(default_factory=dict)
    told_full: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Notice:
    """An effect before it is written: its key and body, and whose room it takes."""

    key: str
    body: JsonObject
    device: str = OWN


class EffectOutbox:
    """Knows who wants what.

    Args:
        subscriptions: receivers of alerts and cases.
        max_waiting: effects that may wait for one receiver; more are kept as given up, at once
            and told of, so that a dead receiver cannot fill the disk with work. How they are
            shared among devices: `shares.py`.
        url: where people open this hub, for what is told of cases.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription] = (),
        max_waiting: int = 10_000,
        url: str = "",
    ) -> None:
        self._subscriptions = tuple(subscriptions)
        self._max_waiting = max_waiting
        self._url = url

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
        """Tells of devices' alerts, each with its source.

        The source names the row for ever, in every hub: `device/epoch/seq`, or `hub/…`.
        """
        self._tell(session, raised, own=False)

    def cases(self, session: Session, steps: Sequence[tuple[Case, CaseTransition]]) -> None:
        """Tells of steps of cases; a step of a device is named by its row, one of the hub is new."""
        if not self._subscriptions or not steps:
            return
        hub = _books(session).hub
        for wanted in self._subscriptions:
            for case, step in steps:
                if step.transition not in wanted.cases or step.source == wanted.target:
                    continue
                if LEVELS.index(_level(case.worst)) < LEVELS.index(_level(wanted.from_level)):
                    continue
                own = f"hub/{hub}/{uuid.uuid4().hex}"
                source = f"{step.device}/{step.epoch}/{step.seq}" if step.seq else own
                kind = CASE + step.transition
                key = effect_key(wanted.target, kind, source)
                notice = _Notice(key, _case_body(case, step, hub, self._url), case.device)
                self._write(session, wanted.target, kind, [notice])

    def _tell(self, session: Session, raised: Sequence[tuple[Alert, str]], *, own: bool) -> None:
        if not self._subscriptions or not raised:
            return
        hub = _books(session).hub
        for wanted in self._subscriptions:
            notices = [
                _Notice(
                    effect_key(wanted.target, ALERT, source),
                    _alert_body(alert, hub),
                    OWN if own else alert.device or OWN,
                )
                for alert, source in raised
                if alert.severity in wanted.severities
            ]
            self._write(session, wanted.target, ALERT, notices)

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
        source = f"hub/{_books(session).hub}/{uuid.uuid4().hex}"
        self._tell(session, [(alert, source)], own=True)
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
        self._write(session, target, kind, [_Notice(key, body)])
        return key

    def _write(self, session: Session, target: str, kind: str, notices: Sequence[_Notice]) -> None:
        if not notices:
            return
        waiting = self._waiting(session, target)
        given_up = [waiting.take(notice.device) for notice in notices]
        now = sql_time(session)(utc_now())
        rows: list[Values] = [
            (
                notice.key, target, kind, json.dumps(notice.body), "dead" if why else "waiting", 0,
                now, "", why, now,
            )
            for notice, why in zip(notices, given_up)
        ]  # fmt: skip
        fresh = insert_fresh(session, Effect, _COLUMNS, rows, ("key",))
        for notice, why, new in zip(notices, given_up, fresh):
            if why and new:
                self._tell_full(session, target, notice.device if why == OVER_SHARE else OWN)
            elif not why and not new:
                waiting.give_back(notice.device)

    def _waiting(self, session: Session, target: str) -> Waiting:
        waiting = _books(session).waiting
        if target not in waiting:
            waiting[target] = Waiting(session, target, self._max_waiting)
        return waiting[target]

    def _tell_full(self, session: Session, target: str, device: str) -> None:
        """The receiver itself may hear of it too late or never; the page and the others do."""
        told = _books(session).told_full
        if (target, device) in told:
            return
        told.add((target, device))
        # not waited for: two that give up notices of alerts about each other's receivers would wait for ever
        if not may_raise(session, UNDELIVERABLE, device=device or None, where=target, wait=False):
            return
        share = self._waiting(session, target).share
        text = (
            f"{share:,} notices of {device} wait for {target}: newer ones of it are given up"
            if device
            else f"too many notices wait for {target}: newer ones are given up"
        )
        self.raise_own(session, UNDELIVERABLE, "warning", text, device=device or None, where=target)


def open_alert(
    name: str, *, device: str | None = None, where: str = ""
) -> tuple[ColumnElement[bool], ...]:
    """Conditions: the alert of this name, device and place that nobody has seen and is not over."""
    return Alert.name == name, Alert.device == device, Alert.where == where, Alert.seen_at.is_(None)


def may_raise(
    session: Session, name: str, *, device: str | None = None, where: str = "", wait: bool = True
) -> bool:
    """Whether no alert of this name, device and place is open.

    Of transactions that ask at the same time one may raise it; the others wait for its end, or may not.
    """
    is_open = select(Alert.id).where(*open_alert(name, device=device, where=where)).limit(1)
    if session.scalar(is_open) is not None:
        return False
    if not take_alert(session, name, device=device, where=where, wait=wait):
        return False
    return session.scalar(is_open) is None


def take_alert(
    session: Session, name: str, *, device: str | None = None, where: str = "", wait: bool = True
) -> bool:
    """Of transactions that want to raise the same alert it is this one's turn, until it ends."""
    return take_turn(session, f"alert/{name}/{device or ''}/{where}", wait=wait)


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


def _level(word: str) -> Level:
    return next(level for level in LEVELS if level == word)


def _case_body(case: Case, step: CaseTransition, hub: str, url: str) -> JsonObject:
    label, reason = case.label, case.reason
    if step.level != "normal" and step.transition != "closed":
        # a step of a machine that is well again says what is usual, and one that closes what was found
        label, reason = step.label or label, step.reason or reason
    supposed = f", supposed: {label}" if label else ""
    why = f" ({reason})" if reason else ""
    found = f"; found: {case.cause}" if case.cause and step.transition == "closed" else ""
    return {
        "name": f"case-{step.transition}",
        "text": f"{case.asset}: {step.transition}, {step.level}{supposed}{why}{found}",
        "case": case.id,
        "device": case.device,
        "asset": case.asset,
        "level": step.level,
        "worst": case.worst,
        "score": step.score,
        "label": label,
        "reason": reason,
        "cause": case.cause,
        "at": step.at.isoformat(),
        "since": case.since.isoformat(),
        "note": step.note,
        "who": step.who,
        "url": f"{url}/cases/{quote(case.id)}",
        "hub": hub,
    }
