"""A whole agent at a machine: from readings to a case, its actions, its recordings and a person's word."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_agent.agent import Agent
from edge_agent.cli import app
from edge_agent.config import AgentConfig
from edge_agent.sync.outbox import Outbox
from kits.core.alarm import AlarmRule
from kits.core.errors import UsageError
from kits.core.events import AlertBody, CaseBody, DecisionBody
from kits.core.window import decode_window
from tests.edge_agent.machine_parts import make_level_bundle
from tests.edge_agent.parts import agent_config, rows_of
from tests.waiting import wait_for

SIGNAL = {"name": "acc", "unit": "g", "rate_hz": 100, "level": 1, "noise": 0.01, "fault_gain": 3600}
"""1 g, from second 60 on one more each second."""


def simulated(folder: Path, **changes: object) -> AgentConfig:
    (folder / "b.kwb").write_bytes(make_level_bundle(AlarmRule(on_delay_s=5, off_delay_s=5)))
    source = {
        "kind": "simulated", "asset": "press-1", "speed": 0, "seconds": 120, "fault_at_s": 60,
        "window_s": 5, "signals": [SIGNAL],
    }  # fmt: skip
    given: dict[str, object] = {
        "source": source,
        "bundle": "b.kwb",
        "alarms": {"before_s": 20, "after_s": 10, "audit_per_day": 0},
        "selection": {"novelty": 0},
        "actions": [{"name": "stop", "kind": "simulated", "verdicts": ["act"]}],
        **changes,
    }
    return agent_config(folder, folder, **given)


def outbox_of(config: AgentConfig) -> Outbox:
    return Outbox(config.state_dir, config.outbox.budgets())


def test_a_fault_becomes_one_case_one_order_and_two_recordings(tmp_path: Path) -> None:
    config = simulated(tmp_path)
    summary = Agent(config).run()
    assert summary.samples == 24
    outbox = outbox_of(config)
    (case,) = (e.body for e in rows_of(outbox, "a") if isinstance(e.body, CaseBody))
    assert (case.asset, case.transition, case.level, case.label) == (
        "press-1", "opened", "alarm", "worn",
    )  # fmt: skip
    assert len(config.state_dir.joinpath("actions.jsonl").read_text().splitlines()) == 1
    rows = [e.body for e in rows_of(outbox, "s") if isinstance(e.body, DecisionBody)]
    kept = [body for body in rows if body.meta.get("case") == case.case_id]
    assert [body.meta["readings"] for body in kept] == [2500, 1000]
    blob = kept[0].blob
    assert blob is not None
    before = decode_window(outbox.spool.get(blob.digest))
    assert before.channels[0].readings.size == 2500
    assert before.attributes == {"asset": "press-1"}
    behind = next(body for body in rows if body.sample_id == case.sample_id)
    assert (behind.verdict, behind.kept_for, behind.actions) == ("act", "act", {"stop": "done"})
    assert len(rows) < 12, "windows that change nothing share rows"
    assert summary.figures["windows_folded"] > 10
    assert summary.figures["readings"] == 12_000
    outbox.close()


def test_a_life_after_the_alarm_tells_it_no_second_time(tmp_path: Path) -> None:
    config = simulated(tmp_path)
    Agent(config).run()
    given = config.source.model_copy(update={"fault_at_s": 0.0})
    Agent(config.model_copy(update={"source": given})).run()
    outbox = outbox_of(config)
    steps = [e.body.transition for e in rows_of(outbox, "a") if isinstance(e.body, CaseBody)]
    assert steps in (["opened"], ["opened", "returned", "escalated"])
    outbox.close()


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "agent.yaml"
    path.write_text(
        "state_dir: state\nsource: {kind: simulated}\nstatus: {port: 0}\noutbox: {ballast_bytes: 0}\n"
    )
    return path


def call(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words])
    return result.exit_code, result.output


def test_the_next_command_takes_a_name_of_two_words(tmp_path: Path, config_file: Path) -> None:
    config = simulated(tmp_path)
    source = config.source.model_copy(update={"asset": "Presse 9"})
    Agent(config.model_copy(update={"source": source})).run()
    out = call("alarms", "list", "--config", str(config_file))[1]
    assert "edge-agent alarms ack 'Presse 9'" in out


def test_a_person_lists_acknowledges_shelves_and_closes(tmp_path: Path, config_file: Path) -> None:
    config = simulated(tmp_path)
    Agent(config).run()
    at = ("--config", str(config_file))
    code, out = call("alarms", "list", *at)
    assert code == 0
    assert out.startswith("1 open case\n  press-1 · alarm")
    assert "active, unacknowledged" in out
    for words in (
        ("ack", "press-1", "--note", "on my way", "--who", "eve"),
        ("shelve", "press-1", "--note", "being repaired", "--hours", "1"),
        ("close", "press-1", "--note", "bearing changed"),
    ):
        assert call("alarms", *words, *at)[0] == 0, words
    quiet = config.source.model_copy(update={"fault_at_s": 1e6})
    agent = Agent(config.model_copy(update={"source": quiet}))
    agent.watching.desk.take_wishes(config.state_dir)
    agent.run()
    code, out = call("alarms", "list", "--all", "--json", *at)
    (asset,) = json.loads(out)
    assert (asset["case"], asset["shelf"]["reason"]) == (None, "being repaired")
    outbox = outbox_of(config)
    cases = [e.body for e in rows_of(outbox, "a") if isinstance(e.body, CaseBody)]
    assert [(c.transition, c.note) for c in cases][:2] == [
        ("opened", ""), ("acknowledged", "on my way"),
    ]  # fmt: skip
    assert [c.transition for c in cases][2:] == ["shelved", "closed"]
    shelved = [e.body for e in rows_of(outbox, "a") if isinstance(e.body, AlertBody)]
    assert "shelved-press-1" in {alert.name for alert in shelved}
    outbox.close()


def test_who_shelves_an_asset_in_another_spelling_is_told_which_one_there_is(
    tmp_path: Path, config_file: Path
) -> None:
    """It was 'left for the agent', and the machine that was meant called people."""
    config = simulated(tmp_path)
    Agent(config).run()
    words = ["alarms", "shelve", "Press 1", "--note", "x", "--config", str(config_file)]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, UsageError)
    assert result.exception.fix == "edge-agent alarms shelve press-1"
    words[2] = "press-10"  # one that is still to come
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0
    assert "no window of press-10 has come yet; known: press-1" in result.output


@pytest.mark.parametrize("verb", ["ack", "unshelve"])
def test_what_cannot_be_done_is_said_with_a_remedy(config_file: Path, verb: str) -> None:
    result = CliRunner().invoke(app, ["alarms", verb, "press-9", "--config", str(config_file)])
    assert result.exit_code != 0
    assert "no such asset is watched here" in str(result.exception) + result.output


def test_a_running_agent_fulfils_wishes_and_shows_its_machines(
    tmp_path: Path, config_file: Path
) -> None:
    source = {
        "kind": "simulated", "asset": "press-1", "speed": 20, "fault_at_s": 0, "window_s": 5,
        "signals": [SIGNAL],
    }  # fmt: skip
    agent = Agent(simulated(tmp_path, source=source))
    running = threading.Thread(target=agent.run)
    running.start()
    wait_for(lambda: bool(agent.watching.desk.figures.opened))
    assert call("alarms", "ack", "press-1", "--who", "eve", "--config", str(config_file))[0] == 0

    def acknowledged() -> bool:
        case = agent.watching.desk.assets()["press-1"].case
        return case is not None and case.acknowledged_by == "eve"

    wait_for(acknowledged)
    status = agent.status()
    cases = status["cases"]
    assert isinstance(cases, list) and isinstance(cases[0], dict)
    assert (cases[0]["asset"], cases[0]["level"]) == ("press-1", "alarm")
    from edge_agent.status import render
    from edge_agent.status_text import status_lines

    assert "active, acknowledged" in render(status)
    assert any("press-1: alarm, active, acknowledged" in line for line in status_lines(status))
    agent.stop()
    running.join(15)
    assert not running.is_alive()


def test_the_agent_loads_no_protocol_and_nothing_heavy_before_it_needs_it() -> None:
    code = (
        "import sys; import edge_agent.agent, edge_agent.sources.signals, edge_agent.sources.opcua,"
        "edge_agent.sources.modbus, edge_agent.sources.mqtt_signals, edge_agent.sources.replay;"
        "bad = {'asyncua', 'pymodbus', 'paho', 'scipy', 'pandas', 'sklearn', 'torch', 'pyarrow',"
        "'onnxruntime', 'cv2'} & set(sys.modules); print(sorted(bad)); sys.exit(bool(bad))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
