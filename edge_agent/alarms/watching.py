"""What a window of a watched machine means: its asset, the state of its sensors, its case, its row.

The line asks once per window. Cases are the desk's business, bytes the recordings'; here it is decided which
of them a window reaches, and which windows share a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pydantic import JsonValue

from edge_agent.alarms.config import AlarmsConfig
from edge_agent.alarms.courses import Courses, figures_of
from edge_agent.alarms.desk import CaseDesk
from edge_agent.alarms.recordings import Recordings, Wanted, row_of
from edge_agent.alarms.steps import Sight, Step
from edge_agent.decide import Outcome
from edge_agent.log import log
from edge_agent.selection import Occasion, Selection
from edge_agent.sources.base import Alerts, Captured
from edge_agent.sync.entry import Entry
from kits.core.errors import DataError
from kits.core.events import MAX_NAME
from kits.core.hub_api import WindowRequest
from kits.core.operating_point import OperatingPoint, Verdict
from kits.core.prediction import Prediction
from kits.core.runtime import Payload
from kits.core.sample import utc_now
from kits.core.window import MEDIA_TYPE, Window, encode_window

VERDICTS: Mapping[str, Verdict] = {"alarm": "act", "warn": "review", "normal": "pass"}
"""For whom a step's actions are, by the level it leads to."""
_DAY_S = 86_400.0
_WORDS = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """A window with what the model made of it.

    Attributes:
        payload: as it was judged, None when it could not be read.
    """

    captured: Captured
    sample_id: str
    bundle: str
    point: OperatingPoint
    outcome: Outcome
    prediction: Prediction | None
    payload: Payload | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What follows from a window.

    Attributes:
        level: of the asset after this window.
        outcome: as the model's, but a faulty sensor never acts.
        occasion: what the choice of bytes needs to know.
        shares: for the row: how many windows it stands for; None: it shares a later one.
    """

    asset: str
    level: str
    outcome: Outcome
    steps: tuple[Step, ...]
    occasion: Occasion
    shares: Mapping[str, JsonValue] | None


@dataclass
class _Unsaid:
    """Windows of an asset since its last row."""

    row_s: float = float("-inf")
    seen_s: float | None = None
    verdict: str = ""
    windows: int = 0
    low: float = float("inf")
    high: float = float("-inf")
    unknown: bool = False


class Watching:
    """Hears windows of watched machines.

    Args:
        recordings: None: the source keeps nothing of the past.
        courses: of figures over days; None: kept in memory only.
        selection: pays for recordings.

    Attributes:
        folded: windows that share a later row.
        recorded: pieces of raw signals that were kept around alarms.
        over_budget: pieces not kept because the day's budget was used up.
        sensor_faults: windows with a faulty sensor.
    """

    def __init__(
        self,
        config: AlarmsConfig,
        desk: CaseDesk,
        selection: Selection,
        alerts: Alerts,
        recordings: Recordings | None = None,
        courses: Courses | None = None,
    ) -> None:
        self._config = config
        self._selection = selection
        self._alerts = alerts
        self._unsaid: dict[str, _Unsaid] = {}
        self.desk = desk
        self.recordings = recordings
        self.courses = courses or Courses(None, config.max_assets)
        self.folded = 0
        self.recorded = 0
        self.over_budget = 0
        self.sensor_faults = 0
        self._sent = 0
        self._newest: tuple[float, datetime] | None = None
        self._asked: set[str] = set()
        self._faulty: set[str] = set()

    def hear(self, judged: Judgement) -> Heard:
        """Everything about one window but its bytes and its row."""
        asset, prediction = asset_of(judged), judged.prediction
        outcome = judged.outcome
        steps: tuple[Step, ...] = ()
        fault = _sensor_fault(prediction)
        if fault:
            self.sensor_faults += 1
            self._tell_fault(asset, fault)
            outcome = _without_act(outcome, fault)
        elif prediction is not None and outcome.score is not None:
            self._faulty.discard(asset)
            self._alerts(f"sensor-fault-{asset}", "info", f"{asset}: its sensors are well again")
            sight = self._sight(judged, asset, prediction)
            steps = self.desk.look(judged.point, sight)
            self._want_recordings(judged, steps, sight)
        return self._heard(judged, asset, outcome, steps)

    def _sight(self, judged: Judgement, asset: str, prediction: Prediction) -> Sight:
        at = judged.captured.captured_at
        figures = figures_of(prediction)
        self.courses.add(asset, at.timestamp(), figures)
        # whatever a model gives as a reason is words here, and never an error
        told = [str(getattr(reason, "text", reason)) for reason in prediction.reasons[:_WORDS]]
        if told and prediction.score >= judged.point.default.review_from:
            name = str(getattr(prediction.reasons[0], "field", ""))
            if name in figures:
                came = self.courses.words(asset, at.timestamp(), name, figures[name])
                told[0] += f", {came}" if came else ""
        return Sight(
            asset=asset,
            at_s=judged.captured.at_s,
            at=at,
            score=prediction.score,
            label=judged.outcome.label or prediction.label,
            reason="; ".join(told) or judged.outcome.reason,
            sample_id=judged.sample_id,
            bundle=judged.bundle,
        )

    def _tell_fault(self, asset: str, fault: str) -> None:
        """Of as many assets as are watched: an alert per name that a source makes up helps nobody."""
        if asset not in self._faulty and len(self._faulty) >= self._config.max_assets:
            return
        self._faulty.add(asset)
        self._alerts(f"sensor-fault-{asset}", "warning", f"{asset}: {fault}")

    def _heard(
        self, judged: Judgement, asset: str, outcome: Outcome, steps: tuple[Step, ...]
    ) -> Heard:
        at_s = judged.captured.at_s
        unsaid = self._unsaid.get(asset)
        if unsaid is None:
            unsaid = _Unsaid(
                unknown=True
            )  # what is beyond the bound is never the first of a stretch
            if len(self._unsaid) < self._config.max_assets:
                self._unsaid[asset] = unsaid = _Unsaid()
        span_s = max(0.0, at_s - unsaid.seen_s) if unsaid.seen_s is not None else 0.0
        unsaid.seen_s = at_s
        audit_rate = min(1.0, self._config.audit_per_day * span_s / _DAY_S)
        occasion = Occasion(
            asset, bool(steps), audit_rate, self._config.novel_per_day,
            _unknown(unsaid, judged.prediction), self._config.unknown_per_day,
        )  # fmt: skip
        level, shares = self.desk.level(asset), self._shares(unsaid, outcome, steps, at_s)
        return Heard(asset, level, outcome, steps, occasion, shares)

    def _shares(
        self, unsaid: _Unsaid, outcome: Outcome, steps: tuple[Step, ...], at_s: float
    ) -> Mapping[str, JsonValue] | None:
        unsaid.windows += 1
        if outcome.score is not None:
            unsaid.low, unsaid.high = (
                min(unsaid.low, outcome.score),
                max(unsaid.high, outcome.score),
            )
        gone_s = at_s - unsaid.row_s
        due = steps or outcome.verdict != unsaid.verdict or not 0 <= gone_s < self._config.rows_s
        if not due:
            return None
        shares: dict[str, JsonValue] = {}
        if unsaid.windows > 1:
            shares = {"windows": unsaid.windows}
            if unsaid.low <= unsaid.high:
                shares |= {"score_low": unsaid.low, "score_high": unsaid.high}
        unsaid.row_s, unsaid.verdict, unsaid.windows = at_s, outcome.verdict, 0
        unsaid.low, unsaid.high = float("inf"), float("-inf")
        return shares

    # -- raw signals -----------------------------------------------------------------------------

    def _want_recordings(self, judged: Judgement, steps: tuple[Step, ...], sight: Sight) -> None:
        if self.recordings is None:
            return
        for step in steps:
            if step.body.transition not in ("opened", "escalated"):
                continue
            body, now_s = step.body, judged.captured.at_s
            onset_s = now_s - max(0.0, (body.at - body.since).total_seconds())
            after_s = now_s + self._config.after_s
            for start_s, end_s in ((onset_s - self._config.before_s, now_s), (now_s, after_s)):
                self.recordings.want(
                    Wanted(
                        sight.asset, start_s, end_s, VERDICTS[body.level],
                        f"recorded around the {body.level} of case {body.case_id}",
                        {"case": body.case_id, "step": body.transition},
                        source=judged.captured.source, bundle=judged.bundle,
                    )
                )  # fmt: skip

    def due(self, at_s: float, at: datetime, *, at_end: bool = False) -> Iterator[Entry]:
        """Raw signals whose time has come, as entries for the outbox.

        Args:
            at_s: now on the source's clock; at the end of everything all that waits is due.
        """
        if self.recordings is None:
            return
        if not at_end:
            self._newest = at_s, at
        if self._newest is None:
            return  # nothing was ever kept here: the disk had no room
        now_s, now = self._newest
        for wanted, window in self.recordings.due(at_s, at_end=at_end):
            if window is None:
                self._answered(wanted)
                continue
            try:
                content = encode_window(window)
            except DataError as error:
                self._alerts("corrupt-sample", "warning", f"{wanted.asset}: {error.in_a_line}")
                continue
            if not self._selection.pay(len(content)):
                self.over_budget += 1
                continue
            self.recorded += 1
            self._sent += 1
            started = window.started_at
            # a recording may be of another time than its playing: both on the clock of captures
            ago_s = now_s - started.timestamp() if started is not None else 0.0
            body = row_of(wanted, window, now - timedelta(seconds=ago_s))
            yield Entry(body, "s", 2.5, content, MEDIA_TYPE)

    def ask(self, requests: Iterable[WindowRequest]) -> None:
        """What the hub wants of the past; each wish is fulfilled once. From any thread."""
        for request in requests:
            known = request.id in self._asked or self.desk.is_done(request.id)
            if known or self.recordings is None or request.expires_at <= utc_now():
                continue
            self._asked.add(request.id)
            log("window_asked_for", asset=request.asset, minutes=request.minutes)
            self.recordings.ask(request)

    def _answered(self, wanted: Wanted) -> None:
        """All pieces of a stretch were handed in."""
        sent, self._sent = self._sent, 0
        wish = wanted.why.get("request")
        if not isinstance(wish, str):
            return
        self.desk.note_done(wish)
        if not sent:
            text = f"nothing could be kept of what was asked for: {wanted.asset}"
            self._alerts("window-request-vain", "warning", text)


def asset_of(judged: Judgement) -> str:
    """The asset of a window: as the model says, as the window says, or its source."""
    details = judged.prediction.details if judged.prediction is not None else {}
    payload = judged.payload if judged.payload is not None else judged.captured.payload
    told = payload.attributes.get("asset") if isinstance(payload, Window) else None
    for found in (details.get("asset"), told, judged.captured.group, judged.captured.source):
        if isinstance(found, str) and found:
            return found[:MAX_NAME]
    return "machine"


def _sensor_fault(prediction: Prediction | None) -> str:
    faults = prediction.details.get("sensor_fault") if prediction is not None else None
    if isinstance(faults, str):
        return faults
    return "; ".join(str(fault) for fault in faults) if isinstance(faults, list) else ""


def _unknown(unsaid: _Unsaid, prediction: Prediction | None) -> Literal["first", "later", ""]:
    """Whether the machine runs as it never did; a stretch of that ends with a window that can be judged."""
    details = prediction.details if prediction is not None else {}
    if details.get("unknown_regime") is True:
        before, unsaid.unknown = unsaid.unknown, True
        return "later" if before else "first"
    if prediction is not None and not details.get("not_judged") and not _sensor_fault(prediction):
        unsaid.unknown = False
    return ""


def _without_act(outcome: Outcome, fault: str) -> Outcome:
    verdict: Verdict = "review" if outcome.verdict == "act" else outcome.verdict
    return replace(outcome, verdict=verdict, reason=f"sensor fault: {fault}")
