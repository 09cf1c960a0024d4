"""One turn of pruning: every kind by its rule, in small transactions, for a bounded time.

What is left is for the next turn. Any number of processes may prune at a time: they take turns at
an outbox. What went is counted in the tables, in the metrics and, in sum, under the setting `pruned`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.intake.sealing import seal
from cloud_sync.intake.watch import SEAL_AFTER
from cloud_sync.retention import others
from cloud_sync.retention.rows import Step, prune_portion
from cloud_sync.retention.rules import (
    ALERT_ROWS,
    PICTURES,
    SAMPLES,
    TELEMETRY,
    Rules,
    shares,
)
from cloud_sync.retention.samples import SamplePruner, pin_datasets
from cloud_sync.store.models import Epoch, Setting
from kits.core.errors import KitwrightError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

SETTING = "pruned"
TURN_S = 30.0
PAUSE_S = 0.02
"""Between two transactions, so that the ingest gets its turn at SQLite's one writer."""
FREE_PAGES = 0.25
"""SQLite gives pages back to the disk when more of its file than this is unused."""


class Pruner:
    """One turn.

    Args:
        hub: whose tables and storage.
        now: by which the rules are read.
        clock: monotonic seconds.
        limit_s: it lasts about so long at most.

    Attributes:
        pruned: what went, by kind.
        finished: whether nothing is left that may go.
    """

    def __init__(
        self,
        hub: Hub,
        now: datetime | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        limit_s: float = TURN_S,
    ) -> None:
        self._hub = hub
        self._now = now or utc_now()
        self._rules = Rules.at(hub.config.retention, self._now)
        self._clock = clock
        self._until = clock() + limit_s
        self.pruned: Counter[str] = Counter()
        self.finished = True

    def turn(self) -> Counter[str]:
        """Prunes, telemetry first; what went."""
        outboxes = self._outboxes()
        for outbox, first_at in outboxes.items():
            self._rows(outbox, first_at, "t", TELEMETRY, self._rules.telemetry)
        self._too_many_rows()
        for outbox, first_at in outboxes.items():
            self._rows(outbox, first_at, "a", ALERT_ROWS, self._rules.alerts)
        self._samples(outboxes)
        for old in others.old_rows(self._rules):
            self._repeat(old.kind, partial(_others, old))
        self._shrink()
        if self.pruned:
            self._note()
        return self.pruned

    def _outboxes(self) -> dict[tuple[str, str], datetime]:
        with self._hub.database.session() as session:
            query = select(Epoch.device, Epoch.epoch, Epoch.first_at)
            rows = session.execute(query.order_by(Epoch.device, Epoch.epoch))
            return {(device, epoch): first_at for device, epoch, first_at in rows}

    def _late(self) -> bool:
        if self._clock() < self._until:
            return False
        self.finished = False
        return True

    def _repeat(self, kind: str, step: Callable[[Session], Step]) -> None:
        """Portion by portion, each in its own transaction."""
        more = True
        while more and not self._late():
            with self._hub.database.transaction() as session:
                done = step(session)
            self._count(kind, done.pruned)
            more = done.more
            time.sleep(PAUSE_S)

    def _count(self, kind: str, number: int) -> None:
        if number:
            self.pruned[kind] += number
            self._hub.metrics.pruned.labels(kind).inc(number)

    def _rows(
        self,
        outbox: tuple[str, str],
        first_at: datetime,
        klass: str,
        kind: str,
        before: datetime | None,
    ) -> None:
        if before is None or first_at >= before:
            return
        self._seal(outbox, before)
        self._repeat(kind, lambda session: prune_portion(session, *outbox, klass, before))

    def _seal(self, outbox: tuple[str, str], until: datetime) -> None:
        more = True
        while more and not self._late():
            with self._hub.database.transaction() as session:
                more = seal(session, *outbox, until)
            time.sleep(PAUSE_S)

    def _too_many_rows(self) -> None:
        """More telemetry than `telemetry_rows`: the oldest go before their time."""
        most = self._hub.config.retention.telemetry_rows
        if not most:
            return
        with self._hub.database.session() as session:
            query = select(Epoch.device, Epoch.epoch, Epoch.rows_t - Epoch.pruned_t)
            kept = {(row[0], row[1]): row[2] for row in session.execute(query)}
        for outbox, quota in shares(kept, most).items():
            self._seal(outbox, self._now - SEAL_AFTER)
            self._quota(outbox, quota)

    def _quota(self, outbox: tuple[str, str], quota: int) -> None:
        left = [quota]

        def step(session: Session) -> Step:
            done = prune_portion(session, *outbox, "t", None, quota=left[0])
            left[0] -= done.pruned
            return Step(done.pruned, done.more and left[0] > 0)

        self._repeat(TELEMETRY, step)

    def _samples(self, outboxes: Mapping[tuple[str, str], datetime]) -> None:
        before = self._rules.samples
        if before is None or all(first_at >= before for first_at in outboxes.values()):
            return
        try:
            pin_datasets(self._hub)
            for outbox, first_at in outboxes.items():
                if first_at < before:
                    self._seal(outbox, before)
                    self._samples_of(outbox, before)
        except KitwrightError as error:
            # the storage is away, or a version cannot be read: nothing goes that may be needed
            self.finished = False
            log.warning("event=samples_not_pruned error=%r", error.what)
            self._hub.metrics.loop_errors.labels("retention").inc()

    def _samples_of(self, outbox: tuple[str, str], before: datetime) -> None:
        more = True
        while more and not self._late():
            with self._hub.database.transaction() as session:
                pruner = SamplePruner(self._hub, session, outbox[0], before)
                more = prune_portion(session, *outbox, "s", before, choose=pruner.choose).more
            self._count(SAMPLES, pruner.samples)
            self._count(PICTURES, pruner.pictures)
            time.sleep(PAUSE_S)

    def _shrink(self) -> None:
        """Gives room back to the disk where SQLite's file has much of it unused."""
        while self._hub.database.shrink(FREE_PAGES) and not self._late():
            time.sleep(PAUSE_S)

    def _note(self) -> None:
        with self._hub.database.transaction() as session:
            row = session.get(Setting, SETTING, with_for_update=True)
            sums = Counter(pruned_ever(session)) + self.pruned
            added: dict[str, JsonValue] = dict(sums)
            if row is None:
                session.add(Setting(key=SETTING, value=added))
            else:
                row.value = added
        log.info(
            "event=pruned %s",
            " ".join(f"{k.replace(' ', '_')}={n}" for k, n in self.pruned.items()),
        )


def pruned_ever(session: Session) -> dict[str, int]:
    """Kind → how much was ever pruned here."""
    row = session.get(Setting, SETTING)
    return {k: n for k, n in (row.value if row else {}).items() if isinstance(n, int)}


def _others(old: others.OldRows, session: Session) -> Step:
    count = others.prune_some(session, old)
    return Step(count, count == others.PORTION)
