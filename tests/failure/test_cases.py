"""Cases under kill -9: no step of a case is lost, none is told twice, wherever the agent dies."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from kits.core.events import CaseBody
from tests.failure import case_steps

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
