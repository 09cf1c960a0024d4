"""The whole way: a table of mails, `kit train`, `kit compile`, a bundle that proves itself."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kits import load_bundle
from kits.cli import make_app
from kits.core.bundle import open_file
from kits.core.kit import Evaluation, ItemResult
from kits.core.mail.writing import write_message
from kits.core.stats import proportion
from kits.support_triage._models.classifier import INTENT
from kits.support_triage.runtime import TriageRuntime
from kits.toolchain.compile import compile_run
from kits.toolchain.gate import Limits, judge
from kits.toolchain.importing import import_data
from kits.toolchain.intake import ImportOptions
from kits.toolchain.project import Project
from kits.toolchain.training import Trained, train_project

from .learned import made_up
from .networks import tiny_encoder

KIT_YAML = """\
kit: support-triage
name: shop
problem: Mails lie for hours before somebody sorts them.
costs: {escape: 20, overkill: 2, review: 2, prevalence: 0.9}
model: {approach: encoder, encoder: {source: own}, shortcut: never, knowledge: help}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Trained]:
    root = tmp_path_factory.mktemp("project")
    (root / "kit.yaml").write_text(KIT_YAML)
    tiny_encoder(root / "own")
    (root / "help").mkdir()
    (root / "help" / "refunds.md").write_text("# Refunds\n\nMoney comes back within five days.\n")
    table = root / "mails.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([mail.text, mail.label] for mail in made_up(240))
    import_data(Project.open(root), table, ImportOptions())
    project = Project.open(root)
    return project, train_project(project, device="cpu", seed=1)


def test_a_trained_bundle_proves_itself(trained: tuple[Project, Trained]) -> None:
    _, made = trained
    ready = load_bundle(made.bundle)
    assert ready.check_golden() == ()
    assert made.metrics["accuracy"].value > 0.9
    mail = write_message(subject="", body="please refund the lamp")
    assert ready.predict_bytes(mail, "message/rfc822").label == "refund"


def test_the_kit_s_files_are_in_every_bundle_that_is_made_of_a_run(
    trained: tuple[Project, Trained],
) -> None:
    project, made = trained
    run = open_file(made.bundle)
    compiled = open_file(compile_run(project, target="cpu", precision="fp32").path)
    own = {p for p in run.files if p.startswith(("heads/", "ngrams/", "encoder/", "knowledge"))}
    assert "knowledge.json" in own and "heads/intent.sparse.npy" in own
    assert all(compiled.files[path] == run.files[path] for path in own)


def test_one_mail_is_predicted_with_why_and_with_a_draft(
    trained: tuple[Project, Trained], tmp_path: Path
) -> None:
    _, made = trained
    mail = tmp_path / "mail.eml"
    mail.write_bytes(
        write_message(
            subject="Lamp",
            sender="anna@example.com",
            body="please refund the lamp \x1b[2J, when does the money come back, within how many days?",
        )
    )
    words = ["predict", str(mail), "--bundle", str(made.bundle)]
    out = CliRunner().invoke(make_app(), words).stdout
    assert "refund" in out and "\x1b" not in out
    assert "Money comes back within five days." in out
    said = json.loads(CliRunner().invoke(make_app(), [*words, "--json"]).stdout)["predictions"][0]
    assert "Money comes back within five days." in said["prediction"]["draft"]["body"]


def test_models_that_name_other_intents_are_refused_also_where_nothing_is_decided_by_itself(
    trained: tuple[Project, Trained],
) -> None:
    project, _ = trained
    items = project.dataset().of("val")
    item = items[0]
    label = item.annotation.label if item.annotation else ""

    def judged(said: str, right: int) -> Evaluation:
        results = tuple(
            ItemResult(
                one.sample.id,
                one.sample.id,
                label,
                "review",
                0.5,
                cost=2.0,
                prediction={"score": 0.5, "label": said},
            )
            for one in items
        )
        metrics = {
            "auto_coverage": proportion(0, len(items)),
            "accuracy": proportion(right, len(items)),
        }
        return Evaluation("support-triage", "d", "val", len(items), 0, metrics, {}, results)

    before, after = judged(label, len(items)), judged("other", 0)
    found = judge(project.kit, "int8", "auto_coverage", items, before, after, Limits())
    assert not found.accepted
    assert found.reason.startswith("accuracy falls to 0.0%")
    assert judge(project.kit, "int8", "auto_coverage", items, before, before, Limits()).accepted


def test_an_encoder_that_ships_has_an_int8_without_calibration(
    trained: tuple[Project, Trained],
) -> None:
    project, made = trained
    assert [a.role for a in open_file(made.bundle).manifest.artefacts] == ["encoder"]
    lenient = Limits(0.5, 0.5, 0.5, 0.5, 0.5)  # weights without meaning lose more than real ones
    compiled = compile_run(project, target="cpu", precision="int8", limits=lenient)
    bundle = open_file(compiled.path)
    assert {a.precision for a in bundle.manifest.artefacts} == {"fp32", "int8"}
    assert load_bundle(compiled.path).check_golden() == ()


def test_reasons_are_what_counted(trained: tuple[Project, Trained]) -> None:
    runtime = load_bundle(trained[1].bundle).runtime
    assert isinstance(runtime, TriageRuntime)
    intent = runtime.classifier.heads[INTENT]
    mail = write_message(subject="", body="please refund the lamp")

    def reasons(weight: float) -> str:
        head = replace(intent, spec=intent.spec.model_copy(update={"ngram_weight": weight}))
        heads = {**runtime.classifier.heads, INTENT: head}
        changed = replace(runtime, classifier=replace(runtime.classifier, heads=heads))
        return " ".join(reason.text for reason in changed.predict([mail])[0].reasons)

    assert "speaks for refund" in reasons(0.5)
    assert "speaks for" not in reasons(0.0), "words that had no weight are no reason"
