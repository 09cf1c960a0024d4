"""`kit new predictive-maintenance`: the answers stand where the kit looks for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from edge_agent.config import load_config
from kits.core.errors import UsageError
from kits.predictive_maintenance._signals.severity import limits_of
from kits.toolchain.project import Project
from kits.toolchain.scaffold import new, templates_dir

KIT = "predictive-maintenance"


def scaffold(folder: Path, **answers: str) -> Project:
    new(KIT, folder, dict(answers), ask=False)
    return Project.open(folder)


def test_a_project_with_defaults_opens(tmp_path: Path) -> None:
    project = scaffold(tmp_path / "Press Shop")
    assert project.config.name == "press-shop"
    assert project.config.metric.name == "", "the approach decides, and that looks at the data"
    assert project.config.costs.escape > project.config.costs.overkill
    assert project.config.model["approach"] == "auto"
    assert project.config.model["bearings"] == []


def test_bearings_are_a_list_of_texts_even_when_they_are_numbers(tmp_path: Path) -> None:
    given = "6205; 6306-2RS C3 ;pump=9,7.94,39.04,0"
    project = scaffold(
        tmp_path / "p", bearings=given, speed_rpm="1480", machine_class="group2-rigid"
    )
    assert project.config.model["bearings"] == ["6205", "6306-2RS C3", "pump=9,7.94,39.04,0"]
    assert project.config.model["speed_rpm"] == 1480
    assert project.config.model["machine_class"] == "group2-rigid"


@pytest.mark.parametrize(
    ("approach", "metric", "target"),
    [
        ("condition", "event_recall", 0.8),
        ("fault-class", "macro_f1", 0.8),
        ("remaining-life", "rmse", 20),
        ("physics", "event_recall", 0.8),
    ],
)
def test_the_goal_fits_the_approach(
    tmp_path: Path, approach: str, metric: str, target: float
) -> None:
    project = scaffold(tmp_path / "p", approach=approach)
    assert (project.config.metric.name, project.config.metric.target) == (metric, target)


def test_a_goal_of_its_own_is_kept(tmp_path: Path) -> None:
    project = scaffold(tmp_path / "p", metric="false_onsets_per_day", false_alarms_per_month="0.5")
    assert project.config.metric.target == pytest.approx(0.03)
    assert project.config.model["false_alarms_per_month"] == 0.5
    assert "`false_onsets_per_day` at most 0.03" in (tmp_path / "p" / "README.md").read_text()


def test_the_example_of_an_agent_is_a_valid_configuration(tmp_path: Path) -> None:
    scaffold(tmp_path / "p")
    config = load_config(tmp_path / "p" / "agent.yaml")
    assert config.source.kind == "replay"
    assert [action.name for action in config.actions] == ["alarm"]


def test_the_examples_of_live_sources_are_valid_too(tmp_path: Path) -> None:
    scaffold(tmp_path / "p")
    lines = (tmp_path / "p" / "agent.yaml").read_text().splitlines()
    shown = "\n".join(line[2:] for line in lines if line.startswith("#   ") or line == "# source:")
    kinds = []
    for example in shown.split("source:")[1:]:
        (tmp_path / "one.yaml").write_text(f"state_dir: state\nsource:{example}\n")
        kinds.append(load_config(tmp_path / "one.yaml").source.kind)
    assert kinds == ["opcua", "modbus", "mqtt-signals"]


def test_the_machine_classes_offered_are_those_of_the_table() -> None:
    questions = yaml.safe_load((templates_dir() / KIT / "copier.yml").read_text())
    offered = [name for name in questions["machine_class"]["choices"] if name]
    assert [limits_of(name).ab > 0 for name in offered] == [True] * 4


def test_the_projects_own_tests_pass(tmp_path: Path) -> None:
    scaffold(tmp_path / "p")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=tmp_path / "p", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("answers", [{"machine_class": "group5-rigid"}, {"approach": "magic"}])
def test_an_answer_outside_the_choices_makes_nothing(
    tmp_path: Path, answers: dict[str, str]
) -> None:
    with pytest.raises(UsageError):
        new(KIT, tmp_path / "p", dict(answers), ask=False)
    assert not (tmp_path / "p").exists()
