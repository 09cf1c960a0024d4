"""`kit tune`: another capacity or another worth of a lead in a new version of the bundle, without training anew."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.bundle import Bundle, open_file
from kits.core.errors import ConfigError, UsageError
from kits.core.ready import make_ready
from kits.lead_scoring._judging.of_runtime import team_of
from kits.lead_scoring._simulated.export import write_contacts
from kits.lead_scoring._simulated.firm import make_leads
from kits.toolchain.compile import compile_run
from kits.toolchain.evaluation import load_evaluation
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.project import Project
from kits.toolchain.runs import read_run
from kits.toolchain.scaffold import new
from kits.toolchain.training import train_project
from kits.toolchain.tuning import Tuned, tune_project

VALUE, CONTACT, INCOMING = 900.0, 25.0, 100


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose team calls 10 of 100 leads a month."""
    root = tmp_path_factory.mktemp("tuned")
    write_contacts(root / "contacts.csv", make_leads(3, 1_200))
    answers = {"per_month": "10", "incoming_per_month": str(INCOMING), "value": f"{VALUE:g}", "contact": f"{CONTACT:g}"}  # fmt: skip
    new("lead-scoring", root / "shop", answers, ask=False)
    settings = root / "shop" / "kit.yaml"
    settings.write_text(settings.read_text() + "  approach: logistic\n  folds: 2\n")
    project = Project.open(root / "shop")
    import_data(project, root / "contacts.csv", ImportOptions())
    train_project(project)
    return project


@pytest.fixture(scope="module")
def tuned(trained: Project) -> Tuned:
    """The team calls 30 a month, and a call costs 50."""
    return tune_project(
        trained.with_settings(["team.per_month=30", "team.contact=50"]), note="two more people"
    )


def base_of(trained: Project, tuned: Tuned) -> Bundle:
    return open_file(trained.runs_dir / tuned.base / "bundle.kwb")


def test_thresholds_follow_the_new_capacity_and_the_model_stays(
    trained: Project, tuned: Tuned
) -> None:
    assert tuned.bundle is not None
    before, after = base_of(trained, tuned), open_file(tuned.bundle)
    old, now = before.operating_point, after.operating_point
    assert (old.rates["capacity"].value, now.rates["capacity"].value) == (0.1, 0.3)
    assert now.default.act_at < old.default.act_at
    kept = {
        p for p in before.files if p.startswith("models/") or p in ("backtest.json", "trees.npz")
    }
    assert kept and all(after.files[path] == before.files[path] for path in kept)
    assert {**after.manifest.config, "team": None} == {**before.manifest.config, "team": None}
    assert after.manifest.version == before.manifest.version + 1
    ready = make_ready(after)
    team = team_of(ready.runtime)
    assert (team.per_month, team.contact, team.value) == (30, 50.0, VALUE)
    for golden in after.golden.samples:
        said = ready.predict_bytes(after.files[golden.path], golden.media_type)
        assert ready.decide(said).verdict == golden.verdict


def test_the_money_is_what_these_leads_bring_by_hand(trained: Project, tuned: Tuned) -> None:
    found = {one.name: one for one in tuned.changes.figures}
    judged = load_evaluation(trained.runs_dir / tuned.base / "evaluation.json")
    order = sorted(judged.results, key=lambda one: -one.score)
    for calls in (10, 30):
        edge = [one.score for one in order][int(calls / INCOMING * len(order)) - 1 :][:3]
        assert len(set(edge)) == 3, "without ties at the last calls it is plain whom they reach"
    # a lead that was decided early stands for those of its age that are not decided yet
    each = np.array([one.weight for one in order])
    leads, won = np.cumsum(each), np.cumsum(each * [one.truth == "won" for one in order])

    def income(calls: int) -> float:
        called = calls / INCOMING * leads[-1]
        return calls * (VALUE * np.interp(called, leads, won) / called - 50)

    money = found["income_per_month"]
    assert money.before.value == pytest.approx(income(10))
    assert money.after.value == pytest.approx(income(30))
    assert money.apart.value == pytest.approx(income(30) - income(10))
    assert money.apart.low < money.apart.value < money.apart.high
    width = (money.before.high - money.before.low) + (money.after.high - money.after.low)
    assert money.apart.high - money.apart.low < width, "drawn together, so narrower"
    calls = found["hot_per_month"]
    assert (calls.before.value, calls.after.value, calls.apart.value) == (10, 30, 20)
    assert found["won_in_hot"].apart.value > 0 > found["hot_won"].apart.value


def test_the_report_and_the_card_say_what_was_changed(trained: Project, tuned: Tuned) -> None:
    assert tuned.bundle is not None
    record = read_run(tuned.bundle.parent)
    assert (record.kind, record.state) == ("tune", "finished")
    html = (tuned.bundle.parent / "report.html").read_text()
    card = open_file(tuned.bundle).files["card.md"].decode()
    for said in (tuned.changes.headline, "two more people", "model.team.contact 25.0 → 50.0"):
        assert said in " ".join(record.notes)
        assert said.replace("→", "").split()[0] in card
    assert "income" in html and "kit tune --set model.team" in html
    assert any("most would be earned with" in text for text in tuned.notes)


def test_the_tuned_bundle_is_what_is_compiled_next(trained: Project, tuned: Tuned) -> None:
    compiled = open_file(compile_run(trained).path)
    assert compiled.operating_point.rates["capacity"].value == 0.3
    assert compiled.manifest.run == tuned.run


@pytest.mark.slow
def test_a_dry_run_writes_nothing(trained: Project, tuned: Tuned) -> None:
    before = sorted(path.name for path in trained.runs_dir.iterdir())
    found = tune_project(trained.with_settings(["team.per_month=60"]), run=tuned.base, dry=True)
    assert (found.run, found.bundle) == ("", None)
    assert "60 of 100 leads a month (60.0%), before 10" in found.changes.headline
    assert sorted(path.name for path in trained.runs_dir.iterdir()) == before


@pytest.mark.slow
def test_what_needs_training_is_told_and_not_heeded(trained: Project, tuned: Tuned) -> None:
    project = trained.with_settings(["team.value=1200", "folds=3"])
    found = tune_project(project, run=tuned.base, dry=True)
    assert found.unheeded == ("model.folds",) and "model.folds" in found.notes[-1]
    assert found.set == {"model.team.value": (900.0, 1200.0)}
    assert {one.apart.value for one in found.changes.figures} == {0}, "the same leads are called"


def test_nothing_to_tune_is_said_with_what_could_be(trained: Project, tuned: Tuned) -> None:
    with pytest.raises(UsageError, match="nothing to tune") as told:
        tune_project(trained, run=tuned.base)
    assert "model.team" in told.value.fix


@pytest.mark.slow
def test_a_run_of_another_version_is_tuned_or_says_what_it_has(
    trained: Project, tuned: Tuned
) -> None:
    path = trained.runs_dir / tuned.base / "run.json"
    text = path.read_text()
    record = json.loads(text)
    project = trained.with_settings(["team.value=1200"])
    try:
        del record["config"]["depth"]
        path.write_text(json.dumps(record))
        assert tune_project(project, run=tuned.base, dry=True).unheeded == ()
        record["config"]["depht"] = 5
        path.write_text(json.dumps(record))
        with pytest.raises(ConfigError, match="depht") as told:
            tune_project(project, run=tuned.base, dry=True)
        assert tuned.base in told.value.where
    finally:
        path.write_text(text)


def test_a_kit_whose_thresholds_are_learned_says_so(tmp_path: Path) -> None:
    new("visual-inspection", tmp_path / "line", {}, ask=False)
    with pytest.raises(UsageError, match="visual-inspection can be tuned without training") as told:
        tune_project(Project.open(tmp_path / "line"))
    assert told.value.fix.startswith("kit train --set")


@pytest.mark.slow
def test_the_command_answers_in_json_and_for_people(trained: Project, tuned: Tuned) -> None:
    given = ["tune", "-C", str(trained.root), "--run", tuned.base, "--dry-run", "--set", "team.per_month=20"]  # fmt: skip
    runner = CliRunner()
    told = json.loads(runner.invoke(make_app(), [*given, "--json"]).stdout)
    assert told["set"] == {"model.team.per_month": {"before": 10, "after": 20}}
    assert (told["run"], told["bundle"], told["base"]) == ("", "", tuned.base)
    [money] = [one for one in told["changes"] if one["name"] == "income_per_month"]
    assert money["unit"] == "EUR a month" and money["apart"]["low"] < money["apart"]["high"]
    said = runner.invoke(make_app(), given).stdout
    assert "model.team.per_month: 10 → 20" in said and "nothing was written" in said
