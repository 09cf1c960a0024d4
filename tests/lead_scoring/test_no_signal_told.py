"""What is said of leads of which nothing tells who buys: that first, and what to bring, not how to go on."""

from __future__ import annotations

import json
import random
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.toolchain.runs import read_run
from tests.lead_scoring.reading.lead_files import put, table

N = 400


def kit(*words: str) -> str:
    done = CliRunner().invoke(make_app(), list(words))
    assert done.exit_code == 0, done.output
    return done.stdout


def report_of(project: str) -> tuple[str, dict[str, Any]]:
    """The newest report's page and figures."""
    made = json.loads(kit("report", "-C", project, "--json"))
    return Path(made["html"]).read_text(), json.loads(Path(made["json"]).read_bytes())


def heading(page: str) -> str:
    return unescape(page.partition("<h1>")[2].partition("</h1>")[0])


def a_project(root: Path, *, telling: bool) -> str:
    """Leads of which the source tells who buys, or tells nothing."""
    drawn = random.Random(3)
    rows = []
    for number in range(N):
        source = drawn.choice(["fair", "web"])
        won = drawn.random() < ((0.8 if source == "fair" else 0.2) if telling else 0.5)
        day = f"2024-{1 + number * 12 // N:02d}-{1 + number % 28:02d}"
        rows.append([f"L{number}", day, source, "won" if won else "lost"])
    leads = put(root / "leads.csv", table(["id", "created", "source", "outcome"], rows))
    project = str(root / "shop")
    kit("new", "lead-scoring", project, "--defaults", "--data", str(leads))
    with (root / "shop" / "kit.yaml").open("a") as settings:
        settings.write("  approach: logistic\n  folds: 2\n")
    return project


def test_no_signal_is_said_before_any_figure_and_the_next_step_is_to_bring_more(
    tmp_path: Path,
) -> None:
    project = a_project(tmp_path, telling=False)

    lines = kit("train", "-C", project).splitlines()
    quiet = kit("train", "-C", project, "-q").splitlines()
    told = json.loads(kit("train", "-C", project, "--json"))

    assert lines[0].startswith("no signal") and lines[1].startswith("lift_at_10 ")
    assert sum("no signal" in line for line in lines) == 1
    assert lines[-1].startswith("next: bring columns that are known when a lead comes in")
    assert "kit data import" in lines[-1] and "kit compile" not in lines[-1]
    assert quiet == lines[:2]
    assert next(iter(told)) == "warning"
    assert (told["warning"]["check"], told["warning"]["text"]) == ("no-signal", lines[0])
    assert lines[-1] == f"next: {told['warning']['fix']}"
    assert Path(told["bundle"]).is_file() and lines[0] in told["notes"]


@pytest.mark.slow
def test_no_signal_is_the_heading_of_the_report_and_what_judges_later_ends_with_it_too(
    tmp_path: Path,
) -> None:
    project = a_project(tmp_path, telling=False)
    told = json.loads(kit("train", "-C", project, "--json"))["warning"]
    page, facts = report_of(project)
    said, fix = told["text"], told["fix"]

    words, _, figures = said.partition(" (")
    assert heading(page) == f"shop: {words}"
    assert all(unescape(page).count(text) == 1 for text in (words, figures, fix))
    assert "a month: working on the best leads first" in page
    assert facts["warning"] == told and said not in facts["notes"]
    outside = str(tmp_path / "leads.csv")
    for verb in (["report"], ["evaluate", "--data", outside]):
        lines = kit(*verb, "-C", project).splitlines()
        assert lines[-1] == f"next: {fix}" and sum(said in line for line in lines) == 1
    tuned = kit("tune", "-C", project, "--set", "team.per_month=7").splitlines()
    assert tuned[-1] == f"next: {fix}" and heading(report_of(project)[0]) == f"shop: {words}"


@pytest.mark.slow
def test_a_run_of_before_has_no_warning_and_goes_on_to_a_device(tmp_path: Path) -> None:
    project = a_project(tmp_path, telling=False)
    run = Path(json.loads(kit("train", "-C", project, "--json"))["bundle"]).with_name("run.json")
    record = json.loads(run.read_bytes())
    del record["warning"]
    run.write_text(json.dumps(record))
    assert read_run(run.parent).warning is None
    assert kit("report", "-C", project).splitlines()[-1] == "next: kit compile"
    assert "a month" in heading(report_of(project)[0])


@pytest.mark.slow
def test_leads_that_tell_who_buys_go_on_to_a_device(tmp_path: Path) -> None:
    project = a_project(tmp_path, telling=True)
    lines = kit("train", "-C", project).splitlines()
    assert lines[0].startswith("lift_at_10 ") and lines[-1] == "next: kit compile"
    assert json.loads(kit("train", "-C", project, "--json"))["warning"] is None
    outside = str(tmp_path / "leads.csv")
    for words in (["report"], ["evaluate", "--data", outside]):
        assert kit(*words, "-C", project).splitlines()[-1] == "next: kit compile"
    page, facts = report_of(project)
    assert "a month" in heading(page) and facts["warning"] is None
