"""Cases under kill -9: no step of a case is lost, none is told twice, wherever the agent dies."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from edge_agent.alarms.memory import read_memory
from edge_agent.config import load_config
from edge_agent.sync.outbox import Outbox
from kits.core.alarm import AlarmRule
from kits.core.events import CaseBody
from tests.edge_agent.machine_parts import make_level_bundle, write_level_kit
from tests.edge_agent.parts import rows_of
from tests.failure import case_steps
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
NEVER = 1 << 30


def essence(bodies: list[CaseBody]) -> list[tuple[str, str, str, str]]:
    """What a step says, without ids and the moments of persons."""
    return [(b.asset, b.transition, b.level, b.sample_id) for b in bodies]


def whole_day(folder: Path) -> tuple[list[CaseBody], int]:
    assert case_steps.run(folder, NEVER) == 0
    return case_steps.told(folder), int((folder / "effects").read_text())


def killed_at(folder: Path, at: list[int], expected: list[CaseBody]) -> None:
    """Lives that die at these effects, and a last one; in the end the outbox says what it should."""
    for kill_at in at:
        if case_steps.run(folder, kill_at) == 0:
            break
    else:
        assert case_steps.run(folder, NEVER) == 0
    found = case_steps.told(folder)
    assert essence(found) == essence(expected), at
    for case_id in {body.case_id for body in found}:
        steps = [body.transition for body in found if body.case_id == case_id]
        assert steps[0] == "opened" and steps.count("opened") == 1
        assert "closed" not in steps[:-1]


def test_the_day_has_steps_of_every_kind(tmp_path: Path) -> None:
    bodies, effects = whole_day(tmp_path / "day")
    assert {body.transition for body in bodies} == {
        "opened", "escalated", "eased", "returned", "acknowledged", "shelved", "unshelved", "closed",
    }  # fmt: skip
    assert effects > 100
    assert case_steps.run(tmp_path / "other", 50) == -signal.SIGKILL


@pytest.mark.parametrize("seed", range(8))
def test_a_kill_loses_no_step_and_repeats_none(tmp_path: Path, seed: int) -> None:
    expected, effects = whole_day(tmp_path / "day")
    draw = random.Random(seed)
    killed_at(tmp_path / "lives", [draw.randrange(1, effects) for _ in range(3)], expected)


@pytest.mark.slow
def test_a_kill_before_any_effect_loses_no_step_and_repeats_none(tmp_path: Path) -> None:
    expected, effects = whole_day(tmp_path / "day")
    for kill_at in range(1, effects):
        killed_at(tmp_path / f"kill-{kill_at}", [kill_at], expected)


def rhythmic(folder: Path) -> Path:
    """agent.yaml of a machine that is ill and well again every 40 s of its life, 100 times faster."""
    (folder / "b.kwb").write_bytes(make_level_bundle(AlarmRule(on_delay_s=2, off_delay_s=2)))
    signal = {"name": "acc", "unit": "g", "rate_hz": 50, "level": 6, "swing": 6, "swing_hz": 0.025}
    path = folder / "agent.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "state_dir": "state", "bundle": "b.kwb", "status": {"enabled": False},
                "source": {"kind": "simulated", "asset": "press-1", "speed": 100, "window_s": 2,
                           "signals": [signal]},
                "engine": {"providers": ["cpu"], "threads": 1}, "outbox": {"ballast_bytes": 0},
                "alarms": {"before_s": 0, "audit_per_day": 0},
            }
        )
    )  # fmt: skip
    return path


def _is_newer(file: Path, before: int) -> bool:
    return file.exists() and file.stat().st_mtime_ns > before


@pytest.mark.slow
def test_whole_agents_that_are_killed_tell_one_story(tmp_path: Path) -> None:
    """Through the real line and writer: what the outbox says fits together, and is what the desk knows."""
    write_level_kit(tmp_path)
    config, draw = rhythmic(tmp_path), random.Random(7)
    command = [sys.executable, "-m", "edge_agent.cli", "run", "--config", str(config), "--quiet"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    for _ in range(3):
        life = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)
        cases = tmp_path / "state" / "cases.json"
        before = cases.stat().st_mtime_ns if cases.exists() else 0
        wait_for(partial(_is_newer, cases, before))
        time.sleep(draw.uniform(0.5, 1.5))
        life.kill()
        life.wait()
    subprocess.run([*command, "--max-samples", "20"], env=env, check=True, capture_output=True)
    settings = load_config(config)
    outbox = Outbox(settings.state_dir, settings.outbox.budgets())
    told = [e.body for e in rows_of(outbox, "a") if isinstance(e.body, CaseBody)]
    outbox.close()
    assert len(told) >= 3
    assert len({body.case_id for body in told}) == 1, "nobody closed it, so it is one case"
    assert [body.transition for body in told].count("opened") == 1
    assert told[0].transition == "opened"
    for one, next_one in pairwise(body.level for body in told):
        assert one != next_one, "a step that was told twice, or one that is missing"
    case = read_memory(settings.cases_path).assets["press-1"].case
    assert case is not None
    assert (case.case_id, case.level) == (told[-1].case_id, told[-1].level)
