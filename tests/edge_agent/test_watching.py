"""The line with a bundle that watches machines: actions follow cases, rows and bytes are few."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from edge_agent.actions.base import Order
from edge_agent.actions.dispatcher import Dispatcher
from edge_agent.alarms.desk import CaseDesk
from edge_agent.alarms.recordings import Recordings
from edge_agent.alarms.watching import Watching
from edge_agent.alarms.wishes import new_wish
from edge_agent.engine.config import EngineConfig
from edge_agent.engine.ladder import Ladder
from edge_agent.errors import AgentConfigError
from edge_agent.line import Line
from edge_agent.selection import Selection
from edge_agent.sources.base import Captured
from edge_agent.sync.entry import Entry
from kits.core.bundle import open_bytes
from kits.core.events import CaseBody, DecisionBody
from kits.core.window import MEDIA_TYPE, Channel, Window, decode_window, encode_window
from tests.edge_agent.machine_parts import START, level_window, make_level_bundle
from tests.edge_agent.parts import agent_config


class _Gate:
    """An actuator that remembers its orders."""

    name = "gate"
    verdicts = ("act", "review", "pass")

    def __init__(self) -> None:
        self.orders: list[Order] = []

    def do(self, order: Order, timeout_s: float) -> None:
        self.orders.append(order)

    def close(self) -> None:
        """Holds nothing."""


class _Past:
    """A ring that knows everything: one reading per second, whose value is its second."""

    def stretch(self, asset: str, start_s: float, end_s: float) -> Iterator[Window]:
        seconds = np.arange(start_s, end_s, dtype=np.float32)
        if seconds.size:
            at = datetime.fromtimestamp(start_s, timezone.utc)
            yield Window((Channel("vibration", "g", seconds),), 1.0, at, {"asset": asset})


class Bench:
    """A line that watches; a test shows it windows and sees rows, alerts and orders."""

    def __init__(self, folder: Path, **changes: object) -> None:
        config = agent_config(folder, folder, **changes)
        self.rows: list[Entry] = []
        self.alerts: list[tuple[str, str]] = []
        self.gate = _Gate()
        self.marked = 0
        selection = Selection(config.selection)
        desk = CaseDesk(
            config.alarms, config.cases_path, self._put, lambda: self.marked, self._alert
        )
        self.watching = Watching(config.alarms, desk, selection, self._alert, Recordings(_Past()))
        self.line = Line(
            config, Dispatcher([(self.gate, 1.0)], self._alert), selection, self._put, self._alert,
            self.watching,
        )  # fmt: skip
        ladder = Ladder(EngineConfig(providers=("cpu",), threads=1), folder / "engines")
        self.line.activate(ladder.load(open_bytes(make_level_bundle())))

    def _put(self, entry: Entry) -> bool:
        self.rows.append(entry)
        if entry.mark is not None:
            self.marked = entry.mark[1]
        return True

    def _alert(self, name: str, severity: str, _text: str) -> None:
        if severity != "info":
            self.alerts.append((name, severity))

    def show(self, second: float, level: float, *, asset: str = "pump-1") -> None:
        at = START + timedelta(seconds=second)
        window = level_window(level, asset, at)
        self.line.process(Captured(window, "", "plc", captured_at=at, clock_s=second))

    def end(self) -> None:
        self.line.close()

    @property
    def decisions(self) -> list[DecisionBody]:
        return [e.body for e in self.rows if isinstance(e.body, DecisionBody)]

    @property
    def judged(self) -> list[DecisionBody]:
        return [body for body in self.decisions if "recording" not in body.meta]

    @property
    def recordings(self) -> list[Entry]:
        return [
            e for e in self.rows
            if isinstance(e.body, DecisionBody) and "recording" in e.body.meta
        ]  # fmt: skip

    @property
    def steps(self) -> list[str]:
        return [e.body.transition for e in self.rows if isinstance(e.body, CaseBody)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, alarms={"before_s": 60, "after_s": 20, "audit_per_day": 0},
                 selection={"novelty": 0})  # fmt: skip


def test_actions_follow_the_case_and_not_each_window(bench: Bench) -> None:
    for number, level in enumerate([1, 1, 12, 12, 12, 12, 12, 1, 1, 1, 1]):
        bench.show(number * 10.0, level)
    bench.end()
    assert {body.meta["level"] for body in bench.judged} == {"normal", "alarm"}
    assert bench.steps == ["opened", "returned"]
    assert [(o.verdict, o.step, o.asset, o.level) for o in bench.gate.orders] == [
        ("act", "opened", "pump-1", "alarm"), ("pass", "returned", "pump-1", "normal"),
    ]  # fmt: skip
    order = bench.gate.orders[0]
    assert order.as_json()["case_id"] == order.case_id != ""
    assert (order.label, order.reason) == ("worn", "the level is 12 g")
    with_action = [body for body in bench.judged if body.actions]
    assert [body.actions for body in with_action] == [{"gate": "done"}] * 2


def test_a_case_that_is_closed_before_the_machine_is_well_leaves_no_lamp_on(bench: Bench) -> None:
    """A fitter closes it when the bearing is changed, and the score falls an hour later."""
    for number in range(3):
        bench.show(number * 10.0, 12)
    assert bench.watching.desk.fulfil(new_wish("close", "pump-1", "ann", "bearing changed"))
    for number in range(3, 10):
        bench.show(number * 10.0, 1)
    bench.end()
    assert [(o.verdict, o.step, o.asset) for o in bench.gate.orders] == [
        ("act", "opened", "pump-1"), ("pass", "returned", "pump-1"),
    ]  # fmt: skip
    assert bench.gate.orders[0].case_id == bench.gate.orders[1].case_id
    assert bench.steps == ["opened", "closed"]


def test_the_next_alarm_after_a_closed_case_is_a_case_of_its_own(bench: Bench) -> None:
    for number in range(3):
        bench.show(number * 10.0, 12)
    bench.watching.desk.fulfil(new_wish("close", "pump-1", "ann", "bearing changed"))
    for number, level in enumerate([1, 1, 1, 1, 12, 12, 12, 1, 1, 1, 1], 3):
        bench.show(number * 10.0, level)
    bench.end()
    assert [o.verdict for o in bench.gate.orders] == ["act", "pass", "act", "pass"]
    assert bench.steps == ["opened", "closed", "opened", "returned"]


def test_the_verdict_of_a_window_stays_that_of_the_operating_point(bench: Bench) -> None:
    bench.show(0, 12)
    bench.show(10, 7)
    bench.end()
    assert [(b.verdict, b.group, b.meta["asset"]) for b in bench.judged] == [
        ("act", "pump-1", "pump-1"), ("review", "pump-1", "pump-1"),
    ]  # fmt: skip
    assert bench.steps == []


def test_windows_that_change_nothing_share_a_row(bench: Bench) -> None:
    for number in range(61):
        bench.show(number * 1.0, 1.0 + number / 100)
    bench.end()
    first, second = bench.judged
    assert "windows" not in first.meta
    assert second.meta["windows"] == 60
    assert second.meta["score_low"] == pytest.approx(1.01)
    assert second.meta["score_high"] == pytest.approx(1.60)
    assert bench.watching.folded == 59
    assert sum(bench.line.verdicts.values()) == 61


def test_the_minutes_before_an_alarm_are_kept_and_what_follows(bench: Bench) -> None:
    for number in range(10):
        bench.show(100 + number * 10.0, 12)
    bench.end()
    before, after = (decode_window(e.content or b"") for e in bench.recordings)
    # raised at 110 s, after it had stood above since 100 s
    assert before.channels[0].readings[[0, -1]] == pytest.approx([40, 109], abs=0.01)
    assert after.channels[0].readings[[0, -1]] == pytest.approx([110, 129], abs=0.01)
    bodies = [e.body for e in bench.recordings if isinstance(e.body, DecisionBody)]
    case = next(e.body for e in bench.rows if isinstance(e.body, CaseBody))
    assert {body.meta["case"] for body in bodies} == {case.case_id}
    assert {(b.kept_for, b.score, b.media_type, b.group) for b in bodies} == {
        ("act", None, MEDIA_TYPE, "pump-1")
    }
    # the hub finds the onset in it: by the clock of captures, rate and number of readings
    first = bodies[0]
    assert (first.meta["rate_hz"], first.meta["readings"]) == (1.0, 70)
    assert (case.since - first.captured_at).total_seconds() == pytest.approx(60)
    assert first.captured_at == START + timedelta(seconds=40)


def test_what_lies_before_an_alarm_is_handed_in_with_it(bench: Bench) -> None:
    """Not only when what follows is over: the power may go a second later."""
    bench.show(100, 12)
    bench.show(110, 12)
    assert len(bench.recordings) == 1


def test_only_the_window_of_a_step_keeps_its_bytes(bench: Bench) -> None:
    for number in range(8):
        bench.show(number * 10.0, 12)
    bench.end()
    kept = [body for body in bench.judged if body.kept_for]
    assert [(body.kept_for, body.captured_at) for body in kept] == [
        ("act", START + timedelta(seconds=10))
    ]


def test_a_faulty_sensor_opens_no_case_but_an_alert(bench: Bench) -> None:
    for number in range(4):
        bench.show(number * 10.0, 12 if number == 0 else float("nan"))
    bench.end()
    assert bench.steps == []
    assert ("sensor-fault-pump-1", "warning") in bench.alerts
    assert bench.watching.sensor_faults == 3
    assert bench.judged[-1].reason == "sensor fault: vibration is unplugged"


def test_a_fault_of_the_sensor_does_not_end_the_delay_of_an_alarm(bench: Bench) -> None:
    bench.show(0, 12)
    bench.show(5, float("nan"))
    bench.show(10, 12)
    bench.end()
    assert bench.steps == ["opened"]


def test_each_machine_is_audited_so_many_times_a_day(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alarms={"audit_per_day": 96}, selection={"novelty": 0, "seed": 3})
    for number in range(2160):  # a quarter of a day
        bench.show(number * 10.0, 1.0)
    bench.end()
    kept = [body.kept_for for body in bench.judged if body.kept_for]
    assert set(kept) == {"audit"}
    assert 10 <= len(kept) <= 40


def test_recorded_bytes_are_judged_as_live_windows_are(bench: Bench) -> None:
    content = encode_window(level_window(12))
    for second in (0.0, 10.0):
        bench.line.process(Captured(content, MEDIA_TYPE, "folder", clock_s=second))
    bench.end()
    assert bench.steps == ["opened"]
    # the recorder has a thread of its own: the row of the case may be there first
    decided = [entry for entry in bench.rows if isinstance(entry.body, DecisionBody)]
    assert decided and {entry.media_type for entry in decided} == {MEDIA_TYPE}


def test_a_score_that_stays_unusual_is_kept_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alarms={"audit_per_day": 0}, selection={"novelty": 3})
    levels = [1 + 0.01 * (n % 5) for n in range(60)] + [2.0] * 10 + [1.02] * 5 + [2.0]
    for number, level in enumerate(levels):
        bench.show(number * 10.0, level)
    bench.end()
    kept = [(b.kept_for, b.captured_at) for b in bench.judged if b.kept_for]
    assert kept[0] == ("novelty", START + timedelta(seconds=600))
    assert 1 <= len(kept) <= 2


NEW, SETTLING = 7.25, 7.125
"""Levels that the kit of these tests does not judge: the first because it never saw the like."""


def kept_for(bench: Bench, levels: list[float], *, asset: str = "pump-1") -> list[tuple[str, int]]:
    for number, level in enumerate(levels):
        bench.show(number * 10.0, level, asset=asset)
    bench.end()
    return [
        (b.kept_for, round((b.captured_at - START).total_seconds() / 10))
        for b in bench.judged if b.kept_for
    ]  # fmt: skip


def test_the_first_window_of_a_stretch_that_nobody_can_judge_is_kept_for_a_person(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, alarms={"audit_per_day": 0}, selection={"novelty": 3})
    levels = [1.0] * 60 + [NEW] * 20 + [SETTLING, NEW, NEW] + [1.0] * 3 + [NEW] * 5
    assert kept_for(bench, levels) == [("unknown-regime", 60), ("unknown-regime", 86)]
    assert {b.verdict for b in bench.judged if b.kept_for} == {"review"}


@pytest.mark.parametrize(("per_day", "kept"), [(0, 0), (2, 2)])
def test_no_more_such_windows_are_kept_in_a_day_than_may(
    tmp_path: Path, per_day: int, kept: int
) -> None:
    alarms = {"audit_per_day": 0, "unknown_per_day": per_day}
    bench = Bench(tmp_path, alarms=alarms, selection={"novelty": 0})
    assert len(kept_for(bench, [1.0, NEW, 1.0, NEW, 1.0, NEW, 1.0, NEW])) == kept


def test_a_broken_sensor_ends_no_such_stretch(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alarms={"audit_per_day": 0}, selection={"novelty": 0})
    assert kept_for(bench, [1.0, NEW, float("nan"), NEW]) == [("unknown-regime", 1)]


def test_machines_beyond_the_bound_are_kept_nothing_of(tmp_path: Path) -> None:
    alarms = {"audit_per_day": 0, "max_assets": 1}
    bench = Bench(tmp_path, alarms=alarms, selection={"novelty": 0})
    bench.show(0, 1.0)
    assert kept_for(bench, [NEW, NEW], asset="pump-2") == []


def test_minutes_before_that_nobody_keeps_cannot_be_configured(tmp_path: Path) -> None:
    source = {"kind": "simulated", "keep_s": 60}
    with pytest.raises(AgentConfigError, match=r"before_s.*longer than source.keep_s"):
        agent_config(tmp_path, tmp_path, source=source, alarms={"before_s": 61})


def test_names_that_a_source_makes_up_raise_no_alerts_without_end(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alarms={"max_assets": 5, "audit_per_day": 0})
    for number in range(50):
        bench.show(number, float("nan"), asset=f"made-up-{number}")
    bench.end()
    assert len(bench.alerts) == 5
