"""The line: what happens to one captured sample, from pixels to the event in the outbox.

One thread runs it. It never waits for the network: actions run in their own threads, and an
event is finished by the recorder once their outcomes are known. Whatever a model does is an outcome:
it raises, it hangs, it says what no row can carry, and the safe side is done in time.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from edge_agent import shadow as shadowing
from edge_agent.actions.dispatcher import Dispatcher
from edge_agent.alarms.recordings import window_meta
from edge_agent.alarms.watching import Heard, Judgement, Watching
from edge_agent.config import AgentConfig
from edge_agent.deadline import DeadlineGuard
from edge_agent.decide import Outcome, judge, safe, told
from edge_agent.engine.ladder import Loaded
from edge_agent.log import failure, warn
from edge_agent.orders import case_order, order_of, stages_of
from edge_agent.recorder import Pending, Recorder
from edge_agent.selection import Choice, Selection
from edge_agent.shadow import Shadow
from edge_agent.sources.base import Alerts, Captured, Receipt, Settled
from edge_agent.sync.entry import Entry
from edge_agent.update.probation import Tally
from kits.core.errors import DataError
from kits.core.events import DecisionBody
from kits.core.prediction import Prediction
from kits.core.runtime import Payload
from kits.core.sample import new_sample_id, utc_now
from kits.core.window import MEDIA_TYPE, Window, encode_window


@dataclass(frozen=True)
class _Deciding:
    """The bundle that decides, with what is counted of it: a sample counts for who judged it."""

    loaded: Loaded
    tally: Tally

    @property
    def watches(self) -> bool:
        """Whether it watches machines over time."""
        return self.loaded.ready.bundle.operating_point.alarm is not None


@dataclass(frozen=True)
class _Judged:
    """What came of one sample.

    Attributes:
        told: the prediction as JSON; empty without a finite score.
        stages: milliseconds by stage.
    """

    outcome: Outcome
    payload: Payload | None = None
    prediction: Prediction | None = None
    told: Mapping[str, JsonValue] = field(default_factory=dict)
    stages: Mapping[str, float] = field(default_factory=dict)


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
        self._watching = watching
        self._dispatcher = dispatcher
        self._selection = selection
        self._alerts = alerts
        self._deciding: _Deciding | None = None
        self._nobody = Tally()
        self._exchange = threading.Lock()
        self._shadow: Shadow | None = None
        self._guard = DeadlineGuard()
        self.recorder = Recorder(put)
        self.keep_pixels = True
        self.verdicts: Counter[str] = Counter()
        self.failures = 0
        self.unreadable = 0
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
            self._deciding = _Deciding(loaded, Tally())  # the next sample sees the new bundle

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
        judged = self._judge(captured, deciding, deadline_mono)
        in_time = self._guard.disarm()
        if not in_time and judged.outcome.decided:
            judged = replace(judged, outcome=safe("the deadline passed", self._config.safe_side))
        futures = order(judged.outcome) if in_time else guarded
        self.late += not in_time
        body, entry = self._kept(sample_id, captured, deciding, judged)
        self.verdicts[body.verdict] += 1
        self.recorder.take(Pending(body, entry, futures, deadline_mono))
        self._working_since = (
            None  # a candidate has a limit of its own, and hangs at its own expense
        )
        self._run_shadow(judged)

    def _hand_back(self, captured: Captured, deciding: _Deciding | None, receipt: Receipt) -> None:
        """A sample whose source sees to the rest: it waits there, so nothing is late or dropped."""
        sample_id = captured.sample_id or new_sample_id(captured.captured_at)
        judged = self._judge(captured, deciding, math.inf)
        body, entry = self._kept(sample_id, captured, deciding, judged)
        self._working_since = None  # what follows waits for networks, which no model's limit is for
        ready = deciding.loaded.ready if deciding is not None else None
        receipt(Settled(judged.outcome, body, entry, judged.prediction, judged.payload, ready))
        self.verdicts[body.verdict] += 1
        self.recorder.remember(body)
        self._run_shadow(judged)

    def _watch(self, captured: Captured, deciding: _Deciding, watching: Watching) -> None:
        """A window of a machine: what is done follows its case, and no part passes by meanwhile."""
        sample_id = captured.sample_id or new_sample_id(captured.captured_at)
        judged = self._judge(captured, deciding, math.inf)
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
        body, entry = self._kept(sample_id, captured, deciding, judged, heard)
        self.verdicts[body.verdict] += 1
        if heard.shares is None and entry.content is None:
            watching.folded += 1
        else:
            self.recorder.take(Pending(body, entry, futures, deadline_mono))
        if self.keep_pixels:
            for recording in watching.due(captured.at_s, captured.captured_at):
                self._put(recording)
        self._working_since = None
        self._run_shadow(before)

    def _judge(
        self, captured: Captured, deciding: _Deciding | None, deadline_mono: float
    ) -> _Judged:
        safe_side = self._config.safe_side
        if deciding is None:
            return _Judged(safe("no bundle is active", safe_side))
        if captured.unjudged:
            return _Judged(safe(captured.unjudged, safe_side))
        ready, payload = deciding.loaded.ready, captured.payload
        try:
            if captured.media_type and isinstance(payload, bytes):
                payload = ready.runtime.decode(payload, captured.media_type)
            started = time.monotonic()
            prediction, times = ready.predict_timed(payload)
            now = time.monotonic()
            said, stages = told(prediction), stages_of(times)
            outcome = judge(
                ready.bundle.operating_point,
                prediction,
                elapsed_ms=(now - captured.captured_mono) * 1000,
                deadline_ms=(deadline_mono - captured.captured_mono) * 1000,
                safe_side=safe_side,
            )
        except DataError as error:
            self.unreadable += 1
            self._alerts("corrupt-sample", "warning", f"{captured.source}: {error.what}")
            return _Judged(safe("the sample cannot be read", safe_side))
        except Exception as error:  # noqa: BLE001  a model's failure is an outcome: the safe side
            deciding.tally.add(0.0, None)
            self._failed(error)
            return _Judged(safe("the model failed", safe_side), payload)
        failed = outcome.score is None
        self.failures += failed
        deciding.tally.add((now - started) * 1000, None if failed else prediction)
        return _Judged(outcome, payload, prediction, {} if failed else said, stages)

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        warn("model_failed", error=failure(error))
        self._alerts("model-failed", "error", f"the model failed: {type(error).__name__}")

    # -- keeping ---------------------------------------------------------------------------------

    def _kept(
        self,
        sample_id: str,
        captured: Captured,
        deciding: _Deciding | None,
        judged: _Judged,
        heard: Heard | None = None,
    ) -> tuple[DecisionBody, Entry]:
        """The row of a sample, with its bytes where they are worth keeping."""
        encoded: list[tuple[bytes, str]] = []

        def size() -> int:
            encoded.append(self._encoded(captured, deciding, judged))
            return len(encoded[0][0])

        occasion = heard.occasion if heard is not None else None
        choice = Choice("", 0)
        if self.keep_pixels:
            choice = self._selection.choose(judged.outcome, size, occasion)
        content, media_type = encoded[0] if encoded else (b"", captured.media_type)
        if choice.keep and not content:
            choice = Choice("", 0)  # a frame that nothing here can encode
        loaded = deciding.loaded if deciding is not None else None
        body = _body(sample_id, captured, loaded, judged, choice, media_type)
        if heard is not None:
            meta = {**body.meta, "asset": heard.asset, "level": heard.level, **(heard.shares or {})}
            if choice.keep and isinstance(judged.payload, Window):
                meta |= window_meta(judged.payload)
            body = body.model_copy(update={"group": body.group or heard.asset, "meta": meta})
        return body, Entry(
            body, "s", choice.worth, content if choice.keep else None, body.media_type
        )

    def _encoded(
        self, captured: Captured, deciding: _Deciding | None, judged: _Judged
    ) -> tuple[bytes, str]:
        if isinstance(captured.payload, bytes):
            return captured.payload, captured.media_type
        if isinstance(captured.payload, Window):
            return self._encoded_window(captured.payload)
        if deciding is None:
            return b"", ""
        try:
            content, media_type = deciding.loaded.ready.runtime.encode(captured.payload)
            return bytes(content), str(media_type)
        except Exception as error:  # noqa: BLE001  a kit's failure must not end the line
            if judged.prediction is not None:
                deciding.tally.spoil()
            self._failed(error)
            return b"", ""

    def _encoded_window(self, window: Window) -> tuple[bytes, str]:
        try:
            return encode_window(window), MEDIA_TYPE
        except DataError as error:
            self._alerts("corrupt-sample", "warning", f"a window cannot be kept: {error.what}")
            return b"", MEDIA_TYPE

    def _run_shadow(self, judged: _Judged) -> None:
        shadow = self._shadow
        if shadow is not None and judged.payload is not None:
            shadow.take(shadowing.Judged(judged.payload, judged.outcome, judged.prediction))

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


def _body(
    sample_id: str,
    captured: Captured,
    loaded: Loaded | None,
    judged: _Judged,
    choice: Choice,
    media_type: str,
) -> DecisionBody:
    outcome = judged.outcome
    latency = {"total": (time.monotonic() - captured.captured_mono) * 1000, **judged.stages}
    media_types = loaded.ready.bundle.manifest.media_types if loaded is not None else ()
    return DecisionBody(
        sample_id=sample_id,
        captured_at=captured.captured_at,
        source=captured.source,
        group=captured.group,
        media_type=media_type or (media_types[0] if media_types else "application/octet-stream"),
        bundle=loaded.id if loaded is not None else "",
        verdict=outcome.verdict,
        score=outcome.score,
        label=outcome.label,
        reason=outcome.reason,
        prediction=dict(judged.told) if outcome.score is not None else {},
        latency_ms={name: round(value, 3) for name, value in latency.items()},
        kept_for=choice.kept_for,
        meta=dict(captured.meta),
    )
