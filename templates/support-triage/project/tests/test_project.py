"""The project opens, and states what it is for."""

from pathlib import Path

from kits.toolchain.project import Project

ROOT = Path(__file__).parents[1]


def test_the_project_opens_and_its_metric_is_one_the_kit_measures():
    project = Project.open(ROOT)
    assert project.config.metric.name in project.kit.manifest.metrics


def test_a_wrong_route_costs_more_than_a_mail_by_hand():
    costs = Project.open(ROOT).config.costs
    assert costs.escape > costs.review


def test_nothing_secret_is_in_the_configuration():
    assert "password:" not in (ROOT / "agent.yaml").read_text()
