"""Compiling measures before it ships, and says why it did not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kits import load_bundle
from kits.core.bundle import open_file
from kits.core.errors import GateError, UsageError
from kits.core.openvino import OpenVinoSession, openvino_factory, openvino_lacking
from kits.core.ready import interleaved_ms
from kits.toolchain import bundling, trt_check
from kits.toolchain.compile import Limits, compile_run
from kits.toolchain.evaluation import evaluate_ready
from kits.toolchain.gate import _lost, judge
from kits.toolchain.pairing import GoalRatio
from kits.toolchain.project import Project

needs_checker = pytest.mark.skipif(
    not trt_check.available(), reason="the extra trt-check is not installed"
)
needs_bf16 = pytest.mark.skipif(
    bool(openvino_lacking()) or "avx512_bf16" not in Path("/proc/cpuinfo").read_text(),
    reason="needs the extra openvino and a processor with BF16",
)
WIDE = Limits(
    max_loss=0.5, max_loss_bound=0.9, min_agreement=0.5, max_escape_rise=1, max_overkill_rise=1
)


def test_int8_bundle_keeps_fp32_and_proves_itself(own_project: Project) -> None:
    made = compile_run(own_project, target="cpu", precision="int8", limits=WIDE)
    ready = load_bundle(made.path)
    assert made.precision == "int8"
    assert [(a.precision, a.target) for a in ready.bundle.manifest.artefacts] == [
        ("fp32", "any"),
        ("int8", "cpu"),
    ]
    assert ready.check_golden() == ()
    assert b"QuantizeLinear" in ready.bundle.artefact("model", "cpu")
    assert b"QuantizeLinear" not in ready.bundle.artefact("model", "tensorrt")


def test_operating_point_and_golden_scores_stay_those_of_fp32(own_project: Project) -> None:
    base = open_file(own_project.run_dir() / "bundle.kwb")
    made = compile_run(own_project, target="cpu", precision="int8", limits=WIDE)
    bundle = open_file(made.path)
    assert bundle.operating_point == base.operating_point
    references = {g.path: g.prediction for g in base.golden.samples}
    assert bundle.golden.samples
    assert all(g.prediction == references[g.path] for g in bundle.golden.samples)


def test_calibration_set_is_recorded_and_from_the_training_split(own_project: Project) -> None:
    made = compile_run(own_project, target="cpu", precision="int8", limits=WIDE)
    provenance = json.loads(open_file(made.path).files["provenance/compile.json"])
    assert provenance["calibration"]["n"] == len(own_project.dataset().of("train"))
    assert len(provenance["calibration"]["digest"]) == 64
    assert any("200 were asked" in note for note in made.notes)


def test_asked_for_precision_that_loses_is_refused_with_evidence(own_project: Project) -> None:
    strict = Limits(max_loss=-0.01, max_loss_bound=1.0)
    with pytest.raises(GateError, match=r"int8 was refused: image_auroc .* is asked"):
        compile_run(own_project, target="cpu", precision="int8", limits=strict)
    assert not list(own_project.bundles_dir.glob("*.kwb"))


def test_auto_falls_back_to_fp32_and_lists_what_it_refused(own_project: Project) -> None:
    strict = Limits(max_loss=-0.01, max_loss_bound=1.0)
    made = compile_run(own_project, target="cpu", limits=strict)
    assert made.precision == "fp32"
    assert [r["precision"] for r in made.refused] == ["int8"]
    assert "int8 was refused" in open_file(made.path).card


@needs_bf16
def test_bf16_is_judged_on_openvino_and_needs_no_other_file(own_project: Project) -> None:
    made = compile_run(own_project, target="openvino", precision="bf16", limits=WIDE)
    bundle = open_file(made.path)
    assert made.precision == "bf16"
    assert [j.precision for j in made.judgements] == ["bf16"]
    assert [a.precision for a in bundle.manifest.artefacts] == ["fp32"]
    assert (
        load_bundle(made.path, sessions=openvino_factory(), target="openvino").check_golden() == ()
    )
    assert not bundle.full_precision


@needs_bf16
def test_a_bundle_that_lost_by_bf16_tells_the_device_to_compute_in_fp32(
    own_project: Project,
) -> None:
    strict = Limits(max_loss=-0.01, max_loss_bound=1.0)
    made = compile_run(own_project, target="openvino", limits=strict)
    assert made.precision == "fp32"
    assert open_file(made.path).full_precision


@pytest.mark.skipif(bool(openvino_lacking()), reason="needs the extra openvino on x86")
def test_bf16_that_this_processor_lacks_is_not_claimed(
    own_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OldProcessor(OpenVinoSession):
        def __init__(self, model: bytes) -> None:
            super().__init__(model, full_precision=True)

    monkeypatch.setattr("kits.toolchain.compile.OpenVinoSession", OldProcessor)
    made = compile_run(own_project, target="openvino", limits=WIDE)
    assert made.precision == "fp32"
    assert made.refused == [{"precision": "bf16", "reason": "this processor computes in fp32"}]
    assert not open_file(made.path).full_precision
    with pytest.raises(GateError, match="computes in fp32"):
        compile_run(own_project, target="openvino", precision="bf16", limits=WIDE)


@needs_checker
def test_jetson_gets_fp16_that_tensorrt_accepts(own_project: Project) -> None:
    made = compile_run(own_project, target="jetson-orin-nano", limits=WIDE)
    assert made.precision == "fp16"
    assert any("built on the device" in note for note in made.notes)
    assert any("accept" in note for note in made.notes)
    fp16 = open_file(made.path).artefact("model", "tensorrt")
    assert trt_check.check_onnx(fp16) == ()


@needs_checker
def test_int8_for_tensorrt_is_symmetric_and_accepted(own_project: Project) -> None:
    made = compile_run(own_project, target="tensorrt", precision="int8", limits=WIDE)
    assert trt_check.check_onnx(open_file(made.path).artefact("model", "tensorrt")) == ()


def test_versions_and_bundle_path_follow_the_newest(own_project: Project) -> None:
    first = compile_run(own_project, target="cpu", precision="fp32")
    second = compile_run(own_project, target="cpu", precision="fp32")
    numbers = [open_file(made.path).manifest.version for made in (first, second)]
    assert numbers == [2, 3]
    assert own_project.bundle_path() == second.path


@pytest.mark.parametrize(
    ("target", "precision"),
    [("toaster", "auto"), ("cpu", "int4"), ("cpu", "fp16"), ("openvino", "int8")],
)
def test_impossible_choices_are_usage_errors(
    own_project: Project, target: str, precision: str
) -> None:
    with pytest.raises(UsageError):
        compile_run(own_project, target=target, precision=precision)


def test_gate_counts_changed_verdicts(own_project: Project) -> None:
    ready = load_bundle(own_project.run_dir() / "bundle.kwb")
    dataset = own_project.dataset()
    items = dataset.of("val")

    def evaluated(act_at: float) -> object:
        point = ready.bundle.operating_point
        band = point.default.model_copy(update={"act_at": act_at, "review_from": act_at})
        moved = point.model_copy(update={"default": band})
        bundle = bundling.in_memory(ready.bundle.manifest, moved, ())
        return evaluate_ready(
            own_project.kit,
            type(ready)(bundle, ready.runtime),
            dataset,
            items,
            costs=own_project.config.costs,
            seed=0,
        )

    before, after = evaluated(0.5), evaluated(2.0)
    found = judge(own_project.kit, "int8", "image_auroc", items, before, after, Limits())
    assert not found.accepted
    assert "escapes rise" in found.reason and "verdict changes" in found.reason
    assert found.evidence["kept"] == pytest.approx(1.0)


def test_a_rate_of_mistakes_rises() -> None:
    text = _lost(GoalRatio("overkill_rate", 0.0, 1.0, 0.0, None), Limits())
    assert text == "overkill_rate rises from 0 to 1: 0.0% of the quality is left, 98.0% is asked"


def test_interleaved_timing_gives_one_figure_per_bundle(own_project: Project) -> None:
    ready = load_bundle(own_project.run_dir() / "bundle.kwb")
    sample = ready.bundle.golden.samples[0]
    content = [(ready.bundle.files[sample.path], sample.media_type)]
    assert np.all(np.asarray(interleaved_ms([ready, ready], content)) > 0)
