"""The project opens, and states what it is for."""

from pathlib import Path

from kits.toolchain.project import Project

ROOT = Path(__file__).parents[1]


def test_the_project_opens_and_its_metric_is_one_the_kit_measures():
    project = Project.open(ROOT)
    assert project.config.metric.name in project.kit.manifest.metrics


def test_a_lead_that_buys_is_worth_more_than_a_call():
    team = Project.open(ROOT).kit_config.team
    assert team.value > team.contact


def test_no_column_is_both_kept_and_excluded():
    columns = Project.open(ROOT).kit_config.columns
    assert not set(columns.keep) & set(columns.exclude)
