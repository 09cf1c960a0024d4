"""The line: what happens to one captured sample, from pixels to the event in the outbox.

One thread runs it. It never waits for the network: actions run in their own threads, and an
event is finished by the recorder once their outcomes are known. A model that hangs is too late, and the
safe side is done in time. What a model says is `judging.py`, what is kept of a sample `keeping.py`.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from edge_agent.actions.dispatcher import Dispatcher
from edge_agent.alarms.watching import Judgement, Watching
from edge_agent.config import AgentConfig
from edge_agent.deadline import DeadlineGuard
from edge_agent.decide import Outcome, safe
from edge_agent.engine.ladder import Loaded
from edge_agent.judging import Deciding, Judge, Judged
from edge_agent.keeping import Keeper
from edge_agent.orders import case_order, order_of
from edge_agent.recorder import Pending, Recorder
from edge_agent.selection import Selection
from edge_agent.shadow import Shadow
from edge_agent.sources.base import Alerts, Captured, Receipt, Settled
from edge_agent.sync.entry import Entry
from edge_agent.update.probation import Tally
from kits.core.sample import new_sample_id, utc_now


class Line:
    """Judges samples with the active bundle and sees to what follows.

    Args:
        put: takes entries for the outbox.
        watching: for bundles that watch machines; None: each sample is decided by itself.
    """

    def __init__(
        self,
        config: AgentConfig,
        dispatcher: Dispatcher,
        selection: Selection,
        put: Callable[[Entry], bool],
        alerts: Alerts,
        watching: Watching | None = None,
    ) -> None:
        self._config = config
        self._put = put
        self._alerts = alerts
        self._watching = watching
        self._dispatcher = dispatcher
        self._judge = Judge(config.safe_side, alerts)
        self.keeper = Keeper(selection, self._judge, alerts)
        self._deciding: Deciding | None = None
        self._nobody = Tally()
        self._exchange = threading.Lock()
        self._shadow: Shadow | None = None
        self._guard = DeadlineGuard()
        self.recorder = Recorder(put)
        self.verdicts: Counter[str] = Counter()
        self.late = 0
        self._working_since: float | None = None

    # -- bundles (LineControl) -------------------------------------------------------------------

    @property
    def active(self) -> Loaded | None:
        deciding = self._deciding
        return deciding.loaded if deciding is not None else None

    def has_bundle(self) -> bool:
        """Whether anything but the safe side decides; other threads change it at any time."""
        return self._deciding is not None

    @property
    def tally(self) -> Tally:
        deciding = self._deciding
        return deciding.tally if deciding is not None else self._nobody

    def activate(self, loaded: Loaded) -> None:
        with self._exchange:
            self._deciding = Deciding(loaded, Tally())  # the next sample sees the new bundle

    def exchange(self, old: Loaded, new: Loaded) -> bool:
        """Puts the same bundle on another engine in its place; False when it is no longer active."""
        with self._exchange:
            deciding = self._deciding
            if deciding is None or deciding.loaded is not old:
                return False
            self._deciding = replace(deciding, loaded=new)
            return True

    def begin_shadow(self, loaded: Loaded) -> Tally:
        self.end_shadow()
        hang_s = self._config.update.hang_s
        patience_s = min(self._config.reject_deadline_ms / 1000, hang_s)
        shadow = Shadow(loaded, self._config.safe_side, patience_s=patience_s, hung_s=hang_s)
        self._shadow = shadow
        return shadow.tally

    def end_shadow(self) -> None:
        shadow, self._shadow = self._shadow, None
        if shadow is not None:
            shadow.close()

    @property
    def working_s(self) -> float:
        """How long the sample in work has been in work, seconds; 0 between two samples."""
        since = self._working_since
        return time.monotonic() - since if since is not None else 0.0

    @property
    def failures(self) -> int:
        """Samples of which a model, or its kit, made nothing."""
        return self._judge.failures

    @property
    def unreadable(self) -> int:
        """Samples that could not be read."""
        return self._judge.unreadable

    # -- one sample ------------------------------------------------------------------------------

    def process(self, captured: Captured) -> None:
        """Everything for one sample. Raises nothing that a sample or a model can cause."""
        self._working_since = time.monotonic()
        deciding = self._deciding
        if captured.receipt is not None:
            self._hand_back(captured, deciding, captured.receipt)
            return
        if self._watching is not None and deciding is not None and deciding.watches:
            self._watch(captured, deciding, self._watching)
            return
        deadline_mono = captured.captured_mono + self._config.reject_deadline_ms / 1000
        sample_id = captured.sample_id or new_sample_id(captured.captured_at)
        guarded: dict[str, Future[str]] = {}

        def order(outcome: Outcome) -> dict[str, Future[str]]:
            return self._dispatcher.dispatch(order_of(sample_id, captured, outcome, deadline_mono))

        def too_late() -> None:
            # actions get a little time of their own: the safe side done late is better than never
            late = deadline_mono + self._config.reject_deadline_ms / 1000
            outcome = safe("the deadline passed", self._config.safe_side)
            guarded.update(self._dispatcher.dispatch(order_of(sample_id, captured, outcome, late)))

        self._guard.arm(deadline_mono, too_late)
        judged = self._judge.judged(captured, deciding, deadline_mono)
        in_time = self._guard.disarm()
        if not in_time and judged.outcome.decided:
            judged = replace(judged, outcome=safe("the deadline passed", self._config.safe_side))
        futures = order(judged.outcome) if in_time else guarded
        if not in_time:
            self._was_late(captured)
        body, entry = self.keeper.kept(sample_id, captured, deciding, judged)
        self.verdicts[body.verdict] += 1
        self.recorder.take(Pending(body, entry, futures, deadline_mono))
        self._working_since = None  # a candidate has its own limit, and hangs at its own expense
        self._run_shadow(judged)

    def _was_late(self, captured: Captured) -> None:
        self.late += 1
        side = self._config.safe_side
        nobody = side != "pass" and not self._dispatcher.serves(side)
        self._alerts(
            "decision-late",
            "warning",
            f"{captured.source}: no decision within {self._config.reject_deadline_ms} ms, the safe side decided: {side}"
            + (", and no action is for that: the part has passed on" if nobody else ""),
        )

    def _hand_back(self, captured: Captured, deciding: Deciding | None, receipt: Receipt) -> None:
        """A sample whose source sees to the rest: it waits there, so nothing is late or dropped."""
        sample_id = captured.sample_id or new_sample_id(captured.captured_at)
        judged = self._judge.judged(captured, deciding, math.inf)
        body, entry = self.keeper.kept(sample_id, captured, deciding, judged)
        self._working_since = None  # what follows waits for networks, which no model's limit is for
        ready = deciding.loaded.ready if deciding is not None else None
        receipt(Settled(judged.outcome, body, entry, judged.prediction, judged.payload, ready))
        self.verdicts[body.verdict] += 1
        self.recorder.remember(body)
        self._run_shadow(judged)

    def _watch(self, captured: Captured, deciding: Deciding, watching: Watching) -> None:
        """A window of a machine: what is done follows its case, and no part passes by meanwhile."""
        sample_id = captured.sample_id or new_sample_id(captured.captured_at)
        judged = self._judge.judged(captured, deciding, math.inf)
        heard = watching.hear(
            Judgement(
                captured, sample_id, deciding.loaded.id,
                deciding.loaded.ready.bundle.operating_point,
                judged.outcome, judged.prediction, judged.payload,
            )
        )  # fmt: skip
        deadline_mono = time.monotonic() + self._config.reject_deadline_ms / 1000
        futures: dict[str, Future[str]] = {}
        for step in heard.steps:
            if not step.quiet and step.body.transition != "closed":
                order = case_order(
                    order_of(sample_id, captured, judged.outcome, deadline_mono), step
                )
                futures |= self._dispatcher.dispatch(order)
        before, judged = judged, replace(judged, outcome=heard.outcome)
        body, entry = self.keeper.kept(sample_id, captured, deciding, judged, heard)
        self.verdicts[body.verdict] += 1
        if heard.shares is None and entry.content is None:
            watching.folded += 1
        else:
            self.recorder.take(Pending(body, entry, futures, deadline_mono))
        if self.keeper.keep_pixels:
            for recording in watching.due(captured.at_s, captured.captured_at):
                self._put(recording)
        self._working_since = None
        self._run_shadow(before)

    def _run_shadow(self, judged: Judged) -> None:
        shadow = self._shadow
        if shadow is not None:
            shadow.take(judged)

    def close(self, timeout_s: float = 3.0) -> None:
        """Finishes events whose actions are still running."""
        self._guard.close()
        self.end_shadow()
        if self._watching is not None:
            for recording in self._watching.due(math.inf, utc_now(), at_end=True):
                self._put(recording)
            self._watching.desk.settle(at_end=True)
            self._watching.courses.keep()
        self.recorder.close(timeout_s)
