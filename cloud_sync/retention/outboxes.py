"""Pruning what came from outboxes: rows by their age and by their number, and samples that nothing needs.

Rows are sealed before they go, so that the ledger still knows that they came. Outboxes that have nothing to
give cost nothing of the time, and processes that prune beside each other take turns at one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.intake.sealing import seal
from cloud_sync.intake.watch import SEAL_AFTER
from cloud_sync.retention.rows import Step, due, prune_portion
from cloud_sync.retention.rules import SAMPLES, TELEMETRY, shares
from cloud_sync.retention.samples import SamplePruner, pin_datasets
from cloud_sync.retention.turn import Turn
from cloud_sync.store.models import Epoch
from kits.core.errors import KitwrightError

Outbox = tuple[str, str]
"""Device and epoch."""


class OutboxPruner:
    """Prunes outboxes within a turn.

    Args:
        now: by which the rules are read.
    """

    def __init__(self, hub: Hub, turn: Turn, now: datetime) -> None:
        self._hub = hub
        self._turn = turn
        self._now = now

    def old_rows(self, klass: str, kind: str, before: datetime | None) -> None:
        """Rows of a class that came before a time; None: none of them goes."""
        if before is None:
            return
        for outbox in self._due(klass, before):
            self._seal(outbox, before)
            device, epoch = outbox
            step = partial(prune_portion, device=device, epoch=epoch, klass=klass, before=before)
            self._turn.repeat(kind, step)

    def too_many_rows(self) -> None:
        """More telemetry than `telemetry_rows`: the oldest go before their time."""
        most = self._hub.config.retention.telemetry_rows
        if not most:
            return
        with self._hub.database.session() as session:
            query = select(Epoch.device, Epoch.epoch, Epoch.rows_t - Epoch.pruned_t)
            kept = {(row[0], row[1]): row[2] for row in session.execute(query)}
        for number, (outbox, quota) in enumerate(shares(kept, most).items()):
            if number and self._turn.late():
                return
            self._seal(outbox, self._now - SEAL_AFTER)
            self._quota(outbox, quota)

    def old_samples(self, before: datetime | None) -> None:
        """Samples that came before a time and that nobody needs; None: none of them goes."""
        if before is None or self._turn.waits:
            return
        for number, outbox in enumerate(self._due("s", before)):
            try:
                if not number:
                    pin_datasets(self._hub)
            except KitwrightError as error:  # the storage is away, or a version cannot be read
                self._turn.put_off(error)
                return
            self._seal(outbox, before)
            self._samples_of(outbox, before)

    def _due(self, klass: str, before: datetime) -> Iterator[Outbox]:
        """Outboxes with something to do, until the time of their kind is over."""
        with self._hub.database.session() as session:
            found = due(session, klass, before)
        for number, outbox in enumerate(found):
            if number and self._turn.late():
                return
            yield outbox

    def _seal(self, outbox: Outbox, until: datetime) -> None:
        more = True
        while more:
            with self._hub.database.transaction() as session:
                more = seal(session, *outbox, until)
            self._turn.pause()
            more = more and not self._turn.late()

    def _quota(self, outbox: Outbox, quota: int) -> None:
        left = [quota]

        def step(session: Session) -> Step:
            done = prune_portion(session, *outbox, "t", None, quota=left[0])
            left[0] -= done.pruned
            return Step(done.pruned, done.more and left[0] > 0)

        self._turn.repeat(TELEMETRY, step)

    def _samples_of(self, outbox: Outbox, before: datetime) -> None:
        def step(session: Session) -> Step:
            pruner = SamplePruner(session, outbox[0], before)
            done = prune_portion(session, *outbox, "s", before, choose=pruner.choose)
            return Step(pruner.samples, done.more)

        self._turn.repeat(SAMPLES, step)
