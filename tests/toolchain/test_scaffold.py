"""`kit new` and `kit update`, and a kit from outside that needs no change inside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from edge_agent.config import load_config
from kits.core.discovery import find_kits
from kits.core.errors import ConfigError, UsageError
from kits.toolchain.project import Project
from kits.toolchain.scaffold import new, update
from tests.toolchain.plugin import NAME, plugin, project

__all__ = ["plugin", "project"]


@pytest.fixture
def line(tmp_path: Path) -> Path:
    new("visual-inspection", tmp_path / "Press 3", {"cost_escape": "45"}, ask=False)
    return tmp_path / "Press 3"


def test_a_new_project_opens_with_the_answers(line: Path) -> None:
    project = Project.open(line)
    assert project.config.name == "press-3"
    assert project.config.costs.escape == 45
    assert project.config.metric.name in project.kit.manifest.metrics


def test_answers_with_quotes_and_colons_stay_text(tmp_path: Path) -> None:
    problem = 'cracks: "hairline" # mostly'
    new("visual-inspection", tmp_path / "p", {"problem": problem}, ask=False)
    assert Project.open(tmp_path / "p").config.problem == problem


def test_the_example_of_an_agent_is_a_valid_configuration(line: Path) -> None:
    assert load_config(line / "agent.yaml").source.kind == "folder"


def test_the_projects_own_tests_pass(line: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        new("visual-inspection", tmp_path, {}, ask=False)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_answer_names_the_likely_one_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        new("visual-inspection", tmp_path / "p", {"cost_escap": 1}, ask=False)
    assert "cost_escape" in caught.value.fix
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("answers", [{"cost_escape": "much"}, {"name": "Not A Name!"}])
def test_an_answer_that_does_not_fit_makes_nothing(tmp_path: Path, answers: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        new("visual-inspection", tmp_path / "p", dict(answers), ask=False)
    assert not (tmp_path / "p").exists()


def test_an_update_touches_only_what_nobody_changed(project: Project, plugin: Path) -> None:
    own = plugin / "tiny_kit" / "template"
    (own / "project").mkdir(parents=True)
    (own / "copier.yml").write_text(
        "_subdirectory: project\n_templates_suffix: .jinja\nkit: {type: str}\nname: {type: str}\n"
    )
    (own / "project" / "kit.yaml.jinja").write_text("kit: {{ kit }}\nname: {{ name }}\n")
    (own / "project" / "notes.md").write_text("new\n")
    (project.root / "kit.yaml").write_text(f"kit: {NAME}\nname: mine\n")
    planned = {c.path: c.change for c in update(project.root, dry_run=True)}
    assert planned == {"kit.yaml": "conflict", "notes.md": "added"}
    assert not (project.root / "notes.md").exists()
    update(project.root, dry_run=False)
    assert yaml.safe_load((project.root / "kit.yaml").read_text())["name"] == "mine"
    assert (project.root / "kit.yaml.new").exists() and (project.root / "notes.md").exists()
    assert update(project.root, dry_run=False) == []


def test_an_update_of_a_folder_made_by_hand_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="which template"):
        update(tmp_path, dry_run=False)


def test_a_kit_from_outside_is_found_without_any_change_inside(plugin: Path) -> None:
    assert find_kits().kits[NAME].manifest.tier == "experimental"


def test_the_plugins_own_tests_pass(plugin: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(
        command,
        cwd=plugin,
        env={"PYTHONPATH": str(plugin), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
