"""The project opens, and states what it is for."""

from pathlib import Path

from kits.toolchain.project import Project

ROOT = Path(__file__).parents[1]


def test_the_project_opens_and_its_metric_is_one_the_kit_measures():
    project = Project.open(ROOT)
    assert project.config.metric.name in ("", *project.kit.manifest.metrics)


def test_an_unplanned_stop_costs_more_than_a_visit_for_nothing():
    costs = Project.open(ROOT).config.costs
    assert costs.escape > costs.overkill
