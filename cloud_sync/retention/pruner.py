"""One turn of pruning: every kind by its rule, in small transactions, for a bounded time.

What is left is for the next turn. Any number of processes may prune at a time. What went is counted in the
tables, in the metrics and, in sum, in `totals.py`. How time is shared out is `turn.py`'s work.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import close_alert, raise_lasting
from cloud_sync.hub import Hub
from cloud_sync.mails.traces import clear_traces
from cloud_sync.retention import others, scores, unknown
from cloud_sync.retention.mails import forget_old
from cloud_sync.retention.outboxes import OutboxPruner
from cloud_sync.retention.pictures import prune_pictures
from cloud_sync.retention.rows import Step
from cloud_sync.retention.rules import (
    ALERT_ROWS,
    LEAD_SCORES,
    MAILS,
    PICTURES,
    TELEMETRY,
    UNKNOWN_LEADS,
    Rules,
)
from cloud_sync.retention.samples import pin_datasets
from cloud_sync.retention.totals import add_pruned
from cloud_sync.retention.turn import Turn
from cloud_sync.store.holding import may_remove_bytes
from kits.core.errors import KitwrightError, MachineError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

TURN_S = 30.0
TRACES = "erased-traces"
_EVER = datetime.fromtimestamp(0, UTC)
FREE_PAGES = 0.25
"""SQLite gives pages back to the disk when more of its file than this is unused."""


class Pruner:
    """One turn.

    Args:
        hub: whose tables and storage.
        now: by which the rules are read.
        clock: monotonic seconds.
        limit_s: it lasts about so long at most.
        whole: all scores of leads are looked at, else a stretch of a large table.
    """

    def __init__(
        self,
        hub: Hub,
        now: datetime | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        limit_s: float = TURN_S,
        whole: bool = False,
    ) -> None:
        self._hub = hub
        self._whole = whole
        self._now = now or utc_now()
        self._rules = Rules.at(hub.config.retention, self._now)
        self._turn = Turn(hub, clock, limit_s)
        self._outboxes = OutboxPruner(hub, self._turn, self._now)
        self._readings = 0
        self._traces_seen = False

    @property
    def pruned(self) -> Counter[str]:
        """What went, by kind."""
        return self._turn.pruned

    @property
    def finished(self) -> bool:
        """Whether nothing is left that may go."""
        return self._turn.finished

    def turn(self) -> Counter[str]:
        """Prunes; what went."""
        self._turn.run(self._kinds())
        if self.pruned:
            with self._hub.database.transaction() as session:
                add_pruned(session, self.pruned)
            told = (f"{kind.replace(' ', '_')}={n}" for kind, n in self.pruned.items())
            log.info("event=pruned %s", " ".join(told))
        return self.pruned

    def _kinds(self) -> Sequence[Callable[[], None]]:
        """What is done for every kind, in this order."""
        rules, outboxes = self._rules, self._outboxes
        return (
            partial(outboxes.old_rows, "t", TELEMETRY, rules.telemetry),
            outboxes.too_many_rows,
            partial(outboxes.old_rows, "a", ALERT_ROWS, rules.alerts),
            partial(outboxes.old_samples, rules.samples),
            self._mails,
            self._pictures,
            self._scores,
            self._unknown,
            *(
                partial(self._turn.repeat, old.kind, partial(_others, old))
                for old in others.old_rows(rules)
            ),
            self._traces,
            self._shrink,
        )

    def _traces(self) -> None:
        """What the database's files still hold of those who were erased; once a turn, however often it goes round."""
        if self._traces_seen:
            return
        self._traces_seen = True
        why = "it is so large that nobody could write to it for long"
        try:
            cleared = clear_traces(self._hub)
        except MachineError as error:
            cleared, why = False, error.what
            self._hub.metrics.loop_errors.labels("retention").inc()
        with self._hub.database.transaction() as session:
            if cleared:
                close_alert(session, TRACES)
            else:
                raise_lasting(
                    session, self._hub.config.notify, TRACES, "warning",
                    f"the database's files were not written anew after somebody was erased, and may hold traces of them: {why};"
                    " restart the hub at a quiet hour, and above 8 GiB run VACUUM (on PostgreSQL VACUUM FULL) yourself",
                    where="", since=_EVER,
                )  # fmt: skip

    def _mails(self) -> None:
        """What mails say; the mails of dataset versions are marked before."""
        before = self._rules.mails
        if before is None or self._turn.waits:
            return
        try:
            pin_datasets(self._hub)
        except KitwrightError as error:
            self._turn.put_off(error)
            return
        self._turn.repeat(MAILS, partial(forget_old, before=before, now=self._now))

    def _pictures(self) -> None:
        more = not self._turn.waits
        while more:
            with may_remove_bytes(self._hub.config.data_dir) as free:
                if not free:  # a backup reads them, or another process removes some
                    self._turn.waits = True
                    return
                try:
                    done = prune_pictures(self._hub)
                except KitwrightError as error:
                    self._turn.put_off(error)
                    return
            more = self._turn.counted(PICTURES, done)

    def _scores(self) -> None:
        most = self._hub.config.retention.crm_scores_per_lead
        if not (self._rules.crm_scores or most):
            return
        with self._hub.database.session() as session:
            began = scores.place(session)
        ended = self._scores_after(began, most)
        if self._whole and began and not ended:
            ended = self._scores_after(0, most)
        if ended != began:
            with self._hub.database.transaction() as session:
                scores.keep_place(session, ended)

    def _scores_after(self, after: int, most: int) -> int:
        """What is found in one reading goes in portions: nobody waits for the search. Where the next turn goes on."""
        while self._whole or self._readings < scores.READINGS:
            with self._hub.database.session() as session:
                found = scores.find_old(session, self._rules, most, after)
            for start in range(0, len(found.old), others.PORTION):
                with self._hub.database.transaction() as session:
                    gone = scores.remove(session, found.old[start : start + others.PORTION])
                if not self._turn.counted(LEAD_SCORES, Step(gone, True)):
                    return after
            self._readings += not found.old
            after = found.end
            if not after or self._turn.late():
                break
        return after

    def _unknown(self) -> None:
        most = self._hub.config.retention.crm_unknown_leads
        self._turn.repeat(
            UNKNOWN_LEADS, partial(unknown.prune, before=self._rules.crm_unknown, most=most)
        )

    def _shrink(self) -> None:
        """Gives room back to the disk where SQLite's file has much of it unused."""
        while self._hub.database.shrink(FREE_PAGES):
            self._turn.pause()
            if self._turn.late():
                return


def _others(old: others.OldRows, session: Session) -> Step:
    count = others.prune_some(session, old)
    return Step(count, count == others.PORTION)
