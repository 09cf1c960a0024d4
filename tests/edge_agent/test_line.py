"""The line: whatever a model does is an outcome, and counts for the bundle that did it."""

from __future__ import annotations

import importlib
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from edge_agent.actions.config import SimulatedActionConfig
from edge_agent.actions.dispatcher import Dispatcher, make_actions
from edge_agent.config import AgentConfig
from edge_agent.deadline import DeadlineGuard
from edge_agent.decide import safe
from edge_agent.engine.config import EngineConfig
from edge_agent.engine.ladder import Ladder, Loaded
from edge_agent.judging import Judged
from edge_agent.line import Line
from edge_agent.recorder import Pending, Recorder
from edge_agent.selection import Selection
from edge_agent.shadow import Shadow
from edge_agent.sources.base import Captured
from edge_agent.sync.entry import Entry
from kits.core.bundle import open_bytes
from kits.core.events import DecisionBody
from kits.core.operating_point import Verdict
from tests.edge_agent.parts import agent_config, bundle_id_of, decision, make_bundle, picture
from tests.waiting import wait_for

FRAME = np.full((16, 16), 40, np.uint8)


class Bench:
    """A line without a source: a test captures by hand and sees the rows."""

    def __init__(
        self,
        folder: Path,
        *,
        verdicts: tuple[Verdict, ...] = ("pass", "review", "act"),
        **changes: object,
    ) -> None:
        self.config: AgentConfig = agent_config(folder, folder, **changes)
        self.rows: list[Entry] = []
        self.alerts: list[str] = []
        self.texts: list[str] = []
        self.ladder = Ladder(EngineConfig(providers=("cpu",), threads=1), folder / "engines")
        slow = SimulatedActionConfig(name="gate", verdicts=verdicts)
        self.line = Line(
            self.config,
            Dispatcher(make_actions([slow], folder), self._alert),
            Selection(self.config.selection),
            self._put,
            self._alert,
        )

    def _put(self, entry: Entry) -> bool:
        self.rows.append(entry)
        return True

    def _alert(self, name: str, _severity: str, text: str) -> None:
        self.alerts.append(name)
        self.texts.append(text)

    def load(self, content: bytes) -> Loaded:
        return self.ladder.load(open_bytes(content))

    def decide(self, payload: bytes | np.ndarray = FRAME) -> DecisionBody:
        """One sample; its row."""
        encoded = isinstance(payload, bytes)
        before = len(self.rows)
        self.line.process(Captured(payload, "image/png" if encoded else "", "camera"))
        wait_for(lambda: len(self.rows) > before)
        body = self.rows[-1].body
        assert isinstance(body, DecisionBody)
        return body


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, reject_deadline_ms=20_000)
    yield made
    made.line.close()


@pytest.mark.parametrize(
    ("verdicts", "safe_side", "passes_on"),
    [(("act",), "review", True), (("act", "review"), "review", False), (("act",), "pass", False)],
)
def test_a_part_that_nobody_decided_on_in_time_is_told_and_whether_it_passed_on(
    tmp_path: Path, verdicts: tuple[Verdict, ...], safe_side: str, passes_on: bool
) -> None:
    bench = Bench(tmp_path, verdicts=verdicts, safe_side=safe_side)
    bench.line.activate(bench.load(make_bundle(1)))
    bench.line.process(Captured(FRAME, "", "camera", captured_mono=time.monotonic() - 60))
    bench.line.close()
    assert (bench.line.late, bench.alerts.count("decision-late")) == (1, 1)
    text = bench.texts[bench.alerts.index("decision-late")]
    assert f"the safe side decided: {safe_side}" in text
    assert ("the part has passed on" in text) == passes_on


def turned(how: str, version: int = 2) -> bytes:
    """A bundle that is bad at every part of the line."""
    return make_bundle(version, config={"bad": how, "bad_after": 0})


@pytest.mark.parametrize("how", ["numpy details", "no label", "raise", "nan"])
def test_what_no_row_can_carry_is_a_failure_of_the_model(bench: Bench, how: str) -> None:
    bench.line.activate(bench.load(turned(how)))
    for _ in range(2):
        body = bench.decide(picture(20))
        assert (body.verdict, body.score, body.prediction) == ("review", None, {})
    assert (bench.line.tally.n, bench.line.tally.failures) == (2, 2)
    json.loads(bench.rows[-1].body.model_dump_json())


@pytest.mark.parametrize("how", ["numpy details", "no label", "raise"])
def test_what_no_row_can_carry_does_not_pass_the_shadow(bench: Bench, how: str) -> None:
    bench.line.activate(bench.load(make_bundle(1)))
    seen = bench.line.begin_shadow(bench.load(turned(how)))
    assert bench.decide(picture(20)).verdict == "pass"
    assert (seen.n, seen.failures) == (1, 1)


def test_a_sample_that_cannot_be_read_is_told_with_what_to_do(bench: Bench) -> None:
    bench.line.activate(bench.load(make_bundle(1)))
    body = bench.decide(b"no picture at all")
    assert (body.verdict, body.reason) == ("review", "safe side: the sample cannot be read")
    assert bench.texts == ["camera: not a picture: save it as PNG"]


def test_a_frame_that_the_kit_cannot_encode_is_decided_all_the_same(bench: Bench) -> None:
    bench.line.activate(bench.load(make_bundle(1, act_at=0.1, config={"raises": "encode"})))
    body = bench.decide(FRAME)
    assert (body.verdict, body.kept_for) == ("act", "")
    assert bench.rows[-1].content is None
    assert (bench.line.tally.n, bench.line.tally.failures) == (1, 1)
    assert "model-failed" in bench.alerts


def test_a_sample_counts_for_the_bundle_that_judged_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(importlib.import_module("tiny_brightness.runtime"), "WAIT", go_on)
    old, new = bench.load(turned("wait", 1)), bench.load(make_bundle(2))
    bench.line.activate(old)
    tally = bench.line.tally
    judging = threading.Thread(target=bench.decide)
    judging.start()
    wait_for(lambda: bench.line.working_s > 0)
    bench.line.activate(new)
    go_on.set()
    judging.join(20)
    assert (tally.n, tally.failures) == (1, 1)
    assert bench.line.tally.n == 0
    body = bench.rows[-1].body
    assert isinstance(body, DecisionBody)
    assert body.bundle == bundle_id_of(turned("wait", 1))


def test_a_better_engine_goes_on_with_the_same_count(bench: Bench) -> None:
    old = bench.load(make_bundle(1))
    bench.line.activate(old)
    bench.decide()
    assert bench.line.exchange(old, bench.load(make_bundle(1)))
    bench.decide()
    assert bench.line.tally.n == 2


def test_a_candidate_that_hangs_costs_the_line_one_short_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long a sample may take: the limit for a hanging model is the shadow's too."""
    go_on = threading.Event()
    monkeypatch.setattr(importlib.import_module("tiny_brightness.runtime"), "WAIT", go_on)
    bench = Bench(tmp_path, reject_deadline_ms=600_000, update={"hang_s": 0.2})
    bench.line.activate(bench.load(make_bundle(1)))
    seen = bench.line.begin_shadow(bench.load(turned("wait")))
    started = time.monotonic()
    for _ in range(3):
        bench.decide()
    assert time.monotonic() - started < 60, "not the deadline of a part"
    assert (seen.n, seen.failures) == (1, 1)
    assert bench.line.working_s == 0
    go_on.set()
    bench.line.close()


def test_a_shadow_that_was_ended_is_not_waited_for(bench: Bench) -> None:
    """The line had it in hand while the updater switched: the next part must not be late for that."""
    candidate = bench.load(make_bundle(2))
    shadow = Shadow(candidate, "review", patience_s=600.0, hung_s=600.0)
    shadow.close()
    judged = Judged(safe("for no reason", "review"), payload=FRAME)
    waiting = threading.Thread(target=lambda: shadow.take(judged), daemon=True)
    waiting.start()
    waiting.join(20)
    assert not waiting.is_alive()
    assert shadow.tally.n == 0


def test_the_safe_side_is_done_also_when_nobody_else_was_let_in_before_the_deadline_had_passed() -> (
    None
):
    """A model that holds the interpreter's lock: the guard's thread cannot wake before it is done."""
    ran: list[bool] = []
    guard, interval_s = DeadlineGuard(), sys.getswitchinterval()
    wait_for(guard._thread.is_alive)
    time.sleep(0.05)
    sys.setswitchinterval(5.0)
    try:
        due = time.monotonic() + 0.05
        guard.arm(due, lambda: ran.append(True))
        while time.monotonic() < due + 0.05:
            pass
        in_time = guard.disarm()
    finally:
        sys.setswitchinterval(interval_s)
    guard.close()
    assert (in_time, ran) == (False, [True])


def test_a_row_keeps_the_time_at_which_it_was_decided() -> None:
    """Not that at which the outcomes of its actions were known."""
    rows: list[Entry] = []

    def put(entry: Entry) -> bool:
        rows.append(entry)
        return True

    recorder, gate = Recorder(put), Future[str]()
    entry = Entry(decision(1), "s", media_type="image/png")
    recorder.take(Pending(decision(1), entry, {"gate": gate}, time.monotonic() + 30))
    decided_by = time.monotonic_ns()
    gate.set_result("done")
    wait_for(lambda: len(rows) == 1)
    recorder.close(5)
    body = rows[0].body
    assert isinstance(body, DecisionBody)
    assert body.actions == {"gate": "done"}
    assert json.loads(rows[0].at)["mono_ns"] <= decided_by
    assert rows[0].media_type == "image/png"


def test_rows_that_a_full_disk_refuses_are_counted_in_few_lines(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line for each of them would fill that very disk."""
    monkeypatch.setattr(logging.getLogger("edge_agent"), "propagate", True)
    caplog.set_level(logging.INFO, logger="edge_agent")
    now, asked, room = [0.0], [], [False]

    def put(entry: Entry) -> bool:
        asked.append(entry)
        return room[0]

    def told() -> list[str]:
        return [line.split()[1] for line in caplog.messages if "sample_refused" in line]

    recorder = Recorder(put, clock=lambda: now[0])
    for n in range(100):
        recorder.take(Pending(decision(n), Entry(decision(n), "s"), {}, 0.0))
    wait_for(lambda: len(asked) == 100)
    now[0] = 60.0
    recorder.take(Pending(decision(100), Entry(decision(100), "s"), {}, 0.0))
    recorder.take(Pending(decision(101), Entry(decision(101), "s"), {}, 0.0))
    wait_for(lambda: len(asked) == 102)
    now[0], room[0] = 120.0, True
    recorder.take(Pending(decision(102), Entry(decision(102), "s"), {}, 0.0))
    wait_for(lambda: len(told()) == 3)
    recorder.take(Pending(decision(103), Entry(decision(103), "s"), {}, 0.0))
    recorder.close(5)
    assert told() == ["times=1", "times=100", "times=1"]
