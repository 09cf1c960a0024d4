"""The guardrails: what is said about a project, and when the gate closes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kits.core.kit import Finding
from kits.toolchain.guardrails import check_project
from kits.toolchain.guardrails.data import needed_for
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.progress import LineProgress
from kits.toolchain.project import Project
from tests.toolchain.plugin import numbers, plugin, project, write_samples

__all__ = ["plugin", "project"]


def by_check(project: Project) -> dict[str, Finding]:
    return {finding.check: finding for finding in check_project(project)}


@pytest.fixture
def filled(project: Project, tmp_path: Path) -> Project:
    folder = write_samples(tmp_path / "data", "good", numbers(1, 80))
    import_data(project, write_samples(folder, "bad", numbers(5, 40)), ImportOptions())
    return project


def test_without_data_the_gate_is_closed(project: Project) -> None:
    assert by_check(project)["data"].level == "fail"


def test_what_may_take_long_tells_how_far_it_is(filled: Project) -> None:
    out = io.StringIO()
    found = check_project(filled, LineProgress(out))
    assert [line.split(":")[0] for line in out.getvalue().splitlines()] == [
        "checking the splits",
        "checking what the kit knows of such data",
    ]
    assert [f.check for f in found] == [f.check for f in check_project(filled)]


def test_a_small_test_split_says_what_it_bounds_and_what_is_missing(filled: Project) -> None:
    claim = by_check(filled)["claim-escape"]
    assert claim.level == "warn"
    assert "6 defects" in claim.text and "39.3%" in claim.text
    assert "59 are needed" in claim.fix and "53 more" in claim.fix


def test_what_a_kit_says_under_the_same_name_stands_in_its_place(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Finding("claim-escape", "pass", "counted by days")
    monkeypatch.setattr(filled.kit.data, "check", lambda *_: iter([own]))
    found = check_project(filled)
    assert [one for one in found if one.check == "claim-escape"] == [own]
    assert any(one.check == "claim-overkill" for one in found)


def test_of_samples_with_several_labels_each_label_is_counted(
    project: Project, tmp_path: Path
) -> None:
    folder = write_samples(tmp_path / "data", "bright|dim", numbers(1, 80))
    import_data(project, write_samples(folder, "dim", numbers(5, 40)), ImportOptions())
    shown = by_check(project)["imbalance"].evidence
    assert [line.split(":")[0] for line in shown] == ["dim", "bright"]


def test_what_an_import_complained_of_many_times_is_one_line(
    project: Project, tmp_path: Path
) -> None:
    folder = write_samples(tmp_path / "data", "good", numbers(1, 80))
    write_samples(folder, "bad", numbers(1, 80))
    import_data(project, folder, ImportOptions())
    found = [f for f in check_project(project) if f.check == "import-conflicting-labels"]
    assert len(found) == 1
    assert found[0].text.endswith("(80 times)")
    assert len(found[0].evidence) == 160


@pytest.mark.parametrize(("bound", "n"), [(0.05, 59), (0.01, 299)])
def test_the_needed_number_is_the_known_one(bound: float, n: int) -> None:
    assert needed_for(bound) == n


def test_a_metric_the_kit_does_not_measure_fails(filled: Project) -> None:
    finding = by_check(filled.with_settings(["metric.name=escape_rat"]))["metric"]
    assert finding.level == "fail" and "escape_rate" in finding.fix


def test_a_device_that_nothing_is_built_for_fails(filled: Project) -> None:
    assert by_check(filled)["device-target"].level == "pass"
    finding = by_check(filled.with_settings(["device.target=cppu"]))["device-target"]
    assert finding.level == "fail" and "'cpu'" in finding.fix


def test_swapped_costs_are_noticed(filled: Project) -> None:
    found = by_check(filled.with_settings(["costs.escape=1", "costs.overkill=50"]))
    assert found["costs-order"].level == "warn"
    assert by_check(filled.with_settings(["costs.escape=0"]))["costs"].level == "fail"


def test_the_baseline_is_the_cheapest_rule_without_a_model(filled: Project) -> None:
    changed = filled.with_settings(["costs.escape=20", "costs.review=3", "costs.prevalence=0.01"])
    finding = by_check(changed)["baseline"]
    assert "200.00 EUR per 1,000" in finding.text and "pass everything" in finding.text


def test_an_imbalance_names_both_classes(project: Project, tmp_path: Path) -> None:
    folder = write_samples(tmp_path / "data", "good", numbers(1, 150))
    import_data(project, write_samples(folder, "bad", numbers(5, 4)), ImportOptions())
    finding = by_check(project)["imbalance"]
    assert finding.level == "warn" and "'bad'" in finding.text and "'good'" in finding.text


def test_what_the_import_refused_is_repeated_as_a_warning(project: Project, tmp_path: Path) -> None:
    folder = write_samples(tmp_path / "data", "good", numbers(1, 80))
    (folder / "good" / "broken.json").write_text("{")
    import_data(project, folder, ImportOptions())
    finding = by_check(project)["import-unreadable"]
    assert finding.level == "warn" and "good/broken.json" in finding.evidence


def test_the_kits_own_check_can_close_the_gate(project: Project, tmp_path: Path) -> None:
    import_data(project, write_samples(tmp_path / "d", "bad", numbers(1, 80)), ImportOptions())
    assert by_check(project)["good-samples"].level == "fail"
