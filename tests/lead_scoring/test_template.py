"""`kit new lead-scoring`: the answers stand in the project, it learns from a table as it is, and teams of one size are compared."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from kits import load_bundle
from kits.core.discovery import get_kit
from kits.core.runtime import Asks
from kits.core.sample import place_in_time
from kits.lead_scoring._learning.words import FirmWords, load_words
from kits.lead_scoring._simulated.export import write_contacts
from kits.lead_scoring._simulated.firm import make_leads
from kits.lead_scoring.config import Config
from kits.toolchain.compare import compare
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.project import Project
from kits.toolchain.scaffold import new, template_of
from kits.toolchain.training import train_project

KIT = "lead-scoring"
ANSWERS = {
    "problem": 'late: "calls" # mostly', "per_month": "40", "incoming_per_month": "100", "value": "900",
    "contact": "25", "exploration": "0.1", "outcome": "Stage: now", "won": "Signed, Ja: sofort", "lost": "no, 0",
    "decided_at": "came in", "metric": "ece", "language": "de",
}  # fmt: skip


def scaffold(folder: Path, **answers: str) -> Project:
    new(KIT, folder, dict(answers), ask=False)
    return Project.open(folder)


def config_of(project: Project) -> Config:
    config = project.kit_config
    assert isinstance(config, Config)
    return config


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a year of leads that was trained once."""
    root = tmp_path_factory.mktemp("leads")
    write_contacts(root / "contacts.csv", make_leads(3, 1_200))
    project = scaffold(root / "shop", per_month="40", incoming_per_month="100", value="900")
    text = (project.root / "kit.yaml").read_text()
    (project.root / "kit.yaml").write_text(text + "  approach: logistic\n")
    project = Project.open(project.root)
    import_data(project, root / "contacts.csv", ImportOptions())
    train_project(project)
    return project


def test_the_answers_stand_in_the_project(tmp_path: Path) -> None:
    project = scaffold(tmp_path / "Shop leads", **ANSWERS)
    config = config_of(project)
    assert project.config.name == "shop-leads"
    assert project.config.problem == 'late: "calls" # mostly'
    assert (project.config.costs.escape, project.config.costs.overkill) == (875, 25)
    assert (project.config.metric.name, project.config.metric.target) == ("ece", 0.05)
    assert config.source.outcome == "Stage: now"
    assert config.source.won == ("Signed", "Ja: sofort")
    assert config.source.lost == ("no", "0"), "words, whatever YAML would read in them"
    assert config.source.decided_at == "came in"
    assert config.language == "de"
    assert (config.team.per_month, config.team.incoming_per_month) == (40, 100)
    assert (config.team.value, config.team.contact, config.team.exploration) == (900, 25, 0.1)


@pytest.mark.parametrize("metric", get_kit(KIT).manifest.metrics)
def test_any_figure_of_the_kit_may_be_the_goal(tmp_path: Path, metric: str) -> None:
    choices = yaml.safe_load((template_of(KIT) / "copier.yml").read_text())["metric"]["choices"]
    if metric in choices:
        assert (scaffold(tmp_path / "p", metric=metric).config.metric.target or 0) > 0
    else:
        assert metric in {"brier", "log_loss"}, "which say nothing to a person"


def test_defaults_let_columns_be_found_and_name_the_example_of_words(tmp_path: Path) -> None:
    project = scaffold(tmp_path / "p")
    config = config_of(project)
    assert (config.source.outcome, config.source.won, config.source.decided_at) == ("", (), "")
    assert Path(config.phrases) == project.root / "phrases.yaml"
    assert load_words("en", Path(config.phrases)).own == {}


def test_the_example_of_words_is_a_valid_one(tmp_path: Path) -> None:
    scaffold(tmp_path / "p")
    lines = (tmp_path / "p" / "phrases.yaml").read_text().splitlines()
    example = "\n".join(line.removeprefix("# ") for line in lines[lines.index("# columns:") : -1])
    words = FirmWords.model_validate(yaml.safe_load(example))
    assert words.columns["demo_requested"].values["yes"] == "asked for a demo"
    assert words.columns["company_size"].unit == "employees"


def test_the_projects_own_tests_pass(tmp_path: Path) -> None:
    root = scaffold(tmp_path / "p").root
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_table_is_learned_from_as_it_is(learned: Project) -> None:
    ready = load_bundle(learned.run_dir() / "bundle.kwb")
    assert ready.bundle.operating_point.action == "write"
    assert isinstance(ready.runtime, Asks)
    asked = set(ready.runtime.columns)
    assert {"demo_requested", "original_source"} <= asked
    assert not asked & {"call_duration", "sales_tag", "gender", "email", "lead_status"}


@pytest.mark.slow
def test_a_team_that_can_take_a_smaller_share_by_now_holds_it_against_no_challenger(
    learned: Project, tmp_path: Path
) -> None:
    champion = learned.run_dir() / "bundle.kwb"
    settings = learned.root / "kit.yaml"
    text = settings.read_text()
    settings.write_text(text.replace("incoming_per_month: 100", "incoming_per_month: 200"))
    busier = Project.open(learned.root)
    train_project(busier)
    found = compare(busier, champion, busier.run_dir() / "bundle.kwb")
    settings.write_text(text)
    assert found.cost_difference.value == pytest.approx(0, abs=0.5)
    assert found.new_escapes == 0
    hot = [
        sum(r.verdict == "act" for r in side.results) for side in (found.champion, found.challenger)
    ]
    assert hot[0] == pytest.approx(hot[1], abs=3)
    assert hot[1] == pytest.approx(0.2 * found.n, abs=3)


@pytest.mark.slow
def test_a_champion_does_not_judge_by_heart_what_it_learned_from_in_an_older_state(
    tmp_path: Path,
) -> None:
    """A later export has newer states of decided leads; what was said before they were learned from is said of these too."""
    made = list(make_leads(3, 400))
    project = scaffold(tmp_path / "shop", per_month="40", incoming_per_month="100")
    write_contacts(tmp_path / "may.csv", made)
    import_data(project, tmp_path / "may.csv", ImportOptions())
    train_project(project)
    champion = project.run_dir() / "bundle.kwb"
    before = compare(project, champion, champion).champion
    visited = [replace(one, fields={**one.fields, "website_visits": 40.0}) for one in made]
    write_contacts(tmp_path / "june.csv", visited)
    report = import_data(project, tmp_path / "june.csv", ImportOptions())
    assert report.replaced == len(made)
    found = compare(Project.open(project.root), champion, champion)
    assert found.champion.metrics["auc"] == before.metrics["auc"]
    assert {one.sample_id for one in found.champion.results} == {
        item.sample.id for item in report.dataset.of("test")
    }


@pytest.mark.slow
def test_where_the_champions_version_is_not_here_leads_it_may_know_by_heart_are_left_out_and_told(
    tmp_path: Path,
) -> None:
    made = list(make_leads(3, 600))
    project = scaffold(tmp_path / "shop", per_month="40", incoming_per_month="100")
    write_contacts(tmp_path / "may.csv", made[:540])
    import_data(project, tmp_path / "may.csv", ImportOptions())
    train_project(project)
    champion = tmp_path / "champion.kwb"
    champion.write_bytes((project.run_dir() / "bundle.kwb").read_bytes())
    learned = project.datasets_dir / f"{project.current_dataset_id}.jsonl"
    visited = [replace(one, fields={**one.fields, "website_visits": 40.0}) for one in made]
    write_contacts(tmp_path / "june.csv", visited)
    project = Project.open(project.root)
    report = import_data(project, tmp_path / "june.csv", ImportOptions())
    train_project(project)
    challenger = project.run_dir() / "bundle.kwb"
    test = report.dataset.of("test")
    found = compare(Project.open(project.root), champion, challenger)
    assert (found.n, found.notes) == (len(test), ())
    learned.unlink()
    found = compare(Project.open(project.root), champion, challenger)
    since = {
        item.sample.id
        for item in test
        if (place_in_time(item.sample) or 0.0) > made[539].at.timestamp()
    }
    assert {one.sample_id for one in found.champion.results} == since
    assert 0 < len(since) < len(test)
    [note] = found.notes
    assert note.startswith(f"{len(test) - len(since)} of {len(test)} samples are left out")
    assert learned.stem[:12] in note
    assert found.as_json()["notes"] == [note]
