"""One turn of pruning: every kind by its rule, in small transactions, for a bounded time.

Each kind has its share of that time, and outboxes that have nothing to give cost nothing of it.
What is left is for the next turn. Any number of processes may prune at a time: they take turns at
an outbox. What went is counted in the tables, in the metrics and, in sum, under the setting `pruned`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.intake.sealing import seal
from cloud_sync.intake.watch import SEAL_AFTER
from cloud_sync.retention import others, scores
from cloud_sync.retention.mails import forget_old
from cloud_sync.retention.pictures import prune_pictures
from cloud_sync.retention.rows import Step, due, prune_portion
from cloud_sync.retention.rules import (
    ALERT_ROWS,
    LEAD_SCORES,
    MAILS,
    PICTURES,
    SAMPLES,
    TELEMETRY,
    Rules,
    shares,
)
from cloud_sync.retention.samples import SamplePruner, pin_datasets
from cloud_sync.store.holding import may_remove_bytes
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
        self._end = self._until = clock() + limit_s
        self._cut = self._waits = False
        self.pruned: Counter[str] = Counter()
        self.finished = False

    def turn(self) -> Counter[str]:
        """Prunes; what went."""
        again = True
        while again:
            self._cut = False
            self._round()
            again = self._cut and self._clock() < self._end
        self.finished = not (self._cut or self._waits)
        if self.pruned:
            self._note()
        return self.pruned

    def _round(self) -> None:
        """Every kind once. What one leaves of its time is for those after it; none takes theirs."""
        kinds: list[Callable[[], None]] = [
            partial(self._rows, "t", TELEMETRY, self._rules.telemetry),
            self._too_many_rows,
            partial(self._rows, "a", ALERT_ROWS, self._rules.alerts),
            self._samples,
            self._mails,
            self._pictures,
            self._scores,
            *(
                partial(self._repeat, old.kind, partial(_others, old))
                for old in others.old_rows(self._rules)
            ),
            self._shrink,
        ]
        for done, prune in enumerate(kinds):
            now = self._clock()
            self._until = now + max(0.0, self._end - now) / (len(kinds) - done)
            prune()

    def _late(self) -> bool:
        if self._clock() < self._until:
            return False
        self._cut = True
        return True

    def _repeat(self, kind: str, step: Callable[[Session], Step]) -> None:
        """Portion by portion, each in its own transaction; one of them however late it is."""
        more = True
        while more:
            with self._hub.database.transaction() as session:
                done = step(session)
            self._count(kind, done.pruned)
            time.sleep(PAUSE_S)
            more = done.more and not self._late()

    def _count(self, kind: str, number: int) -> None:
        if number:
            self.pruned[kind] += number
            self._hub.metrics.pruned.labels(kind).inc(number)

    def _due(self, klass: str, before: datetime) -> Iterator[tuple[str, str]]:
        """Outboxes with something to do, until the time of their kind is over."""
        with self._hub.database.session() as session:
            found = due(session, klass, before)
        for number, outbox in enumerate(found):
            if number and self._late():
                return
            yield outbox

    def _rows(self, klass: str, kind: str, before: datetime | None) -> None:
        if before is None:
            return
        for outbox in self._due(klass, before):
            self._seal(outbox, before)
            device, epoch = outbox
            step = partial(prune_portion, device=device, epoch=epoch, klass=klass, before=before)
            self._repeat(kind, step)

    def _seal(self, outbox: tuple[str, str], until: datetime) -> None:
        more = True
        while more:
            with self._hub.database.transaction() as session:
                more = seal(session, *outbox, until)
            time.sleep(PAUSE_S)
            more = more and not self._late()

    def _too_many_rows(self) -> None:
        """More telemetry than `telemetry_rows`: the oldest go before their time."""
        most = self._hub.config.retention.telemetry_rows
        if not most:
            return
        with self._hub.database.session() as session:
            query = select(Epoch.device, Epoch.epoch, Epoch.rows_t - Epoch.pruned_t)
            kept = {(row[0], row[1]): row[2] for row in session.execute(query)}
        for number, (outbox, quota) in enumerate(shares(kept, most).items()):
            if number and self._late():
                return
            self._seal(outbox, self._now - SEAL_AFTER)
            self._quota(outbox, quota)

    def _quota(self, outbox: tuple[str, str], quota: int) -> None:
        left = [quota]

        def step(session: Session) -> Step:
            done = prune_portion(session, *outbox, "t", None, quota=left[0])
            left[0] -= done.pruned
            return Step(done.pruned, done.more and left[0] > 0)

        self._repeat(TELEMETRY, step)

    def _samples(self) -> None:
        before = self._rules.samples
        if before is None or self._waits:
            return
        for number, outbox in enumerate(self._due("s", before)):
            try:
                if not number:
                    pin_datasets(self._hub)
            except KitwrightError as error:
                # the storage is away, or a version cannot be read: nothing goes that may be needed
                self._put_off(error)
                return
            self._seal(outbox, before)
            self._samples_of(outbox, before)

    def _samples_of(self, outbox: tuple[str, str], before: datetime) -> None:
        more = True
        while more:
            with self._hub.database.transaction() as session:
                pruner = SamplePruner(session, outbox[0], before)
                more = prune_portion(session, *outbox, "s", before, choose=pruner.choose).more
            self._count(SAMPLES, pruner.samples)
            time.sleep(PAUSE_S)
            more = more and not self._late()

    def _mails(self) -> None:
        """What mails say; the mails of dataset versions are marked before."""
        before = self._rules.mails
        if before is None or self._waits:
            return
        try:
            pin_datasets(self._hub)
        except KitwrightError as error:
            self._put_off(error)
            return
        self._repeat(MAILS, partial(forget_old, before=before, now=self._now))

    def _pictures(self) -> None:
        more = not self._waits
        while more:
            with may_remove_bytes(self._hub.config.data_dir) as free:
                if not free:  # a backup reads them, or another process removes some
                    self._waits = True
                    return
                try:
                    done = prune_pictures(self._hub)
                except KitwrightError as error:
                    self._put_off(error)
                    return
            self._count(PICTURES, done.pruned)
            time.sleep(PAUSE_S)
            more = done.more and not self._late()

    def _scores(self) -> None:
        """What is found in one reading goes in portions: nobody waits for the search."""
        most = self._hub.config.retention.crm_scores_per_lead
        more = bool(self._rules.crm_scores or most)
        while more:
            with self._hub.database.session() as session:
                found = scores.find_old(session, self._rules, most)
            for start in range(0, len(found), others.PORTION):
                with self._hub.database.transaction() as session:
                    gone = scores.remove(session, found[start : start + others.PORTION])
                self._count(LEAD_SCORES, gone)
                time.sleep(PAUSE_S)
                if self._late():
                    return
            more = len(found) == scores.AT_ONCE

    def _put_off(self, error: KitwrightError) -> None:
        self._waits = True
        log.warning("event=samples_not_pruned error=%r", error.what)
        self._hub.metrics.loop_errors.labels("retention").inc()

    def _shrink(self) -> None:
        """Gives room back to the disk where SQLite's file has much of it unused."""
        while self._hub.database.shrink(FREE_PAGES):
            time.sleep(PAUSE_S)
            if self._late():
                return

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
