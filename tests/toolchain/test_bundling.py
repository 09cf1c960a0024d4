"""Training writes a bundle that repeats, holds, and refuses to be half."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits import load_bundle
from kits.core.bundle import open_bytes, open_file
from kits.core.errors import BundleError, DataError, UsageError
from kits.core.kit import Exported
from kits.core.operating_point import Band
from kits.core.prediction import Prediction
from kits.toolchain import bundling
from kits.toolchain.export_note import ExportNote, export_note, exported_again, own_files
from kits.toolchain.golden import MAX_GOLDEN, verdict_holds
from kits.toolchain.lowering import nothing_to_lower
from kits.toolchain.project import Project
from kits.toolchain.runs import read_run
from kits.toolchain.training import Trained, train_project

from .conftest import make_project


def test_training_leaves_a_bundle_that_proves_itself(trained: tuple[Project, Trained]) -> None:
    _, made = trained
    ready = load_bundle(made.bundle)
    assert ready.id == made.bundle_id
    assert ready.check_golden() == ()
    assert {g.verdict for g in ready.bundle.golden.samples} == {"act", "pass"}
    assert len(ready.bundle.golden.samples) <= MAX_GOLDEN


def test_golden_samples_never_come_from_the_test_split(trained: tuple[Project, Trained]) -> None:
    project, made = trained
    tested = {item.sample.digest[:16] for item in project.dataset().of("test")}
    golden = {Path(g.path).stem for g in open_file(made.bundle).golden.samples}
    assert golden and not golden & tested


def test_card_states_metrics_with_intervals_dataset_seed_and_licence(
    trained: tuple[Project, Trained],
) -> None:
    _, made = trained
    card = open_file(made.bundle).card
    estimate = made.metrics["image_auroc"]
    assert f"| image_auroc | {estimate.value:.4g} | {estimate.low:.4g} to" in card
    assert made.dataset[:12] in card
    assert "| weights | this test | Apache-2.0 |" in card
    assert "started from scratch" in card


def test_run_record_names_dataset_seed_and_bundle(trained: tuple[Project, Trained]) -> None:
    project, made = trained
    record = read_run(made.run_dir)
    assert (record.state, record.seed, record.bundle) == ("finished", 1, made.bundle_id)
    assert record.dataset == project.current_dataset_id
    assert record.metrics == dict(made.metrics)


def test_equal_inputs_give_equal_bytes(trained: tuple[Project, Trained]) -> None:
    project, made = trained
    bundle = open_file(made.bundle)
    models = [
        bundling.Built(a.role, a.precision, a.target, bundle.files[a.path])
        for a in bundle.manifest.artefacts
    ]
    golden = [(g, bundle.files[g.path]) for g in bundle.golden.samples]
    packed = bundling.pack_bundle(
        project.kit,
        bundle.manifest,
        bundle.operating_point,
        models,
        golden,
        counts=project.dataset().counts(),
        notes=made.notes,
    )
    assert packed == made.bundle.read_bytes()


def test_versions_count_up(own_project: Project) -> None:
    first = open_file(own_project.run_dir() / "bundle.kwb").manifest.version
    second = train_project(own_project, seed=1)
    assert open_file(second.bundle).manifest.version == first + 1


def test_failed_training_is_marked_and_never_taken_for_a_result(own_project: Project) -> None:
    good = own_project.run_dir()
    with pytest.raises(DataError, match="lamp went out"):
        train_project(own_project.with_settings(["fail=true"]))
    newest = sorted(own_project.runs_dir.iterdir())[-1]
    record = read_run(newest)
    assert record.state == "failed"
    assert "the lamp went out" in record.error
    assert own_project.run_dir() == good


def test_without_test_split_figures_are_called_optimistic(
    dots_folder: Path, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "p", dots_folder, splits=("train", "val"))
    made = train_project(project)
    assert any("optimistic" in note for note in made.notes)


def test_training_elsewhere_is_refused_with_words(own_project: Project) -> None:
    with pytest.raises(UsageError, match="not possible in this release"):
        train_project(own_project, where="ray://head:10001")


def test_a_threshold_without_end_is_refused(trained: tuple[Project, Trained]) -> None:
    project, made = trained
    bundle = open_file(made.bundle)
    endless = bundle.operating_point.model_copy(
        update={"default": Band(act_at=float("inf"), review_from=0.5)}
    )
    with pytest.raises(BundleError, match="too few samples"):
        bundling.pack_bundle(project.kit, bundle.manifest, endless, [], [], counts={})


def test_verdict_holds_only_away_from_thresholds(trained: tuple[Project, Trained]) -> None:
    point = open_file(trained[1].bundle).operating_point
    edge = point.default.act_at
    assert verdict_holds(point, Prediction(edge + 0.2), 0.1)
    assert not verdict_holds(point, Prediction(edge + 0.05), 0.1)


def test_files_of_a_kit_stay_in_its_bundle_in_every_precision(
    trained: tuple[Project, Trained], tmp_path: Path
) -> None:
    project, made = trained
    bundle = open_file(made.bundle)
    exported = Exported({}, {}, (), files={"words/table.npy": b"1234", "knowledge.json": b"{}"})
    note = export_note(exported)
    packed = bundling.pack_bundle(
        project.kit,
        bundle.manifest,
        bundle.operating_point,
        bundling.full_precision(bundle),
        [],
        counts={},
        extra=exported.files,
    )
    again = exported_again(open_bytes(packed), note)
    assert again.files == exported.files
    with pytest.raises(BundleError, match=r"lacks knowledge\.json"):
        own_files(bundle, note)


@pytest.mark.parametrize(
    "path", ["manifest.json", "models/model.onnx", "../away", "/root", "a//b", "golden/x", "a/../b"]
)
def test_a_kit_cannot_replace_what_every_bundle_has(path: str) -> None:
    with pytest.raises(BundleError, match="cannot put"):
        export_note(Exported({}, {}, (), files={path: b""}))


def test_dynamic_int8_is_for_cpus_alone_and_that_is_said() -> None:
    full = [bundling.Built("encoder", "fp32", "any", b"")]
    note = ExportNote(
        quantize_roles=("encoder",), precisions=("fp16", "int8"), dynamic_roles=("encoder",)
    )
    assert nothing_to_lower(full, note, ("int8",), "cpu") == ""
    assert nothing_to_lower(full, note, ("fp16",), "tensorrt") == ""
    assert "CPUs alone" in nothing_to_lower(full, note, ("int8",), "tensorrt")
