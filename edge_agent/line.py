"""The line: what happens to one captured sample, from pixels to the event in the outbox.

One thread runs it. It never waits for the network: actions run in their own threads, and an
event is finished by the recorder once their outcomes are known. A deadline guard does the safe
side in time even while a model hangs.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from edge_agent import shadow as shadowing
from edge_agent.actions.base import Order
from edge_agent.actions.dispatcher import Dispatcher, collect
from edge_agent.config import AgentConfig
from edge_agent.decide import Outcome, judge, safe
from edge_agent.engine.ladder import Loaded
from edge_agent.log import log, warn
from edge_agent.selection import Choice, Selection
from edge_agent.shadow import Shadow
from edge_agent.sources.base import Alerts, Captured
from edge_agent.sync.entry import Entry
from edge_agent.update.probation import Tally
from kits.core.errors import DataError
from kits.core.events import DecisionBody
from kits.core.operating_point import Verdict
from kits.core.prediction import Prediction, prediction_to_json
from kits.core.runtime import Payload, StageTimes
from kits.core.sample import new_sample_id

_RECORDER_QUEUE = 256
_REMEMBERED = 20


@dataclass(frozen=True)
class _Judged:
    outcome: Outcome
    payload: Payload | None = None
    prediction: Prediction | None = None
    times: StageTimes | None = None


class DeadlineGuard:
    """Runs a callback when the armed deadline passes; one deadline at a time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: float | None = None
        self._callback: Callable[[], None] = lambda: None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="deadline", daemon=True)
        self._thread.start()

    def arm(self, due: float, callback: Callable[[], None]) -> None:
        """`due` in monotonic seconds."""
        with self._changed:
            self._due, self._callback = due, callback
            self._changed.notify()

    def disarm(self) -> bool:
        """True when it was in time; False when the callback ran."""
        with self._changed:
            in_time = self._due is not None
            self._due = None
        return in_time

    def close(self) -> None:
        """Ends the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(1.0)

    def _run(self) -> None:
        with self._changed:
            while not self._closed:
                left = None if self._due is None else self._due - time.monotonic()
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                self._due = None
                self._callback()  # only hands orders to queues: quick enough to hold the lock


class Line:
    """Judges samples with the active bundle and sees to what follows.

    Args:
        put: takes entries for the outbox.
    """

    def __init__(
        self,
        config: AgentConfig,
        dispatcher: Dispatcher,
        selection: Selection,
        put: Callable[[Entry], bool],
        alerts: Alerts,
    ) -> None:
        self._config = config
        self._dispatcher = dispatcher
        self._selection = selection
        self._put = put
        self._alerts = alerts
        self._active: Loaded | None = None
        self._exchange = threading.Lock()
        self._shadow: Shadow | None = None
        self._tally = Tally()
        self._guard = DeadlineGuard()
        self._pending: queue.Queue[tuple[DecisionBody, Entry, dict[str, Future[str]], float] | None]
        self._pending = queue.Queue(_RECORDER_QUEUE)
        self._recorder = threading.Thread(target=self._record, name="recorder", daemon=True)
        self._recorder.start()
        self.keep_pixels = True
        self.verdicts: Counter[str] = Counter()
        self.failures = 0
        self.unreadable = 0
        self.late = 0
        self.recent: deque[DecisionBody] = deque(maxlen=_REMEMBERED)
        self._working_since: float | None = None

    # -- bundles (LineControl) -------------------------------------------------------------------

    @property
    def active(self) -> Loaded | None:
        return self._active

    def has_bundle(self) -> bool:
        """Whether anything but the safe side decides; other threads change it at any time."""
        return self._active is not None

    @property
    def tally(self) -> Tally:
        return self._tally

    def activate(self, loaded: Loaded) -> None:
        with self._exchange:
            self._tally = Tally()
            self._active = loaded  # one assignment: the next sample sees the new bundle

    def exchange(self, old: Loaded, new: Loaded) -> bool:
        """Puts the same bundle on another engine in its place; False when it is no longer active."""
        with self._exchange:
            if self._active is not old:
                return False
            self._active = new
            return True

    def begin_shadow(self, loaded: Loaded) -> Tally:
        self.end_shadow()
        patience_s = self._config.reject_deadline_ms / 1000
        shadow = Shadow(loaded, self._config.safe_side, patience_s=patience_s)
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
        loaded = self._active
        deadline_mono = captured.captured_mono + self._config.reject_deadline_ms / 1000
        sample_id = new_sample_id(captured.captured_at)
        guarded: dict[str, Future[str]] = {}

        def order(outcome: Outcome) -> dict[str, Future[str]]:
            return self._dispatcher.dispatch(_order(sample_id, captured, outcome, deadline_mono))

        def too_late() -> None:
            # actions get a little time of their own: the safe side done late is better than never
            late = deadline_mono + self._config.reject_deadline_ms / 1000
            outcome = safe("the deadline passed", self._config.safe_side)
            guarded.update(self._dispatcher.dispatch(_order(sample_id, captured, outcome, late)))

        self._guard.arm(deadline_mono, too_late)
        judged = self._judge(captured, loaded, deadline_mono)
        in_time = self._guard.disarm()
        if not in_time and judged.outcome.decided:
            judged = _Judged(
                safe("the deadline passed", self._config.safe_side),
                judged.payload,
                judged.prediction,
                judged.times,
            )
        futures = order(judged.outcome) if in_time else guarded
        self.late += not in_time
        self._keep(sample_id, captured, loaded, judged, futures, deadline_mono)
        self._run_shadow(judged)
        self._working_since = None

    def _judge(self, captured: Captured, loaded: Loaded | None, deadline_mono: float) -> _Judged:
        safe_side = self._config.safe_side
        if loaded is None:
            return _Judged(safe("no bundle is active", safe_side))
        payload: Payload | None = None
        try:
            payload = captured.payload
            if captured.media_type and isinstance(payload, bytes):
                payload = loaded.ready.runtime.decode(payload, captured.media_type)
            started = time.monotonic()
            prediction, times = loaded.ready.predict_timed(payload)
            predicted_ms = (time.monotonic() - started) * 1000
        except DataError as error:
            self.unreadable += 1
            self._alerts("corrupt-sample", "warning", f"{captured.source}: {error.what}")
            return _Judged(safe("the sample cannot be read", safe_side))
        except Exception as error:  # noqa: BLE001  a model's failure is an outcome: the safe side
            self._failed(error)
            return _Judged(safe("the model failed", safe_side), payload)
        elapsed_ms = (time.monotonic() - captured.captured_mono) * 1000
        outcome = judge(
            loaded.ready.bundle.operating_point,
            prediction,
            elapsed_ms=elapsed_ms,
            deadline_ms=(deadline_mono - captured.captured_mono) * 1000,
            safe_side=safe_side,
        )
        failed = outcome.score is None
        self.failures += failed
        self._tally.add(predicted_ms, None if failed else prediction)
        return _Judged(outcome, payload, prediction, times)

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self._tally.add(0.0, None)
        warn("model_failed", error=repr(error))
        self._alerts("model-failed", "error", f"the model failed: {type(error).__name__}")

    # -- keeping ---------------------------------------------------------------------------------

    def _keep(
        self,
        sample_id: str,
        captured: Captured,
        loaded: Loaded | None,
        judged: _Judged,
        futures: dict[str, Future[str]],
        deadline_mono: float,
    ) -> None:
        encoded: list[tuple[bytes, str]] = []

        def size() -> int:
            encoded.append(_encoded(captured, loaded))
            return len(encoded[0][0])

        choice = self._selection.choose(judged.outcome, size) if self.keep_pixels else Choice("", 0)
        content, media_type = encoded[0] if encoded else (b"", captured.media_type)
        if choice.keep and not content:
            choice = Choice("", 0)  # a frame that nothing here can encode
        body = _body(sample_id, captured, loaded, judged, choice, media_type)
        entry = Entry(body, "s", choice.worth, content if choice.keep else None, media_type)
        self.verdicts[body.verdict] += 1
        try:
            self._pending.put_nowait((body, entry, futures, deadline_mono))
        except queue.Full:
            # the recorder is behind: the event goes without its actions' outcomes
            self._put(entry)

    def _record(self) -> None:
        while (item := self._pending.get()) is not None:
            body, entry, futures, deadline_mono = item
            body = body.model_copy(update={"actions": collect(futures, deadline_mono)})
            self.recent.append(body)
            done = Entry(body, entry.klass, entry.worth, entry.content, entry.media_type)
            if not self._put(done):
                log("sample_refused", sample=body.sample_id)

    def _run_shadow(self, judged: _Judged) -> None:
        shadow = self._shadow
        if shadow is not None and judged.payload is not None:
            shadow.take(shadowing.Judged(judged.payload, judged.outcome, judged.prediction))

    def close(self, timeout_s: float = 3.0) -> None:
        """Finishes events whose actions are still running."""
        self._guard.close()
        self.end_shadow()
        self._pending.put(None)
        self._recorder.join(timeout_s)


def _order(sample_id: str, captured: Captured, outcome: Outcome, deadline_mono: float) -> Order:
    return Order(
        sample_id=sample_id,
        verdict=outcome.verdict,
        label=outcome.label,
        score=outcome.score,
        captured_at=captured.captured_at,
        deadline_mono=deadline_mono,
        reason=outcome.reason,
    )


def _encoded(captured: Captured, loaded: Loaded | None) -> tuple[bytes, str]:
    if isinstance(captured.payload, bytes):
        return captured.payload, captured.media_type
    if loaded is None:
        return b"", ""
    return loaded.ready.runtime.encode(captured.payload)


def _body(
    sample_id: str,
    captured: Captured,
    loaded: Loaded | None,
    judged: _Judged,
    choice: Choice,
    media_type: str,
) -> DecisionBody:
    outcome, times = judged.outcome, judged.times
    total_ms = (time.monotonic() - captured.captured_mono) * 1000
    latency = {"total": round(total_ms, 3)}
    if times is not None:
        latency.update(pre=times.pre_ms, infer=times.infer_ms, post=times.post_ms)
    media_types = loaded.ready.bundle.manifest.media_types if loaded is not None else ()
    finite = outcome.score is not None and judged.prediction is not None
    verdict: Verdict = outcome.verdict
    return DecisionBody(
        sample_id=sample_id,
        captured_at=captured.captured_at,
        source=captured.source,
        group=captured.group,
        media_type=media_type or (media_types[0] if media_types else "application/octet-stream"),
        bundle=loaded.id if loaded is not None else "",
        verdict=verdict,
        score=outcome.score,
        label=outcome.label,
        reason=outcome.reason,
        prediction=prediction_to_json(judged.prediction) if finite and judged.prediction else {},
        latency_ms={name: round(value, 3) for name, value in latency.items()},
        kept_for=choice.kept_for,
        meta=dict(captured.meta),
    )
