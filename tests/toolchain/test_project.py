"""Opening projects, and what a wrong kit.yaml says."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import ConfigError, DataError, UsageError
from kits.toolchain.project import Project
from tests.toolchain.plugin import plugin, project

__all__ = ["plugin", "project"]


def change(project: Project, old: str, new: str) -> None:
    path = project.root / "kit.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_project_is_found_from_a_folder_below_it(project: Project) -> None:
    below = project.root / "runs" / "one"
    below.mkdir(parents=True)
    assert Project.open(below).root == project.root


def test_no_project_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no project here") as caught:
        Project.open(tmp_path)
    assert "kit new" in caught.value.fix


def test_a_misspelt_key_names_file_line_and_the_likely_key(project: Project) -> None:
    change(project, "costs:", "cots:")
    with pytest.raises(ConfigError, match="unknown key 'cots'") as caught:
        Project.open(project.root)
    lines = (project.root / "kit.yaml").read_text().splitlines()
    assert f"line {lines.index('cots:') + 1}" in caught.value.where
    assert caught.value.fix == "did you mean 'costs'?"


def test_a_misspelt_key_of_the_kit_is_found_too(project: Project) -> None:
    path = project.root / "kit.yaml"
    path.write_text(path.read_text() + "model:\n  smalest_spread: 2\n")
    with pytest.raises(ConfigError, match=r"unknown key 'model\.smalest_spread'") as caught:
        Project.open(project.root)
    assert "smallest_spread" in caught.value.fix
    assert "line" in caught.value.where


def test_every_complaint_is_listed(project: Project) -> None:
    change(project, "escape: 100.0", "escape: -1\n  overkil: 3")
    with pytest.raises(ConfigError) as caught:
        Project.open(project.root)
    assert "costs.escape" in caught.value.what
    assert "costs.overkil" in caught.value.what


def test_broken_yaml_names_line_and_column(project: Project) -> None:
    change(project, "costs:", "costs: [")
    with pytest.raises(ConfigError, match="not valid YAML") as caught:
        Project.open(project.root)
    assert "line" in caught.value.where and "column" in caught.value.where


def test_an_unknown_kit_names_a_close_one(project: Project) -> None:
    change(project, '"tiny-kit"', '"tiny-kitt"')
    with pytest.raises(ConfigError) as caught:
        Project.open(project.root)
    assert "tiny-kit" in caught.value.fix


def test_shares_that_do_not_sum_to_one_are_refused(project: Project) -> None:
    with pytest.raises(ConfigError, match=r"must be 1, not 1\.1"):
        project.with_settings(["data.split.train=0.8"])


def test_settings_of_one_command_reach_project_and_kit(project: Project) -> None:
    changed = project.with_settings(["costs.escape=7", "smallest_spread=0.5"])
    assert changed.config.costs.escape == 7
    assert changed.kit_config.model_dump() == {"smallest_spread": 0.5}


def test_a_setting_that_does_not_fit_is_not_blamed_on_the_file(project: Project) -> None:
    for setting in ("costs.escape=abc", "smallest_spread=abc"):
        with pytest.raises(ConfigError, match="must be a number") as caught:
            project.with_settings([setting])
        assert caught.value.where == "--set"


def test_a_setting_without_value_is_a_usage_error(project: Project) -> None:
    with pytest.raises(UsageError, match="not key=value"):
        project.with_settings(["epochs"])


def test_a_project_without_data_says_what_to_type(project: Project) -> None:
    with pytest.raises(DataError) as caught:
        project.dataset()
    assert caught.value.fix == "kit data import PATH"
