"""Sees to it that effects are done: leases, retries, a circuit breaker per receiver, dead letters.

**What "once" means.** An effect is written once per row and receiver, and it is not dropped. A
receiver hears of it at least once: a dispatcher that dies between the receiver's answer and its
own note of it leaves an effect that is sent again. Nobody can close that window from one side. So
every attempt carries the same `webhook-id`, and a receiver that remembers ids sees each row
exactly once. What once went together in one mail goes together for ever, for the same reason. Any
number of dispatchers may run; a lease says whose turn it is. What a killed one of this machine was
at is taken up when the next one starts (`lives.py`), else when its lease has passed. Each receiver
has a thread of its own, so that a slow one holds up nobody but itself.
"""

from __future__ import annotations

import logging
import random
import secrets
import threading
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Update, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud_sync.effects.alerts import raise_alert
from cloud_sync.effects.lives import ANSWERED, Life, take_over
from cloud_sync.effects.outbox import UNDELIVERABLE
from cloud_sync.effects.targets import Delivery, DeliveryError, Target
from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, always
from cloud_sync.store.db import changed_by, insert_once
from cloud_sync.store.models import Effect, EffectTarget
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

POLL_S = 1.0
LEASE = timedelta(minutes=5)
FIRST_RETRY_S = 4.0
MAX_RETRY_S = 3600.0
MIN_ATTEMPTS = 3
BREAKER_FAILURES = 5
BREAKER_FIRST_S = 30.0
BREAKER_MAX_S = 600.0
LONGEST = timedelta(hours=25)
"""No pause is longer, a receiver may ask for a day; what lies further ahead was written by a clock
that was wrong."""


class Dispatcher:
    """The loops, one per receiver.

    Args:
        hub: whose effects.
        targets: the receivers; effects for others wait until somebody delivers to those.
        now: UTC.
        rng: for jitter.
    """

    def __init__(
        self,
        hub: Hub,
        targets: Sequence[Target],
        *,
        now: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        self._hub = hub
        self._targets = tuple(targets)
        self._now = now
        self._rng = rng or random.Random()  # noqa: S311  (jitter)
        self._owner = secrets.token_hex(8)
        self._lives = hub.config.dispatchers_dir
        self._life = Life(self._lives, self._owner)
        self._stop = threading.Event()
        self._loops = [
            Loop(
                "effects", partial(self._turn, target), hub.metrics,
                after_fault=always(6 * POLL_S), first_s=POLL_S, thread=f"effects-{target.name}",
            )
            for target in self._targets
        ]  # fmt: skip

    def start(self) -> None:
        """Takes over from the dead, and starts the threads."""
        self._life.begin()
        take_over(self._lives, self._end_leases)
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """Ends after the deliveries at hand."""
        self._stop.set()
        for loop in self._loops:
            loop.stop()
        self._life.end()

    def _end_leases(self, dead: Sequence[str]) -> int:
        """Those of the dead end soon; how many."""
        soon = self._now() + ANSWERED
        theirs = update(Effect).where(Effect.lease_owner.in_(dead), Effect.lease_until > soon)
        with self._hub.database.transaction() as session:
            return changed_by(session.execute(theirs.values(lease_until=soon)))

    def _turn(self, target: Target) -> float:
        self._serve(target)
        return POLL_S

    def step(self) -> int:
        """Delivers what is due, to one receiver after the other; how many effects were done."""
        return sum(self._serve(target) for target in self._targets)

    def _serve(self, target: Target) -> int:
        done = 0
        while not self._stop.is_set():
            claimed = self._claim(target)
            if not claimed or not self._deliver(target, claimed):
                break
            done += len(claimed)
        return done

    def _deliver(self, target: Target, claimed: Sequence[Delivery]) -> bool:
        try:
            target.deliver(claimed)
        except DeliveryError as error:
            self._failed(target, claimed, error)
            return False
        except Exception as error:  # noqa: BLE001  (top of what a receiver may do wrong)
            # it must not pass for a receiver in order, nor be tried again as if nothing had been
            place = traceback.extract_tb(error.__traceback__)[-1]
            log.error(
                "event=receiver_broken target=%s error=%s at=%s:%s",
                target.name, type(error).__name__, place.filename, place.lineno,
            )  # fmt: skip
            self._hub.metrics.loop_errors.labels("effects").inc()
            what = f"a fault of the hub ({type(error).__name__}), its log says where"
            self._failed(target, claimed, DeliveryError(what, where=target.name))
            return False
        self._succeeded(target, claimed)
        return True

    def _claim(self, target: Target) -> list[Delivery]:
        """Takes what is due for a while; one only when the receiver is being tried again."""
        now = self._now()
        due = _due(target, now)
        with self._hub.database.session() as session:
            if session.scalar(select(Effect.id).where(*due).limit(1)) is None:
                return []
        with self._hub.database.transaction() as session:
            breaker = session.get(EffectTarget, target.name)
            if breaker is not None and _rests(breaker, now):
                return []
            trial = breaker is not None and breaker.open_until is not None
            ids = self._together(session, due, 1 if trial else target.batch)
            values = {
                "lease_owner": self._owner,
                "lease_until": now + LEASE,
                "attempts": Effect.attempts + 1,
            }
            session.execute(update(Effect).where(Effect.id.in_(ids)).values(values))
            if target.batch > 1:
                new = update(Effect).where(Effect.id.in_(ids), Effect.batch == "")
                session.execute(new.values(batch=secrets.token_hex(16)))
            rows = session.scalars(
                select(Effect).where(Effect.id.in_(ids)).order_by(Effect.id)
            ).all()
            return [
                Delivery(row.key, row.kind, row.body, row.created_at, row.attempts, row.batch)
                for row in rows
            ]

    @staticmethod
    def _together(
        session: Session, due: tuple[ColumnElement[bool], ...], limit: int
    ) -> Sequence[int]:
        """What goes in one delivery: a batch that went before as it was, else what is new."""
        oldest = select(Effect.id, Effect.batch).where(*due).order_by(Effect.next_at, Effect.id)
        first = session.execute(oldest.limit(1)).one_or_none()
        if first is None:
            return []
        query = select(Effect.id).where(*due, Effect.batch == first.batch)
        if first.batch:
            # locked in one order and not skipped: two dispatchers never split a batch
            return session.scalars(query.order_by(Effect.id).with_for_update()).all()
        query = query.order_by(Effect.next_at, Effect.id).limit(limit)
        return session.scalars(query.with_for_update(skip_locked=True)).all()

    def _succeeded(self, target: Target, claimed: Sequence[Delivery]) -> None:
        now = self._now()
        with self._hub.database.transaction() as session:
            session.execute(
                _mine(claimed, self._owner).values(
                    state="done", done_at=now, error="", lease_owner="", lease_until=None
                )
            )
            breaker = _breaker(session, target)
            breaker.failures, breaker.open_until, breaker.error = 0, None, ""
            breaker.last_ok_at = now
        self._hub.metrics.breaker.labels(target.name).set(0)
        self._hub.metrics.effects.labels(target.name, "done").inc(len(claimed))

    def _failed(self, target: Target, claimed: Sequence[Delivery], error: DeliveryError) -> None:
        now = self._now()
        # those of a batch stay together: one fate, and one time to be tried again
        over = not error.retry or all(self._too_late(delivery, now) for delivery in claimed)
        dead = len(claimed) if over else 0
        attempt = max(delivery.attempt for delivery in claimed)
        wait = max(self._backoff_s(attempt), error.after_s)
        with self._hub.database.transaction() as session:
            session.execute(
                _mine(claimed, self._owner).values(
                    state="dead" if over else "waiting",
                    next_at=now + timedelta(seconds=wait),
                    error=error.what[:300],
                    lease_owner="",
                    lease_until=None,
                )
            )
            if error.retry:
                self._trip(_breaker(session, target), now, error)
            if dead:
                text = f"{target.name} did not take a notice: {error.what}"
                raise_alert(
                    session, self._hub.config.notify, UNDELIVERABLE, "warning", text,
                    where=target.name,
                )  # fmt: skip
        self._hub.metrics.effects.labels(target.name, "dead").inc(dead)
        self._hub.metrics.effects.labels(target.name, "failed").inc(len(claimed) - dead)
        log.warning("event=effect_failed target=%s dead=%d error=%r", target.name, dead, error.what)

    def _trip(self, breaker: EffectTarget, now: datetime, error: DeliveryError) -> None:
        """After some failures in a row the receiver is left alone, longer each time."""
        breaker.failures += 1
        breaker.error = error.what[:300]
        over = breaker.failures - BREAKER_FAILURES
        if over < 0 and not error.after_s:
            return
        pause = min(BREAKER_FIRST_S * 2 ** min(max(over, 0), 10), BREAKER_MAX_S)
        pause = max(pause * self._rng.uniform(0.5, 1.0) if over >= 0 else 0.0, error.after_s)
        breaker.open_until = now + timedelta(seconds=pause)
        self._hub.metrics.breaker.labels(breaker.name).set(1)

    def _backoff_s(self, attempt: int) -> float:
        """Full jitter over a doubling window, at least a second."""
        window = min(FIRST_RETRY_S * 2 ** min(attempt - 1, 12), MAX_RETRY_S)
        return max(1.0, self._rng.uniform(0, window))

    def _too_late(self, delivery: Delivery, now: datetime) -> bool:
        age = now - delivery.created_at
        limit = timedelta(hours=self._hub.config.notify.give_up_h)
        return delivery.attempt >= MIN_ATTEMPTS and age >= limit


def _due(target: Target, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Effect.state == "waiting",
        Effect.target == target.name,
        _over(Effect.next_at, now),
        or_(Effect.lease_until.is_(None), _over(Effect.lease_until, now)),
    )


def _over(until: InstrumentedAttribute[Any], now: datetime) -> ColumnElement[bool]:
    """Whether a pause has ended, or never was one."""
    return or_(until <= now, until > now + LONGEST)


def _rests(breaker: EffectTarget, now: datetime) -> bool:
    """Whether the receiver is to be left alone."""
    return breaker.open_until is not None and now < breaker.open_until <= now + LONGEST


def _mine(claimed: Sequence[Delivery], owner: str) -> Update:
    """Only what this dispatcher still holds: its lease may have passed to another."""
    keys = [delivery.key for delivery in claimed]
    return update(Effect).where(Effect.key.in_(keys), Effect.lease_owner == owner)


def _breaker(session: Session, target: Target) -> EffectTarget:
    insert_once(session, EffectTarget, [{"name": target.name}])
    return session.get_one(EffectTarget, target.name, with_for_update=True)
